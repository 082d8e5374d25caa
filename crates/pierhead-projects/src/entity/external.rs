//! References to repositories in other registries: made, and their tags recorded by hand.

use pierhead_model::{ContentDigest, Tag};
use pierhead_policy::{Action, EntityId, Target};

use crate::actor::Actor;
use crate::change::{Change, Recorded};
use crate::entity::describe::check_description;
use crate::entity::external_name::ExternalName;
use crate::error::ProjectsError;
use crate::projects::{Projects, until_settled};

impl Projects {
    /// Makes a reference to a repository in another registry. It inherits its project's sharing
    /// settings, and is an entity like any other, but nothing that the registry here serves. A
    /// project may refer to the same repository more than once.
    ///
    /// # Errors
    /// [`ProjectsError::OwnHost`]; [`ProjectsError::Refused`]; a description that cannot be.
    pub async fn create_reference(
        &self,
        actor: &Actor,
        project: EntityId,
        name: &ExternalName,
        description: &str,
    ) -> Result<EntityId, ProjectsError> {
        self.check_elsewhere(name)?;
        until_settled!(async {
            let who = self.standing(actor).await?;
            let target = self.entity(project).await?;
            let asked = match target.as_entity() {
                asked @ Target::Project { .. } => asked,
                // Nothing is made in a repository: there is no such project.
                _ => Target::Project { project: None },
            };
            let permitted = self.permit(&who, Action::CreateExternalReference, &asked)?;
            check_description(Some(description))?;
            let ids = self.store().allocate_entities(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            let change = Change::CreateReference {
                id,
                project,
                name: name.clone(),
                description: description.to_owned(),
            };
            let mut changes = vec![Recorded::new(change)];
            changes.extend(permitted.record(Action::CreateExternalReference, Some(id)));
            let mut expect = target.versions;
            expect.extend(who.versions());
            self.commit(actor, expect, changes).await?;
            Ok(id)
        })
    }

    /// Records what a tag of an external repository names now. A managed one's tags are pushed.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`]; [`ProjectsError::NotExternal`].
    pub async fn record_tag(
        &self,
        actor: &Actor,
        id: EntityId,
        tag: &Tag,
        digest: ContentDigest,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            let target = self.entity(id).await?;
            let action = Action::ChangeExternalReference;
            let permitted = self.permit(&who, action, &target.as_entity())?;
            if !target.is_external() {
                return Err(ProjectsError::NotExternal);
            }
            let change = Change::RecordTag {
                reference: id,
                tag: tag.clone(),
                digest,
            };
            let mut changes = vec![Recorded::new(change)];
            changes.extend(permitted.record(action, Some(id)));
            let mut expect = target.versions;
            expect.extend(who.versions());
            Ok(self.commit(actor, expect, changes).await?)
        })
    }

    /// Refuses a name in this registry itself, however its host is spelt.
    pub(crate) fn check_elsewhere(&self, name: &ExternalName) -> Result<(), ProjectsError> {
        let options = self.options();
        let issuer = &options.issuer;
        let issuer = issuer.split_once("://").map_or(&**issuer, |(_, host)| host);
        let mut hosts = options.hosts.iter().chain([&options.service]);
        let own = |text: &str| name.is_on(text.split_once('/').map_or(text, |(host, _)| host));
        if own(issuer) || hosts.any(|host| own(host)) {
            return Err(ProjectsError::OwnHost);
        }
        Ok(())
    }
}
