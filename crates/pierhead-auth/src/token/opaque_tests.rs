use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[test]
fn a_generated_token_has_the_documented_form_and_parses() {
    fn check<K: sealed::Kind>() {
        let (token, kept) = OpaqueToken::<K>::generate().unwrap();
        let text = token.expose();
        assert_eq!(text.len(), 53);
        assert!(text.starts_with(K::KIND.prefix()));
        assert!(
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{text}"
        );
        assert_eq!(TokenKind::of(text), Some(K::KIND));
        assert_eq!(OpaqueToken::<K>::parse(text).unwrap().hash(), kept);
        assert!(!format!("{token:?}").contains(&text[4..]));
    }
    check::<Personal>();
    check::<Session>();
    check::<Refresh>();
    check::<Invitation>();
    check::<Email>();
    check::<Reset>();
}

#[test]
fn the_form_is_fixed_for_good() {
    // Tokens are in people's hands: a change of checksum or hash would refuse them all.
    let text = "php_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
    let text = format!("{text}{}", std::str::from_utf8(&checksum(text)).unwrap());
    assert_eq!(
        text,
        "php_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg206lyQ"
    );
    let hash = PersonalToken::parse(&text).unwrap().hash();
    assert_eq!(format!("{hash:?}"), "TokenHash(558a6cfb…)");
}

#[test]
fn what_is_no_token_of_the_kind_says_why() {
    use TokenTextError as E;
    let (personal, _) = PersonalToken::generate().unwrap();
    let (session, _) = SessionToken::generate().unwrap();
    let good = personal.expose();
    let other = |found| E::OtherKind {
        found,
        wanted: TokenKind::Personal,
    };
    let table = [
        ("a password", "hunter22".to_owned(), E::Prefix),
        ("nothing", String::new(), E::Prefix),
        ("a jwt", "eyJhbGciOiJFUzI1NiJ9.e30.AA".to_owned(), E::Prefix),
        ("another case", good.replacen("php_", "PHP_", 1), E::Prefix),
        ("a space before", format!(" {good}"), E::Prefix),
        (
            "a session",
            session.expose().to_owned(),
            other(TokenKind::Session),
        ),
        (
            "a refresh token",
            good.replacen("php_", "phr_", 1),
            other(TokenKind::Refresh),
        ),
        (
            "a session made personal",
            session.expose().replacen("phs_", "php_", 1),
            E::Checksum,
        ),
        ("cut", good[..52].to_owned(), E::Length),
        ("the prefix alone", "php_".to_owned(), E::Length),
        ("a line break after", format!("{good}\n"), E::Length),
        ("very long", "php_".repeat(100_000), E::Length),
        (
            "letters of two bytes",
            format!("php_{}a", "ä".repeat(24)),
            E::Checksum,
        ),
    ];
    for (rule, text, expected) in table {
        assert_eq!(PersonalToken::parse(&text).unwrap_err(), expected, "{rule}");
    }
}

#[test]
fn every_single_typing_error_is_recognised() {
    let (token, _) = PersonalToken::generate().unwrap();
    let good = token.expose().as_bytes();
    for place in PREFIX..LENGTH {
        for other in *ALPHABET {
            let mut text = good.to_vec();
            text[place] = other;
            let text = String::from_utf8(text).unwrap();
            let parsed = PersonalToken::parse(&text);
            assert_eq!(parsed.is_ok(), other == good[place], "{text}");
        }
    }
}

#[test]
fn tokens_differ_and_use_every_character() {
    let mut seen = HashSet::new();
    let mut used = HashSet::new();
    for _ in 0..200 {
        let (token, hash) = PersonalToken::generate().unwrap();
        used.extend(token.expose()[PREFIX..PREFIX + BODY].bytes());
        assert!(seen.insert(*hash.as_bytes()));
    }
    assert_eq!(used.len(), 62);
}

#[test]
fn a_hash_survives_the_store() {
    let (_, hash) = SessionToken::generate().unwrap();
    let read = TokenHash::from_bytes(*hash.as_bytes());
    assert_eq!(read, hash);
    let mut other = *hash.as_bytes();
    other[31] ^= 1;
    assert_ne!(TokenHash::from_bytes(other), hash);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,70}", body in "\\PC{49}") {
        let _ = PersonalToken::parse(&text);
        let _ = PersonalToken::parse(&format!("php_{text}"));
        let body = format!("php_{body}");
        prop_assert!(PersonalToken::parse(&body).is_err());
    }
}
