//! The present version of every scope, in memory.

use std::collections::HashMap;

use parking_lot::RwLock;
use pierhead_storage::{Rights, ScopeId, ScopeKind, Version};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::codec::{RowExt as _, damaged, signed};
use crate::error::Fault;

/// Both counters of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) rights: u64,
    pub(crate) content: u64,
}

/// What a scope's counters are, without a look at the database.
///
/// Only the writer changes it: after COMMIT, and before any reply of that group leaves. Whoever was
/// told of a change therefore finds it here. One store has the database open, so nothing else can
/// move a counter.
pub(crate) struct Board {
    state: RwLock<State>,
}

struct State {
    epoch: u64,
    scopes: HashMap<ScopeId, Counters>,
}

impl Board {
    /// Reads the whole table.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut scopes = HashMap::new();
        let mut statement = connection.prepare("SELECT kind, id, rights, content FROM scope")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (scope, counters) = counted(row)?;
            scopes.insert(scope, counters);
        }
        Ok(Self {
            state: RwLock::new(State {
                epoch: epoch(connection)?,
                scopes,
            }),
        })
    }

    pub(crate) fn versions(&self, scopes: &[ScopeId]) -> Vec<Version> {
        let state = self.state.read();
        scopes
            .iter()
            .map(|scope| {
                let counters = state.scopes.get(scope).copied().unwrap_or_default();
                version(state.epoch, counters)
            })
            .collect()
    }

    /// Takes over what a committed group changed.
    pub(crate) fn publish(&self, effects: &Effects) {
        if effects.is_empty() {
            return;
        }
        let mut state = self.state.write();
        state.epoch = effects.epoch.unwrap_or(state.epoch);
        state.scopes.extend(effects.changed.iter().copied());
    }
}

/// A scope and its counters, as a row has them.
fn counted(row: &Row<'_>) -> rusqlite::Result<(ScopeId, Counters)> {
    let kind = ScopeKind::from_code(row.get(0)?).ok_or_else(|| {
        damaged(
            0,
            rusqlite::types::Type::Integer,
            rusqlite::types::FromSqlError::InvalidType,
        )
    })?;
    let id = row.unsigned(1)?;
    let counters = Counters {
        rights: row.unsigned(2)?,
        content: row.unsigned(3)?,
    };
    Ok((ScopeId { kind, id }, counters))
}

fn version(epoch: u64, counters: Counters) -> Version {
    Version {
        rights: Rights {
            epoch,
            counter: counters.rights,
        },
        content: counters.content,
    }
}

/// Versions that an operation moves. They reach the [`Board`] once its group is committed, and are
/// dropped with it otherwise.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    changed: Vec<(ScopeId, Counters)>,
    epoch: Option<u64>,
}

impl Effects {
    /// Moves the rights of a scope: every fence that rests on it is stale.
    pub(crate) fn bump(&mut self, tx: &Connection, scope: ScopeId) -> rusqlite::Result<()> {
        self.bump_all(tx, &[scope])
    }

    /// Moves the rights of scopes, however many: in one statement, because each has to be able to undo
    /// itself, which costs the more the more its transaction has changed already.
    pub(crate) fn bump_all(&mut self, tx: &Connection, scopes: &[ScopeId]) -> rusqlite::Result<()> {
        let pairs: Vec<String> = scopes
            .iter()
            .map(|scope| format!("[{},{}]", scope.kind.code(), signed(scope.id)))
            .collect();
        let mut statement = tx.prepare_cached(
            "INSERT INTO scope (kind, id, rights, content)
             SELECT value ->> 0, value ->> 1, 1, 0 FROM json_each(?1) WHERE TRUE
             ON CONFLICT (kind, id) DO UPDATE SET rights = rights + 1
             RETURNING kind, id, rights, content",
        )?;
        let mut moved = statement.query([format!("[{}]", pairs.join(","))])?;
        while let Some(row) = moved.next()? {
            self.changed.push(counted(row)?);
        }
        Ok(())
    }

    /// Moves the content of a scope: caches of what is stored there are stale, decisions are not.
    pub(crate) fn content(&mut self, tx: &Connection, scope: ScopeId) -> rusqlite::Result<()> {
        let changed = tx
            .prepare_cached(
                "INSERT INTO scope (kind, id, rights, content) VALUES (?1, ?2, 0, 1)
                 ON CONFLICT (kind, id) DO UPDATE SET content = content + 1
                 RETURNING kind, id, rights, content",
            )?
            .query_row(params![scope.kind.code(), signed(scope.id)], counted)?;
        self.changed.push(changed);
        Ok(())
    }

    /// Begins another epoch: every fence and every cache is stale.
    pub(crate) fn begin_epoch(&mut self, tx: &Connection) -> Result<(), Fault> {
        self.epoch = Some(begin_epoch(tx)?);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.epoch.is_none()
    }

    /// Adds what a later operation of the same group changed.
    pub(crate) fn extend(&mut self, later: Self) {
        self.changed.extend(later.changed);
        self.epoch = later.epoch.or(self.epoch);
    }
}

/// Writes a new random epoch and says which.
pub(crate) fn begin_epoch(tx: &Connection) -> Result<u64, Fault> {
    let random = getrandom::u64()
        .map_err(|error| pierhead_storage::StoreError::unavailable("make a random epoch", error))?;
    // Zero is left to rights that were never read.
    let epoch = random.max(1);
    tx.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?1)")?
        .execute([signed(epoch)])?;
    Ok(epoch)
}

/// The epoch as it is stored.
pub(crate) fn epoch(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'epoch'")?
        .query_row([], |row| row.unsigned(0))
}

/// The versions of these scopes as this connection's transaction sees them, in order.
///
/// Facts for a cache are read together with these, in one
/// [`read_consistent`](crate::SqliteStore::read_consistent).
pub(crate) fn stored_versions(
    connection: &Connection,
    scopes: &[ScopeId],
) -> rusqlite::Result<Vec<Version>> {
    let epoch = epoch(connection)?;
    let mut find = connection
        .prepare_cached("SELECT rights, content FROM scope WHERE kind = ?1 AND id = ?2")?;
    scopes
        .iter()
        .map(|scope| {
            let counters = find
                .query_row(params![scope.kind.code(), signed(scope.id)], |row| {
                    Ok(Counters {
                        rights: row.unsigned(0)?,
                        content: row.unsigned(1)?,
                    })
                })
                .optional()?;
            Ok(version(epoch, counters.unwrap_or_default()))
        })
        .collect()
}
