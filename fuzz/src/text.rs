//! The laws that every type read from text has.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use pierhead_model::ParseError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The input as text; headers, paths and JSON strings are text before any parser of ours sees them.
pub(crate) fn read(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Reads the text, which must succeed exactly when the recogniser says so, be written as it was
/// read, and be the same through serde.
pub(crate) fn newtype<T>(text: &str, expected: bool) -> Option<T>
where
    T: FromStr<Err = ParseError> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let by_serde = || serde_json::from_value::<T>(serde_json::Value::from(text));
    match text.parse::<T>() {
        Ok(value) => {
            assert!(expected, "accepted {text:?}");
            assert_eq!(value.to_string(), text);
            assert_eq!(by_serde().ok().as_ref(), Some(&value));
            assert_eq!(
                serde_json::to_value(&value).ok(),
                Some(serde_json::Value::from(text))
            );
            Some(value)
        }
        Err(error) => {
            assert!(!expected, "refused {text:?}: {error}");
            refused(text, &error);
            assert!(by_serde().is_err(), "serde accepted {text:?}");
            None
        }
    }
}

/// An error points into the text and is fit for a log, whatever the text was.
pub(crate) fn refused(text: &str, error: &ParseError) {
    assert!(error.at() <= text.len(), "{} in {text:?}", error.at());
    let message = error.to_string();
    // Thirty-two characters, each at most `\u{10ffff}`, and the words around them.
    assert!(message.len() < 700, "{} bytes: {message}", message.len());
    assert!(!message.contains(char::is_control), "{message:?}");
}
