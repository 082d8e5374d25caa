//! The one place where what went wrong becomes a status, a code and words.
//!
//! Docker sends a layer again after any code but `UNAUTHORIZED`, `UNSUPPORTED`, `DENIED`,
//! `TOOMANYREQUESTS` and `NAME_UNKNOWN`, so a refusal that stays one carries one of these. An
//! answer of 500 and above says nothing of what is inside.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Response, StatusCode};
use pierhead_model::{Digest, ErrorCode, ManifestRule};
use pierhead_registry::{Error, Explanation};
use serde::Serialize;
use serde_json::{Value, json};

use crate::body::{ReadError, ResponseBody};
use crate::challenge::Ask;
use crate::options::HttpOptions;

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    errors: Vec<Item>,
    headers: Vec<(HeaderName, HeaderValue)>,
    ask: Option<Ask>,
    fault: Option<Fault>,
}

/// Response extension of an answer of 500 and above: what went wrong, for the owner's log. None of
/// it is in the answer itself.
#[derive(Clone, Debug)]
pub struct Fault(pub Arc<dyn std::error::Error + Send + Sync>);

/// One entry of the `errors` list.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
#[derive(Debug, Serialize)]
struct Item {
    code: ErrorCode,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

#[derive(Serialize)]
struct Document<'a> {
    errors: &'a [Item],
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let item = Item {
            code,
            message: message.into(),
            detail: None,
        };
        Self {
            status,
            errors: vec![item],
            headers: Vec::new(),
            ask: None,
            fault: None,
        }
    }

    /// A request that makes no sense, whoever sends it.
    pub(crate) fn malformed(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401; the challenge is added by who knows the request.
    pub(crate) fn unauthorized(ask: Ask, message: impl Into<String>) -> Self {
        let mut failure = Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, message);
        failure.ask = Some(ask);
        failure
    }

    /// A path that is not there.
    pub(crate) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::Unsupported,
            "no such path; see the distribution specification for those there are",
        )
    }

    /// A method that the path does not answer.
    pub(crate) fn not_allowed(methods: &[Method]) -> Self {
        let list = methods
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!("this path answers {list} only");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::Unsupported,
            message,
        )
        .with_text(ALLOW, &list)
    }

    pub(crate) fn encoded() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::Unsupported,
            "a compressed request is not supported; send it without `Content-Encoding`",
        )
    }

    pub(crate) fn too_many_tags(max: usize) -> Self {
        let message = format!("at most {max} tags can be given at once; push the rest again");
        Self::new(StatusCode::URI_TOO_LONG, ErrorCode::Unsupported, message)
    }

    pub(crate) fn too_large(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    pub(crate) fn manifest_too_large(max: usize) -> Self {
        let message = format!("the manifest is longer than the {max} bytes that are allowed");
        Self::too_large(ErrorCode::ManifestInvalid, message)
    }

    /// A range of a blob of which no byte exists.
    pub(crate) fn no_such_range(length: u64) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            ErrorCode::RangeInvalid,
            format!("the range holds no byte of the {length} there are"),
        )
        .with_text(http::header::CONTENT_RANGE, &format!("bytes */{length}"))
    }

    pub(crate) fn upload_unknown() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::BlobUploadUnknown,
            "there is no such upload; begin it anew",
        )
    }

    pub(crate) fn too_many_requests(after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::TooManyRequests,
            "too many attempts; wait and try again",
        )
        .retry_after(after)
    }

    /// It cannot be answered now; nothing of why is told.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Unavailable,
            "the registry cannot answer now; try again",
        )
        .retry_after(Duration::from_secs(1))
    }

    /// Something is wrong here; nothing of what is told.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Unknown,
            "something went wrong in the registry; its log says what",
        )
    }

    /// What the registry refuses or cannot do.
    pub(crate) fn of(error: Error, options: &HttpOptions) -> Self {
        use ErrorCode as Code;
        let message = error.to_string();
        match error {
            Error::Unauthenticated => Self::unauthorized(Ask::Invalid, message),
            Error::SignIn { .. } | Error::BeyondToken { .. } => {
                Self::unauthorized(Ask::SignIn, message)
            }
            Error::TooManyAttempts { retry_after } => Self::too_many_requests(retry_after),
            Error::Denied { explanation } | Error::ScopeLacking { explanation } => {
                Self::denied(explanation, options)
            }
            Error::Refused(refusal) => {
                Self::new(StatusCode::FORBIDDEN, Code::Denied, refusal.message)
            }
            Error::NameUnknown => Self::new(StatusCode::NOT_FOUND, Code::NameUnknown, message),
            Error::BlobUnknown { digest } => {
                Self::new(StatusCode::NOT_FOUND, Code::BlobUnknown, message)
                    .with_detail(Some(json!({ "digest": digest })))
            }
            Error::UploadUnknown => Self::upload_unknown(),
            Error::ManifestUnknown { .. } => {
                Self::new(StatusCode::NOT_FOUND, Code::ManifestUnknown, message)
            }
            Error::ManifestInvalid(error) => match error.rule() {
                ManifestRule::TooLarge { max } => Self::manifest_too_large(*max),
                _ => Self::malformed(Code::ManifestInvalid, message),
            },
            Error::BlobTooLarge { .. } => Self::too_large(Code::Unsupported, message),
            Error::ManifestBlobUnknown { digests } => Self::blobs_unknown(&digests),
            Error::DigestMismatch { .. } => Self::malformed(Code::DigestInvalid, message),
            Error::RangeMismatch { .. } | Error::UploadTaken { .. } => Self::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                Code::RangeInvalid,
                message,
            ),
            Error::Held { .. } => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::Unsupported, message)
            }
            Error::BodyBroken { .. } => Self::malformed(Code::SizeInvalid, message),
            // RFC 4918 section 11.5: nothing is wrong with the request, there is no room for it.
            Error::Full(source) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                Code::Unavailable,
                "no room is left in the registry; its operator can make some",
            )
            .because(source),
            Error::Unavailable(source) => Self::unavailable().because(source),
            Error::Corrupt(source) => Self::internal().because(source),
            Error::Busy => Self::unavailable().because(Arc::new(error)),
            other => Self::internal().because(Arc::new(other)),
        }
    }

    /// One error for each digest that a manifest names and that is not here.
    fn blobs_unknown(digests: &[Digest]) -> Self {
        let item = |digest: &Digest| Item {
            code: ErrorCode::ManifestBlobUnknown,
            message: "the manifest names content that is not in the repository; push it first"
                .to_owned(),
            detail: Some(json!({ "digest": digest })),
        };
        let errors = digests.iter().map(item).collect();
        Self {
            status: StatusCode::NOT_FOUND,
            errors,
            headers: Vec::new(),
            ask: None,
            fault: None,
        }
    }

    /// A body that came to a bad end.
    pub(crate) fn of_body(error: &ReadError) -> Self {
        let status = match error {
            ReadError::Idle | ReadError::Slow => StatusCode::REQUEST_TIMEOUT,
            ReadError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ReadError::Length | ReadError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, ErrorCode::SizeInvalid, error.to_string())
    }

    /// Why a caller is refused who may not, or may, know the reason.
    fn denied(explanation: Option<Explanation>, options: &HttpOptions) -> Self {
        let (message, detail) = match explanation {
            Some(Explanation { rule, remedy }) => (
                format!("{rule}; {remedy}"),
                Some(json!({ "rule": rule, "remedy": remedy })),
            ),
            None => (options.denied_hint().to_owned(), None),
        };
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Denied, message).with_detail(detail)
    }

    /// With what went wrong, which is told to the owner only.
    pub(crate) fn because(mut self, fault: Arc<dyn std::error::Error + Send + Sync>) -> Self {
        self.fault = Some(Fault(fault));
        self
    }

    fn with_detail(mut self, detail: Option<Value>) -> Self {
        if let Some(item) = self.errors.first_mut() {
            item.detail = detail;
        }
        self
    }

    /// With a header whose value is known to be one; another is left out.
    pub(crate) fn with_text(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    fn retry_after(mut self, span: Duration) -> Self {
        // Whole seconds, rounded up, at least one.
        let seconds = span
            .as_secs()
            .saturating_add(u64::from(span.subsec_nanos() > 0))
            .max(1);
        self.headers.push((RETRY_AFTER, seconds.into()));
        self
    }

    /// Which challenge it wants.
    pub(crate) fn ask(&self) -> Option<Ask> {
        self.ask
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let document = Document {
            errors: &self.errors,
        };
        // Texts and numbers can always be written.
        let mut text = serde_json::to_string(&document).unwrap_or_default();
        text.push('\n');
        let mut headers = self.headers.into_iter().collect::<HeaderMap>();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, text.len().into());
        let mut response = Response::new(ResponseBody::full(text));
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        if let Some(fault) = self.fault {
            response.extensions_mut().insert(fault);
        }
        response
    }
}
