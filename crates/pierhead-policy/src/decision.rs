//! The answer of the table: the row that decided, and yes by what or no why.

use serde::Serialize;

use crate::action::Action;
use crate::id::EntityId;
use crate::reason::Reason;

/// A row of the table of decisions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Row {
    /// Pull.
    Pull = 1,
    /// Push to a new name, and every other request on one.
    PushNew = 2,
    /// Push to an existing repository.
    PushExisting = 3,
    /// HEAD.
    Head = 4,
    /// Delete a tag, a manifest or a blob link.
    Delete = 5,
    /// See.
    See = 6,
    /// Create a project.
    CreateProject = 7,
    /// Rename or describe.
    Describe = 8,
    /// External references.
    ExternalReference = 9,
    /// Put into the trash.
    Trash = 10,
    /// Restore.
    Restore = 11,
    /// Purge before its time.
    Purge = 12,
    /// Change sharing.
    ChangeSharing = 13,
    /// Audit record, trash of a project.
    Audit = 14,
}

impl Row {
    /// Its number in the table, 1 to 14.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The row of an action on something that exists.
    pub(crate) const fn of(action: Action) -> Self {
        match action {
            Action::Pull | Action::ListTags => Self::Pull,
            Action::Push => Self::PushExisting,
            Action::Head => Self::Head,
            Action::Delete => Self::Delete,
            Action::See | Action::SeeList => Self::See,
            Action::CreateProject => Self::CreateProject,
            Action::Describe => Self::Describe,
            Action::CreateExternalReference | Action::ChangeExternalReference => {
                Self::ExternalReference
            }
            Action::Trash => Self::Trash,
            Action::Restore => Self::Restore,
            Action::Purge => Self::Purge,
            Action::ChangeSharing => Self::ChangeSharing,
            Action::Audit | Action::ListTrash => Self::Audit,
        }
    }
}

/// What an allowance rests on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Grant {
    /// The operator's role *alone*: without it the answer would have been a refusal. Such a use
    /// belongs in the audit record.
    Operator,
    /// The list of this entity.
    List {
        /// Whose list.
        of: EntityId,
    },
    /// The entry of `public` in the list of this entity; nobody is signed in.
    Public {
        /// Whose list.
        of: EntityId,
    },
    /// Being signed in.
    SignedIn,
}

/// The answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
#[must_use]
pub enum Decision {
    /// Yes.
    Allow {
        /// The row that decided.
        row: Row,
        /// What the allowance rests on.
        by: Grant,
        /// The name is new to this caller: to be treated as an empty repository.
        new_name: bool,
        /// It is in the trash already and its mark stays: success without any change (row 10).
        unchanged: bool,
    },
    /// No.
    Deny {
        /// The row that decided.
        row: Row,
        /// Why.
        reason: Reason,
        /// Whether the caller may be told `reason`: it holds READ on the entity (for a name where
        /// nothing is, on the project), or is an operator, or the reason says nothing about what
        /// exists.
        may_know: bool,
        /// Whether the caller holds, by the list, the very permission that the row asks. The
        /// management API then need not pretend that the entity is absent, either.
        holds_asked: bool,
    },
}

impl Decision {
    /// Whether it is a yes.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// The row that decided.
    pub const fn row(&self) -> Row {
        match self {
            Self::Allow { row, .. } | Self::Deny { row, .. } => *row,
        }
    }

    /// Why it is a no.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Allow { .. } => None,
            Self::Deny { reason, .. } => Some(*reason),
        }
    }
}
