//! The table of decisions.
//!
//! A row is read from left to right and the first thing that holds decides: what is refused
//! first, the operator, what is refused next, what is needed then. `Case::refused_first`,
//! `Case::refused_next` and [`needs`] are the columns; `Case::settle` is the operator between them.

use crate::action::{Action, scope_gate};
use crate::bits::{Permission, Permissions};
use crate::decision::{Decision, Grant, Row};
use crate::facts::{CallerFacts, ProjectFacts, RepositoryFacts, Scope, Target, TrashMark};
use crate::needs::{By, needs};
use crate::reason::Reason;
use crate::rules::{ProjectCreation, Rules, public_ceiling};

/// Decides. Pure, does not allocate, does not panic.
///
/// The credential's scopes are looked at first ([`scope_gate`]), then the table, with rows 1 and 3
/// and new names counted only with the scopes they need. A registry token's own list is the
/// server's to look at afterwards.
///
/// Changing sharing is allowed here by who asks; what it is changed to is checked by
/// [`check_share_change`](crate::check_share_change).
///
/// Where an embedder's rules may narrow the table, ask [`Rules::decide`], which comes here.
pub fn decide<R: Rules + ?Sized>(
    rules: &R,
    caller: &CallerFacts<'_>,
    action: Action,
    target: &Target<'_>,
) -> Decision {
    let case = Case {
        rules,
        caller,
        action,
        target,
        held: target.held_by(caller, rules),
    };
    match case.judge() {
        Ok(Granted {
            row,
            by,
            new_name,
            unchanged,
        }) => Decision::Allow {
            row,
            by,
            new_name,
            unchanged,
        },
        Err(refusal) => case.refusal(refusal),
    }
}

/// Who may be told why.
#[derive(Clone, Copy)]
enum Tell {
    /// Whoever holds READ, and operators.
    Readers,
    /// Anybody: it says nothing about what exists.
    Anybody,
    /// Nobody: it must answer like something absent.
    Nobody,
}

#[derive(Clone, Copy)]
struct Refusal {
    row: Row,
    reason: Reason,
    tell: Tell,
}

#[derive(Clone, Copy)]
struct Granted {
    row: Row,
    by: Grant,
    new_name: bool,
    unchanged: bool,
}

/// An entity that exists.
#[derive(Clone, Copy)]
struct Entity<'a> {
    /// The project it is in; a project is in itself.
    project: ProjectFacts<'a>,
    /// `None` for a project.
    repository: Option<RepositoryFacts<'a>>,
}

impl Entity<'_> {
    fn own_mark(&self) -> Option<TrashMark> {
        match self.repository {
            Some(repository) => repository.trashed,
            None => self.project.trashed,
        }
    }

    fn is_covered(&self) -> bool {
        self.repository.is_some() && self.project.trashed.is_some()
    }
}

struct Case<'c, R: ?Sized> {
    rules: &'c R,
    caller: &'c CallerFacts<'c>,
    action: Action,
    target: &'c Target<'c>,
    /// What the caller holds by the list that counts; looked for once.
    held: Permissions,
}

impl<'c, R: Rules + ?Sized> Case<'c, R> {
    fn judge(&self) -> Result<Granted, Refusal> {
        if let Err(scope) = scope_gate(self.action.request_kind(), self.caller.scopes) {
            return Err(self.openly(Reason::ScopeLacks { scope }));
        }
        match (self.action, self.target) {
            (Action::CreateProject, Target::Nothing) => self.create_project(),
            (Action::CreateProject, _) | (_, Target::Nothing) => {
                Err(self.openly(Reason::NotApplicable))
            }
            (_, Target::Repository { name_ok: false, .. }) => Err(self.openly(Reason::NotAName)),
            (
                Action::CreateExternalReference,
                Target::Repository { project, .. } | Target::Project { project },
            ) => self.make_under(project.as_ref(), false),
            (
                _,
                Target::Repository {
                    project,
                    repository: None,
                    ..
                },
            ) => self.on_absent_name(project.as_ref()),
            (
                _,
                Target::Repository {
                    project,
                    repository: Some(repository),
                    ..
                },
            ) => self.on_repository(project.as_ref(), repository),
            (_, Target::Project { project }) => self.on_project(project.as_ref()),
        }
    }

    /// Row 7.
    fn create_project(&self) -> Result<Granted, Refusal> {
        let next = if self.caller.is_anonymous() {
            Err(Reason::AnonymousCaller)
        } else if self.rules.project_creation() == ProjectCreation::Operators {
            Err(Reason::OperatorsOnly)
        } else {
            Ok(Grant::SignedIn)
        };
        self.settle(next).map_err(|refusal| Refusal {
            tell: Tell::Anybody,
            ..refusal
        })
    }

