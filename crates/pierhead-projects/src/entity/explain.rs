//! Why something is allowed or refused.

use pierhead_policy::{
    Action, CallerFacts, EntityId, Explanation, Permission, PrincipalId, RequestKind, Scopes,
    Target, explain,
};

use crate::actor::{Actor, RoleUse, Standing};
use crate::error::ProjectsError;
use crate::projects::{Projects, absent};
use crate::record::TargetRecord;

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
}

/// Like what is absent.
fn unseen() -> ProjectsError {
    ProjectsError::Refused {
        reason: pierhead_policy::Reason::Absent,
        may_know: false,
        holds_asked: false,
    }
}
