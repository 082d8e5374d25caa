//! Making a blob of one repository visible in another, without sending it again.

use pierhead_model::{ContentDigest, RepositoryName};
use pierhead_storage::{BlobMount, BlobRecord, Holder, Permit};

use crate::access::Access;
use crate::reader::is_there;
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
    /// absent or may not be read is no error, nor are bytes that are lost: an upload is begun instead.
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
                if !is_there(&*registry.inner.blobs, &record).await? {
                    break;
                }
                registry.tell(|| Event::BlobAdded {
                    name: name.clone(),
                    digest: *digest,
                    size: record.size,
                    by: caller.actor(),
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
    /// transaction that links the blob. Which of the two has become stale the answer does not say,
    /// so both are decided anew.
    async fn mount_from(
        &self,
        digest: &ContentDigest,
        from: &RepositoryName,
    ) -> Result<Option<BlobRecord>, Error> {
        let Access {
            registry, caller, ..
        } = &self.access;
        let mount = &BlobMount {
            digest: *digest,
            by: caller.id.clone(),
            at: registry.clock().now(),
        };
        let call = self.access.call(|target| async move {
            let source = match self.readable(from).await {
                Ok(Some(source)) => source,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            let rows = &registry.inner.rows;
            match rows.mount_blob(mount.clone(), &source, &target).await {
                Ok(record) => Ok(Ok(record)),
                Err(error) => {
                    registry.inner.caches.forget(&caller.id, from);
                    Err(error)
                }
            }
        });
        call.await?.0
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
