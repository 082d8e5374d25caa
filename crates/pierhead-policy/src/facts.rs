//! What a decision is made from: the caller and the target. All borrowed, all `Copy`.

use serde::{Deserialize, Serialize};

use crate::bits::Permissions;
use crate::id::{EntityId, PrincipalId};
use crate::list::AccessList;
use crate::rules::Rules;

/// A scope of a credential.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Catalog and management reads.
    View,
    /// Pulling.
    Download,
    /// Everything that changes something.
    Modify,
}

impl Scope {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Download => "download",
            Self::Modify => "modify",
        }
    }
}

/// The scopes of the credential that a caller showed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Scopes {
    /// [`Scope::View`].
    pub view: bool,
    /// [`Scope::Download`].
    pub download: bool,
    /// [`Scope::Modify`].
    pub modify: bool,
}

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self {
        view: false,
        download: false,
        modify: false,
    };
    /// All three, as a password or a sign-in session has.
    pub const ALL: Self = Self {
        view: true,
        download: true,
        modify: true,
    };

    /// Whether `scope` is among them.
    pub const fn has(self, scope: Scope) -> bool {
        match scope {
            Scope::View => self.view,
            Scope::Download => self.download,
            Scope::Modify => self.modify,
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::NONE;
        for scope in scopes {
            match scope {
                Scope::View => set.view = true,
                Scope::Download => set.download = true,
                Scope::Modify => set.modify = true,
            }
        }
        set
    }
}

/// Who a caller is, as lists see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Principals<'a> {
    /// The account; without one, only `public` matches. With one, so does `registered`.
    pub account: Option<PrincipalId>,
    /// Whoever else it matches: [`AccountFacts::teams`].
    pub teams: &'a [PrincipalId],
}

/// What is known about a signed-in account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AccountFacts<'a> {
    /// Its number.
    pub id: PrincipalId,
    /// The teams it is a member of (not those it only manages), and whatever else an embedder counts
    /// it among: groups that contain a team, roles of a directory. Any order; a repeated one gains
    /// nothing.
    pub teams: &'a [PrincipalId],
    /// Whether it is certified.
    pub certified: bool,
    /// Whether it is an operator.
    pub operator: bool,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Identity<'a> {
    /// Nobody signed in.
    Anonymous,
    /// A signed-in, active account.
    Account(AccountFacts<'a>),
}

/// Who asks, and with what credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallerFacts<'a> {
    /// Who.
    pub identity: Identity<'a>,
    /// What the credential was made for.
    pub scopes: Scopes,
}

impl<'a> CallerFacts<'a> {
    /// A caller without an account. It shows no credential, so no scope is missing.
    pub const ANONYMOUS: Self = Self {
        identity: Identity::Anonymous,
        scopes: Scopes::ALL,
    };

    /// An account, neither certified nor operator, in no team, with all scopes.
    pub const fn account(id: PrincipalId) -> Self {
        Self {
            identity: Identity::Account(AccountFacts {
                id,
                teams: &[],
                certified: false,
                operator: false,
            }),
            scopes: Scopes::ALL,
        }
    }

    /// The account's number, if somebody is signed in.
    pub const fn account_id(&self) -> Option<PrincipalId> {
        match self.identity {
            Identity::Anonymous => None,
            Identity::Account(account) => Some(account.id),
        }
    }

    /// Whether nobody is signed in.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self.identity, Identity::Anonymous)
    }

    /// Whether the caller is an operator.
    pub const fn is_operator(&self) -> bool {
        matches!(
            self.identity,
            Identity::Account(AccountFacts { operator: true, .. })
        )
    }

    /// Whether the account itself was certified. (An operator *counts* as certified; that is for
    /// each rule to add, so that what only the role granted can be told apart.)
    pub const fn is_certified(&self) -> bool {
        matches!(
            self.identity,
            Identity::Account(AccountFacts {
                certified: true,
                ..
            })
        )
    }

    /// Who the caller is, as lists see it.
    pub const fn principals(&self) -> Principals<'a> {
        match self.identity {
            Identity::Anonymous => Principals {
                account: None,
                teams: &[],
            },
            Identity::Account(account) => Principals {
                account: Some(account.id),
                teams: account.teams,
            },
        }
    }
}

/// The mark on an entity that was put into the trash can itself. The first mark stays.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TrashMark {
    /// Who put it there.
    pub by: PrincipalId,
}

/// A project that exists, in the trash or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProjectFacts<'a> {
    /// Its number.
    pub id: EntityId,
    /// Its list.
    pub list: &'a AccessList,
    /// Its own trash mark; it covers the project's repositories.
    pub trashed: Option<TrashMark>,
}

