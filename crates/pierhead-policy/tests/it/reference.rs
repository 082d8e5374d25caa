//! The table of decisions once more, to be read beside `docs/permissions.md` and compared with it
//! line by line: [`line`] is the table, in its order and its columns. Below it, what its words mean,
//! over plain numbers, and how a line is read.
//!
//! It shares no code with the engine, only the names of what is asked and answered.

use pierhead_policy::{
    Action, Certification, Decision, EntityId, Grant, Permission, Reason, Row, Scope,
};

use crate::world::{
    CREATE, DELETE, DOWNLOAD, Kind, List, ME, MY_OTHER_TEAM, MY_TEAM, PROJECT, PUBLIC, READ,
    REGISTERED, REPOSITORY, SHARE, UPDATE, World,
};

/// A line of the table: which, what is refused before an operator is granted it, what is refused
/// then, and what is needed at last.
struct Line(Row, &'static [If], &'static [If], Needs);

/// What refuses.
#[derive(Clone, Copy)]
enum If {
    Absent,
    NoSuchProject,
    ProjectInTrash,
    InTrash,
    ItsProjectGone,
    ItsProjectInTrash,
    NoMarkOfItsOwn,
    Anonymous,
    AnonymousUnlessPublicDownload,
    NotCertified,
    NotCertifiedUnderEveryPush,
    NeitherTrashedItNorShares,
    DidNotTrashIt,
    NotAnOperatorWhereTheyCreate,
    NoScopeDownload,
    NoScopeModify,
}

/// What is needed: one of these bits.
enum Needs {
    Nothing,
    /// By the list that counts for what is asked about.
    OnIt(u8),
    /// By the project's list.
    OnTheProject(u8),
    /// A repository: by the project's list; a project: by its own.
    Restoring {
        repository: u8,
        project: u8,
    },
    /// What pulling needs with the scope `download`, and what pushing needs with `modify`.
    PullOrPush(u8, u8),
}

/// The table. Scopes stand where they bind operators, too: row 1 counts only with `download`, and
/// everything on a new name only with `modify`.
#[rustfmt::skip]
fn line(w: &World, action: Action) -> Line {
    use If::*;
    use Needs::*;
    match action {
        Action::Pull | Action::ListTags => Line(Row::Pull,
            &[Absent, InTrash, NoScopeDownload],
            &[AnonymousUnlessPublicDownload],
            OnIt(DOWNLOAD)),
        Action::Push if nothing_has_the_name(w) => Line(Row::PushNew,
            &[NoSuchProject, ProjectInTrash, NoScopeModify],
            &[Anonymous, NotCertified],
            OnTheProject(CREATE)),
        Action::Push => Line(Row::PushExisting,
            &[Absent, InTrash],
            &[Anonymous, NotCertifiedUnderEveryPush],
            OnIt(UPDATE)),
        Action::Head => Line(Row::Head,
            &[Absent, InTrash],
            &[AnonymousUnlessPublicDownload],
            PullOrPush(DOWNLOAD, UPDATE)),
        Action::Delete => Line(Row::Delete,
            &[Absent, InTrash],
            &[Anonymous],
            OnIt(DELETE)),
        Action::See => Line(Row::See,
            &[Absent, InTrash],
            &[],
            OnIt(READ)),
        Action::SeeList => Line(Row::See,
            &[Absent, InTrash],
            &[Anonymous],
            OnIt(READ)),
        Action::CreateProject => Line(Row::CreateProject,
            &[],
            &[Anonymous, NotAnOperatorWhereTheyCreate],
            Nothing),
        Action::Describe => Line(Row::Describe,
            &[Absent, InTrash],
            &[Anonymous],
            OnIt(UPDATE)),
        Action::CreateExternalReference => Line(Row::ExternalReference,
            &[NoSuchProject, ProjectInTrash, NoScopeModify],
            &[Anonymous, NotCertified],
            OnTheProject(CREATE)),
        Action::ChangeExternalReference => Line(Row::ExternalReference,
            &[Absent, InTrash],
            &[Anonymous],
            OnIt(UPDATE)),
        Action::Trash => Line(Row::Trash,
            &[Absent, ItsProjectInTrash],
            &[Anonymous],
            OnIt(DELETE)),
        Action::Restore => Line(Row::Restore,
            &[ItsProjectGone, Absent, NoMarkOfItsOwn, ItsProjectInTrash],
            &[Anonymous, NeitherTrashedItNorShares],
            Restoring { repository: CREATE, project: DELETE }),
        Action::Purge => Line(Row::Purge,
            &[ItsProjectGone, Absent, NoMarkOfItsOwn, ItsProjectInTrash],
            &[Anonymous, DidNotTrashIt],
            OnIt(DELETE)),
        Action::ChangeSharing => Line(Row::ChangeSharing,
            &[Absent, InTrash],
            &[Anonymous],
            OnIt(SHARE)),
        Action::Audit | Action::ListTrash => Line(Row::Audit,
            &[Absent],
            &[Anonymous],
            OnIt(SHARE)),
    }
}

