//! Tests of references.

use super::*;

#[test]
fn a_colon_makes_it_a_digest() {
    let digest = ContentDigest::sha256(b"x");
    for (text, expected) in [
        (
            "latest".to_owned(),
            Some(Reference::Tag("latest".parse().unwrap())),
        ),
        (digest.to_string(), Some(Reference::Digest(digest))),
        (
            "sha256".to_owned(),
            Some(Reference::Tag("sha256".parse().unwrap())),
        ),
        ("sha256:abc".to_owned(), None),
        ("sha384:abc".to_owned(), None),
        (":".to_owned(), None),
        (String::new(), None),
        ("a/b".to_owned(), None),
    ] {
        let parsed = text.parse::<Reference>().ok();
        assert_eq!(parsed, expected, "{text}");
        if let Some(parsed) = parsed {
            assert_eq!(parsed.to_string(), text);
            assert_eq!(parsed.tag().is_some(), parsed.digest().is_none());
            let json = serde_json::to_string(&parsed).unwrap();
            assert_eq!(serde_json::from_str::<Reference>(&json).unwrap(), parsed);
        }
    }
}
