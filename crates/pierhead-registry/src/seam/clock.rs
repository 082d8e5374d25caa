//! What time it is, and how to wait.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;

/// Time, injected, so that tests own it and no runtime is assumed.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> SystemTime;

    /// Resolves after about `span`. Cancel-safe.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()>;
}

/// The system's time, waiting on the tokio runtime it is called from.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

#[cfg(feature = "tokio")]
impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}
