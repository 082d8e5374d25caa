//! Tests of digests.

use proptest::prelude::*;

use super::*;

const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn hex(digits: usize) -> String {
    "0123456789abcdef".repeat(digits / 16 + 1)[..digits].to_owned()
}

/// Checks a text against both parsers; `at` is where each should stop, if it should.
#[track_caller]
fn check(text: &str, content_at: Option<usize>, any_at: Option<usize>) {
    let content = text.parse::<ContentDigest>();
    let any = text.parse::<Digest>();
    assert_eq!(
        content.as_ref().err().map(ParseError::at),
        content_at,
        "{text:.80}"
    );
    assert_eq!(any.as_ref().err().map(ParseError::at), any_at, "{text:.80}");
    if let Ok(content) = content {
        assert_eq!(content.to_string(), text);
    }
    if let Ok(any) = any {
        assert_eq!(any.as_str(), text);
        assert_eq!(any.to_string(), text);
    }
}

#[test]
fn registered_digests_have_exactly_their_lower_case_digits() {
    check(EMPTY, None, None);
    check(&format!("sha512:{}", hex(128)), None, None);
    for (text, at) in [
        (format!("sha256:{}", hex(63)), 70),
        (format!("sha256:{}", hex(65)), 71),
        (format!("sha256:{}", hex(128)), 71),
        (format!("sha512:{}", hex(64)), 71),
        (format!("sha512:{}", hex(127)), 134),
        (format!("sha512:{}", hex(129)), 135),
        (format!("sha256:{}", hex(64).to_uppercase()), 17),
        (format!("sha256:{}g", hex(63)), 70),
        (format!("sha256:{}\0", hex(63)), 70),
        (format!("sha256:{}é", hex(62)), 69),
        (format!("sha256:../{}", hex(61)), 7),
        (format!("sha256:{}\n", hex(64)), 71),
        ("sha256:".to_owned(), 7),
        ("sha512:".to_owned(), 7),
    ] {
        check(&text, Some(at), Some(at));
    }
}

#[test]
fn other_algorithms_are_for_descriptors_only() {
    for text in [
        "sha384:abc",
        "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
        "a+b.c_d-e:A-Z_=",
        "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
        "0:0",
    ] {
        check(text, Some(0), None);
    }
    check(&format!("x:{}", "a".repeat(253)), Some(0), None);
}

#[test]
fn what_the_grammar_does_not_admit_is_refused_at_its_byte() {
    for (text, at) in [
        ("", 0),
        (":", 0),
        (":abc", 0),
        ("sha256", 6),
        ("a:", 2),
        ("SHA256:abc", 0),
        ("sHa384:abc", 1),
        ("a++b:c", 2),
        ("+a:b", 0),
        ("a+:b", 2),
        ("a:b:c", 3),
        ("a:b c", 3),
        ("a:é", 2),
        ("é:a", 0),
        ("a/b:c", 1),
        ("a:..", 2),
    ] {
        check(text, Some(at), Some(at));
    }
    check(&format!("x:{}", "a".repeat(254)), Some(255), Some(255));
    check(&"a".repeat(5_000_000), Some(255), Some(255));
}

#[test]
fn what_is_wrong_with_a_registered_digest_is_said() {
    let odd = "only lower-case hexadecimal digits are allowed";
    for (text, reason) in [
        (
            format!("sha256:{}", hex(63)),
            "sha256 has exactly 64 hexadecimal digits",
        ),
        (
            format!("sha256:{}", hex(65)),
            "sha256 has exactly 64 hexadecimal digits",
        ),
        (
            format!("sha256:{}g", hex(64)),
            "sha256 has exactly 64 hexadecimal digits",
        ),
        (
            format!("sha512:{}", hex(64)),
            "sha512 has exactly 128 hexadecimal digits",
        ),
        (format!("sha256:{}g", hex(63)), odd),
        (format!("sha512:G{}", hex(127)), odd),
        (format!("sha256:{}g", hex(3)), odd),
    ] {
        let content = text.parse::<ContentDigest>().unwrap_err();
        assert_eq!(
            (content.what(), content.reason()),
            ("content digest", reason)
        );
        let any = text.parse::<Digest>().unwrap_err();
        assert_eq!((any.what(), any.reason()), ("digest", reason));
    }
    let error = "sha384:abc".parse::<ContentDigest>().unwrap_err();
    assert_eq!(error.reason(), "only sha256 and sha512 are registered");
}

#[test]
fn algorithms_have_one_spelling() {
    for (algorithm, text, len) in [
        (Algorithm::Sha256, "sha256", 32),
        (Algorithm::Sha512, "sha512", 64),
    ] {
        assert_eq!(text.parse(), Ok(algorithm));
        assert_eq!(algorithm.to_string(), text);
        assert_eq!(algorithm.digest_len(), len);
        let zeros = vec![0; len];
        let digest = ContentDigest::from_bytes(algorithm, &zeros).unwrap();
        assert_eq!(
            (digest.algorithm(), digest.bytes()),
            (algorithm, &zeros[..])
        );
        assert_eq!(ContentDigest::from_bytes(algorithm, &zeros[1..]), None);
        assert_eq!(ContentDigest::from_bytes(algorithm, &[0; 65]), None);
    }
    for text in ["", "sha384", "SHA256", "sha256 ", "sha-256"] {
        assert!(text.parse::<Algorithm>().is_err(), "{text}");
    }
}

