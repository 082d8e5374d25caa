//! A text that must not leak.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password or token text. `Debug` shows nothing of it, not even its length; there is no `Display`;
/// its memory is overwritten when it is dropped; equality takes time that depends on the lengths alone.
///
/// ```
/// let secret = pierhead_auth::Secret::from("hunter22");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "hunter22");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over `text`.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Named so that a reviewer sees each place that reads it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it. Clients send an empty password for "none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_anything_holding_a_secret_shows_nothing() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "only its Debug form is read")]
        struct Holder {
            user: &'static str,
            secret: Option<Secret>,
        }
        let shown = format!(
            "{:?}",
            Holder {
                user: "alice",
                secret: Some(Secret::from("hunter22"))
            }
        );
        assert!(
            shown.contains("alice") && !shown.contains("hunter"),
            "{shown}"
        );
        assert!(!format!("{:#?}", Secret::from("hunter22")).contains("hunter"));
    }

    #[test]
    fn equality_is_that_of_the_texts() {
        assert_eq!(Secret::from("a"), Secret::from("a"));
        assert_ne!(Secret::from("a"), Secret::from("b"));
        assert_ne!(Secret::from("a"), Secret::from("ab"));
        assert!(Secret::from("").is_empty());
    }
}
