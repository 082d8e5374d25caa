//! What an owner sets.

use std::time::Duration;

/// The settings of [`RestService`](crate::RestService).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestOptions {
    /// Within which time the body of a request must arrive. Default 10 s.
    pub body_timeout: Duration,
}

impl Default for RestOptions {
    fn default() -> Self {
        Self {
            body_timeout: Duration::from_secs(10),
        }
    }
}

impl RestOptions {
    /// The same with another time for the body of a request.
    pub fn with_body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }
}
