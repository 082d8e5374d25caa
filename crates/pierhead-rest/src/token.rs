//! Personal access tokens of whoever asks, and for operators those of others.

use std::time::SystemTime;

use pierhead_policy::{PrincipalId, Scope};
use pierhead_projects::record::{CredentialId, CredentialRecord};
use pierhead_projects::scopes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, principal_of};
use crate::json::{ScopeName, Time, end, shown, stored};
use crate::page::{PAGE, after_token, read_token};

#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub(crate) struct Sent {
    name: String,
    #[schema(value_type = Vec<ScopeName>)]
    scope: Vec<Scope>,
    expires: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MadeToken)]
pub(crate) struct Made<'a> {
    id: String,
    token: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    id: String,
    user_id: String,
    name: String,
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    created: Time,
    last_used: Option<Time>,
    expires: Option<Time>,
    state: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenPage)]
pub(crate) struct Page {
    results: Vec<Token>,
    next_page_token: Option<String>,
}

/// Makes one; its text is in this answer and nowhere else.
pub(crate) async fn make(exchange: &Exchange<'_>) -> Answer {
    let sent: Sent = exchange.sent()?;
    let now = exchange.projects.clock().now();
    let expires = end(sent.expires.as_deref())?;
    if expires.is_some_and(|until| until <= now) {
        let reason = "`expires` is in the past; give a later time, or none";
        return Err(Failure::malformed(reason));
    }
    let actor = exchange.actor().await?;
    let account = actor.id().unwrap_or(PrincipalId::ANONYMOUS);
    let scopes = sent.scope.into_iter().collect();
    let made = exchange
        .projects
        .create_token(&actor, account, &sent.name, scopes, expires);
    let (id, token) = made.await?;
    created(&Made {
        id: id.0.to_string(),
        token: token.expose(),
    })
}

/// Those of the caller.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    page(exchange, None).await
}

/// Those of the caller, or of `account`.
pub(crate) async fn list_of(exchange: &Exchange<'_>) -> Answer {
    page(exchange, account(exchange)?).await
}

async fn page(exchange: &Exchange<'_>, of: Option<PrincipalId>) -> Answer {
    let after = exchange.query.one("nextPageToken")?;
    let after = after.map(read_token).transpose()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.tokens(&actor, of, after, PAGE).await?;
    let last = found.reached();
    let next_page_token = last.map(|last| after_token(last.id));
    let now = exchange.projects.clock().now();
    let tokens = found.items.into_iter();
    ok(&Page {
        results: tokens.map(|found| written(found, now)).collect(),
        next_page_token,
    })
}

/// One of the caller's.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    let id = id(exchange)?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.token(&actor, id).await?;
    ok(&written(found, exchange.projects.clock().now()))
}

/// Ends one of the caller's.
pub(crate) async fn revoke(exchange: &Exchange<'_>) -> Answer {
    end_one(exchange, None).await
}

/// Ends one of the caller's, or of `account`'s.
pub(crate) async fn revoke_of(exchange: &Exchange<'_>) -> Answer {
    end_one(exchange, account(exchange)?).await
}

async fn end_one(exchange: &Exchange<'_>, of: Option<PrincipalId>) -> Answer {
    let id = id(exchange)?;
    let actor = exchange.actor().await?;
    let account = of.or(actor.id()).unwrap_or(PrincipalId::ANONYMOUS);
    exchange.projects.revoke(&actor, account, id).await?;
    Ok(done())
}

/// The token that the path names.
pub(crate) fn id(exchange: &Exchange<'_>) -> Result<CredentialId, Failure> {
    stored(exchange.name(0))
        .map(CredentialId)
        .ok_or_else(|| Failure::malformed("a token is named by its number; correct it"))
}

/// Whose tokens are meant, where the query says so.
pub(crate) fn account(exchange: &Exchange<'_>) -> Result<Option<PrincipalId>, Failure> {
    let named = exchange.query.one("account")?;
    named.map(principal_of).transpose()
}

/// Whether its time is over.
pub(crate) fn state(found: &CredentialRecord, now: SystemTime) -> &'static str {
    if found.is_good(now) {
        "ACTIVE"
    } else {
        "EXPIRED"
    }
}

fn written(found: CredentialRecord, now: SystemTime) -> Token {
    Token {
        id: found.id.0.to_string(),
        user_id: shown(found.account),
        state: state(&found, now),
        name: found.name,
        scopes: scopes::names(found.scopes).collect(),
        created: Time(found.created),
        last_used: found.last_used.map(Time),
        expires: found.expires.map(Time),
    }
}
