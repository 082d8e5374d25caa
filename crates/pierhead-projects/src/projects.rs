//! The facade: one value that has everything.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use pierhead_auth::lockout::Lockout;
use pierhead_auth::token::{KeyRing, VerifiedCache};
use pierhead_policy::{CallerFacts, Decision, Reason, Scopes};
use pierhead_registry::{Authenticator, Authorizer, Clock, TokenIssuer};
use pierhead_storage::{Fence, RepositoryStore, StoreError};

use crate::authenticate::ProjectAuthenticator;
use crate::authorize::{ProjectAuthorizer, RoleUse};
use crate::cache::Cache;
use crate::change::{Actor, Batch, Recorded};
use crate::error::ProjectsError;
use crate::facts::Facts;
use crate::issue::ProjectIssuer;
use crate::offload::Offload;
use crate::options::ProjectsOptions;
use crate::password::Passwords;
use crate::ports::Store;
use crate::record::{CallerRecord, Versions};

/// How often a change is decided again when what it rested on moves.
pub(crate) const ATTEMPTS: usize = 3;

/// Accounts, teams, projects and sharing, and the registry's seams made of them.
///
/// Cloning is cheap; clones are the same. Nothing runs in the background. Every method's future may
/// be dropped at any point: what it would have changed is changed wholly or not at all.
#[derive(Clone, Debug)]
pub struct Projects {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: ProjectsOptions,
    pub(crate) facts: Facts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) passwords: Passwords,
    pub(crate) lockout: Arc<Lockout>,
    pub(crate) verified: VerifiedCache,
    /// When what was last written down of what the operator's role allowed.
    pub(crate) role_uses: Cache<RoleUse, SystemTime>,
    keys: RwLock<Arc<KeyRing>>,
}

impl Inner {
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read())
    }

    pub(crate) fn unix_now(&self) -> u64 {
        unix(self.clock.now())
    }
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Projects {
    /// Joins the stores, the keys that sign registry tokens, the settings, the time, and the threads
    /// that passwords are hashed on. Both stores must be on the same database.
    pub fn new(
        store: Arc<dyn Store>,
        repositories: Arc<dyn RepositoryStore>,
        keys: KeyRing,
        options: ProjectsOptions,
        clock: Arc<dyn Clock>,
        offload: Arc<dyn Offload>,
    ) -> Self {
        let inner = Inner {
            facts: Facts::new(store, repositories, options.remembered),
            clock,
            passwords: Passwords::new(offload),
            lockout: Arc::new(Lockout::new(options.lockout)),
            verified: VerifiedCache::new(options.remembered),
            role_uses: Cache::new(options.remembered),
            keys: RwLock::new(Arc::new(keys)),
            options,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Who calls: takes registry tokens.
    pub fn authenticator(&self) -> Arc<dyn Authenticator> {
        Arc::new(ProjectAuthenticator {
            inner: Arc::clone(&self.inner),
        })
    }

    /// What they may do.
    pub fn authorizer(&self) -> Arc<dyn Authorizer> {
        Arc::new(ProjectAuthorizer {
            inner: Arc::clone(&self.inner),
        })
    }

    /// Makes registry tokens.
    pub fn token_issuer(&self) -> Arc<dyn TokenIssuer> {
        Arc::new(ProjectIssuer {
            inner: Arc::clone(&self.inner),
        })
    }

    /// The store of accounts and projects.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.facts.store
    }

    /// The settings.
    pub fn options(&self) -> &ProjectsOptions {
        &self.inner.options
    }

    /// Signs with other keys from now on. Tokens of keys that the ring no longer takes are refused
    /// at the next request.
    pub fn set_keys(&self, keys: KeyRing) {
        *self.inner.keys.write() = Arc::new(keys);
    }

    /// Commits what was decided from facts of these versions.
    pub(crate) async fn commit(
        &self,
        actor: &Actor,
        expect: Versions,
        changes: Vec<Recorded>,
    ) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let at = self.inner.clock.now();
        let batch = Batch {
            actor: actor.clone(),
            at,
            expect: Fence(expect),
            changes,
        };
        self.inner.facts.store.commit(batch).await
    }

    /// The account that acts, read fresh; `None` is the server itself.
    pub(crate) async fn acting(
        &self,
        actor: &Actor,
    ) -> Result<Option<CallerRecord>, ProjectsError> {
        let Some(who) = actor.who else {
            return Ok(None);
        };
        let record = self.inner.facts.store.caller(who, None).await?;
        match record {
            Some(record) if !record.disabled => Ok(Some(record)),
            _ => Err(ProjectsError::NotFound { what: "account" }),
        }
    }

    /// For what only operators do. The server itself may.
    pub(crate) async fn operator(&self, actor: &Actor) -> Result<Versions, ProjectsError> {
        match self.acting(actor).await? {
            None => Ok(Versions::new()),
            Some(record) if record.operator => Ok(record.versions),
            Some(_) => Err(ProjectsError::OperatorsOnly),
        }
    }
}

/// The facts of an account that acts with all scopes.
pub(crate) fn all_scopes(record: &CallerRecord) -> CallerFacts<'_> {
    record.facts(Scopes::ALL)
}

/// A decision as a result.
pub(crate) fn allowed(decision: Decision) -> Result<(), ProjectsError> {
    match decision {
        Decision::Allow { .. } => Ok(()),
        Decision::Deny {
            reason,
            may_know,
            holds_asked,
            ..
        } => Err(ProjectsError::Refused {
            reason,
            may_know,
            holds_asked,
        }),
    }
}

/// What the server itself is told where an account would be refused for absence.
pub(crate) fn absent() -> ProjectsError {
    ProjectsError::Refused {
        reason: Reason::Absent,
        may_know: true,
        holds_asked: true,
    }
}

/// Decides and commits, again while what it rested on moves.
macro_rules! until_settled {
    ($attempt:expr) => {{
        let mut attempts = 1;
        loop {
            match $attempt.await {
                Err($crate::error::ProjectsError::Busy)
                    if attempts < $crate::projects::ATTEMPTS =>
                {
                    attempts += 1;
                }
                done => break done,
            }
        }
    }};
}
pub(crate) use until_settled;
