//! The cursor against `serde_json`.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::scan::Cursor;

fn accepts(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes(), 100).unwrap();
    cursor.skip().and_then(|()| cursor.end()).is_ok()
}

/// What `serde_json` takes, strings decoded so that lone surrogates count.
fn oracle(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
        && serde_json::from_str::<serde_json::Value>(text)
            .map_or_else(|error| error.to_string().contains("out of range"), |_| true)
}

/// JSON of all sorts, as text.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        "\\PC{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[ -~]{0,20}\n?".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6)
                .prop_map(|all| format!("[{}]", all.join(" , "))),
            proptest::collection::vec(("[a-z]{0,9}", inner), 0..6).prop_map(|all| {
                let all: Vec<_> = all.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", all.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn valid_json_is_passed_over(text in json()) {
        prop_assert!(accepts(&text), "{}", text);
    }

    #[test]
    fn damaged_json_is_judged_alike(
        text in json(),
        at in any::<proptest::sample::Index>(),
        with in prop_oneof![Just(""), Just("\""), Just("\\"), Just("\\ud800"), Just("\\u0041"), Just("0"), Just("-"), Just("."), Just("e"), Just(","), Just("}"), Just("\u{1}"), Just("é")],
    ) {
        let mut chars: Vec<String> = text.chars().map(String::from).collect();
        let at = at.index(chars.len());
        chars[at] = with.to_owned();
        let text = chars.concat();
        prop_assert_eq!(accepts(&text), oracle(&text), "{}", text);
    }

    #[test]
    fn strings_decode_alike(text in "(\\PC|[\\x00-\\x7f]){0,40}", escape in any::<bool>()) {
        let json = if escape {
            let units: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{}\"", units.concat())
        } else {
            serde_json::to_string(&text).unwrap()
        };
        let mut cursor = Cursor::new(json.as_bytes(), 1).unwrap();
        prop_assert_eq!(cursor.peek(), Some(b'"'));
        prop_assert_eq!(cursor.string().unwrap().decode(), text);
        prop_assert_eq!(cursor.at(), json.len());
    }
}

#[test]
fn a_small_number_is_taken_only_whole() {
    for (text, expected) in [
        ("0", Some((0, 1))),
        ("7}", Some((7, 1))),
        ("10,", Some((10, 2))),
        ("999999999999999999]", Some((999_999_999_999_999_999, 18))),
        ("1000000000000000000", None),
        ("99999999999999999999999", None),
        ("00", None),
        ("01", None),
        ("1.0", None),
        ("1e3", None),
        ("1E3", None),
        ("-0", None),
        ("", None),
        ("x", None),
        ("/", None),
        (":", None),
    ] {
        let mut cursor = Cursor::new(text.as_bytes(), 1).unwrap();
        let found = cursor.small_number().map(|value| (value, cursor.at()));
        assert_eq!(found, expected, "{text}");
        assert_eq!(cursor.at(), expected.map_or(0, |(_, at)| at), "{text}");
    }
}

#[test]
fn a_text_is_taken_only_if_it_stands_there() {
    for (json, text, at) in [
        (r#""a/b","#, "a/b", 5),
        (r#""a/b"#, "a/b", 0),
        (r#""a/bc""#, "a/b", 0),
        (r#""a/c""#, "a/b", 0),
        (r#" "a/b""#, "a/b", 0),
        ("a/b", "a/b", 0),
        (r#""""#, "", 2),
        ("", "", 0),
    ] {
        let mut cursor = Cursor::new(json.as_bytes(), 1).unwrap();
        assert_eq!(cursor.take_quoted(text), at > 0, "{json}");
        assert_eq!(cursor.at(), at, "{json}");
    }
}

#[test]
fn a_control_character_is_seen_wherever_it_stands_in_a_string() {
    for length in 1..=24 {
        for at in 0..length {
            for control in 0..=0x1f_u8 {
                let mut text = "a".repeat(length);
                text.replace_range(at..=at, &char::from(control).to_string());
                assert!(
                    !accepts(&format!("\"{text}\"")),
                    "{control:#x} at {at} of {length}"
                );
            }
            // The first character that is none, and those that only look like one from afar.
            for good in [
                " ", "!", "#", "\u{7f}", "\u{80}", "\u{9c}", "\u{a2}", "\u{85c}", "\u{ffff}",
            ] {
                let mut text = "a".repeat(length);
                text.replace_range(at..=at, good);
                assert!(
                    accepts(&format!("\"{text}\"")),
                    "{good:?} at {at} of {length}"
                );
            }
        }
    }
}
