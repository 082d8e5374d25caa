//! What every request of the table must be answered, read from the rules alone.
//!
//! Nothing here knows the registry's own code: the rules stand as they are documented, row by row
//! and from left to right, so that a mistake in the one is no mistake in the other.

use super::cells::{
    Action, CHANGE_PERMISSIONS, CREATE, Caller, Cell, DELETE, DOWNLOAD, READ, Scopes, State, UPDATE,
};

/// What it must be answered, and what it must do to the stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: Code,
    pub(crate) effect: Effect,
}

/// What an answer says besides its status. The registry's refusals have a code: DENIED when
/// somebody is signed in. The management API has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// Nothing.
    None,
    /// The protocol's error code.
    Is(&'static str),
    /// A refusal that names the scope which the credential lacks.
    Scope(&'static str),
    /// A refusal that says why.
    Told,
    /// The same bytes that whoever may know nothing is answered about what does not exist.
    Silent,
}

/// What has changed afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Effect {
    /// Not one row.
    Nothing,
    /// There is a repository, created by the caller, inheriting, with the tag.
    Created,
    /// The repository has the tag.
    Tagged,
    /// It no longer has the tag.
    Untagged,
    /// The blob is linked in the caller's repository.
    Mounted,
    /// It is not, and an upload of the caller's has begun there.
    UploadBegun,
    /// The caller's mark is on it.
    Trashed,
    /// No mark is on it, and all else is as it was.
    Restored,
    /// It is gone, and its name is free.
    Purged,
    /// It has a list of its own: the one that was sent.
    Shared,
}

impl Cell {
    /// What the answer must be.
    pub(crate) fn answer(self) -> Answer {
        let ruling = self.ruling();
        if self.action == Action::MountFrom {
            return self.mount(ruling);
        }
        match ruling {
            Ok(granted) => self.done(granted),
            Err(why) if self.action.is_registry() => self.refused(why),
            Err(why) => self.hidden(why),
        }
    }

    /// Whether the rules refuse it, however the answer says so.
    pub(crate) fn is_refused(self) -> bool {
        self.ruling().is_err_and(|why| why != Why::Empty)
    }