/// A repository that exists, in the trash or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RepositoryFacts<'a> {
    /// Its number.
    pub id: EntityId,
    /// Its own list, if it has local sharing settings; an empty one counts.
    pub own_list: Option<&'a AccessList>,
    /// Its own trash mark, not its project's.
    pub trashed: Option<TrashMark>,
}

/// What is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target<'a> {
    /// A repository, or a name where there could be one.
    Repository {
        /// Whether the name is one (`ProjectIds::split`); true when the repository was found by
        /// its number.
        name_ok: bool,
        /// The project that the name starts with, if there is a *project* of that number.
        project: Option<ProjectFacts<'a>>,
        /// The entity that has the name, if one has: trashed ones included.
        repository: Option<RepositoryFacts<'a>>,
    },
    /// A project.
    Project {
        /// It, if there is a project of that number.
        project: Option<ProjectFacts<'a>>,
    },
    /// Nothing that could exist yet: creating a project.
    Nothing,
}

/// How the trash can holds an entity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrashState {
    /// Not at all.
    Outside,
    /// It has a mark of its own.
    Own,
    /// Its project has one.
    CoveredByProject,
    /// Both: restoring the project leaves it in the trash.
    OwnAndCovered,
}

/// The one list that counts for an entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CountingList<'a> {
    /// The entity whose list it is.
    pub of: EntityId,
    /// The list.
    pub list: &'a AccessList,
    /// Whether a repository inherits it from its project.
    pub inherited: bool,
}

impl<'a> ProjectFacts<'a> {
    /// Its own list always counts.
    pub const fn counting_list(&self) -> CountingList<'a> {
        CountingList {
            of: self.id,
            list: self.list,
            inherited: false,
        }
    }
}

impl<'a> RepositoryFacts<'a> {
    /// Its own list if it has one, else its project's: whole, never merged.
    pub fn counting_list(&self, project: &ProjectFacts<'a>) -> CountingList<'a> {
        match self.own_list {
            Some(list) => CountingList {
                of: self.id,
                list,
                inherited: false,
            },
            None => CountingList {
                inherited: true,
                ..project.counting_list()
            },
        }
    }
}

impl<'a> Target<'a> {
    /// The list that counts for what exists, inside the trash or not; for a name where nothing
    /// is, the project's. `None` if there is no project.
    pub fn counting_list(&self) -> Option<CountingList<'a>> {
        match self {
            Self::Repository {
                project: Some(project),
                repository,
                ..
            } => Some(match repository {
                Some(repository) => repository.counting_list(project),
                None => project.counting_list(),
            }),
            Self::Project {
                project: Some(project),
            } => Some(project.counting_list()),
            _ => None,
        }
    }

    /// How the trash can holds it. A name where nothing is can be covered by its project.
    pub fn trash_state(&self) -> TrashState {
        let (own, covered) = match self {
            Self::Repository {
                project,
                repository,
                ..
            } => (
                repository.is_some_and(|found| found.trashed.is_some()),
                project.is_some_and(|found| found.trashed.is_some()),
            ),
            Self::Project { project } => {
                (project.is_some_and(|found| found.trashed.is_some()), false)
            }
            Self::Nothing => (false, false),
        };
        match (own, covered) {
            (false, false) => TrashState::Outside,
            (true, false) => TrashState::Own,
            (false, true) => TrashState::CoveredByProject,
            (true, true) => TrashState::OwnAndCovered,
        }
    }

    /// What the caller holds by the list that counts; nothing where there is none. This is the
    /// list's answer alone: trash, certification, scopes and the operator's role are
    /// [`decide`](crate::decide())'s.
    pub fn held_by<R: Rules + ?Sized>(&self, caller: &CallerFacts<'_>, rules: &R) -> Permissions {
        self.counting_list().map_or(Permissions::NONE, |counting| {
            counting.list.bits_for(&caller.principals(), rules)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_what_they_were_made_of() {
        let all = [Scope::View, Scope::Download, Scope::Modify];
        for one in all {
            let scopes = Scopes::from_iter([one]);
            for other in all {
                assert_eq!(scopes.has(other), one == other, "{one:?} {other:?}");
            }
        }
        assert_eq!(Scopes::from_iter(all), Scopes::ALL);
        assert_eq!(Scopes::from_iter([]), Scopes::NONE);
        assert_eq!(all.map(Scope::name), ["view", "download", "modify"]);
    }
}
