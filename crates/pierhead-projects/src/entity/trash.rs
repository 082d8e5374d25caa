//! The trash can: putting in, taking out, looking in, emptying. What a mark does to decisions is
//! the policy's.

use std::time::{Duration, SystemTime};

use pierhead_policy::{Action, EntityId, PrincipalId, RequestKind, Scopes, TrashMark, TrashState};
use pierhead_storage::StoreError;
use serde_json::json;

use crate::actor::{Actor, RoleUse, Standing};
use crate::change::{Change, Recorded};
use crate::entity::share::present;
use crate::entity::view::{CHUNK, EntityView, MAX_PAGE};
use crate::error::ProjectsError;
use crate::listing::TrashQuery;
use crate::projects::{Projects, absent, until_settled};
use crate::record::{Stamp, TargetRecord};

/// Something in the trash can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashedView {
    /// What it is.
    pub entity: EntityView,
    /// Who put it there, and when.
    pub trashed: Stamp,
}

/// Some of what is in the trash can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrashPage {
    /// How much there is in all.
    pub total: usize,
    /// The page, the latest first.
    pub items: Vec<TrashedView>,
}

/// What a round of emptying did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// How many projects, and repositories of projects that stay, are gone.
    pub entities: u64,
    /// How many sign-in sessions and refresh tokens that had expired.
    pub sessions: u64,
    /// How many invitations, and secrets that were sent by mail, that nobody used in time.
    pub unused: u64,
}

impl Projects {
    /// Puts a project or a repository into the trash can: from the next request on everything about
    /// it is refused, operators included. A mark that is there already stays.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`].
    pub async fn trash(&self, actor: &Actor, entity: EntityId) -> Result<(), ProjectsError> {
        self.mark(actor, entity, Action::Trash).await
    }

    /// Takes a project or a repository out of the trash can, with the list it had.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`].
    pub async fn restore(&self, actor: &Actor, entity: EntityId) -> Result<(), ProjectsError> {
        self.mark(actor, entity, Action::Restore).await
    }

    /// Takes what is in the trash can away for good: its name is free, and nothing of it is left but
    /// its record. The bytes that nobody else links go with a later collection.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`].
    pub async fn purge(&self, actor: &Actor, entity: EntityId) -> Result<(), ProjectsError> {
        self.mark(actor, entity, Action::Purge).await
    }

    /// What the actor could restore, from `offset` on, at most `limit`.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] by the credential's scopes.
    pub async fn trash_can(
        &self,
        actor: &Actor,
        offset: usize,
        limit: usize,
    ) -> Result<TrashPage, ProjectsError> {
        let who = self.standing(actor).await?;
        who.gate(RequestKind::ManagementRead)?;
        if matches!(who, Standing::Anonymous) {
            return Ok(TrashPage::default());
        }
        // What one could restore does not depend on the token that looks.
        let restorer = match &who {
            Standing::Account {
                record, resolved, ..
            } => Standing::Account {
                record: record.clone(),
                resolved: resolved.clone(),
                scopes: Scopes::ALL,
            },
            other => other.clone(),
        };
        let mut by_role = false;
        let query = TrashQuery {
            restorer: who.id().zip(who.principals()),
            ..TrashQuery::default()
        };
        let page = self.look(&who, query, offset, limit, |target| {
            let asked = target.as_entity();
            let permitted = self.permit(&restorer, Action::Restore, &asked);
            by_role |= permitted.as_ref().is_ok_and(|found| found.by_role);
            !is_covered(target) && permitted.is_ok()
        });
        let page = page.await?;
        let used = RoleUse::of("list");
        self.shown_by_role(actor, by_role, used).await?;
        Ok(page)
    }