/// The answer.
pub(crate) fn reference(w: &World, action: Action) -> Decision {
    let line = line(w, action);
    // The first gate looks at the request alone, and what makes no sense is told to anybody.
    if let Some(reason) = gate(w, action).or_else(|| nonsense(w, action)) {
        return no(w, &line, action, reason, true);
    }
    // Before the table: an absent name asked for by a caller whom row 2 allows is new, and row 2
    // decides every request on it; only otherwise is it absent.
    if is_the_registrys(action) && nothing_has_the_name(w) {
        let new = self::line(w, Action::Push);
        if let Ok(by) = read(w, &new) {
            return yes(Row::PushNew, by, true, false);
        }
    }
    // Row 10 with a mark already: nothing changes, success to whoever may restore or purge it, else
    // as absent.
    if action == Action::Trash && w.signed_in && exists(w) && !covered(w) && mark(w).is_some() {
        let undo = [Action::Restore, Action::Purge];
        let may = undo
            .iter()
            .find_map(|undo| read(w, &self::line(w, *undo)).ok());
        return match may {
            Some(by) => yes(Row::Trash, by, false, true),
            None => Decision::Deny {
                row: Row::Trash,
                reason: Reason::Absent,
                may_know: false,
                holds_asked: false,
            },
        };
    }
    match read(w, &line) {
        Ok(by) => yes(line.0, by, false, false),
        Err(reason) => no(w, &line, action, reason, action == Action::CreateProject),
    }
}

/// Reads a line from left to right; the first thing that holds decides.
fn read(w: &World, Line(row, first, next, needs): &Line) -> Result<Grant, Reason> {
    if let Some(reason) = first.iter().find_map(|refuses| refuses.because(w, *row)) {
        return Err(reason);
    }
    let without_the_role = match next.iter().find_map(|refuses| refuses.because(w, *row)) {
        Some(reason) => Err(reason),
        None => needs.met(w),
    };
    // An operator is granted it here; on the record only what nothing else would grant.
    without_the_role.or_else(|reason| w.operator.then_some(Grant::Operator).ok_or(reason))
}

