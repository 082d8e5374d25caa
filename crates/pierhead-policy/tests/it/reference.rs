//! The table of decisions once more, as naively as it is written: columns of sentences, read from
//! left to right, over plain numbers. Shares nothing with the engine but the names of actions.

use pierhead_policy::{Action, Certification};

use crate::world::{
    CREATE, DELETE, DOWNLOAD, Kind, List, ME, MY_OTHER_TEAM, MY_TEAM, PUBLIC, READ, REGISTERED,
    SHARE, UPDATE, World,
};

/// An allowance: row, new name, unchanged, whether the role alone gave it.
pub(crate) type Yes = (u8, bool, bool, bool);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum No {
    NotAName,
    MissingProject,
    ProjectInTrash,
    InTrash,
    Absent,
    Anonymous,
    NotCertified,
    OperatorsOnly,
    Unmarked,
    NotTrasher,
    Scope,
    List,
    Nonsense,
}

/// The columns of a row: what is refused first; what is refused next; whether what it needs is
/// held.
struct Columns {
    first: Vec<(bool, No)>,
    next: Vec<(bool, No)>,
    has: bool,
}

impl Columns {
    /// Yes (does it rest on the role alone?) or no.
    fn read(&self, operator: bool) -> Result<bool, No> {
        if let Some((_, no)) = self.first.iter().find(|(holds, _)| *holds) {
            return Err(*no);
        }
        let next = self.next.iter().find(|(holds, _)| *holds);
        let without_role = match next {
            Some((_, no)) => Err(*no),
            None if self.has => Ok(false),
            None => Err(No::List),
        };
        if operator {
            return Ok(without_role.is_err());
        }
        without_role
    }
}

fn matches(w: &World, principal: u64) -> bool {
    principal == PUBLIC
        || (w.signed_in && [ME, MY_TEAM, MY_OTHER_TEAM, REGISTERED].contains(&principal))
}

fn holds(w: &World, list: Option<&List>, bit: u8) -> bool {
    list.into_iter().flatten().any(|(principal, bits)| {
        let cut = match *principal {
            PUBLIC if w.public_download => READ | DOWNLOAD,
            PUBLIC => READ,
            _ => 255,
        };
        matches(w, *principal) && bits & cut & bit != 0
    })
}

/// Sections 1, 4 and 7: what is the answer?
pub(crate) fn reference(w: &World, action: Action) -> Result<Yes, No> {
    // The first gate looks at the request alone.
    let gate = match action {
        Action::Pull | Action::ListTags | Action::Head => w.download || w.modify,
        Action::See | Action::SeeList | Action::Audit | Action::ListTrash => w.view,
        _ => w.modify,
    };
    if !gate {
        return Err(No::Scope);
    }
    let registry = matches!(
        action,
        Action::Pull | Action::ListTags | Action::Push | Action::Head | Action::Delete
    );
    // What makes no sense at all.
    match (w.kind, action) {
        (Kind::Nothing, Action::CreateProject) => {}
        (Kind::Nothing, _)
        | (_, Action::CreateProject)
        | (Kind::Project, Action::ChangeExternalReference) => return Err(No::Nonsense),
        (Kind::Project, _) if registry => return Err(No::NotAName),
        (Kind::Repository, _) if !w.name_ok => return Err(No::NotAName),
        (Kind::Repository, Action::ListTrash) if w.repository.is_none() || w.project.is_some() => {
            return Err(No::Nonsense);
        }
        _ => {}
    }
    // Before the table.
    if registry && w.repository.is_none() {
        let new = row_2(w).read(w.operator).map(|role| (2, true, false, role));
        if new.is_ok() || action == Action::Push {
            return new;
        }
    }
    let row = match action {
        Action::Pull | Action::ListTags => 1,
        Action::Push => 3,
        Action::Head => 4,
        Action::Delete => 5,
        Action::See | Action::SeeList => 6,
        Action::CreateProject => 7,
        Action::Describe => 8,
        Action::CreateExternalReference | Action::ChangeExternalReference => 9,
        Action::Trash => 10,
        Action::Restore => 11,
        Action::Purge => 12,
        Action::ChangeSharing => 13,
        Action::Audit | Action::ListTrash => 14,
    };
    if row == 10 && w.signed_in && exists(w) && marked(w) && !covered(w) {
        return [Action::Restore, Action::Purge]
            .into_iter()
            .find_map(|undo| columns(w, undo).read(w.operator).ok())
            .map(|role| (10, false, true, role))
            .ok_or(No::Absent);
    }
    let role = columns(w, action).read(w.operator)?;
    Ok((row, false, false, role))
}

