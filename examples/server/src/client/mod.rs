//! Commands that ask a running server over its management API, for whoever works with it.
//!
//! # What all of them keep to
//! - **The answer is on standard output, all else on standard error:** questions, hints, what went
//!   wrong.
//! - **A table for people:** headings in capitals, sizes and times as one says them, no colours, no
//!   letter that a terminal would obey. **One JSON document for programs** with `--json`: what the
//!   API gave, all pages joined, and nothing else.
//! - **The exit status** is 0 when it was done, 1 when the server cannot be reached or refused, and 2
//!   when what was typed is wrong.
//! - **An error says what to type next.** A refusal is told in the server's words.
//! - **What is gone for good is asked about** at a terminal, and needs `--yes` without one.
//! - **Who asks** is said by `PIERHEAD_TOKEN`; else by `PIERHEAD_USER` and `PIERHEAD_PASSWORD`, in a
//!   session for this command alone; else by the session of `pierhead login`; else by whoever is at
//!   the terminal.
//!
//! # The map
//! - `login`, `status`, `tags`, `token`, `explain`, `user` (with `invitation`), `team`, `project`,
//!   `share`, `trash`: the commands.
//! - `server`, `session`: which server, and the sessions that are kept; `api`: the API, asked.
//! - `names`: what people type, as ids; `answers`: pages joined, members as people read them.
//! - `careful`: whether whoever asks is sure; `new_password`: passwords that are set.

mod answers;
mod api;
mod careful;
mod explain;
mod invitation;
mod login;
mod names;
mod new_password;
mod project;
mod server;
mod session;
mod share;
mod status;
mod tags;
mod team;
mod token;
mod trash;
mod user;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use pierhead::auth::Secret;
use pierhead::model::percent_encode;
use pierhead::projects::fold;

use crate::failure::Failure;
use crate::prompt;
use crate::terminal::{confirm, plain, print};
use api::Api;
use server::origin;
use session::Sessions;

/// What can be asked of a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in to a server, for the commands that follow
    Login(login::LoginArgs),
    /// End the session at a server
    Logout(login::LogoutArgs),
    /// Say how a server is, who you are there, and what wants attention
    Status(status::StatusArgs),
    /// List the tags of a repository and their history; take tags and former versions away
    Tags(tags::TagsArgs),
    /// Make, list and revoke personal access tokens
    Token(token::TokenArgs),
    /// Say why something is allowed or refused
    Explain(explain::ExplainArgs),
    /// Make, show and change accounts; invite people
    User(user::UserArgs),
    /// Make, show and change teams
    Team(team::TeamArgs),
    /// Make, show and change projects
    Project(project::ProjectArgs),
    /// Show and change who may do what, in a project or a repository
    Share(share::ShareArgs),
    /// Put projects and repositories into the trash can, and take them out
    Trash(trash::TrashArgs),
}

/// Does what the command line says.
///
/// # Errors
/// When the server cannot be reached, or refuses, or what was typed makes no sense.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Login(args) => login::login(args),
        Command::Logout(args) => login::logout(args),
        Command::Status(args) => status::status(args),
        Command::Tags(args) => tags::tags(args),
        Command::Token(args) => token::token(args),
        Command::Explain(args) => explain::explain(args),
        Command::User(args) => user::user(args),
        Command::Team(args) => team::team(args),
        Command::Project(args) => project::project(args),
        Command::Share(args) => share::share(args),
        Command::Trash(args) => trash::trash(args),
    }
}

/// Where the server is that is asked, and how its answer is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asked {
    /// The server's URL, such as `https://registry.example.org` [default: that of the host before
    /// the name, else `PIERHEAD_URL`, else the one that was logged in to last, else that of this
    /// machine at port 5000]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Trust the certificates in this file, and no others [default: `PIERHEAD_CA`, else those that
    /// `pierhead login` was told, else those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
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
        let found = Self::split(text)?;
        if found.name.contains([':', '@']) {
            return Err(Failure::told(format!(
                "a tag or a digest is no part of the name; leave it out of `{}`",
                plain(text)
            )));
        }
        Ok(found)
    }

    /// What stands before the first slash, if it is a host, and all the rest.
    fn split(text: &'a str) -> Result<Self, Failure> {
        if text.contains("://") {
            return Err(Failure::told(
                "leave the `http://` or `https://` out of the name",
            ));
        }
        let (host, name) = match text.split_once('/') {
            Some((host, name)) if is_host(host) => (Some(host), name),
            _ => (None, text),
        };
        Ok(Self { host, name })
    }

    /// Its id at the server.
    fn id(&self, api: &Api) -> Result<String, Failure> {
        let name = percent_encode(self.name);
        let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
        let found = api.get(&path)?;
        let id = found["id"].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| api.strange("gave no id"))
    }
}

