//! The trash can.

use pierhead_projects::{TrashPage, TrashedView};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, done, ok};
use crate::exchange::Exchange;
use crate::json::{Time, shown};

/// Which way something goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// Into the trash can.
    In,
    /// Out of it, as it was.
    Out,
    /// Out of it for good.
    Away,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrashPage)]
pub(crate) struct Page {
    results: Vec<Trashed>,
    total_number_of_results: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrashedEntity)]
pub(crate) struct Trashed {
    entity_id: String,
    entity_name: String,
    /// Nothing where the server itself did it.
    deleted_by_principal_id: Option<String>,
    deleted_on: Time,
    /// Nothing for a project.
    original_parent_id: Option<String>,
}

/// Moves an entity.
pub(crate) async fn put(exchange: &Exchange<'_>, way: Move) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    let projects = exchange.projects;
    match way {
        Move::In => projects.trash(&actor, id).await?,
        Move::Out => projects.restore(&actor, id).await?,
        Move::Away => projects.purge(&actor, id).await?,
    }
    Ok(done())
}

/// What the caller could restore.
pub(crate) async fn list(exchange: &Exchange<'_>) -> Answer {
    let (offset, limit) = (exchange.query.offset()?, exchange.query.limit(100)?);
    let actor = exchange.actor().await?;
    let found = exchange.projects.trash_can(&actor, offset, limit).await?;
    ok(&written(exchange, found))
}

/// What of a project is there.
pub(crate) async fn list_of(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let (offset, limit) = (exchange.query.offset()?, exchange.query.limit(100)?);
    let actor = exchange.actor().await?;
    let found = exchange.projects.trash_of(&actor, id, offset, limit);
    ok(&written(exchange, found.await?))
}

fn written(exchange: &Exchange<'_>, found: TrashPage) -> Page {
    let one = |TrashedView { entity, trashed }: TrashedView| Trashed {
        entity_id: exchange.shown(entity.id),
        entity_name: entity.name,
        deleted_by_principal_id: trashed.by.map(shown),
        deleted_on: Time(trashed.at),
        original_parent_id: entity.parent.map(|parent| exchange.shown(parent)),
    };
    Page {
        results: found.items.into_iter().map(one).collect(),
        total_number_of_results: found.total,
    }
}
