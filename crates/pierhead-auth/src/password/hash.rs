//! The stored form of a password.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use argon2::Params;

/// Most memory a stored hash may ask for, in KiB (256 MiB).
pub const MAX_MEMORY_KIB: u32 = 256 * 1024;

/// Most passes a stored hash may ask for.
pub const MAX_ITERATIONS: u32 = 10;

/// Most lanes a stored hash may ask for.
pub const MAX_LANES: u32 = 4;

/// A PHC string is far shorter; this bounds what the parser is given.
const MAX_TEXT: usize = 512;
const MIN_OUTPUT: usize = 16;
const ARGON2_VERSION: u32 = 0x13;

/// Same cost as what [`Hasher::hash`](super::Hasher::hash) makes. Its output is random bytes, so no password
/// is known to give it; callers refuse whatever the comparison says.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$1yqJw9m4m0Yz0pD0oQ7kAg$\
                     m8n5Yk3uR0t1o0m8Zx1hJb3p5sQe2Ff6y7w9cXvB4aE";

/// An argon2id hash in PHC form (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`), checked when it is parsed:
/// the algorithm, its version, and parameters no larger than [`MAX_MEMORY_KIB`], [`MAX_ITERATIONS`] and
/// [`MAX_LANES`], so that a hash somebody provisions cannot make each sign-in a denial of service.
///
/// `Debug` shows the parameters only.
///
/// ```
/// use pierhead_auth::password::{PasswordHash, PasswordHashError};
///
/// let text = "$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A";
/// assert_eq!(text.parse::<PasswordHash>(), Err(PasswordHashError::Algorithm));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    parsed: argon2::PasswordHash,
    params: Params,
}

/// Why a text is not a usable password hash. No variant repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordHashError {
    /// Not a PHC string with salt and hash.
    #[error("not a password hash in phc form, expected `$argon2id$v=19$m=…,t=…,p=…$salt$hash`")]
    Form,
    /// Another algorithm than argon2id.
    #[error("the password hash is not argon2id, make one with argon2id")]
    Algorithm,
    /// Another version than 19 (1.3).
    #[error("the password hash has another argon2 version than 19")]
    Version,
    /// Parameters that are missing, unknown or out of bounds.
    #[error(
        "the password hash has parameters out of bounds, use only m up to {MAX_MEMORY_KIB}, \
         t up to {MAX_ITERATIONS} and p up to {MAX_LANES}"
    )]
    Parameters,
}

impl PasswordHash {
    /// The PHC string, for the store.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What to verify against when there is no such account, or it has no password, so that the answer
    /// takes the same time. See [`Hasher::verify_absent`](super::Hasher::verify_absent).
    pub fn dummy() -> &'static Self {
        #[allow(
            clippy::expect_used,
            reason = "a constant of this file, parsed by its tests"
        )]
        static PARSED: LazyLock<PasswordHash> =
            LazyLock::new(|| DUMMY.parse().expect("the constant is a valid hash"));
        &PARSED
    }

    /// Whether it was made with other parameters than new ones are; hash the password again at the next
    /// sign-in that succeeds.
    pub fn is_outdated(&self) -> bool {
        let default = Params::DEFAULT;
        (
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
        ) != (default.m_cost(), default.t_cost(), default.p_cost())
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn salt(&self) -> &[u8] {
        self.parsed.salt.as_ref().map_or(&[], AsRef::as_ref)
    }

    pub(super) fn output(&self) -> &[u8] {
        self.parsed.hash.as_ref().map_or(&[], AsRef::as_ref)
    }
}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_TEXT {
            return Err(PasswordHashError::Form);
        }
        let parsed = argon2::PasswordHash::new(text).map_err(|_| PasswordHashError::Form)?;
        if parsed.algorithm.as_str() != "argon2id" {
            return Err(PasswordHashError::Algorithm);
        }
        // Version 16 is what an absent version means, and it is the broken one.
        if parsed.version != Some(ARGON2_VERSION) {
            return Err(PasswordHashError::Version);
        }
        let output = parsed.hash.as_ref().ok_or(PasswordHashError::Form)?;
        if parsed.salt.is_none() || output.len() < MIN_OUTPUT {
            return Err(PasswordHashError::Form);
        }
        let decimal = |name: &str| {
            parsed
                .params
                .get_decimal(name)
                .ok_or(PasswordHashError::Parameters)
        };
        let (memory, passes, lanes) = (decimal("m")?, decimal("t")?, decimal("p")?);
        let bounded = memory <= MAX_MEMORY_KIB && passes <= MAX_ITERATIONS && lanes <= MAX_LANES;
        // A key id or associated data would need a key that this crate has not.
        if !bounded || parsed.params.iter().count() != 3 {
            return Err(PasswordHashError::Parameters);
        }
        let params = Params::new(memory, passes, lanes, Some(output.len()))
            .map_err(|_| PasswordHashError::Parameters)?;
        Ok(Self {
            text: text.to_owned(),
            parsed,
            params,
        })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PasswordHash(argon2id, m={}, t={}, p={})",
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost()
        )
    }
}
