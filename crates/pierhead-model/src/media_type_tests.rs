//! Tests of media types.

use proptest::prelude::*;

use super::*;

#[test]
fn known_types_read_as_themselves() {
    for known in MediaType::KNOWN {
        let parsed: MediaType = known.as_str().parse().unwrap();
        assert_eq!(&parsed, known);
        assert!(matches!(parsed.0, Repr::Known(_)));
        assert!(fault(known.as_str().as_bytes()).is_none(), "{known}");
    }
}

#[test]
fn media_types_follow_rfc_6838() {
    let name = "n".repeat(127);
    let longest = format!("{name}/{name}");
    for text in ["a/b", "application/x.y+z-1_2^3&4$5#6!", "1/2", &longest] {
        assert_eq!(text.parse::<MediaType>().unwrap().as_str(), text);
    }
    let too_long = format!("a/{name}n");
    for (text, at) in [
        ("", 0),
        ("a", 1),
        ("/", 0),
        ("a/", 2),
        ("/b", 0),
        ("a/b/c", 3),
        ("a/b;c=d", 3),
        ("a /b", 1),
        (" a/b", 0),
        ("a/b ", 3),
        ("a/b\r\nx: y", 3),
        ("a/*", 2),
        ("a/.b", 2),
        ("a/é", 2),
        (&too_long, 129),
    ] {
        assert_eq!(text.parse::<MediaType>().unwrap_err().at(), at, "{text}");
    }
    assert!("a".repeat(9_000_000).parse::<MediaType>().is_err());
}

#[test]
fn content_types_lose_their_parameters() {
    for (header, expected) in [
        ("application/json; charset=utf-8", Some("application/json")),
        (" application/json\t", Some("application/json")),
        ("Application/JSON", Some("application/json")),
        (
            "APPLICATION/vnd.oci.image.index.v1+json",
            Some("application/vnd.oci.image.index.v1+json"),
        ),
        ("X/Y ;q", Some("X/Y")),
        ("", None),
        (";", None),
        ("a", None),
    ] {
        let read = MediaType::from_content_type(header).ok();
        assert_eq!(read.as_ref().map(MediaType::as_str), expected, "{header}");
    }
}

#[test]
fn kinds_are_told_apart() {
    for known in MediaType::KNOWN {
        let text = known.as_str();
        assert_eq!(
            known.is_image_manifest(),
            text.contains("manifest.v1+json") && text.contains("oci")
                || text.ends_with("manifest.v2+json")
        );
        assert_eq!(
            known.is_index(),
            text.contains("index") || text.contains("list"),
            "{known}"
        );
        assert_eq!(
            known.is_schema1(),
            text.contains("distribution.manifest.v1"),
            "{known}"
        );
        assert_eq!(
            known.is_nondistributable(),
            text.contains("nondistributable") || text.contains("foreign"),
            "{known}"
        );
    }
}

/// RFC 6838 section 4.2, letter by letter.
fn reference_recogniser(text: &str) -> bool {
    let parts: Vec<_> = text.split('/').collect();
    parts.len() == 2
        && parts.iter().all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.len() <= 127
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
        })
}

proptest! {
    #[test]
    fn the_parser_agrees_with_the_rfc(
        text in prop_oneof!["[a-z!#$&^_.+*/-]{0,12}", "[a-z]{1,3}/[a-zA-Z0-9.+]{0,130}", "\\PC{0,8}"],
    ) {
        let parsed = text.parse::<MediaType>();
        prop_assert_eq!(parsed.is_ok(), reference_recogniser(&text));
        if let Ok(parsed) = parsed {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }
}
