//! The rows, and what every call under a permit begins with.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pierhead_model::{Algorithm, ContentDigest, RepositoryName, Tag};

use crate::{
    BlobRecord, CallerId, Checkpoint, Fence, HistoryEntry, ManifestPut, NewName, ParentId, Permit,
    Place, Progress, Repository, RepositoryId, Rights, ScopeId, StoreError, UploadId, Version,
    View,
};

/// Everything a [`MemoryRepositoryStore`](super::MemoryRepositoryStore) knows.
pub(super) struct State {
    pub(super) epoch: u64,
    pub(super) scopes: BTreeMap<ScopeId, Counters>,
    pub(super) last_repository: u64,
    pub(super) repositories: BTreeMap<RepositoryId, Rows>,
    pub(super) names: BTreeMap<RepositoryName, RepositoryId>,
    /// Every blob that a view may come to see. What is condemned is not among them.
    pub(super) blobs: BTreeMap<ContentDigest, BlobRecord>,
    pub(super) staged: BTreeMap<(CallerId, RepositoryName), Staged>,
    pub(super) uploads: BTreeMap<UploadId, UploadRow>,
    pub(super) condemned: BTreeMap<Place, CondemnedRow>,
    pub(super) last_history: u64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) rights: u64,
    pub(super) content: u64,
}

/// What one repository holds.
pub(super) struct Rows {
    pub(super) repository: Repository,
    /// Blobs it links, each with when that was last renewed.
    pub(super) links: BTreeMap<ContentDigest, SystemTime>,
    /// Manifests as they were put, less their tags and admission.
    pub(super) manifests: BTreeMap<ContentDigest, ManifestPut>,
    pub(super) tags: BTreeMap<Tag, ContentDigest>,
    pub(super) history: Vec<HistoryEntry>,
}

/// What one caller staged under one new name.
pub(super) struct Staged {
    pub(super) parent: Option<ParentId>,
    /// The blobs, each with when it was last renewed.
    pub(super) blobs: BTreeMap<ContentDigest, SystemTime>,
}

pub(super) struct UploadRow {
    pub(super) home: Home,
    pub(super) by: CallerId,
    pub(super) generation: u64,
    pub(super) place: Place,
    pub(super) algorithm: Algorithm,
    pub(super) progress: Option<Progress>,
    pub(super) alive_at: SystemTime,
}

impl UploadRow {
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        self.progress
            .as_ref()
            .map(|progress| progress.checkpoint.clone())
    }
}

/// What a session was begun in.
#[derive(PartialEq, Eq)]
pub(super) enum Home {
    Repository(RepositoryId),
    New(RepositoryName),
}

impl Home {
    pub(super) fn of(view: &View) -> Self {
        match view {
            View::Repository(id) => Self::Repository(*id),
            View::New(new) => Self::New(new.name.clone()),
        }
    }
}

pub(super) struct CondemnedRow {
    pub(super) since: SystemTime,
    pub(super) checkpoint: Option<Checkpoint>,
}

/// A view that was found to hold: what it opens.
#[derive(Clone, Copy)]
pub(super) enum Open<'a> {
    Repository(RepositoryId),
    New(&'a NewName),
}

impl State {
    pub(super) fn new(epoch: u64) -> Self {
        Self {
            epoch,
            scopes: BTreeMap::new(),
            last_repository: 0,
            repositories: BTreeMap::new(),
            names: BTreeMap::new(),
            blobs: BTreeMap::new(),
            staged: BTreeMap::new(),
            uploads: BTreeMap::new(),
            condemned: BTreeMap::new(),
            last_history: 0,
        }
    }

    pub(super) fn version(&self, scope: ScopeId) -> Version {
        let counters = self.scopes.get(&scope).copied().unwrap_or_default();
        Version {
            rights: Rights {
                epoch: self.epoch,
                counter: counters.rights,
            },
            content: counters.content,
        }
    }

    pub(super) fn bump(&mut self, scopes: &[ScopeId]) {
        for scope in scopes {
            self.scopes.entry(*scope).or_default().rights += 1;
        }
    }

    pub(super) fn content_changed(&mut self, repository: RepositoryId) {
        self.scopes
            .entry(ScopeId::repository(repository))
            .or_default()
            .content += 1;
    }

    /// What every call under a permit begins with: the fence, then the view.
    pub(super) fn permitted<'a>(&self, permit: &'a Permit) -> Result<Open<'a>, StoreError> {
        let Fence(scopes) = &permit.fence;
        if scopes
            .iter()
            .any(|(scope, rights)| self.version(*scope).rights != *rights)
        {
            return Err(StoreError::Stale);
        }
        self.open(&permit.view)
    }

    /// A repository that is gone and a new name that is taken are stale.
    pub(super) fn open<'a>(&self, view: &'a View) -> Result<Open<'a>, StoreError> {
        match view {
            View::Repository(id) if self.repositories.contains_key(id) => Ok(Open::Repository(*id)),
            View::New(new) if !self.names.contains_key(&new.name) => Ok(Open::New(new)),
            _ => Err(StoreError::Stale),
        }
    }

    /// The rows of a repository whose view was opened.
    pub(super) fn rows(&self, id: RepositoryId) -> Result<&Rows, StoreError> {
        self.repositories.get(&id).ok_or(StoreError::Stale)
    }

    pub(super) fn rows_mut(&mut self, id: RepositoryId) -> Result<&mut Rows, StoreError> {
        self.repositories.get_mut(&id).ok_or(StoreError::Stale)
    }

    pub(super) fn condemn_place(
        &mut self,
        place: Place,
        since: SystemTime,
        checkpoint: Option<Checkpoint>,
    ) {
        self.condemned
            .insert(place, CondemnedRow { since, checkpoint });
    }
}
