//! What a request asks for, with everything it says, read before anybody is asked who sent it.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, Method};
use pierhead_model::{
    Algorithm, ContentDigest, ContentRange, ErrorCode, MediaType, ParseError, Reference,
    RepositoryActions, RepositoryName, Tag, TokenScope,
};

use crate::error::Failure;
use crate::query::{PageQuery, Query};
use crate::route::{Route, RouteError};

/// How many tags one manifest may be given by `?tag=`.
const MAX_TAGS: usize = 100;

/// One operation of the protocol.
#[derive(Debug)]
pub(crate) enum Operation {
    Base,
    Catalog(PageQuery),
    Tags(RepositoryName, PageQuery),
    GetManifest(RepositoryName, Reference),
    HeadManifest(RepositoryName, Reference),
    PutManifest(RepositoryName, ManifestRequest),
    DeleteManifest(RepositoryName, Reference),
    GetBlob(RepositoryName, ContentDigest),
    HeadBlob(RepositoryName, ContentDigest),
    DeleteBlob(RepositoryName, ContentDigest),
    StartUpload(RepositoryName, StartRequest),
    Upload(RepositoryName, Box<str>, UploadStep),
    Referrers(RepositoryName, ReferrersRequest),
    /// A path that is there, and a method it does not answer.
    NotAllowed(Option<RepositoryName>, &'static [Method]),
    /// No such path.
    Unknown,
}

/// `PUT` of a manifest.
#[derive(Debug)]
pub(crate) struct ManifestRequest {
    pub(crate) reference: Reference,
    pub(crate) tags: Vec<Tag>,
    pub(crate) content_type: Option<MediaType>,
}

/// `POST` that begins an upload, does it at once, or asks for a mount.
#[derive(Debug)]
pub(crate) enum StartRequest {
    Session(Algorithm),
    Whole(ContentDigest),
    Mount {
        digest: ContentDigest,
        from: Option<RepositoryName>,
    },
}

/// A request to a session.
#[derive(Debug)]
pub(crate) enum UploadStep {
    Status,
    Append(Option<ContentRange>),
    Finish(Option<ContentRange>, ContentDigest),
    Cancel,
}

/// A list of referrers.
#[derive(Debug)]
pub(crate) struct ReferrersRequest {
    pub(crate) subject: ContentDigest,
    pub(crate) artifact_type: Option<String>,
    pub(crate) limit: usize,
    pub(crate) after: Option<ContentDigest>,
}

impl Operation {
    /// Reads a request's line and headers.
    pub(crate) fn read(parts: &Parts) -> Result<Self, Failure> {
        refuse_encoding(&parts.headers)?;
        let route = match Route::parse(parts.uri.path()) {
            Ok(route) => route,
            Err(RouteError::Unknown) => return Ok(Self::Unknown),
            Err(error) => return Err(malformed_path(&error)),
        };
        let methods = route.methods();
        if !methods.contains(&parts.method) {
            return Ok(Self::NotAllowed(route.name().cloned(), methods));
        }
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        read(route, parts, &query)
    }

