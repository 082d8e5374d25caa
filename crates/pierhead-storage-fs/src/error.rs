//! From the operating system's errors to the store's.

use std::sync::Arc;

use pierhead_storage::StoreError;
use rustix::io::Errno;

/// Says what was tried, and tells a full disk from an outage. A missing file is an outage too:
/// where it may simply be absent, the caller asks first.
pub(crate) fn failed(what: &'static str) -> impl Fn(Errno) -> StoreError {
    move |errno| match errno {
        Errno::NOSPC | Errno::DQUOT => StoreError::Full(Arc::new(std::io::Error::from(errno))),
        Errno::FBIG => StoreError::TooLarge,
        errno => StoreError::unavailable(what, std::io::Error::from(errno)),
    }
}

/// The blocking thread that should have answered is gone: the runtime is shutting down.
#[allow(clippy::needless_pass_by_value, reason = "shaped for map_err")]
pub(crate) fn no_thread(error: tokio::task::JoinError) -> StoreError {
    StoreError::unavailable("running a file operation", error)
}
