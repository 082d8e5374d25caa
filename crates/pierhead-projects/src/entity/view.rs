//! Entities as people see them.

use pierhead_model::RepositoryName;
use pierhead_policy::{Action, EntityId, PrincipalId, Reason};

use crate::actor::{Actor, Standing};
use crate::entity::etag::{Etag, etag};
use crate::entity::share::present;
use crate::error::ProjectsError;
use crate::projects::Projects;
use crate::record::{Stamp, TargetLookup, TargetRecord};

/// The most items of one page, whatever is asked.
pub const MAX_PAGE: usize = 1_000;

/// How many rows are looked at, or removed, in one call of the store while a list is gone through.
pub(crate) const CHUNK: usize = 200;

/// How many rows at least: an embedder's table may leave most of them out.
pub(crate) const MIN_CHUNK: usize = 32;

/// What an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// A project.
    Project,
    /// A repository.
    Repository,
    /// A reference to a repository in another registry.
    External,
}

/// An entity as whoever may see it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityView {
    /// Its number.
    pub id: EntityId,
    /// What it is.
    pub kind: EntityKind,
    /// A project's name; a repository's whole name, of an external one with its host.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// The project of a repository.
    pub parent: Option<EntityId>,
    /// Its making. Who made it is told only to who is signed in.
    pub created: Stamp,
    /// The last change of its name or description.
    pub modified: Stamp,
    /// Its present state.
    pub etag: Etag,
}

/// Some of a list, and whether there is more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// In order.
    pub items: Vec<T>,
    /// Whether more follow the last one.
    pub more: bool,
}

impl<T> Listed<T> {
    /// A page of at most so many, of rows among which one more was looked for.
    pub(crate) fn cut(mut items: Vec<T>, limit: usize) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        Self { items, more }
    }

    /// The last one, behind which the list goes on; none where nothing follows.
    pub fn reached(&self) -> Option<&T> {
        self.items.last().filter(|_| self.more)
    }
}

impl EntityView {
    /// What was found, as `who` sees it.
    pub(crate) fn of(target: &TargetRecord, who: &Standing) -> Result<Self, ProjectsError> {
        let (entity, _, number) = present(target)?;
        let about = target.about().ok_or_else(crate::projects::absent)?;
        let told = |stamp: Stamp| Stamp {
            by: stamp.by.filter(|_| !matches!(who, Standing::Anonymous)),
            ..stamp
        };
        let (kind, name) = match (&target.repository, &target.project) {
            (Some(found), _) if found.external => (EntityKind::External, &found.name),
            (Some(found), _) => (EntityKind::Repository, &found.name),
            (None, Some(found)) => (EntityKind::Project, &found.name),
            (None, None) => return Err(crate::projects::absent()),
        };
        let parent = target.project.as_ref().map(|project| project.id);
        Ok(Self {
            id: entity.id(),
            kind,
            name: name.clone(),
            description: about.description.clone(),
            parent: parent.filter(|_| kind != EntityKind::Project),
            created: told(about.created),
            modified: told(about.modified),
            etag: etag(target, number),
        })
    }
}

impl Projects {
    /// An entity.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`], for what is absent as for what may not be seen.
    pub async fn view(&self, actor: &Actor, id: EntityId) -> Result<EntityView, ProjectsError> {
        let (who, target) = self.seen(actor, id).await?;
        EntityView::of(&target, &who)
    }

    /// The way to an entity: its project, and it.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn path(
        &self,
        actor: &Actor,
        id: EntityId,
    ) -> Result<Vec<EntityView>, ProjectsError> {
        let (who, target) = self.seen(actor, id).await?;
        let mut path = vec![EntityView::of(&target, &who)?];
        if target.repository.is_some() {
            let project = TargetRecord {
                repository: None,
                ..target
            };
            path.insert(0, EntityView::of(&project, &who)?);
        }
        Ok(path)
    }

    /// The number of the repository of this name, `syn101/tools`, or with the registry's host
    /// before it.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn repository_named(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<EntityId, ProjectsError> {
        let who = self.standing(actor).await?;
        let (target, name_ok) = self.named(name).await?;
        let asked = target.as_repository(name_ok);
        self.permit_read(actor, &who, Action::See, &asked, &target)
            .await?;
        target
            .repository
            .map(|found| found.id)
            .ok_or_else(crate::projects::absent)
    }

    /// What is there under a number, if the actor may see it.
    pub(crate) async fn seen(
        &self,
        actor: &Actor,
        id: EntityId,
    ) -> Result<(Standing, TargetRecord), ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        self.permit_read(actor, &who, Action::See, &target.as_entity(), &target)
            .await?;
        Ok((who, target))
    }

    /// A name without the registry's host, as the distribution protocol takes it.
    pub(crate) fn bare_name(&self, name: &str) -> Result<RepositoryName, ProjectsError> {
        let bare = self.without_host(name);
        bare.parse()
            .map_err(|_| ProjectsError::openly(Reason::NotAName))
    }

    /// A name without the registry's host, if that stands before it.
    pub fn without_host<'n>(&self, name: &'n str) -> &'n str {
        let host = self.options().service.as_str();
        name.strip_prefix(host)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(name)
    }

    /// What is there under a name, and whether it is one. What no registry takes for a name is
    /// looked up as one that nobody has, so that the time of the answer does not tell.
    pub(crate) async fn named(&self, name: &str) -> Result<(TargetRecord, bool), ProjectsError> {
        let name = self.bare_name(name)?;
        let project = self.inner.project_of(&name);
        let lookup = TargetLookup::Name { project, name };
        Ok((self.store().target(&lookup).await?, project.is_some()))
    }
}

/// The account of a caller's id; other callers' ids are none.
pub(crate) fn account_of(id: &pierhead_storage::CallerId) -> Option<PrincipalId> {
    id.as_str().parse().ok().map(PrincipalId::new)
}
