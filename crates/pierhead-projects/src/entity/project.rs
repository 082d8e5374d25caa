//! Projects: making them.

use pierhead_policy::{AccessList, Action, EntityId, PrincipalId, Target};

use crate::actor::{Actor, RoleUse};
use crate::change::{Change, Recorded};
use crate::entity::describe::check_description;
use crate::error::ProjectsError;
use crate::people::name::is_plain;
use crate::projects::{Projects, until_settled};
use crate::record::{TargetLookup, TargetRecord};

/// The longest name of a project, in bytes.
pub const MAX_PROJECT_NAME: usize = 256;

/// The first number that is given out; smaller ones are free to choose when provisioning.
pub const FIRST_ENTITY: u64 = 1_000_000;

impl Projects {
    /// What there is under a number: a project, or a repository with its project. Asks nobody's
    /// permission; see [`Projects::view`] for what may be shown.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn entity(&self, id: EntityId) -> Result<TargetRecord, ProjectsError> {
        Ok(self.store().target(&TargetLookup::Entity(id)).await?)
    }

    /// Makes a project: its owner holds all eight permissions, nobody else any. Its number is the
    /// next free one. Operators, and the server itself, make projects for others.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] where only operators make projects; a name or a description that
    /// cannot be.
    pub async fn create_project(
        &self,
        actor: &Actor,
        owner: PrincipalId,
        name: &str,
        description: &str,
    ) -> Result<EntityId, ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            let permitted = self.permit(&who, Action::CreateProject, &Target::Nothing)?;
            if who.id() != Some(owner) && !who.is_operator() {
                return Err(ProjectsError::OperatorsOnly);
            }
            check_project_name(name)?;
            check_description(Some(description))?;
            let mut expect = who.versions();
            let found = self.store().caller(owner, None).await?;
            let found = found.filter(|found| !found.disabled);
            let found = found.ok_or(ProjectsError::NotFound { what: "account" })?;
            expect.extend(found.versions);
            let ids = self.store().allocate_entities(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            let change = Change::CreateProject {
                id,
                name: name.to_owned(),
                description: description.to_owned(),
                owner,
                list: AccessList::of_creator(owner),
            };
            let mut changes = vec![Recorded::new(change)];
            let by_role = permitted.by_role || who.id().is_some_and(|who| who != owner);
            let used = RoleUse {
                entity: Some(id),
                ..RoleUse::of(Action::CreateProject.name())
            };
            changes.extend(by_role.then(|| Recorded::new(used.change())));
            self.commit(actor, expect, changes).await?;
            Ok(id)
        })
    }
}

/// A project's name is anything that can be shown on one line.
pub(crate) fn check_project_name(name: &str) -> Result<(), ProjectsError> {
    let fits = (1..=MAX_PROJECT_NAME).contains(&name.len()) && name.chars().all(is_plain);
    if fits && !name.trim().is_empty() {
        Ok(())
    } else {
        Err(ProjectsError::ProjectName)
    }
}
