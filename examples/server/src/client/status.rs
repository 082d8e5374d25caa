//! `pierhead status`: how a server is, who you are there, and what wants attention.

use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};
use ureq::http::Method;

use super::answers::{print_json, shown, taken};
use super::api::Api;
use super::server::origin;
use super::session::Session;
use super::{Asked, print};
use crate::failure::Failure;
use crate::settings::host_of;
use crate::table::{facts, life};
use crate::terminal::plain;

/// How many of each kind are counted: what costs a server little.
const MOST: usize = 100;

/// Of which server.
#[derive(Args, Debug)]
#[command(
    after_help = "Nobody need be logged in. The exit status is 1 when the server cannot be \
    reached or is not ready, or the session is over.\n\n\
    Examples:\n  pierhead status\n  pierhead status --url https://registry.example.org --json"
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    asked: Asked,
}

/// How a server says that it is.
enum Health {
    Ready,
    /// With a word why.
    NotReady(String),
    /// An older server does not say.
    Untold,
}

/// What wants an operator's attention: as many as one page has, and whether there are more.
struct Attention {
    unmended: (Vec<Value>, bool),
    invitations: (Vec<Value>, bool),
}

/// Looks.
///
/// # Errors
/// When the server cannot be reached, or is not ready, or the session is over.
pub(crate) fn status(args: &StatusArgs) -> Result<(), Failure> {
    let (api, sessions) = args.asked.look(None)?;
    let health = health(&api)?;
    let (account, wrong) = match account(&api) {
        Ok(account) => (account, None),
        Err(failure) => (None, Some(failure)),
    };
    let session = sessions.at(&origin(api.url()));
    let session = session.filter(|_| api.shows_kept() && account.is_some());
    let operates = account.as_ref().is_some_and(|it| it["operator"] == true);
    let attention = if operates { attention(&api)? } else { None };
    if args.asked.json {
        print_json(&json!({
            "server": api.url(),
            "health": match &health {
                Health::Ready => "ready",
                Health::NotReady(_) => "not-ready",
                Health::Untold => "untold",
            },
            "account": account,
            "sessionUntil": session.and_then(|session| session.until.clone()),
            "attention": attention.map(|it| json!({
                "unmended": it.unmended.0,
                "invitations": it.invitations.0,
                "more": it.unmended.1 || it.invitations.1,
            })),
        }))?;
    } else {
        let mut lines = vec![("SERVER", api.url().to_owned())];
        lines.push(("HEALTH", in_words(&health)));
        match &wrong {
            Some(failure) if failure.status() == Some(403) => {
                lines.push((
                    "YOU",
                    format!("not told: {} does not let you look", api.shown_as()),
                ));
            }
            _ => lines.extend(about(&api, account.as_ref(), session)),
        }
        if let Some(attention) = attention {
            lines.extend(attention.in_words());
        }
        if wrong.is_none() {
            lines.extend(next(&api, account.as_ref()));
        }
        print(&facts(&lines))?;
    }
    match wrong {
        Some(failure) => Err(failure),
        None => match health {
            Health::NotReady(why) => {
                Err(Failure::happened(format!("the server is not ready: {why}")))
            }
            Health::Ready | Health::Untold => Ok(()),
        },
    }
}

fn health(api: &Api) -> Result<Health, Failure> {
    let (status, why) = api.answer(Method::GET, "/readyz", None)?;
    Ok(match status {
        200..300 => Health::Ready,
        500.. => Health::NotReady(match why.trim_end() {
            word if word.len() <= 80 && !word.contains(['<', '\n']) => plain(word),
            // A proxy whose server is gone answers with a page of its own.
            _ => format!("it answers {status}"),
        }),
        _ => Health::Untold,
    })
}

fn in_words(health: &Health) -> String {
    match health {
        Health::Ready => "ready".to_owned(),
        Health::NotReady(why) => format!("not ready: {why}"),
        Health::Untold => "answers (an older server, which says no more)".to_owned(),
    }
}

/// Who asks, if anything is shown of that. What else answers there is no Pierhead, and is found out.
fn account(api: &Api) -> Result<Option<Value>, Failure> {
    let profile = api.get("/repo/v1/userProfile")?;
    let id = profile["ownerId"].as_str();
    let id = id.ok_or_else(|| api.strange("did not say who you are"))?;
    let shown = api.shows_something();
    shown
        .then(|| api.get(&format!("/pierhead/v1/account/{id}")))
        .transpose()
}

/// What only operators see, and with a session alone.
fn attention(api: &Api) -> Result<Option<Attention>, Failure> {
    let page = |path: &str, next: &str| match api.get(path) {
        Ok(mut page) => {
            let more = !page[next].is_null();
            Ok(Some((taken(api, &mut page["results"])?, more)))
        }
        Err(failure) if failure.status() == Some(403) => Ok(None),
        Err(failure) => Err(failure),
    };
    let unmended = format!("/pierhead/v1/project/unmended?limit={MOST}");
    let unmended = page(&unmended, "next")?;
    let invitations = page("/pierhead/v1/invitation", "nextPageToken")?;
    Ok(unmended
        .zip(invitations)
        .map(|(unmended, invitations)| Attention {
            unmended,
            invitations,
        }))
}

type Line = (&'static str, String);

fn about(api: &Api, account: Option<&Value>, session: Option<&Session>) -> Vec<Line> {
    let Some(account) = account else {
        return vec![("YOU", "nobody is signed in".to_owned())];
    };
    let until = session.and_then(|session| session.until.as_deref());
    let life = life(until, SystemTime::now());
    let (name, by) = (shown(&account["name"]), api.shown_as());
    let certified = if account["certified"] == true {
        "yes: you push to new names where you hold `can-edit`"
    } else if account["operator"] == true {
        "no, and operators need not be"
    } else {
        "no: you push to what is there; for new names ask an operator to certify you"
    };
    let operator = if account["operator"] == true {
        "yes"
    } else {
        "no"
    };
    vec![
        ("YOU", format!("{name}, by {by}{life}")),
        ("CERTIFIED", certified.to_owned()),
        ("OPERATOR", operator.to_owned()),
    ]
}

impl Attention {
    fn in_words(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let at_least = |more: bool| if more { "at least " } else { "" };
        let (projects, more) = &self.unmended;
        if !projects.is_empty() {
            let named = projects.iter().take(5);
            let named: Vec<String> = named.map(|it| shown(&it["id"])).collect();
            lines.push((
                "ATTENTION",
                format!(
                    "nobody can change the sharing settings of {}{} project(s): {}{}; to give one \
                     somebody who can, type: pierhead share set ID NAME administrator",
                    at_least(*more),
                    projects.len(),
                    named.join(", "),
                    if projects.len() > named.len() {
                        ", …"
                    } else {
                        ""
                    },
                ),
            ));
        }
        let (invitations, more) = &self.invitations;
        if !invitations.is_empty() {
            lines.push((
                "ATTENTION",
                format!(
                    "{}{} invitation(s) that nobody has used yet",
                    at_least(*more),
                    invitations.len()
                ),
            ));
        }
        lines
    }
}

/// What may be typed next.
fn next(api: &Api, account: Option<&Value>) -> Vec<Line> {
    let (base, host) = (api.url(), host_of(api.url()));
    match account {
        None => vec![("NEXT", format!("pierhead login {base}"))],
        Some(account) => {
            let name = shown(&account["name"]);
            vec![("NEXT", format!("docker login {host} -u {name}"))]
        }
    }
}