    /// What of a project was put into the trash can itself, whether or not the project is there.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`].
    pub async fn trash_of(
        &self,
        actor: &Actor,
        project: EntityId,
        offset: usize,
        limit: usize,
    ) -> Result<TrashPage, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(project).await?;
        // A repository has none of its own; row 14 says all the same who may hear that.
        let action = match target.repository {
            Some(_) => Action::Audit,
            None => Action::ListTrash,
        };
        self.permit_read(actor, &who, action, &target.as_entity(), &target)
            .await?;
        present(&target)?;
        let query = TrashQuery {
            project: Some(project),
            ..TrashQuery::default()
        };
        self.look(&who, query, offset, limit, |_| true).await
    }

    /// Purges what has been in the trash can for its time, and forgets sessions, refresh tokens,
    /// invitations and secrets sent by mail that have expired.
    /// Dropped at any point it leaves the rest to the next round.
    ///
    /// # Errors
    /// When the store cannot answer, or could not purge something; the rest is purged all the same.
    pub async fn empty_trash(&self) -> Result<Purged, ProjectsError> {
        let now = self.inner.clock.now();
        let actor = Actor::system("trash can");
        let mut purged = Purged::default();
        let mut failed = None;
        let until = now.checked_sub(self.options().trash_keep);
        let mut query = TrashQuery {
            until: Some(until.unwrap_or(SystemTime::UNIX_EPOCH)),
            limit: CHUNK,
            ..TrashQuery::default()
        };
        loop {
            let chunk = self.store().trashed(&query).await?;
            // What a trashed project covers goes with it, or stays as long as it does.
            for target in chunk.iter().filter(|target| !is_covered(target)) {
                let change = Recorded::replacing(
                    Change::Purge {
                        entity: present(target)?.0,
                    },
                    &before_purge(target),
                );
                // The fence: what was restored meanwhile stays.
                match self
                    .commit(&actor, target.versions.clone(), vec![change])
                    .await
                {
                    Ok(()) => purged.entities += 1,
                    Err(StoreError::Stale) => {}
                    // It keeps nothing else waiting, and is tried again in the next round.
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            match chunk.last().filter(|_| chunk.len() == CHUNK) {
                Some(last) => query.after = Some(marked_at(last)?),
                None => break,
            }
        }
        loop {
            let removed = self.store().remove_sessions(now, CHUNK).await?;
            purged.sessions += removed;
            if removed < CHUNK as u64 {
                break;
            }
        }
        loop {
            let removed = self.store().remove_ended(now, CHUNK).await?;
            purged.unused += removed;
            if removed < CHUNK as u64 {
                break;
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(purged),
        }
    }

    /// Empties the trash can for ever, and tells `report` of every round: a future that its owner
    /// runs beside the service and drops to end it.
    pub async fn trash_emptier(
        &self,
        every: Duration,
        mut report: impl FnMut(Result<Purged, ProjectsError>) + Send,
    ) {
        loop {
            self.inner.clock.sleep(every).await;
            report(self.empty_trash().await);
        }
    }

    async fn mark(
        &self,
        actor: &Actor,
        entity: EntityId,
        action: Action,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            let target = self.entity(entity).await?;
            let permitted = self.permit(&who, action, &target.as_entity())?;
            if permitted.unchanged {
                return Ok(());
            }
            let (entity, ..) = present(&target)?;
            let change = match (action, mark_of(&target)) {
                (Action::Trash, None) => {
                    // Nobody restores by having trashed what the server itself put there.
                    let by = Some(who.id().unwrap_or(PrincipalId::ANONYMOUS));
                    Recorded::new(Change::SetTrash { entity, by })
                }
                (Action::Trash, Some(_)) => return Ok(()),
                (Action::Restore, Some(mark)) => Recorded::replacing(
                    Change::SetTrash { entity, by: None },
                    &json!({ "by": mark.by.get() }),
                ),
                (Action::Purge, Some(_)) => {
                    Recorded::replacing(Change::Purge { entity }, &before_purge(&target))
                }
                _ => return Err(absent()),
            };
            let mut changes = vec![change];
            changes.extend(permitted.record(action, target.entity()));
            let mut expect = target.versions.clone();
            expect.extend(who.versions());
            Ok(self.commit(actor, expect, changes).await?)
        })
    }

    /// A page of the trashed entities that pass.
    async fn look(
        &self,
        who: &Standing,
        mut query: TrashQuery,
        offset: usize,
        limit: usize,
        mut passes: impl FnMut(&TargetRecord) -> bool + Send,
    ) -> Result<TrashPage, ProjectsError> {
        query.limit = CHUNK;
        let limit = limit.min(MAX_PAGE);
        let mut page = TrashPage::default();
        loop {
            let chunk = self.store().trashed(&query).await?;
            for target in chunk.iter().filter(|target| passes(target)) {
                if page.total >= offset && page.items.len() < limit {
                    let by = mark_of(target).map(|mark| mark.by);
                    page.items.push(TrashedView {
                        entity: EntityView::of(target, who)?,
                        trashed: Stamp {
                            at: marked_at(target)?.0,
                            by: by.filter(|by| *by != PrincipalId::ANONYMOUS),
                        },
                    });
                }
                page.total += 1;
            }
            match chunk.last().filter(|_| chunk.len() == CHUNK) {
                Some(last) => query.after = Some(marked_at(last)?),
                None => return Ok(page),
            }
        }
    }
}

fn is_covered(target: &TargetRecord) -> bool {
    matches!(
        target.as_entity().trash_state(),
        TrashState::CoveredByProject | TrashState::OwnAndCovered
    )
}

fn mark_of(target: &TargetRecord) -> Option<TrashMark> {
    match &target.repository {
        Some(repository) => repository.trashed,
        None => target.project.as_ref()?.trashed,
    }
}

fn marked_at(target: &TargetRecord) -> Result<(SystemTime, EntityId), ProjectsError> {
    let at = target.about().and_then(|about| about.trashed_at);
    at.zip(target.entity()).ok_or_else(absent)
}

/// What the record keeps of something that is gone.
fn before_purge(target: &TargetRecord) -> serde_json::Value {
    let name = match (&target.repository, &target.project) {
        (Some(found), _) => Some(&found.name),
        (None, Some(found)) => Some(&found.name),
        (None, None) => None,
    };
    json!({ "name": name, "by": mark_of(target).map(|mark| mark.by.get()) })
}
