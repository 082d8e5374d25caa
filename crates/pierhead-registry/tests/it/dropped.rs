//! A request may be dropped at any of its awaits; what it leaves is whole.

use futures::future::BoxFuture;
use pierhead_model::{Algorithm, ContentDigest, ContentRange};
use pierhead_registry::{Error, Registry, StartUpload};

use crate::bench::{Bench, ana, dribble, image_of, named, poll_times, put, whole};

#[tokio::test]
async fn a_push_dropped_anywhere_can_be_repeated() {
    let bytes = b"a layer";
    let digest = ContentDigest::sha256(bytes);
    let mut finished = 0;
    for times in 1..200 {
        let bench = Bench::new();
        let lagging = bench.lagging();
        let writer = lagging
            .writer(&ana(), &named("a/b"))
            .await
            .expect("allowed");
        let start = StartUpload {
            algorithm: Algorithm::Sha256,
        };
        let id = writer.start(start).await.expect("a session").id;
        let done = poll_times(writer.finish(id, None, dribble(bytes), &digest), times);
        match writer.status(id).await {
            Ok(status) => {
                let rest = &bytes[usize::try_from(status.offset).expect("a few bytes")..];
                writer
                    .finish(id, None, whole(rest), &digest)
                    .await
                    .expect("closed");
            }
            // The commit ran to its end, whether its answer was seen or not.
            Err(Error::UploadUnknown) => finished += 1,
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(
            bench.pull("a/b", &digest).await.expect("a pull"),
            bytes,
            "{times} polls"
        );
        if done.is_some() {
            break;
        }
    }
    assert!(
        finished > 1,
        "the commit was dropped after it happened, too"
    );
}

#[tokio::test]
async fn a_manifest_put_dropped_anywhere_is_there_or_not() {
    for times in 1..100 {
        let bench = Bench::new();
        bench.push("a/b", b"{}").await.expect("a push");
        bench.push("a/b", b"layer").await.expect("a push");
        let (registry, caller) = (&bench.registry, &ana());
        let lagging = bench.lagging();
        let done = poll_times(
            put(&lagging, caller, "a/b", "v1", image_of(b"layer")),
            times,
        );
        put(registry, caller, "a/b", "v1", image_of(b"layer"))
            .await
            .expect("repeated");
        if done.is_some() {
            return;
        }
    }
    panic!("the whole put was not walked through");
}

#[tokio::test]
async fn a_chunk_dropped_anywhere_is_never_ahead_of_what_was_sent() {
    let bytes = b"a layer";
    let digest = ContentDigest::sha256(bytes);
    for times in 1..200 {
        let bench = Bench::new();
        let lagging = bench.lagging();
        let writer = lagging
            .writer(&ana(), &named("a/b"))
            .await
            .expect("allowed");
        let start = StartUpload {
            algorithm: Algorithm::Sha256,
        };
        let id = writer.start(start).await.expect("a session").id;
        let done = poll_times(writer.append(id, None, dribble(bytes)), times);
        // The process that saw it, and one that starts afresh.
        for registry in [&lagging, &bench.restarted()] {
            let writer = registry
                .writer(&ana(), &named("a/b"))
                .await
                .expect("allowed");
            let status = writer.status(id).await.expect("it is still there");
            let sent = usize::try_from(status.offset).expect("a few bytes");
            assert!(sent <= bytes.len());
            let rest = std::iter::once(Ok(bytes::Bytes::copy_from_slice(&bytes[sent..])));
            let status = writer
                .append(id, None, futures::stream::iter(rest))
                .await
                .expect("the rest");
            assert_eq!(status.offset, 7, "{times} polls");
        }
        writer
            .finish(id, None, whole(b""), &digest)
            .await
            .expect("closed");
        if done.is_some() {
            return;
        }
    }
    panic!("the whole chunk was not walked through");
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// What one honest client makes of a bad line: requests that each ask where to go on and send from
/// there, several at once, some given up at any point. Then it closes the session, asking again
/// where to go on when it is told to. Says whether it could.
async fn play(seed: u64, bench: &Bench, processes: &[Registry]) -> bool {
    let bytes = b"0123456789abcdef";
    let digest = ContentDigest::sha256(bytes);
    let mut dice = Dice(seed);
    let mut writers = Vec::new();
    for registry in processes {
        let writer = registry.writer(&ana(), &named("a/b")).await;
        writers.push(writer.expect("allowed"));
    }
    let start = StartUpload {
        algorithm: Algorithm::Sha256,
    };
    let id = writers[0].start(start).await.expect("a session").id;
    let mut running: Vec<BoxFuture<'_, ()>> = Vec::new();
    for _ in 0..60 {
        match dice.below(6) {
            0 if running.len() < 4 => {
                let writer = &writers[dice.below(writers.len())];
                let length = 1 + dice.below(6);
                running.push(Box::pin(async move {
                    let Ok(status) = writer.status(id).await else {
                        return;
                    };
                    let from = usize::try_from(status.offset).expect("a few bytes");
                    let to = (from + length).min(bytes.len());
                    if from < to {
                        let chunk = dribble(&bytes[from..to]);
                        drop(writer.append(id, range(from, to), chunk).await);
                    }
                }));
            }
            1 if !running.is_empty() => {
                let given_up = dice.below(running.len());
                drop(running.swap_remove(given_up));
            }
            _ if !running.is_empty() => {
                let next = dice.below(running.len());
                if futures::poll!(&mut running[next]).is_ready() {
                    drop(running.swap_remove(next));
                }
            }
            _ => {}
        }
    }
    // Those still running are never polled again, as when a store hangs under them: what they have
    // received and not saved is lost with their writers.
    let last = &writers[dice.below(writers.len())];
    for _ in 0..4 {
        let from = match last.append(id, None, whole(b"")).await {
            Ok(status) => usize::try_from(status.offset).expect("a few bytes"),
            Err(Error::UploadTaken { .. }) => continue,
            Err(Error::UploadUnknown) => return false,
            Err(other) => panic!("seed {seed}: {other:?}"),
        };
        let rest = whole(&bytes[from..]);
        match last
            .finish(id, range(from, bytes.len()), rest, &digest)
            .await
        {
            Ok(_) => {
                assert_eq!(bench.pull("a/b", &digest).await.expect("a pull"), bytes);
                return true;
            }
            Err(Error::UploadTaken { .. } | Error::RangeMismatch { .. }) => {}
            Err(Error::UploadUnknown) => return false,
            Err(other) => panic!("seed {seed}: {other:?}"),
        }
    }
    panic!("seed {seed}: it can never be closed");
}

fn range(from: usize, to: usize) -> Option<ContentRange> {
    (from < to)
        .then(|| ContentRange::parse(&format!("{from}-{}", to - 1)))
        .transpose()
        .expect("a range")
}

#[tokio::test(start_paused = true)]
async fn however_requests_interleave_and_end_the_session_can_be_closed() {
    for seed in 0..500 {
        let bench = Bench::new();
        assert!(play(seed, &bench, &[bench.lagging()]).await, "seed {seed}");
    }
}

/// A request that is slow to open its writer may cut back what a newer one in another process has
/// saved. Then the session is gone, and never a blob of mixed bytes.
#[tokio::test(start_paused = true)]
async fn however_two_processes_share_a_session_no_bytes_are_mixed() {
    let mut closed = 0;
    for seed in 0..500 {
        let bench = Bench::new();
        let processes = [bench.lagging(), bench.lagging()];
        closed += usize::from(play(seed, &bench, &processes).await);
    }
    assert!(closed > 450, "only {closed} of 500 could be closed");
}

#[tokio::test]
async fn a_request_that_is_slow_to_open_writes_nothing_under_a_newer_ones_hash() {
    let digest = ContentDigest::sha256(b"BBBB");
    let mut closed = 0;
    for polls in 1..60 {
        let bench = Bench::new();
        let (slow, other) = (bench.lagging(), bench.restarted());
        let start = StartUpload {
            algorithm: Algorithm::Sha256,
        };
        let first = bench.registry.writer(&ana(), &named("a/b")).await;
        let id = first.expect("allowed").start(start).await;
        let id = id.expect("a session").id;
        let slow = slow.writer(&ana(), &named("a/b")).await.expect("allowed");
        let mut older = Box::pin(slow.append(id, None, whole(b"aaaaaaaa")));
        for _ in 0..polls {
            if futures::poll!(&mut older).is_ready() {
                return assert!(closed > 3, "{closed}");
            }
        }
        let newer = other.writer(&ana(), &named("a/b")).await.expect("allowed");
        let sent = newer.append(id, None, whole(b"BBBB")).await;
        drop(older.await);
        if sent.is_ok_and(|status| status.offset == 4)
            && newer.finish(id, None, whole(b""), &digest).await.is_ok()
        {
            closed += 1;
            let pulled = bench.pull("a/b", &digest).await.expect("a pull");
            assert_eq!(pulled, b"BBBB", "{polls} polls");
        }
        // Nor does a process find them that starts afresh.
        let fresh = bench.restarted();
        let fresh = fresh.writer(&ana(), &named("a/b")).await.expect("allowed");
        if fresh.finish(id, None, whole(b""), &digest).await.is_ok() {
            let pulled = bench.pull("a/b", &digest).await.expect("a pull");
            assert_eq!(pulled, b"BBBB", "{polls} polls");
        }
    }
    panic!("the older request was not walked through");
}
