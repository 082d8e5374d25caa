//! Upload sessions.

use std::sync::Arc;

use pierhead_model::Algorithm;
use pierhead_storage::{
    Admission, AdmissionChange, AdmissionFacts, NewUpload, Refusal, StoreError, Upload, UploadId,
};

use super::bench::{Bench, at, commit, new, new_upload, open, owner, progress, repository, size};
use crate::check::{Outcome, ensure, refused, same};

pub(super) async fn a_session_answers_its_owner_alone(bench: Bench) -> Outcome {
    let red = repository(bench.repository("red", "alice", 0, "v1").await?);
    let green = repository(bench.repository("green", "alice", 1, "v1").await?);
    let (sky, sea) = (new("blue/sky", "alice")?, new("blue/sea", "alice")?);
    let bobs_sky = new("blue/sky", "bob")?;
    let cases = [
        (
            &red,
            vec![(&red, "bob"), (&green, "alice"), (&sky, "alice")],
        ),
        (
            &sky,
            vec![(&bobs_sky, "bob"), (&sea, "alice"), (&red, "alice")],
        ),
    ];
    for (home, strangers) in cases {
        let upload = bench.upload(&open(home.clone()), "alice", at(0)).await?;
        let id = upload.generation.upload;
        for (view, by) in strangers {
            let of = owner(view, by)?;
            let what = format!("a session of {home:?} asked for as {of:?}");
            refused!(
                what,
                bench.store.find_upload(id, &of).await,
                StoreError::NotFound
            )?;
            refused!(
                what,
                bench.store.take_upload(id, &of).await,
                StoreError::NotFound
            )?;
            refused!(
                what,
                bench.store.cancel_upload(id, &of).await,
                StoreError::NotFound
            )?;
        }
        let of = owner(home, "alice")?;
        same(
            "the session after all that",
            bench.store.find_upload(id, &of).await?,
            upload,
        )?;
        let absent = UploadId(id.0 ^ 2);
        let answer = bench.store.find_upload(absent, &of).await;
        refused!("an id never opened", answer, StoreError::NotFound)?;
    }
    Ok(())
}

pub(super) async fn a_session_is_kept_exactly(mut bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    let mut upload = NewUpload {
        algorithm: Algorithm::Sha512,
        ..new_upload("alice", at(0))?
    };
    upload.id = UploadId(u128::MAX - 1);
    let opened = bench
        .store
        .open_upload(upload.clone(), &open(view.clone()))
        .await?;
    same("the place", &opened.place, &upload.place)?;
    same("the id", opened.generation.upload, upload.id)?;
    same("the algorithm", opened.algorithm, Algorithm::Sha512)?;
    same("the offset", opened.offset(), 0)?;
    same("the progress", opened.progress.clone(), None)?;
    for offset in [0, 5, 3, (1 << 62) + 1] {
        bench
            .store
            .save_upload(opened.generation, progress(offset), at(offset % 100))
            .await?;
        bench.reopen().await;
        for _ in 0..2 {
            // Looking does not touch: the generation stays.
            let found = bench
                .store
                .find_upload(upload.id, &owner(&view, "alice")?)
                .await?;
            same("the generation", found.generation, opened.generation)?;
            same("the place", &found.place, &upload.place)?;
            same("the algorithm", found.algorithm, Algorithm::Sha512)?;
            same("the progress", found.progress, Some(progress(offset)))?;
        }
    }
    Ok(())
}

pub(super) async fn of_too_many_sessions_the_one_longest_idle_ends(mut bench: Bench) -> Outcome {
    let (red, blue) = (open(new("red", "alice")?), open(new("blue/sky", "alice")?));
    let begin = async |permit, by: &str, seconds| -> Outcome<Upload> {
        let new = NewUpload {
            most: 3,
            ..new_upload(by, at(seconds))?
        };
        Ok(bench.store.open_upload(new, permit).await?)
    };
    let bobs = open(new("red", "bob")?);
    let others = begin(&bobs, "bob", 0).await?;
    let first = begin(&red, "alice", 1).await?;
    let second = begin(&blue, "alice", 2).await?;
    let third = begin(&red, "alice", 3).await?;
    // What was alive since is not the longest idle any more, wherever it is.
    bench
        .store
        .save_upload(first.generation, progress(5), at(9))
        .await?;
    let fourth = begin(&red, "alice", 10).await?;
    bench.reopen().await;
    for (permit, by, upload, there) in [
        (&bobs, "bob", &others, true),
        (&red, "alice", &first, true),
        (&blue, "alice", &second, false),
        (&red, "alice", &third, true),
        (&red, "alice", &fourth, true),
    ] {
        let of = owner(&permit.view, by)?;
        let found = bench.store.find_upload(upload.generation.upload, &of).await;
        same("whether the session is there", found.is_ok(), there)?;
    }
    same(
        "what is condemned",
        bench.condemned().await?,
        vec![second.place],
    )
}

