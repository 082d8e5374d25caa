//! Two requests of one client on one session: the newer one has it.

use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use pierhead_model::{Algorithm, ContentDigest, ContentRange};
use pierhead_registry::{BodyError, Error, StartUpload};

use crate::bench::{Bench, ana, named, whole};

const START: StartUpload = StartUpload {
    algorithm: Algorithm::Sha256,
};

type Frames = mpsc::UnboundedSender<Result<Bytes, BodyError>>;

/// A body whose frames a test sends by hand.
fn by_hand() -> (Frames, mpsc::UnboundedReceiver<Result<Bytes, BodyError>>) {
    mpsc::unbounded()
}

#[tokio::test(start_paused = true)]
async fn a_newer_request_goes_on_where_the_older_one_was_stopped() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let (frames, body) = by_hand();
    let older = tokio::spawn({
        let writer = writer.clone();
        async move { writer.append(id, None, body).await }
    });
    frames.unbounded_send(Ok("half ".into())).expect("a frame");
    tokio::time::sleep(Duration::from_millis(10)).await;
    // The older request's client is gone, but its connection is not: nothing more will come.
    // Asking how far it is stops nobody, and counts what is not saved yet.
    assert_eq!(writer.status(id).await.expect("a status").offset, 5);
    assert!(!older.is_finished());
    let range = Some(ContentRange::parse("5-8").expect("a range"));
    let digest = ContentDigest::sha256(b"half done");
    writer
        .finish(id, range, whole(b"done"), &digest)
        .await
        .expect("closed");
    let older = older.await.expect("no panic");
    assert!(
        matches!(older, Err(Error::UploadTaken { offset: 5 })),
        "{older:?}"
    );
    assert!(
        frames.unbounded_send(Ok("zombie".into())).is_err(),
        "nobody reads it any more"
    );
    assert_eq!(
        bench.log.count("take_upload"),
        0,
        "the writer was handed over, not reopened"
    );
}

