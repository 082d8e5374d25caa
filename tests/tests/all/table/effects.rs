//! What a request did, read from the database and not from the answer.

use rusqlite::{Connection, OptionalExtension as _, Params};
use sha2::{Digest as _, Sha256};

use super::fixtures::BLOB;
use super::oracle::Effect;
use super::world::Entries;

/// The tables that a push writes to.
const PUSHED: &[&str] = &[
    "blob",
    "history",
    "link",
    "manifest",
    "place",
    "reference",
    "scope",
    "tag",
];

/// The tables that a purge writes to; what nobody can reach any more is swept later.
const PURGED: &[&str] = &[
    "audit",
    "entity",
    "entry",
    "purged",
    "purged_project",
    "repository",
    "scope",
];

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Who asked.
    pub(crate) by: i64,
    /// The entity that was asked about; for what was trashed with its project, the project.
    pub(crate) entity: i64,
    /// The project it belongs to.
    pub(crate) project: i64,
    /// The repository that was pushed to, deleted from or mounted into.
    pub(crate) name: String,
    pub(crate) tag: String,
    /// The list that was sent.
    pub(crate) list: Entries,
}

/// Whether something is in the trash can itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    NoEntity,
    None,
    By(i64),
}

impl Trace {
    /// Whether an effect has come about; what is there instead if it has not.
    pub(crate) fn find(&self, database: &Connection, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Nothing => Ok(()),
            Effect::Created => {
                let query = "SELECT entity.who, entity.parent, own_list, trashed_at IS NULL
                    FROM repository JOIN entity USING (id) WHERE repository.name = ?";
                let found: Option<(String, i64, bool, bool)> =
                    row(database, query, [&self.name], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    });
                let wanted = Some((self.by.to_string(), self.project, false, true));
                same("the new repository", &found, &wanted)?;
                same("what is still staged", &self.staged(database), &0)?;
                same("the blob's link", &self.linked(database), &true)?;
                same("the tag", &self.tagged(database), &true)
            }
            Effect::Tagged => same("the tag", &self.tagged(database), &true),
            Effect::Untagged => {
                same("the tag", &self.tagged(database), &false)?;
                let query = "SELECT count(*) > 0 FROM audit
                    JOIN repository ON repository.id = audit.entity
                    WHERE repository.name = ? AND what = 'delete-tag' AND audit.who = ?";
                same(
                    "its record",
                    &count(database, query, (&self.name, self.by)),
                    &1,
                )
            }
            Effect::Mounted => same("the blob's link", &self.linked(database), &true),
            Effect::UploadBegun => {
                same("the blob's link", &self.linked(database), &false)?;
                let query =
                    "SELECT count(*) FROM upload JOIN repository ON repository.id = repository
                    WHERE repository.name = ? AND caller = ?";
                let uploads = count(database, query, (&self.name, self.by.to_string()));
                same("the caller's uploads", &uploads, &1)
            }
            Effect::Trashed => same("the mark", &self.mark(database), &Mark::By(self.by)),
            Effect::Restored => same("the mark", &self.mark(database), &Mark::None),
            // A large project's repositories are swept up later; these are small, and go at once.
            Effect::Purged => {
                same("the entity", &self.mark(database), &Mark::NoEntity)?;
                let query = "SELECT count(*) FROM repository WHERE id = ?1 OR parent = ?1";
                same("what is left", &count(database, query, [self.entity]), &0)
            }
            Effect::Shared => {
                let query = "SELECT principal, bits FROM entry WHERE entity = ? ORDER BY principal";
                let mut statement = database.prepare(query).expect("a query");
                let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                let found = statement.query_map([self.entity], entry).expect("rows");
                let found = found.collect::<Result<Entries, _>>().expect("rows");
                same("the list", &found, &self.list)?;
                let query = "SELECT own_list FROM entity WHERE id = ?";
                same("the local list", &count(database, query, [self.entity]), &1)
            }
        }
    }

    /// Whether a change, as a watch writes it, belongs to an effect.
    pub(crate) fn explains(&self, effect: Effect, change: &str) -> bool {
        let tables: &[&str] = match effect {
            Effect::Nothing => &[],
            Effect::Created => &[PUSHED, &["entity", "repository", "sequence"]].concat(),
            Effect::Tagged => PUSHED,
            Effect::Untagged => &["audit", "scope", "tag"],
            Effect::Mounted => &["link", "scope"],
            Effect::UploadBegun => &["place", "upload"],
            Effect::Trashed | Effect::Restored => &["audit", "entity", "scope"],
            Effect::Shared => &["audit", "entity", "entry", "scope"],
            Effect::Purged => PURGED,
        };
        let mut words = change.split(' ').skip(1);
        match (words.next(), words.next()) {
            (Some("row"), Some(table @ ("entity" | "entry"))) if effect != Effect::Created => {
                let of_it = |column| change.contains(&format!(" {column}={} ", self.entity));
                tables.contains(&table) && ["id", "entity", "parent"].into_iter().any(of_it)
            }
            (Some("row"), Some(table)) => tables.contains(&table),
            // A file belongs to a place.
            _ => tables.contains(&"place"),
        }
    }

    fn mark(&self, database: &Connection) -> Mark {
        let query = "SELECT trashed_by FROM entity WHERE id = ?";
        match row(database, query, [self.entity], |row| row.get(0)) {
            None => Mark::NoEntity,
            Some(None) => Mark::None,
            Some(Some(who)) => Mark::By(who),
        }
    }

    fn tagged(&self, database: &Connection) -> bool {
        let query = "SELECT count(*) FROM tag JOIN repository ON repository.id = repository
            WHERE repository.name = ? AND tag.name = ?";
        count(database, query, (&self.name, &self.tag)) == 1
    }

    fn linked(&self, database: &Connection) -> bool {
        let query = "SELECT count(*) FROM link JOIN repository ON repository.id = repository
            WHERE repository.name = ? AND digest = ?";
        count(database, query, (&self.name, blob())) == 1
    }

    fn staged(&self, database: &Connection) -> i64 {
        let query = "SELECT count(*) FROM staged WHERE name = ?";
        count(database, query, [&self.name])
    }
}

/// The blob's digest as a column: the number of its algorithm, then its bytes.
fn blob() -> Vec<u8> {
    let mut key = vec![1];
    key.extend_from_slice(&Sha256::digest(BLOB));
    key
}

fn row<T>(
    database: &Connection,
    query: &str,
    parameters: impl Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Option<T> {
    database
        .query_row(query, parameters, read)
        .optional()
        .expect("a query")
}

fn count(database: &Connection, query: &str, parameters: impl Params) -> i64 {
    row(database, query, parameters, |row| row.get(0)).unwrap_or_default()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}: {found:?} in the database, not {wanted:?}"))
}