    /// What a token must list for this; one scope.
    pub(crate) fn scope(&self) -> Option<TokenScope> {
        let (name, actions) = match self {
            Self::Base | Self::Unknown | Self::NotAllowed(None, _) => return None,
            Self::Catalog(_) => return Some(TokenScope::Catalog),
            Self::Tags(name, _)
            | Self::GetManifest(name, _)
            | Self::HeadManifest(name, _)
            | Self::GetBlob(name, _)
            | Self::HeadBlob(name, _)
            | Self::Referrers(name, _)
            | Self::NotAllowed(Some(name), _) => (name, RepositoryActions::PULL),
            Self::PutManifest(name, _) | Self::StartUpload(name, _) | Self::Upload(name, ..) => {
                (name, RepositoryActions::PULL | RepositoryActions::PUSH)
            }
            Self::DeleteManifest(name, _) | Self::DeleteBlob(name, _) => {
                (name, RepositoryActions::DELETE)
            }
        };
        Some(TokenScope::repository(name.clone(), actions))
    }
}

fn read(route: Route, parts: &Parts, query: &Query) -> Result<Operation, Failure> {
    let head = parts.method == Method::HEAD;
    Ok(match route {
        Route::Base => Operation::Base,
        Route::Catalog => Operation::Catalog(query.page()?),
        Route::Tags { name } => Operation::Tags(name, query.page()?),
        Route::Manifest { name, reference } => match parts.method {
            Method::PUT => Operation::PutManifest(name, put_manifest(reference, parts, query)?),
            Method::DELETE => Operation::DeleteManifest(name, reference),
            _ if head => Operation::HeadManifest(name, reference),
            _ => Operation::GetManifest(name, reference),
        },
        Route::Blob { name, digest } => match parts.method {
            Method::DELETE => Operation::DeleteBlob(name, digest),
            _ if head => Operation::HeadBlob(name, digest),
            _ => Operation::GetBlob(name, digest),
        },
        Route::Uploads { name } => Operation::StartUpload(name, start_upload(query)?),
        Route::Upload { name, id } => {
            let step = match parts.method {
                Method::PATCH => UploadStep::Append(content_range(&parts.headers)?),
                Method::PUT => UploadStep::Finish(
                    content_range(&parts.headers)?,
                    digest(query, "digest")?.ok_or_else(missing_digest)?,
                ),
                Method::DELETE => UploadStep::Cancel,
                _ => UploadStep::Status,
            };
            Operation::Upload(name, id, step)
        }
        Route::Referrers { name, digest } => Operation::Referrers(name, referrers(digest, query)?),
    })
}

fn put_manifest(
    reference: Reference,
    parts: &Parts,
    query: &Query,
) -> Result<ManifestRequest, Failure> {
    let tags = query
        .all("tag")
        .map(str::parse)
        .collect::<Result<Vec<Tag>, _>>()
        .map_err(|error| Failure::malformed(ErrorCode::TagInvalid, error.to_string()))?;
    if tags.len() > MAX_TAGS {
        return Err(Failure::too_many_tags(MAX_TAGS));
    }
    let content_type = text(&parts.headers, &CONTENT_TYPE)?
        .map(MediaType::from_content_type)
        .transpose()
        .map_err(|error| Failure::malformed(ErrorCode::ManifestInvalid, error.to_string()))?;
    Ok(ManifestRequest {
        reference,
        tags,
        content_type,
    })
}

fn start_upload(query: &Query) -> Result<StartRequest, Failure> {
    if let Some(digest) = digest(query, "mount")? {
        let from = query
            .one("from")?
            .filter(|from| !from.is_empty())
            .map(str::parse)
            .transpose()
            .map_err(|error: ParseError| {
                Failure::malformed(ErrorCode::NameInvalid, error.to_string())
            })?;
        return Ok(StartRequest::Mount { digest, from });
    }
    if let Some(digest) = digest(query, "digest")? {
        return Ok(StartRequest::Whole(digest));
    }
    let algorithm = query
        .one("digest-algorithm")?
        .map_or(Ok(Algorithm::Sha256), str::parse);
    algorithm
        .map(StartRequest::Session)
        .map_err(|error| Failure::malformed(ErrorCode::DigestInvalid, error.to_string()))
}

fn referrers(subject: ContentDigest, query: &Query) -> Result<ReferrersRequest, Failure> {
    let PageQuery { limit, last } = query.page()?;
    let after = last
        .map(|last| last.parse())
        .transpose()
        .map_err(|error: ParseError| {
            Failure::malformed(ErrorCode::DigestInvalid, error.to_string())
        })?;
    // A `+` that was not escaped came out as a space, which no media type has.
    let artifact_type = query
        .one("artifactType")?
        .map(|text| text.replace(' ', "+"));
    Ok(ReferrersRequest {
        subject,
        artifact_type,
        limit,
        after,
    })
}

fn digest(query: &Query, key: &'static str) -> Result<Option<ContentDigest>, Failure> {
    query
        .one(key)?
        .map(str::parse)
        .transpose()
        .map_err(|error: ParseError| {
            Failure::malformed(ErrorCode::DigestInvalid, error.to_string())
        })
}

fn missing_digest() -> Failure {
    Failure::malformed(
        ErrorCode::DigestInvalid,
        "the parameter `digest` is required",
    )
}

/// Where a chunk belongs; its length must be that of the body.
fn content_range(headers: &HeaderMap) -> Result<Option<ContentRange>, Failure> {
    let Some(range) = text(headers, &CONTENT_RANGE)? else {
        return Ok(None);
    };
    let range = ContentRange::parse(range)
        .map_err(|error| Failure::malformed(ErrorCode::RangeInvalid, error.to_string()))?;
    match content_length(headers) {
        Some(length) if length != range.len() => Err(Failure::malformed(
            ErrorCode::SizeInvalid,
            "`Content-Range` and `Content-Length` must name the same number of bytes",
        )),
        _ => Ok(Some(range)),
    }
}

/// The length a client announced.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Compressed requests would have to be unpacked under a bound; no client sends them.
pub(crate) fn refuse_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        Ok(())
    } else {
        Err(Failure::encoded())
    }
}

/// A header that may stand once, as text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Failure> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    let text = first.map(|value| value.to_str()).transpose();
    match (text, values.next()) {
        (Ok(text), None) => Ok(text),
        _ => Err(Failure::malformed(
            ErrorCode::Unsupported,
            format!("the header `{name}` must be sent once, in visible ASCII"),
        )),
    }
}

fn malformed_path(error: &RouteError) -> Failure {
    let code = match error {
        RouteError::Name(_) => ErrorCode::NameInvalid,
        RouteError::Tag(_) => ErrorCode::TagInvalid,
        RouteError::Digest(_) => ErrorCode::DigestInvalid,
        RouteError::Unknown => ErrorCode::Unsupported,
    };
    Failure::malformed(code, error.to_string())
}
