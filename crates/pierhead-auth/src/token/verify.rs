//! Verifying a registry token, cheapest check first and the signature before any claim is believed.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::{KeyRing, MAX_LIFETIME, MAX_TOKEN, RegistryClaims};

const ALGORITHM: &str = "ES256";
/// Header, claims, signature (RFC 7515 section 7.1).
const PARTS: usize = 3;

/// Who a token must be from and for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `iss`, compared byte by byte.
    pub iss: String,
    /// `aud`, compared byte by byte.
    pub aud: String,
    /// Seconds by which the issuer's clock may differ from ours, applied to `exp`, `nbf` and `iat`.
    pub leeway: u64,
}

impl Expected {
    /// From `iss`, for `aud`, with no leeway: issuer and verifier are one process.
    pub fn new(iss: impl Into<String>, aud: impl Into<String>) -> Self {
        Self {
            iss: iss.into(),
            aud: aud.into(),
            leeway: 0,
        }
    }

    /// Sets the leeway in seconds.
    pub fn with_leeway(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }
}

/// Why a registry token is not taken. No variant repeats any of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN`].
    #[error("the token is longer than {MAX_TOKEN} bytes")]
    TooLong,
    /// Not a signed JWT, or without a claim every token of ours has.
    #[error("the token is malformed")]
    Malformed,
    /// Another algorithm than ES256, `none` among them.
    #[error("the token is not signed with {ALGORITHM}")]
    Algorithm,
    /// A header that would choose the key or the rules (`jwk`, `jku`, `x5c`, `x5u`, `crit`, …).
    #[error("the token has a header that is not accepted here")]
    Header,
    /// No `kid`, or one of no key in force.
    #[error("the token is signed with an unknown or retired key, ask for a new one")]
    UnknownKey,
    /// The signature is not that of the key named.
    #[error("the token's signature is wrong")]
    Signature,
    /// Another issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Another service.
    #[error("the token is for another service")]
    WrongAudience,
    /// `exp` has come.
    #[error("the token has expired, ask for a new one")]
    Expired,
    /// `nbf` is yet to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` is yet to come.
    #[error("the token was made in the future, check the clocks")]
    IssuedInFuture,
    /// `exp` is more than [`MAX_LIFETIME`] after `iat`, or not after it.
    #[error("the token's lifetime is out of bounds")]
    Lifetime,
    /// The signature could not be checked at all.
    #[error("checking the token's signature failed")]
    Crypto(#[source] jsonwebtoken::errors::Error),
}

/// Every header we write, and those refused with a name of their own. Anything else is malformed.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// One that would choose the key or change the rules; two of them are a field named twice.
    #[serde(
        default,
        deserialize_with = "present",
        rename = "jwk",
        alias = "jku",
        alias = "x5c",
        alias = "x5u",
        alias = "x5t",
        alias = "x5t#S256",
        alias = "crit",
        alias = "b64",
        alias = "cty",
        alias = "enc",
        alias = "zip"
    )]
    refused: bool,
}

/// Present at all, even as `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl StrictHeader {
    fn parse(encoded: &str) -> Result<Self, TokenError> {
        let json = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| TokenError::Malformed)?;
        serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
    }

    fn check(&self) -> Result<(), TokenError> {
        if self.alg != ALGORITHM {
            return Err(TokenError::Algorithm);
        }
        let other_type = self
            .typ
            .as_deref()
            .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"));
        if self.refused || other_type {
            return Err(TokenError::Header);
        }
        Ok(())
    }
}

/// The claims, and the unix second until which the key that signed them counts.
pub(super) fn verify(
    ring: &KeyRing,
    token: &str,
    expected: &Expected,
    now: u64,
) -> Result<(RegistryClaims, u64), TokenError> {
    check_length(token)?;
    // Bounded: of a million dots the first three are looked at.
    let mut parts = token.splitn(PARTS + 1, '.');
    let (Some(encoded_header), Some(_), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Malformed);
    };
    let header = StrictHeader::parse(encoded_header)?;
    header.check()?;
    let kid = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
    let (key, until) = ring.find(kid, now).ok_or(TokenError::UnknownKey)?;
    let claims = jsonwebtoken::decode::<RegistryClaims>(token, &key.key, &signature_only())
        .map_err(translate)?
        .claims;
    check_claims(&claims, expected, now)?;
    Ok((claims, until))
}

pub(super) fn check_length(token: &str) -> Result<(), TokenError> {
    if token.len() > MAX_TOKEN {
        Err(TokenError::TooLong)
    } else {
        Ok(())
    }
}

/// Claims are checked below, against the time we are given: the library would read the clock, and accept
/// several issuers or audiences where we want exactly one.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims = HashSet::new();
    validation
}

fn translate(error: jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        ErrorKind::InvalidToken
        | ErrorKind::Base64(_)
        | ErrorKind::Json(_)
        | ErrorKind::Utf8(_)
        | ErrorKind::InvalidClaimFormat(_)
        | ErrorKind::MissingRequiredClaim(_) => TokenError::Malformed,
        _ => TokenError::Crypto(error),
    }
}

/// What must hold at each use, of a token just verified and of one verified before.
pub(super) fn check_claims(
    claims: &RegistryClaims,
    expected: &Expected,
    now: u64,
) -> Result<(), TokenError> {
    if claims.iss != expected.iss {
        return Err(TokenError::WrongIssuer);
    }
    if claims.aud != expected.aud {
        return Err(TokenError::WrongAudience);
    }
    match claims.exp.checked_sub(claims.iat) {
        Some(1..=MAX_LIFETIME) => {}
        _ => return Err(TokenError::Lifetime),
    }
    if now >= claims.exp.saturating_add(expected.leeway) {
        return Err(TokenError::Expired);
    }
    let soonest = now.saturating_add(expected.leeway);
    if claims.iat > soonest {
        return Err(TokenError::IssuedInFuture);
    }
    if claims.nbf > soonest {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
#[path = "attack_tests.rs"]
mod tests;
