//! Manifests: read, looked at, put, deleted.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION, WARNING};
use http::{Response, StatusCode};
use pierhead_model::{MediaType, Reference, RepositoryName};
use pierhead_registry::PutManifest;

use crate::body::{ReadError, RequestBody, ResponseBody};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::operation::ManifestRequest;
use crate::response::{
    Answer, DOCKER_CONTENT_DIGEST, OCI_SUBJECT, OCI_TAG, content_headers, not_modified,
};

/// Clients show it to people.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings>
const DEPRECATED_LAYER: &str = "299 - \"it has layers of a non-distributable type, which the image \
    specification has deprecated, and whose bytes may be missing here; build it with ordinary ones\"";

/// `GET`. An `Accept` that does not fit is served all the same: refusing helps nobody, and clients
/// that cannot read the media type say so better.
pub(crate) async fn get(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Response<ResponseBody>, Failure> {
    let reader = exchange.reader(name).await?;
    let manifest = reader
        .manifest(reference)
        .await
        .map_err(exchange.refused())?;
    if let Some(response) = not_modified(&exchange.parts.headers, &manifest.digest) {
        return Ok(response);
    }
    let length = manifest.bytes.len() as u64;
    let mut response = Response::new(ResponseBody::full(manifest.bytes));
    content_headers(response.headers_mut(), &manifest.digest, length);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, content_type(&manifest.media_type));
    Ok(response)
}

/// `HEAD`: the same headers, for whoever may pull or push.
pub(crate) async fn head(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Response<ResponseBody>, Failure> {
    let checker = exchange.checker(name).await?;
    let manifest = checker
        .manifest(reference)
        .await
        .map_err(exchange.refused())?;
    if let Some(response) = not_modified(&exchange.parts.headers, &manifest.digest) {
        return Ok(response);
    }
    let mut response = Response::new(ResponseBody::empty());
    let length = manifest.bytes.len() as u64;
    content_headers(response.headers_mut(), &manifest.digest, length);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, content_type(&manifest.media_type));
    Ok(response)
}

/// `PUT`.
pub(crate) async fn put(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    request: ManifestRequest,
    body: &mut RequestBody,
) -> Result<Response<ResponseBody>, Failure> {
    // Who may not push is told so before the body is read.
    let writer = exchange.writer(name).await?;
    let max = exchange.registry.limits().manifest.max_bytes;
    let bytes = match body.collect(max, exchange.options.document_timeout()).await {
        Ok(bytes) => bytes,
        Err(ReadError::TooLong { max }) => return Err(Failure::manifest_too_large(max)),
        Err(error) => return Err(Failure::of_body(&error)),
    };
    let ManifestRequest {
        reference,
        tags,
        content_type,
    } = request;
    let asked = !tags.is_empty();
    let put = PutManifest {
        reference,
        tags,
        content_type,
        bytes,
    };
    let receipt = writer.put_manifest(put).await.map_err(exchange.refused())?;
    let digest = receipt.digest;
    let mut answer = Answer::new(StatusCode::CREATED)
        .with_text(LOCATION, format_args!("/v2/{name}/manifests/{digest}"))
        .with_text(DOCKER_CONTENT_DIGEST, digest);
    if let Some(subject) = receipt.subject {
        answer = answer.with_text(OCI_SUBJECT, subject);
    }
    if receipt.nondistributable > 0 {
        answer = answer.with_text(WARNING, DEPRECATED_LAYER);
    }
    if asked {
        for tag in &receipt.tags {
            answer = answer.with_text(OCI_TAG, tag);
        }
    }
    Ok(answer.empty())
}

/// `DELETE` of a tag, or of a manifest with the tags that name it.
pub(crate) async fn delete(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Response<ResponseBody>, Failure> {
    let remover = exchange.remover(name).await?;
    match reference {
        Reference::Tag(tag) => remover.tag(tag).await,
        Reference::Digest(digest) => remover.manifest(digest).await,
    }
    .map_err(exchange.stays("GET, HEAD, PUT"))?;
    Ok(Answer::new(StatusCode::ACCEPTED).empty())
}

fn content_type(media_type: &MediaType) -> HeaderValue {
    HeaderValue::from_str(media_type.as_str())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"))
}
