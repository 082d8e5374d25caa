//! `pierhead user invite` and `register`: invitations, and the accounts that people make with them.

use std::time::{Duration, SystemTime};

use clap::Args;
use pierhead::auth::Secret;
use pierhead::model::{percent_encode, rfc3339};
use serde_json::{Value, json};

use super::answers::{ago, by_token, ends, print_json, shown};
use super::careful::{each, told};
use super::names::{name_of, names_in};
use super::new_password::needed;
use super::{Asked, print, variable};
use crate::failure::Failure;
use crate::prompt::{hidden, somebody_is_there};
use crate::table::table;
use crate::terminal::say;
use crate::units::Span;

/// Who is invited, and until when.
#[derive(Args, Clone, Debug)]
pub(crate) struct Invite {
    /// The address that the account gets, without another proof
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// How long it is good, such as `3d`; at most 90 days [default: 7d]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires: Option<Duration>,
    #[command(flatten)]
    asked: Asked,
}

/// The account that somebody makes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Register {
    /// The user name: letters, digits, `.`, `-`, `_`
    #[arg(value_name = "NAME")]
    name: String,
    /// The e-mail address, where the server asks for one and the invitation has none
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    asked: Asked,
}

/// Which server is asked for them.
#[derive(Args, Clone, Debug)]
pub(crate) struct Invitations {
    #[command(flatten)]
    asked: Asked,
}

/// Those that are taken back.
#[derive(Args, Clone, Debug)]
pub(crate) struct Uninvite {
    /// Numbers, as `pierhead user invitations` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<u64>,
    #[command(flatten)]
    asked: Asked,
}

fn span(text: &str) -> Result<Duration, String> {
    let read = Span::read(text).map(|span| span.0);
    read.ok_or_else(|| "write it as \"24h\" or \"7d\"".to_owned())
}

pub(crate) fn invite(args: &Invite) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let mut new = json!({});
    if let Some(email) = &args.email {
        new["email"] = email.as_str().into();
    }
    if let Some(span) = args.expires {
        new["expires"] = rfc3339(SystemTime::now() + span).into();
    }
    let made = api.post("/pierhead/v1/invitation", &new)?;
    if args.asked.json {
        return print_json(&made);
    }
    print(&format!("{}\n", shown(&made["invitation"])))?;
    say(&format!(
        "good for one account, and ends {}; it is not shown again. Whoever you give it to types: \
         pierhead user register NAME --url {}",
        ends(&made["expires"], SystemTime::now()),
        api.url()
    ));
    Ok(())
}

pub(crate) fn register(args: &Register) -> Result<(), Failure> {
    let (api, _) = args.asked.find(None)?;
    let mut new = json!({ "name": args.name });
    if let Some(invitation) = invitation()? {
        new["invitation"] = invitation.expose().into();
    }
    if let Some(email) = &args.email {
        new["email"] = email.as_str().into();
    }
    let password = needed(&args.name, args.password_stdin)?;
    new["password"] = password.expose().into();
    let made = api.post("/pierhead/v1/registration", &new)?;
    if args.asked.json {
        return print_json(&made);
    }
    let (name, id) = (shown(&made["name"]), shown(&made["id"]));
    print(&format!("{name} is made ({id})\n"))?;
    say(&format!("log in: pierhead login {}", api.url()));
    Ok(())
}

/// The invitation that whoever asks has, if any.
fn invitation() -> Result<Option<Secret>, Failure> {
    if let Some(invitation) = variable("PIERHEAD_INVITATION") {
        return Ok(Some(Secret::new(invitation)));
    }
    if !somebody_is_there() {
        return Ok(None);
    }
    let typed = hidden("invitation, if you have one: ")
        .map_err(|error| Failure::because("no invitation", &error))?;
    Ok(Some(typed).filter(|typed| !typed.is_empty()))
}

pub(crate) fn list(args: &Invitations) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let found = by_token(&api, "/pierhead/v1/invitation")?;
    if args.asked.json {
        return print_json(&found.into());
    }
    let now = SystemTime::now();
    let known = names_in(&api, &found, "by")?;
    let rows: Vec<_> = found
        .iter()
        .map(|one: &Value| {
            [
                shown(&one["id"]),
                shown(&one["email"]),
                name_of(&known, &one["by"]),
                ago(&one["created"], now),
                ends(&one["expires"], now),
            ]
        })
        .collect();
    print(&table(["ID", "E-MAIL", "BY", "MADE", "ENDS"], &rows))
}

pub(crate) fn revoke(args: &Uninvite) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let (done, end) = each(&args.ids, |id| {
        let id = percent_encode(&id.to_string());
        let done = api.delete(&format!("/pierhead/v1/invitation/{id}"), None)?;
        if !args.asked.json {
            print(&format!("invitation {id} is taken back\n"))?;
        }
        Ok(done)
    });
    told(&args.asked, done, end)
}
