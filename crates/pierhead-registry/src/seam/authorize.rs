//! What a caller may do.

use std::fmt;

use async_trait::async_trait;
use pierhead_model::RepositoryName;
use pierhead_storage::{Fence, ParentId, Repository, RepositoryStore, Source, StoreError};

use super::Caller;

/// Rows that [`visible_where`] reads at a time, at least.
const LOOKED_AT: usize = 64;

/// Decides what a caller may do. Default deny: what is not allowed is refused.
///
/// Implement it under `#[async_trait]`, which is in the prelude of `pierhead`:
///
/// ```
/// # use async_trait::async_trait;
/// # use pierhead_model::RepositoryName;
/// # use pierhead_registry::{Action, Allowed, Authorizer, AuthorizerError, Caller, Decision};
/// # use pierhead_registry::{Denial, DenialKind, Resource};
/// #[derive(Debug)]
/// struct OnlyPulls;
///
/// #[async_trait]
/// impl Authorizer for OnlyPulls {
///     async fn decide(
///         &self,
///         _: &Caller,
///         action: Action,
///         _: &Resource<'_>,
///     ) -> Result<Decision, AuthorizerError> {
///         Ok(match action {
///             Action::Pull | Action::Head => Decision::Allow(Allowed::default()),
///             _ => Decision::Deny(Denial {
///                 kind: DenialKind::Permission,
///                 explanation: None,
///             }),
///         })
///     }
///
///     async fn visible(
///         &self,
///         _: &Caller,
///         _: Option<&str>,
///         _: usize,
///     ) -> Result<Vec<RepositoryName>, AuthorizerError> {
///         Ok(Vec::new())
///     }
/// }
/// ```
#[async_trait]
pub trait Authorizer: fmt::Debug + Send + Sync + 'static {
    /// Decides one action on one name. An allowed decision carries the versions it rested on; a
    /// mutating call compares them again when it commits, and asks anew if one has moved.
    ///
    /// An absent name that is allowed is *new* to this caller: it answers like an empty repository,
    /// which is 404 to who pulls. So where something may be hidden from a caller, refuse them absent
    /// names there, too, in the same words: a hidden name among allowed ones shows by its refusal.
    ///
    /// A commit whose versions have moved is decided anew, four times at most; then it answers
    /// [`Error::Busy`](crate::Error::Busy), which is 503 with `Retry-After` over HTTP. A mount
    /// compares the versions of both allowances, of the repository it writes to and of its source.
    ///
    /// # Errors
    /// When it cannot be decided now; that is an outage, never a refusal.
    async fn decide(
        &self,
        caller: &Caller,
        action: Action,
        resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError>;

    /// Why this caller may not ask for a listing at all, whatever is in it; asked before their
    /// token's list is looked at. Nobody is refused unless an implementation says so.
    async fn refuses_catalog(&self, caller: &Caller) -> Result<Option<Denial>, AuthorizerError> {
        let _ = caller;
        Ok(None)
    }

    /// The names of repositories this caller may see, in order, after `after`, at most `limit`.
    /// Fewer than `limit` say that there are no more. `limit` may be one above the page that was
    /// asked for, to learn whether another one follows.
    ///
    /// # Errors
    /// When it cannot be told now; that is an outage, never an empty list.
    async fn visible(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError>;
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Read manifests, blobs, tags, referrers; be the source of a mount.
    Pull,
    /// Every request of an upload, mount into, put a manifest.
    Push,
    /// Ask whether a manifest or a blob is there: whoever may pull or push may ask.
    Head,
    /// Delete a tag, a manifest, a blob link.
    Delete,
}

/// What it is asked of.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// The name as requested.
    pub name: &'a RepositoryName,
    /// The repository of that name, if there is one.
    pub repository: Option<&'a Repository>,
}

/// What was decided.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Go on.
    Allow(Allowed),
    /// No.
    Deny(Denial),
}

/// An allowance and what it rested on.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// The versions that must still stand when something is committed.
    pub fence: Fence,
    /// What a repository of a new name is created under: a number of the embedder's, such as that of
    /// a group, which [`Repository::parent`] then keeps. The versions of
    /// [`ScopeId::parent`](pierhead_storage::ScopeId::parent) go by it.
    pub parent: Option<ParentId>,
}

/// A refusal. Absent and forbidden must be refused alike.
#[derive(Clone, Debug)]
pub struct Denial {
    /// Which kind.
    pub kind: DenialKind,
    /// Rule and remedy, only when this caller may know them.
    pub explanation: Option<Explanation>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenialKind {
    /// The permissions refuse. The anonymous caller is asked to sign in instead.
    Permission,
    /// The credential lacks a scope for such a request, whatever the name.
    Scope,
}

/// Words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Which rule refused, lower-case.
    pub rule: String,
    /// What to do about it.
    pub remedy: String,
}

/// It cannot be decided now.
#[derive(Clone, Debug, thiserror::Error)]
#[error("permissions cannot be checked now")]
pub struct AuthorizerError(#[source] pub Source);

impl AuthorizerError {
    /// An outage of whatever the decision is made from.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Source::from(source.into()))
    }
}

impl From<StoreError> for AuthorizerError {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}

/// For [`Authorizer::visible`]: the names of those repositories that `keep` lets through, in order,
/// after `after`, at most `limit`. It reads every repository's row up to the last one it returns: an
/// application with very many of them and few for each caller asks its own index instead.
///
/// # Errors
/// When the store cannot answer.
pub async fn visible_where(
    rows: &dyn RepositoryStore,
    after: Option<&str>,
    limit: usize,
    mut keep: impl FnMut(&Repository) -> bool + Send,
) -> Result<Vec<RepositoryName>, AuthorizerError> {
    let mut names = Vec::new();
    let mut after = after.map(str::to_owned);
    let most = limit.max(LOOKED_AT);
    while names.len() < limit {
        let page = rows.repositories(after.as_deref(), most).await?;
        after = page.last().map(|last| last.name.to_string());
        let is_last = page.len() < most;
        let kept = page.into_iter().filter(|repository| keep(repository));
        let room = limit - names.len();
        names.extend(kept.map(|repository| repository.name).take(room));
        if is_last {
            break;
        }
    }
    Ok(names)
}
