//! The two plainest authorizers.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_model::RepositoryName;
use pierhead_storage::RepositoryStore;

use crate::{
    Action, Allowed, Authorizer, AuthorizerError, Caller, Decision, Denial, DenialKind, Resource,
    visible_where,
};

/// Everybody may do everything: for a registry that only trusted callers can reach.
#[derive(Clone, Debug)]
pub struct AllowAll {
    rows: Arc<dyn RepositoryStore>,
}

impl AllowAll {
    /// Lists come from this store.
    pub fn new(repositories: Arc<dyn RepositoryStore>) -> Self {
        Self { rows: repositories }
    }
}

#[async_trait]
impl Authorizer for AllowAll {
    async fn decide(
        &self,
        _caller: &Caller,
        _action: Action,
        _resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        Ok(Decision::Allow(Allowed::default()))
    }

    async fn visible(
        &self,
        _caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        visible_where(&*self.rows, after, limit, |_| true).await
    }
}

/// What stands where no authorizer was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DenyAll;

#[async_trait]
impl Authorizer for DenyAll {
    async fn decide(
        &self,
        _caller: &Caller,
        _action: Action,
        _resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        Ok(Decision::Deny(Denial {
            kind: DenialKind::Permission,
            explanation: None,
        }))
    }

    async fn visible(
        &self,
        _caller: &Caller,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        Ok(Vec::new())
    }
}