    /// The scope that such a request needs and the credential lacks.
    pub(crate) fn lacks_scope(self) -> Option<&'static str> {
        match self.gate() {
            Err(Why::Scope(scope)) => Some(scope),
            _ => None,
        }
    }

    /// The gate of the scopes, then the table.
    fn ruling(self) -> Result<Granted, Why> {
        self.gate()?;
        match self.action {
            Action::Pull | Action::TagList | Action::MountFrom => self.row_1(),
            Action::PushNew => self.row_2(),
            Action::PushExisting => self.row_3(),
            Action::Head => self.row_4(),
            Action::DeleteTag => self.row_5(),
            Action::See => self.row_6(),
            Action::Trash => self.row_10(),
            Action::Restore => self.row_11(),
            Action::Purge => self.row_12(),
            Action::Share => self.row_13(),
        }
    }

    /// Scopes look at the request alone.
    fn gate(self) -> Result<(), Why> {
        use Action::{Head, Pull, See, TagList};
        match self.action {
            Pull | Head | TagList if self.download() || self.modify() => Ok(()),
            Pull | Head | TagList => Err(Why::Scope("download")),
            See if self.view() => Ok(()),
            See => Err(Why::Scope("view")),
            _ if self.modify() => Ok(()),
            _ => Err(Why::Scope("modify")),
        }
    }

    fn view(self) -> bool {
        matches!(self.scopes, Scopes::All | Scopes::View)
    }

    fn download(self) -> bool {
        matches!(self.scopes, Scopes::All | Scopes::Download)
    }

    fn modify(self) -> bool {
        matches!(self.scopes, Scopes::All | Scopes::Modify)
    }

    /// Pull: absent, in trash | operator | anonymous | DOWNLOAD. It counts only with `download`.
    fn row_1(self) -> Result<Granted, Why> {
        self.unless_new()?;
        self.must_be_there()?;
        if !self.download() {
            return Err(Why::Lacks(DOWNLOAD));
        }
        self.operator_or_signed_in(DOWNLOAD, self.list())
    }

    /// Push to a new name: no such project, project in trash | operator | anonymous, not certified
    /// | CREATE on the project. It counts only with `modify`.
    fn row_2(self) -> Result<Granted, Why> {
        let no_project = self.state == State::AbsentElsewhere && self.caller == Caller::Operator;
        if no_project || self.state.is_project_trashed() || !self.modify() {
            return Err(Why::Gone);
        }
        if self.caller != Caller::Operator && !self.certified {
            return Err(Why::Lacks(CREATE));
        }
        self.operator_or_signed_in(CREATE, self.state.project_bits(self.caller))
    }

    /// Push to an existing repository: in trash | operator | anonymous | UPDATE on the repository.
    fn row_3(self) -> Result<Granted, Why> {
        self.must_be_there()?;
        self.operator_or_signed_in(UPDATE, self.list())
    }

    /// HEAD: absent, in trash | operator | anonymous | what row 1 or row 3 needs.
    fn row_4(self) -> Result<Granted, Why> {
        self.unless_new()?;
        self.must_be_there()?;
        let pull = if self.download() { DOWNLOAD } else { 0 };
        let push = if self.modify() { UPDATE } else { 0 };
        self.operator_or_signed_in(pull | push, self.list())
    }

    /// Delete a tag: absent, in trash | operator | anonymous | DELETE.
    fn row_5(self) -> Result<Granted, Why> {
        self.unless_new()?;
        self.must_be_there()?;
        self.operator_or_signed_in(DELETE, self.list())
    }

    /// See: absent, in trash | operator | – | READ.
    fn row_6(self) -> Result<Granted, Why> {
        self.must_be_there()?;
        self.operator_or_signed_in(READ, self.list())
    }

    /// Trash: absent, its project in trash | operator | anonymous | DELETE; with a mark already
    /// nothing changes, and it succeeds for whoever may restore or purge.
    fn row_10(self) -> Result<Granted, Why> {
        if self.state.is_absent() {
            return Err(Why::Gone);
        }
        if self.state.is_trashed() {
            let may_undo = self.row_11().is_ok() || self.row_12().is_ok();
            return if may_undo {
                Ok(Granted::Unchanged)
            } else {
                Err(Why::AsIfAbsent)
            };
        }
        self.operator_or_signed_in(DELETE, self.list())
    }

    /// Restore: no mark of its own | operator | anonymous, neither trashed it nor holds
    /// `CHANGE_PERMISSIONS` on the project | CREATE on the project; of a project: DELETE.
    fn row_11(self) -> Result<Granted, Why> {
        let needs = if self.state.is_project_trashed() {
            DELETE
        } else {
            CREATE
        };
        if !self.state.is_trashed() {
            return Err(Why::Gone);
        }
        let project = self.state.project_bits(self.caller);
        let may_undo = self.trashed_it() || project & CHANGE_PERMISSIONS != 0;
        if self.caller != Caller::Operator && !may_undo {
            return Err(Why::Lacks(needs));
        }
        self.operator_or_signed_in(needs, project)
    }

    /// Purge: no mark of its own | operator | anonymous, did not trash it | DELETE.
    fn row_12(self) -> Result<Granted, Why> {
        if !self.state.is_trashed() {
            return Err(Why::Gone);
        }
        if self.caller != Caller::Operator && !self.trashed_it() {
            return Err(Why::Lacks(DELETE));
        }
        self.operator_or_signed_in(DELETE, self.list())
    }

    /// Change sharing: absent, in trash | operator | anonymous | `CHANGE_PERMISSIONS`.
    fn row_13(self) -> Result<Granted, Why> {
        self.must_be_there()?;
        self.operator_or_signed_in(CHANGE_PERMISSIONS, self.list())
    }

    /// Whoever may push an absent name asks about an empty repository.
    fn unless_new(self) -> Result<(), Why> {
        if self.state.is_absent() && self.row_2().is_ok() {
            Err(Why::Empty)
        } else {
            Ok(())
        }
    }

    fn must_be_there(self) -> Result<(), Why> {
        let there = !self.state.is_absent() && !self.state.is_trashed();
        if there { Ok(()) } else { Err(Why::Gone) }
    }

    fn trashed_it(self) -> bool {
        State::OWN.contains(&self.state)
    }

    fn list(self) -> u8 {
        self.state.repository_bits(self.caller)
    }

    fn operator_or_signed_in(self, any_of: u8, held: u8) -> Result<Granted, Why> {
        match self.caller {
            Caller::Operator => Ok(Granted::Yes),
            Caller::Anonymous => Err(Why::Lacks(any_of)),
            _ if held & any_of != 0 => Ok(Granted::Yes),
            _ => Err(Why::Lacks(any_of)),
        }
    }

    /// What is allowed is done.
    fn done(self, granted: Granted) -> Answer {
        use Effect::{Created, Nothing, Purged, Restored, Shared, Tagged, Trashed, Untagged};
        let (status, effect) = match self.action {
            Action::PushNew => (201, Created),
            Action::PushExisting => (201, Tagged),
            Action::DeleteTag => (202, Untagged),
            Action::Trash if granted == Granted::Unchanged => (200, Nothing),
            Action::Trash => (200, Trashed),
            Action::Restore => (200, Restored),
            Action::Purge => (200, Purged),
            Action::Share if self.state == State::Inherits => (201, Shared),
            Action::Share => (200, Shared),
            _ => (200, Nothing),
        };
        Answer {
            status,
            code: Code::None,
            effect,
        }
    }

    /// The registry refuses everybody alike, and is empty for whoever may push.
    fn refused(self, why: Why) -> Answer {
        let (status, code) = match why {
            Why::Empty if self.action == Action::TagList => (404, Code::Is("NAME_UNKNOWN")),
            Why::Empty => (404, Code::Is("MANIFEST_UNKNOWN")),
            _ if self.caller == Caller::Anonymous => (401, Code::Is("UNAUTHORIZED")),
            Why::Scope(scope) => (403, Code::Scope(scope)),
            _ if self.may_know() => (403, Code::Told),
            _ => (403, Code::Silent),
        };
        // An answer to HEAD has no body.
        let code = if self.action == Action::Head {
            Code::None
        } else {
            code
        };
        Answer {
            status,
            code,
            effect: Effect::Nothing,
        }
    }

    /// The management API hides what the caller may not know of. About what is absent it says
    /// nothing to anybody.
    fn hidden(self, why: Why) -> Answer {
        let (status, code) = match why {
            Why::Scope(scope) => (403, Code::Scope(scope)),
            Why::Gone if self.may_know() && !self.state.is_absent() => (404, Code::Told),
            Why::Lacks(any_of) if self.may_know() || self.list() & any_of != 0 => (403, Code::Told),
            _ => (404, Code::Silent),
        };
        Answer {
            status,
            code,
            effect: Effect::Nothing,
        }
    }

    /// Whoever may see the entity is told why; of a name that nothing has, whoever may see the
    /// project. Operators may see everything.
    pub(crate) fn may_know(self) -> bool {
        let absent = self.state.is_absent() || self.action == Action::PushNew;
        let bits = if absent {
            self.state.project_bits(self.caller)
        } else {
            self.list()
        };
        bits & READ != 0 || self.caller == Caller::Operator
    }

    /// A mount that its source refuses is an upload. Nobody who is not signed in has anything to
    /// mount into. What the caller staged under a new name can be mounted from there.
    fn mount(self, source: Result<Granted, Why>) -> Answer {
        let refused = self.caller == Caller::Anonymous || !self.modify();
        match source {
            Err(why) if refused => self.refused(why),
            Ok(_) | Err(Why::Empty) => Answer {
                status: 201,
                code: Code::None,
                effect: Effect::Mounted,
            },
            Err(_) => Answer {
                status: 202,
                code: Code::None,
                effect: Effect::UploadBegun,
            },
        }
    }
}

/// How something was granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Granted {
    Yes,
    /// It is so already, and stays as it is.
    Unchanged,
}

/// Why something was not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    /// The credential lacks this scope.
    Scope(&'static str),
    /// Absent, in the trash can, or not in it.
    Gone,
    /// It must answer as if it were absent, whoever asks.
    AsIfAbsent,
    /// Nothing is there yet, for a caller who may push it.
    Empty,
    /// A permission (any of these), or what is asked of whoever has it.
    Lacks(u8),
}
