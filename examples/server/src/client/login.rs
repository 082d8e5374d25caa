//! `pierhead login` and `logout`: a session for the commands that follow.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use pierhead::auth::Secret;

use super::api::Api;
use super::server::{self, is_in_the_clear, origin};
use super::session::{Session, Sessions};
use super::{password_of, trusted, user_name, variable};
use crate::failure::Failure;
use crate::prompt;
use crate::table::life;
use crate::terminal::{plain, say};

/// Whom to log in, and where.
#[derive(Args, Debug)]
#[command(
    after_help = "The session is kept in ~/.config/pierhead/sessions.json until it ends, 12 \
    hours later unless the server says otherwise; the password is not. Several servers can be \
    logged in to; commands go to the last one unless they name another.\n\n\
    Examples:\n  pierhead login https://registry.example.org\n  \
    pierhead login registry.example.org --user ana --password-stdin < password.txt"
)]
pub(crate) struct LoginArgs {
    /// The server's URL, or its host [default: `PIERHEAD_URL`, else the one that was logged in to
    /// last, else this machine's at port 5000]
    server: Option<String>,
    /// The same, as all other commands have it
    #[arg(long, value_name = "URL", conflicts_with = "server", hide = true)]
    url: Option<String>,
    /// The user's name [default: `PIERHEAD_USER`, else it is asked for]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from standard input [default: `PIERHEAD_PASSWORD`, else it is asked for]
    #[arg(long)]
    password_stdin: bool,
    /// Trust the certificates in this file, and no others, here and in the commands that follow
    /// [default: `PIERHEAD_CA`, else those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Where to log out.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  pierhead logout\n  pierhead logout registry.example.org")]
pub(crate) struct LogoutArgs {
    /// The server's URL, or its host [default: `PIERHEAD_URL`, else the one that was logged in to
    /// last, else this machine's at port 5000]
    server: Option<String>,
    /// The same, as all other commands have it
    #[arg(long, value_name = "URL", conflicts_with = "server", hide = true)]
    url: Option<String>,
}

/// Begins a session, and keeps it.
///
/// # Errors
/// When the server cannot be reached, or does not take the password; when the session cannot be kept.
pub(crate) fn login(args: &LoginArgs) -> Result<(), Failure> {
    let sessions = Sessions::read()?;
    let named = args.server.as_deref().or(args.url.as_deref());
    let url = url(named, &sessions)?;
    // A relative path would mean another file in another directory.
    let ca = trusted(args.ca.as_deref())
        .map(std::path::absolute)
        .transpose()
        .map_err(|error| Failure::because("the file of certificates", &error))?;
    let ca = ca.or_else(|| sessions.at(&origin(&url))?.ca.clone());
    let api = Api::new(&url, ca.as_deref())?;
    if is_in_the_clear(&url) {
        say(&format!(
            "pierhead: the password crosses the network in the clear to {url}; everybody on the way \
             can read it"
        ));
    }
    let (user, password) = who(args, &url)?;
    let (session, until) = api.begin(&user, &password)?;
    let kept = Session::new(user, &session, until, ca.clone());
    let before = Sessions::keep(&origin(&url), kept.clone());
    let before = before.inspect_err(|_| {
        // What is not kept is of no use to anybody.
        let lost = api.anew().keeping(session.clone());
        let _ = lost.delete("/auth/v1/session", None);
    })?;
    if let Some(before) = before {
        // The one before ends by itself if it does not end now.
        let _ = api
            .keeping(before.secret())
            .delete("/auth/v1/session", None);
    }
    let life = life(kept.until.as_deref(), SystemTime::now());
    let user = plain(&kept.user);
    say(&format!("logged in to {url} as {user}{life}"));
    Ok(())
}

/// Ends the session, and forgets it.
///
/// # Errors
/// When the file of sessions cannot be written, or the server was not reached. Either is done all the
/// same.
pub(crate) fn logout(args: &LogoutArgs) -> Result<(), Failure> {
    let sessions = Sessions::read()?;
    let named = args.server.as_deref().or(args.url.as_deref());
    let url = url(named, &sessions)?;
    let Some(kept) = sessions.at(&origin(&url)) else {
        say(&format!("nobody is logged in to {url}"));
        return Ok(());
    };
    let forgotten = Sessions::forget(&origin(&url));
    let session = match &forgotten {
        Ok(None) => return Ok(()),
        Ok(Some(session)) => session,
        // Where nothing can be written, it can be ended all the same.
        Err(_) => kept,
    };
    let api = Api::new(&url, session.ca.as_deref());
    let ended = api.and_then(|api| {
        api.keeping(session.secret())
            .delete("/auth/v1/session", None)
    });
    if let Err(failure) = forgotten {
        return Err(match ended {
            Ok(_) => failure.with_hint("the session is over, although it is not forgotten here"),
            Err(_) => failure,
        });
    }
    match ended {
        Err(failure) if failure.status() != Some(401) => {
            let life = life(session.until.as_deref(), SystemTime::now());
            Err(failure.with_hint(format_args!(
                "the session is forgotten here, and good there{life}"
            )))
        }
        // It may be over already.
        _ => {
            say(&format!("logged out of {url}"));
            Ok(())
        }
    }
}

/// Goes on with another session of whoever asks, if one is kept; else it ends at once.
///
/// # Errors
/// When the file of sessions cannot be written.
pub(crate) fn go_on(api: &Api, session: &Secret, until: Option<String>) -> Result<(), Failure> {
    let kept = api.shows_kept();
    let gone_on = if kept {
        Sessions::go_on(&origin(api.url()), session, until)
    } else {
        Ok(())
    };
    if !kept || gone_on.is_err() {
        // One that could not be ended ends by itself.
        let _ = api
            .anew()
            .keeping(session.clone())
            .delete("/auth/v1/session", None);
    }
    gone_on
}

fn url(named: Option<&str>, sessions: &Sessions) -> Result<String, Failure> {
    match named {
        Some(server) => {
            let url = server::named(server);
            Ok(url.trim_end_matches('/').to_owned())
        }
        None => server::find(None, None, sessions),
    }
}

/// A user name and a password: told, or asked for.
fn who(args: &LoginArgs, url: &str) -> Result<(String, Secret), Failure> {
    let told = args.user.clone().or_else(|| variable("PIERHEAD_USER"));
    let somebody = prompt::somebody_is_there();
    let user = match told {
        Some(user) => user,
        None if somebody && !args.password_stdin => user_name(url)?,
        None => return Err(Failure::told("who logs in? add --user NAME")),
    };
    let password = match variable("PIERHEAD_PASSWORD") {
        Some(password) if !args.password_stdin => Secret::new(password),
        _ if somebody || args.password_stdin => password_of(&user, url)?,
        _ => {
            return Err(Failure::told(
                "nobody is at the terminal to be asked for the password; add --password-stdin, or \
                 set PIERHEAD_PASSWORD",
            ));
        }
    };
    Ok((user, password))
}
