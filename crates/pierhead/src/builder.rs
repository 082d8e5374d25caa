//! Two stores, what the embedder brings, and the protocol, joined.

use std::fmt;
use std::sync::Arc;

use pierhead_http::{HttpOptions, RegistryService};
use pierhead_registry::{
    Authenticator, Authorizer, Clock, Limits, MissingReferences, Observer, Registry,
    RegistryBuilder, TokenIssuer,
};
use pierhead_storage::{Admission, BlobStore, RepositoryStore, StoreError};

/// A registry and the protocol it speaks. Cloning is cheap; clones are the same.
#[derive(Clone, Debug)]
pub struct Pierhead {
    service: RegistryService,
    #[cfg(feature = "sqlite")]
    sqlite: Option<pierhead_storage_sqlite::SqliteStore>,
}

impl Pierhead {
    /// Begins with two stores that belong together, and a clock.
    pub fn builder(
        blobs: Arc<dyn BlobStore>,
        repositories: Arc<dyn RepositoryStore>,
        clock: Arc<dyn Clock>,
    ) -> Builder {
        let registry = Registry::builder(Arc::clone(&blobs), Arc::clone(&repositories), clock);
        Builder {
            registry,
            blobs,
            #[cfg(feature = "projects")]
            projects: None,
            #[cfg(feature = "projects")]
            observers: Vec::new(),
            repositories,
            http: HttpOptions::default(),
            #[cfg(feature = "sqlite")]
            sqlite: None,
        }
    }

    /// Begins with empty stores in memory: for tests, and for what nobody needs tomorrow.
    #[cfg(feature = "tokio")]
    pub fn in_memory() -> Builder {
        Self::builder(
            Arc::new(pierhead_storage::MemoryBlobStore::new()),
            Arc::new(pierhead_storage::MemoryRepositoryStore::new()),
            Arc::new(pierhead_registry::TokioClock),
        )
    }

    /// Begins with a directory, which is made if it is not there: blobs as files in `blobs/`,
    /// everything else in the SQLite database `metadata.db`. Every acknowledged push is on the disk
    /// before the client hears of it. Blocks for a moment: call it while starting up.
    ///
    /// # Errors
    /// When the directory cannot be used, or another process uses it.
    #[cfg(all(feature = "fs", feature = "sqlite"))]
    pub fn in_directory(path: impl AsRef<std::path::Path>) -> Result<Builder, StoreError> {
        let path = path.as_ref();
        let options = pierhead_storage_fs::FsOptions::default();
        let blobs = pierhead_storage_fs::FsBlobStore::open(path.join("blobs"), options)?;
        let options = pierhead_storage_sqlite::SqliteOptions::default();
        let rows = pierhead_storage_sqlite::SqliteStore::open(path.join("metadata.db"), options)?;
        let clock = Arc::new(pierhead_registry::TokioClock);
        let builder = Self::builder(Arc::new(blobs), Arc::new(rows.clone()), clock);
        Ok(builder.closing(rows))
    }

    /// The protocol, to be served. A clone is enough for a connection.
    pub fn service(&self) -> RegistryService {
        self.service.clone()
    }

    /// The registry without the protocol.
    pub fn registry(&self) -> &Registry {
        self.service.registry()
    }

    /// A router for `/v2/` and, with a token issuer, the token endpoint. Merge it with your own
    /// routes; do not nest it, because clients look for `/v2/` at the root.
    #[cfg(feature = "axum")]
    pub fn into_router<S: Clone + Send + Sync + 'static>(self) -> axum::Router<S> {
        self.service.into_router()
    }

    /// Saves how far uploads are, and closes the database that this value opened. Call it when
    /// nothing is served any more; what is asked later may be refused.
    ///
    /// # Errors
    /// When the database could not be closed in order; nothing that was acknowledged is lost.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.registry().close().await;
        #[cfg(feature = "sqlite")]
        if let Some(store) = &self.sqlite {
            store.close().await?;
        }
        Ok(())
    }
}

/// A registry in the making.
pub struct Builder {
    registry: RegistryBuilder,
    blobs: Arc<dyn BlobStore>,
    #[cfg(feature = "projects")]
    projects: Option<pierhead_projects::Projects>,
    #[cfg(feature = "projects")]
    observers: Vec<Arc<dyn Observer>>,
    repositories: Arc<dyn RepositoryStore>,
    http: HttpOptions,
    #[cfg(feature = "sqlite")]
    sqlite: Option<pierhead_storage_sqlite::SqliteStore>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// The store of blobs.
    pub fn blobs(&self) -> Arc<dyn BlobStore> {
        Arc::clone(&self.blobs)
    }

    /// The store of everything but blobs, for authorizers that list what there is.
    pub fn repositories(&self) -> Arc<dyn RepositoryStore> {
        Arc::clone(&self.repositories)
    }

    /// The database that the builder was given to close with the registry: for what else is kept
    /// in it, as accounts and projects are.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&self) -> Option<pierhead_storage_sqlite::SqliteStore> {
        self.sqlite.clone()
    }

    /// Who calls. Without it everybody is anonymous.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.registry = self.registry.authenticator(authenticator);
        self
    }

    /// What a caller may do. Without it nobody may do anything.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.registry = self.registry.authorizer(authorizer);
        self
    }

    /// The token endpoint's brain. Without it clients are asked for `Basic` credentials.
    pub fn token_issuer(mut self, issuer: Arc<dyn TokenIssuer>) -> Self {
        self.registry = self.registry.token_issuer(issuer);
        self
    }

    /// Pierhead's own accounts, permissions and tokens: authenticator, authorizer and token issuer.
    /// They must be kept in the registry's own database.
    #[cfg(feature = "projects")]
    pub fn projects(mut self, projects: &pierhead_projects::Projects) -> Self {
        projects.read_platforms_from(self.blobs());
        self.projects = Some(projects.clone());
        self.authenticator(projects.authenticator())
            .authorizer(projects.authorizer())
            .token_issuer(projects.token_issuer())
    }

    /// One more who hears of what was committed, by the registry and by the projects that are joined
    /// to it.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        #[cfg(feature = "projects")]
        self.observers.push(Arc::clone(&observer));
        self.registry = self.registry.observer(observer);
        self
    }

    /// The last word inside transactions: quota, read-only times, tags that stay.
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.registry = self.registry.admission(admission);
        self
    }

    /// Bounds on sizes, numbers and times.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.registry = self.registry.limits(limits);
        self
    }

    /// Which references of a manifest may be missing when it is pushed.
    pub fn missing_references(mut self, rule: MissingReferences) -> Self {
        self.registry = self.registry.missing_references(rule);
        self
    }

    /// How the protocol is spoken: public URLs, the service's name, times.
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// Closes this database with the registry.
    #[cfg(feature = "sqlite")]
    pub fn closing(mut self, store: pierhead_storage_sqlite::SqliteStore) -> Self {
        self.sqlite = Some(store);
        self
    }

    /// Joins everything.
    pub fn build(self) -> Pierhead {
        #[cfg(feature = "projects")]
        if let Some(projects) = &self.projects {
            for observer in self.observers {
                projects.tell(observer);
            }
        }
        Pierhead {
            service: RegistryService::new(self.registry.build(), self.http),
            #[cfg(feature = "sqlite")]
            sqlite: self.sqlite,
        }
    }
}
