//! What a repository holds, and taking of it what may go.

use std::collections::{BTreeMap, BTreeSet};

use pierhead_model::{ContentDigest, ReferenceRole, Tag};

use super::state::{Open, State};
use crate::{
    Inventory, InventoryManifest, LastPush, ManifestPut, Permit, Retirement, ScopeId, StoreError,
    View,
};

impl State {
    pub(super) fn inventory(&self, view: &View) -> Result<Inventory, StoreError> {
        let Open::Repository(id) = self.open(view)? else {
            return Ok(Inventory::default());
        };
        let rows = self.rows(id)?;
        let tagged: BTreeSet<_> = rows.tags.values().collect();
        let manifest = |manifest: &ManifestPut| InventoryManifest {
            digest: manifest.digest,
            size: manifest.bytes.len() as u64,
            at: manifest.at,
            subject: manifest.subject,
            children: children(manifest),
            tagged: tagged.contains(&manifest.digest),
        };
        let mut newest: BTreeMap<(&Tag, ContentDigest), (u64, LastPush)> = BTreeMap::new();
        for entry in &rows.history {
            let push = LastPush {
                tag: entry.tag.clone(),
                digest: entry.digest,
                at: entry.at,
            };
            newest.insert((&entry.tag, entry.digest), (entry.id, push));
        }
        let mut pushes: Vec<_> = newest.into_values().collect();
        pushes.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        Ok(Inventory {
            content: self.version(ScopeId::repository(id)).content,
            manifests: rows.manifests.values().map(manifest).collect(),
            pushes: pushes.into_iter().map(|(_, push)| push).collect(),
        })
    }

    pub(super) fn retire(
        &mut self,
        digests: &[ContentDigest],
        seen: u64,
        permit: &Permit,
    ) -> Result<Retirement, StoreError> {
        let Open::Repository(id) = self.permitted(permit)? else {
            return Ok(Retirement::Moved);
        };
        let scope = ScopeId::repository(id);
        if self.version(scope).content != seen {
            return Ok(Retirement::Moved);
        }
        let rows = self.rows_mut(id)?;
        let mut gone = Vec::new();
        for digest in digests {
            let tagged = rows.tags.values().any(|named| named == digest);
            if !tagged
                && rows.named_as_child_by(digest).is_none()
                && rows.manifests.remove(digest).is_some()
            {
                gone.push(*digest);
            }
        }
        if !gone.is_empty() {
            self.content_changed(id);
        }
        let content = self.version(scope).content;
        Ok(Retirement::Done { gone, content })
    }
}

fn children(manifest: &ManifestPut) -> Vec<ContentDigest> {
    let named = manifest.references.iter();
    let children: BTreeSet<_> = named
        .filter(|named| named.role == ReferenceRole::Child)
        .map(|named| named.digest)
        .collect();
    children.into_iter().collect()
}
