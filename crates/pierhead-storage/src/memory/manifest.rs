//! Manifests, tags, referrers and history.

use std::collections::BTreeMap;
use std::ops::Bound;

use pierhead_model::{ContentDigest, Reference, ReferenceRole, RepositoryName, Tag};

use super::state::{Home, Open, Rows, State};
use crate::{
    AdmissionChange, AdmissionFacts, Deletion, HistoryEntry, ManifestPut, NewName, Permit,
    PutOutcome, Referrer, ReferrerQuery, Repository, RepositoryId, StoreError, StoredManifest,
    TagRecord, View,
};

impl State {
    pub(super) fn put_manifest(
        &mut self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError> {
        let open = self.permitted(permit)?;
        let missing = self.missing(&put, open)?;
        if !missing.is_empty() {
            return Ok(PutOutcome::Missing(missing));
        }
        self.admit(&put, permit, open)?;
        let (repository, created) = match open {
            Open::Repository(id) => (id, false),
            Open::New(new) => (self.create(new, &put), true),
        };
        let name = self.rows(repository)?.repository.name.clone();
        let staged = self.staged.remove(&(put.by.clone(), name));
        let first_entry = self.last_history + 1;
        self.last_history += put.tags.len() as u64;
        let rows = self.rows_mut(repository)?;
        for (digest, renewed_at) in staged.into_iter().flat_map(|staged| staged.blobs) {
            let link = rows.links.entry(digest).or_insert(renewed_at);
            *link = renewed_at.max(*link);
        }
        for (id, tag) in (first_entry..).zip(&put.tags) {
            rows.tags.insert(tag.clone(), put.digest);
            rows.history.push(HistoryEntry {
                id,
                tag: tag.clone(),
                digest: put.digest,
                at: put.at,
                by: put.by.clone(),
            });
        }
        rows.manifests.insert(
            put.digest,
            ManifestPut {
                tags: Vec::new(),
                admission: None,
                ..put
            },
        );
        self.content_changed(repository);
        Ok(PutOutcome::Stored {
            repository,
            created,
        })
    }

    /// Required references that are not here, each once, in the order of the manifest.
    fn missing(&self, put: &ManifestPut, open: Open<'_>) -> Result<Vec<ContentDigest>, StoreError> {
        let (rows, name) = match open {
            Open::Repository(id) => {
                let rows = self.rows(id)?;
                (Some(rows), &rows.repository.name)
            }
            Open::New(new) => (None, &new.name),
        };
        let staged = self.staged.get(&(put.by.clone(), name.clone()));
        let mut missing = Vec::new();
        for named in put.references.iter().filter(|named| named.required) {
            let here = if named.role == ReferenceRole::Child {
                rows.is_some_and(|rows| rows.manifests.contains_key(&named.digest))
            } else {
                rows.is_some_and(|rows| rows.links.contains_key(&named.digest))
                    || staged.is_some_and(|staged| staged.blobs.contains_key(&named.digest))
            };
            if !here && !missing.contains(&named.digest) {
                missing.push(named.digest);
            }
        }
        Ok(missing)
    }

    fn admit(&self, put: &ManifestPut, permit: &Permit, open: Open<'_>) -> Result<(), StoreError> {
        let Some(admission) = &put.admission else {
            return Ok(());
        };
        let rows = match open {
            Open::Repository(id) => Some(self.rows(id)?),
            Open::New(_) => None,
        };
        let names_now = |tag: &Tag| rows.and_then(|rows| rows.tags.get(tag)).copied();
        let tags: Vec<_> = put
            .tags
            .iter()
            .map(|tag| (tag.clone(), names_now(tag)))
            .collect();
        let size = put.bytes.len() as u64;
        let change = AdmissionChange::Manifest {
            digest: &put.digest,
            size,
            tags: &tags,
        };
        let facts = AdmissionFacts::new(&permit.view, &put.by, change);
        admission.admit(&facts).map_err(StoreError::Refused)
    }

    /// Makes the repository; every session begun under its name becomes its own.
    fn create(&mut self, new: &NewName, put: &ManifestPut) -> RepositoryId {
        self.last_repository += 1;
        let id = RepositoryId(self.last_repository);
        let repository = Repository {
            id,
            name: new.name.clone(),
            parent: new.parent,
            creator: put.by.clone(),
            created_at: put.at,
        };
        self.names.insert(new.name.clone(), id);
        self.repositories.insert(id, Rows::new(repository));
        for upload in self.uploads.values_mut() {
            if upload.home == Home::New(new.name.clone()) {
                upload.home = Home::Repository(id);
            }
        }
        id
    }

    /// Takes a repository away with everything it holds; see
    /// [`MemoryRepositoryStore::purge`](super::MemoryRepositoryStore::purge).
    pub(super) fn purge(&mut self, id: RepositoryId) -> bool {
        let Some(rows) = self.repositories.remove(&id) else {
            return false;
        };
        let name = rows.repository.name;
        self.names.remove(&name);
        self.staged.retain(|(_, under), _| *under != name);
        let (gone, kept) = std::mem::take(&mut self.uploads)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, row)| row.home == Home::Repository(id));
        self.uploads = kept;
        for row in gone.into_values() {
            let checkpoint = row.checkpoint();
            self.condemn_place(row.place, row.alive_at, checkpoint);
        }
        self.bump(&[crate::ScopeId::repository(id)]);
        self.content_changed(id);
        true
    }

    pub(super) fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        let Open::Repository(id) = self.open(view)? else {
            return Ok(None);
        };
        let rows = self.rows(id)?;
        let digest = match reference {
            Reference::Digest(digest) => Some(digest),
            Reference::Tag(tag) => rows.tags.get(tag),
        };
        Ok(digest
            .and_then(|digest| rows.manifests.get(digest))
            .map(|manifest| StoredManifest {
                digest: manifest.digest,
                media_type: manifest.media_type.clone(),
                bytes: manifest.bytes.clone(),
            }))
    }

    pub(super) fn delete_manifest(
        &mut self,
        digest: &ContentDigest,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let Open::Repository(id) = self.permitted(permit)? else {
            return Ok(Deletion::Absent);
        };
        let rows = self.rows_mut(id)?;
        if !rows.manifests.contains_key(digest) {
            return Ok(Deletion::Absent);
        }
        if let Some(by) = rows.named_as_child_by(digest) {
            return Ok(Deletion::Held { by });
        }
        rows.manifests.remove(digest);
        rows.tags.retain(|_, named| named != digest);
        self.content_changed(id);
        Ok(Deletion::Deleted)
    }

    pub(super) fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError> {
        let Open::Repository(id) = self.open(view)? else {
            return Ok(Vec::new());
        };
        let tags = self.rows(id)?.tags.iter();
        Ok(tags
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .take(limit)
            .map(|(name, digest)| TagRecord {
                name: name.clone(),
                digest: *digest,
            })
            .collect())
    }

    pub(super) fn delete_tag(
        &mut self,
        tag: &Tag,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let Open::Repository(id) = self.permitted(permit)? else {
            return Ok(Deletion::Absent);
        };
        if self.rows_mut(id)?.tags.remove(tag).is_none() {
            return Ok(Deletion::Absent);
        }
        self.content_changed(id);
        Ok(Deletion::Deleted)
    }

    pub(super) fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError> {
        let Open::Repository(id) = self.open(view)? else {
            return Ok(Vec::new());
        };
        let from = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = self
            .rows(id)?
            .manifests
            .range((from, Bound::Unbounded))
            .map(|(_, manifest)| manifest)
            .filter(|manifest| manifest.subject == Some(query.subject))
            .filter(|manifest| {
                query.artifact_type.is_none() || manifest.artifact_type == query.artifact_type
            });
        let mut page: Vec<Referrer> = Vec::new();
        let mut bytes = 0;
        for manifest in wanted.take(query.limit) {
            bytes += manifest.annotations.as_ref().map_or(0, String::len);
            if bytes > query.max_bytes && !page.is_empty() {
                break;
            }
            page.push(Referrer {
                digest: manifest.digest,
                media_type: manifest.media_type.clone(),
                size: manifest.bytes.len() as u64,
                artifact_type: manifest.artifact_type.clone(),
                annotations: manifest.annotations.clone(),
            });
        }
        Ok(page)
    }

    pub(super) fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let Open::Repository(id) = self.open(view)? else {
            return Ok(Vec::new());
        };
        let newest_first = self.rows(id)?.history.iter().rev();
        Ok(newest_first
            .filter(|entry| tag.is_none_or(|tag| entry.tag == *tag))
            .filter(|entry| before.is_none_or(|before| entry.id < before))
            .take(limit)
            .cloned()
            .collect())
    }

    pub(super) fn find_repository(&self, name: &RepositoryName) -> Option<Repository> {
        let id = self.names.get(name)?;
        self.repositories
            .get(id)
            .map(|rows| rows.repository.clone())
    }

    pub(super) fn repositories(&self, after: Option<&str>, limit: usize) -> Vec<Repository> {
        self.names
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .filter_map(|(_, id)| self.repositories.get(id))
            .take(limit)
            .map(|rows| rows.repository.clone())
            .collect()
    }
}

impl Rows {
    fn new(repository: Repository) -> Self {
        Self {
            repository,
            links: BTreeMap::new(),
            manifests: BTreeMap::new(),
            tags: BTreeMap::new(),
            history: Vec::new(),
        }
    }
}
