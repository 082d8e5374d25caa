//! What a caller may do: the registry's questions, answered by the policy.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_model::RepositoryName;
use pierhead_policy::{self as policy, CallerFacts, Reason, Scopes, scope_gate};
use pierhead_registry::{
    Action, Allowed, Authorizer, AuthorizerError, Caller, Decision, Denial, DenialKind,
    Explanation, Resource,
};
use pierhead_storage::{Fence, ParentId, StoreError};

use crate::actor::{Actor, RoleUse, principals};
use crate::change::{Batch, Recorded};
use crate::directory::Resolved;
use crate::entity::view::MIN_CHUNK;
use crate::listing::CatalogQuery;
use crate::people::sign_in::USE_PRECISION;
use crate::projects::Inner;
use crate::record::CallerRecord;
use crate::seam::authenticate::CallerExtra;
use crate::seam::facts::{Access, What};

/// How many repositories are looked at in one read while listing: a page, and whether it is the last.
const CHUNK: usize = 1_024;

/// Decides by projects, lists, certification and trash.
///
/// Absent, forbidden, trashed and missing projects take the same reads and give the same answer;
/// only who may know is told the rule and the remedy.
#[derive(Clone, Debug)]
pub struct ProjectAuthorizer {
    pub(crate) inner: Arc<Inner>,
}

#[async_trait]
impl Authorizer for ProjectAuthorizer {
    async fn decide(
        &self,
        caller: &Caller,
        action: Action,
        resource: &Resource<'_>,
    ) -> Result<Decision, AuthorizerError> {
        let refused = |reason| Decision::Deny(self.inner.denial(DenialKind::Permission, reason));
        let (Some(action), Ok(extra)) = (in_policy(action), known(caller)) else {
            return Ok(refused(None));
        };
        let (decision, access) = self
            .inner
            .decide(extra, action, resource)
            .await
            .map_err(unavailable)?;
        if let (Judged::Allowed { by_role: true }, Some(extra)) = (decision, extra) {
            let used = RoleUse {
                entity: access.target.entity(),
                name: Some(resource.name.clone()),
                ..RoleUse::of(action.name())
            };
            let actor = Actor::in_registry(extra.account);
            self.inner.record(&actor, used).await.map_err(unavailable)?;
        }
        Ok(match decision {
            Judged::Allowed { .. } => Decision::Allow(Allowed {
                fence: access.fence(),
                parent: match resource.repository {
                    Some(_) => None,
                    None => access
                        .target
                        .project
                        .as_ref()
                        .map(|found| ParentId(found.id.get())),
                },
            }),
            Judged::ScopeLacks(reason) => {
                Decision::Deny(self.inner.denial(DenialKind::Scope, Some(reason)))
            }
            Judged::Refused(reason) => refused(reason),
        })
    }

    async fn refuses_catalog(&self, caller: &Caller) -> Result<Option<Denial>, AuthorizerError> {
        let Ok(Some(extra)) = known(caller) else {
            return Ok(None);
        };
        let gate = scope_gate(policy::RequestKind::ManagementRead, extra.scopes);
        Ok(gate.err().map(|scope| {
            let reason = Reason::ScopeLacks { scope };
            self.inner.denial(DenialKind::Scope, Some(reason))
        }))
    }

    async fn visible(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, AuthorizerError> {
        match known(caller) {
            Ok(extra) => self
                .inner
                .visible(extra, after, limit)
                .await
                .map_err(unavailable),
            Err(Stranger) => Ok(Vec::new()),
        }
    }
}

/// A caller that another authenticator made. Nothing is known of it, so nothing is allowed.
struct Stranger;

fn known(caller: &Caller) -> Result<Option<CallerExtra>, Stranger> {
    match caller.extra::<CallerExtra>() {
        Some(extra) => Ok(Some(*extra)),
        None if caller.id.is_anonymous() => Ok(None),
        None => Err(Stranger),
    }
}

/// Who calls, as the directory says.
pub(crate) enum Known<'a> {
    Anonymous,
    Account {
        record: &'a CallerRecord,
        resolved: Resolved<'a>,
        scopes: Scopes,
    },
}

impl Known<'_> {
    pub(crate) fn facts(&self) -> CallerFacts<'_> {
        match self {
            Self::Anonymous => CallerFacts::ANONYMOUS,
            Self::Account {
                record,
                resolved,
                scopes,
            } => resolved.facts(record, *scopes),
        }
    }
}

/// What the policy says, as far as the registry and the token endpoint ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Allowed {
        /// Whether the operator's role alone allowed it.
        by_role: bool,
    },
    /// The credential was not made for such requests, whatever they name.
    ScopeLacks(Reason),
    /// With the reason for those who may know it.
    Refused(Option<Reason>),
}

impl Inner {
    /// What there is to know about a caller and a name.
    pub(crate) async fn access(
        &self,
        extra: Option<CallerExtra>,
        resource: &Resource<'_>,
    ) -> Result<Access, StoreError> {
        let what = What {
            project: self.project_of(resource.name),
            name: resource.name.clone(),
            repository: resource.repository.map(|found| found.id),
        };
        self.facts
            .access(extra.map(|extra| (extra.account, extra.credential)), &what)
            .await
    }

