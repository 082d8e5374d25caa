//! What every answer of the protocol must be.

use bytes::Bytes;
use http::{HeaderMap, Method};
use pierhead_http::Route;
use pierhead_model::{
    ContentDigest, ContentRange, Digest, ErrorCode, RepositoryName, Tag, TokenScope,
    parse_link_next, parse_query,
};
use pierhead_storage::UploadId;
use serde_json::Value;

use super::script::Sent;

/// Every status there is. 500 and 507 are not among them: memory is neither damaged nor full.
const STATUSES: &[u16] = &[
    200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 413, 414, 415, 416, 429, 503,
];

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    /// A header that stands once, or not at all.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        assert!(values.next().is_none(), "`{name}` stands twice");
        Some(first.to_str().expect("headers are ASCII"))
    }

    /// `Docker-Content-Digest`.
    pub(super) fn digest(&self) -> Option<ContentDigest> {
        let digest = self.header("docker-content-digest")?;
        Some(digest.parse().expect("a digest"))
    }
}

/// Holds an answer against what the protocol knows. `down` says that something behind the service
/// did not answer.
pub(super) fn check(sent: &Sent, reply: &Reply, down: bool) {
    assert!(STATUSES.contains(&reply.status), "{}", reply.status);
    assert_eq!(reply.status == 503, down, "{sent:?}: {reply:?}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    if sent.uri.path() != "/token" {
        let version = reply.header("docker-distribution-api-version");
        assert_eq!(version, Some("registry/2.0"));
    }
    length(sent, reply);
    challenge(reply);
    assert_eq!(reply.status == 405, reply.header("allow").is_some());
    where_and_how_far(reply);
    content(sent, reply);
    if reply.status >= 400 {
        let seconds = reply.header("retry-after").map(str::parse::<u64>);
        let wanted = matches!(reply.status, 429 | 503);
        assert_eq!(seconds.is_some_and(|it| it.is_ok_and(|it| it > 0)), wanted);
        if sent.method != Method::HEAD {
            errors(reply);
        }
    } else if sent.method == Method::GET && reply.status == 200 {
        document(sent, reply);
    }
}

/// A body is as long as it was said to be, and is not there where none may be.
fn length(sent: &Sent, reply: &Reply) {
    let none = sent.method == Method::HEAD || matches!(reply.status, 204 | 304);
    assert!(!none || reply.body.is_empty());
    match reply.header("content-length") {
        Some(length) if none => {
            assert!(!matches!(reply.status, 204 | 304));
            length.parse::<u64>().expect("a length");
        }
        Some(length) => assert_eq!(length, reply.body.len().to_string()),
        None => assert!(matches!(reply.status, 204 | 304), "{sent:?}: {reply:?}"),
    }
}

/// Exactly one with 401, none else.
fn challenge(reply: &Reply) {
    let line = reply.header("www-authenticate");
    assert_eq!(reply.status == 401, line.is_some());
    let Some(line) = line else {
        return;
    };
    if line.starts_with("Basic realm=\"") {
        return;
    }
    let rest = line.strip_prefix("Bearer realm=\"").expect("a scheme");
    let (realm, rest) = rest.split_once("\",service=\"pierhead\"").expect("both");
    assert!(realm.starts_with("http://") && realm.ends_with("/token"));
    let (scope, error) = match rest.strip_prefix(",scope=\"") {
        Some(rest) => rest.split_once('"').expect("a closed scope"),
        None => ("", rest),
    };
    if !scope.is_empty() {
        let read = TokenScope::parse(scope).expect("a scope");
        assert_eq!(read.to_string(), scope);
    }
    let errors = [
        "",
        ",error=\"insufficient_scope\"",
        ",error=\"invalid_token\"",
    ];
    assert!(errors.contains(&error), "{line}");
}

/// `Location` with `Range` and the id of an upload, or with the digest of what is there now.
fn where_and_how_far(reply: &Reply) {
    let range = reply.header("range");
    if let Some(range) = range {
        let range = ContentRange::parse(range).expect("a range");
        assert!(range.start() == 0 && range.total().is_none());
    }
    let upload = reply.header("docker-upload-uuid");
    let Some(location) = reply.header("location") else {
        assert!(range.is_none() && upload.is_none() && reply.status != 201);
        return;
    };
    match Route::parse(location).expect("a path of the protocol") {
        Route::Upload { id, .. } => {
            assert!(matches!(reply.status, 202 | 204 | 416), "{reply:?}");
            assert_eq!(upload, Some(&*id));
            assert!(id.parse::<UploadId>().is_ok() && range.is_some());
        }
        Route::Blob { digest, .. } => {
            assert_eq!((reply.status, reply.digest()), (201, Some(digest)));
        }
        Route::Manifest { reference, .. } => {
            let digest = reply.digest().expect("a digest");
            assert_eq!(
                (reply.status, reference.to_string()),
                (201, digest.to_string())
            );
        }
        other => panic!("{location} is {other:?}"),
    }
}

