//! The names that whoever embeds a registry writes most, for one `use pierhead::prelude::*`.

pub use async_trait::async_trait;
pub use pierhead_http::HttpOptions;
pub use pierhead_model::RepositoryName;
#[cfg(feature = "tokio")]
pub use pierhead_registry::TokioClock;
pub use pierhead_registry::{
    Action, AllowAll, Allowed, AuthenticationError, Authenticator, Authorizer, AuthorizerError,
    Caller, CallerId, Clock, Credentials, Decision, Denial, DenialKind, Explanation, Peer,
    Resource, Secret, visible_where,
};
pub use pierhead_storage::{BlobStore, Fence, Repository, RepositoryStore, ScopeId, StoreError};

pub use crate::{Builder, Pierhead};

/// What [`Authorizer::decide`] gives.
pub type Decided = Result<Decision, AuthorizerError>;

/// What [`Authorizer::visible`] gives.
pub type Visible = Result<Vec<RepositoryName>, AuthorizerError>;

/// Go on. For permissions that can be taken away while a push is under way, there is
/// [`allow_while`].
///
/// # Errors
/// None: it is what [`Authorizer::decide`] gives.
pub fn allow() -> Decided {
    Ok(Decision::Allow(Allowed::default()))
}

/// Go on, as long as these versions stand: a push is decided anew if one of them has moved by the
/// time it is committed. Read them with [`Fence::now`] before reading what is decided from, and move
/// them with [`RepositoryStore::bump`] whenever a permission is taken away.
///
/// # Errors
/// None: it is what [`Authorizer::decide`] gives.
pub fn allow_while(fence: Fence) -> Decided {
    let parent = None;
    Ok(Decision::Allow(Allowed { fence, parent }))
}

/// No, and why, and what to do about it, in words for people. Say the same of what is absent and of
/// what is forbidden, or whoever asks learns which it is.
///
/// # Errors
/// None: a refusal is an answer.
pub fn deny(rule: impl Into<String>, remedy: impl Into<String>) -> Decided {
    let explanation = Explanation {
        rule: rule.into(),
        remedy: remedy.into(),
    };
    Ok(Decision::Deny(Denial {
        kind: DenialKind::Permission,
        explanation: Some(explanation),
    }))
}
