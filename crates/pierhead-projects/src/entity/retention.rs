//! Former versions of tags: which may go, and taking them away. What goes is the registry's
//! [`RetentionRule`] to say.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use pierhead_policy::{Action, EntityId};
use pierhead_registry::{RetentionRule, Retirable};
use pierhead_storage::{RepositoryId, RepositoryStore, StoreError, View};

use crate::actor::{Actor, Permitted, RoleUse, Standing};
use crate::change::{Change, Recorded};
use crate::entity::view::{CHUNK, Listed};
use crate::error::ProjectsError;
use crate::projects::{Inner, Projects, until_settled};
use crate::record::TargetRecord;

/// How long after its start a server looks for the first time.
const SOON: Duration = Duration::from_secs(600);

/// How often it is decided anew when the repository changes before anything could be taken.
const ROUNDS: usize = 8;

/// What a rule lets go of a repository, and of which state that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetirePlan {
    /// What may go.
    pub manifests: Vec<Retirable>,
    /// The repository's `content` counter then.
    pub content: u64,
    /// When that was.
    pub at: SystemTime,
}

/// What a round of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// How many repositories something was taken from.
    pub repositories: u64,
    /// How many manifests are gone.
    pub manifests: u64,
}

/// A repository as it was decided about.
struct Decided {
    who: Standing,
    target: TargetRecord,
    permitted: Permitted,
    content: u64,
    batches: Vec<Vec<Retirable>>,
}

impl Projects {
    /// What a rule lets go of a repository as it is now. A project has none, nor has a reference. One repository at a
    /// time is looked at: it may hold much.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] for who may not see it, or not delete there;
    /// [`ProjectsError::Busy`] while another is looked at.
    pub async fn retirable(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
    ) -> Result<RetirePlan, ProjectsError> {
        let at = self.inner.clock.now();
        let decided = until_settled!(self.decide_what_goes(actor, id, rule, at))?;
        let used = RoleUse {
            entity: decided.target.entity(),
            ..RoleUse::of(Action::Delete.name())
        };
        let by_role = decided.permitted.by_role;
        self.shown_by_role(actor, by_role, used).await?;
        Ok(RetirePlan {
            manifests: decided.batches.concat(),
            content: decided.content,
            at,
        })
    }

    /// Takes away what a rule lets go of a repository, and says what that was; not all of it when
    /// the repository went on changing. Its blobs go with a later collection. With a plan, nothing
    /// but what that says, and only if nothing has changed since. Dropped at any point it has taken
    /// some of it, each with its audit row.
    ///
    /// # Errors
    /// As for [`Projects::retirable`]; [`ProjectsError::StaleEtag`] when the plan does not hold any
    /// more.
    pub async fn retire(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
        plan: Option<(u64, SystemTime)>,
    ) -> Result<Listed<Retirable>, ProjectsError> {
        let now = self.inner.clock.now();
        let at = plan.map_or(now, |(_, at)| at.min(now));
        let mut gone = Vec::new();
        let mut idle = 0;
        'rounds: while idle < ROUNDS {
            idle += 1;
            let decided = match self.decide_what_goes(actor, id, rule, at).await {
                Err(ProjectsError::Busy) => continue,
                decided => decided?,
            };
            let mut seen = decided.content;
            if plan.is_some_and(|(content, _)| content != seen) {
                return Err(ProjectsError::StaleEtag);
            }
            for batch in &decided.batches {
                let overtaken = match self.take(actor, id, rule, &decided, batch, seen).await {
                    Ok(()) => {
                        gone.extend(batch.iter().cloned());
                        (idle, seen) = (0, seen + 1);
                        // One step on is this change's; further, and something else has changed.
                        self.content(id).await? != seen
                    }
                    Err(StoreError::Stale) => true,
                    Err(error) => return Err(error.into()),
                };
                // A plan that was begun is not decided anew.
                if overtaken && plan.is_some() && !gone.is_empty() {
                    break 'rounds;
                }
                if overtaken {
                    continue 'rounds;
                }
            }
            return Ok(Listed {
                items: gone,
                more: false,
            });
        }
        if gone.is_empty() {
            return Err(ProjectsError::Busy);
        }
        Ok(Listed {
            items: gone,
            more: true,
        })
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
                match self.retire(&actor, id, rule, None).await {
                    Ok(gone) => {
                        retired.repositories += u64::from(!gone.items.is_empty());
                        retired.manifests += gone.items.len() as u64;
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

    /// Retires for ever, soon for the first time, and tells `report` of every round: a future that
    /// its owner runs beside the service and drops to end it.
    pub async fn retention_keeper(
        &self,
        rule: RetentionRule,
        every: Duration,
        mut report: impl FnMut(Result<Retired, ProjectsError>) + Send,
    ) {
        let mut pause = every.min(SOON);
        loop {
            self.inner.clock.sleep(pause).await;
            report(self.retire_all(&rule).await);
            pause = every;
        }
    }

    async fn decide_what_goes(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
        at: SystemTime,
    ) -> Result<Decided, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        // What goes is told by tag and digest.
        self.permit(&who, Action::See, &target.as_entity())?;
        // A project, or a reference, holds nothing itself; who might delete in it is told so.
        let action = match target.managed() {
            Some(_) => Action::Delete,
            None => Action::Trash,
        };
        let permitted = self.permit(&who, action, &target.as_entity())?;
        let (mut content, mut batches) = (0, Vec::new());
        if target.managed().is_some() {
            let _one = One::at_a_time(&self.inner).ok_or(ProjectsError::Busy)?;
            let view = View::Repository(RepositoryId(id.get()));
            let inventory = self.rows().inventory(&view).await?;
            content = inventory.content;
            batches = rule.retirable(&inventory, at);
        }
        Ok(Decided {
            who,
            target,
            permitted,
            content,
            batches,
        })
    }

    /// Takes a batch, with its audit row, if nothing has changed since that was decided.
    async fn take(
        &self,
        actor: &Actor,
        id: EntityId,
        rule: &RetentionRule,
        decided: &Decided,
        batch: &[Retirable],
        seen: u64,
    ) -> Result<(), StoreError> {
        let change = Change::Retire {
            repository: id,
            rule: *rule,
            seen,
            manifests: batch.to_vec(),
        };
        let mut changes = vec![Recorded::new(change)];
        let used = decided.permitted;
        changes.extend(used.record(Action::Delete, decided.target.entity()));
        let mut expect = decided.target.versions.clone();
        expect.extend(decided.who.versions());
        self.commit(actor, expect, changes).await
    }

    fn rows(&self) -> &dyn RepositoryStore {
        Arc::as_ref(&self.inner.facts.repositories)
    }
}

/// The one look at a repository's inventory that is under way.
struct One<'a>(&'a Inner);

impl<'a> One<'a> {
    fn at_a_time(inner: &'a Inner) -> Option<Self> {
        let taken = inner.looking.swap(true, Ordering::AcqRel);
        (!taken).then_some(Self(inner))
    }
}

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}
