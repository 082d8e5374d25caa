//! Sign-in sessions: begun with a password, ended by themselves.

use pierhead_auth::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done};
use crate::exchange::Exchange;
use crate::json::Time;

#[derive(Deserialize, ToSchema)]
#[schema(as = LoginRequest)]
pub(crate) struct Sent {
    username: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session<'a> {
    access_token: &'a str,
    accepts_terms_of_use: bool,
    /// When it ends by itself, if it does.
    expires: Option<Time>,
}

/// Signs in. What else the request shows of its sender does not matter: an old token is no
/// hindrance.
pub(crate) async fn login(exchange: &Exchange<'_>) -> Answer {
    let sent: Sent = exchange.sent()?;
    let (password, peer) = (Secret::new(sent.password), exchange.peer());
    let expires = session_end(exchange);
    let session = exchange.projects.login(&sent.username, password, &peer);
    created(&Session {
        access_token: session.await?.expose(),
        accepts_terms_of_use: true,
        expires,
    })
}

/// Ends the session that asks.
pub(crate) async fn logout(exchange: &Exchange<'_>) -> Answer {
    let actor = exchange.actor().await?;
    exchange.projects.logout(&actor).await?;
    Ok(done())
}

/// When a session ends that begins now.
pub(crate) fn session_end(exchange: &Exchange<'_>) -> Option<Time> {
    let projects = exchange.projects;
    let life = projects.options().session_life;
    projects.clock().now().checked_add(life).map(Time)
}