fn exists(w: &World) -> bool {
    match w.kind {
        Kind::Repository => w.repository.is_some() && w.project.is_some(),
        Kind::Project => w.project.is_some(),
        Kind::Nothing => false,
    }
}

fn mark(w: &World) -> Option<u64> {
    match w.kind {
        Kind::Repository => w.repository.as_ref().and_then(|(_, mark)| *mark),
        Kind::Project => w.project.as_ref().and_then(|(_, mark)| *mark),
        Kind::Nothing => None,
    }
}

fn marked(w: &World) -> bool {
    mark(w).is_some()
}

fn project_trashed(w: &World) -> bool {
    w.project.as_ref().is_some_and(|(_, mark)| mark.is_some())
}

fn covered(w: &World) -> bool {
    w.kind == Kind::Repository && project_trashed(w)
}

/// Row 2, and row 9 where it is like it. Everything on a new name counts only with `modify`.
fn row_2(w: &World) -> Columns {
    let project = w.project.as_ref().map(|(list, _)| list);
    Columns {
        first: vec![
            (!w.name_ok, No::NotAName),
            (w.project.is_none(), No::MissingProject),
            (project_trashed(w), No::ProjectInTrash),
            (!w.modify, No::Scope),
        ],
        next: vec![
            (!w.signed_in, No::Anonymous),
            (
                w.certification != Certification::Never && !w.certified,
                No::NotCertified,
            ),
        ],
        has: holds(w, project, CREATE),
    }
}

fn columns(w: &World, action: Action) -> Columns {
    let project = w.project.as_ref().map(|(list, _)| list);
    let counts = match (&w.kind, &w.repository) {
        (Kind::Repository, Some((Some(own), _))) => Some(own),
        _ => project,
    };
    let has = |bit| holds(w, counts, bit);
    let absent = (!exists(w), No::Absent);
    let by_project = (covered(w), No::ProjectInTrash);
    let in_trash = (marked(w), No::InTrash);
    let no_mark = (!marked(w), No::Unmarked);
    let anonymous = (!w.signed_in, No::Anonymous);
    let unless_public = (!w.signed_in && !w.public_download, No::Anonymous);
    let trashed_it = w.signed_in && mark(w) == Some(ME);
    let usual = |bit| Columns {
        first: vec![absent, by_project, in_trash],
        next: vec![anonymous],
        has: has(bit),
    };
    match action {
        Action::Pull | Action::ListTags => Columns {
            first: vec![absent, by_project, in_trash, (!w.download, No::Scope)],
            next: vec![unless_public],
            has: has(DOWNLOAD),
        },
        Action::Push => Columns {
            next: vec![
                anonymous,
                (
                    w.certification == Certification::EveryPush && !w.certified,
                    No::NotCertified,
                ),
            ],
            ..usual(UPDATE)
        },
        Action::Head => Columns {
            first: vec![absent, by_project, in_trash],
            next: vec![unless_public],
            has: (w.download && has(DOWNLOAD)) || (w.modify && has(UPDATE)),
        },
        Action::Delete => usual(DELETE),
        Action::See => Columns {
            next: vec![],
            ..usual(READ)
        },
        Action::SeeList => usual(READ),
        Action::CreateProject => Columns {
            first: vec![],
            next: vec![anonymous, (w.operators_create, No::OperatorsOnly)],
            has: true,
        },
        Action::Describe | Action::ChangeExternalReference => usual(UPDATE),
        Action::CreateExternalReference => row_2(w),
        Action::Trash => Columns {
            first: vec![absent, by_project],
            next: vec![anonymous],
            has: has(DELETE),
        },
        Action::Restore => Columns {
            first: vec![gone(w), absent, no_mark, by_project],
            next: vec![
                anonymous,
                (!trashed_it && !holds(w, project, SHARE), No::NotTrasher),
            ],
            has: if w.kind == Kind::Project {
                has(DELETE)
            } else {
                holds(w, project, CREATE)
            },
        },
        Action::Purge => Columns {
            first: vec![gone(w), absent, no_mark, by_project],
            next: vec![anonymous, (!trashed_it, No::NotTrasher)],
            has: has(DELETE),
        },
        Action::ChangeSharing => usual(SHARE),
        Action::Audit | Action::ListTrash => Columns {
            first: vec![absent],
            next: vec![anonymous],
            has: has(SHARE),
        },
    }
}

/// A repository whose project is gone: cannot be, and is refused all the same.
fn gone(w: &World) -> (bool, No) {
    let gone = w.kind == Kind::Repository && w.repository.is_some() && w.project.is_none();
    (gone, No::MissingProject)
}
