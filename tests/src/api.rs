//! A small HTTP client that speaks the token flow.

use std::io::Read as _;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use ureq::http::{HeaderMap, Request};

/// A caller of one server.
#[derive(Clone, Debug)]
pub struct Api {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The protocol's error code; empty when there is none.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    }

    /// Requires a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        self
    }
}

impl Api {
    /// A caller without credentials.
    pub fn anonymous(host: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .into();
        Self {
            agent,
            base: format!("http://{host}"),
            token: None,
        }
    }

    /// A caller with a registry token for these scopes.
    pub fn login(host: &str, user: &str, password: &str, scopes: &[&str]) -> Self {
        let api = Self::anonymous(host);
        let answer = api.token(user, password, scopes).expect(200);
        api.bearing(answer.json()["token"].as_str().expect("a token"))
    }

    /// The same with another token.
    pub fn bearing(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// What the token endpoint answers to a password.
    pub fn token(&self, user: &str, password: &str, scopes: &[&str]) -> Answer {
        let basic = format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{user}:{password}"))
        );
        let path = self.token_path(scopes);
        self.send("GET", &path, &[("authorization", &basic)], &[])
    }

    /// What the token endpoint answers to whoever shows nothing.
    pub fn anonymous_token(&self, scopes: &[&str]) -> Answer {
        Self {
            token: None,
            ..self.clone()
        }
        .send("GET", &self.token_path(scopes), &[], &[])
    }

    fn token_path(&self, scopes: &[&str]) -> String {
        let mut path = format!("/token?service={}", &self.base["http://".len()..]);
        for scope in scopes {
            path.push_str("&scope=");
            path.push_str(scope);
        }
        path
    }

    /// Begins a session of the management API: its credential.
    pub fn session(&self, user: &str, password: &str) -> String {
        let document = serde_json::json!({ "username": user, "password": password });
        let answer = self.manage("", "POST", "/auth/v1/login", &document);
        let session = answer.expect(201).json()["accessToken"].clone();
        session.as_str().expect("a session").to_owned()
    }

    /// Sends a request of the management API with a credential, if it is not empty, and with a
    /// document, if it is not null.
    pub fn manage(&self, credential: &str, method: &str, path: &str, document: &Value) -> Answer {
        let bearer = format!("Bearer {credential}");
        let mut headers = Vec::new();
        if !credential.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let mut body = String::new();
        if !document.is_null() {
            headers.push(("content-type", "application/json"));
            body = document.to_string();
        }
        self.send(method, path, &headers, body.as_bytes())
    }

    /// Sends a request, with the token if there is one.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let url = if path.starts_with("http://") {
            path.into()
        } else {
            self.base.clone() + path
        };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let named = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let (Some(token), false) = (&self.token, named) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body).expect("a request");
        let answer = self
            .agent
            .run(request)
            .unwrap_or_else(|error| panic!("{method}: {error}"));
        let (parts, body) = answer.into_parts();
        let mut bytes = Vec::new();
        body.into_reader()
            .read_to_end(&mut bytes)
            .expect("a whole answer");
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: bytes,
        }
    }

    /// Uploads a blob in two requests.
    pub fn push_blob(&self, name: &str, digest: &str, bytes: &[u8]) -> Answer {
        let started = self.send("POST", &format!("/v2/{name}/blobs/uploads/"), &[], &[]);
        if started.status != 202 {
            return started;
        }
        let location = started.header("location");
        let separator = if location.contains('?') { '&' } else { '?' };
        self.send(
            "PUT",
            &format!("{location}{separator}digest={digest}"),
            &[],
            bytes,
        )
    }
}
