//! What can be changed, as values: a store applies a batch of them in one transaction.

use std::time::SystemTime;

use pierhead_auth::token::TokenHash;
use pierhead_model::{ContentDigest, Tag};
use pierhead_policy::{AccessList, EntityId, PrincipalId, Scopes};
use pierhead_registry::{RetentionRule, Retirable};
use pierhead_storage::{Fence, ParentId, RepositoryId, ScopeId, ScopeKind};

use crate::actor::Actor;
use crate::entity::external_name::ExternalName;
use crate::pending::{InvitationId, NewInvitation, NewProof, Purpose};
use crate::record::{CredentialId, CredentialKind, Parent};

/// Moved by whatever can change how many active operators there are.
pub const OPERATORS: ScopeId = ScopeId {
    kind: ScopeKind::Other,
    id: 0x7069_6572_0001,
};

/// Moved by whatever changes which projects there are and how they are called.
pub const PROJECTS: ScopeId = ScopeId {
    kind: ScopeKind::Other,
    id: 0x7069_6572_0002,
};

/// How many refresh tokens an account has at most.
pub const MAX_REFRESH_TOKENS: usize = 100;

/// A new account. It is neither disabled nor without a name; everything else may be absent.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its number, allocated before.
    pub id: PrincipalId,
    /// Its user name.
    pub name: crate::AccountName,
    /// Its e-mail address, confirmed.
    pub email: Option<crate::Email>,
    /// Its password hash in PHC form.
    pub password: Option<String>,
    /// Whether it is certified.
    pub certified: bool,
    /// Whether it is an operator.
    pub operator: bool,
    /// Whether whoever will use it makes it.
    pub registered: bool,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A new credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Its number, allocated before.
    pub id: CredentialId,
    /// Whose it is.
    pub account: PrincipalId,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls it; of a refresh token, from where it was asked for.
    pub name: String,
    /// Of a refresh token alone: what it dies with.
    pub parent: Option<Parent>,
    /// The hash of its secret.
    pub hash: TokenHash,
    /// What it is for.
    pub scopes: Scopes,
    /// Until when.
    pub expires: Option<SystemTime>,
}

/// An entity and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityRef {
    /// A project.
    Project(EntityId),
    /// A repository.
    Repository(EntityId),
    /// A reference to a repository in another registry.
    External(EntityId),
}

impl EntityRef {
    /// Its number.
    pub fn id(self) -> EntityId {
        match self {
            Self::Project(id) | Self::Repository(id) | Self::External(id) => id,
        }
    }

    /// The scope whose rights change with it.
    pub fn scope(self) -> ScopeId {
        match self {
            Self::Project(id) => ScopeId::parent(ParentId(id.get())),
            Self::Repository(id) | Self::External(id) => {
                ScopeId::repository(RepositoryId(id.get()))
            }
        }
    }
}

