//! Opaque tokens: a prefix that says what it is, 256 random bits, a checksum.
//!
//! `php_` + 43 characters of `[0-9A-Za-z]` + 6 characters of checksum. The prefix lets secret scanners know a
//! leaked one; the checksum lets them, and us, tell a typing error from a real one without a look-up. All
//! of it is one word for a double click.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Secret;
use crate::random::{self, RandomError};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 > 2^256.
const BODY: usize = 43;
/// 62^6 > 2^32.
const CHECKSUM: usize = 6;
const PREFIX: usize = 4;
const LENGTH: usize = PREFIX + BODY + CHECKSUM;

/// Which opaque token a text is, by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A personal access token, `php_`.
    Personal,
    /// A sign-in session, `phs_`.
    Session,
    /// A refresh token, `phr_`.
    Refresh,
    /// An invitation to make an account, `phi_`.
    Invitation,
    /// The proof that an e-mail address is somebody's, `phe_`.
    Email,
    /// The leave to set another password, `phw_`.
    Reset,
}

impl TokenKind {
    /// Every kind there is.
    pub const ALL: [Self; 6] = [
        Self::Personal,
        Self::Session,
        Self::Refresh,
        Self::Invitation,
        Self::Email,
        Self::Reset,
    ];

    /// The first four characters of its texts.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "php_",
            Self::Session => "phs_",
            Self::Refresh => "phr_",
            Self::Invitation => "phi_",
            Self::Email => "phe_",
            Self::Reset => "phw_",
        }
    }

    /// What `text` claims to be by its prefix alone; none for a password or a JWT.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Personal => "personal access",
            Self::Session => "session",
            Self::Refresh => "refresh",
            Self::Invitation => "invitation",
            Self::Email => "e-mail",
            Self::Reset => "password reset",
        })
    }
}

mod sealed {
    /// What an [`OpaqueToken`](super::OpaqueToken) is for.
    pub trait Kind {
        const KIND: super::TokenKind;
    }
}

/// Marks a personal access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {}

/// Marks a sign-in session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {}

/// Marks a refresh token of the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {}

/// Marks an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitation {}

/// Marks the proof of an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Email {}

/// Marks the leave to set another password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {}

impl sealed::Kind for Personal {
    const KIND: TokenKind = TokenKind::Personal;
}

impl sealed::Kind for Session {
    const KIND: TokenKind = TokenKind::Session;
}

impl sealed::Kind for Refresh {
    const KIND: TokenKind = TokenKind::Refresh;
}

impl sealed::Kind for Invitation {
    const KIND: TokenKind = TokenKind::Invitation;
}

impl sealed::Kind for Email {
    const KIND: TokenKind = TokenKind::Email;
}

impl sealed::Kind for Reset {
    const KIND: TokenKind = TokenKind::Reset;
}

/// A personal access token.
pub type PersonalToken = OpaqueToken<Personal>;

/// A sign-in session's token.
pub type SessionToken = OpaqueToken<Session>;

/// A refresh token.
pub type RefreshToken = OpaqueToken<Refresh>;

/// An invitation's token.
pub type InvitationToken = OpaqueToken<Invitation>;

/// What is sent to an e-mail address to prove whose it is.
pub type EmailToken = OpaqueToken<Email>;

/// What is sent to whoever has forgotten the password.
pub type ResetToken = OpaqueToken<Reset>;

/// Why a text is no token of the kind asked for. No variant repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenTextError {
    /// No prefix of ours: a password, or somebody else's token.
    #[error("not a token of this server")]
    Prefix,
    /// One of ours, of another kind.
    #[error("a {found} token is not accepted in the place of a {wanted} token")]
    OtherKind {
        /// What it is.
        found: TokenKind,
        /// What was asked for.
        wanted: TokenKind,
    },
    /// Cut short or too long.
    #[error("the token is incomplete, copy all {LENGTH} characters of it")]
    Length,
    /// A character no token has, or a checksum that does not fit.
    #[error("the token was mistyped, copy it again")]
    Checksum,
}

