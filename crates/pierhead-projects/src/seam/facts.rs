//! Facts for decisions, cached while their versions stand.
//!
//! Every fact belongs to one scope: certification, teams and generation to the account, the
//! credential to itself, a list and a trash mark to their project or repository. So facts about the
//! caller and about the target may be read apart: they are used only after one look at the versions
//! of all of them, which makes them a picture of one moment.

use std::sync::Arc;

use pierhead_model::RepositoryName;
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_storage::{Fence, RepositoryId, RepositoryStore, ScopeId, StoreError};

use crate::ports::Store;
use crate::record::{CallerRecord, CredentialId, TargetLookup, TargetRecord, Versions};
use crate::seam::cache::Cache;

/// How often facts are read again when they move while they are read.
const ATTEMPTS: usize = 4;

/// Who is asked about: an account and the credential it showed.
pub(crate) type Who = (PrincipalId, Option<CredentialId>);

/// What is asked about: a name, the project it begins with, and the repository that has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct What {
    pub(crate) project: Option<EntityId>,
    pub(crate) name: RepositoryName,
    /// Part of the key, because a name's first manifest moves no version: facts about an absent
    /// name are never taken for those of the repository that has it since.
    pub(crate) repository: Option<RepositoryId>,
}

/// Facts of one moment.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// `None` for the anonymous caller, and for an account that is not there.
    pub(crate) caller: Option<Arc<CallerRecord>>,
    pub(crate) target: Arc<TargetRecord>,
}

impl Access {
    /// What a decision made from these facts rests on.
    pub(crate) fn fence(&self) -> Fence {
        let caller = self.caller.iter().flat_map(|caller| &caller.versions);
        Fence(self.target.versions.iter().chain(caller).copied().collect())
    }
}

#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) repositories: Arc<dyn RepositoryStore>,
    callers: Cache<Who, Arc<CallerRecord>>,
    targets: Cache<What, Arc<TargetRecord>>,
}

impl Facts {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        repositories: Arc<dyn RepositoryStore>,
        capacity: usize,
    ) -> Self {
        let (callers, targets) = (Cache::new(capacity), Cache::new(capacity));
        Self {
            store,
            repositories,
            callers,
            targets,
        }
    }

    /// The account and its credential as they are now.
    pub(crate) async fn caller(&self, who: Who) -> Result<Option<Arc<CallerRecord>>, StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(caller) = self.read_caller(who).await? else {
                return Ok(None);
            };
            if self.stand(&[&caller.versions]).await? {
                return Ok(Some(caller));
            }
            self.callers.forget(&who);
        }
        Err(restless())
    }

    /// Caller and target as they are now.
    pub(crate) async fn access(&self, who: Option<Who>, what: &What) -> Result<Access, StoreError> {
        for _ in 0..ATTEMPTS {
            let caller = match who {
                Some(who) => self.read_caller(who).await?,
                None => None,
            };
            let target = self.read_target(what).await?;
            let caller_versions = caller.as_ref().map_or(&[][..], |caller| &caller.versions);
            if self.stand(&[&target.versions, caller_versions]).await? {
                return Ok(Access { caller, target });
            }
            self.targets.forget(what);
            if let Some(who) = who {
                self.callers.forget(&who);
            }
        }
        Err(restless())
    }

    async fn read_caller(&self, who: Who) -> Result<Option<Arc<CallerRecord>>, StoreError> {
        if let Some(known) = self.callers.get(&who) {
            return Ok(Some(known));
        }
        let Some(caller) = self.store.caller(who.0, who.1).await? else {
            return Ok(None);
        };
        let caller = Arc::new(caller);
        self.callers.put(who, Arc::clone(&caller));
        Ok(Some(caller))
    }

    async fn read_target(&self, what: &What) -> Result<Arc<TargetRecord>, StoreError> {
        if let Some(known) = self.targets.get(what) {
            return Ok(known);
        }
        let lookup = TargetLookup::Name {
            project: what.project,
            name: what.name.clone(),
        };
        let target = Arc::new(self.store.target(&lookup).await?);
        self.targets.put(what.clone(), Arc::clone(&target));
        Ok(target)
    }

    async fn stand(
        &self,
        versions: &[&[(ScopeId, pierhead_storage::Rights)]],
    ) -> Result<bool, StoreError> {
        let read: Versions = versions.iter().copied().flatten().copied().collect();
        if read.is_empty() {
            return Ok(true);
        }
        let scopes: Vec<ScopeId> = read.iter().map(|(scope, _)| *scope).collect();
        let current = self.repositories.current(&scopes).await?;
        Ok(current.len() == read.len()
            && current
                .iter()
                .zip(&read)
                .all(|(now, (_, then))| now.rights == *then))
    }
}

fn restless() -> StoreError {
    StoreError::unavailable(
        "read permissions that stay the same while they are read",
        "they move",
    )
}
