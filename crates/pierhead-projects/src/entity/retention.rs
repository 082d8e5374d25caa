//! Former versions of tags: which may go, and taking them away. What goes is the registry's
//! [`RetentionRule`] to say.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pierhead_policy::{Action, EntityId};
use pierhead_registry::{RetentionRule, Retirable};
use pierhead_storage::{Fence, Permit, RepositoryId, RepositoryStore, View};

use crate::actor::{Actor, Standing};
use crate::change::{Change, Recorded};
use crate::entity::view::CHUNK;
use crate::error::ProjectsError;
use crate::projects::{Projects, until_settled};
use crate::record::TargetRecord;

/// What a round of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// How many repositories something was taken from.
    pub repositories: u64,
    /// How many manifests are gone.
    pub manifests: u64,
}

/// A repository, and what of it may go.
struct Plan {
    who: Standing,
    target: TargetRecord,
    retirable: Vec<Retirable>,
}

impl Projects {
    /// What a rule lets go of a repository as it is now. A project has none.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] for who may not delete there.
    pub async fn retirable(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
    ) -> Result<Vec<Retirable>, ProjectsError> {
        let plan = until_settled!(self.plan(actor, id, rule));
        Ok(plan?.retirable)
    }

    /// Takes away what a rule lets go of a repository, and says what that was. Its blobs go with a
    /// later collection. Dropped at any point it has taken some of it.
    ///
    /// # Errors
    /// As for [`Projects::retirable`]; [`ProjectsError::Busy`] when pushes never paused.
    pub async fn retire(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
    ) -> Result<Vec<Retirable>, ProjectsError> {
        let gone = Mutex::new(Vec::new());
        until_settled!(async {
            let Plan {
                who,
                target,
                retirable,
            } = self.plan(actor, id, rule).await?;
            if retirable.is_empty() {
                return Ok(());
            }
            let permitted = self.permit(&who, Action::Delete, &target.as_entity())?;
            let mut expect = target.versions.clone();
            expect.extend(who.versions());
            // Written down before it is done: what is taken in steps may end in between.
            let change = Change::Retire {
                repository: id,
                rule: *rule,
                manifests: retirable.len(),
            };
            let mut changes = vec![Recorded::new(change)];
            changes.extend(permitted.record(Action::Delete, target.entity()));
            self.commit(actor, expect.clone(), changes).await?;
            let permit = Permit {
                view: View::Repository(RepositoryId(id.get())),
                fence: Fence(expect),
            };
            let now = self.inner.clock.now();
            let told = |it: Retirable| gone.lock().push(it);
            Ok(rule.apply(self.rows(), &permit, now, &told).await?)
        })?;
        Ok(gone.into_inner())
    }

    /// Takes away what a rule lets go of every repository that is not in the trash. Dropped at any
    /// point it leaves the rest to the next round.
    ///
    /// # Errors
    /// When the store cannot answer, or something of a repository could not be taken; the others are
    /// gone through all the same.
    pub async fn retire_all(&self, rule: &RetentionRule) -> Result<Retired, ProjectsError> {
        let actor = Actor::system("retention");
        let mut retired = Retired::default();
        let mut failed = None;
        let mut after: Option<String> = None;
        loop {
            let chunk = self.rows().repositories(after.as_deref(), CHUNK).await?;
            for repository in &chunk {
                let Some(id) = EntityId::new(repository.id.0) else {
                    continue;
                };
                match self.retire(&actor, id, rule).await {
                    Ok(gone) if gone.is_empty() => {}
                    Ok(gone) => {
                        retired.repositories += 1;
                        retired.manifests += gone.len() as u64;
                    }
                    // What is in the trash keeps everything; it may be gone by now, too.
                    Err(ProjectsError::Refused { .. }) => {}
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            match chunk.last().filter(|_| chunk.len() == CHUNK) {
                Some(last) => after = Some(last.name.to_string()),
                None => break,
            }
        }
        failed.map_or(Ok(retired), Err)
    }

    /// Retires for ever, and tells `report` of every round: a future that its owner runs beside the
    /// service and drops to end it.
    pub async fn retention_keeper(
        &self,
        rule: RetentionRule,
        every: Duration,
        mut report: impl FnMut(Result<Retired, ProjectsError>) + Send,
    ) {
        loop {
            self.inner.clock.sleep(every).await;
            report(self.retire_all(&rule).await);
        }
    }

    async fn plan(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
    ) -> Result<Plan, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        // A project holds nothing itself; who might delete in it is told so, everybody else nothing.
        let action = match target.repository {
            Some(_) => Action::Delete,
            None => Action::Trash,
        };
        self.permit(&who, action, &target.as_entity())?;
        let mut retirable = Vec::new();
        if target.repository.is_some() {
            let view = View::Repository(RepositoryId(id.get()));
            let inventory = self.rows().inventory(&view).await?;
            retirable = rule.retirable(&inventory, self.inner.clock.now());
        }
        Ok(Plan {
            who,
            target,
            retirable,
        })
    }

    fn rows(&self) -> &dyn RepositoryStore {
        Arc::as_ref(&self.inner.facts.repositories)
    }
}