    /// An absent name asked for by a caller whom row 2 allows is new, and row 2 decides every
    /// request of the registry on it; only otherwise is it absent.
    fn on_absent_name(&self, project: Option<&ProjectFacts<'c>>) -> Result<Granted, Refusal> {
        match self.action {
            Action::Push => self.make_under(project, true),
            Action::Pull | Action::ListTags | Action::Head | Action::Delete => {
                self.make_under(project, true).map_err(|_| Refusal {
                    row: Row::of(self.action),
                    reason: Reason::Absent,
                    tell: Tell::Readers,
                })
            }
            Action::ListTrash => Err(self.openly(Reason::NotApplicable)),
            _ => Err(self.refuse(Reason::Absent)),
        }
    }

    /// Row 2, and row 9 where something is made.
    fn make_under(
        &self,
        project: Option<&ProjectFacts<'c>>,
        new_name: bool,
    ) -> Result<Granted, Refusal> {
        let row = if new_name {
            Row::PushNew
        } else {
            Row::ExternalReference
        };
        let refuse = |reason| Refusal {
            row,
            reason,
            tell: Tell::Readers,
        };
        let project = project.ok_or(refuse(Reason::NoSuchProject))?;
        if project.trashed.is_some() {
            return Err(refuse(Reason::ProjectInTrash));
        }
        if !self.caller.scopes.modify {
            return Err(refuse(Reason::ScopeLacks {
                scope: Scope::Modify,
            }));
        }
        let next = if self.caller.is_anonymous() {
            Err(Reason::AnonymousCaller)
        } else if self.lacks_certification(row) {
            Err(Reason::NotCertified { row })
        } else {
            self.granted_by_list()
        };
        let granted = self
            .settle(next)
            .map_err(|refusal| Refusal { row, ..refusal })?;
        Ok(Granted {
            row,
            new_name,
            ..granted
        })
    }

    fn on_repository(
        &self,
        project: Option<&ProjectFacts<'c>>,
        repository: &RepositoryFacts<'c>,
    ) -> Result<Granted, Refusal> {
        let Some(project) = project else {
            return Err(self.refuse(match self.action {
                Action::Restore | Action::Purge => Reason::NoSuchProject,
                _ => Reason::Absent,
            }));
        };
        if self.action == Action::ListTrash {
            return Err(self.openly(Reason::NotApplicable));
        }
        self.on_entity(&Entity {
            project: *project,
            repository: Some(*repository),
        })
    }

    fn on_project(&self, project: Option<&ProjectFacts<'c>>) -> Result<Granted, Refusal> {
        match self.action {
            // A bare project id is no repository's name.
            Action::Pull | Action::ListTags | Action::Push | Action::Head | Action::Delete => {
                Err(self.openly(Reason::NotAName))
            }
            Action::ChangeExternalReference => Err(self.openly(Reason::NotApplicable)),
            _ => match project {
                None => Err(self.refuse(Reason::Absent)),
                Some(project) => self.on_entity(&Entity {
                    project: *project,
                    repository: None,
                }),
            },
        }
    }

    fn on_entity(&self, entity: &Entity<'c>) -> Result<Granted, Refusal> {
        self.refused_first(entity)
            .map_err(|reason| self.refuse(reason))?;
        if self.action == Action::Trash
            && entity.own_mark().is_some()
            && !self.caller.is_anonymous()
        {
            return self.trash_again(entity);
        }
        let next = self
            .refused_next(entity)
            .and_then(|()| self.granted_by_list());
        self.settle(next)
    }

    /// Row 10 where there is a mark already: nothing changes, and only those who could undo it are
    /// told that it is there.
    fn trash_again(&self, entity: &Entity<'c>) -> Result<Granted, Refusal> {
        let as_if = |action| Case { action, ..*self }.on_entity(entity);
        match as_if(Action::Restore).or_else(|_| as_if(Action::Purge)) {
            Ok(granted) => Ok(Granted {
                row: Row::Trash,
                unchanged: true,
                ..granted
            }),
            Err(_) => Err(Refusal {
                row: Row::Trash,
                reason: Reason::Absent,
                tell: Tell::Nobody,
            }),
        }
    }

