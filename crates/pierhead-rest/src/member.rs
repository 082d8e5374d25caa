//! Who is in a team, as the platform's clients read it.

use pierhead_projects::principals::{MemberQuery, PrincipalKind, PrincipalRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::exchange::Exchange;
use crate::json::{Results, shown};
use crate::page::PAGE;
use crate::principals::{Header, written};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TeamMember)]
pub(crate) struct Person {
    team_id: String,
    member: Header,
    is_admin: bool,
}

/// Whether somebody is a member. Nobody asks to become one here, or is asked: managers let people
/// in.
// The names are the wire's.
#[allow(clippy::struct_excessive_bools)]
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TeamMembershipStatus)]
pub(crate) struct Status {
    team_id: String,
    user_id: String,
    is_member: bool,
    has_open_invitation: bool,
    has_open_request: bool,
    can_join: bool,
    membership_approval_required: bool,
    has_unmet_access_requirement: bool,
    can_send_email: bool,
}

/// The members of a team. Managers who are none do not stand among them.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let team = exchange.principal(0)?;
    let (offset, limit) = (exchange.query.offset()?, exchange.query.limit(PAGE)?);
    let query = MemberQuery {
        team,
        managers: false,
        after: None,
        offset,
        limit,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.members(&actor, query).await?;
    ok(&Results::of(found, offset, |found| Person {
        team_id: shown(team),
        member: written(PrincipalRow {
            id: found.account,
            name: found.name,
            kind: PrincipalKind::User,
        }),
        is_admin: found.manager,
    }))
}

/// What an account is in a team.
pub(crate) async fn status(exchange: &Exchange<'_>) -> Answer {
    let (team, account) = (exchange.principal(0)?, exchange.principal(1)?);
    let actor = exchange.actor().await?;
    let is_member = exchange.projects.is_member(&actor, team, account).await?;
    ok(&Status {
        team_id: shown(team),
        user_id: shown(account),
        is_member,
        has_open_invitation: false,
        has_open_request: false,
        can_join: false,
        membership_approval_required: true,
        has_unmet_access_requirement: false,
        can_send_email: false,
    })
}
