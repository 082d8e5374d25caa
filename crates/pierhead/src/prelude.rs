//! The names that whoever embeds a registry writes most, for one `use pierhead::prelude::*`.

pub use pierhead_http::HttpOptions;
pub use pierhead_model::RepositoryName;
pub use pierhead_registry::{
    Action, AllowAll, Allowed, AuthenticationError, Authenticator, Authorizer, AuthorizerError,
    Caller, CallerId, Credentials, Decision, Denial, DenialKind, Explanation, Peer, Resource,
    Secret,
};

pub use crate::{Builder, Pierhead};

/// What [`Authorizer::decide`] gives.
pub type Decided = Result<Decision, AuthorizerError>;

/// What [`Authorizer::visible`] gives.
pub type Visible = Result<Vec<RepositoryName>, AuthorizerError>;
