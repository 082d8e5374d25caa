//! Teams and who is in them.

use pierhead_projects::survey::{PrincipalKey, Team};
use pierhead_projects::{AccountName, ProjectsError, fold};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, created, done, ok};
use crate::exchange::Exchange;
use crate::json::shown;

/// What an account is in a team.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    Member,
    Manager,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
}

#[derive(Serialize)]
struct Written {
    id: String,
    name: String,
    members: Vec<Person>,
}

#[derive(Serialize)]
struct Made {
    id: String,
}

#[derive(Serialize)]
struct Person {
    id: String,
    member: bool,
    manager: bool,
}

/// Makes one, managed by the caller.
pub(crate) async fn make(exchange: &Exchange<'_>) -> Answer {
    let sent: New = exchange.sent()?;
    let name: AccountName = sent.name.parse().map_err(ProjectsError::Name)?;
    let actor = exchange.actor().await?;
    let id = exchange.projects.create_team(&actor, &name).await?;
    // Who makes it with a token that cannot read is told the number alone.
    match exchange.projects.team(&actor, PrincipalKey::Id(id)).await {
        Ok(found) => created(&written(found)),
        Err(_) => created(&Made { id: shown(id) }),
    }
}

/// The one of a number.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    show(exchange, PrincipalKey::Id(exchange.principal(0)?)).await
}

/// The one of a name.
pub(crate) async fn find(exchange: &Exchange<'_>) -> Answer {
    let name = exchange.query.required("name")?;
    show(exchange, PrincipalKey::Name(fold(name))).await
}

/// Lets an account be something in a team, or ends that.
pub(crate) async fn put(exchange: &Exchange<'_>, role: Role, is: bool) -> Answer {
    let (team, account) = (exchange.principal(0)?, exchange.principal(1)?);
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    match role {
        Role::Member => projects.set_member(&actor, team, account, is).await?,
        Role::Manager => projects.set_manager(&actor, team, account, is).await?,
    }
    // Who may change it with a token that cannot read is not shown it.
    match projects.team(&actor, PrincipalKey::Id(team)).await {
        Ok(found) => ok(&written(found)),
        Err(_) => Ok(done()),
    }
}

async fn show(exchange: &Exchange<'_>, which: PrincipalKey) -> Answer {
    let actor = exchange.actor().await?;
    let found = exchange.projects.team(&actor, which).await?;
    ok(&written(found))
}

fn written(found: Team) -> Written {
    let people = found.people.into_iter();
    Written {
        id: shown(found.id),
        name: found.name,
        members: people
            .map(|person| Person {
                id: shown(person.account),
                member: person.member,
                manager: person.manager,
            })
            .collect(),
    }
}
