//! Why a change was not made.

use std::time::Duration;

use pierhead_policy::{EntityId, ListError, Reason, ShareError};
use pierhead_storage::{Source, StoreError};

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
    /// Nobody is signed in, or what was shown is no longer good.
    #[error("sign in first, or again: what was shown is not good")]
    SignIn,
    /// A wrong user name or password, or a disabled account: which of them is not said.
    #[error("the user name or password is not right")]
    WrongCredentials,
    /// Whoever deletes their own account, or sets another password, has not typed theirs, or another
    /// one.
    #[error("this wants your password once more, and what was sent is not it")]
    WrongPassword,
    /// Too many wrong passwords, or too many at once.
    #[error("too many attempts to sign in; wait {} s", .retry_after.as_secs().max(1))]
    TooManySignIns {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Nobody makes an account for themselves here.
    #[error("nobody registers here; ask an operator for an account")]
    RegistrationClosed,
    /// Only whoever is invited makes an account for themselves.
    #[error("registering here needs an invitation; ask an operator for one")]
    InvitationNeeded,
    /// An invitation, or what was sent by mail, that is not good: unknown, used, revoked, expired or
    /// somebody else's, which of them is not said.
    #[error("this is not good, or not any more; ask for another")]
    BadSecret,
    /// An invitation that would end in the past, or too late.
    #[error("an invitation ends in the future, and within 90 days; give another end, or none")]
    InvitationEnd,
    /// Registration without an address where mail is sent.
    #[error("registering here needs an e-mail address; add one")]
    EmailNeeded,
    /// Registration with an address that could not be confirmed, or is not that of the invitation.
    #[error("no other e-mail address is taken with this; leave it out")]
    EmailUnwanted,
    /// Nothing here sends mail.
    #[error("no mail is sent here; ask an operator")]
    MailOff,
    /// What sends mail has failed.
    #[error("mail was not sent")]
    Mail(#[source] crate::MailError),
    /// Too many accounts, or messages, asked for in a short time.
    #[error("this was asked for too often of late; wait {} s", .retry_after.as_secs().max(1))]
    TooManyAsks {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A personal access token where a person must be.
    #[error("this needs a sign-in session, not a token; sign in with the password")]
    NeedsSession,
    /// A token that would be good for more than the credential that asks for it.
    #[error("a token cannot be good for more than what asks for it; leave scopes out")]
    WiderToken,
    /// A token without a usable name, or good for nothing.
    #[error(
        "a token has a name of 1 to 256 bytes without control characters, a scope, and an end in \
         the future if any"
    )]
    TokenRequest,
    /// Only operators do this.
    #[error("only an operator does this; ask one")]
    OperatorsOnly,
    /// Only managers of a team change who is in it.
    #[error("only a manager of the team or an operator does this; ask one")]
    TeamManagersOnly,
    /// Too many changes of teams in a short time.
    #[error("too many changes of teams in a minute; wait {} s", .retry_after.as_secs().max(1))]
    TooOften {
        /// How long to wait.
        retry_after: Duration,
    },
    /// An account in very many teams.
    #[error("an account is a member of at most 200 teams; let it leave one first")]
    TooManyTeams,
    /// The sharing rules refuse.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The own list of a repository that has none.
    #[error("it has no sharing list of its own; it inherits")]
    Inherits {
        /// The project whose list counts.
        from: EntityId,
    },
    /// An entity that was changed since it was read.
    #[error("it was changed since it was read; read it again")]
    StaleEtag,
    /// A repository's name never changes.
    #[error("a repository is never renamed; push it under another name")]
    NeverRenamed,
    /// A reference's name is what it refers to.
    #[error("a reference is named by its `repositoryName`; change that, and leave `name` out")]
    NamedByTarget,
    /// A name that is none of a repository in another registry.
    #[error(transparent)]
    ExternalName(#[from] crate::BadExternalName),
    /// A reference to what is here.
    #[error(
        "this is a repository of this registry; refer to one in another registry, or push to it"
    )]
    OwnHost,
    /// A tag that is recorded where tags are pushed.
    #[error("tags of this repository are pushed; only those of an external one are recorded")]
    NotExternal,
    /// A repository stays in its project.
    #[error("nothing is moved into another project; leave its parent as it is")]
    NeverMoved,
    /// A sharing list that is none.
    #[error(transparent)]
    List(#[from] ListError),
    /// A name outside the grammar.
    #[error(transparent)]
    Name(#[from] crate::BadName),
    /// An address that is none.
    #[error(transparent)]
    Email(#[from] crate::BadEmail),
    /// An address that no message can be sent to.
    #[error(transparent)]
    Unmailable(#[from] crate::Unmailable),
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
    /// A description that is too long, or no text.
    #[error("a description has at most 1000 bytes and no control characters; correct it")]
    Description,
    /// There is no such user, team, project or credential.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// Several projects that have the name that was asked for.
    #[error("several projects that you may see have this name; ask by the id")]
    Ambiguous,
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

impl ProjectsError {
    /// A refusal that says nothing about what exists.
    pub(crate) fn openly(reason: Reason) -> Self {
        Self::Refused {
            reason,
            may_know: true,
            holds_asked: false,
        }
    }
}

impl From<StoreError> for ProjectsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Busy,
            other => Self::Store(other),
        }
    }
}

impl From<crate::people::password::PasswordWork> for ProjectsError {
    fn from(error: crate::people::password::PasswordWork) -> Self {
        use crate::people::password::PasswordWork;
        use pierhead_auth::password::HashingError;
        match error {
            PasswordWork::Full(_) => Self::TooMany,
            PasswordWork::Hashing(HashingError::Rule(rule)) => Self::PasswordRule(rule),
            other => Self::Secret(Box::new(other)),
        }
    }
}

impl ProjectsError {
    /// Whether nothing can be written because a disk is full, which waiting does not mend.
    pub fn is_full(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            if let Some(StoreError::Full(_)) = error.downcast_ref() {
                return true;
            }
            next = match error.downcast_ref::<Source>() {
                Some(shared) => Some(&**shared),
                None => error.source(),
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_by_whatever_came_of_it() {
        let full = || StoreError::Full(std::sync::Arc::new(std::io::Error::other("full")));
        for (error, is_full) in [
            (ProjectsError::Store(full()), true),
            (
                ProjectsError::Store(StoreError::unavailable("sign in", full())),
                true,
            ),
            (
                ProjectsError::Store(StoreError::unavailable("sign in", "a disk")),
                false,
            ),
            (ProjectsError::Busy, false),
        ] {
            assert_eq!(error.is_full(), is_full, "{error:?}");
        }
    }
}
