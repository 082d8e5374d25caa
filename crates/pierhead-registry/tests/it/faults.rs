//! Stores fail at any call; nothing acknowledged is lost, and a repeated push succeeds.

use std::sync::Arc;

use pierhead_model::{Algorithm, ContentDigest, ContentRange, Reference};
use pierhead_registry::{Error, Registry, StartUpload};
use pierhead_storage::{BlobStore, MemoryBlobStore};
use pierhead_storage_testing::{Parts, Tail, When};

use crate::bench::{Bench, ana, named, pull, whole};

const START: StartUpload = StartUpload {
    algorithm: Algorithm::Sha256,
};

#[tokio::test]
async fn a_push_that_fails_anywhere_can_be_repeated() {
    for when in [When::Before, When::After] {
        let mut failed = 0;
        for nth in 1.. {
            let bench = Bench::new();
            bench.plan.fail_any(nth, when);
            let first = bench.image("a/b", "v1", b"layer").await;
            if let Err(error) = &first {
                failed += 1;
                assert!(
                    matches!(error, Error::Unavailable(_) | Error::UploadUnknown),
                    "{when:?} {nth}: {error:?}"
                );
            }
            let walked = bench.plan.fired() == 0;
            bench.plan.clear();
            bench
                .image("a/b", "v1", b"layer")
                .await
                .expect("the repeated push");
            let after = bench.restarted();
            let digest = ContentDigest::sha256(b"layer");
            let pulled = pull(&after, &ana(), "a/b", &digest).await.expect("a pull");
            assert_eq!(pulled, b"layer", "{when:?} {nth}");
            if walked {
                break;
            }
        }
        assert!(failed > 8, "{when:?}: {failed} failures walked through");
    }
}

#[tokio::test]
async fn an_outage_is_never_an_absence() {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let tag: Reference = "v1".parse().expect("a tag");
    bench.plan.fail_all();
    assert!(matches!(
        reader.manifest(&tag).await,
        Err(Error::Unavailable(_))
    ));
    let digest = ContentDigest::sha256(b"layer");
    assert!(matches!(
        reader.blob(&digest).await,
        Err(Error::Unavailable(_))
    ));
    let asked = bench.registry.reader(&ana(), &named("a/b")).await;
    assert!(matches!(asked, Err(Error::Unavailable(_))), "{asked:?}");
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_there_and_its_session_is_gone() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let digest = ContentDigest::sha256(b"layer");
    bench.plan.fail("commit_blob", 1, When::After);
    let lost = writer.finish(id, None, whole(b"layer"), &digest).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    let again = writer.finish(id, None, whole(b""), &digest).await;
    assert!(matches!(again, Err(Error::UploadUnknown)), "{again:?}");
    assert_eq!(bench.pull("a/b", &digest).await.expect("a pull"), b"layer");
}

#[tokio::test]
async fn a_session_that_was_sealed_but_not_committed_is_closed_again() {
    for call in ["seal", "commit_blob"] {
        for when in [When::Before, When::After] {
            if (call, when) == ("commit_blob", When::After) {
                continue;
            }
            let bench = Bench::new();
            let writer = bench
                .registry
                .writer(&ana(), &named("a/b"))
                .await
                .expect("allowed");
            let id = writer.start(START).await.expect("a session").id;
            let digest = ContentDigest::sha256(b"layer");
            bench.plan.fail(call, 1, when);
            let failed = writer.finish(id, None, whole(b"layer"), &digest).await;
            assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
            // The whole body once more has no place; an empty one closes it.
            let range = ContentRange::parse("0-4").expect("a range");
            let again = writer
                .finish(id, Some(range), whole(b"layer"), &digest)
                .await;
            assert!(
                matches!(again, Err(Error::RangeMismatch { offset: 5 })),
                "{again:?}"
            );
            writer
                .finish(id, None, whole(b""), &digest)
                .await
                .expect("closed");
            assert_eq!(bench.pull("a/b", &digest).await.expect("a pull"), b"layer");
        }
    }
}

#[tokio::test]
async fn a_body_behind_what_is_sealed_is_told_where_the_session_stands() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let digest = ContentDigest::sha256(b"layer");
    bench.plan.fail("commit_blob", 1, When::Before);
    let failed = writer.finish(id, None, whole(b"layer"), &digest).await;
    assert!(failed.is_err());
    let more = writer.finish(id, None, whole(b"layer"), &digest).await;
    assert!(
        matches!(more, Err(Error::RangeMismatch { offset: 5 })),
        "{more:?}"
    );
    writer
        .finish(id, None, whole(b""), &digest)
        .await
        .expect("closed");
}

#[tokio::test]
async fn an_object_stores_manners_change_nothing() {
    for tail in [Tail::InState, Tail::Beside] {
        let bench = Bench::new();
        let inner: Arc<dyn BlobStore> = Arc::new(MemoryBlobStore::new());
        let parts = Parts::new(inner, 4)
            .with_tail(tail)
            .with_redirects()
            .with_doubtful_seals();
        let parts: Arc<dyn BlobStore> = Arc::new(parts);
        let begin = || {
            Registry::builder(parts.clone(), bench.rows.clone(), bench.clock.clone())
                .authorizer(Arc::new(bench.rules.clone()))
                .build()
        };
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let content = b"0123456789";
            let digest = ContentDigest::of(algorithm, content);
            let first = begin();
            let writer = first.writer(&ana(), &named("a/b")).await.expect("allowed");
            let id = writer.start(START).await.expect("a session").id;
            writer
                .append(id, None, whole(b"012345"))
                .await
                .expect("a chunk");
            drop((writer, first));

            let second = begin();
            let writer = second.writer(&ana(), &named("a/b")).await.expect("allowed");
            assert_eq!(writer.status(id).await.expect("a status").offset, 6);
            // The seal happened, and said that it did not.
            let doubtful = writer.finish(id, None, whole(b"6789"), &digest).await;
            assert!(
                matches!(doubtful, Err(Error::Unavailable(_))),
                "{doubtful:?}"
            );
            writer
                .finish(id, None, whole(b""), &digest)
                .await
                .expect("closed");
            let pulled = pull(&second, &ana(), "a/b", &digest).await.expect("a pull");
            assert_eq!(pulled, content);
        }
    }
}
