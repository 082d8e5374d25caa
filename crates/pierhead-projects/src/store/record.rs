//! What a store tells about accounts, credentials, projects and repositories.

use std::sync::Arc;
use std::time::SystemTime;

use pierhead_policy::{
    AccessList, EntityId, PrincipalId, ProjectFacts, RepositoryFacts, Scopes, Target, TrashMark,
};
use pierhead_storage::{Rights, ScopeId};

/// The versions that facts were read with, in the same transaction. Facts hold as long as these do.
pub type Versions = Vec<(ScopeId, Rights)>;

/// One credential of an account; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(pub u64);

/// What a stored credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialKind {
    /// A personal access token.
    Personal,
    /// A sign-in session.
    Session,
    /// A refresh token of the token endpoint.
    Refresh,
}

impl CredentialKind {
    /// A small number that stores may write down; it never changes its meaning.
    pub fn code(self) -> u8 {
        match self {
            Self::Personal => 1,
            Self::Session => 2,
            Self::Refresh => 3,
        }
    }

    /// The kind that [`CredentialKind::code`] gave this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Personal, Self::Session, Self::Refresh]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// What a refresh token was asked for with, and dies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parent {
    /// The password that the account had in this generation.
    Password {
        /// The account's [`CallerRecord::generation`] then.
        generation: u64,
    },
    /// A personal access token of the account.
    Token(CredentialId),
}

/// A credential as it is stored: everything but the secret's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub account: PrincipalId,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls it; of a refresh token, from where it was asked for.
    pub name: String,
    /// Of a refresh token alone: what it dies with.
    pub parent: Option<Parent>,
    /// When it was made.
    pub created: SystemTime,
    /// What it was made for.
    pub scopes: Scopes,
    /// Until when it is good.
    pub expires: Option<SystemTime>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it was last used, within a minute.
    pub last_used: Option<SystemTime>,
}

impl CredentialRecord {
    /// Whether it is good at `now`, as far as it says itself; see [`CallerRecord::shows_good`].
    pub fn is_good(&self, now: SystemTime) -> bool {
        !self.revoked && self.expires.is_none_or(|until| now < until)
    }
}

/// An account as decisions need it, with the credential it was asked for with. Who it is to a list is
/// for the [`Directory`](crate::Directory) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRecord {
    /// The account.
    pub id: PrincipalId,
    /// Its user name.
    pub name: Arc<str>,
    /// Whether it is certified.
    pub certified: bool,
    /// Whether it is an operator.
    pub operator: bool,
    /// Whether it was disabled.
    pub disabled: bool,
    /// Rises with every new password and whenever the account is disabled: what was issued before
    /// is no longer good.
    pub generation: u64,
    /// The teams it is a member of.
    pub teams: Vec<PrincipalId>,
    /// The credential asked about, if there is such a one of this account.
    pub credential: Option<CredentialRecord>,
    /// The personal access token that the credential dies with, if it does and the account has it.
    pub parent: Option<CredentialRecord>,
    /// The versions of the account, of the credential if one was asked about, and of the one that
    /// it dies with.
    pub versions: Versions,
}

impl CallerRecord {
    /// Whether `id` is the credential asked about, and it and what it dies with are good at `now`.
    pub fn shows_good(&self, id: CredentialId, now: SystemTime) -> bool {
        let Some(shown) = &self.credential else {
            return false;
        };
        let parent_is_good = match shown.parent {
            None => shown.kind != CredentialKind::Refresh,
            Some(Parent::Password { generation }) => generation == self.generation,
            Some(Parent::Token(id)) => self.parent.as_ref().is_some_and(|parent| {
                parent.id == id && parent.kind == CredentialKind::Personal && parent.is_good(now)
            }),
        };
        shown.id == id && shown.is_good(now) && parent_is_good
    }
}

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetLookup {
    /// A repository's name, in the grammar of the distribution protocol. Without a project it is
    /// no name here; the store looks all the same, so that the time of the answer does not tell.
    Name {
        /// The project that the name begins with.
        project: Option<EntityId>,
        /// The whole name.
        name: pierhead_model::RepositoryName,
    },
    /// A project, or a repository with its project, by number.
    Entity(EntityId),
}

