//! References to repositories in other registries, and what is recorded of their tags.

use pierhead_model::{ContentDigest, Tag};
use pierhead_policy::EntityId;
use pierhead_projects::ExternalName;
use pierhead_projects::change::Batch;
use rusqlite::{Connection, params};

use super::change::one;
use super::entity::who;
use crate::codec::{key, micros, signed};
use crate::error::Fault;

/// Makes one in a project.
pub(super) fn create(
    tx: &Connection,
    (reference, project): (EntityId, EntityId),
    name: &ExternalName,
    description: &str,
    batch: &Batch,
) -> Result<(), Fault> {
    one(
        tx,
        "INSERT INTO entity (id, kind, external, parent, name, description, who, at, etag, own_list)
         SELECT ?1, 2, 1, id, ?3, ?4, ?5, ?6, 1, 0 FROM entity WHERE id = ?2 AND kind = 1",
        params![
            signed(reference.get()),
            signed(project.get()),
            name.as_str(),
            description,
            who(batch).unwrap_or_default(),
            micros(batch.at)
        ],
    )
}

/// What a tag names now, and that it was said.
pub(super) fn record_tag(
    tx: &Connection,
    reference: EntityId,
    tag: &Tag,
    digest: &ContentDigest,
    batch: &Batch,
) -> Result<(), Fault> {
    let (number, at) = (signed(reference.get()), micros(batch.at));
    one(
        tx,
        "INSERT INTO external_tag (repository, name, digest, pushed_at)
         SELECT id, ?2, ?3, ?4 FROM entity WHERE id = ?1 AND external = 1
         ON CONFLICT (repository, name) DO UPDATE SET digest = ?3, pushed_at = ?4",
        params![number, tag.as_str(), key(digest), at],
    )?;
    one(
        tx,
        "INSERT INTO history (repository, tag, digest, at, who) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            number,
            tag.as_str(),
            key(digest),
            at,
            who(batch).unwrap_or_default()
        ],
    )
}
