//! What was done before, and by whom.

use pierhead_policy::{Action, EntityId, PrincipalId, RequestKind};

use crate::actor::{Actor, RoleUse};
use crate::audit::{AuditQuery, AuditRow};
use crate::entity::view::{CHUNK, Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::projects::Projects;

/// How many bytes of the record are read for one page, but for the last rows.
const MAX_BYTES: usize = 4 << 20;

/// Which rows of the audit record are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditRequest {
    /// About this entity. Without one, operators alone may ask.
    pub entity: Option<EntityId>,
    /// About this user or team.
    pub principal: Option<PrincipalId>,
    /// Before this row.
    pub before: Option<u64>,
    /// After this row, and the oldest first: for whoever keeps the record elsewhere. Rows come to be
    /// seen in the order of their ids, so nothing is missed and nothing told twice.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Projects {
    /// The audit record, newest first unless it is asked for after a row: of an entity to who holds
    /// `CHANGE_PERMISSIONS` on it, in the trash or not; all of it to operators, of what was purged,
    /// too. A page ends early once it has 4 MiB.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`], [`ProjectsError::OperatorsOnly`].
    pub async fn audit(
        &self,
        actor: &Actor,
        request: &AuditRequest,
    ) -> Result<Listed<AuditRow>, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        match request.entity {
            Some(id) => {
                let target = self.entity(id).await?;
                let asked = target.as_entity();
                match target.entity() {
                    // What is gone is still in the record.
                    None if who.is_operator() => {
                        let used = RoleUse {
                            entity: Some(id),
                            ..RoleUse::of(Action::Audit.name())
                        };
                        self.shown_by_role(actor, true, used).await?;
                    }
                    _ => {
                        self.permit_read(actor, &who, Action::Audit, &asked, &target)
                            .await?;
                    }
                }
            }
            None if who.is_operator() => {
                let used = RoleUse {
                    principal: request.principal,
                    ..RoleUse::of(Action::Audit.name())
                };
                self.shown_by_role(actor, true, used).await?;
            }
            None => return Err(ProjectsError::OperatorsOnly),
        }
        let limit = request.limit.min(MAX_PAGE);
        let mut query = AuditQuery {
            entity: request.entity,
            principal: request.principal,
            before: request.before,
            after: request.after,
            limit: 0,
        };
        let (mut items, mut bytes) = (Vec::new(), 0);
        loop {
            query.limit = (limit + 1 - items.len()).min(CHUNK);
            let chunk = self.store().audit(&query).await?;
            let last = chunk.len() < query.limit;
            bytes += chunk.iter().map(AuditRow::len).sum::<usize>();
            items.extend(chunk);
            if last || items.len() > limit {
                return Ok(Listed::cut(items, limit));
            }
            if bytes > MAX_BYTES {
                return Ok(Listed { items, more: true });
            }
            let reached = items.last().map(|row| row.id);
            match request.after {
                Some(_) => query.after = reached,
                None => query.before = reached,
            }
        }
    }
}
