//! Reading the body of a request, under a bound and a deadline.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use pierhead_registry::Clock;

use crate::error::Failure;

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body of a request, whatever the server in front calls it.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The whole body, if it has at most [`MAX_BODY`] bytes and arrives within `deadline`.
pub(crate) async fn read(
    body: RequestBody,
    headers: &HeaderMap,
    clock: &dyn Clock,
    deadline: Duration,
) -> Result<Bytes, Failure> {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "a compressed body is not supported; send it without `Content-Encoding`",
        ));
    }
    // Who announces too much is told before it is sent.
    let announced = headers.get(CONTENT_LENGTH).map(http::HeaderValue::to_str);
    let announced = announced.and_then(|text| text.ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_long());
    }
    let whole = Box::pin(gather(body));
    match select(whole, clock.sleep(deadline)).await {
        Either::Left((whole, _)) => whole,
        Either::Right(_) => Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long; send it again",
        )),
    }
}

fn too_long() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is longer than the {MAX_BODY} bytes that are allowed"),
    )
}

async fn gather(mut body: RequestBody) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::malformed("the body broke off; send it again"))?;
        // Trailers mean nothing here.
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        if chunk.len() > MAX_BODY - whole.len() {
            return Err(too_long());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}
