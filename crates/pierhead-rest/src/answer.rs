//! What answers have in common.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

use crate::error::Failure;

/// An answer, or the error that stands in its place.
pub(crate) type Answer = Result<Response<Full<Bytes>>, Failure>;

/// 200 with a document.
pub(crate) fn ok(document: &impl Serialize) -> Answer {
    with(StatusCode::OK, document)
}

/// 201 with what was made.
pub(crate) fn created(document: &impl Serialize) -> Answer {
    with(StatusCode::CREATED, document)
}

/// 200 where there is nothing to tell. Clients read every answer as JSON, and nothing is none.
pub(crate) fn done() -> Response<Full<Bytes>> {
    respond(StatusCode::OK, b"{}".to_vec())
}

fn with(status: StatusCode, document: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(document).map_err(Failure::internal)?;
    Ok(respond(status, bytes))
}

/// A JSON document, which nobody in between keeps.
pub(crate) fn respond(status: StatusCode, document: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let document = document.into();
    let length = document.len();
    let mut response = Response::new(Full::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
