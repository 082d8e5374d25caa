//! The one place where what went wrong becomes a status and words.
//!
//! What a caller may not know of is 404 with one text, whatever the reason: absent, hidden, in the
//! trash can, or in a project that is not there. An answer of 500 and above says nothing of what is
//! inside.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use pierhead_model::ParseError;
use pierhead_policy::{Levels, Reason, ShareError};
use pierhead_projects::ProjectsError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::respond;
use crate::route::NoRoute;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"pierhead\"");

/// Response extension of an answer of 500 and above: what went wrong, for the owner's log. None of
/// it is in the answer itself.
#[derive(Clone, Debug)]
pub struct Fault(pub Arc<dyn Error + Send + Sync>);

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    text: Text,
    header: Option<(HeaderName, HeaderValue)>,
    fault: Option<Fault>,
}

/// What it says.
#[derive(Debug)]
pub(crate) enum Text {
    Words(String),
    /// What the table refused: its rule, and what would help.
    Refused(Reason),
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<Reason> for Text {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorResponse)]
pub(crate) struct Document<'a> {
    concrete_type: &'static str,
    reason: &'a str,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, reason: impl Into<Text>) -> Self {
        Self {
            status,
            text: reason.into(),
            header: None,
            fault: None,
        }
    }

    /// A request that makes no sense, whoever sends it.
    pub(crate) fn malformed(reason: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// The answer that tells nothing.
    pub(crate) fn hidden() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is nothing here that you may see; correct the id or the name, or sign in",
        )
    }

    pub(crate) fn unauthorized(reason: impl Into<Text>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, reason).with(WWW_AUTHENTICATE, CHALLENGE)
    }

    fn forbidden(reason: impl Into<Text>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason)
    }

    fn too_many(reason: impl Into<Text>, after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, reason).retry_after(after)
    }

    fn unavailable(fault: ProjectsError) -> Self {
        let words = if fault.is_full() {
            "no room is left in the registry; its operator can make some"
        } else {
            "this cannot be answered now; try again"
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, words)
            .retry_after(Duration::from_secs(1))
            .because(fault)
    }

    /// Something is wrong here.
    pub(crate) fn internal(fault: impl Error + Send + Sync + 'static) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something went wrong here; the server's log says what",
        )
        .because(fault)
    }

    /// With what went wrong, which is told to the owner only.
    fn because(mut self, fault: impl Error + Send + Sync + 'static) -> Self {
        self.fault = Some(Fault(Arc::new(fault)));
        self
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    fn retry_after(self, span: Duration) -> Self {
        // Whole seconds, rounded up, at least one.
        let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
        self.with(RETRY_AFTER, seconds.max(1).into())
    }

    /// The answer. What would help is told in these levels.
    pub(crate) fn into_response(self, levels: &Levels) -> Response<Full<bytes::Bytes>> {
        let reason = match self.text {
            Text::Words(words) => words,
            Text::Refused(reason) => format!("{}; {}", reason.rule(), reason.remedy(levels)),
        };
        let document = Document {
            concrete_type: "org.sagebionetworks.repo.model.ErrorResponse",
            reason: &reason,
        };
        // Texts can always be written.
        let text = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = respond(self.status, text);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        if let Some(fault) = self.fault {
            response.extensions_mut().insert(fault);
        }
        response
    }
}

impl From<NoRoute> for Failure {
    fn from(error: NoRoute) -> Self {
        match error {
            NoRoute::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "there is no such call; see the documentation for those there are",
            ),
            NoRoute::Method(allow) => {
                let reason = format!("this path answers {allow} only");
                let failure = Self::new(StatusCode::METHOD_NOT_ALLOWED, reason);
                match HeaderValue::try_from(allow) {
                    Ok(allow) => failure.with(ALLOW, allow),
                    Err(_) => failure,
                }
            }
            NoRoute::Escape(error) => error.into(),
        }
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<ProjectsError> for Failure {
    fn from(error: ProjectsError) -> Self {
        use ProjectsError as E;
        let text = error.to_string();
        match error {
            E::Refused {
                reason,
                may_know,
                holds_asked,
            } => refused(reason, may_know, holds_asked),
            E::SignIn | E::WrongCredentials => Self::unauthorized(text),
            E::TooManySignIns { retry_after }
            | E::TooOften { retry_after }
            | E::TooManyAsks { retry_after } => Self::too_many(text, retry_after),
            E::TooMany => Self::too_many(text, Duration::from_secs(1)),
            E::NeedsSession
            | E::WiderToken
            | E::OperatorsOnly
            | E::TeamManagersOnly
            | E::WrongPassword
            | E::RegistrationClosed
            | E::InvitationNeeded
            | E::BadSecret
            | E::MailOff => Self::forbidden(text),
            E::Share(error) => unshared(&error),
            E::Inherits { .. } | E::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, text),
            E::StaleEtag => Self::new(StatusCode::PRECONDITION_FAILED, text),
            E::NeverRenamed
            | E::NeverMoved
            | E::NamedByTarget
            | E::ExternalName(_)
            | E::OwnHost
            | E::NotExternal
            | E::TokenRequest
            | E::List(_)
            | E::Name(_)
            | E::Email(_)
            | E::Unmailable(_)
            | E::InvitationEnd
            | E::EmailNeeded
            | E::EmailUnwanted
            | E::ProjectName
            | E::Description
            | E::PasswordRule(_)
            | E::PasswordHash(_) => Self::malformed(text),
            E::NameTaken { .. }
            | E::EmailTaken
            | E::Ambiguous
            | E::LastOperator
            | E::TooManyTeams => Self::new(StatusCode::CONFLICT, text),
            error @ (E::Busy | E::Store(_)) => Self::unavailable(error),
            error => Self::internal(error),
        }
    }
}

/// What the table refuses, told to who may know it.
fn refused(reason: Reason, may_know: bool, holds_asked: bool) -> Failure {
    match reason {
        // Says nothing of what there is.
        Reason::NotAName => Failure::malformed(reason),
        Reason::InTrash | Reason::ProjectInTrash | Reason::NoOwnMark | Reason::NoSuchProject
            if may_know =>
        {
            Failure::new(StatusCode::NOT_FOUND, reason)
        }
        Reason::AnonymousCaller if may_know => Failure::unauthorized(reason),
        Reason::Missing { .. }
        | Reason::NotCertified { .. }
        | Reason::NotTrasher { .. }
        | Reason::OperatorsOnly
        | Reason::ScopeLacks { .. }
            if may_know || holds_asked =>
        {
            Failure::forbidden(reason)
        }
        // What is absent looks like what is hidden also to who would see it, if it were there.
        _ => Failure::hidden(),
    }
}

/// What the rules of sharing refuse.
fn unshared(error: &ShareError) -> Failure {
    let text = error.to_string();
    match error {
        ShareError::AlreadyLocal
        | ShareError::Inherits
        | ShareError::ProjectKeepsItsList
        | ShareError::NotCertified { .. } => Failure::forbidden(text),
        ShareError::StaleEtag => Failure::new(StatusCode::PRECONDITION_FAILED, text),
        ShareError::NothingThere => Failure::hidden(),
        _ => Failure::malformed(text),
    }
}
