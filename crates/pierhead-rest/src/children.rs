//! What is in a project, and which projects there are.

use pierhead_projects::listing::ChildOrder;
use pierhead_projects::{EntityView, ListRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::entity::{Numbered, concrete};
use crate::exchange::Exchange;
use crate::json::{Id, Time, shown};
use crate::page::{PAGE, after_entity, read_entity};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityChildrenRequest)]
pub(crate) struct Sent {
    parent_id: Option<Id>,
    /// Which types, some of which do not exist here; none given: all.
    include_types: Option<Vec<String>>,
    #[serde(default)]
    sort_by: Option<SortBy>,
    #[serde(default)]
    sort_direction: Option<Direction>,
    next_page_token: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SortBy {
    Name,
    CreatedOn,
}

#[derive(Deserialize, PartialEq, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = SortDirection)]
pub(crate) enum Direction {
    Asc,
    Desc,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityLookupRequest)]
pub(crate) struct Wanted {
    parent_id: Option<Id>,
    entity_name: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityChildrenResponse)]
pub(crate) struct Page {
    page: Vec<Child>,
    next_page_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityChild)]
pub(crate) struct Child {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The first and only: what is versioned here is what is in a repository.
    version_number: u8,
    created_on: Time,
    modified_on: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<String>,
}

/// A page of what the caller may see.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let sent: Sent = exchange.sent()?;
    let parent = sent.parent_id.as_ref().map(|id| exchange.entity_of(&id.0));
    let parent = parent.transpose()?;
    let mut order = match sent.sort_by {
        None | Some(SortBy::Name) => ChildOrder::Name(None),
        Some(SortBy::CreatedOn) => ChildOrder::Created(None),
    };
    if let Some(text) = &sent.next_page_token {
        order = read_entity(&order, text)?;
    }
    let kind = if parent.is_some() {
        "dockerrepo"
    } else {
        "project"
    };
    let wanted = sent
        .include_types
        .is_none_or(|types| types.iter().any(|name| name == kind));
    let request = ListRequest {
        parent,
        order,
        descending: sent.sort_direction == Some(Direction::Desc),
        // The parent is asked about in any case.
        limit: if wanted { PAGE } else { 0 },
    };
    let actor = exchange.actor().await?;
    let found = exchange.projects.list(&actor, &request).await?;
    let last = found.reached();
    let next_page_token = last.and_then(|last| after_entity(&last.follows(&request.order)));
    let children = found.items.into_iter();
    ok(&Page {
        page: children.map(|child| written(exchange, child)).collect(),
        next_page_token,
    })
}

/// The number of what has a name in a project, or of the project of a name.
pub(crate) async fn find(exchange: &Exchange<'_>) -> Answer {
    let sent: Wanted = exchange.sent()?;
    let parent = sent.parent_id.as_ref().map(|id| exchange.entity_of(&id.0));
    let parent = parent.transpose()?;
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    let found = projects.child_named(&actor, parent, &sent.entity_name);
    ok(&Numbered {
        id: exchange.shown(found.await?),
    })
}

/// One entity, as a list has it.
pub(crate) async fn header(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.view(&actor, id).await?;
    ok(&written(exchange, found))
}

fn written(exchange: &Exchange<'_>, found: EntityView) -> Child {
    Child {
        id: exchange.shown(found.id),
        name: found.name,
        kind: concrete(found.kind),
        version_number: 1,
        created_on: Time(found.created.at),
        modified_on: Time(found.modified.at),
        created_by: found.created.by.map(shown),
        modified_by: found.modified.by.map(shown),
    }
}
