//! Making a blob of one repository visible in another, without sending it again.

use std::sync::Arc;

use pierhead_model::{ContentDigest, RepositoryName};
use pierhead_storage::{BlobMount, BlobRecord, Holder, Permit, StoreError};

use crate::access::Access;
use crate::writer::{StartUpload, UploadStatus, Writer};
use crate::{Error, Event};

/// What came of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mounted {
    /// The blob is here now.
    Mounted(BlobRecord),
    /// It could not be had from there: upload it.
    Started(UploadStatus),
}

impl Writer {
    /// Mounts a blob from a repository, or from wherever the caller may read it. A source that is
    /// absent or may not be read is no error: an upload is begun instead.
    pub async fn mount(
        &self,
        digest: &ContentDigest,
        from: Option<&RepositoryName>,
    ) -> Result<Mounted, Error> {
        for source in self.sources(digest, from).await? {
            if let Some(record) = self.mount_from(digest, &source).await? {
                let Access {
                    registry,
                    caller,
                    name,
                    ..
                } = &self.access;
                registry.tell(|| Event::BlobAdded {
                    name: name.clone(),
                    digest: *digest,
                    size: record.size,
                    by: caller.id.clone(),
                });
                return Ok(Mounted::Mounted(record));
            }
        }
        let start = StartUpload {
            algorithm: digest.algorithm(),
        };
        Ok(Mounted::Started(self.start(start).await?))
    }

    /// The names that may hold the blob.
    async fn sources(
        &self,
        digest: &ContentDigest,
        from: Option<&RepositoryName>,
    ) -> Result<Vec<RepositoryName>, Error> {
        if let Some(from) = from {
            return Ok(vec![from.clone()]);
        }
        let Access {
            registry, caller, ..
        } = &self.access;
        let limit = registry.limits().mount_holders;
        let holders = registry
            .inner
            .rows
            .blob_holders(digest, &caller.id, limit)
            .await?;
        Ok(holders
            .into_iter()
            .map(|holder| match holder {
                Holder::Repository(repository) => repository.name,
                Holder::Staged(staged) => staged.name,
            })
            .collect())
    }

    /// The source is decided by the permissions alone and compared again, with the target, in the
    /// transaction that links the blob.
    async fn mount_from(
        &self,
        digest: &ContentDigest,
        from: &RepositoryName,
    ) -> Result<Option<BlobRecord>, Error> {
        let Access {
            registry, caller, ..
        } = &self.access;
        let Some(mut source) = self.readable(from).await? else {
            return Ok(None);
        };
        let rows = &registry.inner.rows;
        // Either permit may be the one that has become stale, and the answer does not say which.
        // The target decides anew by itself; the source is asked for before each try.
        for _ in 0..2 {
            let mount = BlobMount {
                digest: *digest,
                by: caller.id.clone(),
                at: registry.clock().now(),
            };
            let call = self.access.call(|target| {
                let (rows, mount, source) = (Arc::clone(rows), mount.clone(), source.clone());
                Box::pin(async move { rows.mount_blob(mount, &source, &target).await })
            });
            match call.await {
                Ok((record, _)) => return Ok(record),
                Err(crate::access::Called::Refused(Error::Busy)) => {}
                Err(crate::access::Called::Store(StoreError::NotFound)) => return Ok(None),
                Err(called) => return Err(called.into()),
            }
            registry.inner.caches.forget(&caller.id, from);
            match self.readable(from).await? {
                Some(again) => source = again,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn readable(&self, from: &RepositoryName) -> Result<Option<Permit>, Error> {
        let Access {
            registry, caller, ..
        } = &self.access;
        match Access::decide_source(registry, caller, from).await {
            // Under a new name of its own a caller reads what they staged there.
            Ok(permit) => Ok(Some(permit)),
            Err(Error::Denied { .. } | Error::ScopeLacking { .. } | Error::SignIn { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
