//! Raw requests that no client of ours sends, each with the answer it must get.
//!
//! `data/requests.toml` is the list. A request there is answered with the status and the code that
//! stand beside it, over a socket of its own, byte for byte as written; after each the server is
//! alive, and at the end nothing in its stores has changed.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use pierhead_model::ContentDigest;
use pierhead_tests::{
    ADMIN_PASSWORD, Api, Random, Raw, RawAnswer, Server, ServerOptions, assert_unchanged,
    fingerprint,
};
use serde::Deserialize;
use serde_json::{Value, json};

const PROVISION: &str = r#"
[[user]]
name = "ana"
email = "ana@example.org"
password = "ana-keeps-her-bytes"
certified = true

[[project]]
id = "syn101"
name = "Genomics"
owner = "ana"
"#;

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

#[derive(Debug, Deserialize)]
struct File {
    request: Vec<Case>,
}

/// One request. In every text `{NAME}` stands for something of the running server (see `words`),
/// `{repeat:text:count}` and `{bytes:hex}` for themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Why the answer is what it is.
    rule: String,
    /// `anonymous`, or whose token is sent: `ana` owns the project, `operator` runs the server.
    #[serde(default)]
    r#as: Option<String>,
    /// Method and target.
    #[serde(default)]
    line: Option<String>,
    #[serde(default)]
    headers: Vec<String>,
    /// Sent with its `Content-Length`.
    #[serde(default)]
    body: Option<String>,
    /// Sent as one chunk, without a length.
    #[serde(default)]
    chunked: Option<String>,
    /// Instead of all of these: every byte of the request.
    #[serde(default)]
    raw: Option<String>,
    /// Status and error code; or `broken`: this is not HTTP, and is refused by whoever reads it or
    /// the connection is closed.
    expect: String,
    /// A header of the answer, and what is in it.
    #[serde(default)]
    has: Option<String>,
    /// What is nowhere in the answer.
    #[serde(default)]
    lacks: Option<String>,
    /// Whether bytes may be left for the collector, which nobody can reach.
    #[serde(default)]
    garbage: bool,
}

#[test]
fn every_request_gets_its_answer_and_changes_nothing() {
    let options = ServerOptions {
        provision: Some(PROVISION.into()),
        ..Default::default()
    };
    let server = Server::start(options);
    let words = words(&server);
    let text = include_str!("../../data/requests.toml");
    let cases = toml::from_str::<File>(text)
        .expect("the list is TOML")
        .request;
    assert!(cases.len() >= 80, "the list has {} requests", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let before = fingerprint(&server.data());
        if let Err(message) = check(&server, &words, case) {
            failures.push(format!("{}\n    {message}", case.rule));
        }
        let mut raw = Raw::connect(server.address()).expect("the server listens");
        let alive = raw
            .request("GET /v2/", &[], &[])
            .expect("the server answers");
        assert_eq!(alive.status, 401, "after: {}", case.rule);
        let after = fingerprint(&server.data());
        let [before, after] = [before, after].map(|all| kept(all, case.garbage));
        assert_unchanged(&before, &after, &case.rule);
    }
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
    println!("{} requests", cases.len());
}

/// What counts: all of it, or all that anybody can reach.
fn kept(mut found: BTreeMap<String, String>, garbage: bool) -> BTreeMap<String, String> {
    if garbage {
        let passing = ["row place ", "row upload ", "file blobs/"];
        found.retain(|name, _| !passing.iter().any(|kind| name.starts_with(kind)));
    }
    found
}

fn check(server: &Server, words: &BTreeMap<String, String>, case: &Case) -> Result<(), String> {
    let bytes = bytes(server, words, case);
    let mut raw = Raw::connect(server.address()).map_err(|error| error.to_string())?;
    // The server may have answered and closed before it read everything.
    let sent = raw.send(&bytes);
    // Some of what is broken waits for more; a client that has no more says so.
    if case.expect == "broken" && !raw.hears(Duration::from_millis(300)) {
        let _ = raw.end();
    }
    let head = case
        .line
        .as_deref()
        .is_some_and(|line| line.starts_with("HEAD "));
    let answer = match raw.answer(head) {
        Ok(answer) => answer,
        Err(_) if case.expect == "broken" => return Ok(()),
        Err(error) => return Err(format!("no answer: {error} (sent: {sent:?})")),
    };
    if answer.status >= 500 && !(case.expect == "broken" && matches!(answer.status, 501 | 505)) {
        return Err(format!("{}: {}", answer.status, answer.text()));
    }
    if case.expect == "broken" {
        if !(400..500).contains(&answer.status) && !matches!(answer.status, 501 | 505) {
            return Err(format!("{}: {}", answer.status, answer.text()));
        }
        return match raw.answer(false) {
            Err(error) if closed(&error) => Ok(()),
            other => Err(format!(
                "the connection goes on after broken HTTP: {other:?}"
            )),
        };
    }
    compare(words, case, &answer, head)
}

fn closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    )
}

