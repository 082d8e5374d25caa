//! The facade: one value that has everything.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use pierhead_auth::token::{KeyRing, VerifiedCache};
use pierhead_policy::{PrincipalId, Reason};
use pierhead_registry::{Authenticator, Authorizer, Clock, Observer, TokenIssuer};
use pierhead_storage::{BlobStore, Fence, RepositoryStore, StoreError};

use crate::actor::{Actor, RoleUse};
use crate::change::{Batch, Recorded};
use crate::entity::content::{Sum, SumKey};
use crate::error::ProjectsError;
use crate::options::ProjectsOptions;
use crate::people::guesses::Guesses;
use crate::people::mail::Letters;
use crate::people::offload::Offload;
use crate::people::password::Passwords;
use crate::people::throttle::Throttle;
use crate::ports::Store;
use crate::record::Versions;
use crate::seam::authenticate::ProjectAuthenticator;
use crate::seam::authorize::ProjectAuthorizer;
use crate::seam::cache::Cache;
use crate::seam::facts::Facts;
use crate::seam::issue::ProjectIssuer;

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
    pub(crate) guesses: Arc<Guesses>,
    /// What was done of late that others feel.
    pub(crate) throttle: Throttle,
    /// Mail that waits to be sent.
    pub(crate) letters: Letters,
    pub(crate) verified: VerifiedCache,
    /// When what was last written down of what the operator's role allowed.
    pub(crate) role_uses: Cache<(Option<PrincipalId>, RoleUse), SystemTime>,
    /// Where configurations of images are read, for their platforms.
    pub(crate) blobs: RwLock<Option<Arc<dyn BlobStore>>>,
    /// Who hears of what is deleted from repositories.
    pub(crate) observers: RwLock<Vec<Arc<dyn Observer>>>,
    /// What tags amount to.
    pub(crate) sums: Cache<SumKey, Arc<Sum>>,
    /// Whether all that a repository holds is being looked at.
    pub(crate) looking: AtomicBool,
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
            guesses: Arc::new(Guesses::new(options.lockout)),
            throttle: Throttle::default(),
            letters: Letters::default(),
            verified: VerifiedCache::new(options.remembered),
            role_uses: Cache::new(options.remembered),
            blobs: RwLock::new(None),
            observers: RwLock::new(Vec::new()),
            sums: Cache::new(options.remembered),
            looking: AtomicBool::new(false),
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

    /// The time that decisions and deadlines go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
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
