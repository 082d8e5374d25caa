//! What the owner of the service decides.

use std::time::Duration;

use http::Uri;
use http::header::HeaderValue;

/// What the owner of a [`RegistryService`](crate::RegistryService) decides about it.
///
/// ```
/// use pierhead_http::HttpOptions;
/// let options = HttpOptions::default()
///     .with_public_url("https://registry.example.org")?
///     .with_denied_hint("ask the owner of the project for access");
/// # Ok::<(), pierhead_http::OptionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpOptions {
    public_urls: Vec<PublicUrl>,
    fallback: PublicUrl,
    service: Option<Box<str>>,
    token_path: Box<str>,
    denied_hint: Box<str>,
    idle_timeout: Duration,
    document_timeout: Duration,
    redirect_for: Option<Duration>,
}

/// An option that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Not a URL that clients could be sent to.
    #[error("`{0}` is no public URL; write it as `https://host` or `https://host:port`")]
    PublicUrl(String),
    /// Not a name that can stand in a challenge.
    #[error("`{0}` is no service name; use visible ASCII without quotes and backslashes")]
    Service(String),
    /// Not a path that the token endpoint can have.
    #[error("`{0}` is no token path; use one such as `/token`, outside `/v2`")]
    TokenPath(String),
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            public_urls: Vec::new(),
            fallback: PublicUrl {
                scheme: "http",
                authority: "localhost".into(),
            },
            service: None,
            token_path: "/token".into(),
            denied_hint: "the requested access is denied, or there is no such repository".into(),
            idle_timeout: Duration::from_secs(60),
            document_timeout: Duration::from_secs(300),
            redirect_for: Some(Duration::from_secs(60)),
        }
    }
}

impl HttpOptions {
    /// Adds a URL under which clients reach the service. The challenge sends a client to the token
    /// endpoint under the first one whose host and port equal the request's `Host`, else under the
    /// first one. Without any, only requests to a loopback `Host` with a port are answered with
    /// that host.
    ///
    /// # Errors
    /// [`OptionsError::PublicUrl`] for anything but scheme, host and port.
    pub fn with_public_url(mut self, url: &str) -> Result<Self, OptionsError> {
        self.public_urls.push(PublicUrl::parse(url)?);
        Ok(self)
    }

    /// Where clients are sent when no public URL is configured and the `Host` they name is no
    /// loopback one with a port; who names one of those is sent there, by the same scheme.
    /// `http://localhost` unless set.
    ///
    /// # Errors
    /// [`OptionsError::PublicUrl`] for anything but scheme, host and port.
    pub fn with_fallback_url(mut self, url: &str) -> Result<Self, OptionsError> {
        self.fallback = PublicUrl::parse(url)?;
        Ok(self)
    }

    /// What the service is called in challenges, which clients repeat at the token endpoint; give
    /// the token issuer the same. Unless set: host and port of the first public URL, and
    /// `pierhead` when there is none.
    ///
    /// # Errors
    /// [`OptionsError::Service`] when it cannot stand in a challenge.
    pub fn with_service(mut self, name: &str) -> Result<Self, OptionsError> {
        let fits = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if name.is_empty() || name.len() > 255 || !name.bytes().all(fits) {
            return Err(OptionsError::Service(name.to_owned()));
        }
        self.service = Some(name.into());
        Ok(self)
    }

