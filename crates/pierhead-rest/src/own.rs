//! One's own address and password: changed in person, or proved by mail.

use pierhead_auth::Secret;
use pierhead_projects::{Email, ProjectsError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, done, ok};
use crate::auth::session_end;
use crate::exchange::Exchange;
use crate::json::Time;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    email: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    token: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passwords {
    old: String,
    new: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPassword)]
pub(crate) struct NewPassword {
    token: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NextSession)]
pub(crate) struct Session<'a> {
    access_token: &'a str,
    /// When it ends by itself, if it does.
    expires: Option<Time>,
}

/// Sends a message to an address that the caller says is its own.
pub(crate) async fn ask_email(exchange: &Exchange<'_>) -> Answer {
    let email = address(exchange)?;
    let actor = exchange.actor().await?;
    exchange.projects.ask_email(&actor, &email).await?;
    Ok(done())
}

/// Makes the address the caller's to which this was sent.
pub(crate) async fn confirm_email(exchange: &Exchange<'_>) -> Answer {
    let sent: Proof = exchange.sent()?;
    let actor = exchange.actor().await?;
    exchange.projects.confirm_email(&actor, &sent.token).await?;
    Ok(done())
}

/// Changes the caller's password; the session that goes on is in the answer.
pub(crate) async fn change_password(exchange: &Exchange<'_>) -> Answer {
    let sent: Passwords = exchange.sent()?;
    let (old, new) = (Secret::new(sent.old), Secret::new(sent.new));
    let actor = exchange.actor().await?;
    let (peer, expires) = (exchange.peer(), session_end(exchange));
    let changed = exchange.projects.change_password(&actor, old, new, &peer);
    ok(&Session {
        access_token: changed.await?.expose(),
        expires,
    })
}

/// Sends a message to an address, if it is somebody's, for whoever has forgotten the password. What
/// else the request shows of its sender does not matter.
pub(crate) fn ask_reset(exchange: &Exchange<'_>) -> Answer {
    let email = address(exchange)?;
    exchange.projects.ask_reset(&email, &exchange.peer())?;
    Ok(done())
}

/// Sets the password of the account for which this was sent.
pub(crate) async fn reset_password(exchange: &Exchange<'_>) -> Answer {
    let sent: NewPassword = exchange.sent()?;
    let (password, peer) = (Secret::new(sent.password), exchange.peer());
    let reset = exchange
        .projects
        .reset_password(&sent.token, password, &peer);
    reset.await?;
    Ok(done())
}

fn address(exchange: &Exchange<'_>) -> Result<Email, crate::error::Failure> {
    let sent: Address = exchange.sent()?;
    Ok(sent.email.parse().map_err(ProjectsError::Email)?)
}
