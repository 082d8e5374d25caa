//! Upload sessions: bytes in, resumed, closed.

use pierhead_model::{Algorithm, ContentDigest, ContentRange};
use pierhead_registry::{Error, Limits, Mounted, StartUpload};
use pierhead_storage::{BlobLimits, BlobStore, MemoryBlobStore};
use std::sync::Arc;
use std::time::Duration;

use crate::bench::{Bench, ana, ben, broken, dribble, named, pull, whole};

const START: StartUpload = StartUpload {
    algorithm: Algorithm::Sha256,
};

fn range(text: &str) -> ContentRange {
    ContentRange::parse(text).expect("a range")
}

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let bench = Bench::new();
    for bytes in [&b""[..], b"a", b"a layer of some length"] {
        bench.push("a/b", bytes).await.expect("a push");
        let digest = ContentDigest::sha256(bytes);
        assert_eq!(bench.pull("a/b", &digest).await.expect("a pull"), bytes);
    }
}

#[tokio::test]
async fn a_session_takes_its_bytes_in_any_pieces() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let digest = ContentDigest::sha256(b"one two three");
    assert_eq!(
        writer
            .append(id, None, whole(b"one "))
            .await
            .expect("a chunk")
            .offset,
        4
    );
    assert_eq!(
        writer
            .append(id, Some(range("4-7")), dribble(b"two "))
            .await
            .expect("two")
            .offset,
        8
    );
    assert_eq!(writer.status(id).await.expect("a status").offset, 8);
    let record = writer
        .finish(id, Some(range("8-12")), whole(b"three"), &digest)
        .await
        .expect("closed");
    assert_eq!((record.digest, record.size), (digest, 13));
    assert!(matches!(writer.status(id).await, Err(Error::UploadUnknown)));
}

#[tokio::test]
async fn a_chunk_that_does_not_fit_its_range_is_refused_with_the_true_offset() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, Some(range("0-3")), whole(b"abcd"))
        .await
        .expect("a chunk");
    for (at, body, offset) in [
        ("0-3", &b"abcd"[..], 4),
        ("5-8", b"efgh", 4),
        ("4-5", b"efgh", 4),
        ("4-9", b"ef", 6),
        ("18446744073709551613-18446744073709551614", b"ef", 6),
    ] {
        let refused = writer.append(id, Some(range(at)), whole(body)).await;
        let Err(Error::RangeMismatch { offset: found }) = refused else {
            panic!("{at}: {refused:?}");
        };
        assert_eq!(found, offset, "{at}");
    }
    let digest = ContentDigest::sha256(b"abcdefgh");
    let closed = writer
        .finish(id, Some(range("0-1")), whole(b"gh"), &digest)
        .await;
    assert!(matches!(closed, Err(Error::RangeMismatch { offset: 6 })));
    writer
        .finish(id, Some(range("6-7")), whole(b"gh"), &digest)
        .await
        .expect("closed");
}

#[tokio::test]
async fn a_wrong_digest_ends_the_session_and_leaves_nothing() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let id = writer.start(START).await.expect("a session").id;
        let digest = ContentDigest::of(algorithm, b"something else");
        let closed = writer.finish(id, None, whole(b"something"), &digest).await;
        assert!(
            matches!(closed, Err(Error::DigestMismatch(_))),
            "{closed:?}"
        );
        assert!(matches!(writer.status(id).await, Err(Error::UploadUnknown)));
        assert!(matches!(
            bench.pull("a/b", &digest).await,
            Err(Error::BlobUnknown { .. })
        ));
    }
}

#[tokio::test]
async fn a_closing_digest_of_another_algorithm_is_checked_by_reading_back() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    for bytes in [&b""[..], b"a layer"] {
        let id = writer.start(START).await.expect("a session").id;
        let digest = ContentDigest::of(Algorithm::Sha512, bytes);
        writer
            .finish(id, None, whole(bytes), &digest)
            .await
            .expect("closed");
        assert_eq!(bench.pull("a/b", &digest).await.expect("a pull"), bytes);
    }
}

