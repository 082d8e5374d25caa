//! Lists of entities: a project's repositories, and projects.

use pierhead_policy::{Action, EntityId, RequestKind};

use crate::actor::{Actor, RoleUse, Standing};
use crate::entity::view::{CHUNK, EntityView, Listed, MAX_PAGE, MIN_CHUNK};
use crate::error::ProjectsError;
use crate::listing::{ChildOrder, ChildrenQuery};
use crate::projects::{Projects, absent};
use crate::record::TargetRecord;

/// Which children to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    /// The project whose repositories are listed; none: the projects that the caller sees.
    pub parent: Option<EntityId>,
    /// By what, and after which.
    pub order: ChildOrder,
    /// The other way round.
    pub descending: bool,
    /// At most so many.
    pub limit: usize,
}

impl Projects {
    /// Entities that the caller may see: what they may not is left out before the page is cut.
    ///
    /// # Errors
    /// As for [`Projects::view`], about the parent.
    pub async fn list(
        &self,
        actor: &Actor,
        request: &ListRequest,
    ) -> Result<Listed<EntityView>, ProjectsError> {
        let who = self.standing(actor).await?;
        match request.parent {
            Some(parent) => {
                let target = self.entity(parent).await?;
                self.permit_read(actor, &who, Action::See, &target.as_entity(), &target)
                    .await?;
                if target.repository.is_some() {
                    let items = Vec::new();
                    return Ok(Listed { items, more: false });
                }
            }
            None => who.gate(RequestKind::ManagementRead)?,
        }
        let limit = request.limit.min(MAX_PAGE);
        let readers = who.principals();
        let mut items = Vec::new();
        let mut by_role = false;
        let mut order = request.order.clone();
        loop {
            let query = ChildrenQuery {
                parent: request.parent,
                order,
                descending: request.descending,
                readers: readers.clone(),
                limit: (limit + 1 - items.len()).clamp(MIN_CHUNK, CHUNK),
            };
            let chunk = self.store().children(&query).await?;
            for target in &chunk {
                if let Ok(seen) = self.permit(&who, Action::See, &target.as_entity()) {
                    by_role |= seen.by_role;
                    items.push(EntityView::of(target, &who)?);
                }
            }
            let last = chunk.last().filter(|_| chunk.len() == query.limit);
            let more = items.len() > limit;
            items.truncate(limit);
            match last {
                Some(last) if !more => order = after(&query.order, last)?,
                _ => {
                    let used = RoleUse {
                        entity: request.parent,
                        ..RoleUse::of("list")
                    };
                    self.shown_by_role(actor, by_role, used).await?;
                    return Ok(Listed { items, more });
                }
            }
        }
    }
}

impl Projects {
    /// The entity of this name in a project, or the project of this name. Names of projects need
    /// not be unique: of several that the caller may see, it is the one that the caller made, if
    /// that is one. Whoever asks so is about to write to it, and nobody lures him elsewhere by
    /// another project of that name.
    ///
    /// # Errors
    /// As for [`Projects::view`], about the parent, and about what has the name, as if it were
    /// absent; [`ProjectsError::Ambiguous`].
    pub async fn child_named(
        &self,
        actor: &Actor,
        parent: Option<EntityId>,
        name: &str,
    ) -> Result<EntityId, ProjectsError> {
        let request = ListRequest {
            parent,
            order: ChildOrder::From(name.to_owned()),
            descending: false,
            limit: CHUNK,
        };
        let found = self.list(actor, &request).await?;
        let all = found.items.iter().all(|found| found.name == name);
        let mut named = found.items.iter().filter(|found| found.name == name);
        let mut own = named
            .clone()
            .filter(|found| actor.id().is_some() && found.created.by == actor.id());
        match (named.next(), named.next(), own.next(), own.next()) {
            (Some(one), None, ..) => Ok(one.id),
            (_, _, Some(own), None) if !(all && found.more) => Ok(own.id),
            (None, ..) => Err(absent()),
            _ => Err(ProjectsError::Ambiguous),
        }
    }
}

/// Where a list goes on.
fn after(order: &ChildOrder, last: &TargetRecord) -> Result<ChildOrder, ProjectsError> {
    let view = EntityView::of(last, &Standing::Server)?;
    Ok(view.follows(order))
}

impl EntityView {
    /// The same order, from behind this entity on.
    pub fn follows(&self, order: &ChildOrder) -> ChildOrder {
        match order {
            ChildOrder::Name(_) | ChildOrder::From(_) => {
                ChildOrder::Name(Some((self.name.clone(), self.id)))
            }
            ChildOrder::Created(_) => ChildOrder::Created(Some((self.created.at, self.id))),
        }
    }
}
