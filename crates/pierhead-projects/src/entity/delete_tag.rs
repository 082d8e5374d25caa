//! Taking a tag away: in one transaction with its row in the record, and told as the registry tells it.

use std::sync::Arc;

use pierhead_model::{Reference, Tag};
use pierhead_policy::{Action, EntityId};
use pierhead_registry::{Event, Observer};
use pierhead_storage::{RepositoryId, View};
use serde_json::json;

use crate::actor::Actor;
use crate::change::{Change, Recorded};
use crate::error::ProjectsError;
use crate::projects::{Projects, until_settled};

impl Projects {
    /// Tells one more observer of what is deleted from repositories here, as the registry does.
    pub fn tell(&self, observer: Arc<dyn Observer>) {
        self.inner.observers.write().push(observer);
    }

    /// Takes a tag of a repository away, as the registry does; its manifest stays. A project has none,
    /// and those of a reference are only recorded.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`]; [`ProjectsError::NotFound`] to who may delete there.
    pub async fn delete_tag(
        &self,
        actor: &Actor,
        id: EntityId,
        tag: &Tag,
    ) -> Result<(), ProjectsError> {
        let event = until_settled!(self.take_tag(actor, id, tag))?;
        let observers = self.inner.observers.read().clone();
        if let Some(event) = event {
            for observer in observers {
                observer.committed(&event);
            }
        }
        Ok(())
    }

    /// Takes it away in one transaction with its audit row, and says what there is to tell.
    async fn take_tag(
        &self,
        actor: &Actor,
        id: EntityId,
        tag: &Tag,
    ) -> Result<Option<Event>, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        // A project, or a reference, holds nothing itself; who might delete in it is told so.
        let action = match target.managed() {
            Some(_) => Action::Delete,
            None => Action::Trash,
        };
        let permitted = self.permit(&who, action, &target.as_entity())?;
        let unknown = || ProjectsError::NotFound { what: "tag" };
        let repository = target.managed().ok_or_else(unknown)?;
        let view = View::Repository(RepositoryId(id.get()));
        let (rows, reference) = (&self.inner.facts.repositories, Reference::Tag(tag.clone()));
        let found = rows.find_manifest(&view, &reference).await?;
        let digest = found.ok_or_else(unknown)?.digest;
        let change = Change::DeleteTag {
            repository: id,
            tag: tag.clone(),
            digest,
        };
        let before = json!({ "tag": tag.as_str(), "digest": digest.to_string() });
        let mut changes = vec![Recorded::replacing(change, &before)];
        changes.extend(permitted.record(action, Some(id)));
        let mut expect = target.versions.clone();
        expect.extend(who.versions());
        self.commit(actor, expect, changes).await?;
        let by = who.observed();
        Ok(repository.name.parse().ok().map(|name| Event::TagDeleted {
            repository: RepositoryId(id.get()),
            name,
            tag: tag.clone(),
            by,
        }))
    }
}