/// What says what a body is says so in every header alike.
fn content(sent: &Sent, reply: &Reply) {
    if let Some(etag) = reply.header("etag") {
        let digest = reply.digest().expect("an etag is a digest");
        assert_eq!(etag, format!("\"{digest}\""));
    }
    if let Some(subject) = reply.header("oci-subject") {
        subject.parse::<Digest>().expect("a digest");
    }
    for tag in reply.headers.get_all("oci-tag") {
        let tag = tag.to_str().expect("headers are ASCII");
        tag.parse::<Tag>().expect("a tag");
    }
    let range = reply.header("content-range");
    match (reply.status, range) {
        (206, Some(range)) => {
            let range = ContentRange::parse(range).expect("a range");
            assert!(range.total().is_some());
            assert_eq!(range.len(), reply.body.len() as u64);
        }
        (416, Some(range)) => {
            let length = range.strip_prefix("bytes */").expect("no range, a length");
            length.parse::<u64>().expect("a length");
        }
        (status, range) => assert!(status != 206 && range.is_none()),
    }
    if let (200, &Method::GET, Some(digest)) = (reply.status, &sent.method, reply.digest()) {
        assert_eq!(ContentDigest::of(digest.algorithm(), &reply.body), digest);
    }
}

/// Errors have codes that the protocol knows and words that can be shown.
fn errors(reply: &Reply) {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let json: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let errors = json["errors"].as_array().expect("a list of errors");
    assert!(!errors.is_empty());
    for error in errors {
        let code = error["code"].as_str().expect("a code");
        code.parse::<ErrorCode>().expect("a code of the protocol");
        let message = error["message"].as_str().expect("words");
        assert!(!message.is_empty() && !message.contains(char::is_control));
        // What failed is for the owner's log.
        assert!(
            reply.status != 503 || !message.contains("db-7"),
            "{message}"
        );
    }
}

/// Lists are in order, hold what they should, and lead to their next page.
fn document(sent: &Sent, reply: &Reply) {
    let Ok(route) = Route::parse(sent.uri.path()) else {
        return;
    };
    let json = || serde_json::from_slice::<Value>(&reply.body).expect("JSON");
    match &route {
        Route::Tags { name } => {
            let json = json();
            assert_eq!(json["name"], name.as_str());
            ordered(&json["tags"], |tag| tag.parse::<Tag>().is_ok());
        }
        Route::Catalog => ordered(&json()["repositories"], |name| {
            name.parse::<RepositoryName>().is_ok()
        }),
        Route::Referrers { .. } => {
            let json = json();
            assert_eq!(json["schemaVersion"], 2);
            let found = json["manifests"].as_array().expect("a list");
            let digests = found.iter().map(|it| it["digest"].clone()).collect();
            ordered(&Value::Array(digests), |digest| {
                digest.parse::<ContentDigest>().is_ok()
            });
        }
        _ => assert!(reply.header("link").is_none()),
    }
    if let Some(link) = reply.header("link") {
        let target = parse_link_next(link).expect("a next page");
        let (path, query) = target.split_once('?').expect("a query");
        let next = Route::parse(path).expect("a path of the protocol");
        assert_eq!(next, route);
        let query = parse_query(query).expect("a query");
        let keys: Vec<_> = query.iter().map(|(key, _)| key.as_str()).collect();
        assert!(keys.starts_with(&["n", "last"]), "{keys:?}");
    }
}

fn ordered(list: &Value, is_one: impl Fn(&str) -> bool) {
    let list = list.as_array().expect("a list");
    let texts: Vec<_> = list.iter().map(|it| it.as_str().expect("a text")).collect();
    assert!(texts.is_sorted_by(|a, b| a < b), "{texts:?}");
    assert!(texts.iter().all(|text| is_one(text)), "{texts:?}");
}
