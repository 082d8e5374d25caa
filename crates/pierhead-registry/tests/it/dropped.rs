//! A request may be dropped at any of its awaits; what it leaves is whole.

use pierhead_model::{Algorithm, ContentDigest};
use pierhead_registry::{Error, StartUpload};

use crate::bench::{Bench, ana, dribble, image_of, named, poll_times, put, whole};

#[tokio::test]
async fn a_push_dropped_anywhere_can_be_repeated() {
    let bytes = b"a layer";
    let digest = ContentDigest::sha256(bytes);
    let mut finished = 0;
    for times in 1..200 {
        let bench = Bench::new();
        let writer = bench
            .registry
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
    assert!(finished > 0, "the whole push was walked through");
}

#[tokio::test]
async fn a_manifest_put_dropped_anywhere_is_there_or_not() {
    for times in 1..100 {
        let bench = Bench::new();
        bench.push("a/b", b"{}").await.expect("a push");
        bench.push("a/b", b"layer").await.expect("a push");
        let (registry, caller) = (&bench.registry, &ana());
        let done = poll_times(
            put(registry, caller, "a/b", "v1", image_of(b"layer")),
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
