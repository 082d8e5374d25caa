//! Sharing settings as people see them: whose list counts, what is in it, what it gives them.

use std::time::SystemTime;

use pierhead_policy::{
    AccessList, Action, EntityId, Permission, Permissions, PrincipalId, Principals, Row, Target,
};

use crate::actor::{Actor, Standing};
use crate::entity::etag::{Etag, etag};
use crate::entity::share::present;
use crate::entity::view::EntityView;
use crate::error::ProjectsError;
use crate::projects::{Projects, absent};
use crate::record::TargetRecord;

/// An entity's own list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListView {
    /// Whose.
    pub of: EntityId,
    /// When the entity was made.
    pub created: SystemTime,
    /// The entity's present state.
    pub etag: Etag,
    /// The list.
    pub list: AccessList,
}

/// What a caller may do to an entity, as its sharing settings and the caller's account say.
#[allow(clippy::struct_excessive_bools)] // independent answers
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What the list that counts gives them; for operators everything.
    pub permissions: Permissions,
    /// What it gives to anyone.
    pub public: Permissions,
    /// Whether the account counts as certified.
    pub certified: bool,
    /// Whether certification is asked of them for something new in the project.
    pub asked_to_make: bool,
    /// Whether certification is asked of them for a push to what exists.
    pub asked_to_push: bool,
    /// Who made the entity, which gives nothing by itself; told only to who is signed in.
    pub made_by: Option<PrincipalId>,
    /// Whether the entity is a project, under which something new can be made.
    pub is_project: bool,
}

impl Projects {
    /// The own list of an entity: to who is signed in and may see it.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`]; [`ProjectsError::Inherits`] when it has none.
    pub async fn own_list(&self, actor: &Actor, id: EntityId) -> Result<ListView, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        self.permit_read(actor, &who, Action::SeeList, &target.as_entity(), &target)
            .await?;
        let (entity, list, number) = present(&target)?;
        let about = target.about().ok_or_else(absent)?;
        match (list, &target.project) {
            (Some(list), _) => Ok(ListView {
                of: entity.id(),
                created: about.created.at,
                etag: etag(&target, number),
                list: list.clone(),
            }),
            (None, Some(project)) => Err(ProjectsError::Inherits { from: project.id }),
            (None, None) => Err(absent()),
        }
    }

    /// The entity whose list counts: it, or its project.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn benefactor(
        &self,
        actor: &Actor,
        id: EntityId,
    ) -> Result<EntityView, ProjectsError> {
        let (who, mut target) = self.seen(actor, id).await?;
        let inherits = |found: &crate::record::RepositoryRecord| found.own_list.is_none();
        if target.repository.as_ref().is_some_and(inherits) {
            target.repository = None;
        }
        EntityView::of(&target, &who)
    }

    /// What the actor may do to an entity.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn held(&self, actor: &Actor, id: EntityId) -> Result<Held, ProjectsError> {
        let (who, target) = self.seen(actor, id).await?;
        Ok(self.held_of(&who, &target))
    }

    /// Whether the actor holds one permission. Who holds it may ask, though it be the only one.
    ///
    /// # Errors
    /// As for [`Projects::view`].
    pub async fn holds(
        &self,
        actor: &Actor,
        id: EntityId,
        permission: Permission,
    ) -> Result<bool, ProjectsError> {
        let who = self.standing(actor).await?;
        let target = self.entity(id).await?;
        let asked = target.as_entity();
        let seen = self
            .permit_read(actor, &who, Action::See, &asked, &target)
            .await;
        let holds = self.held_of(&who, &target).permissions.has(permission);
        match seen {
            Ok(()) => Ok(holds),
            Err(ProjectsError::Refused {
                reason: pierhead_policy::Reason::Missing { .. },
                ..
            }) if holds => Ok(true),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn held_of(&self, who: &Standing, target: &TargetRecord) -> Held {
        let policy = &*self.options().policy;
        let (facts, asked) = (who.facts(), target.as_entity());
        let nobody = Principals {
            account: None,
            teams: &[],
        };
        let new_name = match asked {
            Target::Repository { project, .. } | Target::Project { project } => {
                Target::Repository {
                    name_ok: true,
                    project,
                    repository: None,
                }
            }
            Target::Nothing => Target::Nothing,
        };
        Held {
            permissions: if who.is_operator() {
                Permissions::ALL
            } else {
                asked.held_by(&facts, policy)
            },
            public: asked.counting_list().map_or(Permissions::NONE, |counting| {
                counting.list.bits_for(&nobody, policy)
            }),
            certified: facts.is_certified() || facts.is_operator(),
            asked_to_make: policy.asks_certification(Row::PushNew, &facts, &new_name),
            asked_to_push: policy.asks_certification(Row::PushExisting, &facts, &asked),
            made_by: target
                .about()
                .and_then(|about| about.created.by)
                .filter(|_| !matches!(who, Standing::Anonymous)),
            is_project: target.repository.is_none(),
        }
    }
}
