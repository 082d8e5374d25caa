//! Where other features of this crate take part in the registry's own transactions.

use pierhead_storage::Repository;
use rusqlite::Connection;

use crate::board::Effects;
use crate::error::Fault;

/// A repository has just come into being in this transaction, under an id from the one sequence of
/// entities. What else must exist from the same moment is inserted here; an error undoes the
/// repository too.
#[allow(
    clippy::unnecessary_wraps,
    reason = "a feature that takes part may fail"
)]
pub(crate) fn repository_created(
    _tx: &Connection,
    _effects: &mut Effects,
    _repository: &Repository,
) -> Result<(), Fault> {
    Ok(())
}