/// One change. Whoever builds it has asked whether it is allowed; the fence of its [`Batch`] makes
/// sure that the answer still holds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Change {
    /// Makes an account.
    CreateAccount(NewAccount),
    /// Sets a confirmed e-mail address. What was sent by mail for the account is good no more.
    SetEmail {
        /// Whose.
        account: PrincipalId,
        /// Which.
        email: crate::Email,
    },
    /// Gives or withdraws certification.
    SetCertified {
        /// Whose.
        account: PrincipalId,
        /// Certified or not.
        certified: bool,
    },
    /// Gives or withdraws the operator's role.
    SetOperator {
        /// Whose.
        account: PrincipalId,
        /// Operator or not.
        operator: bool,
    },
    /// Disables or enables; disabling raises the account's generation, ends its sign-in sessions
    /// and removes the refresh tokens of its password and what was sent by mail for it.
    SetDisabled {
        /// Which account.
        account: PrincipalId,
        /// Disabled or not.
        disabled: bool,
    },
    /// Sets a password hash, raises the account's generation, ends its sign-in sessions and removes
    /// the refresh tokens of its former password and what was sent by mail for it.
    SetPassword {
        /// Whose.
        account: PrincipalId,
        /// In PHC form.
        hash: PasswordText,
    },
    /// Takes an account away for good: its credentials, its places in teams, its upload sessions and
    /// staged blobs, the invitations it made, what was sent by mail for it, and its entries in all lists, the trash included. Neither its name nor its number
    /// is given again; its address is free. What it did keeps its number. Also moves the rights of
    /// its teams, and of everything that it stood in the list of or owned.
    DeleteAccount {
        /// Which.
        account: PrincipalId,
    },
    /// Takes a team away for good, with its entries in all lists, the trash included. Neither its
    /// name nor its number is given again. Also moves the rights of everybody who was in it, and of
    /// everything that it stood in the list of.
    DeleteTeam {
        /// Which.
        team: PrincipalId,
    },
    /// Makes an invitation.
    CreateInvitation(NewInvitation),
    /// Takes an invitation back.
    RevokeInvitation {
        /// Which.
        invitation: InvitationId,
    },
    /// Takes an invitation away with what it is used for. One that is not there, or has expired by
    /// the batch's time, makes the batch stale.
    UseInvitation {
        /// Which.
        invitation: InvitationId,
        /// The account that comes of it.
        account: PrincipalId,
    },
    /// Remembers what is sent by mail, in the place of what was sent for the same purpose before.
    AskProof(NewProof),
    /// Takes what was sent by mail away with what it is shown for. What is not there, or has expired
    /// by the batch's time, makes the batch stale.
    UseProof {
        /// Whose.
        account: PrincipalId,
        /// What for.
        purpose: Purpose,
        /// The hash of its secret.
        hash: TokenHash,
    },
    /// Makes a team.
    CreateTeam {
        /// Its number, allocated before.
        id: PrincipalId,
        /// Its name.
        name: crate::AccountName,
    },
    /// Sets what an account is in a team; neither member nor manager: it leaves.
    SetMember {
        /// The team.
        team: PrincipalId,
        /// The account.
        account: PrincipalId,
        /// Whether lists that name the team mean it.
        member: bool,
        /// Whether it manages the team.
        manager: bool,
    },
    /// Makes a project.
    CreateProject {
        /// Its number, allocated or chosen.
        id: EntityId,
        /// What people call it.
        name: String,
        /// What it is about.
        description: String,
        /// Who provisioning keeps at all permissions.
        owner: PrincipalId,
        /// Its sharing list.
        list: AccessList,
    },
    /// Makes a reference to a repository in another registry.
    CreateReference {
        /// Its number, allocated before.
        id: EntityId,
        /// The project that it is in.
        project: EntityId,
        /// What it refers to.
        name: ExternalName,
        /// What it is about.
        description: String,
    },
    /// Says what a tag of such a repository names now.
    RecordTag {
        /// The reference.
        reference: EntityId,
        /// The tag.
        tag: Tag,
        /// What it names.
        digest: ContentDigest,
    },
    /// Takes a tag of a repository away, while it names this manifest. The manifest stays.
    DeleteTag {
        /// Of which repository.
        repository: EntityId,
        /// Which.
        tag: Tag,
        /// What it names.
        digest: ContentDigest,
    },
    /// Renames a project, as a provisioning file says.
    SetProjectName {
        /// Which.
        project: EntityId,
        /// The new name.
        name: String,
    },
    /// Sets what people read of an entity, if its etag is still this one.
    Describe {
        /// Which.
        entity: EntityRef,
        /// The etag that was read.
        etag: u64,
        /// A project's new name, or what a reference refers to now.
        name: Option<String>,
        /// The new description.
        description: Option<String>,
    },
    /// Sets who provisioning keeps at all permissions.
    SetOwner {
        /// Which project.
        project: EntityId,
        /// Who.
        owner: PrincipalId,
    },
    /// Sets an entity's own list; `None` lets a repository inherit.
    SetList {
        /// Which.
        entity: EntityRef,
        /// Its list.
        list: Option<AccessList>,
        /// The etag that was read, if the list is only to be set while it stands.
        etag: Option<u64>,
    },
    /// Puts into the trash, or takes out.
    SetTrash {
        /// Which.
        entity: EntityRef,
        /// By whom it is put there.
        by: Option<PrincipalId>,
    },
    /// Takes what is in the trash away for good, a project with all of its repositories: names,
    /// tags, history, lists, upload sessions and staged blobs. Bytes go with a later collection.
    Purge {
        /// Which.
        entity: EntityRef,
    },
    /// Makes a credential. A refresh token is made only while the account has fewer than
    /// [`MAX_REFRESH_TOKENS`] of them.
    CreateCredential(NewCredential),
    /// Revokes a credential, for good. A refresh token is removed, and so are those that die with
    /// a personal access token.
    RevokeCredential {
        /// Whose.
        account: PrincipalId,
        /// Which.
        credential: CredentialId,
    },
    /// Takes manifests away that a retention rule lets go, while the repository's `content` counter
    /// is `seen`, which then is one more; see [`RepositoryStore::retire`].
    ///
    /// [`RepositoryStore::retire`]: pierhead_storage::RepositoryStore::retire
    Retire {
        /// From which repository.
        repository: EntityId,
        /// Which rule.
        rule: RetentionRule,
        /// What was decided about.
        seen: u64,
        /// What goes, each before what it names.
        manifests: Vec<Retirable>,
    },
    /// Changes nothing but the audit record: what the operator's role alone allowed.
    UseRole {
        /// The repository, or the project of a new name; none for a listing.
        entity: Option<EntityId>,
        /// The user or team it was about, if it was about one.
        principal: Option<PrincipalId>,
        /// What was allowed, such as `pull`.
        action: &'static str,
        /// The name that was asked for, if it was asked by name.
        name: Option<String>,
    },
}

