//! Sharing: the list of a project, the local list of a repository.

use std::collections::HashMap;

use pierhead_policy::{
    AccessList, AccountFacts, Action, CallerFacts, EntityId, Identity, Permissions, PrincipalId,
    Scopes, ShareChange, check_share_change, decide,
};

use crate::audit::list_json;
use crate::change::{Actor, Change, EntityRef, Recorded};
use crate::error::ProjectsError;
use crate::projects::{Projects, absent, all_scopes, allowed, until_settled};
use crate::record::{TargetLookup, TargetRecord, Versions};
use crate::survey::{PrincipalKey, SurveyQuery};

/// A sharing list as it was sent: any order, each principal once.
pub type SentList = Vec<(PrincipalId, Permissions)>;

/// What is wanted of the sharing settings of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareRequest {
    /// Give an inheriting repository a list of its own.
    GiveLocal(SentList),
    /// Replace the entity's own list as a whole.
    Replace {
        /// The new list.
        list: SentList,
        /// The entity's etag that was read, if that is to be compared.
        etag: Option<u64>,
    },
    /// Take a repository's own list away, so that it inherits again.
    RemoveLocal,
}

impl Projects {
    /// What there is under a number: a project, or a repository with its project.
    pub async fn entity(&self, id: EntityId) -> Result<TargetRecord, ProjectsError> {
        Ok(self.store().target(&TargetLookup::Entity(id)).await?)
    }

    /// Changes the sharing settings of a project or a repository; counts from the next request.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] when the actor may not, [`ProjectsError::Share`] and
    /// [`ProjectsError::List`] when the list may not be so.
    pub async fn share(
        &self,
        actor: &Actor,
        entity: EntityId,
        request: &ShareRequest,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let acting = self.acting(actor).await?;
            let target = self.entity(entity).await?;
            let mut expect = target.versions.clone();
            let policy = &self.options().policy;
            if let Some(acting) = &acting {
                let facts = all_scopes(acting);
                allowed(decide(
                    policy,
                    &facts,
                    Action::ChangeSharing,
                    &target.as_entity(),
                ))?;
                expect.extend(acting.versions.iter().copied());
            }
            let (which, before, etag) = present(&target)?;
            let sent = match request {
                ShareRequest::GiveLocal(list) | ShareRequest::Replace { list, .. } => Some(list),
                ShareRequest::RemoveLocal => None,
            };
            let people = self.people(sent).await?;
            expect.extend(people.versions);
            let known = people.active;
            let list = match sent {
                Some(sent) => Some(AccessList::checked(
                    sent.iter().copied(),
                    policy,
                    |principal| known.contains_key(&principal),
                )?),
                None => None,
            };
            let change = match (request, &list) {
                (ShareRequest::GiveLocal(_), Some(list)) => ShareChange::GiveLocal { list },
                (ShareRequest::Replace { etag: read, .. }, Some(list)) => ShareChange::Replace {
                    list,
                    etag_is_current: read.is_none_or(|read| read == etag),
                },
                _ => ShareChange::RemoveLocal,
            };
            let active = |principal| known.get(&principal).copied().unwrap_or(false);
            let facts = acting.as_ref().map_or(SERVER, all_scopes);
            check_share_change(policy, &facts, &target.as_entity(), &change, active)?;
            let change = Change::SetList {
                entity: which,
                list,
            };
            let recorded = match before {
                Some(before) => Recorded::replacing(change, &list_json(before)),
                None => Recorded::new(change),
            };
            Ok(self.commit(actor, expect, vec![recorded]).await?)
        })
    }

    async fn people(&self, sent: Option<&SentList>) -> Result<People, ProjectsError> {
        let ids: Vec<PrincipalId> = sent.into_iter().flatten().map(|(id, _)| *id).collect();
        let principals = ids.iter().map(|id| PrincipalKey::Id(*id)).collect();
        let survey = self.survey(SurveyQuery::of(principals)).await?;
        let found = survey.principals.iter().flatten();
        let active = found.map(|found| (found.id(), found.is_active())).collect();
        Ok(People {
            active,
            versions: survey.versions,
        })
    }
}

/// Users and teams that a list names: who is known, and whether they are active.
struct People {
    active: HashMap<PrincipalId, bool>,
    versions: Versions,
}

/// The server itself is bound by the rules about lists, and not by those about who asks.
const SERVER: CallerFacts<'static> = CallerFacts {
    identity: Identity::Account(AccountFacts {
        id: PrincipalId::ANONYMOUS,
        teams: &[],
        certified: true,
        operator: true,
    }),
    scopes: Scopes::ALL,
};

/// What is there, its own list and its etag.
pub(crate) fn present(
    target: &TargetRecord,
) -> Result<(EntityRef, Option<&AccessList>, u64), ProjectsError> {
    match (&target.repository, &target.project) {
        (Some(found), Some(_)) => Ok((
            EntityRef::Repository(found.id),
            found.own_list.as_ref(),
            found.etag,
        )),
        (None, Some(found)) => Ok((EntityRef::Project(found.id), Some(&found.list), found.etag)),
        _ => Err(absent()),
    }
}
