//! Why something is allowed or refused, and what was done before.

use pierhead_policy::{
    Action, CallerFacts, EntityId, Explanation, Permission, PrincipalId, RequestKind, Scopes,
    Target, explain,
};

use crate::actor::{Actor, RoleUse, Standing};
use crate::audit::{AuditQuery, AuditRow};
use crate::entity::view::{CHUNK, Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::projects::{Projects, absent};
use crate::record::TargetRecord;

/// How many bytes of the record are read for one page, but for the last rows.
const MAX_BYTES: usize = 4 << 20;

/// What an explanation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A project or a repository.
    Entity(EntityId),
    /// A repository's name, or a name where there could be one.
    Name(String),
    /// Nothing that exists, as for making a project.
    Nothing,
}

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
    /// Explains what the table says to an action of the actor, with the scopes it has shown, or of
    /// another account, with all of them; [`PrincipalId::ANONYMOUS`] is nobody signed in. To be
    /// asked by who holds READ there by the list that counts (for a new name: on its project), in
    /// the trash or not; about another account by who holds `CHANGE_PERMISSIONS`.
    ///
    /// # Errors
    /// [`ProjectsError::Refused`], as for what is absent, to everybody else.
    pub async fn explain(
        &self,
        actor: &Actor,
        subject: &Subject,
        action: Action,
        about: Option<PrincipalId>,
    ) -> Result<Explanation, ProjectsError> {
        let who = self.standing(actor).await?;
        who.gate(RequestKind::ManagementRead)?;
        let (target, by_name) = match subject {
            Subject::Entity(id) => (self.entity(*id).await?, None),
            Subject::Name(name) => {
                let (target, name_ok) = self.named(name).await?;
                (target, Some(name_ok))
            }
            Subject::Nothing => (TargetRecord::default(), None),
        };
        let asked = match (action, by_name) {
            (Action::CreateProject, _) => Target::Nothing,
            (_, Some(name_ok)) => target.as_repository(name_ok),
            (_, None) => target.as_entity(),
        };
        let fits = target.takes(action);
        let other = about.filter(|about| Some(*about) != who.id());
        let by_role = self.may_ask(&who, &target, &asked, other)?;
        let used = RoleUse {
            entity: target.entity(),
            principal: other,
            name: match subject {
                Subject::Name(name) => self.bare_name(name).ok(),
                _ => None,
            },
            ..RoleUse::of("explain")
        };
        self.shown_by_role(actor, by_role, used).await?;
        let asked = if fits { asked } else { Target::Nothing };
        let (policy, ids) = (&*self.options().policy, &self.options().ids);
        let explanation = match other {
            None => explain(policy, ids, &who.facts(), action, &asked),
            Some(PrincipalId::ANONYMOUS) => {
                explain(policy, ids, &CallerFacts::ANONYMOUS, action, &asked)
            }
            Some(other) => {
                let record = self.store().caller(other, None).await?;
                let record = record.filter(|record| !record.disabled);
                let record = record.ok_or(ProjectsError::NotFound { what: "account" })?;
                let resolved = self.options().directory.resolve(&record);
                let facts = resolved.facts(&record, Scopes::ALL);
                explain(policy, ids, &facts, action, &asked)
            }
        };
        // Lists are for who is signed in.
        Ok(match who {
            Standing::Anonymous => explanation.without_list(ids),
            _ => explanation,
        })
    }

    /// Whether it is by the role alone that they may.
    fn may_ask(
        &self,
        who: &Standing,
        target: &TargetRecord,
        asked: &Target<'_>,
        other: Option<PrincipalId>,
    ) -> Result<bool, ProjectsError> {
        if matches!(asked, Target::Nothing) && other.is_none() {
            return Ok(false);
        }
        let held = asked.held_by(&who.facts(), &*self.options().policy);
        let shares = held.has(Permission::ChangePermissions);
        if held.has(Permission::Read) && (other.is_none() || shares) {
            return Ok(false);
        }
        if who.is_operator() {
            return Ok(true);
        }
        if !held.has(Permission::Read) {
            return Err(unseen());
        }
        if other.is_some() && who.facts().is_anonymous() {
            return Err(ProjectsError::openly(
                pierhead_policy::Reason::AnonymousCaller,
            ));
        }
        if other.is_some() && !shares {
            let list_of = asked.counting_list().map(|counting| counting.of);
            let list_of = list_of.or(target.entity()).ok_or_else(absent)?;
            return Err(ProjectsError::openly(pierhead_policy::Reason::Missing {
                permission: Permission::ChangePermissions,
                list_of,
            }));
        }
        Ok(false)
    }

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

/// Like what is absent.
fn unseen() -> ProjectsError {
    ProjectsError::Refused {
        reason: pierhead_policy::Reason::Absent,
        may_know: false,
        holds_asked: false,
    }
}
