//! The requests of the table: every combination, and which of them cannot exist.

use std::fmt;

/// Who asks, by what the list that counts for them gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Caller {
    Anonymous,
    Stranger,
    View,
    Download,
    Edit,
    EditAndDelete,
    AllEight,
    /// Runs the server, and is in no list.
    Operator,
}

/// The scopes of the personal access token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Scopes {
    All,
    View,
    Download,
    Modify,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Action {
    Pull,
    Head,
    /// A name that nothing has, beside the repository that the state speaks of.
    PushNew,
    PushExisting,
    TagList,
    DeleteTag,
    /// From the repository, into one of the caller's own.
    MountFrom,
    Trash,
    Restore,
    Purge,
    /// Give it a local list, or replace the one it has.
    Share,
    See,
}

/// What it is asked of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum State {
    /// A repository under its project's list.
    Inherits,
    /// One with a list of its own, while the project's gives the caller exactly what that one does
    /// not.
    LocalList,
    /// One with a list of its own that gives nobody anything, while the project's gives the caller
    /// what is theirs.
    EmptyLocalList,
    /// One in the trash can, put there by the keeper, who is no caller of this table.
    TrashedRepository,
    /// One in a project that the keeper put into the trash can. To trash, restore and purge are
    /// asked of the repository, which nobody may, and then of the project.
    TrashedProject,
    /// A name that nothing has in a project that gives the caller what is theirs.
    AbsentWhereMayCreate,
    /// The same in a project that gives the caller everything that is theirs but CREATE; for an
    /// operator in one that does not exist.
    AbsentElsewhere,
    /// Beside the table: a repository in the trash can that the caller put there, with a right to
    /// do so that they have lost since.
    TrashedByCaller,
    /// The same of its project.
    ProjectTrashedByCaller,
}

/// One request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Cell {
    pub(crate) caller: Caller,
    pub(crate) certified: bool,
    pub(crate) scopes: Scopes,
    pub(crate) action: Action,
    pub(crate) state: State,
}

pub(crate) const READ: u8 = 1;
pub(crate) const DOWNLOAD: u8 = 2;
pub(crate) const CREATE: u8 = 4;
pub(crate) const UPDATE: u8 = 8;
pub(crate) const DELETE: u8 = 16;
pub(crate) const CHANGE_PERMISSIONS: u8 = 32;
pub(crate) const ALL_EIGHT: u8 = 255;

impl Caller {
    pub(crate) const EVERY: [Self; 8] = [
        Self::Anonymous,
        Self::Stranger,
        Self::View,
        Self::Download,
        Self::Edit,
        Self::EditAndDelete,
        Self::AllEight,
        Self::Operator,
    ];

    /// What is theirs.
    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::Anonymous | Self::Stranger | Self::Operator => 0,
            Self::View => READ,
            Self::Download => READ | DOWNLOAD,
            Self::Edit => READ | DOWNLOAD | UPDATE | CREATE,
            Self::EditAndDelete => READ | DOWNLOAD | UPDATE | CREATE | DELETE,
            Self::AllEight => ALL_EIGHT,
        }
    }
}

impl Scopes {
    pub(crate) const EVERY: [Self; 4] = [Self::All, Self::View, Self::Download, Self::Modify];
}

impl Action {
    pub(crate) const EVERY: [Self; 12] = [
        Self::Pull,
        Self::Head,
        Self::PushNew,
        Self::PushExisting,
        Self::TagList,
        Self::DeleteTag,
        Self::MountFrom,
        Self::Trash,
        Self::Restore,
        Self::Purge,
        Self::Share,
        Self::See,
    ];

    /// Whether it is asked of the registry, and not of the management API.
    pub(crate) fn is_registry(self) -> bool {
        use Action::{DeleteTag, Head, MountFrom, Pull, PushExisting, PushNew, TagList};
        matches!(
            self,
            Pull | Head | PushNew | PushExisting | TagList | DeleteTag | MountFrom
        )
    }
}

impl State {
    pub(crate) const EVERY: [Self; 7] = [
        Self::Inherits,
        Self::LocalList,
        Self::EmptyLocalList,
        Self::TrashedRepository,
        Self::TrashedProject,
        Self::AbsentWhereMayCreate,
        Self::AbsentElsewhere,
    ];

    /// Beside the table: what becomes of the trash can for who put something there.
    pub(crate) const OWN: [Self; 2] = [Self::TrashedByCaller, Self::ProjectTrashedByCaller];

    /// Whether the project is in the trash can.
    pub(crate) fn is_project_trashed(self) -> bool {
        matches!(self, Self::TrashedProject | Self::ProjectTrashedByCaller)
    }

    /// Whether the repository is in the trash can, itself or with its project.
    pub(crate) fn is_trashed(self) -> bool {
        matches!(self, Self::TrashedRepository | Self::TrashedByCaller) || self.is_project_trashed()
    }

    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::AbsentWhereMayCreate | Self::AbsentElsewhere)
    }

    /// What the project's list gives the caller. Nobody can be in a list without an account.
    pub(crate) fn project_bits(self, caller: Caller) -> u8 {
        match self {
            _ if caller == Caller::Anonymous => 0,
            Self::LocalList => !caller.bits(),
            Self::AbsentElsewhere => caller.bits() & !CREATE,
            _ => caller.bits(),
        }
    }

    /// What the list that counts for the repository gives the caller; for an absent one, nothing.
    pub(crate) fn repository_bits(self, caller: Caller) -> u8 {
        match self {
            Self::EmptyLocalList | Self::AbsentWhereMayCreate | Self::AbsentElsewhere => 0,
            _ => caller.bits(),
        }
    }
}

impl Cell {
    /// All combinations of the table, those that cannot exist included.
    pub(crate) fn every() -> Vec<Self> {
        Self::all(&State::EVERY, &Action::EVERY)
    }

    /// All combinations beside the table.
    pub(crate) fn own() -> Vec<Self> {
        use Action::{MountFrom, Pull, Purge, PushNew, Restore, See, Trash};
        let actions = [Pull, PushNew, MountFrom, Trash, Restore, Purge, See];
        let mut cells = Self::all(&State::OWN, &actions);
        cells.retain(|cell| cell.caller != Caller::Anonymous);
        cells
    }

    fn all(states: &[State], actions: &[Action]) -> Vec<Self> {
        let mut cells = Vec::new();
        for state in states {
            for action in actions {
                for caller in Caller::EVERY {
                    for certified in [false, true] {
                        for scopes in Scopes::EVERY {
                            cells.push(Self {
                                caller,
                                certified,
                                scopes,
                                action: *action,
                                state: *state,
                            });
                        }
                    }
                }
            }
        }
        cells
    }

    /// Why there is no such request, if there is none.
    pub(crate) fn impossible(self) -> Option<&'static str> {
        use Caller::{Anonymous, Operator};
        if self.caller == Anonymous && self.certified {
            Some("nobody is signed in who could be certified")
        } else if self.caller == Anonymous && self.scopes != Scopes::All {
            Some("nobody shows a credential that could have fewer scopes")
        } else if self.action == Action::PushExisting && self.state.is_absent() {
            Some("there is no repository to push to")
        } else if self.state == State::AbsentWhereMayCreate
            && self.caller.bits() & CREATE == 0
            && self.caller != Operator
        {
            Some("there is no project where this caller may create")
        } else {
            None
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certified = if self.certified {
            "certified"
        } else {
            "not certified"
        };
        let Self {
            caller,
            scopes,
            action,
            state,
            ..
        } = self;
        write!(
            f,
            "{caller:?} ({certified}), {scopes:?}: {action:?} × {state:?}"
        )
    }
}