impl If {
    /// The reason, if it refuses this.
    fn because(self, w: &World, row: Row) -> Option<Reason> {
        let (refuses, reason) = match self {
            Self::Absent => (!exists(w), Reason::Absent),
            Self::NoSuchProject => (w.project.is_none(), Reason::NoSuchProject),
            Self::ProjectInTrash => (project_mark(w).is_some(), Reason::ProjectInTrash),
            Self::ItsProjectGone => (orphaned(w), Reason::NoSuchProject),
            Self::ItsProjectInTrash => (covered(w), Reason::ProjectInTrash),
            Self::InTrash if covered(w) => (true, Reason::ProjectInTrash),
            Self::InTrash => (mark(w).is_some(), Reason::InTrash),
            Self::NoMarkOfItsOwn => (mark(w).is_none(), Reason::NoOwnMark),
            Self::Anonymous => (!w.signed_in, Reason::AnonymousCaller),
            Self::AnonymousUnlessPublicDownload => {
                (!w.signed_in && !w.public_download, Reason::AnonymousCaller)
            }
            Self::NotCertified => {
                let asked = w.certification != Certification::Never;
                (asked && !w.certified, Reason::NotCertified { row })
            }
            Self::NotCertifiedUnderEveryPush => {
                let asked = w.certification == Certification::EveryPush;
                (asked && !w.certified, Reason::NotCertified { row })
            }
            Self::NeitherTrashedItNorShares => {
                let shares = holds(w, project_list(w), SHARE);
                (mark(w) != Some(ME) && !shares, Reason::NotTrasher { row })
            }
            Self::DidNotTrashIt => (mark(w) != Some(ME), Reason::NotTrasher { row }),
            Self::NotAnOperatorWhereTheyCreate => (w.operators_create, Reason::OperatorsOnly),
            Self::NoScopeDownload => (!w.download, lacks(Scope::Download)),
            Self::NoScopeModify => (!w.modify, lacks(Scope::Modify)),
        };
        refuses.then_some(reason)
    }
}

impl Needs {
    /// Which bits, and the list in which one of them must be.
    fn asked<'w>(&self, w: &'w World) -> Option<(Vec<u8>, &'w List, u64)> {
        let project = project_list(w)?;
        let (own, of) = match (w.kind, &w.repository) {
            (Kind::Repository, Some((Some(own), _))) => (own, REPOSITORY),
            _ => (project, PROJECT),
        };
        let in_the_project = |bit| Some((vec![bit], project, PROJECT));
        match *self {
            Self::Nothing => None,
            Self::OnIt(bit) => Some((vec![bit], own, of)),
            Self::OnTheProject(bit) => in_the_project(bit),
            Self::Restoring { repository, .. } if w.kind == Kind::Repository => {
                in_the_project(repository)
            }
            Self::Restoring { project, .. } => in_the_project(project),
            Self::PullOrPush(pull, push) => {
                let pull = w.download.then_some(pull);
                let either = pull.into_iter().chain(w.modify.then_some(push));
                Some((either.collect(), own, of))
            }
        }
    }

    fn held(&self, w: &World) -> bool {
        let asked = self.asked(w);
        asked.is_some_and(|(bits, list, _)| bits.iter().any(|bit| holds(w, Some(list), *bit)))
    }

    fn met(&self, w: &World) -> Result<Grant, Reason> {
        let Some((bits, _, of)) = self.asked(w) else {
            return Ok(Grant::SignedIn);
        };
        let of = EntityId::new(of).unwrap();
        match (self.held(w), w.signed_in) {
            (true, true) => Ok(Grant::List { of }),
            (true, false) => Ok(Grant::Public { of }),
            (false, _) => Err(Reason::Missing {
                permission: named(bits[0]),
                list_of: of,
            }),
        }
    }
}

/// Credentials: GET, HEAD and tag list need `download` or `modify`; other requests of the registry
/// `modify`; management reads `view`; management writes `modify`.
fn gate(w: &World, action: Action) -> Option<Reason> {
    let (passes, scope) = match action {
        Action::Pull | Action::ListTags | Action::Head => (w.download || w.modify, Scope::Download),
        Action::See | Action::SeeList | Action::Audit | Action::ListTrash => (w.view, Scope::View),
        _ => (w.modify, Scope::Modify),
    };
    (!passes).then_some(lacks(scope))
}

