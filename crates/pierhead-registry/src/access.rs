//! From a caller, an action and a name to a permit.
//!
//! Every handle of this crate holds an [`Access`], and an access exists only once the authorizer
//! has allowed it. When a store says that the permission has moved, the access decides anew.

use std::future::Future;

use pierhead_model::{RepositoryActions, RepositoryName};
use pierhead_storage::{NewName, Permit, Repository, RepositoryId, StoreError, View};

use crate::{
    Action, Allowed, Caller, Decision, Denial, DenialKind, Error, Registry, Resource, Wanted,
};

/// How often a decision is made anew when permissions move under it.
const TRIES: usize = 4;

/// An allowed action of one caller on one name.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) registry: Registry,
    pub(crate) caller: Caller,
    pub(crate) name: RepositoryName,
    action: Action,
    permit: Permit,
}

impl Access {
    /// Decides, first by the permissions and then by what the caller's token lists.
    pub(crate) async fn decide(
        registry: &Registry,
        caller: &Caller,
        name: &RepositoryName,
        action: Action,
    ) -> Result<Self, Error> {
        let allowed = permitted(registry, caller, name, action).await?;
        if !caller.ceiling.allows_any(name, within(action)) {
            return Err(Error::BeyondToken {
                wanted: wanted(name, action),
            });
        }
        Ok(Self {
            registry: registry.clone(),
            caller: caller.clone(),
            name: name.clone(),
            action,
            permit: allowed,
        })
    }

    /// Decides once more, for something that takes long: refused as it would be at its beginning.
    pub(crate) async fn decide_again(&self) -> Result<(), Error> {
        let again = Self::decide(&self.registry, &self.caller, &self.name, self.action);
        again.await.map(drop)
    }

    /// Decides by the permissions alone: a token bounds the target of a mount, not its source.
    pub(crate) async fn decide_source(
        registry: &Registry,
        caller: &Caller,
        name: &RepositoryName,
    ) -> Result<Permit, Error> {
        permitted(registry, caller, name, Action::Pull).await
    }

    /// Whether the caller may do something else here as well, their token's list included. Nothing
    /// is forgotten when they may not: what was allowed here still is.
    pub(crate) async fn may_also(&self, action: Action) -> Result<bool, Error> {
        let Self {
            registry,
            caller,
            name,
            ..
        } = self;
        if !caller.ceiling.allows_any(name, within(action)) {
            return Ok(false);
        }
        let (repository, _) = resolve(registry, caller, name).await?;
        let resource = Resource {
            name,
            repository: repository.as_ref(),
        };
        let decided = registry.inner.authorizer.decide(caller, action, &resource);
        Ok(matches!(decided.await?, Decision::Allow(_)))
    }

    /// Whether this is a name that no repository had when it was decided.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.permit.view, View::New(_))
    }

    /// Calls a store under the permit, and decides anew when it has become stale.
    pub(crate) async fn call<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        mut call: impl FnMut(Permit) -> F,
    ) -> Result<(T, Permit), Called> {
        let mut permit = self.permit.clone();
        for _ in 0..TRIES {
            match call(permit.clone()).await {
                Ok(done) => return Ok((done, permit)),
                Err(StoreError::Stale) => {
                    self.registry
                        .inner
                        .caches
                        .forget(&self.caller.id, &self.name);
                    let again = Self::decide(&self.registry, &self.caller, &self.name, self.action);
                    permit = again.await.map_err(Called::Refused)?.permit;
                }
                Err(error) => return Err(Called::Store(error)),
            }
        }
        Err(Called::Refused(Error::Busy))
    }
}

/// Why a call under a permit came to nothing.
#[derive(Debug)]
pub(crate) enum Called {
    /// The store's own answer, never `Stale`.
    Store(StoreError),
    /// It was decided anew, and refused.
    Refused(Error),
}

impl From<Called> for Error {
    fn from(called: Called) -> Self {
        match called {
            Called::Store(error) => error.into(),
            Called::Refused(error) => error,
        }
    }
}

/// Resolves the name, then decides. A caller who is refused has made the same calls whether the
/// name exists or not.
async fn permitted(
    registry: &Registry,
    caller: &Caller,
    name: &RepositoryName,
    action: Action,
) -> Result<Permit, Error> {
    let (rows, caches) = (&*registry.inner.rows, &registry.inner.caches);
    let (repository, fresh) = resolve(registry, caller, name).await?;
    let resource = Resource {
        name,
        repository: repository.as_ref(),
    };
    match registry
        .inner
        .authorizer
        .decide(caller, action, &resource)
        .await?
    {
        Decision::Allow(allowed) => {
            if let (true, Some(found)) = (fresh, &repository) {
                caches.remember(rows, &caller.id, found).await?;
            }
            Ok(permit(caller, name, repository.map(|it| it.id), allowed))
        }
        Decision::Deny(denial) => {
            caches.forget(&caller.id, name);
            Err(refusal(caller, name, action, denial))
        }
    }
}

/// The repository of a name, and whether it was asked of the store just now.
async fn resolve(
    registry: &Registry,
    caller: &Caller,
    name: &RepositoryName,
) -> Result<(Option<Repository>, bool), Error> {
    let rows = &*registry.inner.rows;
    match registry.inner.caches.known(rows, &caller.id, name).await? {
        Some(known) => Ok((Some(known), false)),
        None => Ok((rows.find_repository(name).await?, true)),
    }
}

fn permit(
    caller: &Caller,
    name: &RepositoryName,
    repository: Option<RepositoryId>,
    allowed: Allowed,
) -> Permit {
    let view = match repository {
        Some(id) => View::Repository(id),
        None => View::New(NewName {
            name: name.clone(),
            parent: allowed.parent,
            caller: caller.id.clone(),
        }),
    };
    Permit {
        view,
        fence: allowed.fence,
    }
}

fn refusal(caller: &Caller, name: &RepositoryName, action: Action, denial: Denial) -> Error {
    match denial.kind {
        DenialKind::Scope => Error::ScopeLacking {
            explanation: denial.explanation,
        },
        DenialKind::Permission if caller.id.is_anonymous() => Error::SignIn {
            wanted: wanted(name, action),
        },
        DenialKind::Permission => Error::Denied {
            explanation: denial.explanation,
        },
    }
}

/// What a token must list one of.
fn within(action: Action) -> RepositoryActions {
    match action {
        Action::Pull => RepositoryActions::PULL,
        Action::Push => RepositoryActions::PUSH,
        Action::Head => RepositoryActions::PULL | RepositoryActions::PUSH,
        Action::Delete => RepositoryActions::DELETE,
    }
}

/// What a client is told to ask for.
fn wanted(name: &RepositoryName, action: Action) -> Wanted {
    let actions = match action {
        Action::Pull | Action::Head => RepositoryActions::PULL,
        // Whoever pushes looks first, and a token is asked for once.
        Action::Push => RepositoryActions::PULL | RepositoryActions::PUSH,
        Action::Delete => RepositoryActions::DELETE,
    };
    Wanted::Repository {
        name: name.clone(),
        actions,
    }
}
