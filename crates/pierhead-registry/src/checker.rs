//! Asking whether something is there, which whoever may pull or push may do.

use pierhead_model::{ContentDigest, Reference, RepositoryName};
use pierhead_storage::{BlobRecord, StoredManifest, Touch};

use crate::access::Access;
use crate::reader::{find_blob, find_manifest, is_there};
use crate::{Action, Caller, Error, Registry};

/// The right to ask what is there.
#[derive(Clone, Debug)]
pub struct Checker {
    access: Access,
}

impl Registry {
    /// Asks for the right to ask.
    pub async fn checker(&self, caller: &Caller, name: &RepositoryName) -> Result<Checker, Error> {
        Ok(Checker {
            access: Access::decide(self, caller, name, Action::Head).await?,
        })
    }
}

impl Checker {
    /// The manifest of a tag or a digest.
    pub async fn manifest(&self, reference: &Reference) -> Result<StoredManifest, Error> {
        find_manifest(&self.access, reference).await
    }

    /// A blob. Who may push is about to name it in a manifest instead of sending it: its grace is
    /// renewed, so that it is still there when they do. One whose bytes are lost is unknown: sent again,
    /// it is whole again.
    pub async fn blob(&self, digest: &ContentDigest) -> Result<BlobRecord, Error> {
        let registry = &self.access.registry;
        let touch = if self.access.may_also(Action::Push).await? {
            Touch::Renew {
                at: registry.clock().now(),
                grace: registry.limits().grace,
            }
        } else {
            Touch::No
        };
        let record = find_blob(&self.access, digest, touch).await?;
        if is_there(&*registry.inner.blobs, &record).await? {
            Ok(record)
        } else {
            Err(Error::BlobUnknown { digest: *digest })
        }
    }
}
