//! What goes wrong inside, and what is said of it outside.

use std::path::PathBuf;
use std::sync::Arc;

use pierhead_storage::StoreError;
use rusqlite::ErrorCode;

/// Why an operation failed, before it is known to its caller. `?` turns a refusal of the contract
/// and a failure of the database alike into one.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The contract's own answer.
    Store(StoreError),
    /// The database's.
    Sql(rusqlite::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// The answer for the caller; `what` was tried.
    pub(crate) fn into_store(self, what: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => from_sql(what, error),
        }
    }
}

/// The answer for a failure of the database while `what` was tried.
pub(crate) fn from_sql(what: &'static str, error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    match &error {
        Error::SqliteFailure(failure, _) if failure.code == ErrorCode::DiskFull => {
            StoreError::Full(Arc::new(error))
        }
        Error::SqliteFailure(failure, _)
            if matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ) =>
        {
            damaged(what, &error)
        }
        Error::FromSqlConversionFailure(..)
        | Error::InvalidColumnType(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..) => damaged(what, &error),
        _ => StoreError::unavailable(what, error),
    }
}

fn damaged(what: &str, error: &rusqlite::Error) -> StoreError {
    StoreError::Corrupt {
        what: format!("{what}: {error}"),
    }
}

/// The store was closed, or its thread is gone.
pub(crate) fn closed(what: &'static str) -> StoreError {
    StoreError::unavailable(what, Internal::Closed)
}

/// An operation panicked; nothing of it was kept.
pub(crate) fn panicked(what: &'static str) -> StoreError {
    StoreError::unavailable(what, Internal::Panicked)
}

/// The database gave up a whole transaction without saying why.
pub(crate) fn given_up(what: &'static str) -> StoreError {
    StoreError::unavailable(what, Internal::GivenUp)
}

/// What the database itself would not say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error("the database is closed: open it again")]
    Closed,
    #[error("the operation panicked and was undone")]
    Panicked,
    #[error("the database gave up the transaction: try again")]
    GivenUp,
}

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenFault {
    #[error("{0:?} is open elsewhere: only one store at a time may have it open")]
    Owned(PathBuf),
    #[error("the file is no Pierhead database: name another one")]
    Foreign,
    #[error(
        "the database has schema version {found}, this program knows {known}: use a newer program"
    )]
    Newer { found: i64, known: i64 },
}
