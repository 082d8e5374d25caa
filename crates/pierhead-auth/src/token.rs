//! Tokens: opaque ones the server looks up by hash, and signed ones it verifies.
//!
//! - [`PersonalToken`], [`SessionToken`], [`RefreshToken`], [`InvitationToken`], [`EmailToken`],
//!   [`ResetToken`]: 256 random bits with a prefix and a checksum, one mechanism ([`OpaqueToken`]), one
//!   type each.
//! - [`RegistryClaims`] in a JWT: made by [`KeyRing::issue`], verified by [`KeyRing::verify`] or, on the
//!   hot path, by [`VerifiedCache::verify`].

mod cache;
mod claims;
mod key;
mod opaque;
mod ring;
mod verify;

pub use cache::VerifiedCache;
pub use claims::{AccessEntry, Holder, RegistryClaims};
pub use key::{KeyError, KeyId, SigningKey};
pub use opaque::{
    Email, EmailToken, Invitation, InvitationToken, OpaqueToken, Personal, PersonalToken, Refresh,
    RefreshToken, Reset, ResetToken, Session, SessionToken, TokenHash, TokenKind, TokenTextError,
};
pub use ring::{IssueError, KeyRing};
pub use verify::{Expected, TokenError};

/// Longest registry token issued or verified, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Longest lifetime of a registry token (`exp` − `iat`), in seconds.
pub const MAX_LIFETIME: u64 = 24 * 60 * 60;
