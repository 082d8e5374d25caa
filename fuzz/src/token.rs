//! Registry tokens.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pierhead_auth::authorization::parse_bearer;
use pierhead_auth::token::{
    Expected, KeyRing, MAX_LIFETIME, MAX_TOKEN, OpaqueToken, PersonalToken, RefreshToken,
    RegistryClaims, SessionToken, SigningKey, TokenError, VerifiedCache,
};

use crate::json::{Json, field};
use crate::text;

/// The time of every check, in unix seconds.
pub const NOW: u64 = 1_800_000_000;
/// The issuer that is expected.
pub const ISSUER: &str = "https://registry.example";
/// The service that is expected.
pub const SERVICE: &str = "registry.example:5000";

/// The key that everybody knows, of RFC 7515 appendix A.3.1: `d`, `x`, `y`.
const KEY: [&str; 3] = [
    "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
];

struct World {
    ring: KeyRing,
    pair: EcdsaKeyPair,
    /// Uncompressed.
    point: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let [d, x, y] = KEY.map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    // RFC 5208 around RFC 5915, for the named curve P-256.
    let head = b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\
                 \x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
    let point = [&[4], x.as_slice(), &y].concat();
    let der = [head.as_slice(), &d, b"\xa1\x44\x03\x42\x00", &point].concat();
    World {
        ring: KeyRing::new(SigningKey::from_pkcs8(&der).expect("a key")),
        pair: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).expect("a key"),
        point,
    }
});

/// The id of the key, which a header must name.
pub fn key_id() -> &'static str {
    WORLD.ring.signing_key_id().as_str()
}

/// Header and claims, signed with the key whatever they say.
pub fn sign(header: &str, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = WORLD.pair.sign(&SystemRandom::new(), message.as_bytes());
    let signature = signature.expect("signing needs randomness only");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// One line is a token as it arrives. Of two, the first is a header and the rest claims, which are
/// signed first, so that what lies behind the signature is reached; `@K` is the key's id there.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    opaque(text);
    let Some((header, claims)) = text.split_once('\n') else {
        return arrived(text);
    };
    let header = header.replace("@K", key_id());
    let token = sign(&header, claims);
    signed(&token, &header, claims);
    arrived(&token);
    if let Ok(claims) = serde_json::from_str::<RegistryClaims>(claims) {
        issue(&claims);
    }
}

/// Nothing verifies but what the key has signed and what holds now; remembering changes nothing.
fn arrived(token: &str) {
    let expected = Expected::new(ISSUER, SERVICE);
    let found = WORLD.ring.verify(token, &expected, NOW);
    if let Err(error) = &found {
        is_quiet(error);
    }
    let cache = VerifiedCache::new(2);
    for _ in 0..2 {
        let again = cache.verify(&WORLD.ring, token, &expected, NOW);
        assert_eq!(again.ok().as_deref(), found.as_ref().ok());
    }
    for (now, leeway) in [(NOW, 0), (NOW + 930, 60), (NOW, 60), (0, 0), (u64::MAX, 60)] {
        let expected = Expected::new(ISSUER, SERVICE).with_leeway(leeway);
        let at = cache.verify(&WORLD.ring, token, &expected, now);
        if let Ok(claims) = &at {
            assert!(is_signed(token), "unsigned and verified: {token:?}");
            assert!(holds(claims, now, leeway), "{claims:?} at {now}");
        } else if let Ok(claims) = &found {
            assert!(!holds(claims, now, leeway), "{claims:?} at {now}");
        }
    }
    // In a request it stands behind its scheme.
    let header = format!("Bearer {token}");
    match parse_bearer(&header) {
        Ok(read) => assert_eq!(read, token.trim_matches(' ')),
        Err(error) => assert!(
            token.len() > MAX_TOKEN || !is_signed(token),
            "{error}: {token:?}"
        ),
    }
}

/// The signature of RFC 7518 section 3.4 over the text as it is, and the one algorithm.
fn is_signed(token: &str) -> bool {
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &WORLD.point);
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let message = format!("{header}.{claims}");
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    key.verify(message.as_bytes(), &signature).is_ok() && header_is_valid(&header)
}

/// Nothing but the algorithm, the key and the type, each once.
fn header_is_valid(header: &[u8]) -> bool {
    let Ok(Json::Object(fields)) = serde_json::from_slice::<Json>(header) else {
        return false;
    };
    let count = |name: &str| fields.iter().filter(|(key, _)| key == name).count();
    let text = |name| field(&fields, name).and_then(Json::text);
    let typ = match field(&fields, "typ") {
        None | Some(Json::Null) => true,
        Some(value) => value
            .text()
            .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT")),
    };
    fields.len() == count("alg") + count("kid") + count("typ")
        && count("typ") <= 1
        && count("alg") == 1
        && count("kid") == 1
        && text("alg") == Some("ES256")
        && text("kid") == Some(key_id())
        && typ
}

fn holds(claims: &RegistryClaims, now: u64, leeway: u64) -> bool {
    let [exp, nbf, iat, now, leeway] =
        [claims.exp, claims.nbf, claims.iat, now, leeway].map(i128::from);
    // Times are unsigned 64-bit numbers; what lies beyond the largest is never.
    let soonest = (now + leeway).min(i128::from(u64::MAX));
    claims.iss == ISSUER
        && claims.aud == SERVICE
        && exp > iat
        && exp - iat <= i128::from(MAX_LIFETIME)
        && now < (exp + leeway).min(i128::from(u64::MAX))
        && iat <= soonest
        && nbf <= soonest
}

/// Behind a good signature, exactly what keeps every rule verifies.
fn signed(token: &str, header: &str, claims: &str) {
    let found = WORLD
        .ring
        .verify(token, &Expected::new(ISSUER, SERVICE), NOW);
    // `serde` would take an array of the values, too.
    let object = claims
        .trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with('{');
    let read = serde_json::from_str::<RegistryClaims>(claims).ok();
    let expected = read.filter(|_| object).filter(|claims| {
        token.len() <= MAX_TOKEN && header_is_valid(header.as_bytes()) && holds(claims, NOW, 0)
    });
    assert_eq!(found.as_ref().ok(), expected.as_ref(), "{found:?}");
}

/// What is issued verifies as it was, from the moment it counts.
fn issue(claims: &RegistryClaims) {
    let Ok(token) = WORLD.ring.issue(claims) else {
        return;
    };
    let expected = Expected::new(&claims.iss, &claims.aud);
    let found = WORLD
        .ring
        .verify(&token, &expected, claims.iat.max(claims.nbf));
    assert_eq!(found.as_ref().ok(), Some(claims), "{found:?}");
}

/// An error is of a few words and repeats nothing of the token.
fn is_quiet(error: &TokenError) {
    let message = error.to_string();
    assert!(
        message.len() < 120 && !message.contains(char::is_control),
        "{message:?}"
    );
}

/// The opaque tokens have one spelling each, and none is taken for another.
fn opaque(text: &str) {
    let personal = text.parse::<PersonalToken>().ok();
    let session = text.parse::<SessionToken>().ok();
    let refresh = text.parse::<RefreshToken>().ok();
    let read: Vec<_> = [
        personal.as_ref().map(OpaqueToken::expose),
        session.as_ref().map(OpaqueToken::expose),
        refresh.as_ref().map(OpaqueToken::expose),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(read.len() <= 1, "{text:?}");
    assert!(read.iter().all(|read| *read == text), "{text:?}");
}
