//! Refresh tokens of whoever asks, and for operators those of others.

use std::time::SystemTime;

use pierhead_policy::PrincipalId;
use pierhead_projects::record::{CredentialRecord, Parent};
use pierhead_projects::scopes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, done, ok};
use crate::exchange::Exchange;
use crate::json::{ScopeName, Time, shown};
use crate::page::{PAGE, after_token, read_token};
use crate::token::{account, id, state};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefreshToken)]
pub(crate) struct Written {
    id: String,
    user_id: String,
    from: String,
    personal_access_token: Option<String>,
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    created: Time,
    last_used: Option<Time>,
    expires: Option<Time>,
    state: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefreshTokenPage)]
pub(crate) struct Page {
    results: Vec<Written>,
    next_page_token: Option<String>,
}

/// Those of the caller, or of `account`.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let after = exchange.query.one("nextPageToken")?;
    let after = after.map(read_token).transpose()?;
    let of = account(exchange)?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.refresh_tokens(&actor, of, after, PAGE);
    let found = found.await?;
    let last = found.reached();
    let next_page_token = last.map(|last| after_token(last.id));
    let now = exchange.projects.clock().now();
    let tokens = found.items.into_iter();
    ok(&Page {
        results: tokens.map(|found| written(found, now)).collect(),
        next_page_token,
    })
}

/// Ends one of the caller's, or of `account`'s.
pub(crate) async fn revoke(exchange: &Exchange<'_>) -> Answer {
    let id = id(exchange)?;
    let of = account(exchange)?;
    let actor = exchange.actor().await?;
    let account = of.or(actor.id()).unwrap_or(PrincipalId::ANONYMOUS);
    let revoked = exchange.projects.revoke_refresh_token(&actor, account, id);
    revoked.await?;
    Ok(done())
}

fn written(found: CredentialRecord, now: SystemTime) -> Written {
    Written {
        id: found.id.0.to_string(),
        user_id: shown(found.account),
        state: state(&found, now),
        from: found.name,
        personal_access_token: match found.parent {
            Some(Parent::Token(token)) => Some(token.0.to_string()),
            Some(Parent::Password { .. }) | None => None,
        },
        scopes: scopes::names(found.scopes).collect(),
        created: Time(found.created),
        last_used: found.last_used.map(Time),
        expires: found.expires.map(Time),
    }
}
