//! What an embedder plugs in: who calls, what they may do, who hears of it, what time it is.

mod authenticate;
mod authorize;
mod clock;
mod issue;
mod observe;

pub use authenticate::{
    AuthenticationError, Authenticator, Caller, Ceiling, Credentials, Peer, Secret, TokenAccess,
};
pub use authorize::{
    Action, Allowed, Authorizer, AuthorizerError, Decision, Denial, DenialKind, Explanation,
    Resource, visible_where,
};
pub use clock::Clock;
#[cfg(feature = "tokio")]
pub use clock::TokioClock;
pub use issue::{GrantType, IssuedToken, TokenIssuer, TokenRefusal, TokenRequest};
pub use observe::{Actor, Event, Observer};
