//! The registry and its parts.

use std::sync::Arc;

use pierhead_storage::{Admission, BlobStore, RepositoryStore};

use crate::cache::Caches;
use crate::upload::Sessions;
use crate::{
    Authenticator, Authorizer, Caller, Clock, Credentials, DenyAll, Error, Event, Limits,
    MissingReferences, Observer, Peer, TokenIssuer,
};

/// A registry. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) rows: Arc<dyn RepositoryStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) token_issuer: Option<Arc<dyn TokenIssuer>>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) admission: Option<Arc<dyn Admission>>,
    pub(crate) limits: Limits,
    pub(crate) missing_references: MissingReferences,
    pub(crate) sessions: Sessions,
    pub(crate) caches: Caches,
}

impl Registry {
    /// Begins a registry over two stores. The blob store's places are recorded in the repository
    /// store, so the two belong together for good.
    pub fn builder(
        blobs: Arc<dyn BlobStore>,
        repositories: Arc<dyn RepositoryStore>,
        clock: Arc<dyn Clock>,
    ) -> RegistryBuilder {
        RegistryBuilder {
            blobs,
            rows: repositories,
            clock,
            authenticator: None,
            authorizer: Arc::new(DenyAll),
            token_issuer: None,
            observers: Vec::new(),
            admission: None,
            limits: Limits::default(),
            missing_references: MissingReferences::default(),
        }
    }

    /// Says who shows these credentials. Without an authenticator everybody is anonymous.
    pub async fn authenticate(
        &self,
        credentials: Credentials,
        from: &Peer,
    ) -> Result<Caller, Error> {
        match &self.inner.authenticator {
            Some(authenticator) => Ok(authenticator.authenticate(credentials, from).await?),
            None => Ok(Caller::anonymous()),
        }
    }

    /// Whether callers can be told apart.
    pub fn has_authenticator(&self) -> bool {
        self.inner.authenticator.is_some()
    }

    /// Who hands out tokens, if anybody does.
    pub fn token_issuer(&self) -> Option<&Arc<dyn TokenIssuer>> {
        self.inner.token_issuer.as_ref()
    }

    /// The registry's bounds.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The registry's time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        let observers = &self.inner.observers;
        if observers.is_empty() {
            return;
        }
        let event = event();
        for observer in observers {
            observer.committed(&event);
        }
    }
}

/// What a [`Registry`] is made of.
#[derive(Debug)]
#[must_use = "nothing is built yet"]
pub struct RegistryBuilder {
    blobs: Arc<dyn BlobStore>,
    rows: Arc<dyn RepositoryStore>,
    clock: Arc<dyn Clock>,
    authenticator: Option<Arc<dyn Authenticator>>,
    authorizer: Arc<dyn Authorizer>,
    token_issuer: Option<Arc<dyn TokenIssuer>>,
    observers: Vec<Arc<dyn Observer>>,
    admission: Option<Arc<dyn Admission>>,
    limits: Limits,
    missing_references: MissingReferences,
}

impl RegistryBuilder {
    /// Who tells callers apart. Without one, everybody is anonymous.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Who decides. Without one, everything is refused.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizer = authorizer;
        self
    }

    /// Who hands out tokens. Without one, clients are asked for `Basic` credentials.
    pub fn token_issuer(mut self, issuer: Arc<dyn TokenIssuer>) -> Self {
        self.token_issuer = Some(issuer);
        self
    }

    /// One more who hears of what was committed.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Who has the last word inside a transaction.
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.admission = Some(admission);
        self
    }

    /// Other bounds than the default ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What a manifest may name that is not there.
    pub fn missing_references(mut self, rule: MissingReferences) -> Self {
        self.missing_references = rule;
        self
    }

    /// Puts the parts together. No I/O.
    pub fn build(self) -> Registry {
        let sessions = Sessions::new(self.limits.sessions_in_memory);
        let caches = Caches::new(self.limits.cache_bytes);
        Registry {
            inner: Arc::new(Inner {
                blobs: self.blobs,
                rows: self.rows,
                clock: self.clock,
                authenticator: self.authenticator,
                authorizer: self.authorizer,
                token_issuer: self.token_issuer,
                observers: self.observers,
                admission: self.admission,
                limits: self.limits,
                missing_references: self.missing_references,
                sessions,
                caches,
            }),
        }
    }
}
