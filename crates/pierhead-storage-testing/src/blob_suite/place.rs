//! Places: allocated, listed, removed.

use std::collections::BTreeSet;

use pierhead_storage::{Listed, Place, StoreError};

use super::bench::{Bench, seal, unreadable, write_pattern};
use super::upload::LONG;
use crate::check::{Fault, Outcome, ensure, refused, same};

pub(super) async fn places_are_fresh(bench: Bench) -> Outcome {
    let places: BTreeSet<Place> = (0..1_000).map(|_| bench.store.allocate()).collect();
    same(
        "different places among 1,000 allocated",
        places.len(),
        1_000,
    )?;
    same(
        "places listed before any was written",
        list(&bench).await?.len(),
        0,
    )
}

pub(super) async fn a_place_of_another_store_is_an_absent_one(bench: Bench) -> Outcome {
    let foreign = Place::new("made-elsewhere").map_err(Fault::new)?;
    unreadable(&*bench.store, &foreign).await?;
    // A collector that is refused would ask for ever.
    bench.store.remove(&foreign, None).await?;
    same("places listed", list(&bench).await?.len(), 0)
}

pub(super) async fn an_empty_place_may_be_begun_anew_when_it_is_sealed(
    mut bench: Bench,
) -> Outcome {
    let place = bench.sealed(0, 0).await?;
    bench.pause().await;
    // No checkpoint says what one of no bytes says.
    let mut writer = bench.writer(&place, None).await?;
    same("sealed again", seal(&mut *writer).await?, 0)?;
    drop(writer);
    bench.holds(&place, 0, 0).await
}

pub(super) async fn removing_is_idempotent(mut bench: Bench) -> Outcome {
    let place = bench.sealed(1, LONG).await?;
    for _ in 0..3 {
        bench.store.remove(&place, None).await?;
        unreadable(&*bench.store, &place).await?;
        bench.pause().await;
    }
    bench.store.remove(&bench.store.allocate(), None).await?;
    same("places still listed", list(&bench).await?.len(), 0)
}

pub(super) async fn removing_takes_an_unfinished_upload(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 2, 0..LONG).await?;
    let reached = writer.checkpoint().await?;
    drop(writer);
    bench.pause().await;
    for _ in 0..2 {
        bench.store.remove(&place, Some(&reached)).await?;
        same("places still listed", list(&bench).await?.len(), 0)?;
    }
    let answer = bench.store.writer(&place, Some(reached)).await;
    refused!("going on with removed bytes", answer, StoreError::NotFound)
}

pub(super) async fn removing_never_touches_another_place(mut bench: Bench) -> Outcome {
    let unfinished = bench.store.allocate();
    let mut writer = bench.writer(&unfinished, None).await?;
    write_pattern(&mut *writer, 3, 0..LONG).await?;
    let reached = writer.checkpoint().await?;
    drop(writer);

    let mut places = Vec::new();
    for seed in 10..20 {
        places.push((bench.sealed(seed, 1_000 * seed).await?, seed));
    }
    // In an order of their own, so that neighbours in every sense are among them.
    places.sort();
    while let Some((gone, _)) = places.pop() {
        bench.store.remove(&gone, None).await?;
        bench.pause().await;
        unreadable(&*bench.store, &gone).await?;
        for (place, seed) in &places {
            bench.holds(place, *seed, 1_000 * seed).await?;
        }
        places.reverse();
    }
    let mut writer = bench.writer(&unfinished, Some(&reached)).await?;
    write_pattern(&mut *writer, 3, reached.offset..LONG).await?;
    same("the sealed length", seal(&mut *writer).await?, LONG)?;
    bench.holds(&unfinished, 3, LONG).await
}

pub(super) async fn places_are_listed_in_order(mut bench: Bench) -> Outcome {
    let mut expected = Vec::new();
    for len in 0..25 {
        expected.push(Listed {
            place: bench.sealed(len, len * 100).await?,
            len: len * 100,
        });
    }
    expected.sort_by(|a, b| a.place.cmp(&b.place));
    bench.pause().await;
    same("everything listed", list(&bench).await?, expected.clone())?;

    for limit in [1, 7, 25] {
        let (mut paged, mut after): (Vec<Listed>, Option<Place>) = (Vec::new(), None);
        loop {
            let page = bench.store.list(after.as_ref(), limit).await?;
            ensure(
                page.len() <= limit,
                format_args!("{} places in a page", page.len()),
            )?;
            let Some(last) = page.last() else { break };
            after = Some(last.place.clone());
            paged.extend(page);
            ensure(paged.len() <= expected.len(), "paging does not end")?;
        }
        same("the pages together", paged, expected.clone())?;
    }
    let gone = &expected[3].place;
    bench.store.remove(gone, None).await?;
    let rest: Vec<_> = expected
        .iter()
        .filter(|listed| listed.place != *gone)
        .cloned()
        .collect();
    same(
        "what is listed after one was removed",
        list(&bench).await?,
        rest,
    )
}

async fn list(bench: &Bench) -> Outcome<Vec<Listed>> {
    Ok(bench.store.list(None, 10_000).await?)
}