pub(super) async fn taking_a_session_supersedes_every_earlier_holder(mut bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    let (permit, of) = (open(view.clone()), owner(&view, "alice")?);
    let first = bench.upload(&permit, "alice", at(0)).await?;
    let id = first.generation.upload;
    bench
        .store
        .save_upload(first.generation, progress(7), at(1))
        .await?;
    let second = bench.store.take_upload(id, &of).await?;
    ensure(
        second.generation.number > first.generation.number,
        format_args!(
            "{:?} was taken as {:?}",
            first.generation, second.generation
        ),
    )?;
    same(
        "what was saved before",
        second.progress.clone(),
        Some(progress(7)),
    )?;
    bench.reopen().await;
    let third = bench.store.take_upload(id, &of).await?;
    ensure(
        third.generation.number > second.generation.number,
        "the generation did not rise",
    )?;
    for older in [first.generation, second.generation] {
        let saved = bench.store.save_upload(older, progress(99), at(2)).await;
        refused!("saved by an earlier holder", saved, StoreError::Superseded)?;
        let committed = bench
            .store
            .commit_blob(commit(older, 1, at(2)), &permit)
            .await;
        refused!(
            "committed by an earlier holder",
            committed,
            StoreError::Superseded
        )?;
    }
    let found = bench.store.find_upload(id, &of).await?;
    same(
        "what is saved after that",
        found.progress,
        Some(progress(7)),
    )?;
    bench
        .store
        .save_upload(third.generation, progress(size(1)), at(3))
        .await?;
    bench
        .store
        .commit_blob(commit(third.generation, 1, at(3)), &permit)
        .await?;
    bench.expect(&view, 1, true).await
}

pub(super) async fn a_cancelled_session_is_over_and_its_place_condemned(bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    let (permit, of) = (open(view.clone()), owner(&view, "alice")?);
    for saved in [None, Some(progress(9))] {
        let upload = bench.upload(&permit, "alice", at(0)).await?;
        let id = upload.generation.upload;
        if let Some(saved) = saved.clone() {
            bench
                .store
                .save_upload(upload.generation, saved, at(1))
                .await?;
        }
        bench.store.cancel_upload(id, &of).await?;
        refused!(
            "found",
            bench.store.find_upload(id, &of).await,
            StoreError::NotFound
        )?;
        refused!(
            "taken",
            bench.store.take_upload(id, &of).await,
            StoreError::NotFound
        )?;
        refused!(
            "cancelled",
            bench.store.cancel_upload(id, &of).await,
            StoreError::NotFound
        )?;
        let again = bench
            .store
            .save_upload(upload.generation, progress(1), at(2))
            .await;
        refused!("saved", again, StoreError::Superseded)?;
        let committed = bench
            .store
            .commit_blob(commit(upload.generation, 1, at(2)), &permit)
            .await;
        refused!("committed", committed, StoreError::Superseded)?;
        let removable = bench.store.removable(at(1 << 32), 10).await?;
        let condemned = removable
            .iter()
            .find(|condemned| condemned.place == upload.place);
        same(
            "the condemned place's checkpoint",
            condemned.map(|condemned| condemned.checkpoint.clone()),
            Some(saved.map(|saved| saved.checkpoint)),
        )?;
    }
    Ok(())
}

pub(super) async fn a_session_of_a_new_name_becomes_the_repositorys(mut bench: Bench) -> Outcome {
    let mut sessions = Vec::new();
    for (number, by) in [(1, "alice"), (2, "bob")] {
        let permit = open(new("red", by)?);
        sessions.push((bench.upload(&permit, by, at(0)).await?, number, by));
    }
    let elsewhere = bench
        .upload(&open(new("green", "bob")?), "bob", at(0))
        .await?;
    let red = repository(bench.repository("red", "alice", 0, "v1").await?);
    bench.reopen().await;
    for (upload, number, by) in sessions {
        let id = upload.generation.upload;
        let stale = bench
            .store
            .find_upload(id, &owner(&new("red", by)?, by)?)
            .await;
        refused!(
            "found by the name that is new no more",
            stale,
            StoreError::Stale
        )?;
        let found = bench.store.find_upload(id, &owner(&red, by)?).await?;
        same("the session, found by the repository", &found, &upload)?;
        let taken = bench.store.take_upload(id, &owner(&red, by)?).await?;
        let permit = open(red.clone());
        bench
            .store
            .commit_blob(commit(taken.generation, number, at(1)), &permit)
            .await?;
        bench.expect(&red, number, true).await?;
    }
    let id = elsewhere.generation.upload;
    let found = bench
        .store
        .find_upload(id, &owner(&new("green", "bob")?, "bob")?)
        .await?;
    same("a session of another new name", found, elsewhere)
}

#[derive(Debug)]
struct NoUploads;

impl Admission for NoUploads {
    fn admit(&self, facts: &AdmissionFacts<'_>) -> Result<(), Refusal> {
        let upload = matches!(facts.change, AdmissionChange::Upload);
        if upload && facts.by.as_str() == "alice" {
            return Err(Refusal {
                message: "ask for more room".into(),
            });
        }
        Ok(())
    }
}

pub(super) async fn a_session_the_embedder_refuses_is_not_opened(bench: Bench) -> Outcome {
    for (by, refusal) in [("alice", true), ("bob", false)] {
        let view = new("red", by)?;
        let mut upload = new_upload(by, at(0))?;
        upload.admission = Some(Arc::new(NoUploads));
        let id = upload.id;
        let answer = bench.store.open_upload(upload, &open(view.clone())).await;
        let found = bench.store.find_upload(id, &owner(&view, by)?).await;
        if refusal {
            let message = match &answer {
                Err(StoreError::Refused(refusal)) => Some(refusal.message.as_str()),
                _ => None,
            };
            same("the refusal", message, Some("ask for more room"))?;
            refused!("the session", found, StoreError::NotFound)?;
        } else {
            same("the session", found?, answer?)?;
        }
    }
    same("condemned places", bench.condemned().await?, Vec::new())
}
