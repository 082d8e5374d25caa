//! The keys in force: one that signs, and earlier ones still accepted.

use std::sync::atomic::{AtomicU64, Ordering};

use jsonwebtoken::{Algorithm, Header};

use super::key::VerifyingKey;
use super::{
    Expected, KeyId, MAX_LIFETIME, MAX_TOKEN, RegistryClaims, SigningKey, TokenError, verify,
};

/// Earlier keys kept at most; a rotation beyond drops the oldest.
const MAX_RETIRED: usize = 16;

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// It would live longer than [`MAX_LIFETIME`], end before it begins, or begin after it ends.
    #[error("a registry token lives from 1 to {MAX_LIFETIME} s, set another lifetime")]
    Lifetime,
    /// It would be longer than [`MAX_TOKEN`].
    #[error(
        "the registry token would be longer than {MAX_TOKEN} bytes, ask for fewer scopes at once"
    )]
    TooLong,
    /// The signature could not be made.
    #[error("signing a registry token failed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// One key that signs and the earlier ones whose tokens are still taken.
///
/// A plain value: whoever rotates keys while requests run keeps it behind an `Arc` and swaps that. Every
/// change gives it a new [`generation`](Self::generation), which is how a [`VerifiedCache`](super::VerifiedCache)
/// notices.
///
/// ```
/// use pierhead_auth::token::{KeyRing, SigningKey};
///
/// let mut ring = KeyRing::new(SigningKey::generate()?);
/// let before = ring.signing_key_id().clone();
/// ring.rotate(SigningKey::generate()?, 1_800_000_900); // the old key's last token ends here
/// assert_ne!(ring.signing_key_id(), &before);
/// assert!(ring.accepts(&before, 1_800_000_899));
/// assert!(!ring.accepts(&before, 1_800_000_900));
/// # Ok::<(), pierhead_auth::token::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct KeyRing {
    signing: SigningKey,
    retired: Vec<Retired>,
    generation: u64,
}

#[derive(Clone)]
struct Retired {
    key: VerifyingKey,
    until: u64,
}

impl std::fmt::Debug for Retired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retired")
            .field("id", &self.key.id)
            .field("until", &self.until)
            .finish()
    }
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(signing: SigningKey) -> Self {
        Self {
            signing,
            retired: Vec::new(),
            generation: next_generation(),
        }
    }

    /// Takes tokens of an earlier key until the unix second `until`. For a server reading its key files.
    pub fn with_retired(mut self, earlier: &SigningKey, until: u64) -> Self {
        self.retire(earlier.public().clone(), until);
        self
    }

    /// Signs with `next` from now on; tokens of the key before are taken until the unix second `until`, which
    /// should be no less than now plus the lifetime of a token.
    pub fn rotate(&mut self, next: SigningKey, until: u64) {
        let before = std::mem::replace(&mut self.signing, next);
        self.retire(before.public().clone(), until);
    }

    /// Forgets earlier keys whose time has passed. They are refused without this too.
    pub fn prune(&mut self, now: u64) {
        let before = self.retired.len();
        self.retired.retain(|retired| now < retired.until);
        if self.retired.len() != before {
            self.generation = next_generation();
        }
    }

    /// The id of the key that signs.
    pub fn signing_key_id(&self) -> &KeyId {
        self.signing.id()
    }

    /// Whether tokens of key `id` are taken at `now`.
    pub fn accepts(&self, id: &KeyId, now: u64) -> bool {
        self.find(id.as_str(), now).is_some()
    }

    /// A number no other ring of this process has, new after each change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Signs `claims`: one private-key operation, some tens of microseconds.
    ///
    /// # Errors
    ///
    /// [`IssueError`]: nothing is issued that [`verify`](Self::verify) would refuse for its form.
    pub fn issue(&self, claims: &RegistryClaims) -> Result<String, IssueError> {
        let lifetime = claims
            .exp
            .checked_sub(claims.iat)
            .ok_or(IssueError::Lifetime)?;
        if lifetime == 0 || lifetime > MAX_LIFETIME || claims.nbf >= claims.exp {
            return Err(IssueError::Lifetime);
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.signing.id().as_str().to_owned());
        let text = jsonwebtoken::encode(&header, claims, self.signing.private())
            .map_err(IssueError::Sign)?;
        if text.len() > MAX_TOKEN {
            Err(IssueError::TooLong)
        } else {
            Ok(text)
        }
    }

    /// Verifies a token: its form, its key, its signature, then its claims. A public-key operation, some tens of microseconds; see
    /// [`VerifiedCache`](super::VerifiedCache) for the hot path.
    ///
    /// # Errors
    ///
    /// [`TokenError`], the first thing wrong. Nothing of an unsigned claim is ever reported.
    pub fn verify(
        &self,
        token: &str,
        expected: &Expected,
        now: u64,
    ) -> Result<RegistryClaims, TokenError> {
        verify::verify(self, token, expected, now).map(|(claims, _)| claims)
    }

    /// The key named `kid` and the unix second until which it counts, if it counts at `now`.
    pub(super) fn find(&self, kid: &str, now: u64) -> Option<(&VerifyingKey, u64)> {
        if self.signing.id().as_str() == kid {
            return Some((self.signing.public(), u64::MAX));
        }
        self.retired
            .iter()
            .find(|retired| retired.key.id.as_str() == kid && now < retired.until)
            .map(|retired| (&retired.key, retired.until))
    }

    fn retire(&mut self, key: VerifyingKey, until: u64) {
        self.retired.retain(|retired| retired.key.id != key.id);
        if self.retired.len() >= MAX_RETIRED {
            self.retired.remove(0);
        }
        self.retired.push(Retired { key, until });
        self.generation = next_generation();
    }
}

fn next_generation() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
#[path = "ring_tests.rs"]
pub(super) mod tests;