/// What no name and no state could make sense of.
fn nonsense(w: &World, action: Action) -> Option<Reason> {
    match (w.kind, action) {
        (Kind::Nothing, Action::CreateProject) => None,
        (Kind::Nothing, _) | (_, Action::CreateProject) => Some(Reason::NotApplicable),
        // A bare project id is no repository name.
        (Kind::Project, _) if is_the_registrys(action) => Some(Reason::NotAName),
        (Kind::Project, Action::ChangeExternalReference) => Some(Reason::NotApplicable),
        (Kind::Repository, _) if !w.name_ok => Some(Reason::NotAName),
        (Kind::Repository, Action::ListTrash) if !orphaned(w) => Some(Reason::NotApplicable),
        _ => None,
    }
}

fn yes(row: Row, by: Grant, new_name: bool, unchanged: bool) -> Decision {
    Decision::Allow {
        row,
        by,
        new_name,
        unchanged,
    }
}

/// Rule and remedy are told only to who holds READ on the entity (for a new name: on the project),
/// and to operators, but for what says nothing of what there is. The very permission asked: on a name
/// that nothing has, that is row 2's.
fn no(w: &World, line: &Line, action: Action, reason: Reason, to_anybody: bool) -> Decision {
    let Line(row, _, _, needs) = line;
    let asked = if is_the_registrys(action) && nothing_has_the_name(w) {
        &Needs::OnTheProject(CREATE)
    } else {
        needs
    };
    Decision::Deny {
        row: *row,
        reason,
        may_know: to_anybody || w.operator || Needs::OnIt(READ).held(w),
        holds_asked: w.kind != Kind::Nothing && asked.held(w),
    }
}

fn is_the_registrys(action: Action) -> bool {
    use Action::{Delete, Head, ListTags, Pull, Push};
    matches!(action, Pull | ListTags | Push | Head | Delete)
}

fn exists(w: &World) -> bool {
    match w.kind {
        Kind::Repository => w.repository.is_some() && w.project.is_some(),
        Kind::Project => w.project.is_some(),
        Kind::Nothing => false,
    }
}

fn nothing_has_the_name(w: &World) -> bool {
    w.kind == Kind::Repository && w.repository.is_none()
}

/// A repository without its project: cannot be, and is refused all the same.
fn orphaned(w: &World) -> bool {
    w.kind == Kind::Repository && w.repository.is_some() && w.project.is_none()
}

/// The mark on exactly this.
fn mark(w: &World) -> Option<u64> {
    match w.kind {
        Kind::Repository => w.repository.as_ref()?.1,
        Kind::Project => project_mark(w),
        Kind::Nothing => None,
    }
}

fn project_mark(w: &World) -> Option<u64> {
    w.project.as_ref()?.1
}

/// A project's mark covers its repositories without marking them.
fn covered(w: &World) -> bool {
    w.kind == Kind::Repository && project_mark(w).is_some()
}

fn project_list(w: &World) -> Option<&List> {
    w.project.as_ref().map(|(list, _)| list)
}

/// A caller's bits are the union over every principal it matches; `public` is cut down.
fn holds(w: &World, list: Option<&List>, bit: u8) -> bool {
    list.into_iter().flatten().any(|(principal, bits)| {
        let matches = match *principal {
            PUBLIC => true,
            ME | MY_TEAM | MY_OTHER_TEAM | REGISTERED => w.signed_in,
            _ => false,
        };
        let counts = match *principal {
            PUBLIC if w.public_download => READ | DOWNLOAD,
            PUBLIC => READ,
            _ => u8::MAX,
        };
        matches && bits & counts & bit != 0
    })
}

fn lacks(scope: Scope) -> Reason {
    Reason::ScopeLacks { scope }
}

fn named(bit: u8) -> Permission {
    match bit {
        READ => Permission::Read,
        DOWNLOAD => Permission::Download,
        CREATE => Permission::Create,
        UPDATE => Permission::Update,
        DELETE => Permission::Delete,
        _ => Permission::ChangePermissions,
    }
}
