//! Passwords: made up, and hashed for provisioning files.

use pierhead::auth::Secret;
use pierhead::auth::password;

use crate::failure::Failure;
use crate::prompt;
use crate::terminal::print;

/// Letters and digits that are not taken for one another: 57 of them.
const ALPHABET: &[u8; 57] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// 24 letters of 5.8 bits each.
const LENGTH: usize = 24;

/// A password nobody has thought of.
///
/// # Errors
/// When the machine has no randomness to give.
pub(crate) fn made_up() -> Result<Secret, Failure> {
    let mut text = String::with_capacity(LENGTH);
    let mut bytes = [0_u8; 64];
    while text.len() < LENGTH {
        getrandom::fill(&mut bytes)
            .map_err(|error| Failure::because("no password could be made up", &error))?;
        for byte in bytes {
            // A byte beyond the last whole round would make some letters likelier than others.
            let fair = usize::from(byte) < 256 - 256 % ALPHABET.len();
            if fair && text.len() < LENGTH {
                text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    Ok(Secret::new(text))
}

/// Reads a password from standard input and prints its hash.
///
/// # Errors
/// When there is none, or it is against the rules.
pub(crate) fn hash_password() -> Result<(), Failure> {
    let password =
        prompt::hidden("password: ").map_err(|error| Failure::because("no password", &error))?;
    let hash = password::hash_password(&password)
        .map_err(|error| Failure::told(crate::failure::chain(&error)))?;
    print(&format!("{}\n", hash.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_password_is_long_plain_and_never_the_same() {
        let (one, other) = (
            made_up().expect("randomness"),
            made_up().expect("randomness"),
        );
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), LENGTH);
        assert!(one.expose().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert!(password::check_rules(&one).is_ok());
    }
}
