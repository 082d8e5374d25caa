//! Running argon2id, with memory kept between runs.

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{PasswordHash, PasswordHashError, PasswordRule, check_rules};
use crate::Secret;
use crate::random::{self, RandomError};

const SALT: usize = argon2::RECOMMENDED_SALT_LEN;
const OUTPUT: usize = Params::DEFAULT_OUTPUT_LEN;

/// Room for so many blocks (33 MiB) is asked of the system each time, and goes back to it: glibc keeps
/// what is smaller, however long nobody signs in. What is not used of it is no memory.
const OF_ITS_OWN: usize = 33 * 1024;

/// Why a password was not hashed or compared. Never "it does not match": that is an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// A new password against the rules.
    #[error(transparent)]
    Rule(#[from] PasswordRule),
    /// No random bytes for a salt.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No memory for a run.
    #[error("no memory for hashing a password, try again later")]
    OutOfMemory,
    /// The argon2 implementation refused.
    #[error("hashing a password failed")]
    Argon2(#[source] argon2::Error),
    /// What was computed could not be written as a PHC string.
    #[error("a new password hash could not be encoded")]
    Encoding(#[source] PasswordHashError),
}

/// Hashes and verifies passwords, keeping the memory of a run (19 MiB at the parameters for new passwords)
/// for the next one. Not shared: one for each run allowed at a time.
///
/// Memory a stored hash needed beyond that is given back after its run.
#[derive(Default)]
pub struct Hasher {
    blocks: Vec<Block>,
}

impl Hasher {
    /// A hasher that has allocated nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hashes a new password with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`HashingError::Rule`] for a password against the rules; else what the machine lacked.
    pub fn hash(&mut self, password: &Secret) -> Result<PasswordHash, HashingError> {
        check_rules(password)?;
        let mut salt = [0_u8; SALT];
        random::fill(&mut salt)?;
        let mut output = [0_u8; OUTPUT];
        self.run(&Params::DEFAULT, password, &salt, &mut output)?;
        encode(&salt, &output)
    }

    /// Whether `password` is the one `stored` was made from. The comparison takes constant time.
    ///
    /// # Errors
    ///
    /// Only what the machine lacked; that is no failed sign-in and must not be counted as one.
    pub fn verify(
        &mut self,
        stored: &PasswordHash,
        password: &Secret,
    ) -> Result<bool, HashingError> {
        let expected = stored.output();
        let mut output = Zeroizing::new(vec![0_u8; expected.len()]);
        self.run(stored.params(), password, stored.salt(), &mut output)?;
        Ok(output.ct_eq(expected).into())
    }

    /// The work of [`verify`](Self::verify) for an account that does not exist, is disabled or has no
    /// password, so that the time of the answer does not tell.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_absent(&mut self, password: &Secret) -> Result<(), HashingError> {
        self.verify(PasswordHash::dummy(), password).map(drop)
    }

    fn run(
        &mut self,
        params: &Params,
        password: &Secret,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashingError> {
        let needed = params.block_count();
        if self.blocks.len() < needed {
            let missing = needed.max(OF_ITS_OWN) - self.blocks.len();
            self.blocks
                .try_reserve_exact(missing)
                .map_err(|_| HashingError::OutOfMemory)?;
            self.blocks.resize_with(needed, Block::new);
        }
        let result = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(
                password.expose().as_bytes(),
                salt,
                output,
                &mut self.blocks[..needed],
            )
            .map_err(HashingError::Argon2);
        let kept = Params::DEFAULT.block_count();
        if self.blocks.len() > kept {
            self.blocks.truncate(kept);
            self.blocks.shrink_to_fit();
        }
        result
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher")
            .field("kib", &self.blocks.len())
            .finish()
    }
}

fn encode(salt: &[u8], output: &[u8]) -> Result<PasswordHash, HashingError> {
    let form = |_| HashingError::Encoding(PasswordHashError::Form);
    let phc = argon2::PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::DEFAULT)
            .map_err(|_| HashingError::Encoding(PasswordHashError::Parameters))?,
        salt: Some(Salt::new(salt).map_err(form)?),
        hash: Some(Output::new(output).map_err(form)?),
    };
    phc.to_string().parse().map_err(HashingError::Encoding)
}

/// [`Hasher::hash`] with memory of its own; for commands and tests.
///
/// # Errors
///
/// As [`Hasher::hash`].
pub fn hash_password(password: &Secret) -> Result<PasswordHash, HashingError> {
    Hasher::new().hash(password)
}

/// [`Hasher::verify`] with memory of its own, taking "could not be compared" as "no"; for commands and
/// tests.
pub fn verify(stored: &PasswordHash, password: &Secret) -> bool {
    Hasher::new().verify(stored, password).unwrap_or(false)
}
