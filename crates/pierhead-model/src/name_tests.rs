//! Tests of repository names and tags.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check<T: FromStr<Err = ParseError> + AsRef<str> + std::fmt::Debug>(
    text: &str,
    at: Option<usize>,
) {
    let parsed = text.parse::<T>();
    assert_eq!(parsed.as_ref().err().map(ParseError::at), at, "{text:.80}");
    if let Ok(parsed) = parsed {
        assert_eq!(parsed.as_ref(), text);
    }
}

#[test]
fn repository_names_follow_the_grammar() {
    let longest = "a".repeat(255);
    for name in [
        "a",
        "0",
        "a/b",
        "library/ubuntu",
        "syn101/a.b_c__d-e--f---g/1",
        "uploads",
        "manifests",
        "blobs",
        "a/b/c/d/e/f",
        "1.2.3",
        &longest,
    ] {
        check::<RepositoryName>(name, None);
    }
    for (name, at) in [
        ("", 0),
        ("/", 0),
        ("/a", 0),
        ("a/", 2),
        ("a//b", 2),
        ("A", 0),
        ("aB", 1),
        ("_catalog", 0),
        ("-a", 0),
        ("a-", 2),
        ("a.", 2),
        ("a_", 2),
        ("a..b", 2),
        ("a___b", 3),
        ("a._b", 2),
        ("a-.b", 2),
        ("a/../b", 2),
        ("a/./b", 2),
        ("a b", 1),
        ("a:b", 1),
        ("a@b", 1),
        ("a%2fb", 1),
        ("a\\b", 1),
        ("a\0", 1),
        ("a\n", 1),
        ("é", 0),
        ("a\u{212a}", 1),
    ] {
        check::<RepositoryName>(name, Some(at));
    }
    check::<RepositoryName>(&"a".repeat(256), Some(255));
    check::<RepositoryName>(&"a/".repeat(1_000_000), Some(255));
}

#[test]
fn tags_follow_the_grammar() {
    let longest = "t".repeat(128);
    for tag in [
        "latest",
        "_",
        "1",
        "V1.2-rc.3_x",
        "A",
        "a..b",
        "a-",
        "sha256-abc.sig",
        &longest,
    ] {
        check::<Tag>(tag, None);
    }
    for (tag, at) in [
        ("", 0),
        (".a", 0),
        ("-a", 0),
        ("a/b", 1),
        ("a:b", 1),
        ("a b", 1),
        ("a\r\n", 1),
        ("aé", 1),
        ("é", 0),
    ] {
        check::<Tag>(tag, Some(at));
    }
    check::<Tag>(&"t".repeat(129), Some(128));
}

#[test]
fn components_are_what_is_between_the_slashes() {
    let name: RepositoryName = "syn1/a-b/c".parse().unwrap();
    assert_eq!(name.components().collect::<Vec<_>>(), ["syn1", "a-b", "c"]);
    assert_eq!(name.components().next_back(), Some("c"));
}

#[test]
fn serde_goes_through_the_parser() {
    let name: RepositoryName = serde_json::from_str("\"syn1/a\"").unwrap();
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"syn1/a\"");
    assert!(serde_json::from_str::<RepositoryName>("\"syn1/A\"").is_err());
    assert!(serde_json::from_str::<Tag>("\"a b\"").is_err());
    // Escapes do not matter: what counts is the string.
    assert_eq!(
        serde_json::from_str::<Tag>(r#""\u0061""#).unwrap().as_str(),
        "a"
    );
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/…)*`, by taking it apart from the outside in.
fn reference_name(text: &str) -> bool {
    fn component(text: &str) -> bool {
        let run = text.find(|c| !matches!(c, 'a'..='z' | '0'..='9'));
        match run {
            None => !text.is_empty(),
            Some(0) => false,
            Some(end) => [".", "_", "__"]
                .into_iter()
                .map(str::to_owned)
                .chain((1..=text.len()).map(|n| "-".repeat(n)))
                .any(|separator| {
                    text[end..]
                        .strip_prefix(separator.as_str())
                        .is_some_and(component)
                }),
        }
    }
    text.len() <= 255 && text.split('/').all(component)
}

fn reference_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().next().is_some_and(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
        && text.chars().count() <= 128
}

proptest! {
    #[test]
    fn names_agree_with_the_reference(
        text in prop_oneof!["[a-c0._/-]{0,14}", "[a-z0-9]{1,3}([._/-]{1,3}[a-z0-9]{1,2}){0,4}", "\\PC{0,8}"],
    ) {
        prop_assert_eq!(text.parse::<RepositoryName>().is_ok(), reference_name(&text));
        prop_assert_eq!(text.parse::<Tag>().is_ok(), reference_tag(&text));
    }

    #[test]
    fn long_names_agree_with_the_reference(length in 240_usize..270, tag in 120_usize..135) {
        let text = "a".repeat(length);
        prop_assert_eq!(text.parse::<RepositoryName>().is_ok(), reference_name(&text));
        let text = "a".repeat(tag);
        prop_assert_eq!(text.parse::<Tag>().is_ok(), reference_tag(&text));
    }

    #[test]
    fn order_equals_text_order(a in "[a-z]{1,4}(/[a-z]{1,3})?", b in "[a-z]{1,4}(/[a-z]{1,3})?") {
        let (left, right): (RepositoryName, RepositoryName) = (a.parse().unwrap(), b.parse().unwrap());
        prop_assert_eq!(left.cmp(&right), a.cmp(&b));
    }
}
