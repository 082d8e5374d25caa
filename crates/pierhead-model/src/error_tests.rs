//! Tests of the text error.

use super::ParseError;
use crate::{Digest, ErrorCode, RepositoryName};

#[test]
fn it_says_what_where_and_what_is_allowed() {
    let error = "syn1/A".parse::<RepositoryName>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a repository name: a component begins and ends with a lower-case letter or a digit, \
         at byte 5 (`A`)"
    );
    let error = "syn1/".parse::<RepositoryName>().unwrap_err();
    assert!(
        error.to_string().ends_with("at byte 5 (the end)"),
        "{error}"
    );
}

#[test]
fn it_never_echoes_megabytes_or_control_characters() {
    for hostile in ["\r\n\u{1b}[31m\u{202e}", "é", "\0", "\u{10ffff}", "`"] {
        let error = hostile.repeat(1_000_000).parse::<Digest>().unwrap_err();
        let text = error.to_string();
        assert!(text.len() < 700, "{}", text.len());
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn an_offset_within_a_character_is_no_panic() {
    for at in 0..6 {
        let error = ParseError::new("test", "aéb", at, "nothing is allowed");
        assert_eq!(error.at(), at);
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn error_codes_are_upper_case_and_all_different() {
    let mut texts: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    for text in &texts {
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
            "{text}"
        );
    }
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), ErrorCode::ALL.len());
    assert_eq!(ErrorCode::TooManyRequests.to_string(), "TOOMANYREQUESTS");
    assert_eq!(
        serde_json::to_string(&ErrorCode::BlobUnknown).unwrap(),
        "\"BLOB_UNKNOWN\""
    );
    for code in ErrorCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        let json = serde_json::to_string(code).unwrap();
        assert_eq!(serde_json::from_str::<ErrorCode>(&json).unwrap(), *code);
    }
    for text in ["", "blob_unknown", "BLOB_UNKNOWN ", "BLOB"] {
        assert!(text.parse::<ErrorCode>().is_err(), "{text}");
    }
}

#[test]
fn every_type_can_be_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<ParseError>();
    check::<crate::Manifest>();
    check::<crate::ManifestError>();
    check::<crate::MediaType>();
    check::<crate::Reference>();
    check::<crate::AcceptList>();
    check::<crate::TokenScope>();
    check::<crate::RangeError>();
    check::<crate::DigestMismatch>();
}
