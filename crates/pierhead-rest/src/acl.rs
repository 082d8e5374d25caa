//! Sharing lists: an entity's own, as a whole.

use http::StatusCode;
use pierhead_policy::{Permissions, ShareError};
use pierhead_projects::{ListView, ProjectsError, SentList, ShareRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, done, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, etag};
use crate::json::{Object, PermissionName, Principal, Time};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SentAccessControlList)]
pub(crate) struct Sent {
    etag: Option<String>,
    #[schema(value_type = Vec<SentEntry>)]
    resource_access: Vec<Object<SentEntry>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SentResourceAccess)]
pub(crate) struct SentEntry {
    principal_id: Principal,
    #[schema(value_type = Vec<PermissionName>)]
    access_type: Permissions,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessControlList)]
pub(crate) struct List {
    id: String,
    creation_date: Time,
    etag: String,
    resource_access: Vec<Entry>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResourceAccess)]
pub(crate) struct Entry {
    principal_id: u64,
    #[schema(value_type = Vec<PermissionName>)]
    access_type: Permissions,
}

/// The own list of an entity.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    match exchange.projects.own_list(&actor, id).await {
        Ok(found) => ok(&written(exchange, &found)),
        // Clients look for these words, and go on to the entity that they name.
        Err(ProjectsError::Inherits { from }) => Err(Failure::new(
            StatusCode::NOT_FOUND,
            format!(
                "The requested ACL does not exist. This entity inherits its permissions from: {}",
                exchange.shown(from)
            ),
        )),
        Err(error) => Err(error.into()),
    }
}

/// Gives a repository a list of its own.
pub(crate) async fn give(exchange: &Exchange<'_>) -> Answer {
    let sent: Sent = exchange.sent()?;
    let request = ShareRequest::GiveLocal(list(sent.resource_access));
    created(&shared(exchange, &request).await?)
}

/// Replaces the own list of an entity.
pub(crate) async fn replace(exchange: &Exchange<'_>) -> Answer {
    let sent: Sent = exchange.sent()?;
    let etag = etag(sent.etag.as_deref())?;
    let request = ShareRequest::Replace {
        list: list(sent.resource_access),
        etag: Some(etag),
    };
    ok(&shared(exchange, &request).await?)
}

/// Lets a repository inherit again.
pub(crate) async fn remove(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    let request = ShareRequest::RemoveLocal;
    match exchange.projects.share(&actor, id, &request).await {
        Ok(_) => Ok(done()),
        // Clients look for these words, and take it for done.
        Err(ProjectsError::Share(ShareError::Inherits)) => Err(Failure::new(
            StatusCode::FORBIDDEN,
            "Resource already inherits its permissions.",
        )),
        Err(error) => Err(error.into()),
    }
}

fn list(sent: Vec<Object<SentEntry>>) -> SentList {
    let entry = |Object(entry): Object<SentEntry>| (entry.principal_id.0, entry.access_type);
    sent.into_iter().map(entry).collect()
}

/// Shares, and tells how it is since.
async fn shared(exchange: &Exchange<'_>, request: &ShareRequest) -> Result<List, Failure> {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    match exchange.projects.share(&actor, id, request).await? {
        Some(since) => Ok(written(exchange, &since)),
        None => Err(Failure::hidden()),
    }
}

fn written(exchange: &Exchange<'_>, found: &ListView) -> List {
    let entries = found.list.entries().iter();
    List {
        id: exchange.shown(found.of),
        creation_date: Time(found.created),
        etag: found.etag.to_string(),
        resource_access: entries
            .map(|entry| Entry {
                principal_id: entry.principal.get(),
                access_type: entry.permissions,
            })
            .collect(),
    }
}
