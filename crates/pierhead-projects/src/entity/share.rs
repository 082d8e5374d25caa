//! Sharing: the list of a project, the local list of a repository.

use std::collections::HashMap;

use pierhead_policy::{
    AccessList, Action, EntityId, Permissions, PrincipalId, ShareChange, check_share_change,
};

use crate::actor::Actor;
use crate::audit::list_json;
use crate::change::{Change, EntityRef, Recorded};
use crate::entity::access::ListView;
use crate::entity::etag::{Etag, etag};
use crate::error::ProjectsError;
use crate::projects::{Projects, absent, until_settled};
use crate::record::{TargetRecord, Versions};
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
        etag: Option<Etag>,
    },
    /// Take a repository's own list away, so that it inherits again.
    RemoveLocal,
}

impl Projects {
    /// Changes the sharing settings of a project or a repository; counts from the next request. Gives
    /// the list as it is since, unless the entity inherits.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] when the actor may not, [`ProjectsError::Share`] and
    /// [`ProjectsError::List`] when the list may not be so.
    pub async fn share(
        &self,
        actor: &Actor,
        entity: EntityId,
        request: &ShareRequest,
    ) -> Result<Option<ListView>, ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            let target = self.entity(entity).await?;
            let asked = target.as_entity();
            let permitted = self.permit(&who, Action::ChangeSharing, &asked)?;
            let (which, before, number) = present(&target)?;
            let sent = match request {
                ShareRequest::GiveLocal(list) | ShareRequest::Replace { list, .. } => Some(list),
                ShareRequest::RemoveLocal => None,
            };
            let people = self.people(sent).await?;
            let known = people.active;
            let policy = &*self.options().policy;
            let checked = sent.map(|sent| {
                AccessList::checked(sent.iter().copied(), policy, |principal| {
                    known.contains_key(&principal)
                })
            });
            // Whether there may be a list is said before what is wrong with the one that was sent.
            let (list, wrong) = match checked {
                Some(Ok(list)) => (Some(list), None),
                Some(Err(wrong)) => (Some(AccessList::empty()), Some(wrong)),
                None => (None, None),
            };
            let change = match (request, &list) {
                (ShareRequest::GiveLocal(_), Some(list)) => ShareChange::GiveLocal { list },
                (ShareRequest::Replace { etag: read, .. }, Some(list)) => ShareChange::Replace {
                    list,
                    etag_is_current: read.is_none_or(|read| read == etag(&target, number)),
                },
                _ => ShareChange::RemoveLocal,
            };
            let active = |principal| known.get(&principal).copied().unwrap_or(false);
            let fits = check_share_change(policy, &who.facts(), &asked, &change, active);
            match (fits, wrong) {
                (Ok(()), None) => {}
                (Err(error), None) => return Err(error.into()),
                (Err(error), Some(_)) if error.is_about_the_place() => return Err(error.into()),
                (_, Some(wrong)) => return Err(wrong.into()),
            }
            let since = list
                .clone()
                .zip(target.about())
                .map(|(list, about)| ListView {
                    of: which.id(),
                    created: about.created.at,
                    etag: etag(&target, number + 1),
                    list,
                });
            let change = Change::SetList {
                entity: which,
                list,
                etag: Some(number),
            };
            let mut changes = vec![match before {
                Some(before) => Recorded::replacing(change, &list_json(before)),
                None => Recorded::new(change),
            }];
            changes.extend(permitted.record(Action::ChangeSharing, target.entity()));
            let mut expect = target.versions.clone();
            expect.extend(who.versions());
            expect.extend(people.versions);
            self.commit(actor, expect, changes).await?;
            Ok(since)
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

/// What is there, its own list and its etag.
pub(crate) fn present(
    target: &TargetRecord,
) -> Result<(EntityRef, Option<&AccessList>, u64), ProjectsError> {
    match (&target.repository, &target.project) {
        (Some(found), Some(_)) => Ok((
            if found.external {
                EntityRef::External(found.id)
            } else {
                EntityRef::Repository(found.id)
            },
            found.own_list.as_ref(),
            found.etag,
        )),
        (None, Some(found)) => Ok((EntityRef::Project(found.id), Some(&found.list), found.etag)),
        _ => Err(absent()),
    }
}
