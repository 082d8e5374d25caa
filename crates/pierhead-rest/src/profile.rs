//! Who somebody is, and whether certified.

use pierhead_policy::PrincipalId;
use pierhead_projects::Profile as Found;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::json::shown;

/// The parts of a user's bundle, as its mask numbers them. Others are nothing here.
const PROFILE: u64 = 0x1;
const CERTIFIED: u64 = 0x8;
const VERIFIED: u64 = 0x10;
const REVIEWER: u64 = 0x20;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserProfile)]
pub(crate) struct Profile {
    owner_id: String,
    user_name: String,
    /// One's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    emails: Option<[String; 1]>,
}

/// What was asked for of a user. Nobody here is verified or reviews anybody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserBundle)]
pub(crate) struct Bundle {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_certified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    #[serde(rename = "isACTMember", skip_serializing_if = "Option::is_none")]
    is_reviewer: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassingRecord)]
pub(crate) struct Record {
    user_id: String,
    passed: bool,
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
    ok(&written(found))
}

fn written(found: Found) -> Profile {
    Profile {
        owner_id: shown(found.id),
        user_name: found.name,
        emails: found.email.map(|email| [email]),
    }
}

/// Several things about a user at once.
pub(crate) async fn bundle(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.principal(0)?;
    let mask = exchange.query.number("mask")?;
    let mask = mask.ok_or_else(|| Failure::malformed("the parameter `mask` is needed; add it"))?;
    let has = |part: u64| mask & part != 0;
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    let profile = projects.profile(&actor, Some(id)).await?;
    let certified = if has(CERTIFIED) {
        Some(projects.is_certified(&actor, id).await?)
    } else {
        None
    };
    ok(&Bundle {
        user_id: shown(id),
        user_profile: has(PROFILE).then(|| written(profile)),
        is_certified: certified,
        is_verified: has(VERIFIED).then_some(false),
        is_reviewer: has(REVIEWER).then_some(false),
    })
}

/// Whether somebody is certified, in the words of a test that was passed.
pub(crate) async fn certified(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.principal(0)?;
    let actor = exchange.actor().await?;
    let passed = exchange.projects.is_certified(&actor, id).await?;
    ok(&Record {
        user_id: shown(id),
        passed,
    })
}
