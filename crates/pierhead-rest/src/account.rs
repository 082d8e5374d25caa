//! Accounts, for who administers them and for themselves.

use pierhead_auth::Secret;
use pierhead_policy::PrincipalId;
use pierhead_projects::survey::{Account, PrincipalKey};
use pierhead_projects::{AccountName, AccountRequest, Actor, Email, ProjectsError, fold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::exchange::Exchange;
use crate::json::shown;
use crate::page::{PAGE, after_account, read_account};

/// What is switched on or off of an account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Certification.
    Certified,
    /// The operator's role.
    Operator,
    /// Whether it is out of use.
    Disabled,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccount)]
pub(crate) struct New {
    name: String,
    email: Option<String>,
    password: Option<String>,
    certified: Option<bool>,
    operator: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    value: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: String,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Farewell {
    password: Option<String>,
}

#[allow(clippy::struct_excessive_bools)] // independent facts
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct Written {
    id: String,
    name: String,
    email: Option<String>,
    certified: bool,
    operator: bool,
    disabled: bool,
    registered: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountPage)]
pub(crate) struct Page {
    results: Vec<Written>,
    next_page_token: Option<String>,
}

/// Makes one.
pub(crate) async fn make(exchange: &Exchange<'_>) -> Answer {
    let sent: New = exchange.sent()?;
    let name: AccountName = sent.name.parse().map_err(ProjectsError::Name)?;
    let email: Option<Result<Email, _>> = sent.email.as_deref().map(str::parse);
    let email = email.transpose().map_err(ProjectsError::Email)?;
    let mut request = AccountRequest::default();
    request.email = email;
    request.password = sent.password.map(Secret::new);
    request.certified = sent.certified.unwrap_or(false);
    request.operator = sent.operator.unwrap_or(false);
    let actor = exchange.actor().await?;
    let made = exchange.projects.create_account(&actor, &name, request);
    let id = made.await?;
    let which = PrincipalKey::Id(id);
    created(&written(exchange.projects.account(&actor, which).await?))
}

/// The one of a number.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    show(exchange, PrincipalKey::Id(exchange.principal(0)?)).await
}

/// The one of a name, or without one a page of all whose names begin with `prefix`.
pub(crate) async fn find(exchange: &Exchange<'_>) -> Answer {
    if let Some(name) = exchange.query.one("name")? {
        return show(exchange, PrincipalKey::Name(fold(name))).await;
    }
    let prefix = exchange.query.one("prefix")?.unwrap_or_default();
    let after = exchange.query.one("nextPageToken")?;
    let after = after.map(read_account).transpose()?;
    let actor = exchange.actor().await?;
    let found = exchange
        .projects
        .accounts(&actor, prefix, after.as_deref(), PAGE);
    let found = found.await?;
    let last = found.reached();
    let next_page_token = last.map(|last| after_account(&last.name));
    ok(&Page {
        results: found.items.into_iter().map(written).collect(),
        next_page_token,
    })
}

/// Switches something of one.
pub(crate) async fn put(exchange: &Exchange<'_>, change: Change) -> Answer {
    let id = exchange.principal(0)?;
    let Switch { value } = exchange.sent()?;
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    match change {
        Change::Certified => projects.set_certified(&actor, id, value).await?,
        Change::Operator => projects.set_operator(&actor, id, value).await?,
        Change::Disabled => projects.set_disabled(&actor, id, value).await?,
    }
    after(exchange, &actor, id).await
}

/// Sets the password of one.
pub(crate) async fn put_password(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.principal(0)?;
    let sent: NewPassword = exchange.sent()?;
    let actor = exchange.actor().await?;
    let password = Secret::new(sent.password);
    exchange.projects.set_password(&actor, id, password).await?;
    after(exchange, &actor, id).await
}

/// Deletes one. Who deletes another's sends no body.
pub(crate) async fn delete(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.principal(0)?;
    let sent: Farewell = if exchange.body.is_empty() {
        Farewell::default()
    } else {
        exchange.sent()?
    };
    let actor = exchange.actor().await?;
    let (password, peer) = (sent.password.map(Secret::new), exchange.peer());
    let deleted = exchange
        .projects
        .delete_account(&actor, id, password, &peer);
    deleted.await?;
    Ok(done())
}

async fn show(exchange: &Exchange<'_>, which: PrincipalKey) -> Answer {
    let actor = exchange.actor().await?;
    let found = exchange.projects.account(&actor, which).await?;
    ok(&written(found))
}

/// The account as it is after a change, if whoever made it is still signed in and may see it.
async fn after(exchange: &Exchange<'_>, actor: &Actor, id: PrincipalId) -> Answer {
    let which = PrincipalKey::Id(id);
    match exchange.projects.account(actor, which).await {
        Ok(found) => ok(&written(found)),
        Err(_) => Ok(done()),
    }
}

fn written(found: Account) -> Written {
    Written {
        id: shown(found.id),
        name: found.name,
        email: found.email,
        certified: found.certified,
        operator: found.operator,
        disabled: found.disabled,
        registered: found.registered,
    }
}
