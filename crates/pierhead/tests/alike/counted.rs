//! The ports of accounts and projects, with every call written down.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use pierhead::auth::token::TokenHash;
use pierhead::model::RepositoryName;
use pierhead::policy::{EntityId, PrincipalId};
use pierhead::projects::audit::{AuditQuery, AuditRow};
use pierhead::projects::change::Batch;
use pierhead::projects::listing::{
    AccountQuery, CatalogQuery, ChildrenQuery, RecordedQuery, TagQuery, TagRows, TrashQuery,
    UnmendedRows,
};
use pierhead::projects::pending::{InvitationId, InvitationKey, InvitationRecord, ProofRecord};
use pierhead::projects::principals::{
    MemberQuery, MemberRow, PrincipalQuery, PrincipalRow, TeamsQuery,
};
use pierhead::projects::record::{
    CallerRecord, CredentialId, CredentialKind, CredentialRecord, SignIn, TargetLookup,
    TargetRecord,
};
use pierhead::projects::survey::{Account, PrincipalKey, Survey, SurveyQuery};
use pierhead::projects::{AccountStore, ChangeStore, Login, PrincipalStore, ProjectStore, Store};
use pierhead::storage::{HistoryEntry, StoreError};
use pierhead_storage_testing::{CallLog, Intercept as _};

/// Forwards every call and writes its name down.
#[derive(Debug)]
pub(crate) struct Counted {
    inner: Arc<dyn Store>,
    log: CallLog,
}

impl Counted {
    pub(crate) fn new(inner: Arc<dyn Store>, log: CallLog) -> Self {
        Self { inner, log }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AccountStore for Counted {
    async fn caller(
        &self,
        account: PrincipalId,
        credential: Option<CredentialId>,
    ) -> Result<Option<CallerRecord>, StoreError> {
        self.log.before("caller")?;
        self.inner.caller(account, credential).await
    }

    async fn sign_in(&self, login: &Login) -> Result<Option<SignIn>, StoreError> {
        self.log.before("sign_in")?;
        self.inner.sign_in(login).await
    }

    async fn credential(&self, hash: &TokenHash) -> Result<Option<CredentialRecord>, StoreError> {
        self.log.before("credential")?;
        self.inner.credential(hash).await
    }

    async fn credentials(
        &self,
        account: PrincipalId,
        kind: CredentialKind,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<CredentialRecord>, StoreError> {
        self.log.before("credentials")?;
        self.inner.credentials(account, kind, after, limit).await
    }

    async fn remove_sessions(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.log.before("remove_sessions")?;
        self.inner.remove_sessions(expired, limit).await
    }

    async fn accounts(&self, query: &AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.log.before("accounts")?;
        self.inner.accounts(query).await
    }

    async fn invitation(
        &self,
        which: &InvitationKey,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        self.log.before("invitation")?;
        self.inner.invitation(which).await
    }

    async fn invitations(
        &self,
        after: Option<InvitationId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        self.log.before("invitations")?;
        self.inner.invitations(after, limit).await
    }

    async fn proof(&self, hash: &TokenHash) -> Result<Option<ProofRecord>, StoreError> {
        self.log.before("proof")?;
        self.inner.proof(hash).await
    }

    async fn remove_ended(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.log.before("remove_ended")?;
        self.inner.remove_ended(expired, limit).await
    }

    async fn used(&self, credential: CredentialId, at: SystemTime) -> Result<(), StoreError> {
        self.log.before("used")?;
        self.inner.used(credential, at).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PrincipalStore for Counted {
    async fn principals(
        &self,
        keys: &[PrincipalKey],
    ) -> Result<Vec<Option<PrincipalRow>>, StoreError> {
        self.log.before("principals")?;
        self.inner.principals(keys).await
    }

    async fn find_principals(
        &self,
        query: &PrincipalQuery,
    ) -> Result<Vec<PrincipalRow>, StoreError> {
        self.log.before("find_principals")?;
        self.inner.find_principals(query).await
    }

    async fn teams_of(&self, query: &TeamsQuery) -> Result<Vec<PrincipalRow>, StoreError> {
        self.log.before("teams_of")?;
        self.inner.teams_of(query).await
    }

    async fn members(&self, query: &MemberQuery) -> Result<Vec<MemberRow>, StoreError> {
        self.log.before("members")?;
        self.inner.members(query).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ProjectStore for Counted {
    async fn target(&self, lookup: &TargetLookup) -> Result<TargetRecord, StoreError> {
        self.log.before("target")?;
        self.inner.target(lookup).await
    }

    async fn catalog(
        &self,
        query: &CatalogQuery,
    ) -> Result<Vec<(RepositoryName, TargetRecord)>, StoreError> {
        self.log.before("catalog")?;
        self.inner.catalog(query).await
    }

    async fn children(&self, query: &ChildrenQuery) -> Result<Vec<TargetRecord>, StoreError> {
        self.log.before("children")?;
        self.inner.children(query).await
    }

    async fn trashed(&self, query: &TrashQuery) -> Result<Vec<TargetRecord>, StoreError> {
        self.log.before("trashed")?;
        self.inner.trashed(query).await
    }

    async fn tags(&self, query: &TagQuery) -> Result<TagRows, StoreError> {
        self.log.before("tags with their pushes")?;
        self.inner.tags(query).await
    }

    async fn recorded(&self, query: &RecordedQuery) -> Result<Vec<HistoryEntry>, StoreError> {
        self.log.before("recorded")?;
        self.inner.recorded(query).await
    }

    async fn unmended(
        &self,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<UnmendedRows, StoreError> {
        self.log.before("unmended")?;
        self.inner.unmended(after, limit).await
    }

    async fn survey(&self, query: &SurveyQuery) -> Result<Survey, StoreError> {
        self.log.before("survey")?;
        self.inner.survey(query).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.log.before("audit")?;
        self.inner.audit(query).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChangeStore for Counted {
    async fn allocate_principals(&self, count: usize) -> Result<Vec<PrincipalId>, StoreError> {
        self.log.before("allocate_principals")?;
        self.inner.allocate_principals(count).await
    }

    async fn allocate_entities(&self, count: usize) -> Result<Vec<EntityId>, StoreError> {
        self.log.before("allocate_entities")?;
        self.inner.allocate_entities(count).await
    }

    async fn allocate_credential(&self) -> Result<CredentialId, StoreError> {
        self.log.before("allocate_credential")?;
        self.inner.allocate_credential().await
    }

    async fn allocate_invitation(&self) -> Result<InvitationId, StoreError> {
        self.log.before("allocate_invitation")?;
        self.inner.allocate_invitation().await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.log.before("commit")?;
        self.inner.commit(batch).await
    }
}
