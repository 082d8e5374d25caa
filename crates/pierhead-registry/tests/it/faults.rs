//! Stores fail at any call; nothing acknowledged is lost, and a repeated push succeeds.

use pierhead_model::{ContentDigest, Reference};
use pierhead_registry::Error;
use pierhead_storage_testing::When;

use crate::bench::{Bench, ana, named, pull};

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
