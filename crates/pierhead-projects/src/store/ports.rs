//! What a store of accounts and projects must do.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use pierhead_auth::token::TokenHash;
use pierhead_model::RepositoryName;
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_storage::{HistoryEntry, StoreError};

use crate::audit::{AuditQuery, AuditRow};
use crate::change::Batch;
use crate::listing::{
    AccountQuery, CatalogQuery, ChildrenQuery, RecordedQuery, TagQuery, TagRows, TrashQuery,
    UnmendedRows,
};
use crate::pending::{InvitationId, InvitationKey, InvitationRecord, ProofRecord};
use crate::people::name::Login;
use crate::principals::{MemberQuery, MemberRow, PrincipalQuery, PrincipalRow, TeamsQuery};
use crate::record::{
    CallerRecord, CredentialId, CredentialKind, CredentialRecord, SignIn, TargetLookup,
    TargetRecord,
};
use crate::survey::{Account, PrincipalKey, Survey, SurveyQuery};

/// Who: reads about accounts and credentials, each in one transaction.
#[async_trait]
pub trait AccountStore: fmt::Debug + Send + Sync + 'static {
    /// The account, the credential of it that is asked about, what that one dies with, and the
    /// versions of all of them.
    async fn caller(
        &self,
        account: PrincipalId,
        credential: Option<CredentialId>,
    ) -> Result<Option<CallerRecord>, StoreError>;

    /// Who signs in by this name or confirmed address.
    async fn sign_in(&self, login: &Login) -> Result<Option<SignIn>, StoreError>;

    /// The credential whose secret has this hash.
    async fn credential(&self, hash: &TokenHash) -> Result<Option<CredentialRecord>, StoreError>;

    /// The credentials of one kind of an account, revoked ones left out, by their numbers, after
    /// `after`, at most `limit`.
    async fn credentials(
        &self,
        account: PrincipalId,
        kind: CredentialKind,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<CredentialRecord>, StoreError>;

    /// Removes sign-in sessions and refresh tokens that had expired by then, at most `limit`; says
    /// how many. Moves no version and leaves no audit row: they were good for nothing any more.
    async fn remove_sessions(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError>;

    /// Accounts in the order of their folded names. A page takes time by what it holds.
    async fn accounts(&self, query: &AccountQuery) -> Result<Vec<Account>, StoreError>;

    /// An invitation that was neither used nor revoked.
    async fn invitation(
        &self,
        which: &InvitationKey,
    ) -> Result<Option<InvitationRecord>, StoreError>;

    /// Invitations that were neither used nor revoked, by their numbers, after `after`, at most
    /// `limit`.
    async fn invitations(
        &self,
        after: Option<InvitationId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError>;

    /// What was sent by mail with the secret of this hash, if it still waits to be shown.
    async fn proof(&self, hash: &TokenHash) -> Result<Option<ProofRecord>, StoreError>;

    /// Removes invitations, and what was sent by mail, that had expired by then, at most `limit` of
    /// each; says how many. Moves no version and leaves no audit row: they were good for nothing any
    /// more.
    async fn remove_ended(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError>;

    /// Remembers when a credential was last used, and with it the one that it dies with. Moves no
    /// version and leaves no audit row.
    async fn used(&self, credential: CredentialId, at: SystemTime) -> Result<(), StoreError>;
}

/// Who there is: users and teams as lists name them, without versions: nothing rests on it. Every
/// call takes time by what it is asked for and what it leaves out before, however many there are.
#[async_trait]
pub trait PrincipalStore: fmt::Debug + Send + Sync + 'static {
    /// The user or team of each key, in the order asked.
    async fn principals(
        &self,
        keys: &[PrincipalKey],
    ) -> Result<Vec<Option<PrincipalRow>>, StoreError>;

    /// Users and teams whose names begin so, in the order of their folded names: who has the very
    /// name is the first.
    async fn find_principals(
        &self,
        query: &PrincipalQuery,
    ) -> Result<Vec<PrincipalRow>, StoreError>;

    /// The teams that an account is a member of, by their numbers.
    async fn teams_of(&self, query: &TeamsQuery) -> Result<Vec<PrincipalRow>, StoreError>;

    /// Who is in a team, by their numbers.
    async fn members(&self, query: &MemberQuery) -> Result<Vec<MemberRow>, StoreError>;
}

/// What: reads about projects, repositories and what was done to them, each in one transaction.
#[async_trait]
pub trait ProjectStore: fmt::Debug + Send + Sync + 'static {
    /// What there is under a name or a number, and the versions it was read with.
    async fn target(&self, lookup: &TargetLookup) -> Result<TargetRecord, StoreError>;

    /// Repositories with their projects in the order of their names; none that has a trash mark, or
    /// whose project has one or is gone. Without versions: for lists, which nothing rests on.
    ///
    /// A page takes time by what it holds, however many repositories lie before it or between.
    async fn catalog(
        &self,
        query: &CatalogQuery,
    ) -> Result<Vec<(RepositoryName, TargetRecord)>, StoreError>;

    /// The repositories of a project, or all projects; none that has a trash mark itself. A page
    /// takes time by what it holds.
    async fn children(&self, query: &ChildrenQuery) -> Result<Vec<TargetRecord>, StoreError>;

    /// What was put into the trash itself, the latest first.
    async fn trashed(&self, query: &TrashQuery) -> Result<Vec<TargetRecord>, StoreError>;

    /// The tags of a repository, each with its newest push and what it names.
    async fn tags(&self, query: &TagQuery) -> Result<TagRows, StoreError>;

    /// What was recorded of the tags of an external repository.
    async fn recorded(&self, query: &RecordedQuery) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Projects, trashed ones too, whose list nobody can change: no active account holds
    /// `CHANGE_PERMISSIONS` in it by name, nor by a team with an active member. At most `limit` of
    /// them, of those behind `after`. A call looks at some thousand projects and no more, so it may
    /// find fewer, or none, where there are more.
    async fn unmended(
        &self,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<UnmendedRows, StoreError>;

    /// Everything that is asked about, as of one moment, with the versions of all of it.
    async fn survey(&self, query: &SurveyQuery) -> Result<Survey, StoreError>;

    /// The audit record, newest first unless it is asked for after a row. Ids grow in the order in
    /// which rows come to be seen.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError>;
}

/// Changing: every change of accounts and projects goes through [`ChangeStore::commit`].
#[async_trait]
pub trait ChangeStore: fmt::Debug + Send + Sync + 'static {
    /// The next numbers for users and teams. They are not given again, used or not.
    async fn allocate_principals(&self, count: usize) -> Result<Vec<PrincipalId>, StoreError>;

    /// The next numbers for projects, from the sequence that repositories take theirs from.
    async fn allocate_entities(&self, count: usize) -> Result<Vec<EntityId>, StoreError>;

    /// The next number for a credential.
    async fn allocate_credential(&self) -> Result<CredentialId, StoreError>;

    /// The next number for an invitation.
    async fn allocate_invitation(&self) -> Result<InvitationId, StoreError>;

    /// Compares the fence, applies the changes in order, writes one audit row for each, and moves
    /// the rights of [`Change::scopes`](crate::change::Change::scopes): one transaction.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the fence does not hold, or a name, an address or a number is
    /// taken by now, or the account has as many refresh tokens as it may: nothing was changed; look
    /// again and decide again.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}

/// All ports on one database.
pub trait Store: AccountStore + PrincipalStore + ProjectStore + ChangeStore {}

impl<T: AccountStore + PrincipalStore + ProjectStore + ChangeStore> Store for T {}
