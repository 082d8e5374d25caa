use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use proptest::prelude::*;

use super::*;

/// Throw-away keys made with another implementation; bodies only, so that no scanner takes them for real.
const P256: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0JQjulUmMIBbvbC/
szT5SBrwmZIzT/QATfgNk4VxBiihRANCAAQ8CsJZ1cHeB4iUCrYQ12UBHNbJFg7F
CcH/REeqY850u6HKP+7X6WNc8lK4LNpdpY3Ug44CZoiWsZBbgaCU7A1G";
const P384: &str = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAlJVtgV/QeY8ihm+WU
9r3opbW7SLV/PfNHTzysxsFDR+OYV1w9ZMG+G04FTsc3pWKhZANiAAT20sUAjnFG
2ajuEZyuaP18VSCLHPa5P3uITxXUglOlv8JPdWoxuhEhXZJQDerhJb6KnihdC189
WRu2YG5IIKtr4NRe+y1As7q1pciSit2m4nTCOj+vRSBUsA4yRJTodQ0=";
const SEC1: &str = "MHcCAQEEIGxGixh2TkptR6owaQqvNs+rwJjNFrCDfS4OMz6Y6jStoAoGCCqGSM49
AwEHoUQDQgAElUAQ0ooaxgKQ1aacFJ0sqFXvi+phsOtFa8id1pq+vQ1uMbM5+doF
+qasfgI6VJudV2z3AP9lXa5nRBwozMtOnw==";

fn wrap(tag: &str, body: &str) -> String {
    format!("-----BEGIN {tag}-----\n{body}\n-----END {tag}-----\n")
}

#[test]
fn a_key_survives_its_file() {
    let key = SigningKey::generate().unwrap();
    let file = key.to_pem();
    assert!(file.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let read = SigningKey::from_pem(file.expose()).unwrap();
    assert_eq!(read.id(), key.id());
    assert_eq!(read.to_pem(), file);
    assert_ne!(SigningKey::generate().unwrap().id(), key.id());
}

#[test]
fn a_key_of_another_implementation_is_read_and_named_by_its_rfc_7638_thumbprint() {
    let key = SigningKey::from_pem(&wrap("PRIVATE KEY", P256)).unwrap();
    let jwk = Jwk::from_encoding_key(key.private(), Algorithm::ES256).unwrap();
    assert_eq!(
        key.id().as_str(),
        jwk.thumbprint(ThumbprintHash::SHA256).unwrap()
    );
    assert_eq!(key.id().as_str().len(), 43);
}

#[test]
fn what_is_no_p256_pkcs8_key_says_why() {
    type Rule = fn(&KeyError) -> bool;
    let good = wrap("PRIVATE KEY", P256);
    let table: &[(&str, String, Rule)] = &[
        ("nothing", String::new(), |e| matches!(e, KeyError::Pem(_))),
        ("no pem", "hunter22".into(), |e| {
            matches!(e, KeyError::Pem(_))
        }),
        ("cut", good[..100].into(), |e| matches!(e, KeyError::Pem(_))),
        ("huge", "A".repeat(1 << 20), |e| {
            matches!(e, KeyError::Pem(_))
        }),
        ("sec 1", wrap("EC PRIVATE KEY", SEC1), |e| {
            matches!(e, KeyError::PemTag)
        }),
        ("a certificate", wrap("CERTIFICATE", P256), |e| {
            matches!(e, KeyError::PemTag)
        }),
        ("sec 1 under another tag", wrap("PRIVATE KEY", SEC1), |e| {
            matches!(e, KeyError::Pkcs8)
        }),
        ("another curve", wrap("PRIVATE KEY", P384), |e| {
            matches!(e, KeyError::Pkcs8)
        }),
        ("some bytes", wrap("PRIVATE KEY", "AAAA"), |e| {
            matches!(e, KeyError::Pkcs8)
        }),
    ];
    for (rule, text, expected) in table {
        let error = SigningKey::from_pem(text).unwrap_err();
        assert!(expected(&error), "{rule}: {error:?}");
    }
}

#[test]
fn debug_shows_the_id_only() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey {{ id: {:?}, .. }}", key.id())
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(der in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        prop_assert!(SigningKey::from_pkcs8(&der).is_err());
        let _ = SigningKey::from_pem(&wrap("PRIVATE KEY", &text));
    }
}
