//! What answers have in common.

use std::fmt::Display;

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use http::{Response, StatusCode};
use pierhead_model::{ContentDigest, etag_matches};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::error::Failure;

pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName =
    HeaderName::from_static("docker-content-digest");
pub(crate) const DOCKER_UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
pub(crate) const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
pub(crate) const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
pub(crate) const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");

/// An answer in the making.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
}

impl Answer {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// With a header made of names, digests and numbers, whose grammars fit into one; anything
    /// else, a line break above all, is left out.
    pub(crate) fn with_text(self, name: HeaderName, value: impl Display) -> Self {
        match HeaderValue::try_from(value.to_string()) {
            Ok(value) => self.with(name, value),
            Err(_) => self,
        }
    }

    /// Without a body.
    pub(crate) fn empty(mut self) -> Response<ResponseBody> {
        // RFC 9110 section 8.6 forbids the length with 204.
        if self.status != StatusCode::NO_CONTENT {
            self.headers.insert(CONTENT_LENGTH, 0.into());
        }
        self.build(ResponseBody::empty())
    }

    /// With a document.
    pub(crate) fn json(
        mut self,
        media_type: &'static str,
        document: &impl Serialize,
    ) -> Result<Response<ResponseBody>, Failure> {
        let bytes = serde_json::to_vec(document).map_err(|_| Failure::internal())?;
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.headers.insert(CONTENT_LENGTH, bytes.len().into());
        Ok(self.build(ResponseBody::full(bytes)))
    }

    fn build(self, body: ResponseBody) -> Response<ResponseBody> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The headers of content that is known by its digest.
pub(crate) fn content_headers(headers: &mut HeaderMap, digest: &ContentDigest, length: u64) {
    headers.insert(CONTENT_LENGTH, length.into());
    if let Ok(value) = HeaderValue::try_from(digest.to_string()) {
        headers.insert(DOCKER_CONTENT_DIGEST, value);
    }
    if let Ok(value) = HeaderValue::try_from(format!("\"{digest}\"")) {
        headers.insert(ETAG, value);
    }
}

/// 304, when the client has this content already (RFC 9110 section 13.1.2).
pub(crate) fn not_modified(
    headers: &HeaderMap,
    digest: &ContentDigest,
) -> Option<Response<ResponseBody>> {
    let etag = format!("\"{digest}\"");
    let mut values = headers.get_all(IF_NONE_MATCH).iter();
    let had = values.any(|value| value.to_str().is_ok_and(|list| etag_matches(list, &etag)));
    had.then(|| {
        let mut response = Response::new(ResponseBody::empty());
        content_headers(response.headers_mut(), digest, 0);
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    })
}