    /// The path of the token endpoint; `/token` unless set.
    ///
    /// # Errors
    /// [`OptionsError::TokenPath`] for a path that is under `/v2` or needs escapes.
    pub fn with_token_path(mut self, path: &str) -> Result<Self, OptionsError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let taken = path == "/v2" || path.starts_with("/v2/");
        if !path.starts_with('/') || path.len() < 2 || taken || !path.bytes().all(plain) {
            return Err(OptionsError::TokenPath(path.to_owned()));
        }
        self.token_path = path.into();
        Ok(self)
    }

    /// What every refusal says whose reason the caller may not know. The same for a repository
    /// that is absent and one that is forbidden, so say what names look like here.
    pub fn with_denied_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.denied_hint = hint.into();
        self
    }

    /// How long to wait for the next piece of a body; 60 s unless set. A whole upload has no
    /// deadline.
    pub fn with_idle_timeout(mut self, span: Duration) -> Self {
        self.idle_timeout = span;
        self
    }

    /// How long a manifest may take to arrive; 300 s unless set. A form has at most 10 s.
    pub fn with_document_timeout(mut self, span: Duration) -> Self {
        self.document_timeout = span;
        self
    }

    /// For how long a redirect to the blob store may be used, or `None` for no redirects. 60 s
    /// unless set; it matters only to stores that redirect.
    pub fn with_redirects(mut self, life: Option<Duration>) -> Self {
        self.redirect_for = life;
        self
    }

    /// What the service is called in challenges; see [`HttpOptions::with_service`].
    pub fn service(&self) -> &str {
        match (&self.service, self.public_urls.first()) {
            (Some(name), _) => name,
            (None, Some(url)) => &url.authority,
            (None, None) => "pierhead",
        }
    }

    /// The path of the token endpoint.
    pub fn token_path(&self) -> &str {
        &self.token_path
    }

    pub(crate) fn denied_hint(&self) -> &str {
        &self.denied_hint
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    pub(crate) fn document_timeout(&self) -> Duration {
        self.document_timeout
    }

    pub(crate) fn redirect_for(&self) -> Option<Duration> {
        self.redirect_for
    }

    /// The address of the token endpoint for a client that named this host.
    pub(crate) fn realm(&self, host: Option<&str>) -> String {
        let path = &self.token_path;
        let listed = self
            .public_urls
            .iter()
            .find(|url| host.is_some_and(|host| url.is(host)));
        match (listed.or(self.public_urls.first()), host) {
            (Some(url), _) => format!("{}://{}{path}", url.scheme, url.authority),
            (None, Some(host)) if is_loopback(host) => {
                format!("{}://{host}{path}", self.fallback.scheme)
            }
            (None, _) => format!(
                "{}://{}{path}",
                self.fallback.scheme, self.fallback.authority
            ),
        }
    }
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicUrl {
    scheme: &'static str,
    authority: Box<str>,
}

impl PublicUrl {
    fn parse(text: &str) -> Result<Self, OptionsError> {
        let wrong = || OptionsError::PublicUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err(wrong()),
        };
        let authority = uri
            .authority()
            .ok_or_else(wrong)?
            .as_str()
            .to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !bare || authority.is_empty() || !authority.bytes().all(plain) {
            return Err(wrong());
        }
        HeaderValue::from_str(&authority).map_err(|_| wrong())?;
        Ok(Self {
            scheme,
            authority: authority.into(),
        })
    }

    /// Whether a `Host` header means this one; the scheme's own port may be left out.
    fn is(&self, host: &str) -> bool {
        let port = if self.scheme == "https" {
            ":443"
        } else {
            ":80"
        };
        let bare = |text: &'_ str| text.strip_suffix(port).unwrap_or(text).len();
        let ours = &self.authority[..bare(&self.authority)];
        // A suffix of ASCII ends at a boundary of characters.
        ours.eq_ignore_ascii_case(&host[..bare(host)])
    }
}

/// `127.0.0.1`, `localhost` or `[::1]`, with a port.
fn is_loopback(host: &str) -> bool {
    let Some((name, port)) = host.rsplit_once(':') else {
        return false;
    };
    let named = name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost");
    named && !port.starts_with('+') && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realm_is_the_public_url_of_the_host_else_the_first() {
        let configured = HttpOptions::default()
            .with_public_url("https://a.example.org")
            .and_then(|options| options.with_public_url("http://b.example.org:5000/"))
            .expect("both are public URLs");
        let none = HttpOptions::default();
        let secured = HttpOptions::default()
            .with_fallback_url("https://localhost:1")
            .expect("it is a URL");
        for (options, host, realm) in [
            (
                &configured,
                Some("a.example.org"),
                "https://a.example.org/token",
            ),
            (
                &configured,
                Some("A.example.org:443"),
                "https://a.example.org/token",
            ),
            (
                &configured,
                Some("b.example.org:5000"),
                "http://b.example.org:5000/token",
            ),
            (
                &configured,
                Some("b.example.org"),
                "https://a.example.org/token",
            ),
            (
                &configured,
                Some("evil.example.com"),
                "https://a.example.org/token",
            ),
            (
                &configured,
                Some("127.0.0.1:5000"),
                "https://a.example.org/token",
            ),
            (&configured, None, "https://a.example.org/token"),
            (&none, Some("127.0.0.1:5000"), "http://127.0.0.1:5000/token"),
            (&none, Some("localhost:1"), "http://localhost:1/token"),
            (&none, Some("[::1]:5000"), "http://[::1]:5000/token"),
            (
                &secured,
                Some("127.0.0.1:5000"),
                "https://127.0.0.1:5000/token",
            ),
            (
                &secured,
                Some("evil.example.com"),
                "https://localhost:1/token",
            ),
            (&none, Some("localhost"), "http://localhost/token"),
            (&none, Some("127.0.0.1:99999"), "http://localhost/token"),
            (&none, Some("127.0.0.1:+80"), "http://localhost/token"),
            (
                &none,
                Some("127.0.0.1.example.com:80"),
                "http://localhost/token",
            ),
            (&none, Some("evil@localhost:80"), "http://localhost/token"),
            (&none, Some("évil"), "http://localhost/token"),
            (&none, None, "http://localhost/token"),
        ] {
            assert_eq!(options.realm(host), realm, "{host:?}");
        }
    }

    #[test]
    fn options_that_cannot_stand_in_a_challenge_are_refused() {
        for url in [
            "",
            "host",
            "ftp://host",
            "https://u@host",
            "https://host/x",
            "http://h?q",
        ] {
            assert!(
                HttpOptions::default().with_public_url(url).is_err(),
                "{url}"
            );
        }
        for name in ["", "a\"b", "a\\b", "a\nb", "é"] {
            assert!(HttpOptions::default().with_service(name).is_err(), "{name}");
        }
        for path in ["", "/", "token", "/v2", "/v2/x", "/a b", "/a?b", "/{x}"] {
            assert!(
                HttpOptions::default().with_token_path(path).is_err(),
                "{path}"
            );
        }
    }
}
