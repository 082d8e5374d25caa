//! Tests of negotiation.

use super::*;

#[test]
fn the_most_specific_range_decides() {
    let json = MediaType::JSON;
    for (headers, allowed) in [
        (&[][..], true),
        (&[""], true),
        (&["garbage"], true),
        (&["*/*"], true),
        (&["application/*"], true),
        (&["application/json"], true),
        (&["APPLICATION/JSON"], true),
        (&["text/html"], false),
        (&["text/html", "application/json"], true),
        (&["text/html, application/json ;q=0.5"], true),
        (&["text/html,,"], false),
        (&["application/json;q=0"], false),
        (&["application/json; q=0.000"], false),
        (&["application/json;Q=0"], false),
        (&["application/json;q=0.001"], true),
        (&["application/json;q="], true),
        (&["*/*, application/json;q=0"], false),
        (&["application/json;q=0, */*"], false),
        (&["application/json, */*;q=0"], true),
        (&["application/*;q=0, */*"], false),
        (&["text/*"], false),
        (&["*/json"], true),
        (&["/*"], true),
        (&["text/html;level=1;q=0"], false),
    ] {
        let list = AcceptList::parse(headers.iter().copied());
        assert_eq!(list.allows(&json), allowed, "{headers:?}");
    }
}

#[test]
fn what_is_beyond_the_limit_allows_everything() {
    let many = "text/html,".repeat(MAX_ACCEPT_RANGES * 1000);
    let list = AcceptList::parse([many.as_str()]);
    assert_eq!(list.ranges.len(), MAX_ACCEPT_RANGES);
    assert!(list.allows(&MediaType::JSON));
    assert!(!list.is_empty());
    // Nonsense does not count, and is linear.
    assert!(AcceptList::parse([";,".repeat(100_000).as_str()]).is_empty());
}

#[test]
fn entity_tags_are_compared_weakly() {
    let tag = r#""sha256:ab""#;
    for (header, expected) in [
        (r#""sha256:ab""#, true),
        (r#"W/"sha256:ab""#, true),
        (r#""x", "sha256:ab""#, true),
        (r#""a,b","sha256:ab""#, true),
        (r#" , "sha256:ab" , "#, true),
        ("*", true),
        (" * ", true),
        ("", false),
        ("sha256:ab", false),
        (r#""sha256:ab"#, false),
        (r#""SHA256:AB""#, false),
        (r#""sha256:abc""#, false),
        (r#"w/"sha256:ab""#, false),
        (r#""*""#, false),
    ] {
        assert_eq!(etag_matches(header, tag), expected, "{header}");
    }
    assert!(etag_matches(r#""a""#, r#"W/"a""#));
    assert!(!etag_matches(&r#""x","#.repeat(100_000), tag));
    assert!(!etag_matches(&"\"".repeat(100_001), tag));
}
