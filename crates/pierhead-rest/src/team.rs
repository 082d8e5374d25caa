//! Teams: made, found, and what an account is in them.

use pierhead_policy::PrincipalId;
use pierhead_projects::principals::{MemberQuery, PrincipalKind, PrincipalQuery, PrincipalRow};
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{AccountName, Actor, MAX_PAGE, ProjectsError, fold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, principal_of};
use crate::json::{Principal, Results, shown};
use crate::page::PAGE;

/// What an account is in a team.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    Member,
    Manager,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTeam)]
pub(crate) struct New {
    name: String,
}

/// As the platform's clients send it, with what no team has here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewPlatformTeam)]
pub(crate) struct NewPlatform {
    name: String,
    can_public_join: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = TeamIds)]
pub(crate) struct Wanted {
    list: Vec<Principal>,
}

/// A team with a page of who is in it.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamWithPeople)]
pub(crate) struct Written {
    id: String,
    name: String,
    members: Vec<Person>,
    /// What `after` is for the rest.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MadeTeam)]
pub(crate) struct Made {
    id: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TeamPerson)]
pub(crate) struct Person {
    id: String,
    name: String,
    member: bool,
    manager: bool,
}

/// A team as the platform's clients read it. Only its managers let anybody in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Team)]
pub(crate) struct PlatformTeam {
    id: String,
    name: String,
    can_public_join: bool,
    can_request_membership: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TeamList)]
pub(crate) struct List {
    list: Vec<PlatformTeam>,
}

/// Makes one, managed by the caller.
pub(crate) async fn make(exchange: &Exchange<'_>) -> Answer {
    let sent: New = exchange.sent()?;
    let name: AccountName = sent.name.parse().map_err(ProjectsError::Name)?;
    let actor = exchange.actor().await?;
    let id = exchange.projects.create_team(&actor, &name).await?;
    // Who makes it with a token that cannot read is told the number alone.
    match whole(exchange, &actor, PrincipalKey::Id(id)).await {
        Ok(found) => created(&found),
        Err(_) => created(&Made { id: shown(id) }),
    }
}

/// The same, told as the platform does.
pub(crate) async fn make_platform(exchange: &Exchange<'_>) -> Answer {
    let sent: NewPlatform = exchange.sent()?;
    let name: AccountName = sent.name.parse().map_err(ProjectsError::Name)?;
    if sent.can_public_join == Some(true) {
        let reason = "a team's managers let people in; leave `canPublicJoin` out";
        return Err(Failure::malformed(reason));
    }
    let actor = exchange.actor().await?;
    let id = exchange.projects.create_team(&actor, &name).await?;
    created(&PlatformTeam::of(id, name.to_string()))
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

/// The one of a number, told as the platform does.
pub(crate) async fn get_platform(exchange: &Exchange<'_>) -> Answer {
    let key = PrincipalKey::Id(exchange.principal(0)?);
    let actor = exchange.actor().await?;
    ok(&platform(exchange.projects.team(&actor, key).await?))
}

/// Those whose names begin so; all of them without.
pub(crate) async fn find_platform(exchange: &Exchange<'_>) -> Answer {
    let query = &exchange.query;
    let prefix = query.one("fragment")?.unwrap_or_default().to_owned();
    let (offset, limit) = (query.offset()?, query.limit(PAGE)?);
    let wanted = PrincipalQuery {
        prefix,
        kind: Some(PrincipalKind::Team),
        offset,
        limit,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.find_principals(&actor, wanted).await?;
    ok(&Results::of(found, offset, platform))
}

/// Those of some numbers, in their order. What is no team is left out.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let sent: Wanted = exchange.sent()?;
    if sent.list.len() > MAX_PAGE {
        let reason = format!("at most {MAX_PAGE} are told at once; ask for fewer");
        return Err(Failure::malformed(reason));
    }
    let ids: Vec<PrincipalId> = sent.list.into_iter().map(|id| id.0).collect();
    let actor = exchange.actor().await?;
    let found = exchange.projects.principals(&actor, &ids).await?;
    let teams = found.into_iter();
    let teams = teams.filter(|found| found.kind == PrincipalKind::Team);
    ok(&List {
        list: teams.map(platform).collect(),
    })
}

/// Those that an account is a member of.
pub(crate) async fn list_of(exchange: &Exchange<'_>) -> Answer {
    let account = exchange.principal(0)?;
    let (offset, limit) = (exchange.query.offset()?, exchange.query.limit(PAGE)?);
    let actor = exchange.actor().await?;
    let found = exchange.projects.teams_of(&actor, account, offset, limit);
    ok(&Results::of(found.await?, offset, platform))
}

/// Deletes one.
pub(crate) async fn delete(exchange: &Exchange<'_>) -> Answer {
    let team = exchange.principal(0)?;
    let actor = exchange.actor().await?;
    exchange.projects.delete_team(&actor, team).await?;
    Ok(done())
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
    match whole(exchange, &actor, PrincipalKey::Id(team)).await {
        Ok(found) => ok(&found),
        Err(_) => Ok(done()),
    }
}

async fn show(exchange: &Exchange<'_>, which: PrincipalKey) -> Answer {
    // What is malformed is malformed for everybody.
    page(exchange)?;
    let actor = exchange.actor().await?;
    ok(&whole(exchange, &actor, which).await?)
}

/// Where a page of who is in a team begins, and how long it is.
fn page(exchange: &Exchange<'_>) -> Result<(Option<PrincipalId>, usize), Failure> {
    let after = exchange.query.one("after")?.map(principal_of);
    Ok((after.transpose()?, exchange.query.limit(PAGE)?))
}

async fn whole(
    exchange: &Exchange<'_>,
    actor: &Actor,
    which: PrincipalKey,
) -> Result<Written, Failure> {
    let (after, limit) = page(exchange)?;
    let team = exchange.projects.team(actor, which).await?;
    let query = MemberQuery {
        team: team.id,
        managers: true,
        after,
        offset: 0,
        limit,
    };
    let found = exchange.projects.members(actor, query).await?;
    let last = found.reached();
    let next = last.map(|last| shown(last.account));
    let people = found.items.into_iter();
    Ok(Written {
        id: shown(team.id),
        name: team.name,
        members: people
            .map(|person| Person {
                id: shown(person.account),
                name: person.name,
                member: person.member,
                manager: person.manager,
            })
            .collect(),
        next,
    })
}

impl PlatformTeam {
    fn of(id: PrincipalId, name: String) -> Self {
        Self {
            id: shown(id),
            name,
            can_public_join: false,
            can_request_membership: false,
        }
    }
}

fn platform(found: PrincipalRow) -> PlatformTeam {
    PlatformTeam::of(found.id, found.name)
}
