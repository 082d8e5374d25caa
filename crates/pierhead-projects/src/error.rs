//! Why a change was not made.

use pierhead_policy::{ListError, Reason, ShareError};
use pierhead_storage::StoreError;

/// Why an account, a team, a project or its sharing was not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectsError {
    /// The table of decisions refuses.
    #[error("{}", .reason.rule())]
    Refused {
        /// Why.
        reason: Reason,
        /// Whether the caller may be told.
        may_know: bool,
        /// Whether the caller holds the very permission that was asked.
        holds_asked: bool,
    },
    /// Only operators do this.
    #[error("only an operator does this; ask one")]
    OperatorsOnly,
    /// The sharing rules refuse.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A sharing list that is none.
    #[error(transparent)]
    List(#[from] ListError),
    /// A name outside the grammar.
    #[error(transparent)]
    Name(#[from] crate::BadName),
    /// An address that is none.
    #[error(transparent)]
    Email(#[from] crate::BadEmail),
    /// A user or a team has the name, or one that differs only in `.`, `-` and `_`.
    #[error("the name `{name}` is taken; choose another")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Another account has the address.
    #[error("the e-mail address belongs to another account; use another")]
    EmailTaken,
    /// A project without a usable name.
    #[error("a project's name is 1 to 256 bytes without control characters; correct it")]
    ProjectName,
    /// There is no such user, team, project or credential.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The last operator stays one.
    #[error("the last active operator stays one; make another account an operator first")]
    LastOperator,
    /// A new password against the rules.
    #[error(transparent)]
    PasswordRule(#[from] pierhead_auth::password::PasswordRule),
    /// A password hash that is none.
    #[error(transparent)]
    PasswordHash(#[from] pierhead_auth::password::PasswordHashError),
    /// Too many passwords are being hashed.
    #[error("too many passwords are being hashed; try again")]
    TooMany,
    /// What this rested on changed several times while it was decided.
    #[error("this is being changed by others; try again")]
    Busy,
    /// It cannot be said now.
    #[error("the store of accounts and projects cannot answer now")]
    Store(#[source] StoreError),
    /// The machine has no randomness, memory or thread to give.
    #[error("a secret could not be made")]
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for ProjectsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Busy,
            other => Self::Store(other),
        }
    }
}

impl From<crate::password::PasswordWork> for ProjectsError {
    fn from(error: crate::password::PasswordWork) -> Self {
        use crate::password::PasswordWork;
        use pierhead_auth::password::HashingError;
        match error {
            PasswordWork::Full(_) => Self::TooMany,
            PasswordWork::Hashing(HashingError::Rule(rule)) => Self::PasswordRule(rule),
            other => Self::Secret(Box::new(other)),
        }
    }
}