    /// The column before the operator, for something that exists. Scopes stand here because they
    /// bind operators, too.
    fn refused_first(&self, entity: &Entity<'_>) -> Result<(), Reason> {
        match self.action {
            Action::Audit | Action::ListTrash => return Ok(()),
            Action::Restore | Action::Purge if entity.own_mark().is_none() => {
                return Err(Reason::NoOwnMark);
            }
            _ => {}
        }
        if entity.is_covered() {
            return Err(Reason::ProjectInTrash);
        }
        match self.action {
            Action::Trash | Action::Restore | Action::Purge => {}
            _ if entity.own_mark().is_some() => return Err(Reason::InTrash),
            _ => {}
        }
        match self.action {
            Action::Pull | Action::ListTags if !self.caller.scopes.download => {
                Err(Reason::ScopeLacks {
                    scope: Scope::Download,
                })
            }
            _ => Ok(()),
        }
    }

    /// The column after the operator.
    fn refused_next(&self, entity: &Entity<'_>) -> Result<(), Reason> {
        let anonymous_may = match self.action {
            Action::Pull | Action::ListTags | Action::Head => {
                public_ceiling(self.rules).has(Permission::Download)
            }
            Action::See => true,
            _ => false,
        };
        if self.caller.is_anonymous() && !anonymous_may {
            return Err(Reason::AnonymousCaller);
        }
        let trashed_it = || entity.own_mark().map(|mark| mark.by) == self.caller.account_id();
        let row = Row::of(self.action);
        match self.action {
            Action::Push if self.lacks_certification(row) => Err(Reason::NotCertified { row }),
            Action::Restore if !trashed_it() && !self.may_share_project(entity) => {
                Err(Reason::NotTrasher { row })
            }
            Action::Purge if !trashed_it() => Err(Reason::NotTrasher { row }),
            _ => Ok(()),
        }
    }

    fn lacks_certification(&self, row: Row) -> bool {
        !self.caller.is_certified() && self.rules.asks_certification(row, self.caller, self.target)
    }

    fn may_share_project(&self, entity: &Entity<'_>) -> bool {
        self.held_by(By::Project(entity.project.counting_list()))
            .has(Permission::ChangePermissions)
    }

    /// The last column.
    fn granted_by_list(&self) -> Result<Grant, Reason> {
        let Some(needs) = needs(self.caller, self.action, self.target) else {
            return Err(Reason::NotApplicable);
        };
        let of = needs.by.list().of;
        if self.held_by(needs.by).intersects(needs.any_of) {
            Ok(if self.caller.is_anonymous() {
                Grant::Public { of }
            } else {
                Grant::List { of }
            })
        } else {
            match needs.any_of.iter().next() {
                Some(permission) => Err(Reason::Missing {
                    permission,
                    list_of: of,
                }),
                None => Err(Reason::NotApplicable),
            }
        }
    }

    fn held_by(&self, by: By<'_>) -> Permissions {
        match by {
            By::Counting(_) => self.held,
            By::Project(asked) => asked.list.bits_for(&self.caller.principals(), self.rules),
        }
    }

    /// The operator's column. It stands before what is refused next, but is asked last: what would
    /// be granted anyway does not rest on the role.
    fn settle(&self, next: Result<Grant, Reason>) -> Result<Granted, Refusal> {
        let by = match next {
            Ok(by) => by,
            Err(_) if self.caller.is_operator() => Grant::Operator,
            Err(reason) => return Err(self.refuse(reason)),
        };
        Ok(Granted {
            row: Row::of(self.action),
            by,
            new_name: false,
            unchanged: false,
        })
    }

    fn refuse(&self, reason: Reason) -> Refusal {
        Refusal {
            row: Row::of(self.action),
            reason,
            tell: Tell::Readers,
        }
    }

    fn openly(&self, reason: Reason) -> Refusal {
        let nothing_there = matches!(
            self.target,
            Target::Repository {
                repository: None,
                ..
            }
        );
        let row = match self.action {
            Action::Push if nothing_there => Row::PushNew,
            action => Row::of(action),
        };
        Refusal {
            row,
            reason,
            tell: Tell::Anybody,
        }
    }

    fn refusal(&self, refusal: Refusal) -> Decision {
        let Refusal { row, reason, tell } = refusal;
        let may_know = match tell {
            Tell::Anybody => true,
            Tell::Nobody => false,
            Tell::Readers => self.caller.is_operator() || self.held.has(Permission::Read),
        };
        let holds_asked = !matches!(tell, Tell::Nobody)
            && needs(self.caller, self.action, self.target)
                .is_some_and(|needs| self.held_by(needs.by).intersects(needs.any_of));
        Decision::Deny {
            row,
            reason,
            may_know,
            holds_asked,
        }
    }
}
