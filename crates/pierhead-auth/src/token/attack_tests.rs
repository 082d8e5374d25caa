//! Every way to get past the signature or the claims that has been tried on somebody.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::SigningKey;
use super::super::ring::tests::{AUD, ISS, NOW, check, claims, expected};
use super::*;

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token with any header and claims, signed with `key` as ES256 whatever the header says.
fn forge(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), key.private(), Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn headers_cannot_choose_the_key_or_the_rules() {
    let key = SigningKey::generate().unwrap();
    let mallory = SigningKey::generate().unwrap();
    let ring = KeyRing::new(key.clone());
    let kid = key.id().as_str();
    let good = serde_json::to_value(claims()).unwrap();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": kid});
    let with = |field: &str, value: Value| {
        let mut header = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
        header[field] = value;
        forge(&key, &header, &good)
    };
    let table = [
        (
            "as issued",
            forge(
                &key,
                &json!({"alg": "ES256", "typ": "JWT", "kid": kid}),
                &good,
            ),
            "Ok",
        ),
        (
            "no type",
            forge(&key, &json!({"alg": "ES256", "kid": kid}), &good),
            "Ok",
        ),
        ("alg none", with("alg", json!("none")), "Algorithm"),
        ("alg None", with("alg", json!("None")), "Algorithm"),
        ("alg es256", with("alg", json!("es256")), "Algorithm"),
        ("alg ES384", with("alg", json!("ES384")), "Algorithm"),
        ("alg HS256", with("alg", json!("HS256")), "Algorithm"),
        ("alg RS256", with("alg", json!("RS256")), "Algorithm"),
        ("alg EdDSA", with("alg", json!("EdDSA")), "Algorithm"),
        ("alg empty", with("alg", json!("")), "Algorithm"),
        ("alg a list", with("alg", json!(["ES256"])), "Malformed"),
        ("alg null", with("alg", json!(null)), "Malformed"),
        (
            "no alg",
            forge(&key, &json!({"kid": kid}), &good),
            "Malformed",
        ),
        ("jwk", with("jwk", jwk), "Header"),
        ("jwk null", with("jwk", json!(null)), "Header"),
        (
            "jku",
            with("jku", json!("https://mallory.example/keys")),
            "Header",
        ),
        ("x5c", with("x5c", json!(["AAAA"])), "Header"),
        (
            "x5u",
            with("x5u", json!("https://mallory.example/cert")),
            "Header",
        ),
        ("x5t", with("x5t", json!("AAAA")), "Header"),
        ("x5t#S256", with("x5t#S256", json!("AAAA")), "Header"),
        ("crit", with("crit", json!(["exp"])), "Header"),
        ("crit empty", with("crit", json!([])), "Header"),
        ("b64", with("b64", json!(false)), "Header"),
        ("zip", with("zip", json!("DEF")), "Header"),
        ("nested", with("cty", json!("JWT")), "Header"),
        ("another type", with("typ", json!("dpop+jwt")), "Header"),
        (
            "two of them",
            forge(
                &key,
                &json!({"alg": "ES256", "kid": kid, "jwk": 1, "jku": 1}),
                &good,
            ),
            "Malformed",
        ),
        ("an unknown header", with("hello", json!(1)), "Malformed"),
        (
            "no kid",
            forge(&key, &json!({"alg": "ES256"}), &good),
            "UnknownKey",
        ),
        ("kid of nobody", with("kid", json!("nobody")), "UnknownKey"),
        (
            "kid a path",
            with("kid", json!("../../../dev/null")),
            "UnknownKey",
        ),
        (
            "kid a query",
            with("kid", json!("' OR 1=1 --")),
            "UnknownKey",
        ),
        ("kid empty", with("kid", json!("")), "UnknownKey"),
        ("kid a number", with("kid", json!(1)), "Malformed"),
        (
            "another key under our kid",
            forge(&mallory, &json!({"alg": "ES256", "kid": kid}), &good),
            "Signature",
        ),
        (
            "another key under its own kid",
            forge(
                &mallory,
                &json!({"alg": "ES256", "kid": mallory.id().as_str()}),
                &good,
            ),
            "UnknownKey",
        ),
        (
            "header no object",
            forge(&key, &json!([]), &good),
            "Malformed",
        ),
        (
            "claims no object",
            forge(&key, &json!({"alg": "ES256", "kid": kid}), &json!([1])),
            "Malformed",
        ),
    ];
    for (rule, token, wanted) in table {
        check(rule, &ring, &token, NOW, wanted);
    }
}

