//! Deleting: tags, manifests, blob links.

use std::sync::Arc;

use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};
use pierhead_storage::{Deed, Deletion, Permit, RepositoryId, View};

use crate::access::Access;
use crate::{Action, Actor, Caller, Error, Event, Registry};

/// The right to delete from one name.
#[derive(Clone, Debug)]
pub struct Remover {
    pub(crate) access: Access,
}

impl Registry {
    /// Asks for the right to delete.
    pub async fn remover(&self, caller: &Caller, name: &RepositoryName) -> Result<Remover, Error> {
        Ok(Remover {
            access: Access::decide(self, caller, name, Action::Delete).await?,
        })
    }
}

impl Remover {
    /// Deletes a tag; the manifest stays.
    pub async fn tag(&self, tag: &Tag) -> Result<(), Error> {
        let rows = &self.access.registry.inner.rows;
        let call = self.access.call(|permit| {
            let (rows, tag, deed) = (Arc::clone(rows), tag.clone(), self.deed());
            Box::pin(async move { rows.delete_tag(&tag, &deed, &permit).await })
        });
        let (deletion, permit) = call.await?;
        let unknown = || Error::ManifestUnknown {
            reference: Reference::Tag(tag.clone()),
        };
        done(deletion, unknown)?;
        self.tell(&permit, |name, repository, by| Event::TagDeleted {
            repository,
            name,
            tag: tag.clone(),
            by,
        });
        Ok(())
    }

    /// Deletes a manifest, with the tags that name it.
    pub async fn manifest(&self, digest: &ContentDigest) -> Result<(), Error> {
        let (rows, digest) = (&self.access.registry.inner.rows, *digest);
        let call = self.access.call(|permit| {
            let (rows, deed) = (Arc::clone(rows), self.deed());
            Box::pin(async move { rows.delete_manifest(&digest, &deed, &permit).await })
        });
        let (deletion, permit) = call.await?;
        done(deletion, || Error::ManifestUnknown {
            reference: Reference::Digest(digest),
        })?;
        self.tell_deleted(&permit, digest);
        Ok(())
    }

    /// Takes a blob out of the repository.
    pub async fn blob(&self, digest: &ContentDigest) -> Result<(), Error> {
        let (rows, digest) = (&self.access.registry.inner.rows, *digest);
        let call = self.access.call(|permit| {
            let (rows, deed) = (Arc::clone(rows), self.deed());
            Box::pin(async move { rows.delete_blob(&digest, &deed, &permit).await })
        });
        let (deletion, _) = call.await?;
        done(deletion, || Error::BlobUnknown { digest })?;
        let Access {
            registry,
            caller,
            name,
            ..
        } = &self.access;
        registry.tell(|| Event::BlobDeleted {
            name: name.clone(),
            digest,
            by: caller.actor(),
        });
        Ok(())
    }

    fn deed(&self) -> Deed {
        Deed {
            by: self.access.caller.id.clone(),
            at: self.access.registry.clock().now(),
        }
    }

    pub(crate) fn tell_deleted(&self, permit: &Permit, digest: ContentDigest) {
        self.tell(permit, |name, repository, by| Event::ManifestDeleted {
            repository,
            name,
            digest,
            by,
        });
    }

    fn tell(
        &self,
        permit: &Permit,
        event: impl FnOnce(RepositoryName, RepositoryId, Actor) -> Event,
    ) {
        let Access {
            registry,
            caller,
            name,
            ..
        } = &self.access;
        if let View::Repository(id) = permit.view {
            registry.tell(|| event(name.clone(), id, caller.actor()));
        }
    }
}

fn done(deletion: Deletion, unknown: impl FnOnce() -> Error) -> Result<(), Error> {
    match deletion {
        Deletion::Deleted => Ok(()),
        Deletion::Absent => Err(unknown()),
        Deletion::Held { by } => Err(Error::Held { by }),
    }
}
