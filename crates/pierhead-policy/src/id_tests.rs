use super::{BadEntityId, BadPrefix, EntityId, NotAName, ProjectIds};
use proptest::prelude::*;

fn id(number: u64) -> EntityId {
    EntityId::new(number).unwrap()
}

#[test]
fn a_repository_name_is_a_project_id_and_components() {
    let long_rest = "a".repeat(255 - "syn1/".len());
    let fits = format!("syn1/{long_rest}");
    for (name, expected) in [
        ("syn1/a", (1, "a")),
        ("syn123/a/b", (123, "a/b")),
        ("syn9223372036854775807/x", (9_223_372_036_854_775_807, "x")),
        ("syn1/a.b_c__d---e0", (1, "a.b_c__d---e0")),
        (fits.as_str(), (1, long_rest.as_str())),
    ] {
        let (number, rest) = expected;
        assert_eq!(ProjectIds::default().split(name), Ok((id(number), rest)));
    }
}

#[test]
fn what_is_not_a_repository_name_says_why() {
    let too_long = format!("syn1/{}", "a".repeat(251));
    for (name, why) in [
        // Section 9, case 12.
        ("syn00123/x", NotAName::NotAProjectId),
        ("SYN123/x", NotAName::NotAProjectId),
        ("123/x", NotAName::NotAProjectId),
        ("syn123", NotAName::NoComponent),
        ("syn123/", NotAName::NoComponent),
        ("syn+1/x", NotAName::NotAProjectId),
        ("syn0/x", NotAName::NotAProjectId),
        // More of the kind.
        ("", NotAName::NotAProjectId),
        ("/x", NotAName::NotAProjectId),
        ("syn/x", NotAName::NotAProjectId),
        ("syn-1/x", NotAName::NotAProjectId),
        ("syn1 /x", NotAName::NotAProjectId),
        ("syn１/x", NotAName::NotAProjectId),
        ("syn9223372036854775808/x", NotAName::NotAProjectId),
        ("syn18446744073709551617/x", NotAName::NotAProjectId),
        ("library/ubuntu", NotAName::NotAProjectId),
        ("syn1//x", NotAName::BadComponent),
        ("syn1/x/", NotAName::BadComponent),
        ("syn1/X", NotAName::BadComponent),
        ("syn1/.x", NotAName::BadComponent),
        ("syn1/x-", NotAName::BadComponent),
        ("syn1/a..b", NotAName::BadComponent),
        ("syn1/a___b", NotAName::BadComponent),
        ("syn1/a-_b", NotAName::BadComponent),
        ("syn1/é", NotAName::BadComponent),
        (too_long.as_str(), NotAName::TooLong),
    ] {
        assert_eq!(ProjectIds::default().split(name), Err(why), "{name}");
    }
}

#[test]
fn the_management_api_takes_three_forms_and_answers_with_one() {
    let ids = ProjectIds::default();
    for text in ["syn101", "SYN101", "Syn101", "101"] {
        assert_eq!(ids.parse_lenient(text), Ok(id(101)), "{text}");
    }
    for text in [
        "", "syn", "syn0", "0", "syn0101", "0101", "+101", "synsyn1", "sy101", "é101",
    ] {
        assert_eq!(ids.parse_lenient(text), Err(BadEntityId), "{text}");
    }
    assert_eq!(ids.show(id(101)).to_string(), "syn101");
}

#[test]
fn a_prefix_is_lower_case_letters() {
    for prefix in ["", "Syn", "syn1", "s-n", "abcdefghijklmnopq"] {
        assert_eq!(ProjectIds::new(prefix).unwrap_err(), BadPrefix, "{prefix}");
    }
    assert_eq!(ProjectIds::default().prefix(), "syn");
    let ids = ProjectIds::new("lab").unwrap();
    assert_eq!(ids.prefix(), "lab");
    assert_eq!(ids.split("lab7/x"), Ok((id(7), "x")));
    assert_eq!(ids.split("syn7/x"), Err(NotAName::NotAProjectId));
}

#[test]
fn an_entity_id_is_read_back_only_in_range() {
    assert_eq!(serde_json::to_string(&id(7)).unwrap(), "7");
    assert_eq!(serde_json::from_str::<EntityId>("7").unwrap(), id(7));
    assert!(serde_json::from_str::<EntityId>("0").is_err());
    assert!(serde_json::from_str::<EntityId>("9223372036854775808").is_err());
}

/// The distribution grammar's component, by hand and backtracking, as an oracle.
fn component_by_grammar(text: &str) -> bool {
    fn after_word(rest: &[u8]) -> bool {
        let word = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9');
        match rest {
            [] => true,
            [b, tail @ ..] if word(b) => after_word(tail),
            [b'_', b'_', b, tail @ ..] if word(b) => after_word(tail),
            [b'.' | b'_', b, tail @ ..] if word(b) => after_word(tail),
            [b'-', tail @ ..] => {
                let dashes = tail.iter().take_while(|b| **b == b'-').count();
                match &tail[dashes..] {
                    [b, tail @ ..] if word(b) => after_word(tail),
                    _ => false,
                }
            }
            _ => false,
        }
    }
    let first = text.as_bytes().first();
    first.is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9')) && after_word(text.as_bytes())
}

proptest! {
    #[test]
    fn components_follow_the_grammar(text in "[a-b0._/A-]{0,8}") {
        let expected = text.split('/').all(component_by_grammar);
        let name = format!("syn5/{text}");
        prop_assert_eq!(ProjectIds::default().split(&name).is_ok(), expected);
    }

    #[test]
    fn every_id_is_read_back_as_it_is_shown(number in 1..=EntityId::MAX.get()) {
        let ids = ProjectIds::default();
        let shown = ids.show(id(number)).to_string();
        prop_assert_eq!(ids.parse(&shown), Ok(id(number)));
        prop_assert_eq!(ids.parse_lenient(&shown), Ok(id(number)));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,24}") {
        let ids = ProjectIds::default();
        let _ = (ids.parse(&text), ids.parse_lenient(&text), ids.split(&text));
    }
}
