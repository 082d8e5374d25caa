//! Reading what is sealed.

use std::time::Duration;

use pierhead_storage::{BlobRead, ReadOptions, StoreError};

use super::bench::{Bench, is_pattern, read_range, unreadable};
use super::upload::LONG;
use crate::check::{Outcome, ensure, refused};

pub(super) async fn a_range_is_exact(bench: Bench) -> Outcome {
    let place = bench.sealed(1, LONG).await?;
    let ranges = [
        0..0,
        0..1,
        0..LONG,
        1..LONG,
        0..LONG - 1,
        LONG - 1..LONG,
        LONG..LONG,
        5..5,
        7..8,
        4_095..4_097,
        65_535..65_536,
        65_536..65_537,
        65_535..131_073,
        100_000..250_000,
    ];
    for range in ranges {
        let found = read_range(&*bench.store, &place, range.clone()).await?;
        is_pattern(&found, 1, range)?;
    }
    let empty = bench.sealed(1, 0).await?;
    is_pattern(&read_range(&*bench.store, &empty, 0..0).await?, 1, 0..0)
}

pub(super) async fn a_range_past_the_last_byte_is_refused(bench: Bench) -> Outcome {
    for len in [0, 1, LONG] {
        let place = bench.sealed(2, len).await?;
        for range in [
            0..len + 1,
            len..len + 1,
            len + 1..len + 1,
            len + 5..len + 9,
            0..u64::MAX,
        ] {
            let answer = bench
                .store
                .read(&place, range.clone(), &ReadOptions::default())
                .await;
            refused!(
                format_args!("{range:?} of {len} bytes"),
                answer,
                StoreError::Range
            )?;
        }
    }
    Ok(())
}

pub(super) async fn an_absent_place_is_not_found(bench: Bench) -> Outcome {
    unreadable(&*bench.store, &bench.store.allocate()).await
}

pub(super) async fn a_redirect_is_offered_only_to_who_asks(bench: Bench) -> Outcome {
    let place = bench.sealed(3, LONG).await?;
    // `holds` asks without, and fails on a redirect.
    bench.holds(&place, 3, LONG).await?;
    let how = ReadOptions::default().or_redirect(Duration::from_secs(60));
    match bench.store.read(&place, 10..20, &how).await? {
        BlobRead::Stream(_) => {}
        BlobRead::Redirect(to) => {
            ensure(
                bench.store.limits().redirects,
                "the store's limits rule redirects out",
            )?;
            ensure(
                to.url.contains("://"),
                format_args!("`{}` is no absolute URL", to.url),
            )?;
        }
    }
    let absent = bench.store.allocate();
    let answer = bench.store.read(&absent, 0..1, &how).await;
    refused!(
        "a redirect to what is not sealed",
        answer,
        StoreError::NotFound
    )
}

pub(super) async fn a_read_goes_on_after_its_place_was_removed_or_fails(bench: Bench) -> Outcome {
    use futures::TryStreamExt as _;
    let place = bench.sealed(4, LONG).await?;
    let BlobRead::Stream(stream) = bench
        .store
        .read(&place, 0..LONG, &ReadOptions::default())
        .await?
    else {
        return Ok(());
    };
    bench.store.remove(&place, None).await?;
    // Either every byte or an error: never an end that looks like the end of the blob.
    match stream.try_collect::<Vec<_>>().await {
        Ok(pieces) => is_pattern(&pieces.concat(), 4, 0..LONG),
        Err(_) => Ok(()),
    }
}