/// The text of an opaque token of one kind, checksum verified; `Debug` shows the prefix only.
///
/// That it parses says it was copied whole, not that it exists: look its [`hash`](Self::hash) up.
///
/// ```
/// use pierhead_auth::token::{PersonalToken, SessionToken, TokenHash};
///
/// let (token, kept) = PersonalToken::generate()?;
/// let text = token.expose().to_owned();
/// assert!(text.starts_with("php_"));
/// assert_eq!(text.parse::<PersonalToken>()?.hash(), kept);
/// assert!(text.parse::<SessionToken>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OpaqueToken<K> {
    text: Secret,
    kind: PhantomData<fn() -> K>,
}

impl<K: sealed::Kind> OpaqueToken<K> {
    /// A new token, to be shown once, and what to store of it.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when the machine has no randomness.
    pub fn generate() -> Result<(Self, TokenHash), RandomError> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(K::KIND.prefix());
        push_random(&mut text)?;
        let sum = checksum(&text);
        text.extend(sum.iter().map(|b| char::from(*b)));
        let token = Self {
            text: Secret::from(text.as_str()),
            kind: PhantomData,
        };
        let hash = token.hash();
        Ok((token, hash))
    }

    /// Parses what a client sent.
    ///
    /// # Errors
    ///
    /// [`TokenTextError`]; takes no longer for a long text than for a short one.
    pub fn parse(text: &str) -> Result<Self, TokenTextError> {
        let wanted = K::KIND;
        match TokenKind::of(text) {
            None => return Err(TokenTextError::Prefix),
            Some(found) if found != wanted => {
                return Err(TokenTextError::OtherKind { found, wanted });
            }
            Some(_) => {}
        }
        if text.len() != LENGTH {
            return Err(TokenTextError::Length);
        }
        let (body, sum) = text
            .split_at_checked(PREFIX + BODY)
            .ok_or(TokenTextError::Checksum)?;
        let plain = body.bytes().skip(PREFIX).all(|b| b.is_ascii_alphanumeric());
        if !plain || checksum(body) != sum.as_bytes() {
            return Err(TokenTextError::Checksum);
        }
        Ok(Self {
            text: Secret::from(text),
            kind: PhantomData,
        })
    }

    /// The text, to show it to its owner once.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// What to store, and to look up by.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.text.expose().as_bytes()).into())
    }
}

impl<K: sealed::Kind> FromStr for OpaqueToken<K> {
    type Err = TokenTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<K: sealed::Kind> fmt::Debug for OpaqueToken<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueToken({}…)", K::KIND.prefix())
    }
}

/// The SHA-256 of a whole token text, prefix included: no two kinds share one. 256 random bits need no
/// slower hash. `Debug` shows its first four bytes, enough to find a row by; equality takes constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash read back from the store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self
            .0
            .iter()
            .take(4)
            .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        write!(f, "TokenHash({first:08x}…)")
    }
}

/// Appends [`BODY`] characters, each of the 62 as likely as any other: bytes above the largest multiple of 62
/// are thrown away.
fn push_random(text: &mut String) -> Result<(), RandomError> {
    let mut pool = Zeroizing::new([0_u8; 2 * BODY]);
    let mut left = BODY;
    while left > 0 {
        random::fill(pool.as_mut())?;
        let fair = pool
            .iter()
            .filter(|b| **b < 62 * 4)
            .map(|b| usize::from(*b % 62));
        for index in fair.take(left) {
            text.push(char::from(ALPHABET[index]));
            left -= 1;
        }
    }
    Ok(())
}

/// 32 bits of a SHA-256 over prefix and body, in the same alphabet, most significant first.
fn checksum(body: &str) -> [u8; CHECKSUM] {
    let digest = Sha256::new()
        .chain_update(b"pierhead token checksum\0")
        .chain_update(body)
        .finalize();
    let mut rest = digest
        .iter()
        .take(4)
        .fold(0_usize, |sum, b| (sum << 8) | usize::from(*b));
    let mut out = [b'0'; CHECKSUM];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[rest % 62];
        rest /= 62;
    }
    out
}

#[cfg(test)]
#[path = "opaque_tests.rs"]
mod tests;
