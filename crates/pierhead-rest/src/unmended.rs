//! Projects that nobody can mend but operators.

use pierhead_projects::EntityView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::exchange::Exchange;

#[derive(Serialize, ToSchema)]
#[schema(as = UnmendedPage)]
pub(crate) struct Page {
    results: Vec<Project>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UnmendedProject)]
pub(crate) struct Project {
    id: String,
    name: String,
    in_trash: bool,
}

/// A page of them, in the order of their numbers.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let query = &exchange.query;
    let after = query.one("after")?.map(|text| exchange.entity_of(text));
    let (after, limit) = (after.transpose()?, query.limit(100)?);
    let actor = exchange.actor().await?;
    let found = exchange.projects.unmended(&actor, after, limit).await?;
    let written = |(project, in_trash): (EntityView, bool)| Project {
        id: exchange.shown(project.id),
        name: project.name,
        in_trash,
    };
    ok(&Page {
        results: found.items.into_iter().map(written).collect(),
        next: found.next.map(|next| exchange.shown(next)),
    })
}
