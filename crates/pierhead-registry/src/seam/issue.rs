//! The token endpoint's brain.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use pierhead_model::TokenScope;
use pierhead_storage::Source;

use super::{Credentials, Peer};

/// Hands out registry tokens. With one set, challenges are `Bearer`; without, `Basic`.
#[async_trait]
pub trait TokenIssuer: fmt::Debug + Send + Sync + 'static {
    /// Issues a token for what the caller may have of what was asked; what is not permitted is
    /// left out, silently.
    async fn issue(&self, request: TokenRequest) -> Result<IssuedToken, TokenRefusal>;
}

/// A request at the token endpoint.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who asks. With [`Credentials::None`] an anonymous token is issued.
    pub credentials: Credentials,
    /// How.
    pub grant: GrantType,
    /// Where from.
    pub from: Peer,
    /// The service the client believes to talk to, if it said.
    pub service: Option<String>,
    /// What for, in the order asked; at most 32.
    pub scopes: Vec<TokenScope>,
    /// Whether the client asked for a refresh token.
    pub offline: bool,
}

/// How a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantType {
    /// `GET` with `Basic` credentials, or `POST` with `grant_type=password`.
    Password,
    /// `POST` with `grant_type=refresh_token`; the token is in [`Credentials::Bearer`].
    RefreshToken,
}

/// A token.
#[derive(Clone)]
pub struct IssuedToken {
    /// Its text.
    pub token: String,
    /// For how long it is valid; at least 60 s.
    pub expires_in: Duration,
    /// Since when.
    pub issued_at: SystemTime,
    /// A refresh token, where they are configured and one was asked for.
    pub refresh_token: Option<String>,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// Wrong, unknown or disabled.
    #[error("the user name or password is not right")]
    Credentials,
    /// The request does not fit: another service, an unsupported grant.
    #[error("{0}")]
    Request(String),
    /// Too many failures, or too many at once.
    #[error("too many attempts; wait and try again")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It cannot be said now.
    #[error("tokens cannot be issued now")]
    Unavailable(#[source] Source),
}