#[test]
fn a_header_named_twice_is_refused() {
    let key = SigningKey::generate().unwrap();
    let header = format!(r#"{{"alg":"none","alg":"ES256","kid":"{}"}}"#, key.id());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), encode(&json!({})));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), key.private(), Algorithm::ES256).unwrap();
    check(
        "alg twice",
        &KeyRing::new(key),
        &format!("{message}.{signature}"),
        NOW,
        "Malformed",
    );
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let key = SigningKey::generate().unwrap();
    let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
    header.kid = Some(key.id().as_str().to_owned());
    let secret = jsonwebtoken::EncodingKey::from_secret(&key.public_point());
    let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    let ring = KeyRing::new(key.clone());
    check("hs256 with the public key", &ring, &token, NOW, "Algorithm");

    let (_, rest) = token.split_once('.').unwrap();
    let es256 = encode(&json!({"alg": "ES256", "kid": key.id().as_str()}));
    check(
        "its mac as a signature",
        &ring,
        &format!("{es256}.{rest}"),
        NOW,
        "Signature",
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn claims_are_held_to_what_is_expected() {
    let key = SigningKey::generate().unwrap();
    let ring = KeyRing::new(key.clone());
    let header = json!({"alg": "ES256", "kid": key.id().as_str()});
    let good = serde_json::to_value(claims()).unwrap();
    let with = |changes: &[(&str, Value)]| {
        let mut claims = good.clone();
        for (field, value) in changes {
            claims[*field] = value.clone();
        }
        forge(&key, &header, &claims)
    };
    let without = |field: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(field);
        forge(&key, &header, &claims)
    };
    let table = [
        (
            "another issuer",
            with(&[("iss", json!("https://mallory.example"))]),
            NOW,
            "WrongIssuer",
        ),
        (
            "issuer with a slash",
            with(&[("iss", json!(format!("{ISS}/")))]),
            NOW,
            "WrongIssuer",
        ),
        (
            "issuer in capitals",
            with(&[("iss", json!(ISS.to_uppercase()))]),
            NOW,
            "WrongIssuer",
        ),
        ("issuers", with(&[("iss", json!([ISS]))]), NOW, "Malformed"),
        ("no issuer", without("iss"), NOW, "Malformed"),
        (
            "another audience",
            with(&[("aud", json!("registry.example"))]),
            NOW,
            "WrongAudience",
        ),
        (
            "empty audience",
            with(&[("aud", json!(""))]),
            NOW,
            "WrongAudience",
        ),
        (
            "audiences",
            with(&[("aud", json!([AUD, "other"]))]),
            NOW,
            "Malformed",
        ),
        ("no audience", without("aud"), NOW, "Malformed"),
        ("last good second", with(&[]), NOW + 899, "Ok"),
        ("first bad second", with(&[]), NOW + 900, "Expired"),
        ("long expired", with(&[]), NOW + 1_000_000, "Expired"),
        ("no expiry", without("exp"), NOW, "Malformed"),
        (
            "expiry null",
            with(&[("exp", json!(null))]),
            NOW,
            "Malformed",
        ),
        (
            "expiry negative",
            with(&[("exp", json!(-1))]),
            NOW,
            "Malformed",
        ),
        (
            "expiry a fraction",
            with(&[("exp", json!(1.8e9))]),
            NOW,
            "Malformed",
        ),
        (
            "expiry a text",
            with(&[("exp", json!("1900000000"))]),
            NOW,
            "Malformed",
        ),
        (
            "expiry at the end of time",
            with(&[("exp", json!(u64::MAX))]),
            NOW,
            "Lifetime",
        ),
        (
            "expiry before issue",
            with(&[("exp", json!(NOW - 1))]),
            NOW,
            "Lifetime",
        ),
        (
            "a day",
            with(&[("exp", json!(NOW + MAX_LIFETIME))]),
            NOW,
            "Ok",
        ),
        (
            "a day and a second",
            with(&[("exp", json!(NOW + MAX_LIFETIME + 1))]),
            NOW,
            "Lifetime",
        ),
        (
            "not before later",
            with(&[("nbf", json!(NOW + 1))]),
            NOW,
            "NotYetValid",
        ),
        (
            "not before has come",
            with(&[("nbf", json!(NOW + 1))]),
            NOW + 1,
            "Ok",
        ),
        ("no nbf", without("nbf"), NOW, "Malformed"),
        (
            "made in the future",
            with(&[("iat", json!(NOW + 500)), ("exp", json!(NOW + 600))]),
            NOW,
            "IssuedInFuture",
        ),
        (
            "a clock before it was made",
            with(&[]),
            NOW - 1,
            "IssuedInFuture",
        ),
        ("no holder", without("holder"), NOW, "Malformed"),
        (
            "holder of a new kind",
            with(&[("holder", json!({"kind": "root"}))]),
            NOW,
            "Malformed",
        ),
        (
            "holder without versions",
            with(&[("holder", json!({"kind": "account", "account": 7}))]),
            NOW,
            "Malformed",
        ),
        (
            "access no list",
            with(&[("access", json!("syn101/app"))]),
            NOW,
            "Malformed",
        ),
        ("no epoch", without("epoch"), NOW, "Malformed"),
    ];
    for (rule, token, now, wanted) in table {
        check(rule, &ring, &token, now, wanted);
    }
}

#[test]
fn shape_and_length_are_checked_before_anything_else() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let good = ring.issue(&claims()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, body, signature] = parts[..] else {
        panic!("three parts")
    };
    let none = encode(&json!({"alg": "none", "kid": "x"}));
    let table = [
        ("nothing", String::new(), "Malformed"),
        ("one dot", ".".into(), "Malformed"),
        ("two dots", "..".into(), "Malformed"),
        ("a million dots", ".".repeat(1_000_000), "TooLong"),
        (
            "as many dots as fit",
            ".".repeat(super::super::MAX_TOKEN),
            "Malformed",
        ),
        ("a million letters", "A".repeat(1_000_000), "TooLong"),
        (
            "good and many dots",
            format!("{good}{}", ".".repeat(10_000)),
            "Malformed",
        ),
        ("a fourth part", format!("{good}.{signature}"), "Malformed"),
        ("two parts", format!("{header}.{body}"), "Malformed"),
        ("no header", format!(".{body}.{signature}"), "Malformed"),
        ("no claims", format!("{header}..{signature}"), "Signature"),
        ("no signature", format!("{header}.{body}."), "Signature"),
        (
            "alg none and no signature",
            format!("{none}.{body}."),
            "Algorithm",
        ),
        (
            "padding",
            format!("{header}.{body}.{signature}="),
            "Malformed",
        ),
        ("a space after", format!("{good} "), "Malformed"),
        ("a line break after", format!("{good}\n"), "Malformed"),
        (
            "a nul",
            format!("{header}.{body}.\0{signature}"),
            "Malformed",
        ),
        (
            "signature doubled",
            format!("{header}.{body}.{signature}{signature}"),
            "Signature",
        ),
        (
            "header in place of claims",
            format!("{header}.{header}.{signature}"),
            "Signature",
        ),
    ];
    for (rule, token, wanted) in table {
        check(rule, &ring, &token, NOW, wanted);
    }
}

#[test]
fn signatures_of_nothing_are_wrong() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let good = ring.issue(&claims()).unwrap();
    let (message, _) = good.rsplit_once('.').unwrap();
    for (rule, bytes) in [
        ("zeros", [0_u8; 64]),
        ("ones", [0xff; 64]),
        ("r = s = 1", {
            let mut one = [0_u8; 64];
            (one[31], one[63]) = (1, 1);
            one
        }),
    ] {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
        check(rule, &ring, &token, NOW, "Signature");
    }
}

