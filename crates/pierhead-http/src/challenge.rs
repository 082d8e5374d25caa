//! What a caller is asked for: the `WWW-Authenticate` line, and the `Authorization` it leads to.

use std::any::Any;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::request::Parts;
use pierhead_model::TokenScope;
use pierhead_registry::{Credentials, Peer, Secret};

use crate::options::HttpOptions;

/// Request extension: an identity that the embedder's own middleware proved. It takes the place of
/// any `Authorization` header.
#[derive(Clone)]
pub struct Vouched(pub Arc<dyn Any + Send + Sync>);

impl std::fmt::Debug for Vouched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vouched(..)")
    }
}

/// The longest `Authorization` header that is read, in bytes.
const MAX_AUTHORIZATION: usize = 64 * 1024;

/// Clients pad or do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Credentials as a request shows them.
#[derive(Debug)]
pub(crate) enum Shown {
    /// To be asked about.
    Credentials(Credentials),
    /// An `Authorization` header in which nothing can be read.
    Unreadable,
}

impl Shown {
    /// What a request shows of itself.
    pub(crate) fn by(parts: &Parts) -> Self {
        if let Some(Vouched(identity)) = parts.extensions.get() {
            return Self::Credentials(Credentials::Vouched(Arc::clone(identity)));
        }
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next()) {
            (None, _) => Self::Credentials(Credentials::None),
            (Some(header), None) => read(header).map_or(Self::Unreadable, Self::Credentials),
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }
}

/// Where a request comes from, as whoever accepted the connection said.
pub(crate) fn peer(parts: &Parts) -> Peer {
    parts.extensions.get().copied().unwrap_or_default()
}

/// One `Authorization` header (RFC 7617, RFC 6750).
fn read(header: &HeaderValue) -> Option<Credentials> {
    let text = std::str::from_utf8(header.as_bytes()).ok()?;
    if text.len() > MAX_AUTHORIZATION {
        return None;
    }
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let token = !rest.is_empty() && rest.bytes().all(plain);
        return token.then(|| Credentials::Bearer(Secret::new(rest)));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(BASE64.decode(rest).ok()?).ok()?;
        let (username, password) = pair.split_once(':')?;
        return Some(Credentials::Basic {
            username: username.to_owned(),
            password: Secret::new(password),
        });
    }
    None
}

/// Why a request is answered 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Nobody is known yet, or what was shown is not enough.
    SignIn,
    /// What was shown is not good.
    Invalid,
}

/// The one challenge line of a 401.
pub(crate) struct Challenge<'a> {
    /// Whether there is a token endpoint to go to.
    pub(crate) bearer: bool,
    pub(crate) options: &'a HttpOptions,
    /// The host the client named.
    pub(crate) host: Option<&'a str>,
    /// What the request would need.
    pub(crate) scope: Option<&'a TokenScope>,
    pub(crate) ask: Ask,
    /// Whether a token was sent; only then does an `error` make a client ask for another one.
    pub(crate) token_sent: bool,
}

impl Challenge<'_> {
    /// The line (RFC 6750 section 3). Nothing in it comes from the client but a repository name,
    /// whose grammar has no quotes, and a loopback host.
    pub(crate) fn line(&self) -> String {
        let service = self.options.service();
        if !self.bearer {
            return basic_challenge(service);
        }
        let realm = self.options.realm(self.host);
        let mut line = format!("Bearer realm=\"{realm}\",service=\"{service}\"");
        if let Some(scope) = self.scope {
            line.push_str(",scope=\"");
            line.push_str(&scope.to_string());
            line.push('"');
        }
        if self.token_sent {
            line.push_str(match self.ask {
                Ask::SignIn => ",error=\"insufficient_scope\"",
                Ask::Invalid => ",error=\"invalid_token\"",
            });
        }
        line
    }
}

/// The challenge where there is no token endpoint, and at the token endpoint itself.
pub(crate) fn basic_challenge(service: &str) -> String {
    format!("Basic realm=\"{service}\",charset=\"UTF-8\"")
}

/// The host a client named: `Host`, or `:authority`.
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    match parts.headers.get(http::header::HOST) {
        Some(host) => host.to_str().ok(),
        None => parts.uri.authority().map(http::uri::Authority::as_str),
    }
}

/// Whether a client named more than one host.
pub(crate) fn has_two_hosts(headers: &HeaderMap) -> bool {
    headers.get_all(http::header::HOST).iter().nth(1).is_some()
}