#[tokio::test]
async fn a_session_is_one_callers_and_one_names() {
    let bench = Bench::new();
    let mine = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let theirs = bench
        .registry
        .writer(&ben(), &named("a/b"))
        .await
        .expect("allowed");
    let elsewhere = bench
        .registry
        .writer(&ana(), &named("a/c"))
        .await
        .expect("allowed");
    let id = mine.start(START).await.expect("a session").id;
    mine.append(id, None, whole(b"mine"))
        .await
        .expect("a chunk");
    let digest = ContentDigest::sha256(b"mine");
    for other in [theirs, elsewhere] {
        assert!(matches!(other.status(id).await, Err(Error::UploadUnknown)));
        let append = other.append(id, None, whole(b"x")).await;
        assert!(matches!(append, Err(Error::UploadUnknown)), "{append:?}");
        let finish = other.finish(id, None, whole(b""), &digest).await;
        assert!(matches!(finish, Err(Error::UploadUnknown)), "{finish:?}");
        assert!(matches!(other.cancel(id).await, Err(Error::UploadUnknown)));
    }
    mine.finish(id, None, whole(b""), &digest)
        .await
        .expect("still mine");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_kept_up_to_there_over_a_restart() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let cut = writer.append(id, None, broken(b"the first half, ")).await;
    assert!(
        matches!(cut, Err(Error::BodyBroken { offset: 16, .. })),
        "{cut:?}"
    );
    let after = bench.restarted();
    let writer = after.writer(&ana(), &named("a/b")).await.expect("allowed");
    assert_eq!(writer.status(id).await.expect("a status").offset, 16);
    let digest = ContentDigest::sha256(b"the first half, the second");
    writer
        .finish(id, Some(range("16-25")), whole(b"the second"), &digest)
        .await
        .expect("closed");
    let pulled = pull(&after, &ana(), "a/b", &digest).await.expect("a pull");
    assert_eq!(pulled, b"the first half, the second");
}

#[tokio::test]
async fn closing_the_registry_saves_what_is_parked() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    bench
        .plan
        .fail("save_upload", 1, pierhead_storage_testing::When::Before);
    let append = writer.append(id, None, whole(b"not saved")).await;
    assert!(matches!(append, Err(Error::Unavailable(_))), "{append:?}");
    bench.registry.close().await;
    let writer = bench
        .restarted()
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    assert_eq!(writer.status(id).await.expect("a status").offset, 9);
}

#[tokio::test]
async fn progress_is_saved_while_a_body_arrives() {
    let bench = Bench::new();
    let limits = BlobLimits::default().with_checkpoint_every(4);
    let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobStore::new().with_limits(limits));
    let clock = bench.registry.clock().clone();
    let registry = pierhead_registry::Registry::builder(blobs, bench.rows.clone(), clock)
        .authorizer(Arc::new(bench.rules.clone()))
        .build();
    let writer = registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    bench.log.take();
    writer
        .upload(
            dribble(b"0123456789ab"),
            &ContentDigest::sha256(b"0123456789ab"),
        )
        .await
        .expect("a push");
    assert_eq!(bench.log.count("save_upload"), 3);
}

#[tokio::test]
async fn a_fresh_session_is_closed_without_being_taken() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .finish(id, None, whole(b"layer"), &ContentDigest::sha256(b"layer"))
        .await
        .expect("done");
    assert_eq!(bench.log.count("take_upload"), 0);
    let order: Vec<_> = bench
        .log
        .calls()
        .into_iter()
        .skip_while(|it| *it != "write")
        .collect();
    assert_eq!(
        order,
        ["write", "checkpoint", "save_upload", "seal", "commit_blob"]
    );
}

#[tokio::test]
async fn sessions_beyond_those_in_memory_go_on_from_what_was_saved() {
    let bench = Bench::with(|builder| builder.limits(Limits::default().with_sessions_in_memory(2)));
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = writer.start(START).await.expect("a session").id;
        writer
            .append(id, None, whole(b"first "))
            .await
            .expect("a chunk");
        ids.push(id);
    }
    let digest = ContentDigest::sha256(b"first second");
    for id in ids {
        writer
            .finish(id, None, whole(b"second"), &digest)
            .await
            .expect("closed");
    }
}

