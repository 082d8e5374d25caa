//! Blobs as views see them: links of repositories, and what callers staged under new names.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pierhead_model::{ContentDigest, ReferenceRole};

use super::state::{Open, Staged, State};
use crate::{
    BlobMount, BlobRecord, CallerId, Deletion, Holder, NewName, Permit, StoreError, Touch, View,
};

impl Open<'_> {
    /// Whose staged blobs count, under a new name.
    pub(super) fn caller(&self) -> Option<&CallerId> {
        match self {
            Self::Repository(_) => None,
            Self::New(new) => Some(&new.caller),
        }
    }
}

impl State {
    pub(super) fn find_blob(
        &mut self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError> {
        let open = self.open(view)?;
        let Some(renewed_at) = self.holds(open, digest) else {
            return Ok(None);
        };
        if let Touch::Renew { at, grace } = touch {
            let age = at.duration_since(renewed_at).unwrap_or_default();
            if age > grace / 2 {
                self.renew(open, *digest, at)?;
            }
        }
        Ok(self.blobs.get(digest).cloned())
    }

    /// When this view's hold on a blob was last renewed, if it has one.
    pub(super) fn holds(&self, open: Open<'_>, digest: &ContentDigest) -> Option<SystemTime> {
        match open {
            Open::Repository(id) => self.repositories.get(&id)?.links.get(digest).copied(),
            Open::New(new) => self.staged.get(&key(new))?.blobs.get(digest).copied(),
        }
    }

    /// Makes a blob visible in a view, or renews it there.
    pub(super) fn hold(
        &mut self,
        open: Open<'_>,
        digest: ContentDigest,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        self.renew(open, digest, at)?;
        if let Open::Repository(id) = open {
            self.content_changed(id);
        }
        Ok(())
    }

    fn renew(
        &mut self,
        open: Open<'_>,
        digest: ContentDigest,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        let held = match open {
            Open::Repository(id) => &mut self.rows_mut(id)?.links,
            Open::New(new) => {
                let empty = Staged {
                    parent: new.parent,
                    blobs: BTreeMap::new(),
                };
                &mut self.staged.entry(key(new)).or_insert(empty).blobs
            }
        };
        let renewed_at = held.entry(digest).or_insert(at);
        *renewed_at = at.max(*renewed_at);
        Ok(())
    }

    pub(super) fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Vec<Holder> {
        let linked = self
            .repositories
            .values()
            .filter(|rows| rows.links.contains_key(digest))
            .map(|rows| Holder::Repository(rows.repository.clone()));
        let staged = self
            .staged
            .iter()
            .filter(|((by, _), staged)| by == caller && staged.blobs.contains_key(digest))
            // Left over from before the name was taken: nothing there answers any more.
            .filter(|((_, name), _)| !self.names.contains_key(name))
            .map(|((by, name), staged)| {
                let (name, caller) = (name.clone(), by.clone());
                Holder::Staged(NewName {
                    name,
                    parent: staged.parent,
                    caller,
                })
            });
        linked.chain(staged).take(limit).collect()
    }

    pub(super) fn mount_blob(
        &mut self,
        mount: &BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError> {
        let from = self.permitted(source)?;
        let to = self.permitted(target)?;
        if self.holds(from, &mount.digest).is_none() {
            return Ok(None);
        }
        let record = self.blobs.get(&mount.digest).cloned();
        if record.is_some() {
            self.hold(to, mount.digest, mount.at)?;
        }
        Ok(record)
    }

    pub(super) fn delete_blob(
        &mut self,
        digest: &ContentDigest,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let open = self.permitted(permit)?;
        let removed = match open {
            Open::Repository(id) => {
                let rows = self.rows_mut(id)?;
                if !rows.links.contains_key(digest) {
                    return Ok(Deletion::Absent);
                }
                if let Some(by) = rows.named_as_blob_by(digest) {
                    return Ok(Deletion::Held { by });
                }
                rows.links.remove(digest)
            }
            Open::New(new) => self
                .staged
                .get_mut(&key(new))
                .and_then(|staged| staged.blobs.remove(digest)),
        };
        if removed.is_none() {
            return Ok(Deletion::Absent);
        }
        if let Open::Repository(id) = open {
            self.content_changed(id);
        }
        Ok(Deletion::Deleted)
    }
}

impl super::state::Rows {
    /// A manifest that names this blob.
    pub(super) fn named_as_blob_by(&self, digest: &ContentDigest) -> Option<ContentDigest> {
        self.named_by(|role| role != ReferenceRole::Child, digest)
    }

    /// An index that names this manifest.
    pub(super) fn named_as_child_by(&self, digest: &ContentDigest) -> Option<ContentDigest> {
        self.named_by(|role| role == ReferenceRole::Child, digest)
    }

    fn named_by(
        &self,
        counts: impl Fn(ReferenceRole) -> bool,
        digest: &ContentDigest,
    ) -> Option<ContentDigest> {
        let names = |manifest: &crate::ManifestPut| {
            manifest
                .references
                .iter()
                .any(|named| named.digest == *digest && counts(named.role))
        };
        self.manifests
            .values()
            .find(|manifest| names(manifest))
            .map(|manifest| manifest.digest)
    }
}

/// Under which caller and name a new name's blobs are staged.
pub(super) fn key(new: &NewName) -> (CallerId, pierhead_model::RepositoryName) {
    (new.caller.clone(), new.name.clone())
}