#[test]
fn known_answers() {
    assert_eq!(ContentDigest::sha256(b"").to_string(), EMPTY);
    assert_eq!(
        ContentDigest::of(Algorithm::Sha512, b"abc").to_string(),
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    );
}

#[test]
fn a_mismatch_names_both_digests() {
    let (one, two) = (ContentDigest::sha256(b"1"), ContentDigest::sha256(b"2"));
    assert_eq!(one.verify(one), Ok(()));
    let error = one.verify(two).unwrap_err();
    assert_eq!((error.found(), error.expected()), (one, two));
    assert_eq!(
        error.to_string(),
        format!("the content has digest {one}, expected {two}")
    );
}

#[test]
fn serde_goes_through_the_parser() {
    let json = format!("\"{EMPTY}\"");
    assert_eq!(
        serde_json::from_str::<ContentDigest>(&json).unwrap(),
        ContentDigest::sha256(b"")
    );
    assert_eq!(
        serde_json::to_string(&ContentDigest::sha256(b"")).unwrap(),
        json
    );
    let any: Digest = serde_json::from_str("\"sha384:abc\"").unwrap();
    assert_eq!(
        (any.algorithm(), any.encoded(), any.content()),
        ("sha384", "abc", None)
    );
    assert_eq!(serde_json::to_string(&any).unwrap(), "\"sha384:abc\"");
    for json in ["\"sha256:abc\"", "\"\"", "1", "null", "[]"] {
        assert!(
            serde_json::from_str::<ContentDigest>(json).is_err(),
            "{json}"
        );
        assert!(serde_json::from_str::<Digest>(json).is_err(), "{json}");
    }
}

#[test]
fn a_digest_hashes_like_its_text() {
    use std::hash::BuildHasher;
    let state = std::hash::RandomState::new();
    let digest: Digest = EMPTY.parse().unwrap();
    assert_eq!(state.hash_one(&digest), state.hash_one(EMPTY));
}

#[test]
fn display_keeps_to_the_width() {
    assert_eq!(
        format!("{:>73}", ContentDigest::sha256(b"")),
        format!("  {EMPTY}")
    );
    assert_eq!(format!("{:?}", ContentDigest::sha256(b"")), EMPTY);
    assert_eq!(
        format!("{:?}", Digest::from(ContentDigest::sha256(b""))),
        EMPTY
    );
    assert_eq!(
        format!("{:.13}", ContentDigest::sha256(b"")),
        "sha256:e3b0c4"
    );
}

fn content() -> impl Strategy<Value = ContentDigest> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(ContentDigest::from_sha256),
        (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(a, b)| {
            ContentDigest::from_bytes(Algorithm::Sha512, &[a, b].concat()).unwrap()
        }),
    ]
}

/// The grammar of the image specification, step by step, and the rule for registered algorithms.
fn reference_recogniser(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return false;
    };
    let components_good = algorithm.split(['+', '.', '_', '-']).all(|component| {
        !component.is_empty()
            && component
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9'))
    });
    let encoded_good = !encoded.is_empty()
        && encoded
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "=_-".contains(c));
    let digits = |n| encoded.len() == n && encoded.chars().all(|c| "0123456789abcdef".contains(c));
    let registered_good = match algorithm {
        "sha256" => digits(64),
        "sha512" => digits(128),
        _ => true,
    };
    text.len() <= 255 && components_good && encoded_good && registered_good
}

proptest! {
    #[test]
    fn text_goes_round(digest in content()) {
        let text = digest.to_string();
        prop_assert_eq!(text.parse(), Ok(digest));
        let any: Digest = text.parse().unwrap();
        prop_assert_eq!(any.content(), Some(digest));
        prop_assert_eq!(&any, &Digest::from(digest));
        prop_assert_eq!(ContentDigest::from_bytes(digest.algorithm(), digest.bytes()), Some(digest));
    }

    #[test]
    fn order_equals_text_order(a in content(), b in content()) {
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.partial_cmp(&b), Some(a.cmp(&b)));
        prop_assert_eq!(Digest::from(a).partial_cmp(&Digest::from(b)), Some(a.cmp(&b)));
        prop_assert_eq!(Digest::from(a).cmp(&Digest::from(b)), a.cmp(&b));
    }

    #[test]
    fn the_parser_agrees_with_the_grammar(
        text in prop_oneof![
            "[a-z0-9+._:A-Z=-]{0,40}",
            "(sha256|sha512|sha384|a+b|x)[:+]([0-9a-f]{64}|[0-9a-f]{128}|[0-9a-gA-F]{62,66})",
            "\\PC{0,20}",
        ],
    ) {
        prop_assert_eq!(text.parse::<Digest>().is_ok(), reference_recogniser(&text));
        let registered = text.starts_with("sha256:") || text.starts_with("sha512:");
        prop_assert_eq!(
            text.parse::<ContentDigest>().is_ok(),
            registered && reference_recogniser(&text)
        );
    }
}