#[test]
fn no_cut_and_no_changed_character_verifies() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let good = ring.issue(&claims()).unwrap();
    for end in 0..good.len() {
        assert!(
            ring.verify(&good[..end], &expected(), NOW).is_err(),
            "cut at {end}"
        );
    }
    for place in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            ring.verify(&changed, &expected(), NOW).is_err(),
            "changed at {place}"
        );
    }
    // base64url has room for two loose bits at the end of a 64-byte signature: they must be zero.
    let last = good.as_bytes()[good.len() - 1];
    for other in (b'0'..=b'z').filter(|b| b.is_ascii_alphanumeric() && *b != last) {
        let changed = format!("{}{}", &good[..good.len() - 1], char::from(other));
        assert!(
            ring.verify(&changed, &expected(), NOW).is_err(),
            "last is {other}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics_or_verifies(text in "\\PC{0,120}", a in "\\PC{0,40}", b in "[A-Za-z0-9_.-]{0,200}") {
        let ring = KeyRing::new(SigningKey::generate().unwrap());
        prop_assert!(ring.verify(&text, &expected(), NOW).is_err());
        prop_assert!(ring.verify(&b, &expected(), NOW).is_err());
        let header = encode(&json!({"alg": "ES256", "kid": ring.signing_key_id().as_str()}));
        let signed = format!("{header}.{b}");
        prop_assert!(ring.verify(&signed, &expected(), NOW).is_err());
        let text = format!("{}.{}.{b}", URL_SAFE_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&a));
        prop_assert!(ring.verify(&text, &expected(), NOW).is_err());
    }
}
