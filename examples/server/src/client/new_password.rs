//! Passwords that people choose: for an account that is made, and in the place of another.

use clap::Args;
use pierhead::auth::Secret;
use serde_json::json;

use super::answers::{print_json, shown};
use super::api::Api;
use super::login::go_on;
use super::names::{number, user};
use super::{Asked, print, variable};
use crate::failure::Failure;
use crate::prompt::{self, somebody_is_there};
use crate::terminal::plain;

/// Whose password is changed.
#[derive(Args, Clone, Debug)]
pub(crate) struct PasswordArgs {
    /// The user name, or the number [default: whoever asks]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Read the new password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    asked: Asked,
}

/// Changes a password: one's own by the present one, others' as an operator.
///
/// # Errors
/// When the server cannot be reached, or refuses, and when nobody says a new password.
pub(crate) fn change(args: &PasswordArgs) -> Result<(), Failure> {
    let api = args.asked.sign_in(None)?;
    let me = api.get("/repo/v1/userProfile")?;
    let (mut id, mut name) = (number(&me["ownerId"]), shown(&me["userName"]));
    let own = id;
    if let Some(typed) = &args.name {
        let found = user(&api, typed)?;
        (id, name) = (Some(found.id), found.name);
    }
    let id = id.ok_or_else(|| api.strange("gave no number"))?;
    let answer = if Some(id) == own {
        change_own(args, &api, &name)?
    } else {
        let new = needed(&name, args.password_stdin)?;
        let path = format!("/pierhead/v1/account/{id}/password");
        api.put(&path, Some(&json!({ "password": new.expose() })))?
    };
    if args.asked.json {
        return print_json(&answer);
    }
    print(&format!(
        "{name} has another password; its sessions are over, its tokens go on\n"
    ))
}

/// A session is needed, whatever was shown so far; it ends with all others.
fn change_own(args: &PasswordArgs, api: &Api, name: &str) -> Result<serde_json::Value, Failure> {
    let old = own_password(name)?;
    let new = needed(name, args.password_stdin)?;
    let in_person = api.anew().login(name, &old)?;
    let passwords = json!({ "old": old.expose(), "new": new.expose() });
    let answer = in_person.post("/pierhead/v1/password", &passwords)?;
    // Nobody is to see the session that goes on instead.
    if let Some(session) = answer["accessToken"].as_str() {
        let until = answer["expires"].as_str().map(str::to_owned);
        go_on(api, &Secret::from(session), until)
            .map_err(|failure| failure.with_hint("the password is another one all the same"))?;
    }
    Ok(json!({}))
}

/// The present password of whoever asks.
///
/// # Errors
/// When it is not in the environment, and nobody is at the terminal.
pub(crate) fn own_password(name: &str) -> Result<Secret, Failure> {
    if let Some(password) = variable("PIERHEAD_PASSWORD") {
        return Ok(Secret::new(password));
    }
    if !somebody_is_there() {
        return Err(Failure::told(
            "this needs your present password; set PIERHEAD_PASSWORD to it",
        ));
    }
    prompt::hidden(&format!("present password of {}: ", plain(name)))
        .map_err(|error| Failure::because("no password", &error))
}

/// A new password, if one is told.
///
/// # Errors
/// When standard input holds none although it should, and when what is typed twice differs.
pub(crate) fn chosen(name: &str, from_input: bool) -> Result<Option<Secret>, Failure> {
    if !from_input && !somebody_is_there() {
        return Ok(None);
    }
    let password = prompt::new_password(name)?;
    match (password.expose().is_empty(), from_input) {
        (false, _) => Ok(Some(password)),
        (true, false) => Ok(None),
        (true, true) => Err(Failure::told("the first line of standard input is empty")),
    }
}

/// A new password.
///
/// # Errors
/// As for [`chosen`], and when none is told.
pub(crate) fn needed(name: &str, from_input: bool) -> Result<Secret, Failure> {
    chosen(name, from_input)?.ok_or_else(|| {
        Failure::told("there is no new password; add --password-stdin and send it, or type one")
    })
}
