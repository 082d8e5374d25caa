//! What every call under a permit begins with.

use pierhead_storage::{CallerId, Fence, NewName, Permit, RepositoryId, StoreError, View};
use rusqlite::Connection;

use crate::board::stored_versions;
use crate::codec::signed;
use crate::error::Fault;

/// A view that was found to hold: what it opens.
#[derive(Clone, Copy)]
pub(crate) enum Open<'a> {
    Repository(RepositoryId),
    New(&'a NewName),
}

impl Open<'_> {
    /// Whose staged blobs count, under a new name.
    pub(crate) fn caller(&self) -> Option<&CallerId> {
        match self {
            Self::Repository(_) => None,
            Self::New(new) => Some(&new.caller),
        }
    }
}

/// Compares the fence, then the view, inside the caller's transaction. Changes of earlier requests
/// of the same group count: they are committed together with this one, or neither is.
pub(crate) fn permitted<'a>(tx: &Connection, permit: &'a Permit) -> Result<Open<'a>, Fault> {
    let Fence(rested_on) = &permit.fence;
    if !rested_on.is_empty() {
        let scopes: Vec<_> = rested_on.iter().map(|(scope, _)| *scope).collect();
        let versions = stored_versions(tx, &scopes)?;
        let mut moved = rested_on.iter().zip(versions);
        if moved.any(|((_, rights), now)| now.rights != *rights) {
            return Err(StoreError::Stale.into());
        }
    }
    open(tx, &permit.view)
}

/// A repository that is gone and a new name that is taken are stale.
///
/// A read asks this after its lookup, not before: ids never return, so a repository that is there
/// now was there then.
pub(crate) fn open<'a>(connection: &Connection, view: &'a View) -> Result<Open<'a>, Fault> {
    let (open, stands) = match view {
        View::Repository(id) => {
            let sql = "SELECT EXISTS (SELECT 1 FROM repository WHERE id = ?1)";
            let mut exists = connection.prepare_cached(sql)?;
            let exists = exists.query_row([signed(id.0)], |row| row.get(0))?;
            (Open::Repository(*id), exists)
        }
        View::New(new) => {
            let sql = "SELECT NOT EXISTS (SELECT 1 FROM repository WHERE name = ?1)";
            let mut absent = connection.prepare_cached(sql)?;
            let absent = absent.query_row([new.name.as_str()], |row| row.get(0))?;
            (Open::New(new), absent)
        }
    };
    if stands {
        Ok(open)
    } else {
        Err(StoreError::Stale.into())
    }
}