/// When something was done, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: SystemTime,
    /// By whom; `None` where that is not told.
    pub by: Option<PrincipalId>,
}

/// What people read of an entity. Decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What it is about.
    pub description: String,
    /// Its making.
    pub created: Stamp,
    /// The last change of its name or description, or its making.
    pub modified: Stamp,
    /// When it was put into the trash itself.
    pub trashed_at: Option<SystemTime>,
}

/// A project as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRecord {
    /// Its number.
    pub id: EntityId,
    /// What people call it; not unique.
    pub name: String,
    /// Who provisioning keeps at all permissions; gives nothing by itself.
    pub owner: PrincipalId,
    /// Its sharing list.
    pub list: AccessList,
    /// Its own mark.
    pub trashed: Option<TrashMark>,
    /// Changes with every change of the entity.
    pub etag: u64,
    /// What people read of it.
    pub about: About,
}

/// A repository as the projects see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRecord {
    /// Its number.
    pub id: EntityId,
    /// Its whole name.
    pub name: String,
    /// Its own list, if it has local sharing settings.
    pub own_list: Option<AccessList>,
    /// Its own mark.
    pub trashed: Option<TrashMark>,
    /// Changes with every change of the entity.
    pub etag: u64,
    /// What people read of it.
    pub about: About,
}

/// What there is, as decisions need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetRecord {
    /// The project, if there is a *project* of that number.
    pub project: Option<ProjectRecord>,
    /// The repository, if there is one.
    pub repository: Option<RepositoryRecord>,
    /// The versions of the project's number, whatever has it, and of the repository if there is one.
    pub versions: Versions,
}

impl TargetRecord {
    /// What people read of what was found.
    pub(crate) fn about(&self) -> Option<&About> {
        match (&self.repository, &self.project) {
            (Some(found), _) => Some(&found.about),
            (None, Some(found)) => Some(&found.about),
            (None, None) => None,
        }
    }

    /// What was found: the repository, or else the project.
    pub(crate) fn entity(&self) -> Option<EntityId> {
        match (&self.repository, &self.project) {
            (Some(found), _) => Some(found.id),
            (None, Some(found)) => Some(found.id),
            (None, None) => None,
        }
    }

    /// The target of a decision about a repository or a name where there could be one.
    pub fn as_repository(&self, name_ok: bool) -> Target<'_> {
        Target::Repository {
            name_ok,
            project: self.project.as_ref().map(ProjectRecord::facts),
            repository: self.repository.as_ref().map(RepositoryRecord::facts),
        }
    }

    /// The target of a decision about whatever was found by number.
    pub fn as_entity(&self) -> Target<'_> {
        if self.repository.is_some() {
            self.as_repository(true)
        } else {
            Target::Project {
                project: self.project.as_ref().map(ProjectRecord::facts),
            }
        }
    }
}

impl ProjectRecord {
    fn facts(&self) -> ProjectFacts<'_> {
        ProjectFacts {
            id: self.id,
            list: &self.list,
            trashed: self.trashed,
        }
    }
}

impl RepositoryRecord {
    fn facts(&self) -> RepositoryFacts<'_> {
        RepositoryFacts {
            id: self.id,
            own_list: self.own_list.as_ref(),
            trashed: self.trashed,
        }
    }
}

/// What signing in with a password needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The account.
    pub account: PrincipalId,
    /// Its password hash in PHC form, if it has a password.
    pub password: Option<String>,
    /// Whether it was disabled.
    pub disabled: bool,
    /// The account's generation, read with the hash.
    pub generation: u64,
    /// Which life of the store that was.
    pub epoch: u64,
}