#[tokio::test(start_paused = true)]
async fn interleaved_requests_never_make_a_blob_of_both() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let bodies: [(Frames, _); 2] = [by_hand(), by_hand()];
    let digest = ContentDigest::sha256(b"aaaa");
    let mut requests = Vec::new();
    let mut frames = Vec::new();
    for (sender, body) in bodies {
        let writer = writer.clone();
        requests.push(tokio::spawn(async move {
            writer.finish(id, None, body, &digest).await
        }));
        frames.push(sender);
        frames
            .last()
            .expect("just pushed")
            .unbounded_send(Ok("a".into()))
            .expect("a frame");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for letter in ["b", "a", "a", "a"] {
        for sender in &frames {
            let _ = sender.unbounded_send(Ok(letter.into()));
        }
    }
    drop(frames);
    for request in requests {
        let ended = request.await.expect("no panic");
        assert!(
            ended.is_err(),
            "no request sent exactly the blob: {ended:?}"
        );
    }
    let absent = bench.pull("a/b", &digest).await;
    assert!(
        matches!(absent, Err(Error::BlobUnknown { .. })),
        "{absent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_older_request_that_hangs_is_not_waited_for() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, None, whole(b"saved "))
        .await
        .expect("a chunk");
    // A request that is never polled again holds the session for ever.
    let (frames, body) = by_hand();
    let mut hanging = Box::pin(writer.append(id, None, body));
    frames.unbounded_send(Ok("lost".into())).expect("a frame");
    assert!(futures::poll!(&mut hanging).is_pending());
    let digest = ContentDigest::sha256(b"saved bytes");
    writer
        .finish(id, None, whole(b"bytes"), &digest)
        .await
        .expect("closed");
    assert_eq!(bench.log.count("take_upload"), 1);
    frames.unbounded_send(Ok("more".into())).expect("a frame");
    let late = hanging.await;
    assert!(matches!(late, Err(Error::UploadTaken { .. })), "{late:?}");
    assert_eq!(
        bench.pull("a/b", &digest).await.expect("a pull"),
        b"saved bytes"
    );
}

#[tokio::test]
async fn a_cancelled_session_is_gone_for_a_request_that_works_on_it() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let (frames, body) = by_hand();
    let digest = ContentDigest::sha256(b"gone");
    let mut working = Box::pin(writer.finish(id, None, body, &digest));
    frames.unbounded_send(Ok("gone".into())).expect("a frame");
    assert!(futures::poll!(&mut working).is_pending());
    // Its client may be silent: it is told all the same.
    writer.cancel(id).await.expect("cancelled");
    let ended = working.await;
    assert!(matches!(ended, Err(Error::UploadUnknown)), "{ended:?}");
    let absent = bench.pull("a/b", &digest).await;
    assert!(
        matches!(absent, Err(Error::BlobUnknown { .. })),
        "{absent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_requests_the_newest_has_the_session() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let mut requests = Vec::new();
    let mut frames = Vec::new();
    for _ in 0..4 {
        let (sender, body) = by_hand();
        let mut request = Box::pin(writer.append(id, None, body));
        assert!(futures::poll!(&mut request).is_pending());
        requests.push(request);
        frames.push(sender);
    }
    let newest = frames.pop().expect("the newest");
    newest.unbounded_send(Ok("newest".into())).expect("a frame");
    drop(newest);
    let mut ended = futures::future::join_all(requests).await;
    let newest = ended.pop().expect("the newest");
    assert_eq!(newest.expect("it has the session").offset, 6);
    for older in ended {
        assert!(matches!(older, Err(Error::UploadTaken { .. })), "{older:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_pauses_is_stopped_as_well() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    // Frames are there whenever it looks; the rest of the world gets its turn in between.
    let endless = futures::stream::unfold((), |()| async {
        tokio::task::yield_now().await;
        Some((Ok(Bytes::from_static(b"a")), ()))
    });
    let older = tokio::spawn({
        let writer = writer.clone();
        async move { writer.append(id, None, Box::pin(endless)).await }
    });
    tokio::task::yield_now().await;
    let newer = writer.append(id, None, whole(b"b")).await;
    assert!(newer.is_ok(), "{newer:?}");
    let older = older.await.expect("no panic");
    assert!(matches!(older, Err(Error::UploadTaken { .. })), "{older:?}");
}

#[tokio::test]
async fn a_session_that_another_process_took_meanwhile_is_taken_back() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    writer
        .append(id, None, whole(b"one "))
        .await
        .expect("a chunk");
    // Its client is sent to another replica for a while.
    let other = bench.restarted();
    let elsewhere = other.writer(&ana(), &named("a/b")).await.expect("allowed");
    elsewhere
        .append(id, None, whole(b"two "))
        .await
        .expect("a chunk");
    let digest = ContentDigest::sha256(b"one two three");
    assert_eq!(writer.status(id).await.expect("a status").offset, 8);
    writer
        .finish(id, None, whole(b"three"), &digest)
        .await
        .expect("closed");
    assert_eq!(
        bench.pull("a/b", &digest).await.expect("a pull"),
        b"one two three"
    );
}

#[tokio::test]
async fn a_request_whose_session_went_to_another_process_is_told_the_true_offset() {
    let bench = Bench::new();
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let id = writer.start(START).await.expect("a session").id;
    let (frames, body) = by_hand();
    let mut zombie = Box::pin(writer.append(id, None, body));
    frames.unbounded_send(Ok("lost".into())).expect("a frame");
    assert!(futures::poll!(&mut zombie).is_pending());
    let other = bench.restarted();
    let elsewhere = other.writer(&ana(), &named("a/b")).await.expect("allowed");
    elsewhere
        .append(id, None, whole(b"whole bytes"))
        .await
        .expect("a chunk");
    frames.unbounded_send(Ok("more".into())).expect("a frame");
    drop(frames);
    let told = zombie.await;
    assert!(
        matches!(told, Err(Error::UploadTaken { offset: 11 })),
        "{told:?}"
    );
    let digest = ContentDigest::sha256(b"whole bytes");
    elsewhere
        .finish(id, None, whole(b""), &digest)
        .await
        .expect("closed");
    assert_eq!(
        bench.pull("a/b", &digest).await.expect("a pull"),
        b"whole bytes"
    );
}

#[tokio::test]
async fn a_session_begun_on_a_new_name_goes_on_in_the_repository() {
    let bench = Bench::new();
    let before = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let [id, wrong] = [
        before.start(START).await.expect("a session").id,
        before.start(START).await.expect("a session").id,
    ];
    let (_frames, body) = by_hand();
    let mut older = Box::pin(before.append(id, None, body));
    assert!(futures::poll!(&mut older).is_pending());
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let after = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let digest = ContentDigest::sha256(b"later");
    let (newer, older) = futures::join!(after.finish(id, None, whole(b"later"), &digest), older);
    newer.expect("closed");
    assert!(matches!(older, Err(Error::UploadTaken { .. })), "{older:?}");
    assert_eq!(bench.log.count("take_upload"), 0);
    // The handle that was got before finds the repository, too, to end a session there.
    let refused = before.finish(wrong, None, whole(b"x"), &digest).await;
    assert!(
        matches!(refused, Err(Error::DigestMismatch(_))),
        "{refused:?}"
    );
    assert!(bench.has_no_session());
}
