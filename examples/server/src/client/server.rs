//! Which server is meant.

use std::net::IpAddr;

use super::session::Sessions;
use super::variable;
use crate::failure::Failure;
use crate::settings::host_of;
use crate::terminal::plain;

/// Where a server is that nobody named.
const HERE: &str = "http://127.0.0.1:5000";

/// The URL of the server: that of `--url`, else of the host before a name, else of `PIERHEAD_URL`,
/// else the one that was logged in to last, else this machine's.
///
/// Credentials of the environment beside a `PIERHEAD_URL` go to no other host.
///
/// # Errors
/// When two servers are named at once.
pub(crate) fn find(
    url: Option<&str>,
    host: Option<&str>,
    sessions: &Sessions,
) -> Result<String, Failure> {
    let everywhere = variable("PIERHEAD_URL");
    // What the environment says of who asks is for the server that it names.
    let fixed = everywhere.as_deref().filter(|_| says_who());
    match (url.or(fixed), host) {
        (Some(url), Some(host)) if !is_of(url, host) => Err(Failure::told(format!(
            "the name says {}, and --url or PIERHEAD_URL another server; leave one of them out",
            plain(host)
        ))),
        (Some(url), _) => Ok(url.to_owned()),
        (None, Some(host)) => {
            let known = everywhere.filter(|url| is_of(url, host));
            let known = known.or_else(|| {
                let host = host.to_ascii_lowercase();
                sessions.server_of(&host).map(str::to_owned)
            });
            Ok(known.unwrap_or_else(|| url_of(host)))
        }
        (None, None) => Ok(everywhere
            .or_else(|| sessions.default().map(str::to_owned))
            .unwrap_or_else(|| HERE.to_owned())),
    }
}

/// Whether the environment says who asks.
fn says_who() -> bool {
    let names = ["PIERHEAD_TOKEN", "PIERHEAD_PASSWORD"];
    names.into_iter().any(|name| variable(name).is_some())
}

/// The URL of a server that is named by its URL or its host.
pub(crate) fn named(server: &str) -> String {
    if server.contains("://") {
        server.to_owned()
    } else {
        url_of(server.trim_end_matches('/'))
    }
}

/// Scheme, host and port of a URL in their one spelling.
pub(crate) fn origin(url: &str) -> String {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let default = match url.split_once("://") {
        Some(("https", _)) => ":443",
        Some(("http", _)) => ":80",
        _ => "",
    };
    url.strip_suffix(default).unwrap_or(&url).to_owned()
}

/// Whether passwords would cross a network in the clear to there.
pub(crate) fn is_in_the_clear(url: &str) -> bool {
    url.starts_with("http://") && !is_here(host_of(url.trim_end_matches('/')))
}

fn is_of(url: &str, host: &str) -> bool {
    host_of(&origin(url)) == host_of(&origin(&with_scheme_of(url, host)))
}

fn with_scheme_of(url: &str, host: &str) -> String {
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    format!("{scheme}://{host}")
}

/// Passwords go in the clear to this machine alone, unless a URL says so.
fn url_of(host: &str) -> String {
    let scheme = if is_here(host) { "http" } else { "https" };
    format!("{scheme}://{host}")
}

fn is_here(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
        .map_or(host, |(name, _)| name);
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_are_not_named_at_once() {
        for (url, host, good) in [
            ("https://r.example.org", "r.example.org", true),
            ("http://R.example.org/", "r.example.org", true),
            ("https://r.example.org:443", "r.example.org", true),
            ("https://r.example.org", "R.example.org:443", true),
            ("https://r.example.org", "r.example.org:5000", false),
            ("https://r.example.org:80", "r.example.org", false),
            ("https://r.example.org", "other.example.org", false),
        ] {
            assert_eq!(is_of(url, host), good, "{url} {host}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_in_the_clear() {
        for (host, url) in [
            ("localhost:5000", "http://localhost:5000"),
            ("LOCALHOST:5000", "http://LOCALHOST:5000"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("127.0.0.1", "http://127.0.0.1"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("[::1]", "http://[::1]"),
            ("registry.example.org", "https://registry.example.org"),
            ("127.example.org", "https://127.example.org"),
            (
                "localhost.example.org:80",
                "https://localhost.example.org:80",
            ),
        ] {
            assert_eq!(named(host), url);
            assert!(!is_in_the_clear(url));
        }
        assert!(is_in_the_clear("http://registry.example.org"));
        assert_eq!(named("http://a.example.org"), "http://a.example.org");
    }

    #[test]
    fn an_origin_has_one_spelling() {
        for (url, expected) in [
            ("https://R.example.org/", "https://r.example.org"),
            ("https://r.example.org:443", "https://r.example.org"),
            ("http://r.example.org:443", "http://r.example.org:443"),
            ("HTTP://r.example.org:80/", "http://r.example.org"),
            ("https://[::1]:443", "https://[::1]"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
