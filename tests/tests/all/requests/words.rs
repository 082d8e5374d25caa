//! What the list of requests may name, and how it is put in its place.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use pierhead_model::ContentDigest;
use pierhead_tests::{ADMIN_PASSWORD, ANA_PASSWORD, Api, Random, Server};
use serde_json::{Value, json};

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

pub(super) fn filled(words: &BTreeMap<String, String>, text: &str) -> String {
    String::from_utf8(filled_bytes(words, text)).expect("only bodies and headers hold bytes")
}

/// Puts what they stand for in the place of `{…}`; other braces are themselves.
pub(super) fn filled_bytes(words: &BTreeMap<String, String>, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        bytes.extend(rest[..at].bytes());
        rest = &rest[at..];
        let known = rest
            .find('}')
            .and_then(|end| Some((known(words, &rest[1..end])?, end)));
        if let Some((value, end)) = known {
            bytes.extend(value);
            rest = &rest[end + 1..];
        } else {
            bytes.push(b'{');
            rest = &rest[1..];
        }
    }
    bytes.extend(rest.bytes());
    bytes
}

fn known(words: &BTreeMap<String, String>, word: &str) -> Option<Vec<u8>> {
    if let Some(rest) = word.strip_prefix("repeat:") {
        let (text, count) = rest.rsplit_once(':')?;
        return Some(text.repeat(count.parse().ok()?).into_bytes());
    }
    if let Some(digits) = word.strip_prefix("bytes:") {
        let pairs = digits.as_bytes().chunks(2);
        return pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
    }
    words.get(word).map(|value| value.clone().into_bytes())
}

/// What the list may name: a repository with one manifest, a session under way, tokens good and bad.
pub(super) fn words(server: &Server) -> BTreeMap<String, String> {
    let scopes = [
        "repository:syn101/a:pull,push,delete",
        "repository:syn101/b:pull,push,delete",
        "repository:syn101/new:pull,push",
        "registry:catalog:*",
    ];
    let api = Api::login(&server.host, "ana", ANA_PASSWORD, &scopes);
    let token = |user: &str, password: &str| {
        let answer = Api::anonymous(&server.host)
            .token(user, password, &scopes)
            .expect(200);
        answer.json()["token"].as_str().expect("a token").to_owned()
    };
    let blob = Random::new(1).bytes(1000);
    let digest = ContentDigest::sha256(&blob).to_string();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":1000}},"layers":[]}}"#
    );
    for name in ["syn101/a", "syn101/b"] {
        api.push_blob(name, &digest, &blob).expect(201);
        let kind = [("content-type", MANIFEST_TYPE)];
        let path = format!("/v2/{name}/manifests/v1");
        api.send("PUT", &path, &kind, manifest.as_bytes())
            .expect(201);
    }
    let session = api
        .send("POST", "/v2/syn101/a/blobs/uploads/", &[], &[])
        .expect(202);
    let upload = session.header("location").to_owned();
    let (_, id) = upload.rsplit_once('/').expect("a location ends in an id");
    let basic = |pair: &str| BASE64_STANDARD.encode(pair);
    let ana = token("ana", ANA_PASSWORD);
    let descriptor = format!(
        r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":1000}}"#
    );
    let mut words: BTreeMap<String, String> = [
        ("HOST", server.host.clone()),
        ("OPERATOR", token("admin", ADMIN_PASSWORD)),
        ("BLOB", digest.clone()),
        (
            "MANIFEST",
            ContentDigest::sha256(manifest.as_bytes()).to_string(),
        ),
        (
            "ABSENT",
            ContentDigest::sha256(b"nobody has this").to_string(),
        ),
        ("HEX", digest["sha256:".len()..].to_owned()),
        ("UPPER", digest["sha256:".len()..].to_uppercase()),
        ("CONFIG", descriptor),
        ("UPLOAD", upload.clone()),
        ("UPLOAD-ID", id.to_owned()),
        ("OCI", MANIFEST_TYPE.into()),
        ("BASIC", basic("ana:ana-keeps-her-bytes")),
        ("BASIC-WRONG", basic("ana:not-her-password")),
        ("BASIC-UNKNOWN", basic("nobody-at-all:whatever")),
        ("BASIC-NUL", basic("a\0na:ana-keeps-her-bytes")),
        ("BASIC-NO-COLON", basic("ana")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let nobody = Api::anonymous(&server.host);
    for (word, answer) in [
        ("BARE", nobody.token("ana", ANA_PASSWORD, &[])),
        ("NOBODY", nobody.anonymous_token(&["registry:catalog:*"])),
    ] {
        let token = answer.expect(200).json()["token"].clone();
        words.insert(word.into(), token.as_str().expect("a token").to_owned());
    }
    words.extend(forged(&ana));
    words.insert("ANA".into(), ana);
    words
}

/// Tokens that were never issued, made from one that was.
fn forged(token: &str) -> BTreeMap<String, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("a token has three parts")
    };
    let read = |part: &str| -> Value {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let write = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |part: &str, key: &str, value: Value| {
        let mut json = read(part);
        json[key] = value;
        write(&json)
    };
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" });
    let all = json!([{ "type": "repository", "name": "syn101/a", "actions": ["pull", "push"] }]);
    let headers = [
        ("JWT-NONE-SIGNED", "alg", json!("None")),
        ("JWT-HS256", "alg", json!("HS256")),
        ("JWT-RS256", "alg", json!("RS256")),
        ("JWT-JWK", "jwk", key),
        ("JWT-X5C", "x5c", json!(["AAAA"])),
        ("JWT-JKU", "jku", json!("http://127.0.0.1/")),
        ("JWT-KID", "kid", json!("../../dev/null")),
    ];
    let payloads = [
        ("JWT-ISS", "iss", json!("evil")),
        ("JWT-AUD", "aud", json!("evil")),
        ("JWT-FUTURE", "exp", json!(u64::MAX)),
        ("JWT-ACCESS", "access", all),
    ];
    let others = [
        (
            "JWT-NONE",
            format!("{}.{payload}.", with(header, "alg", json!("none"))),
        ),
        ("JWT-UNSIGNED", format!("{header}.{payload}")),
        ("JWT-EMPTY-SIGNATURE", format!("{header}.{payload}.")),
        (
            "JWT-OTHER-SIGNATURE",
            format!("{header}.{payload}.{}", "A".repeat(signature.len())),
        ),
        ("JWT-FOUR", format!("{token}.{signature}")),
        ("JWT-PADDED", format!("{token}==")),
    ];
    let headers = headers.map(|(name, key, value)| {
        (
            name,
            format!("{}.{payload}.{signature}", with(header, key, value)),
        )
    });
    let payloads = payloads.map(|(name, key, value)| {
        (
            name,
            format!("{header}.{}.{signature}", with(payload, key, value)),
        )
    });
    let all = headers.into_iter().chain(payloads).chain(others);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
