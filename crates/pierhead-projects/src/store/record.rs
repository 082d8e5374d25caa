//! What a store tells about accounts, credentials, projects and repositories.

use std::sync::Arc;
use std::time::SystemTime;

use pierhead_policy::{
    AccessList, Action, EntityId, PrincipalId, ProjectFacts, RepositoryFacts, Scopes, Target,
    TrashMark,
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
    /// Who provisioning keeps at all permissions, unless that account is gone; gives nothing by
    /// itself.
    pub owner: Option<PrincipalId>,
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
    /// Whether it is in another registry, and this is a reference to it. The registry here knows
    /// nothing of such a one: no name under `/v2/` is its own.
    pub external: bool,
    /// Its whole name; of an external one with the host of its registry.
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

    /// The repository, if what was found is one of this registry's own.
    pub(crate) fn managed(&self) -> Option<&RepositoryRecord> {
        self.repository.as_ref().filter(|found| !found.external)
    }

    /// Whether what was found is a reference to another registry's repository.
    pub(crate) fn is_external(&self) -> bool {
        self.repository.as_ref().is_some_and(|found| found.external)
    }

    /// Whether an action makes sense for what was found by number: what the registry does is done to
    /// repositories of its own, a reference is made in a project, and tags are recorded of one.
    pub(crate) fn takes(&self, action: Action) -> bool {
        match action {
            Action::Pull | Action::ListTags | Action::Push | Action::Head | Action::Delete => {
                !self.is_external()
            }
            Action::CreateExternalReference => self.repository.is_none(),
            Action::ChangeExternalReference => self.managed().is_none(),
            _ => true,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn credential(id: u64, kind: CredentialKind, parent: Option<Parent>) -> CredentialRecord {
        CredentialRecord {
            id: CredentialId(id),
            account: PrincipalId::new(3_000_000),
            kind,
            name: String::new(),
            parent,
            created: NOW,
            scopes: Scopes::ALL,
            expires: None,
            revoked: false,
            last_used: None,
        }
    }

    #[test]
    fn what_is_shown_is_as_good_as_what_it_dies_with() {
        use CredentialKind::{Personal, Refresh, Session};
        let token = || credential(1, Personal, None);
        let of_token = || credential(2, Refresh, Some(Parent::Token(CredentialId(1))));
        let of_password =
            |generation| credential(2, Refresh, Some(Parent::Password { generation }));
        let revoked = |mut of: CredentialRecord| {
            of.revoked = true;
            Some(of)
        };
        let expired = |mut of: CredentialRecord, seconds| {
            of.expires = Some(NOW + Duration::from_secs(seconds));
            Some(of)
        };
        for (case, shown, parent, good) in [
            ("a session", Some(credential(2, Session, None)), None, true),
            ("a token", Some(credential(2, Personal, None)), None, true),
            ("nothing", None, None, false),
            ("another one", Some(token()), None, false),
            (
                "revoked",
                revoked(credential(2, Session, None)),
                None,
                false,
            ),
            (
                "ended",
                expired(credential(2, Personal, None), 0),
                None,
                false,
            ),
            (
                "of a token",
                expired(of_token(), 1),
                expired(token(), 1),
                true,
            ),
            ("itself revoked", revoked(of_token()), Some(token()), false),
            ("itself ended", expired(of_token(), 0), Some(token()), false),
            (
                "of a revoked one",
                Some(of_token()),
                revoked(token()),
                false,
            ),
            (
                "of an ended one",
                Some(of_token()),
                expired(token(), 0),
                false,
            ),
            ("of one that is gone", Some(of_token()), None, false),
            (
                "of a session",
                Some(of_token()),
                Some(credential(1, Session, None)),
                false,
            ),
            (
                "of another one",
                Some(of_token()),
                Some(credential(3, Personal, None)),
                false,
            ),
            ("of the password", Some(of_password(7)), None, true),
            ("of a former password", Some(of_password(6)), None, false),
            (
                "of nothing",
                Some(credential(2, Refresh, None)),
                None,
                false,
            ),
        ] {
            let record = CallerRecord {
                id: PrincipalId::new(3_000_000),
                name: "ana".into(),
                certified: false,
                operator: false,
                disabled: false,
                generation: 7,
                teams: Vec::new(),
                credential: shown,
                parent,
                versions: Versions::new(),
            };
            assert_eq!(record.shows_good(CredentialId(2), NOW), good, "{case}");
        }
    }
}
