//! Putting manifests.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use pierhead_model::{
    Algorithm, ContentDigest, Digest, Manifest, ManifestReference, MediaType, Reference,
    ReferenceRole, Tag,
};
use pierhead_storage::{ManifestPut, PutOutcome, StoredReference, Touch};

use crate::reader::{find_blob, find_manifest};
use crate::writer::Writer;
use crate::{Error, Event, MissingReferences};

/// A manifest to put.
#[derive(Clone, Debug)]
pub struct PutManifest {
    /// What it was put as: a tag, or its digest.
    pub reference: Reference,
    /// Tags besides.
    pub tags: Vec<Tag>,
    /// What the client says it is.
    pub content_type: Option<MediaType>,
    /// Exactly as received.
    pub bytes: Bytes,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestReceipt {
    /// Its digest.
    pub digest: ContentDigest,
    /// The manifest it refers to, if it does.
    pub subject: Option<Digest>,
    /// The tags that name it now.
    pub tags: Vec<Tag>,
    /// Whether the repository came into being with it.
    pub created: bool,
    /// How many of its layers are of a non-distributable type, which the image specification has
    /// deprecated: their bytes may be missing.
    pub nondistributable: usize,
}

impl Writer {
    /// Stores a manifest, durably, with its tags, references and history.
    pub async fn put_manifest(&self, put: PutManifest) -> Result<ManifestReceipt, Error> {
        let registry = &self.access.registry;
        let limits = &registry.limits().manifest;
        let manifest = Manifest::from_pushed(&put.bytes, put.content_type.as_ref(), limits)
            .map_err(Error::ManifestInvalid)?;
        let digest = digest_of(&put)?;
        let subject = manifest.subject().map(|subject| subject.digest);
        let named = manifest.references();
        let nondistributable = named.filter(|named| !named.distributable).count();
        let mut tags = put.tags;
        if let Reference::Tag(tag) = put.reference {
            tags.insert(0, tag);
        }
        let mut seen = HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        let row = ManifestPut {
            digest,
            bytes: put.bytes,
            media_type: manifest.media_type().clone(),
            artifact_type: manifest.artifact_type().map(str::to_owned),
            subject: subject.as_ref().and_then(Digest::content),
            annotations: manifest.annotations_json().map(str::to_owned),
            references: self.references(&manifest).await?,
            tags: tags.clone(),
            by: self.access.caller.id.clone(),
            at: registry.clock().now(),
            admission: registry.inner.admission.clone(),
        };
        let rows = &registry.inner.rows;
        let call = self.access.call(|permit| {
            let (rows, row) = (Arc::clone(rows), row.clone());
            Box::pin(async move { rows.put_manifest(row, &permit).await })
        });
        match call.await?.0 {
            PutOutcome::Missing(digests) => {
                let digests = digests.into_iter().map(Digest::from).collect();
                Err(Error::ManifestBlobUnknown { digests })
            }
            PutOutcome::Stored {
                repository,
                created,
            } => {
                registry.tell(|| Event::ManifestPut {
                    repository,
                    name: self.access.name.clone(),
                    digest,
                    tags: tags.clone(),
                    created,
                    by: self.access.caller.actor(),
                });
                Ok(ManifestReceipt {
                    digest,
                    subject,
                    tags,
                    created,
                    nondistributable,
                })
            }
        }
    }

    /// Everything the manifest names but its subject, each digest once in each role. A digest of an
    /// algorithm that nothing is stored under cannot be here; where it must, the refusal names what
    /// else is missing as well.
    async fn references(&self, manifest: &Manifest) -> Result<Vec<StoredReference>, Error> {
        let rule = self.access.registry.inner.missing_references;
        let mut absent = Vec::new();
        let mut stored: Vec<StoredReference> = Vec::new();
        let mut seen = HashMap::new();
        let mut foreign = HashSet::new();
        for reference in manifest.references() {
            if reference.role == ReferenceRole::Subject {
                continue;
            }
            let required = required(rule, &reference);
            let Some(digest) = reference.digest.content() else {
                if required && foreign.insert(reference.digest.clone()) {
                    absent.push(reference.digest);
                }
                continue;
            };
            let at = *seen.entry((digest, reference.role)).or_insert_with(|| {
                stored.push(StoredReference {
                    digest,
                    role: reference.role,
                    required: false,
                });
                stored.len() - 1
            });
            stored[at].required |= required;
        }
        if absent.is_empty() {
            return Ok(stored);
        }
        for reference in stored.iter().filter(|it| it.required) {
            if !self.is_here(reference).await? {
                absent.push(reference.digest.into());
            }
        }
        Err(Error::ManifestBlobUnknown { digests: absent })
    }

    async fn is_here(&self, reference: &StoredReference) -> Result<bool, Error> {
        let found = if reference.role == ReferenceRole::Child {
            let reference = Reference::Digest(reference.digest);
            find_manifest(&self.access, &reference).await.map(drop)
        } else {
            find_blob(&self.access, &reference.digest, Touch::No)
                .await
                .map(drop)
        };
        match found {
            Ok(()) => Ok(true),
            Err(Error::ManifestUnknown { .. } | Error::BlobUnknown { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn required(rule: MissingReferences, reference: &ManifestReference<'_>) -> bool {
    match rule {
        MissingReferences::Refuse => reference.distributable,
        MissingReferences::Children => {
            reference.distributable && reference.role != ReferenceRole::Child
        }
        MissingReferences::All => false,
    }
}

fn digest_of(put: &PutManifest) -> Result<ContentDigest, Error> {
    let Reference::Digest(expected) = put.reference else {
        return Ok(ContentDigest::of(Algorithm::Sha256, &put.bytes));
    };
    let found = ContentDigest::of(expected.algorithm(), &put.bytes);
    found.verify(expected)?;
    Ok(found)
}
