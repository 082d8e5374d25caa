//! What can be asked, and which scopes such a request needs.

use serde::Serialize;

use crate::facts::{Scope, Scopes};

/// What a caller wants to do. The comments name the rows of the table of decisions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// GET a manifest, a blob or referrers; be the source of a mount (row 1).
    Pull,
    /// The registry's tag list: decided exactly like a pull (row 1).
    ListTags,
    /// Every request of an upload, mount into, PUT a manifest (row 2 or 3, as the facts say).
    Push,
    /// HEAD a manifest or a blob (row 4).
    Head,
    /// Delete a tag, a manifest or a blob link (row 5).
    Delete,
    /// See the entity, its tags, history and path; appear in listings (row 6).
    See,
    /// See its sharing list, and who did what: signed-in callers only (row 6).
    SeeList,
    /// Create a project (row 7).
    CreateProject,
    /// Rename or describe a project, describe a repository (row 8).
    Describe,
    /// Make a reference to an external repository (row 9).
    CreateExternalReference,
    /// Change such a reference or record a tag of it (row 9).
    ChangeExternalReference,
    /// Put into the trash (row 10).
    Trash,
    /// Take out of the trash (row 11).
    Restore,
    /// Purge before its time (row 12).
    Purge,
    /// Change the sharing settings (row 13); [`check_share_change`](crate::check_share_change)
    /// then looks at what they are changed to.
    ChangeSharing,
    /// Read an entity's audit record (row 14).
    Audit,
    /// List what of a project is in the trash (row 14).
    ListTrash,
}

/// The kinds of request that scopes of credentials tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// GET, HEAD and tag list under `/v2/`.
    RegistryRead,
    /// Every other method under `/v2/`.
    RegistryWrite,
    /// The catalog, and what reads in the management API.
    ManagementRead,
    /// What writes in the management API.
    ManagementWrite,
}

impl Action {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::Pull,
        Self::ListTags,
        Self::Push,
        Self::Head,
        Self::Delete,
        Self::See,
        Self::SeeList,
        Self::CreateProject,
        Self::Describe,
        Self::CreateExternalReference,
        Self::ChangeExternalReference,
        Self::Trash,
        Self::Restore,
        Self::Purge,
        Self::ChangeSharing,
        Self::Audit,
        Self::ListTrash,
    ];

    /// Its name in explanations and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::ListTags => "list-tags",
            Self::Push => "push",
            Self::Head => "head",
            Self::Delete => "delete",
            Self::See => "see",
            Self::SeeList => "see-list",
            Self::CreateProject => "create-project",
            Self::Describe => "describe",
            Self::CreateExternalReference => "create-external-reference",
            Self::ChangeExternalReference => "change-external-reference",
            Self::Trash => "trash",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::ChangeSharing => "change-sharing",
            Self::Audit => "audit",
            Self::ListTrash => "list-trash",
        }
    }

    /// The action of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// The kind of request that asks for it.
    pub const fn request_kind(self) -> RequestKind {
        match self {
            Self::Pull | Self::ListTags | Self::Head => RequestKind::RegistryRead,
            Self::Push | Self::Delete => RequestKind::RegistryWrite,
            Self::See | Self::SeeList | Self::Audit | Self::ListTrash => {
                RequestKind::ManagementRead
            }
            Self::CreateProject
            | Self::Describe
            | Self::CreateExternalReference
            | Self::ChangeExternalReference
            | Self::Trash
            | Self::Restore
            | Self::Purge
            | Self::ChangeSharing => RequestKind::ManagementWrite,
        }
    }
}

/// The first gate: whether the credential was made for such requests, whatever they name.
///
/// [`decide`](crate::decide()) passes it, too; a server asks here when it has no name yet.
///
/// # Errors
///
/// The scope that would do (of two that would, the narrower).
pub const fn scope_gate(kind: RequestKind, scopes: Scopes) -> Result<(), Scope> {
    let (passes, lacking) = match kind {
        RequestKind::RegistryRead => (scopes.download || scopes.modify, Scope::Download),
        RequestKind::ManagementRead => (scopes.view, Scope::View),
        RequestKind::RegistryWrite | RequestKind::ManagementWrite => (scopes.modify, Scope::Modify),
    };
    if passes { Ok(()) } else { Err(lacking) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_named_as_it_is_serialised() {
        for action in Action::ALL {
            let written = serde_json::to_value(action).unwrap();
            assert_eq!(written, action.name());
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
        assert_eq!(Action::from_name("Pull"), None);
    }
}
