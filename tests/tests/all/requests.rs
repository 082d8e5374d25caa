//! Raw requests that no client of ours sends, each with the answer it must get.
//!
//! `data/requests.toml` is the list. A request there is answered with the status and the code that
//! stand beside it, over a socket of its own, byte for byte as written; after each the server is
//! alive, and at the end nothing in its stores has changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use pierhead_tests::{LAB, Raw, RawAnswer, Server, ServerOptions, assert_unchanged, fingerprint};
use serde::Deserialize;
use serde_json::Value;

mod words;

use words::{filled, filled_bytes, words};

#[derive(Debug, Deserialize)]
struct File {
    request: Vec<Case>,
}

/// One request. In every text `{NAME}` stands for something of the running server (see the module `words`),
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
    /// Whether bytes may be left for the collector of an upload that came to nothing.
    #[serde(default)]
    garbage: bool,
}

#[test]
fn every_request_gets_its_answer_and_changes_nothing() {
    let options = ServerOptions {
        provision: Some(LAB.into()),
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
        let _ = write!(head, "Host: {}\r\n", server.host);
    }
    match case.r#as.as_deref() {
        None | Some("anonymous") => {}
        Some(who) => {
            let token = &words[&who.to_ascii_uppercase()];
            let _ = write!(head, "Authorization: Bearer {token}\r\n");
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
