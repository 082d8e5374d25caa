//! Users and teams as sharing lists name them: by number, and by how their names begin.

use pierhead_policy::PrincipalId;
use pierhead_projects::principals::{PrincipalKind, PrincipalQuery, PrincipalRow};
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{MAX_PAGE, ProjectsError, fold};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, principal_of};
use crate::json::{reached, shown};

/// What a name is wanted for. Users and teams share their names.
#[derive(Clone, Copy, Deserialize, PartialEq, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = AliasType)]
pub(crate) enum Alias {
    UserName,
    TeamName,
    UserEmail,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = AliasCheckRequest)]
pub(crate) struct Wanted {
    alias: String,
    #[serde(rename = "type")]
    kind: Option<Alias>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AliasCheckResponse)]
pub(crate) struct Availability {
    /// Whether it is a name at all.
    valid: bool,
    available: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserGroupHeaderPage)]
pub(crate) struct Page {
    prefix_filter: String,
    children: Vec<Header>,
    total_number_of_results: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UserGroupHeaderBatch)]
pub(crate) struct Batch {
    children: Vec<Header>,
}

/// A user or a team in few words. Never an address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserGroupHeader)]
pub(crate) struct Header {
    owner_id: String,
    user_name: String,
    is_individual: bool,
}

/// A user or a team, as this API's own calls write it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Principal {
    id: String,
    name: String,
    kind: &'static str,
}

/// The user or team of a name.
pub(crate) async fn named(exchange: &Exchange<'_>) -> Answer {
    let key = PrincipalKey::Name(fold(exchange.query.required("name")?));
    let actor = exchange.actor().await?;
    let found = exchange.projects.principal(&actor, key).await?;
    ok(&Principal {
        id: shown(found.id),
        name: found.name,
        kind: match found.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Team => "team",
        },
    })
}

/// Whether a new user or team could have a name. Of an address it says only whether it is one:
/// whose it is, is told to nobody.
pub(crate) async fn available(exchange: &Exchange<'_>) -> Answer {
    let sent: Wanted = exchange.sent()?;
    let actor = exchange.actor().await?;
    let address = sent.kind == Some(Alias::UserEmail) || sent.alias.contains('@');
    let free = exchange.projects.is_available(&actor, &sent.alias).await;
    let (valid, available) = match free {
        _ if address => {
            let valid = sent.alias.parse::<pierhead_projects::Email>().is_ok();
            (valid, valid)
        }
        Ok(available) => (true, available),
        Err(ProjectsError::Name(_)) => (false, false),
        Err(error) => return Err(error.into()),
    };
    ok(&Availability { valid, available })
}

/// Users and teams whose names begin so.
pub(crate) async fn find(exchange: &Exchange<'_>) -> Answer {
    let query = &exchange.query;
    let prefix = query.required("prefix")?;
    let kind = match query.one("typeFilter")? {
        None | Some("ALL") => None,
        Some("USERS_ONLY") => Some(PrincipalKind::User),
        Some("TEAMS_ONLY") => Some(PrincipalKind::Team),
        Some(_) => {
            let reason = "`typeFilter` is `ALL`, `USERS_ONLY` or `TEAMS_ONLY`; correct it";
            return Err(Failure::malformed(reason));
        }
    };
    let (offset, limit) = (query.offset()?, query.limit(100)?);
    let wanted = PrincipalQuery {
        prefix: prefix.to_owned(),
        kind,
        offset,
        limit,
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.find_principals(&actor, wanted).await?;
    ok(&Page {
        prefix_filter: prefix.to_owned(),
        total_number_of_results: reached(&found, offset),
        children: found.items.into_iter().map(written).collect(),
    })
}

/// Those of some numbers, in their order; numbers that nobody has are left out.
pub(crate) async fn batch(exchange: &Exchange<'_>) -> Answer {
    let ids = exchange.query.required("ids")?;
    let ids: Vec<&str> = ids.split(',').filter(|id| !id.is_empty()).collect();
    if ids.len() > MAX_PAGE {
        let reason = format!("at most {MAX_PAGE} are told at once; ask for fewer");
        return Err(Failure::malformed(reason));
    }
    let ids: Result<Vec<PrincipalId>, _> = ids.into_iter().map(principal_of).collect();
    let ids = ids?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.principals(&actor, &ids).await?;
    ok(&Batch {
        children: found.into_iter().map(written).collect(),
    })
}

pub(crate) fn written(found: PrincipalRow) -> Header {
    Header {
        owner_id: shown(found.id),
        user_name: found.name,
        is_individual: found.kind == PrincipalKind::User,
    }
}
