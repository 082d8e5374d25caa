//! Projects, repositories and references to others: made, seen, described.

use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::{
    Actor, BadExternalName, DescribeRequest, EntityKind, EntityView, ExternalName, ProjectsError,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, ok};
use crate::error::Failure;
use crate::exchange::{Exchange, etag};
use crate::json::{Id, PROJECT, REPOSITORY, Time, shown};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewEntity)]
pub(crate) struct New {
    concrete_type: String,
    name: Option<String>,
    description: Option<String>,
    parent_id: Option<Id>,
    repository_name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangedEntity)]
pub(crate) struct Changed {
    etag: Option<String>,
    name: Option<String>,
    description: Option<String>,
    parent_id: Option<Id>,
    repository_name: Option<String>,
}

/// All of an entity. Who made or changed it is left out for callers without an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entity {
    id: String,
    name: String,
    concrete_type: &'static str,
    etag: String,
    created_on: Time,
    modified_on: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    // What only repositories have.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_managed: Option<bool>,
}

/// An entity in few words.
#[derive(Serialize, ToSchema)]
#[schema(as = EntityHeader)]
pub(crate) struct Named {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EntityPath)]
pub(crate) struct Path {
    path: Vec<Named>,
}

/// Makes a project of the caller's own, or a reference to a repository in another registry.
pub(crate) async fn make(exchange: &Exchange<'_>) -> Answer {
    let sent: New = exchange.sent()?;
    let id = match sent.concrete_type.as_str() {
        PROJECT => make_project(exchange, sent).await?,
        REPOSITORY => make_reference(exchange, sent).await?,
        _ => {
            let reason = format!("`concreteType` is `{PROJECT}` or `{REPOSITORY}` here");
            return Err(Failure::malformed(reason));
        }
    };
    let found = exchange.projects.view(&Exchange::itself(), id).await?;
    created(&written(exchange, found))
}

async fn make_project(exchange: &Exchange<'_>, sent: New) -> Result<EntityId, Failure> {
    let name = sent.name.ok_or_else(|| lacking("name"))?;
    if sent.parent_id.is_some() {
        let reason = "a project is in nothing else; leave `parentId` out";
        return Err(Failure::malformed(reason));
    }
    let actor = exchange.actor().await?;
    let owner = actor.id().unwrap_or(PrincipalId::ANONYMOUS);
    let description = sent.description.unwrap_or_default();
    let projects = exchange.projects;
    let made = projects.create_project(&actor, owner, &name, &description);
    Ok(made.await?)
}

async fn make_reference(exchange: &Exchange<'_>, sent: New) -> Result<EntityId, Failure> {
    let text = sent.repository_name;
    let text = text.ok_or_else(|| lacking("repositoryName"))?;
    let to: ExternalName = text.parse().map_err(|error: BadExternalName| {
        let own = "a repository of this registry is made by pushing to it";
        Failure::malformed(format!("{error}; {own}"))
    })?;
    // Some clients name it by its address, most leave that to the server.
    let named = |name: &String| *name == text || name == to.as_str();
    if !sent.name.as_ref().is_none_or(named) {
        return Err(ProjectsError::NamedByTarget.into());
    }
    let parent = sent.parent_id.ok_or_else(|| lacking("parentId"))?;
    let parent = exchange.entity_of(&parent.0)?;
    let actor = exchange.actor().await?;
    let description = sent.description.unwrap_or_default();
    let projects = exchange.projects;
    let made = projects.create_reference(&actor, parent, &to, &description);
    Ok(made.await?)
}

fn lacking(member: &str) -> Failure {
    Failure::malformed(format!("`{member}` is needed; send it"))
}

/// One entity.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.view(&actor, id).await?;
    ok(&written(exchange, found))
}

/// Changes name and description, and what a reference refers to. What else is sent must be as it is,
/// or is passed over.
pub(crate) async fn put(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let sent: Changed = exchange.sent()?;
    let etag = etag(sent.etag.as_deref())?;
    let parent = sent.parent_id.as_ref().map(|id| exchange.entity_of(&id.0));
    let parent = parent.transpose()?;
    let repository = match sent.repository_name.as_deref() {
        Some(name) => Some(exchange.any_repository_name(name)?.to_owned()),
        None => None,
    };
    let request = DescribeRequest {
        name: sent.name,
        repository,
        description: sent.description,
        parent,
        ..DescribeRequest::of(etag)
    };
    let actor = exchange.actor().await?;
    match exchange.projects.describe(&actor, id, &request).await? {
        Some(found) => ok(&written(exchange, found)),
        // It was changed by somebody who may not see it.
        None => ok(&Numbered {
            id: exchange.shown(id),
        }),
    }
}

/// An entity by its number alone.
#[derive(Serialize, ToSchema)]
#[schema(as = EntityId)]
pub(crate) struct Numbered {
    pub(crate) id: String,
}

/// The way to an entity, its project first.
pub(crate) async fn path(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    ok(&steps(exchange, &actor, id).await?)
}

/// The way to an entity.
pub(crate) async fn steps(
    exchange: &Exchange<'_>,
    actor: &Actor,
    id: EntityId,
) -> Result<Path, Failure> {
    let found = exchange.projects.path(actor, id).await?;
    let steps = found.into_iter();
    Ok(Path {
        path: steps.map(|step| named(exchange, step)).collect(),
    })
}

/// An entity in few words.
pub(crate) fn named(exchange: &Exchange<'_>, found: EntityView) -> Named {
    Named {
        id: exchange.shown(found.id),
        name: found.name,
        kind: concrete(found.kind),
    }
}

/// The `concreteType` of an entity.
pub(crate) fn concrete(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Project => PROJECT,
        EntityKind::Repository | EntityKind::External => REPOSITORY,
    }
}

/// All of an entity.
pub(crate) fn written(exchange: &Exchange<'_>, found: EntityView) -> Entity {
    let service = &exchange.projects.options().service;
    let (repository_name, is_managed) = match found.kind {
        EntityKind::Project => (None, None),
        EntityKind::Repository => (Some(format!("{service}/{}", found.name)), Some(true)),
        EntityKind::External => (Some(found.name.clone()), Some(false)),
    };
    Entity {
        id: exchange.shown(found.id),
        name: found.name,
        concrete_type: concrete(found.kind),
        etag: found.etag.to_string(),
        created_on: Time(found.created.at),
        modified_on: Time(found.modified.at),
        created_by: found.created.by.map(shown),
        modified_by: found.modified.by.map(shown),
        description: Some(found.description).filter(|text| !text.is_empty()),
        parent_id: found.parent.map(|parent| exchange.shown(parent)),
        repository_name,
        is_managed,
    }
}