fn compare(
    words: &BTreeMap<String, String>,
    case: &Case,
    answer: &RawAnswer,
    head: bool,
) -> Result<(), String> {
    let (status, code) = case.expect.split_once(' ').unwrap_or((&case.expect, ""));
    let shown = || format!("{} {:?} {}", answer.status, answer.headers, answer.text());
    if answer.status.to_string() != status || (!head && answer.code() != code) {
        return Err(format!("wanted {}, got {}", case.expect, shown()));
    }
    if answer.status >= 400 && !head {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = body["errors"][0]["message"].as_str().unwrap_or("");
        let shaped = answer
            .header("content-type")
            .starts_with("application/json");
        if message.is_empty() || !shaped {
            return Err(format!("not the protocol's JSON: {}", shown()));
        }
    }
    if let Some(has) = &case.has {
        let has = filled(words, has);
        let (name, part) = has.split_once(": ").expect("`has` is `name: part`");
        if !answer.header(name).contains(part) {
            return Err(format!("`{has}` is not in {}", shown()));
        }
    }
    if let Some(lacks) = &case.lacks
        && shown().contains(lacks.as_str())
    {
        return Err(format!("`{lacks}` is in {}", shown()));
    }
    Ok(())
}

fn bytes(server: &Server, words: &BTreeMap<String, String>, case: &Case) -> Vec<u8> {
    if let Some(raw) = &case.raw {
        return filled_bytes(words, raw);
    }
    let line = case.line.as_deref().expect("`line` or `raw`");
    let mut head = format!("{} HTTP/1.1\r\n", filled(words, line));
    let names = |name: &str| {
        case.headers
            .iter()
            .any(|header| header.to_ascii_lowercase().starts_with(name))
    };
    if !names("host:") {
        head.push_str(&format!("Host: {}\r\n", server.host));
    }
    match case.r#as.as_deref() {
        None | Some("anonymous") => {}
        Some(who) => {
            let token = &words[&who.to_ascii_uppercase()];
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
    }
    let mut bytes = head.into_bytes();
    for header in &case.headers {
        bytes.extend(filled_bytes(words, header));
        bytes.extend(b"\r\n");
    }
    if let Some(body) = &case.chunked {
        let body = filled_bytes(words, body);
        bytes.extend(format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
    } else {
        let body = case.body.as_ref().map(|body| filled_bytes(words, body));
        if let Some(body) = &body {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body.unwrap_or_default());
    }
    bytes
}

fn filled(words: &BTreeMap<String, String>, text: &str) -> String {
    String::from_utf8(filled_bytes(words, text)).expect("only bodies and headers hold bytes")
}

/// Puts what they stand for in the place of `{…}`; other braces are themselves.
fn filled_bytes(words: &BTreeMap<String, String>, text: &str) -> Vec<u8> {
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
fn words(server: &Server) -> BTreeMap<String, String> {
    let scopes = [
        "repository:syn101/a:pull,push,delete",
        "repository:syn101/b:pull,push,delete",
        "repository:syn101/new:pull,push",
        "registry:catalog:*",
    ];
    let api = Api::login(&server.host, "ana", "ana-keeps-her-bytes", &scopes);
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
    let ana = token("ana", "ana-keeps-her-bytes");
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
    let bare = Api::anonymous(&server.host)
        .token("ana", "ana-keeps-her-bytes", &[])
        .expect(200);
    words.insert(
        "BARE".into(),
        bare.json()["token"].as_str().expect("a token").to_owned(),
    );
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
    [
        (
            "JWT-NONE",
            format!("{}.{payload}.", with(header, "alg", json!("none"))),
        ),
        (
            "JWT-NONE-SIGNED",
            format!(
                "{}.{payload}.{signature}",
                with(header, "alg", json!("None"))
            ),
        ),
        (
            "JWT-HS256",
            format!(
                "{}.{payload}.{signature}",
                with(header, "alg", json!("HS256"))
            ),
        ),
        (
            "JWT-RS256",
            format!(
                "{}.{payload}.{signature}",
                with(header, "alg", json!("RS256"))
            ),
        ),
        (
            "JWT-JWK",
            format!("{}.{payload}.{signature}", with(header, "jwk", key)),
        ),
        (
            "JWT-X5C",
            format!(
                "{}.{payload}.{signature}",
                with(header, "x5c", json!(["AAAA"]))
            ),
        ),
        (
            "JWT-JKU",
            format!(
                "{}.{payload}.{signature}",
                with(header, "jku", json!("http://127.0.0.1/"))
            ),
        ),
        (
            "JWT-KID",
            format!(
                "{}.{payload}.{signature}",
                with(header, "kid", json!("../../dev/null"))
            ),
        ),
        (
            "JWT-ISS",
            format!(
                "{header}.{}.{signature}",
                with(payload, "iss", json!("evil"))
            ),
        ),
        (
            "JWT-AUD",
            format!(
                "{header}.{}.{signature}",
                with(payload, "aud", json!("evil"))
            ),
        ),
        (
            "JWT-FUTURE",
            format!(
                "{header}.{}.{signature}",
                with(payload, "exp", json!(u64::MAX))
            ),
        ),
        (
            "JWT-ACCESS",
            format!("{header}.{}.{signature}", with(payload, "access", all)),
        ),
        ("JWT-UNSIGNED", format!("{header}.{payload}")),
        ("JWT-EMPTY-SIGNATURE", format!("{header}.{payload}.")),
        (
            "JWT-OTHER-SIGNATURE",
            format!("{header}.{payload}.{}", "A".repeat(signature.len())),
        ),
        ("JWT-FOUR", format!("{token}.{signature}")),
        ("JWT-PADDED", format!("{token}==")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
