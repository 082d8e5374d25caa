//! An entity and what clients want with it, in one answer.

use pierhead_projects::{EntityKind, ListRequest, listing::ChildOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::entity::{self, Entity, Path};
use crate::exchange::Exchange;
use crate::permission::{self, Held};

/// What is wanted. What does not exist here is passed over.
// The names are the wire's.
#[allow(clippy::struct_excessive_bools, clippy::struct_field_names)]
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
#[schema(as = EntityBundleRequest)]
pub(crate) struct Wanted {
    include_entity: bool,
    include_annotations: bool,
    include_permissions: bool,
    include_entity_path: bool,
    include_has_children: bool,
    include_file_handles: bool,
    include_restriction_information: bool,
}

/// What was wanted of one entity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityBundle)]
pub(crate) struct Bundle {
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<Entity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_children: Option<bool>,
    /// No entity here has files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>)]
    file_handles: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restriction_information: Option<Terms>,
}

/// No entity here has any.
#[derive(Serialize, ToSchema)]
#[schema(as = Annotations)]
pub(crate) struct Annotated {
    id: String,
    etag: String,
    annotations: Nothing,
}

#[derive(Serialize, ToSchema)]
#[schema(as = NoAnnotations)]
pub(crate) struct Nothing {}

/// Whoever the sharing settings let in has nothing more to meet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RestrictionInformation)]
pub(crate) struct Terms {
    object_id: String,
    #[schema(value_type = Vec<String>)]
    restriction_details: [(); 0],
    has_unmet_access_requirement: bool,
    restriction_level: &'static str,
}

/// What is wanted of an entity.
pub(crate) async fn get(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let sent: Wanted = exchange.sent()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.view(&actor, id).await?;
    let shown = exchange.shown(id);
    let etag = found.etag.to_string();
    let kind = match found.kind {
        EntityKind::Project => "project",
        EntityKind::Repository | EntityKind::External => "dockerrepo",
    };
    let permissions = if sent.include_permissions {
        Some(permission::held(exchange, &actor, id).await?)
    } else {
        None
    };
    let path = if sent.include_entity_path {
        Some(entity::steps(exchange, &actor, id).await?)
    } else {
        None
    };
    let has_children = if sent.include_has_children {
        let request = ListRequest {
            parent: Some(id),
            order: ChildOrder::Name(None),
            descending: false,
            limit: 1,
        };
        let children = exchange.projects.list(&actor, &request).await?;
        Some(!children.items.is_empty())
    } else {
        None
    };
    let wanted = sent.include_entity;
    ok(&Bundle {
        entity: wanted.then(|| entity::written(exchange, found)),
        entity_type: wanted.then_some(kind),
        annotations: sent.include_annotations.then(|| Annotated {
            id: shown.clone(),
            etag,
            annotations: Nothing {},
        }),
        permissions,
        path,
        has_children,
        file_handles: sent.include_file_handles.then_some([]),
        restriction_information: sent.include_restriction_information.then_some(Terms {
            object_id: shown,
            restriction_details: [],
            has_unmet_access_requirement: false,
            restriction_level: "OPEN",
        }),
    })
}
