//! Bodies as the registry receives them.

use pierhead_storage::Source;

/// A body that ended badly: the client went away, dawdled, or broke the framing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the body ended badly")]
pub struct BodyError(#[source] Source);

impl BodyError {
    /// How it broke.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Source::from(source.into()))
    }
}
