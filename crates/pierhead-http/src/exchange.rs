//! What the parts of the protocol share of one request.

use http::header::ALLOW;
use http::request::Parts;
use pierhead_model::RepositoryName;
use pierhead_registry::{Caller, Checker, Error, Reader, Registry, Remover, Writer};

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

    /// The same of what shall be deleted. What something else names stays, and says which methods
    /// it answers all the same (RFC 9110 section 15.5.6).
    pub(crate) fn stays(&self, methods: &'static str) -> impl Fn(Error) -> Failure {
        move |error| {
            let is_held = matches!(error, Error::Held { .. });
            let failure = Failure::of(error, self.options);
            if is_held {
                failure.with_text(ALLOW, methods)
            } else {
                failure
            }
        }
    }

    /// The caller's right to pull, or the answer that refuses it.
    pub(crate) async fn reader(&self, name: &RepositoryName) -> Result<Reader, Failure> {
        let asked = self.registry.reader(&self.caller, name);
        asked.await.map_err(self.refused())
    }

    /// The caller's right to ask what is there, or the answer that refuses it.
    pub(crate) async fn checker(&self, name: &RepositoryName) -> Result<Checker, Failure> {
        let asked = self.registry.checker(&self.caller, name);
        asked.await.map_err(self.refused())
    }

    /// The caller's right to push, or the answer that refuses it.
    pub(crate) async fn writer(&self, name: &RepositoryName) -> Result<Writer, Failure> {
        let asked = self.registry.writer(&self.caller, name);
        asked.await.map_err(self.refused())
    }

    /// The caller's right to delete, or the answer that refuses it.
    pub(crate) async fn remover(&self, name: &RepositoryName) -> Result<Remover, Failure> {
        let asked = self.registry.remover(&self.caller, name);
        asked.await.map_err(self.refused())
    }
}
