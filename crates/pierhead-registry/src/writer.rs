//! Pushing: upload sessions, mounts, manifests.

use pierhead_model::{Algorithm, RepositoryName};
use pierhead_storage::UploadId;

use crate::access::Access;
use crate::{Action, Caller, Error, Registry};

/// The right to push to one name.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(crate) access: Access,
}

/// How a session is begun.
#[derive(Clone, Copy, Debug)]
pub struct StartUpload {
    /// How the bytes are hashed while they arrive. A closing digest of another algorithm costs a
    /// second reading.
    pub algorithm: Algorithm,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadStatus {
    /// Its id.
    pub id: UploadId,
    /// Bytes received.
    pub offset: u64,
}

impl Registry {
    /// Asks for the right to push.
    pub async fn writer(&self, caller: &Caller, name: &RepositoryName) -> Result<Writer, Error> {
        Ok(Writer {
            access: Access::decide(self, caller, name, Action::Push).await?,
        })
    }
}
