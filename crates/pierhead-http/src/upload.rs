//! Uploads: begun, appended to, looked at, finished, cancelled; done at once; mounted.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs>

use http::header::{LOCATION, RANGE};
use http::{Response, StatusCode};
use pierhead_model::{ContentDigest, RepositoryName};
use pierhead_registry::{Error, Mounted, StartUpload, UploadStatus};

use crate::body::{RequestBody, ResponseBody};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::operation::{StartRequest, UploadStep};
use crate::response::{Answer, DOCKER_CONTENT_DIGEST, DOCKER_UPLOAD_UUID};

/// `POST`: begins a session, takes a whole blob, or mounts one.
pub(crate) async fn start(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    request: StartRequest,
    body: &mut RequestBody,
) -> Result<Response<ResponseBody>, Failure> {
    let writer = exchange.writer(name).await?;
    match request {
        StartRequest::Session(algorithm) => {
            let status = writer
                .start(StartUpload { algorithm })
                .await
                .map_err(exchange.refused())?;
            Ok(session(StatusCode::ACCEPTED, name, &status))
        }
        StartRequest::Whole(digest) => {
            let done = writer.upload(&mut *body, &digest).await;
            done.map_err(|error| broken(exchange, error, body))?;
            Ok(created(name, &digest))
        }
        StartRequest::Mount { digest, from } => {
            match writer
                .mount(&digest, from.as_ref())
                .await
                .map_err(exchange.refused())?
            {
                Mounted::Mounted(_) => Ok(created(name, &digest)),
                Mounted::Started(status) => Ok(session(StatusCode::ACCEPTED, name, &status)),
            }
        }
    }
}

/// A request to a session.
pub(crate) async fn step(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    id: &str,
    step: UploadStep,
    body: &mut RequestBody,
) -> Result<Response<ResponseBody>, Failure> {
    let writer = exchange.writer(name).await?;
    // What is no id is the id of no session.
    let Ok(id) = id.parse() else {
        return Err(Failure::upload_unknown());
    };
    match step {
        UploadStep::Status => {
            let status = writer.status(id).await.map_err(exchange.refused())?;
            Ok(session(StatusCode::NO_CONTENT, name, &status))
        }
        UploadStep::Append(at) => {
            let done = writer.append(id, at, &mut *body).await;
            let status = done.map_err(|error| out_of_place(exchange, name, &id, error, body))?;
            Ok(session(StatusCode::ACCEPTED, name, &status))
        }
        UploadStep::Finish(at, digest) => {
            let done = writer.finish(id, at, &mut *body, &digest).await;
            done.map_err(|error| out_of_place(exchange, name, &id, error, body))?;
            Ok(created(name, &digest))
        }
        UploadStep::Cancel => {
            writer.cancel(id).await.map_err(exchange.refused())?;
            Ok(Answer::new(StatusCode::NO_CONTENT).empty())
        }
    }
}

/// Where a session is, and how far.
fn session(
    status: StatusCode,
    name: &RepositoryName,
    upload: &UploadStatus,
) -> Response<ResponseBody> {
    Answer::new(status)
        .with_text(LOCATION, location(name, upload.id))
        .with_text(RANGE, received(upload.offset))
        .with_text(DOCKER_UPLOAD_UUID, upload.id)
        .empty()
}

/// The blob is there now.
fn created(name: &RepositoryName, digest: &ContentDigest) -> Response<ResponseBody> {
    Answer::new(StatusCode::CREATED)
        .with_text(LOCATION, format_args!("/v2/{name}/blobs/{digest}"))
        .with_text(DOCKER_CONTENT_DIGEST, digest)
        .empty()
}

fn location(name: &RepositoryName, id: impl std::fmt::Display) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

/// The first and the last byte that are here, without the unit; `0-0` also when there is none.
fn received(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

/// A failure of a request with a body; a body that broke says more than what came of it.
fn broken(exchange: &Exchange<'_>, error: Error, body: &RequestBody) -> Failure {
    match (&error, body.failure()) {
        (Error::BodyBroken { .. }, Some(read)) => Failure::of_body(read),
        _ => Failure::of(error, exchange.options),
    }
}

/// The same, and where the session truly is when the client was wrong about that.
fn out_of_place(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    id: &impl std::fmt::Display,
    error: Error,
    body: &RequestBody,
) -> Failure {
    let offset = match error {
        Error::RangeMismatch { offset } | Error::UploadTaken { offset } => Some(offset),
        _ => None,
    };
    let failure = broken(exchange, error, body);
    match offset {
        Some(offset) => failure
            .with_text(LOCATION, &location(name, id))
            .with_text(RANGE, &received(offset))
            .with_text(DOCKER_UPLOAD_UUID, &id.to_string()),
        None => failure,
    }
}
