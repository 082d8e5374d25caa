//! What keeps alive, and what does not.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::channel::mpsc;
use pierhead_model::{Algorithm, ContentDigest};
use pierhead_registry::{Action, Caller, CollectSchedule, StartUpload};
use pierhead_storage_testing::When;

use crate::bench::{Bench, ana, ben, named};

const HOUR: Duration = Duration::from_secs(3_600);

/// Pushes a blob that no manifest names into a repository, lets `caller` look after 13 h, collects
/// after 26, and says whether it is still there.
async fn outlives(caller: &Caller) -> bool {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    bench.push("a/b", b"not named").await.expect("a push");
    bench.rules.refuse(&ben(), "a/b", &[Action::Push]);
    let digest = ContentDigest::sha256(b"not named");
    bench.clock.advance(13 * HOUR);
    let checker = bench.registry.checker(caller, &named("a/b")).await;
    let checker = checker.expect("whoever may pull may look");
    checker.blob(&digest).await.expect("it is there");
    bench.clock.advance(13 * HOUR);
    let schedule = CollectSchedule::default();
    bench.registry.collect(&schedule).await.expect("a round");
    bench.pull("a/b", &digest).await.is_ok()
}

#[tokio::test]
async fn a_look_renews_a_blobs_grace_only_for_who_may_push() {
    assert!(outlives(&ana()).await);
    assert!(!outlives(&ben()).await);
}

#[tokio::test]
async fn a_mount_and_a_repeated_upload_renew_a_blobs_grace() {
    for how in ["mount", "upload"] {
        let bench = Bench::new();
        bench.image("a/b", "v1", b"layer").await.expect("a push");
        bench.push("a/b", b"not named").await.expect("a push");
        bench.push("a/source", b"not named").await.expect("a push");
        let digest = ContentDigest::sha256(b"not named");
        bench.clock.advance(13 * HOUR);
        if how == "mount" {
            let writer = bench.registry.writer(&ana(), &named("a/b")).await;
            let writer = writer.expect("allowed");
            let from = named("a/source");
            writer.mount(&digest, Some(&from)).await.expect("mounted");
        } else {
            bench.push("a/b", b"not named").await.expect("a push");
        }
        bench.clock.advance(13 * HOUR);
        let schedule = CollectSchedule::default();
        bench.registry.collect(&schedule).await.expect("a round");
        assert!(bench.pull("a/b", &digest).await.is_ok(), "{how}");
    }
}

#[tokio::test]
async fn a_line_too_slow_to_fill_a_checkpoint_keeps_its_session_alive() {
    let bench = Bench::new();
    let writer = bench.registry.writer(&ana(), &named("a/b")).await;
    let writer = writer.expect("allowed");
    let start = StartUpload {
        algorithm: Algorithm::Sha256,
    };
    let id = writer.start(start).await.expect("a session").id;
    let (frames, body) = mpsc::unbounded();
    let digest = ContentDigest::sha256(b"aaaaa");
    let mut slow = Box::pin(writer.finish(id, None, body, &digest));
    for _ in 0..5 {
        frames
            .unbounded_send(Ok(Bytes::from("a")))
            .expect("a frame");
        assert!(futures::poll!(&mut slow).is_pending());
        bench.clock.advance(7 * HOUR);
        let schedule = CollectSchedule::default();
        bench.registry.collect(&schedule).await.expect("a round");
    }
    drop(frames);
    slow.await.expect("closed");
}

#[tokio::test]
async fn what_cannot_be_removed_keeps_nothing_else_waiting() {
    let bench = Bench::new();
    for content in [&b"one"[..], b"two", b"three"] {
        bench.push("a/b", content).await.expect("a push");
    }
    bench.clock.advance(25 * HOUR);
    let schedule = CollectSchedule {
        keep: Duration::ZERO,
        ..CollectSchedule::default()
    };
    bench.plan.fail("remove", 1, When::Before);
    let first = bench.registry.collect(&schedule).await.expect("a round");
    assert!(first.failed.is_some());
    assert_eq!(first.places, 2);
    let second = bench.registry.collect(&schedule).await.expect("a round");
    assert_eq!((second.failed.is_some(), second.places), (false, 1));
}

#[tokio::test]
async fn bytes_stay_for_as_long_as_the_schedule_keeps_them() {
    let bench = Bench::new();
    bench.push("a/b", b"layer").await.expect("a push");
    bench.clock.advance(25 * HOUR);
    let schedule = CollectSchedule::default();
    let round = bench.registry.collect(&schedule).await.expect("a round");
    assert!(round.rows > 0 && round.places == 0, "{round:?}");
    bench.clock.advance(HOUR + Duration::from_secs(1));
    let round = bench.registry.collect(&schedule).await.expect("a round");
    assert_eq!(round.places, 1);
}

#[tokio::test(start_paused = true)]
async fn a_collector_goes_on_after_a_round_that_failed() {
    let bench = Bench::new();
    let (told, mut rounds) = mpsc::unbounded();
    let registry = bench.registry.clone();
    bench.plan.fail("condemn", 1, When::Before);
    // Its owner may run it on any thread.
    let collector = tokio::spawn(async move {
        let report = move |round: Result<_, _>| drop(told.unbounded_send(round.is_ok()));
        registry.collector(CollectSchedule::default(), report).await;
    });
    let rounds = [rounds.next().await, rounds.next().await];
    assert_eq!(rounds, [Some(false), Some(true)]);
    collector.abort();
}
