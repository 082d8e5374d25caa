//! The last column of the table: which permission is needed, and by whose list.

use crate::action::Action;
use crate::bits::Permissions;
use crate::facts::{CallerFacts, CountingList, Target};

/// What a row needs of a list: any of some permissions.
#[derive(Clone, Copy)]
pub(crate) struct Needs<'a> {
    pub(crate) any_of: Permissions,
    pub(crate) by: By<'a>,
}

/// By which list.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// By the one that counts for what is asked about.
    Counting(CountingList<'a>),
    /// By the project's, whichever counts.
    Project(CountingList<'a>),
}

impl<'a> By<'a> {
    pub(crate) const fn list(self) -> CountingList<'a> {
        match self {
            Self::Counting(list) | Self::Project(list) => list,
        }
    }
}

/// The last column. `None` where no list is asked, or where there is none to ask.
pub(crate) fn needs<'a>(
    caller: &CallerFacts<'_>,
    action: Action,
    target: &Target<'a>,
) -> Option<Needs<'a>> {
    let counting = By::Counting(target.counting_list()?);
    let (project, is_project, is_absent) = match *target {
        Target::Repository {
            project: Some(project),
            repository,
            ..
        } => (project, false, repository.is_none()),
        Target::Project {
            project: Some(project),
        } => (project, true, false),
        _ => return None,
    };
    let (any_of, by) = match action {
        Action::CreateProject => return None,
        Action::Pull | Action::ListTags | Action::Push | Action::Head | Action::Delete
            if is_absent =>
        {
            (Permissions::CREATE, counting)
        }
        Action::Pull | Action::ListTags => (Permissions::DOWNLOAD, counting),
        Action::Head => {
            let pull = if caller.scopes.download {
                Permissions::DOWNLOAD
            } else {
                Permissions::NONE
            };
            let push = if caller.scopes.modify {
                Permissions::UPDATE
            } else {
                Permissions::NONE
            };
            (pull.union(push), counting)
        }
        Action::Push | Action::Describe | Action::ChangeExternalReference => {
            (Permissions::UPDATE, counting)
        }
        Action::See | Action::SeeList => (Permissions::READ, counting),
        Action::Delete | Action::Trash | Action::Purge => (Permissions::DELETE, counting),
        Action::Restore if is_project => (Permissions::DELETE, counting),
        Action::Restore | Action::CreateExternalReference => {
            (Permissions::CREATE, By::Project(project.counting_list()))
        }
        Action::ChangeSharing | Action::Audit | Action::ListTrash => {
            (Permissions::CHANGE_PERMISSIONS, counting)
        }
    };
    Some(Needs { any_of, by })
}