/// What holds a dot or a colon, as clients of registries take it.
fn is_host(text: &str) -> bool {
    text.contains(['.', ':']) || text.eq_ignore_ascii_case("localhost")
}

impl Asked {
    /// Finds the server, and signs in.
    fn sign_in(&self, host: Option<&str>) -> Result<Api, Failure> {
        let (api, sessions) = self.find(host)?;
        match known(api, &sessions)? {
            api if api.shows_something() => Ok(api),
            api if prompt::somebody_is_there() => {
                let (user, password) = who(api.url())?;
                api.login(&user, &password)
            }
            api => Err(Failure::told(format!(
                "who asks? type: pierhead login {}  (or set PIERHEAD_TOKEN, or PIERHEAD_USER and \
                 PIERHEAD_PASSWORD)",
                api.url()
            ))),
        }
    }

    /// Finds the server, and shows it what is known of who asks, if anything is.
    fn look(&self, host: Option<&str>) -> Result<(Api, Sessions), Failure> {
        let (api, sessions) = self.find(host)?;
        Ok((known(api, &sessions)?, sessions))
    }

    fn find(&self, host: Option<&str>) -> Result<(Api, Sessions), Failure> {
        let sessions = Sessions::read()?;
        let url = server::find(self.url.as_deref(), host, &sessions)?;
        let ca = trusted(self.ca.as_deref()).or_else(|| sessions.at(&origin(&url))?.ca.clone());
        Ok((Api::new(&url, ca.as_deref())?, sessions))
    }
}

/// The certificates to trust, as told.
fn trusted(told: Option<&Path>) -> Option<PathBuf> {
    let told = told.map(Path::to_owned);
    told.or_else(|| variable("PIERHEAD_CA").map(PathBuf::from))
}

/// Shows what is known of who asks: from the environment, or a session that is kept.
fn known(api: Api, sessions: &Sessions) -> Result<Api, Failure> {
    if let Some(token) = variable("PIERHEAD_TOKEN") {
        return Ok(api.bearing(Secret::from(&*token)));
    }
    let (user, password) = (variable("PIERHEAD_USER"), variable("PIERHEAD_PASSWORD"));
    if let (Some(user), Some(password)) = (&user, password) {
        return api.login(user, &Secret::new(password));
    }
    // Who is named is meant, and nobody else.
    let kept = sessions.at(&origin(api.url()));
    let kept = kept.filter(|kept| user.is_none_or(|user| fold(&user) == fold(&kept.user)));
    Ok(match kept {
        Some(kept) => api.keeping(kept.secret()),
        None => api,
    })
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// A user name and a password, as far as the environment says them, and else from whoever is at the
/// terminal.
fn who(url: &str) -> Result<(String, Secret), Failure> {
    let user = match variable("PIERHEAD_USER") {
        Some(user) => user,
        None => user_name(url)?,
    };
    let password = match variable("PIERHEAD_PASSWORD") {
        Some(password) => Secret::new(password),
        None => password_of(&user, url)?,
    };
    Ok((user, password))
}

fn user_name(url: &str) -> Result<String, Failure> {
    let user = prompt::line(&format!("user name at {url}: "))
        .map_err(|error| Failure::because("no user name", &error))?;
    if user.is_empty() {
        return Err(Failure::told("no user name was typed"));
    }
    Ok(user)
}

fn password_of(user: &str, url: &str) -> Result<Secret, Failure> {
    let password = prompt::hidden(&format!("password of {} at {url}: ", plain(user)))
        .map_err(|error| Failure::because("no password", &error))?;
    if password.is_empty() {
        return Err(Failure::told("no password was typed"));
    }
    Ok(password)
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
}
