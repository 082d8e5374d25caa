//! The management API, asked.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use pierhead::auth::Secret;
use rustls::crypto::aws_lc_rs;
use serde_json::{Value, json};
use ureq::http::{Method, Request};
use ureq::tls::{RootCerts, TlsConfig};

use crate::failure::{Failure, chain};

/// How long an answer may take: taking much away takes long.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 16 << 20;

/// A server, and what is shown to it.
pub(crate) struct Api {
    agent: ureq::Agent,
    base: String,
    token: Option<Secret>,
    /// Begun here, and ended with this value.
    session: bool,
}

impl Api {
    /// The server of a URL. Nothing is asked yet.
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        let base = url.trim_end_matches('/');
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| base.strip_prefix(scheme));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '@', '?', '#'])) {
            // There may be a password before the `@`.
            let shown = url.rsplit('@').next().unwrap_or_default();
            return Err(Failure::told(format!(
                "`{}` is no server's URL; write it as `https://registry.example.org`",
                plain(shown)
            )));
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls);
        // What is not encrypted is for this server's eyes: no proxy sees a password.
        if !base.starts_with("https://") {
            config = config.proxy(None);
        }
        let config = config.build();
        Ok(Self {
            agent: config.into(),
            base: base.to_owned(),
            token: None,
            session: false,
        })
    }

    /// The same, showing a token.
    pub(crate) fn bearing(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Begins a session, which ends with the value.
    pub(crate) fn login(mut self, user: &str, password: &Secret) -> Result<Self, Failure> {
        let who = json!({ "username": user, "password": password.expose() });
        let answer = self.post("/auth/v1/login", &who)?;
        let token = answer["accessToken"].as_str();
        let token = token.ok_or_else(|| self.strange("gave no session"))?;
        self.token = Some(Secret::from(token));
        self.session = true;
        Ok(self)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(body))
    }

    pub(crate) fn put(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, body)
    }

    pub(crate) fn delete(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, body)
    }

    /// The server's URL.
    pub(crate) fn url(&self) -> &str {
        &self.base
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let base = &self.base;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(body).map_err(|error| {
            Failure::told(format!("that cannot be asked of {base}: {}", chain(&error)))
        })?;
        let unreachable = |error: &dyn std::error::Error| {
            Failure::happened(format!(
                "{base} did not answer ({}); is it the right --url, and does the server run?",
                chain(error)
            ))
        };
        let answer = self
            .agent
            .run(request)
            .map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let mut text = String::new();
        answer
            .into_body()
            .into_reader()
            .take(MAX_ANSWER)
            .read_to_string(&mut text)
            .map_err(|error| unreachable(&error))?;
        let document: Result<Value, _> = serde_json::from_str(&text);
        match document {
            Ok(document) if status.is_success() => Ok(document),
            Ok(document) => match document["reason"].as_str() {
                Some(reason) => {
                    let reason = plain(reason);
                    let message = format!("{base} says: {reason}");
                    Err(Failure::answered(status.as_u16(), message))
                }
                None => Err(self.strange(&format!("answered {status}"))),
            },
            Err(_) => Err(self.strange(&format!("answered {status} and no JSON"))),
        }
    }

    /// What answered is probably something else.
    pub(crate) fn strange(&self, what: &str) -> Failure {
        Failure::happened(format!(
            "{} {what}, as no Pierhead does; correct the URL",
            self.base
        ))
    }
}

/// Without what would move a terminal's cursor or change its colours.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

impl Drop for Api {
    fn drop(&mut self) {
        if self.session {
            // A session that could not be ended ends by itself.
            let _ = self.ask(Method::DELETE, "/auth/v1/session", None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_url_is_scheme_host_and_port() {
        for good in ["http://127.0.0.1:5000", "https://registry.example.org/"] {
            assert!(Api::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "registry.example.org",
            "https://",
            "ftp://a",
            "https://a/v2",
            "https://user@a",
            "https://a?b",
        ] {
            let refused = Api::new(bad).err().expect(bad).to_string();
            assert!(refused.contains("is no server's URL"), "{refused}");
        }
    }
}
