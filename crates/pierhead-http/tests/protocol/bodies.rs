//! Bodies that do not come, come too slowly, or come behind an answer. Time is tokio's, paused.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::Instant;
use tower_service::Service as _;

use crate::support::Client;

/// Gives this many frames of 64 KiB and then nothing, for ever or until the end; counts what was
/// taken.
struct Frames {
    left: usize,
    stalls: bool,
    taken: Arc<AtomicUsize>,
}

impl Frames {
    fn new(left: usize, stalls: bool) -> (Self, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        (
            Self {
                left,
                stalls,
                taken: Arc::clone(&taken),
            },
            taken,
        )
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return if self.stalls {
                Poll::Pending
            } else {
                Poll::Ready(None)
            };
        }
        self.left -= 1;
        self.taken.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![0; 64 << 10])))))
    }
}

fn request(method: &str, uri: &str, body: Frames) -> Request<Frames> {
    Request::builder()
        .method(method)
        .uri(uri)
        .body(body)
        .expect("the request is one")
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stands_still_is_408_and_what_arrived_is_kept() {
    let client = Client::open();
    let location = client.start("a").await;
    let began = Instant::now();
    let (body, _) = Frames::new(3, true);
    client
        .ask(request("PATCH", &location, body))
        .await
        .expect(408, "SIZE_INVALID");
    assert_eq!(began.elapsed().as_secs(), 60);
    let reply = client.get(&location).await.expect(204, "");
    assert_eq!(
        reply.header("range"),
        Some(&*format!("0-{}", (3 << 16) - 1))
    );
    let (body, _) = Frames::new(1, true);
    client
        .ask(request("PUT", "/v2/a/manifests/v1", body))
        .await
        .expect(408, "SIZE_INVALID");
}

#[tokio::test(start_paused = true)]
async fn a_form_that_drips_has_ten_seconds_and_a_manifest_five_minutes() {
    for (client, method, uri, seconds) in [
        (Client::guarded(true), "POST", "/token", 10),
        (Client::open(), "PUT", "/v2/a/manifests/v1", 300),
    ] {
        let drips = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Some((PIECE(), ()))
        });
        let request = Request::builder().method(method).uri(uri);
        let request = request.body(StreamBody::new(drips.boxed()));
        let began = Instant::now();
        let reply = client.ask(request.expect("the request is one")).await;
        reply.expect(408, "SIZE_INVALID");
        // Behind the answer, what still comes is waited for.
        assert_eq!(began.elapsed().as_millis() / 1_000, seconds, "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_body_is_read_before_the_request_is_allowed() {
    let client = Client::guarded(true);
    for (method, uri) in [
        ("PUT", "/v2/syn1/a/manifests/v1"),
        ("PATCH", "/v2/syn1/a/blobs/uploads/x"),
        ("POST", "/v2/syn1/a/blobs/uploads/"),
        ("PUT", "/v2/A/manifests/v1"),
        ("POST", "/nothing"),
    ] {
        let (body, taken) = Frames::new(100, false);
        let response = match client
            .service
            .clone()
            .call(request(method, uri, body))
            .await
        {
            Ok(response) => response,
            Err(never) => match never {},
        };
        assert!(response.status().is_client_error());
        assert_eq!(taken.load(Ordering::Relaxed), 0, "{method} {uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_request_is_read_behind_an_early_answer_up_to_a_mebibyte() {
    for (frames, read) in [(1, 1), (15, 15), (100, 16)] {
        let (body, taken) = Frames::new(frames, false);
        let reply = Client::guarded(true)
            .ask(request("PUT", "/v2/a/manifests/v1", body))
            .await;
        let reply = reply.expect(401, "UNAUTHORIZED");
        assert_eq!(
            reply.header("content-length"),
            Some(&*reply.body.len().to_string())
        );
        assert_eq!(taken.load(Ordering::Relaxed), read);
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_itself_leaves_before_the_rest_is_read_and_its_end_waits_two_seconds_at_most() {
    let stopped: BoxStream<'static, Piece> =
        stream::iter([PIECE()]).chain(stream::pending()).boxed();
    let drips = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Some((PIECE(), ()))
    })
    .boxed();
    for (rest, milliseconds) in [(stopped, 500), (drips, 2_000)] {
        let began = Instant::now();
        let request = Request::put("/v2/a/manifests/v1").body(StreamBody::new(rest));
        let request = request.expect("the request is one");
        let Ok(response) = Client::guarded(true).service.call(request).await;
        let mut body = response.into_body();
        let first = body
            .frame()
            .await
            .expect("there is a frame")
            .expect("it is good");
        assert!(first.into_data().expect("it is data").ends_with(b"}"));
        assert_eq!(began.elapsed().as_millis(), 0);
        let last = body
            .frame()
            .await
            .expect("there is a frame")
            .expect("it is good");
        assert_eq!(last.into_data().expect("it is data"), "\n");
        assert_eq!(began.elapsed().as_millis(), milliseconds);
        assert!(body.frame().await.is_none());
    }
}

type Piece = Result<Frame<Bytes>, std::convert::Infallible>;

const PIECE: fn() -> Piece = || Ok(Frame::data(Bytes::from_static(b"x")));

#[tokio::test(start_paused = true)]
async fn who_expects_100_continue_keeps_the_body_when_the_answer_comes_first() {
    let (body, taken) = Frames::new(3, true);
    let mut request = request("PUT", "/v2/a/manifests/v1", body);
    request
        .headers_mut()
        .insert("expect", http::HeaderValue::from_static("100-continue"));
    let began = Instant::now();
    Client::guarded(true)
        .ask(request)
        .await
        .expect(401, "UNAUTHORIZED");
    assert_eq!(
        (taken.load(Ordering::Relaxed), began.elapsed().as_secs()),
        (0, 0)
    );
}
