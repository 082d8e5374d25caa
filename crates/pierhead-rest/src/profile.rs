//! Who somebody is, by number or by name.

use pierhead_policy::PrincipalId;
use pierhead_projects::survey::Found;
use serde::Serialize;

use crate::answer::{Answer, ok};
use crate::exchange::Exchange;
use crate::json::shown;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    owner_id: String,
    user_name: String,
}

/// A user or a team, as lists name them.
#[derive(Serialize)]
struct Principal {
    id: String,
    name: String,
    kind: &'static str,
}

/// The user or team of a name.
pub(crate) async fn named(exchange: &Exchange<'_>) -> Answer {
    let name = exchange.query.required("name")?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.principal_named(&actor, name).await?;
    let id = shown(found.id());
    let (name, kind) = match found {
        Found::Account(account) => (account.name, "user"),
        Found::Team(team) => (team.name, "team"),
    };
    ok(&Principal { id, name, kind })
}

/// Who calls.
pub(crate) async fn own(exchange: &Exchange<'_>) -> Answer {
    answer(exchange, None).await
}

/// The user of a number.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    answer(exchange, Some(exchange.principal(0)?)).await
}

async fn answer(exchange: &Exchange<'_>, about: Option<PrincipalId>) -> Answer {
    let actor = exchange.actor().await?;
    let found = exchange.projects.profile(&actor, about).await?;
    ok(&Profile {
        owner_id: shown(found.id),
        user_name: found.name,
    })
}
