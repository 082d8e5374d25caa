//! Tests of links and query strings.

use proptest::prelude::*;

use super::*;

#[test]
fn a_link_cannot_be_left() {
    assert_eq!(
        link_next("/v2/_catalog", &[]),
        r#"</v2/_catalog>; rel="next""#
    );
    assert_eq!(
        link_next("/v2/a>\r\n/x", &[("last", "a/b c>\"é")]),
        "</v2/a%3E%0D%0A/x?last=a%2Fb%20c%3E%22%C3%A9>; rel=\"next\""
    );
}

#[test]
fn the_next_page_is_found_among_links() {
    for (header, expected) in [
        (r#"</a?n=1>; rel="next""#, Some("/a?n=1")),
        ("</a>;rel=next", Some("/a")),
        ("</a> ; REL = next ", Some("/a")),
        ("</a>; rel=\"prev NEXT\"", Some("/a")),
        ("<https://h/a;b,c>; rel=next", Some("https://h/a;b,c")),
        ("</a>; rel=prev, </b>; rel=next", Some("/b")),
        (",, </a>; rel=prev,,</b>; rel=next", Some("/b")),
        (r#"</a>; title="\"; rel=next", </b>; rel=next"#, Some("/b")),
        ("</a>; x; rel=next", Some("/a")),
        ("</a>; rel=prev; rel=next", None),
        ("</a>; rel=nextx", None),
        ("</a>; title=next", None),
        ("</a>; rel", None),
        ("</a>; rel=\"next", None),
        ("</a>", None),
        ("/a; rel=next", None),
        ("</a; rel=next", None),
        ("", None),
    ] {
        assert_eq!(parse_link_next(header), expected, "{header}");
    }
    assert_eq!(parse_link_next(&"</a>; rel=x, ".repeat(100_000)), None);
    assert_eq!(parse_link_next(&"</a>; ".repeat(100_000)), None);
}

#[test]
fn queries_are_decoded_in_order() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    for (query, expected) in [
        ("", vec![]),
        ("&&", vec![]),
        ("a", vec![pair("a", "")]),
        ("a=", vec![pair("a", "")]),
        ("=a", vec![pair("", "a")]),
        ("a=b=c", vec![pair("a", "b=c")]),
        (
            "n=1&last=x%2Fy+z",
            vec![pair("n", "1"), pair("last", "x/y z")],
        ),
        ("a=1&a=2", vec![pair("a", "1"), pair("a", "2")]),
        ("%61=%C3%a9", vec![pair("a", "é")]),
        ("tag=é", vec![pair("tag", "é")]),
    ] {
        assert_eq!(parse_query(query).unwrap(), expected, "{query}");
    }
}

#[test]
fn a_broken_query_is_refused_at_its_byte() {
    for (query, at) in [
        ("%", 0),
        ("a=%4", 2),
        ("a=1&b=%zz", 6),
        ("a=%+1", 2),
        ("%é", 0),
        ("a=%ff", 2),
        ("a=1&%ff=2", 4),
    ] {
        assert_eq!(parse_query(query).unwrap_err().at(), at, "{query}");
    }
    assert_eq!(parse_query(&"a&".repeat(128)).unwrap().len(), 128);
    assert_eq!(parse_query(&"a&".repeat(129)).unwrap_err().at(), 256);
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(pairs in proptest::collection::vec((".{1,9}", ".{0,9}"), 0..6)) {
        let params: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let link = link_next("/p", &params);
        prop_assert!(link.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(parse_link_next(&link), Some(&link[1..link.len() - 13]));
        let query = link.strip_prefix("</p").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        prop_assert_eq!(parse_query(query.strip_prefix('?').unwrap_or("")).unwrap(), pairs);
    }

    #[test]
    fn no_text_upsets_it(query in "\\PC{0,40}|[<>;,=\" a\\\\]{0,20}") {
        let _ = parse_link_next(&query);
        let _ = parse_query(&query);
    }
}
