//! Projects: making them.

use pierhead_policy::{AccessList, Action, EntityId, PrincipalId, Target, decide};

use crate::change::{Actor, Change, Recorded};
use crate::error::ProjectsError;
use crate::projects::{Projects, all_scopes, allowed, until_settled};

/// The longest name of a project, in bytes.
pub const MAX_PROJECT_NAME: usize = 256;

/// The first number that is given out; smaller ones are free to choose when provisioning.
pub const FIRST_ENTITY: u64 = 1_000_000;

impl Projects {
    /// Makes a project: its owner holds all eight permissions, nobody else any. Its number is the
    /// next free one.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`] where only operators make projects.
    pub async fn create_project(
        &self,
        actor: &Actor,
        owner: PrincipalId,
        name: &str,
    ) -> Result<EntityId, ProjectsError> {
        check_project_name(name)?;
        until_settled!(async {
            let mut expect = match self.acting(actor).await? {
                Some(acting) => {
                    let policy = &self.options().policy;
                    let facts = all_scopes(&acting);
                    allowed(decide(
                        policy,
                        &facts,
                        Action::CreateProject,
                        &Target::Nothing,
                    ))?;
                    if acting.id != owner && !acting.operator {
                        return Err(ProjectsError::OperatorsOnly);
                    }
                    acting.versions
                }
                None => Vec::new(),
            };
            let found = self.store().caller(owner, None).await?;
            let found = found.ok_or(ProjectsError::NotFound { what: "account" })?;
            expect.extend(found.versions);
            let ids = self.store().allocate_entities(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            let list = AccessList::of_creator(owner);
            let change = Change::CreateProject {
                id,
                name: name.to_owned(),
                owner,
                list,
            };
            self.commit(actor, expect, vec![Recorded::new(change)])
                .await?;
            Ok(id)
        })
    }
}

/// A project's name is anything that can be shown on one line.
pub(crate) fn check_project_name(name: &str) -> Result<(), ProjectsError> {
    let fits = (1..=MAX_PROJECT_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits && !name.trim().is_empty() {
        Ok(())
    } else {
        Err(ProjectsError::ProjectName)
    }
}
