//! Putting manifests.

use std::sync::Arc;

use bytes::Bytes;
use pierhead_model::{
    Algorithm, ContentDigest, Digest, Manifest, ManifestReference, MediaType, Reference,
    ReferenceRole, Tag,
};
use pierhead_storage::{ManifestPut, PutOutcome, StoredReference};

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
        let mut tags = put.tags;
        if let Reference::Tag(tag) = put.reference {
            tags.insert(0, tag);
        }
        let mut seen = std::collections::HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        let row = ManifestPut {
            digest,
            bytes: put.bytes,
            media_type: manifest.media_type().clone(),
            artifact_type: manifest.artifact_type().map(str::to_owned),
            subject: subject.as_ref().and_then(Digest::content),
            annotations: manifest.annotations_json().map(str::to_owned),
            references: self.references(&manifest)?,
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
                    by: self.access.caller.id.clone(),
                });
                Ok(ManifestReceipt {
                    digest,
                    subject,
                    tags,
                    created,
                })
            }
        }
    }

    /// What must be there. A digest of an algorithm that nothing is stored under cannot be.
    fn references(&self, manifest: &Manifest) -> Result<Vec<StoredReference>, Error> {
        let rule = self.access.registry.inner.missing_references;
        let mut absent = Vec::new();
        let mut stored = Vec::new();
        for reference in manifest.references() {
            if reference.role == ReferenceRole::Subject {
                continue;
            }
            let required = required(rule, &reference);
            match reference.digest.content() {
                Some(digest) => {
                    stored.push(StoredReference {
                        digest,
                        role: reference.role,
                        required,
                    });
                }
                None if required => absent.push(reference.digest),
                None => {}
            }
        }
        if absent.is_empty() {
            return Ok(stored);
        }
        Err(Error::ManifestBlobUnknown { digests: absent })
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