/// A password hash in PHC form, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordText(pub String);

impl std::fmt::Debug for PasswordText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordText(..)")
    }
}

impl Change {
    /// The scopes whose rights move with it, so that every store moves the same ones.
    pub fn scopes(&self) -> Vec<ScopeId> {
        let account = |id: &PrincipalId| ScopeId::account(id.get());
        match self {
            Self::CreateAccount(new) if new.operator => vec![account(&new.id), OPERATORS],
            Self::CreateAccount(new) => vec![account(&new.id)],
            // What waits to be shown decides nothing, nor does what was allowed before, nor what a
            // repository holds.
            Self::CreateInvitation(_)
            | Self::RevokeInvitation { .. }
            | Self::UseInvitation { .. }
            | Self::AskProof(_)
            | Self::UseProof { .. }
            | Self::UseRole { .. }
            | Self::Retire { .. }
            | Self::RecordTag { .. }
            | Self::DeleteTag { .. }
            | Self::Describe { name: None, .. }
            | Self::Describe {
                entity: EntityRef::External(_),
                ..
            } => Vec::new(),
            // An address decides where the leave to set another password is sent.
            Self::SetEmail { account: id, .. }
            | Self::SetCertified { account: id, .. }
            | Self::SetPassword { account: id, .. }
            | Self::CreateTeam { id, .. }
            | Self::DeleteTeam { team: id } => vec![account(id)],
            Self::SetOperator { account: id, .. }
            | Self::SetDisabled { account: id, .. }
            | Self::DeleteAccount { account: id } => vec![account(id), OPERATORS],
            // Decisions rest on the account; the team's own scope is for whoever sets all members.
            Self::SetMember {
                team, account: id, ..
            } => vec![account(id), account(team)],
            Self::CreateProject { id, .. } => vec![EntityRef::Project(*id).scope(), PROJECTS],
            Self::CreateReference { id, .. } => vec![EntityRef::External(*id).scope()],
            Self::SetProjectName { .. } | Self::Describe { name: Some(_), .. } => vec![PROJECTS],
            Self::SetOwner { project, .. } => vec![EntityRef::Project(*project).scope()],
            // A project's repositories move their own scopes with its purge.
            Self::SetTrash {
                entity: entity @ EntityRef::Project(_),
                ..
            }
            | Self::Purge {
                entity: entity @ EntityRef::Project(_),
            } => {
                vec![entity.scope(), PROJECTS]
            }
            Self::SetList { entity, .. }
            | Self::SetTrash { entity, .. }
            | Self::Purge { entity } => vec![entity.scope()],
            Self::CreateCredential(new) => vec![ScopeId::credential(new.id.0)],
            Self::RevokeCredential { credential, .. } => vec![ScopeId::credential(credential.0)],
        }
    }
}

/// A change and what was there before it, as JSON, for the audit record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The change.
    pub change: Change,
    /// What it replaces; `None` where there was nothing.
    pub before: Option<String>,
}

/// Changes for one transaction: all of them or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: SystemTime,
    /// What the permission to change rested on.
    pub expect: Fence,
    /// In this order.
    pub changes: Vec<Recorded>,
}
