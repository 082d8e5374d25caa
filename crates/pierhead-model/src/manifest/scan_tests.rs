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