    pub(crate) fn project_of(&self, name: &RepositoryName) -> Option<policy::EntityId> {
        self.options
            .ids
            .split(name.as_str())
            .ok()
            .map(|(project, _)| project)
    }

    async fn decide(
        &self,
        extra: Option<CallerExtra>,
        action: policy::Action,
        resource: &Resource<'_>,
    ) -> Result<(Judged, Access), StoreError> {
        let access = self.access(extra, resource).await?;
        Ok((self.judge(extra, action, resource.name, &access), access))
    }

    /// Decides by facts. Pure but for the clock.
    pub(crate) fn judge(
        &self,
        extra: Option<CallerExtra>,
        action: policy::Action,
        name: &RepositoryName,
        access: &Access,
    ) -> Judged {
        let Some(known) = self.known(extra, access.caller.as_deref()) else {
            return Judged::Refused(None);
        };
        let caller = known.facts();
        if let Err(scope) = scope_gate(action.request_kind(), caller.scopes) {
            return Judged::ScopeLacks(Reason::ScopeLacks { scope });
        }
        let target = access.target.as_repository(self.project_of(name).is_some());
        match self.options.policy.decide(&caller, action, &target) {
            policy::Decision::Allow { by, .. } => Judged::Allowed {
                by_role: by == policy::Grant::Operator,
            },
            policy::Decision::Deny {
                reason, may_know, ..
            } => Judged::Refused(may_know.then_some(reason)),
        }
    }

    /// Who calls, by what was read of them just now. `None`: the account or its credential is no
    /// longer good.
    pub(crate) fn known<'a>(
        &self,
        extra: Option<CallerExtra>,
        record: Option<&'a CallerRecord>,
    ) -> Option<Known<'a>> {
        let Some(extra) = extra else {
            return Some(Known::Anonymous);
        };
        let record = record.filter(|record| extra.holds(record, self.clock.now()))?;
        Some(Known::Account {
            record,
            resolved: self.options.directory.resolve(record),
            scopes: extra.scopes,
        })
    }

    /// The names that a caller may see: filtered before paging, in the order of the names.
    async fn visible(
        &self,
        extra: Option<CallerExtra>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, StoreError> {
        let record = match extra {
            None => None,
            Some(extra) => self.facts.caller((extra.account, extra.credential)).await?,
        };
        let Some(known) = self.known(extra, record.as_deref()) else {
            return Ok(Vec::new());
        };
        let caller = known.facts();
        let readers = principals(&caller);
        let mut seen = Vec::new();
        let mut by_role = false;
        let mut after = after.map(str::to_owned);
        while seen.len() < limit {
            let query = CatalogQuery {
                readers: readers.clone(),
                after,
                limit: (limit - seen.len()).clamp(MIN_CHUNK, CHUNK),
            };
            let chunk = self.facts.store.catalog(&query).await?;
            let ended = chunk.len() < query.limit;
            after = chunk.last().map(|(name, _)| name.as_str().to_owned());
            for (name, target) in chunk {
                let target = target.as_repository(self.project_of(&name).is_some());
                let see = policy::Action::See;
                if seen.len() < limit
                    && let policy::Decision::Allow { by, .. } =
                        self.options.policy.decide(&caller, see, &target)
                {
                    by_role |= by == policy::Grant::Operator;
                    seen.push(name);
                }
            }
            if ended {
                break;
            }
        }
        if let (true, Some(extra)) = (by_role, extra) {
            let actor = Actor::in_registry(extra.account);
            self.record(&actor, RoleUse::of("list")).await?;
        }
        Ok(seen)
    }

    /// A refusal, with the reason for those who may know it.
    fn denial(&self, kind: DenialKind, reason: Option<Reason>) -> Denial {
        let levels = self.options.policy.levels();
        let explanation = reason.map(|reason| Explanation {
            rule: reason.rule().to_owned(),
            remedy: reason.remedy(levels).into_owned(),
        });
        Denial { kind, explanation }
    }

    /// Writes down what the operator's role alone allows, before it is done. Who does the same
    /// again within [`USE_PRECISION`] is not written down again: a pull is many requests.
    pub(crate) async fn record(&self, actor: &Actor, used: RoleUse) -> Result<(), StoreError> {
        let at = self.clock.now();
        let key = (actor.id(), used);
        let written = self.role_uses.get(&key).is_some_and(|last| {
            // A clock that went backwards is no reason to write less.
            at.duration_since(last)
                .is_ok_and(|since| since < USE_PRECISION)
        });
        if written {
            return Ok(());
        }
        let change = key.1.change();
        let batch = Batch {
            actor: actor.clone(),
            at,
            expect: Fence::default(),
            changes: vec![Recorded::new(change)],
        };
        self.facts.store.commit(batch).await?;
        self.role_uses.put(key, at);
        Ok(())
    }
}

/// An action as the policy knows it.
fn in_policy(action: Action) -> Option<policy::Action> {
    Some(match action {
        Action::Pull => policy::Action::Pull,
        Action::Push => policy::Action::Push,
        Action::Head => policy::Action::Head,
        Action::Delete => policy::Action::Delete,
        // What this crate does not know it cannot allow.
        _ => return None,
    })
}

fn unavailable(error: StoreError) -> AuthorizerError {
    AuthorizerError(Arc::new(error))
}
