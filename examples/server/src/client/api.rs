//! The management API, asked.

use std::cell::Cell;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pierhead::auth::Secret;
use rustls::crypto::aws_lc_rs;
use serde_json::{Value, json};
use ureq::http::{Method, Request};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::failure::{Failure, chain};
use crate::terminal::plain;

/// How long an answer may take: taking much away takes long.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long it may take until a server can be spoken to.
const CONNECTING: Duration = Duration::from_secs(20);

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 16 << 20;

/// The longest file of certificates, in bytes.
const MAX_CERTIFICATES: u64 = 4 << 20;

/// A server, and what is shown to it.
pub(crate) struct Api {
    agent: ureq::Agent,
    base: String,
    shown: Shown,
    /// How many bytes it has answered so far.
    heard: Cell<u64>,
}

/// What is shown.
enum Shown {
    Nothing,
    /// The token of `PIERHEAD_TOKEN`.
    Token(Secret),
    /// A session that is kept.
    Kept(Secret),
    /// A session that was begun here, and ends with this value.
    Own(Secret),
}

impl Api {
    /// The server of a URL; with a file of certificates, whoever has one of these or one that they
    /// signed. Nothing is asked yet.
    pub(crate) fn new(url: &str, ca: Option<&Path>) -> Result<Self, Failure> {
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
        let roots = match ca {
            Some(path) => certificates(path)?,
            None => RootCerts::PlatformVerifier,
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECTING))
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
            shown: Shown::Nothing,
            heard: Cell::new(0),
        })
    }

    /// The server's URL: scheme, host and port.
    pub(crate) fn url(&self) -> &str {
        &self.base
    }

    /// How many bytes it has answered so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.get()
    }

    /// Whether anything is shown of who asks.
    pub(crate) fn shows_something(&self) -> bool {
        !matches!(self.shown, Shown::Nothing)
    }

    /// The same server, shown nothing.
    pub(crate) fn anew(&self) -> Self {
        Self {
            agent: self.agent.clone(),
            base: self.base.clone(),
            shown: Shown::Nothing,
            heard: Cell::new(0),
        }
    }

    /// What is shown, in words.
    pub(crate) fn shown_as(&self) -> &'static str {
        match self.shown {
            Shown::Nothing => "nothing",
            Shown::Token(_) => "the token in PIERHEAD_TOKEN",
            Shown::Kept(_) => "the session of `pierhead login`",
            Shown::Own(_) => "PIERHEAD_USER and PIERHEAD_PASSWORD",
        }
    }

    /// Whether a session is shown that is kept.
    pub(crate) fn shows_kept(&self) -> bool {
        matches!(self.shown, Shown::Kept(_))
    }

    /// The same, showing a token.
    pub(crate) fn bearing(mut self, token: Secret) -> Self {
        self.shown = Shown::Token(token);
        self
    }

    /// The same, showing a session that is kept.
    pub(crate) fn keeping(mut self, session: Secret) -> Self {
        self.shown = Shown::Kept(session);
        self
    }

    /// Begins a session, which ends with the value.
    pub(crate) fn login(mut self, user: &str, password: &Secret) -> Result<Self, Failure> {
        self.shown = Shown::Own(self.begin(user, password)?.0);
        Ok(self)
    }

    /// Begins a session: what shows it, and the time of its end, if the server says so.
    pub(crate) fn begin(
        &self,
        user: &str,
        password: &Secret,
    ) -> Result<(Secret, Option<String>), Failure> {
        let who = json!({ "username": user, "password": password.expose() });
        let answer = self.post("/auth/v1/login", &who)?;
        let token = answer["accessToken"].as_str();
        let token = token.ok_or_else(|| self.strange("gave no session"))?;
        let until = answer["expires"].as_str().map(str::to_owned);
        Ok((Secret::from(token), until))
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

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let base = &self.base;
        let (status, text) = self.answer(method, path, body)?;
        let document: Result<Value, _> = serde_json::from_str(&text);
        match document {
            // Whoever asks looks into it by its members' names.
            Ok(document @ Value::Object(_)) if (200..300).contains(&status) => Ok(document),
            Ok(document) => match document["reason"].as_str() {
                Some(reason) => Err(self.refused(status, &plain(reason))),
                None => Err(self.strange(&format!("answered {status}"))),
            },
            // What stands before a server that is down.
            Err(_) if [502, 503, 504].contains(&status) => Err(Failure::happened(format!(
                "{base} answered {status}: what stands before it does not reach it; does the \
                 server run?"
            ))),
            Err(_) => Err(self.strange(&format!("answered {status} and no JSON"))),
        }
    }

    /// Sends a request: the status of the answer, and its text.
    pub(crate) fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, String), Failure> {
        let base = &self.base;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"));
        if let Shown::Token(shown) | Shown::Kept(shown) | Shown::Own(shown) = &self.shown {
            request = request.header("authorization", format!("Bearer {}", shown.expose()));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(body).map_err(|error| {
            Failure::told(format!("that cannot be asked of {base}: {}", chain(&error)))
        })?;
        let answer = self
            .agent
            .run(request)
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let mut text = String::new();
        answer
            .into_body()
            .into_reader()
            .take(MAX_ANSWER)
            .read_to_string(&mut text)
            .map_err(|error| self.unreachable(&error))?;
        self.heard.set(self.heard.get() + text.len() as u64);
        Ok((status.as_u16(), text))
    }

    /// What the server says, and what to type if what was shown to it is not good any more.
    fn refused(&self, status: u16, reason: &str) -> Failure {
        let base = &self.base;
        let failure = Failure::answered(status, format!("{base} says: {reason}"));
        match (&self.shown, status) {
            (Shown::Kept(_), 401) => Failure::answered(
                status,
                format!("the session at {base} is over; type: pierhead login {base}"),
            ),
            (Shown::Token(_), 401) => failure.with_hint(format_args!(
                "PIERHEAD_TOKEN is not good there, or not any more: set another, or unset it and \
                 type: pierhead login {base}"
            )),
            _ => failure,
        }
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> Failure {
        let base = &self.base;
        // A certificate may name anything.
        let why = plain(&chain(error));
        if why.contains("certificate") {
            return Failure::happened(format!(
                "{base} cannot be trusted ({why}); if its certificate is of an authority of your \
                 own, name that one's certificate with --ca FILE"
            ));
        }
        if why.contains("InvalidContentType") {
            let host = base.trim_start_matches("https://");
            return Failure::happened(format!(
                "{base} speaks no TLS; if that is right, type http://{host}"
            ));
        }
        Failure::happened(format!(
            "{base} did not answer ({why}); is it the right --url, and does the server run?"
        ))
    }

    /// What answered is probably something else.
    pub(crate) fn strange(&self, what: &str) -> Failure {
        Failure::happened(format!(
            "{} {what}, as no Pierhead does; correct the URL",
            self.base
        ))
    }
}

/// The certificates of a file in PEM.
fn certificates(path: &Path) -> Result<RootCerts, Failure> {
    let shown = path.display();
    let mut text = Vec::new();
    let file = fs::File::open(path);
    file.and_then(|file| file.take(MAX_CERTIFICATES).read_to_end(&mut text))
        .map_err(|error| Failure::told(format!("the certificates in {shown}: {error}")))?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => {
                let why = chain(&error);
                return Err(Failure::told(format!("the certificates in {shown}: {why}")));
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::told(format!(
            "there is no certificate in {shown}; name a file in PEM, with `-----BEGIN CERTIFICATE-----`"
        )));
    }
    Ok(RootCerts::new_with_certs(&found))
}

impl Drop for Api {
    fn drop(&mut self) {
        if matches!(self.shown, Shown::Own(_)) {
            // A session that could not be ended ends by itself.
            let _ = self.delete("/auth/v1/session", None);
        }
    }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
