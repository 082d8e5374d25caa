//! Projects that nobody can mend: nobody who is there may change their sharing settings.

use pierhead_policy::{EntityId, RequestKind, TrashState};

use crate::actor::{Actor, RoleUse};
use crate::entity::view::{EntityView, MAX_PAGE};
use crate::error::ProjectsError;
use crate::projects::Projects;

/// Some of the projects that nobody can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmendedPage {
    /// The projects, in the order of their numbers, and whether each is in the trash can.
    pub items: Vec<(EntityView, bool)>,
    /// Behind which project to look on; none: there are no more.
    pub next: Option<EntityId>,
}

impl Projects {
    /// Projects, in the trash or not, of which no active account holds `CHANGE_PERMISSIONS`, by name
    /// or by a team with an active member. Operators see and mend them. A page has at most `limit` of
    /// them, and may have fewer though more follow: so many projects are looked at for one and no
    /// more.
    ///
    /// # Errors
    /// [`ProjectsError::OperatorsOnly`].
    pub async fn unmended(
        &self,
        actor: &Actor,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<UnmendedPage, ProjectsError> {
        let who = self.standing(actor).await?;
        who.operates(RequestKind::ManagementRead)?;
        self.shown_by_role(actor, true, RoleUse::of("list-unmended"))
            .await?;
        let found = self.store().unmended(after, limit.min(MAX_PAGE)).await?;
        let seen = |target: &crate::record::TargetRecord| {
            let view = EntityView::of(target, &who)?;
            Ok((
                view,
                target.as_entity().trash_state() != TrashState::Outside,
            ))
        };
        Ok(UnmendedPage {
            items: found
                .found
                .iter()
                .map(seen)
                .collect::<Result<_, ProjectsError>>()?,
            next: found.last,
        })
    }
}
