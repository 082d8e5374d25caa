//! What was read recently, valid while its versions stand.
//!
//! Nothing here is ever told that something changed: each use compares the store's present version
//! with the one that stood before the entry was read.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use parking_lot::Mutex;
use pierhead_model::{Reference, RepositoryName};
use pierhead_storage::{
    CallerId, Repository, RepositoryId, RepositoryStore, Rights, ScopeId, StoreError,
    StoredManifest, Version, View,
};

/// What a repository's entry is counted as, in bytes.
const REPOSITORY_SIZE: usize = 512;

/// A manifest larger than this is read anew each time.
const MAX_MANIFEST: usize = 256 << 10;

#[derive(Debug)]
pub(crate) struct Caches {
    names: Mutex<Bounded<(CallerId, RepositoryName), (Repository, Rights)>>,
    manifests: Mutex<Bounded<(RepositoryId, Reference), (StoredManifest, Version)>>,
}

impl Caches {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            names: Mutex::new(Bounded::new(bytes / 4)),
            manifests: Mutex::new(Bounded::new(bytes / 4 * 3)),
        }
    }

    /// The repository of a name, if this caller was allowed something there and its rights have not
    /// moved since. Who is refused is never answered from here, so that a name that exists takes
    /// them the same calls as one that does not.
    pub(crate) async fn known(
        &self,
        rows: &dyn RepositoryStore,
        caller: &CallerId,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError> {
        let known = self.names.lock().get(&(caller.clone(), name.clone()));
        match known {
            Some((repository, rights)) if version(rows, repository.id).await?.rights == rights => {
                Ok(Some(repository))
            }
            _ => Ok(None),
        }
    }

    /// Remembers a repository that this caller was allowed something in.
    pub(crate) async fn remember(
        &self,
        rows: &dyn RepositoryStore,
        caller: &CallerId,
        found: &Repository,
    ) -> Result<(), StoreError> {
        // The row was read before the version; only if it still stands do the two go together.
        let rights = version(rows, found.id).await?.rights;
        if rows.find_repository(&found.name).await?.as_ref() == Some(found) {
            let key = (caller.clone(), found.name.clone());
            self.names
                .lock()
                .put(key, (found.clone(), rights), REPOSITORY_SIZE);
        }
        Ok(())
    }

    pub(crate) fn forget(&self, caller: &CallerId, name: &RepositoryName) {
        self.names.lock().remove(&(caller.clone(), name.clone()));
    }

    /// The manifest of a reference, through a view.
    pub(crate) async fn manifest(
        &self,
        rows: &dyn RepositoryStore,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        let View::Repository(id) = view else {
            return rows.find_manifest(view, reference).await;
        };
        let key = (*id, reference.clone());
        let now = version(rows, *id).await?;
        if let Some((manifest, then)) = self.manifests.lock().get(&key)
            && then == now
        {
            return Ok(Some(manifest));
        }
        let found = rows.find_manifest(view, reference).await?;
        if let Some(manifest) = &found
            && manifest.bytes.len() <= MAX_MANIFEST
        {
            let size = manifest.bytes.len() + REPOSITORY_SIZE;
            self.manifests
                .lock()
                .put(key, (manifest.clone(), now), size);
        }
        Ok(found)
    }
}

async fn version(rows: &dyn RepositoryStore, id: RepositoryId) -> Result<Version, StoreError> {
    let versions = rows.current(&[ScopeId::repository(id)]).await?;
    let missing = || StoreError::Corrupt {
        what: "the store left a version out".to_owned(),
    };
    versions.first().copied().ok_or_else(missing)
}

/// Entries up to a number of bytes; the oldest go first.
#[derive(Debug)]
struct Bounded<K, V> {
    entries: HashMap<K, (V, usize)>,
    order: VecDeque<K>,
    bytes: usize,
    most: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Bounded<K, V> {
    fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            most,
        }
    }

    fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key).map(|(value, _)| value.clone())
    }

    fn put(&mut self, key: K, value: V, size: usize) {
        if size > self.most {
            return;
        }
        match self.entries.insert(key.clone(), (value, size)) {
            Some((_, old)) => self.bytes -= old,
            None => self.order.push_back(key),
        }
        self.bytes += size;
        while self.bytes > self.most {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            if let Some((_, size)) = self.entries.remove(&oldest) {
                self.bytes -= size;
            }
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some((_, size)) = self.entries.remove(key) {
            self.bytes -= size;
            self.order.retain(|kept| kept != key);
        }
    }
}
