//! What people read of an entity, and changing it.

use pierhead_policy::{Action, EntityId};

use crate::actor::Actor;
use crate::change::{Change, Recorded};
use crate::entity::etag::Etag;
use crate::entity::external_name::ExternalName;
use crate::entity::project::check_project_name;
use crate::entity::share::present;
use crate::entity::view::{EntityKind, EntityView};
use crate::error::ProjectsError;
use crate::people::name::is_plain;
use crate::projects::{Projects, until_settled};

/// The longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 1_000;

/// What to change of what people read of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeRequest {
    /// The state that was read.
    pub etag: Etag,
    /// A project's name; a repository's must be the one it has.
    pub name: Option<String>,
    /// A repository's name once more, with or without the registry's host; of an external one what
    /// it is to refer to. Means nothing of a project.
    pub repository: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Where the sender believes it to be; it must be so.
    pub parent: Option<EntityId>,
}

impl DescribeRequest {
    /// Changes nothing yet.
    pub fn of(etag: Etag) -> Self {
        Self {
            etag,
            name: None,
            repository: None,
            description: None,
            parent: None,
        }
    }
}

impl Projects {
    /// Changes what people read of an entity, and shows it as it is then to who may see it.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`]; [`ProjectsError::StaleEtag`]; a name or description that cannot
    /// be; [`ProjectsError::NeverRenamed`], [`ProjectsError::NeverMoved`].
    pub async fn describe(
        &self,
        actor: &Actor,
        id: EntityId,
        request: &DescribeRequest,
    ) -> Result<Option<EntityView>, ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            let target = self.entity(id).await?;
            let action = if target.is_external() {
                Action::ChangeExternalReference
            } else {
                Action::Describe
            };
            let permitted = self.permit(&who, action, &target.as_entity())?;
            let before = EntityView::of(&target, &who)?;
            let (entity, _, number) = present(&target)?;
            if request.etag != before.etag {
                return Err(ProjectsError::StaleEtag);
            }
            if request.parent.is_some() && request.parent != before.parent {
                return Err(ProjectsError::NeverMoved);
            }
            let name = self.new_name(request, &before)?;
            let description = request.description.clone();
            let description = description.filter(|text| *text != before.description);
            check_description(description.as_deref())?;
            if name.is_none() && description.is_none() {
                return Ok(());
            }
            let was = serde_json::json!({
                "name": name.as_ref().map(|_| &before.name),
                "description": description.as_ref().map(|_| &before.description),
            });
            let change = Change::Describe {
                entity,
                etag: number,
                name,
                description,
            };
            let mut changes = vec![Recorded::replacing(change, &was)];
            changes.extend(permitted.record(action, target.entity()));
            let mut expect = target.versions.clone();
            expect.extend(who.versions());
            Ok(self.commit(actor, expect, changes).await?)
        })?;
        // It is done, whatever has become of the right to see it.
        Ok(self.view(actor, id).await.ok())
    }

    /// What an entity is to be called, if that is another name than it has.
    fn new_name(
        &self,
        request: &DescribeRequest,
        before: &EntityView,
    ) -> Result<Option<String>, ProjectsError> {
        let name = request.name.as_ref().filter(|name| **name != before.name);
        let repository = request.repository.as_deref();
        match before.kind {
            EntityKind::Project => {
                name.map_or(Ok(()), |name| check_project_name(name))?;
                Ok(name.cloned())
            }
            EntityKind::Repository => {
                let same = |sent| self.without_host(sent) == before.name;
                if name.is_some() || !repository.is_none_or(same) {
                    return Err(ProjectsError::NeverRenamed);
                }
                Ok(None)
            }
            EntityKind::External => {
                let wanted: Option<ExternalName> = repository.map(str::parse).transpose()?;
                let wanted = wanted.filter(|wanted| wanted.as_str() != before.name);
                if let Some(wanted) = &wanted {
                    self.check_elsewhere(wanted)?;
                }
                let wanted = wanted.map(|wanted| wanted.to_string());
                match name {
                    Some(name) if wanted.as_ref() != Some(name) => {
                        Err(ProjectsError::NamedByTarget)
                    }
                    _ => Ok(wanted),
                }
            }
        }
    }
}

pub(crate) fn check_description(text: Option<&str>) -> Result<(), ProjectsError> {
    let plain = |letter: char| is_plain(letter) || matches!(letter, '\n' | '\r' | '\t');
    match text {
        Some(text) if text.len() > MAX_DESCRIPTION || !text.chars().all(plain) => {
            Err(ProjectsError::Description)
        }
        _ => Ok(()),
    }
}