#[tokio::test]
async fn whoever_leaves_uploads_behind_loses_those_longest_idle_and_nobody_else_any() {
    let bench = Bench::with(|builder| builder.limits(Limits::default().with_uploads_per_caller(2)));
    let writer = async |caller| {
        let writer = bench.registry.writer(caller, &named("a/b")).await;
        writer.expect("allowed")
    };
    let (anas, bens) = (writer(&ana()).await, writer(&ben()).await);
    let other = bens.start(START).await.expect("a session").id;
    let mut ids = Vec::new();
    for _ in 0..4 {
        bench.clock.advance(Duration::from_secs(1));
        ids.push(anas.start(START).await.expect("a session").id);
    }
    for (id, there) in ids.iter().zip([false, false, true, true]) {
        let digest = ContentDigest::sha256(b"bytes");
        let closed = anas.finish(*id, None, whole(b"bytes"), &digest).await;
        match closed {
            Ok(_) if there => {}
            Err(Error::UploadUnknown) if !there => {}
            other => panic!("{other:?}"),
        }
    }
    bens.status(other).await.expect("ben's is there");
}

#[tokio::test]
async fn a_blob_longer_than_the_limit_is_refused() {
    let bench = Bench::with(|builder| builder.limits(Limits::default().with_max_blob(4)));
    bench.push("a/b", b"four").await.expect("a push");
    let refused = bench.push("a/b", b"fives").await;
    assert!(
        matches!(refused, Err(Error::BlobTooLarge { max: 4 })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_whole_upload_that_fails_leaves_no_session() {
    let bench = Bench::with(|builder| builder.limits(Limits::default().with_max_blob(9)));
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let digest = ContentDigest::sha256(b"something");
    let failed = [
        writer.upload(broken(b"some"), &digest).await,
        writer.upload(whole(b"another"), &digest).await,
        writer.upload(whole(b"something more"), &digest).await,
    ];
    assert!(
        matches!(
            failed,
            [
                Err(Error::BodyBroken { offset: 4, .. }),
                Err(Error::DigestMismatch(_)),
                Err(Error::BlobTooLarge { max: 9 }),
            ]
        ),
        "{failed:?}"
    );
    assert!(bench.has_no_session());
}

#[tokio::test]
async fn a_push_whose_right_was_withdrawn_meanwhile_is_refused_and_can_be_closed_later() {
    let bench = Bench::new();
    let scope = pierhead_storage::ScopeId::account(7);
    bench.rules.rest_on(scope);
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, None, whole(b"layer"))
        .await
        .expect("a chunk");
    let push = [pierhead_registry::Action::Push];
    bench.rules.refuse(&ana(), "a/b", &push);
    bench.rows.bump(&[scope]).await.expect("a bump");
    let digest = ContentDigest::sha256(b"layer");
    let refused = writer.finish(id, None, whole(b""), &digest).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    assert!(bench.pull("a/b", &digest).await.is_err());
    bench.rules.allow_again();
    writer
        .finish(id, None, whole(b""), &digest)
        .await
        .expect("closed");
}

#[tokio::test]
async fn rights_that_never_stand_still_make_it_busy() {
    let bench = Bench::new();
    let permit = bench.registry.writer(&ana(), &named("a/b")).await;
    let writer = permit.expect("allowed");
    for nth in 1..=8 {
        bench.plan.fail_with(
            Some("open_upload"),
            nth,
            pierhead_storage_testing::When::Before,
            pierhead_storage::StoreError::Stale,
        );
    }
    let busy = writer.start(START).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
}

#[tokio::test]
async fn bytes_that_are_lost_are_not_said_to_be_there_and_come_back_with_the_next_upload() {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let digest = ContentDigest::sha256(b"layer");
    let checker = bench.registry.checker(&ana(), &named("a/b")).await;
    let checker = checker.expect("allowed");
    let record = checker.blob(&digest).await.expect("it is there");
    bench.blobs.remove(&record.place, None).await.expect("lost");
    let asked = checker.blob(&digest).await;
    assert!(matches!(asked, Err(Error::BlobUnknown { .. })), "{asked:?}");
    let writer = bench.registry.writer(&ana(), &named("a/c")).await;
    let writer = writer.expect("allowed");
    let mounted = writer.mount(&digest, Some(&named("a/b"))).await;
    assert!(matches!(mounted, Ok(Mounted::Started(_))), "{mounted:?}");
    bench.push("a/c", b"layer").await.expect("a push");
    let pulled = bench.pull("a/b", &digest).await;
    assert_eq!(pulled.expect("a pull"), b"layer");
    let again = checker.blob(&digest).await.expect("it is there");
    assert_eq!(again.place, record.place);
}
