//! Account passwords: the rules for a new one, argon2id (RFC 9106), and the stored PHC string.
//!
//! A run takes tens of milliseconds of a core and 19 MiB. Callers run it off their async threads and bound how many
//! run at once; one [`Hasher`] for each permit keeps the memory between runs.

mod hash;
mod hasher;

pub use hash::{MAX_ITERATIONS, MAX_LANES, MAX_MEMORY_KIB, PasswordHash, PasswordHashError};
pub use hasher::{Hasher, HashingError, hash_password, verify};

use crate::Secret;

/// Shortest password in bytes.
pub const MIN_PASSWORD: usize = 8;

/// Longest password in bytes.
pub const MAX_PASSWORD: usize = 1024;

/// Why a text cannot become a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordRule {
    /// Fewer than [`MIN_PASSWORD`] bytes.
    #[error("the password is too short, use at least {MIN_PASSWORD} bytes")]
    TooShort,
    /// More than [`MAX_PASSWORD`] bytes.
    #[error("the password is too long, use at most {MAX_PASSWORD} bytes")]
    TooLong,
    /// A NUL or another control character, which no `Basic` header can carry (RFC 7617 section 2).
    #[error("the password holds a control character, which clients cannot send")]
    ControlCharacter,
}

/// Checks the rules for a new password. Signing in does not ask: what is stored decides there.
///
/// # Errors
///
/// The first rule broken.
pub fn check_rules(password: &Secret) -> Result<(), PasswordRule> {
    let text = password.expose();
    if text.len() < MIN_PASSWORD {
        return Err(PasswordRule::TooShort);
    }
    if text.len() > MAX_PASSWORD {
        return Err(PasswordRule::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(PasswordRule::ControlCharacter);
    }
    Ok(())
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
