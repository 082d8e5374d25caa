//! A body that is under way when the permission to send it goes.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use pierhead_model::{Algorithm, ContentDigest};
use pierhead_registry::{Action, BodyError, Error, StartUpload};

use crate::bench::{Bench, ana, named, whole};

const START: StartUpload = StartUpload {
    algorithm: Algorithm::Sha256,
};

/// What happens between two pieces of a body.
type Between = Box<dyn FnOnce(&Bench) + Send>;

/// Appends pieces; `between` happens before the second.
async fn append(bench: &Bench, pieces: Vec<Bytes>, between: Between) -> (Result<u64, Error>, u64) {
    let writer = bench.registry.writer(&ana(), &named("a/b")).await;
    let writer = writer.expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, None, whole(b"kept"))
        .await
        .expect("kept before");
    let mut between = Some(between);
    let pieces = pieces.into_iter().enumerate().map(|(number, piece)| {
        if number == 1
            && let Some(between) = between.take()
        {
            between(bench);
        }
        Ok::<_, BodyError>(piece)
    });
    let done = writer.append(id, None, stream::iter(pieces)).await;
    bench.rules.allow_again();
    let status = writer.status(id).await.expect("the session is there");
    (done.map(|status| status.offset), status.offset)
}

fn refused(bench: &Bench) {
    bench.rules.refuse(&ana(), "a/b", &[Action::Push]);
}

#[tokio::test]
async fn nothing_is_kept_of_what_comes_after_the_permission_has_gone() {
    let small = || vec![Bytes::from_static(b"one"), Bytes::from_static(b"two")];
    let large = || vec![Bytes::from(vec![7; 9 << 20]); 8];
    for (what, pieces, slow) in [
        ("at its end", small(), false),
        ("when it would be saved", large(), false),
        ("after a while, however slowly it comes", small(), true),
    ] {
        let bench = Bench::new();
        let between = Box::new(move |bench: &Bench| {
            refused(bench);
            if slow {
                bench.clock.advance(Duration::from_secs(16));
            }
        });
        let (done, kept) = append(&bench, pieces, between).await;
        assert!(
            matches!(done, Err(Error::Denied { .. })),
            "{what}: {done:?}"
        );
        // The first large piece was saved while it was allowed.
        let before = if what == "when it would be saved" {
            4 + (9 << 20)
        } else {
            4
        };
        assert_eq!(kept, before, "{what}");
    }
}

#[tokio::test]
async fn a_session_goes_on_from_what_was_kept_when_the_permission_comes_back() {
    let bench = Bench::new();
    let writer = bench.registry.writer(&ana(), &named("a/b")).await;
    let writer = writer.expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, None, whole(b"kept "))
        .await
        .expect("kept");
    refused(&bench);
    let lost = writer.append(id, None, whole(b"lost")).await;
    assert!(matches!(lost, Err(Error::Denied { .. })), "{lost:?}");
    bench.rules.allow_again();
    let digest = ContentDigest::sha256(b"kept again");
    writer
        .finish(id, None, whole(b"again"), &digest)
        .await
        .expect("whole");
    assert_eq!(
        bench.pull("a/b", &digest).await.expect("a pull"),
        &b"kept again"[..]
    );
}
