//! Commands that ask a running server over its management API.

mod answers;
mod api;
mod careful;
mod invitation;
mod names;
mod new_password;
mod project;
mod share;
mod table;
mod tags;
mod team;
mod trash;
mod user;

pub(crate) use project::{ProjectArgs, project};
pub(crate) use share::{ShareArgs, share};
pub(crate) use tags::{TagsArgs, tags};
pub(crate) use team::{TeamArgs, team};
pub(crate) use trash::{TrashArgs, trash};
pub(crate) use user::{UserArgs, user};

use std::io::{self, IsTerminal as _, Write as _};
use std::net::IpAddr;

use clap::Args;
use pierhead::auth::Secret;

use crate::credentials::read_password;
use crate::failure::Failure;
use crate::settings::host_of;
use api::Api;

/// Where the server is that is asked, and how its answer is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asked {
    /// The server's URL, such as `https://registry.example.org` [default: that of the host before
    /// the name, else `PIERHEAD_URL`, else that of this machine at port 5000]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write JSON, for programs
    #[arg(long)]
    json: bool,
}

/// A repository as people write it: `syn101/tools`, or with the server's host before it.
struct Repository<'a> {
    host: Option<&'a str>,
    name: &'a str,
}

impl<'a> Repository<'a> {
    /// Reads a name as clients of registries do: what holds a dot or a colon is a host.
    ///
    /// # Errors
    /// When there is more, or something else, than a name.
    fn read(text: &'a str) -> Result<Self, Failure> {
        if text.contains("://") {
            return Err(Failure::told(
                "leave the `http://` or `https://` out of the name",
            ));
        }
        let (host, name) = match text.split_once('/') {
            Some((host, name))
                if host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost") =>
            {
                (Some(host), name)
            }
            _ => (None, text),
        };
        if name.contains([':', '@']) {
            return Err(Failure::told(
                "a tag or a digest is no part of the name; leave it out, or use --history --tag TAG",
            ));
        }
        Ok(Self { host, name })
    }
}

impl Asked {
    /// Finds the server, and signs in.
    fn sign_in(&self, host: Option<&str>) -> Result<Api, Failure> {
        let told = self.url.clone().or_else(|| variable("PIERHEAD_URL"));
        let url = match (told, host) {
            (Some(url), Some(host)) => agreed(url, host)?,
            (Some(url), None) => url,
            (None, Some(host)) => url_of(host),
            (None, None) => "http://127.0.0.1:5000".to_owned(),
        };
        let api = Api::new(&url)?;
        if let Some(token) = variable("PIERHEAD_TOKEN") {
            return Ok(api.bearing(Secret::from(&*token)));
        }
        let (user, password) = who(&url)?;
        api.login(&user, &password)
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// A URL, if it is that of the host: whoever names two servers means one of them.
fn agreed(url: String, host: &str) -> Result<String, Failure> {
    if host_of(&url)
        .trim_end_matches('/')
        .eq_ignore_ascii_case(host)
    {
        return Ok(url);
    }
    Err(Failure::told(format!(
        "the name says {}, and --url or PIERHEAD_URL another server; leave one of them out",
        api::plain(host)
    )))
}

/// Passwords go in the clear to this machine alone, unless a URL says so.
fn url_of(host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let here = name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback());
    let scheme = if here { "http" } else { "https" };
    format!("{scheme}://{host}")
}

/// A user name and a password, from the environment or from whoever is at the terminal.
fn who(url: &str) -> Result<(String, Secret), Failure> {
    let asks = io::stdin().is_terminal();
    let user = match variable("PIERHEAD_USER") {
        Some(user) => user,
        None if asks => {
            let mut user = String::new();
            eprint!("user name on {url}: ");
            io::stdin()
                .read_line(&mut user)
                .map_err(|error| Failure::because("no user name", &error))?;
            user.trim().to_owned()
        }
        None => {
            return Err(Failure::told(
                "who asks? set PIERHEAD_TOKEN to a personal access token, or PIERHEAD_USER and \
                 PIERHEAD_PASSWORD",
            ));
        }
    };
    let password = match variable("PIERHEAD_PASSWORD") {
        Some(password) => Secret::new(password),
        None if asks => read_password().map_err(|error| Failure::because("no password", &error))?,
        None => return Err(Failure::told("set PIERHEAD_PASSWORD beside PIERHEAD_USER")),
    };
    Ok((user, password))
}

/// Asks whoever is at the terminal; without anybody there, it has to be told beforehand.
fn confirm(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::told(
            "nobody is at the terminal to be asked; add --yes to go on without, or --dry-run",
        ));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::because("no answer", &error))?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

/// Writes an answer. Whoever stops reading it, as `head` does, has had enough.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::because("the answer was not written", &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_dot_or_a_colon_is_a_host() {
        for (text, host, name) in [
            ("syn101/tools", None, "syn101/tools"),
            ("syn101/a.b/c", None, "syn101/a.b/c"),
            ("localhost/syn101/tools", Some("localhost"), "syn101/tools"),
            ("127.0.0.1:5000/syn1/a", Some("127.0.0.1:5000"), "syn1/a"),
            ("r.example.org/syn1/a/b", Some("r.example.org"), "syn1/a/b"),
            ("tools", None, "tools"),
            ("LOCALHOST:1/syn1/a", Some("LOCALHOST:1"), "syn1/a"),
        ] {
            let read = Repository::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((read.host, read.name), (host, name), "{text}");
        }
        for text in ["http://a/syn1/b", "syn1/a:v1", "a.b/syn1/a@sha256:0"] {
            assert!(Repository::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn two_servers_are_not_named_at_once() {
        for (url, host, good) in [
            ("https://r.example.org", "r.example.org", true),
            ("http://R.example.org/", "r.example.org", true),
            ("https://r.example.org", "r.example.org:5000", false),
            ("https://r.example.org", "other.example.org", false),
        ] {
            assert_eq!(agreed(url.to_owned(), host).is_ok(), good, "{url} {host}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_in_the_clear() {
        for (host, url) in [
            ("localhost:5000", "http://localhost:5000"),
            ("LOCALHOST:5000", "http://LOCALHOST:5000"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("registry.example.org", "https://registry.example.org"),
            ("127.example.org", "https://127.example.org"),
            (
                "localhost.example.org:80",
                "https://localhost.example.org:80",
            ),
        ] {
            assert_eq!(url_of(host), url);
        }
    }
}
