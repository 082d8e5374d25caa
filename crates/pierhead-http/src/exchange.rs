//! What the parts of the protocol share of one request.

use http::request::Parts;
use pierhead_registry::{Caller, Error, Registry};

use crate::error::Failure;
use crate::options::HttpOptions;

/// What the parts of the protocol need to answer a request.
pub(crate) struct Exchange<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) options: &'a HttpOptions,
    pub(crate) parts: &'a Parts,
    pub(crate) caller: Caller,
}

impl Exchange<'_> {
    /// Turns what the registry refuses into an answer.
    pub(crate) fn refused(&self) -> impl Fn(Error) -> Failure {
        |error| Failure::of(error, self.options)
    }
}
