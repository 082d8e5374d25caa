//! The trash can: marking and unmarking. What it does to decisions is the policy's.

use pierhead_policy::{Action, Decision, EntityId, PrincipalId, TrashMark, decide};
use serde_json::json;

use crate::change::{Actor, Change, Recorded};
use crate::error::ProjectsError;
use crate::projects::{Projects, absent, all_scopes, allowed, until_settled};
use crate::share::present;

impl Projects {
    /// Puts a project or a repository into the trash can: from the next request on everything about
    /// it is refused, operators included. A mark that is there already stays.
    pub async fn trash(&self, actor: &Actor, entity: EntityId) -> Result<(), ProjectsError> {
        self.mark(actor, entity, Action::Trash).await
    }

    /// Takes a project or a repository out of the trash can, with the list it had.
    pub async fn restore(&self, actor: &Actor, entity: EntityId) -> Result<(), ProjectsError> {
        self.mark(actor, entity, Action::Restore).await
    }

    async fn mark(
        &self,
        actor: &Actor,
        entity: EntityId,
        action: Action,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let acting = self.acting(actor).await?;
            let target = self.entity(entity).await?;
            let mut expect = target.versions.clone();
            if let Some(acting) = &acting {
                let policy = &self.options().policy;
                let decision = decide(policy, &all_scopes(acting), action, &target.as_entity());
                if let Decision::Allow {
                    unchanged: true, ..
                } = decision
                {
                    return Ok(());
                }
                allowed(decision)?;
                expect.extend(acting.versions.iter().copied());
            }
            let (which, ..) = present(&target)?;
            let before = mark_of(&target);
            let change = match (action, before) {
                (Action::Trash, None) => {
                    // Nobody restores by having trashed what the server itself put there.
                    let by = actor.who.unwrap_or(PrincipalId::ANONYMOUS);
                    Recorded::new(Change::SetTrash {
                        entity: which,
                        by: Some(by),
                    })
                }
                (Action::Restore, Some(mark)) => Recorded::replacing(
                    Change::SetTrash {
                        entity: which,
                        by: None,
                    },
                    &json!({ "by": mark.by.get() }),
                ),
                (Action::Trash, Some(_)) => return Ok(()),
                _ => return Err(absent()),
            };
            Ok(self.commit(actor, expect, vec![change]).await?)
        })
    }
}

fn mark_of(target: &crate::record::TargetRecord) -> Option<TrashMark> {
    match &target.repository {
        Some(repository) => repository.trashed,
        None => target.project.as_ref()?.trashed,
    }
}
