//! Blobs: read, looked at, taken out.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs>

use std::ops::Range;

use futures::StreamExt as _;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, IF_RANGE,
    LOCATION, RANGE,
};
use http::{Response, StatusCode};
use pierhead_model::{ByteRange, ContentDigest, RangeError, RepositoryName};
use pierhead_registry::{BlobRead, ReadOptions};

use crate::body::{BoxError, ResponseBody};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::response::{Answer, content_headers, not_modified};

/// The content of a digest never changes; a shared cache must not keep it, since who may read it
/// does.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// `GET`.
pub(crate) async fn get(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    digest: &ContentDigest,
) -> Result<Response<ResponseBody>, Failure> {
    let reader = exchange.reader(name).await?;
    let blob = reader.blob(digest).await.map_err(exchange.refused())?;
    let (headers, size) = (&exchange.parts.headers, blob.size());
    if let Some(response) = not_modified(headers, digest) {
        return Ok(response);
    }
    let range = range(headers, digest, size)?;
    let bytes = range.clone().unwrap_or(0..size);
    let length = bytes.end - bytes.start;
    let mut how = ReadOptions::default();
    if let Some(life) = exchange.options.redirect_for() {
        how = how.or_redirect(life);
    }
    let mut response = match blob
        .read(bytes.clone(), &how)
        .await
        .map_err(exchange.refused())?
    {
        BlobRead::Redirect(to) => {
            // The client asks there for the range again.
            let place = HeaderValue::from_str(&to.url).map_err(|_| Failure::internal())?;
            return Ok(Answer::new(StatusCode::TEMPORARY_REDIRECT)
                .with(LOCATION, place)
                .empty());
        }
        BlobRead::Stream(stream) => {
            let stream = stream.map(|chunk| chunk.map_err(BoxError::from)).boxed();
            Response::new(ResponseBody::stream(stream, length))
        }
    };
    describe(response.headers_mut(), digest, length);
    if range.is_some() {
        let place = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
        let place = HeaderValue::from_str(&place).map_err(|_| Failure::internal())?;
        response.headers_mut().insert(CONTENT_RANGE, place);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// `HEAD`.
pub(crate) async fn head(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    digest: &ContentDigest,
) -> Result<Response<ResponseBody>, Failure> {
    let checker = exchange.checker(name).await?;
    let blob = checker.blob(digest).await.map_err(exchange.refused())?;
    if let Some(response) = not_modified(&exchange.parts.headers, digest) {
        return Ok(response);
    }
    let mut response = Response::new(ResponseBody::empty());
    describe(response.headers_mut(), digest, blob.size);
    Ok(response)
}

/// `DELETE`.
pub(crate) async fn delete(
    exchange: &Exchange<'_>,
    name: &RepositoryName,
    digest: &ContentDigest,
) -> Result<Response<ResponseBody>, Failure> {
    let remover = exchange.remover(name).await?;
    let deleted = remover.blob(digest).await;
    deleted.map_err(exchange.stays("GET, HEAD"))?;
    Ok(Answer::new(StatusCode::ACCEPTED).empty())
}

fn describe(headers: &mut HeaderMap, digest: &ContentDigest, length: u64) {
    content_headers(headers, digest, length);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CACHE_CONTROL, IMMUTABLE);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
}

/// The part that is asked for. Several parts, another unit, and a part of what is no longer there
/// are answered with the whole (RFC 9110 sections 13.1.5 and 14.2); what is no range holds no byte.
fn range(
    headers: &HeaderMap,
    digest: &ContentDigest,
    size: u64,
) -> Result<Option<Range<u64>>, Failure> {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Ok(None);
    };
    let same = |tag: &HeaderValue| tag.as_bytes() == format!("\"{digest}\"").as_bytes();
    if !headers.get_all(IF_RANGE).iter().all(same) {
        return Ok(None);
    }
    let none = Failure::no_such_range(size);
    let Ok(text) = value.to_str() else {
        return Err(none);
    };
    match ByteRange::parse(text) {
        Ok(range) => range.resolve(size).map(Some).map_err(|_| none),
        Err(RangeError::Malformed(_)) => Err(none),
        Err(_) => Ok(None),
    }
}
