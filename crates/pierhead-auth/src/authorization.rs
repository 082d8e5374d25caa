//! The `Authorization` header (RFC 9110 section 11.6.2): `Basic` (RFC 7617) and `Bearer` (RFC 6750).
//!
//! Lengths are checked before anything is decoded. Scheme names are compared without case; one or more
//! spaces may follow them, nothing may follow the credentials.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::Secret;

/// Longest `Basic` header value taken, in bytes.
pub const MAX_BASIC: usize = 8 * 1024;

/// Longest `Bearer` header value taken, in bytes: the longest token plus the scheme.
pub const MAX_BEARER: usize = 16 * 1024 + 16;

/// Why an `Authorization` header was not understood. No variant repeats any of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// Another scheme than the one asked for.
    #[error("the authorization scheme is not the one expected here")]
    OtherScheme,
    /// Longer than the limit.
    #[error("the authorization header is too long, at most {limit} bytes are accepted")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The scheme without credentials, or with something after them.
    #[error("the authorization header has no credentials after its scheme")]
    Empty,
    /// `Basic` that is not base64.
    #[error("basic credentials are not valid base64")]
    Base64,
    /// `Basic` that is not UTF-8, or holds a control character, which RFC 7617 forbids.
    #[error("basic credentials must be utf-8 without control characters")]
    Text,
    /// `Basic` without a colon.
    #[error("basic credentials must be `user:password`")]
    NoColon,
    /// A bearer token with a character outside RFC 6750's `b64token`.
    #[error("the bearer token holds a character that no token has")]
    TokenCharacter,
}

/// What a `Basic` header holds. `Debug` shows the user name only.
#[derive(Clone, PartialEq, Eq)]
pub struct BasicCredentials {
    /// Everything before the first colon; may be empty.
    pub user: String,
    /// Everything after the first colon, further colons included; may be empty.
    pub secret: Secret,
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicCredentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Reads `Basic <base64 of user:password>`, padded or not.
///
/// ```
/// let found = pierhead_auth::authorization::parse_basic("Basic YWxpY2U6aHVudGVyMjI=")?;
/// assert_eq!(found.user, "alice");
/// assert_eq!(found.secret.expose(), "hunter22");
/// # Ok::<(), pierhead_auth::authorization::AuthorizationError>(())
/// ```
///
/// # Errors
///
/// [`AuthorizationError`]; a value above [`MAX_BASIC`] bytes is refused before it is decoded.
pub fn parse_basic(header: &str) -> Result<BasicCredentials, AuthorizationError> {
    let encoded = credentials(header, "basic", MAX_BASIC)?;
    let unpadded = encoded.trim_end_matches('=');
    let engine = if unpadded.len() == encoded.len() {
        &STANDARD_NO_PAD
    } else {
        &STANDARD
    };
    let bytes = Zeroizing::new(
        engine
            .decode(encoded)
            .map_err(|_| AuthorizationError::Base64)?,
    );
    let text = std::str::from_utf8(&bytes).map_err(|_| AuthorizationError::Text)?;
    if text.chars().any(char::is_control) {
        return Err(AuthorizationError::Text);
    }
    let (user, secret) = text.split_once(':').ok_or(AuthorizationError::NoColon)?;
    Ok(BasicCredentials {
        user: user.to_owned(),
        secret: Secret::from(secret),
    })
}

/// Reads `Bearer <token>` and returns the token, unverified.
///
/// # Errors
///
/// [`AuthorizationError`]; a value above [`MAX_BEARER`] bytes is refused before it is looked at.
pub fn parse_bearer(header: &str) -> Result<&str, AuthorizationError> {
    let token = credentials(header, "bearer", MAX_BEARER)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if token.bytes().all(allowed) {
        Ok(token)
    } else {
        Err(AuthorizationError::TokenCharacter)
    }
}

fn credentials<'a>(
    header: &'a str,
    scheme: &str,
    limit: usize,
) -> Result<&'a str, AuthorizationError> {
    if header.len() > limit {
        return Err(AuthorizationError::TooLong { limit });
    }
    let (name, rest) = header.split_once(' ').unwrap_or((header, ""));
    if !name.eq_ignore_ascii_case(scheme) {
        return Err(AuthorizationError::OtherScheme);
    }
    let rest = rest.trim_matches(' ');
    if rest.is_empty() || rest.contains(' ') {
        return Err(AuthorizationError::Empty);
    }
    Ok(rest)
}

#[cfg(test)]
#[path = "authorization_tests.rs"]
mod tests;
