//! Who acts, and how decisions see them.

use std::borrow::Cow;
use std::sync::Arc;

use pierhead_model::RepositoryName;
use pierhead_policy::{
    AccountFacts, Action, CallerFacts, Decision, EntityId, Grant, Identity, PrincipalId, Reason,
    RequestKind, Scopes, Target, scope_gate,
};
use pierhead_registry::Peer;
use pierhead_storage::CallerId;

use crate::change::{Change, Recorded};
use crate::directory::Resolved;
use crate::error::ProjectsError;
use crate::projects::Projects;
use crate::record::{CallerRecord, CredentialKind, TargetRecord, Versions};
use crate::seam::authenticate::{CallerExtra, caller_id};

/// Who asks for something, and where from. It grants nothing by itself: what it may do is read
/// anew, and decided, whenever it does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    by: By,
    from: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Server,
    Anonymous,
    Vouched(PrincipalId),
    Shown(CallerExtra),
}

impl Actor {
    /// The server itself, or whoever runs its commands. It is bound by the rules about things and
    /// by none about who asks. `from` says what of the server it is, in at most some dozen bytes.
    pub fn system(from: impl Into<Cow<'static, str>>) -> Self {
        Self {
            by: By::Server,
            from: from.into(),
        }
    }

    /// Nobody signed in.
    pub fn anonymous(from: &Peer) -> Self {
        Self {
            by: By::Anonymous,
            from: address(from),
        }
    }

    /// An account that the embedder vouches for, as after signing in: with every scope.
    pub fn account(who: PrincipalId, from: &Peer) -> Self {
        Self {
            by: By::Vouched(who),
            from: address(from),
        }
    }

    /// An account that showed a credential.
    pub(crate) fn shown(extra: CallerExtra, from: &Peer) -> Self {
        Self {
            by: By::Shown(extra),
            from: address(from),
        }
    }

    /// An account at work in the registry.
    pub(crate) fn in_registry(who: PrincipalId) -> Self {
        Self {
            by: By::Vouched(who),
            from: "registry".into(),
        }
    }

    /// The account; `None` is the server itself or nobody.
    pub fn id(&self) -> Option<PrincipalId> {
        match self.by {
            By::Server | By::Anonymous => None,
            By::Vouched(who) => Some(who),
            By::Shown(extra) => Some(extra.account),
        }
    }

    /// Where from: an address, or what of the server it is.
    pub fn from(&self) -> &str {
        &self.from
    }
}

fn address(from: &Peer) -> Cow<'static, str> {
    from.address
        .map_or_else(String::new, |address| address.to_string())
        .into()
}

/// Who acts, read fresh.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    Server,
    Anonymous,
    Account {
        record: Box<CallerRecord>,
        /// Who that is, as the directory says.
        resolved: Resolved<'static>,
        scopes: Scopes,
    },
}

/// The server itself is bound by the rules about lists, and not by those about who asks.
const SERVER: CallerFacts<'static> = CallerFacts {
    identity: Identity::Account(AccountFacts {
        id: PrincipalId::ANONYMOUS,
        teams: &[],
        certified: true,
        operator: true,
    }),
    scopes: Scopes::ALL,
};

/// Every principal that a caller matches in a list; none for who may see everything.
pub(crate) fn principals(caller: &CallerFacts<'_>) -> Option<Vec<PrincipalId>> {
    let matched = caller.principals();
    let account = matched.account.into_iter();
    let signed_in = account.flat_map(|account| [PrincipalId::REGISTERED, account]);
    let everybody = std::iter::once(PrincipalId::PUBLIC).chain(signed_in);
    (!caller.is_operator()).then(|| everybody.chain(matched.teams.iter().copied()).collect())
}

impl Standing {
    /// Who it is, as decisions see them.
    pub(crate) fn facts(&self) -> CallerFacts<'_> {
        match self {
            Self::Server => SERVER,
            Self::Anonymous => CallerFacts::ANONYMOUS,
            Self::Account {
                record,
                resolved,
                scopes,
            } => resolved.facts(record, *scopes),
        }
    }

    /// What a decision about them rests on.
    pub(crate) fn versions(&self) -> Versions {
        match self {
            Self::Server | Self::Anonymous => Versions::new(),
            Self::Account { record, .. } => record.versions.clone(),
        }
    }

    /// The account.
    pub(crate) fn id(&self) -> Option<PrincipalId> {
        match self {
            Self::Account { record, .. } => Some(record.id),
            _ => None,
        }
    }

    /// Who it is to whoever hears of what was done.
    pub(crate) fn observed(&self) -> pierhead_registry::Actor {
        let (id, name) = match self {
            Self::Account { record, .. } => (caller_id(record.id), Arc::clone(&record.name)),
            Self::Server => (CallerId::anonymous(), "the server".into()),
            Self::Anonymous => (CallerId::anonymous(), "anonymous".into()),
        };
        pierhead_registry::Actor { id, name }
    }

    /// Every principal that they match in a list; none for who may see everything.
    pub(crate) fn principals(&self) -> Option<Vec<PrincipalId>> {
        principals(&self.facts())
    }

    /// Whether an operator acts, or the server itself.
    pub(crate) fn is_operator(&self) -> bool {
        match self {
            Self::Server => true,
            Self::Anonymous => false,
            Self::Account { record, .. } => record.operator,
        }
    }

    /// The first gate, for requests that no row of the table is about.
    pub(crate) fn gate(&self, kind: RequestKind) -> Result<(), ProjectsError> {
        scope_gate(kind, self.facts().scopes)
            .map_err(|scope| ProjectsError::openly(Reason::ScopeLacks { scope }))
    }

    /// Requires somebody who is signed in, with a credential for such requests.
    pub(crate) fn signed_in(&self, kind: RequestKind) -> Result<(), ProjectsError> {
        self.gate(kind)?;
        match self {
            Self::Anonymous => Err(ProjectsError::SignIn),
            Self::Server | Self::Account { .. } => Ok(()),
        }
    }

    /// Requires what proves somebody's presence: a sign-in session, or an embedder's word.
    pub(crate) fn in_person(&self, kind: RequestKind) -> Result<(), ProjectsError> {
        self.signed_in(kind)?;
        match self {
            Self::Account { record, .. }
                if record
                    .credential
                    .as_ref()
                    .is_some_and(|shown| shown.kind != CredentialKind::Session) =>
            {
                Err(ProjectsError::NeedsSession)
            }
            _ => Ok(()),
        }
    }

    /// For what only operators do in person. The server itself may.
    pub(crate) fn administers(&self, kind: RequestKind) -> Result<(), ProjectsError> {
        self.in_person(kind)?;
        self.operates(kind)
    }

    /// For what operators do with any credential for such requests. The server itself may.
    pub(crate) fn operates(&self, kind: RequestKind) -> Result<(), ProjectsError> {
        self.signed_in(kind)?;
        if self.is_operator() {
            Ok(())
        } else {
            Err(ProjectsError::OperatorsOnly)
        }
    }
}

/// What the operator's role alone allowed: what was done, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RoleUse {
    pub(crate) action: &'static str,
    pub(crate) entity: Option<EntityId>,
    pub(crate) principal: Option<PrincipalId>,
    pub(crate) name: Option<RepositoryName>,
}

impl RoleUse {
    /// An action on nothing in particular.
    pub(crate) fn of(action: &'static str) -> Self {
        Self {
            action,
            entity: None,
            principal: None,
            name: None,
        }
    }

    /// As the record has it.
    pub(crate) fn change(&self) -> Change {
        Change::UseRole {
            entity: self.entity,
            principal: self.principal,
            action: self.action,
            name: self.name.as_ref().map(ToString::to_string),
        }
    }
}

/// What the table allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permitted {
    /// Success without any change.
    pub(crate) unchanged: bool,
    /// Whether the operator's role alone allowed it, which is written down.
    pub(crate) by_role: bool,
}

impl Permitted {
    /// What to write down with a change that the role alone allowed.
    pub(crate) fn record(self, action: Action, of: Option<EntityId>) -> Option<Recorded> {
        let used = RoleUse {
            entity: of,
            ..RoleUse::of(action.name())
        };
        self.by_role.then(|| Recorded::new(used.change()))
    }
}

impl Projects {
    /// Who acts, as they are now.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`] when the account or its credential is no longer good.
    pub(crate) async fn standing(&self, actor: &Actor) -> Result<Standing, ProjectsError> {
        let (who, extra) = match actor.by {
            By::Server => return Ok(Standing::Server),
            By::Anonymous => return Ok(Standing::Anonymous),
            By::Vouched(who) => (who, None),
            By::Shown(extra) => (extra.account, Some(extra)),
        };
        let credential = extra.and_then(|extra| extra.credential);
        let record = self.store().caller(who, credential).await?;
        let record = record.ok_or(ProjectsError::SignIn)?;
        let now = self.inner.clock.now();
        if record.disabled || extra.is_some_and(|extra| !extra.holds(&record, now)) {
            return Err(ProjectsError::SignIn);
        }
        let resolved = self.options().directory.resolve(&record).into_owned();
        let scopes = extra.map_or(Scopes::ALL, |extra| extra.scopes);
        Ok(Standing::Account {
            record: Box::new(record),
            resolved,
            scopes,
        })
    }

    /// Asks the table. The server itself is asked nothing about who it is, and bound by the rest.
    pub(crate) fn permit(
        &self,
        who: &Standing,
        action: Action,
        target: &Target<'_>,
    ) -> Result<Permitted, ProjectsError> {
        let policy = &self.options().policy;
        match policy.decide(&who.facts(), action, target) {
            Decision::Allow { by, unchanged, .. } => Ok(Permitted {
                unchanged,
                by_role: by == Grant::Operator && who.id().is_some(),
            }),
            Decision::Deny {
                reason,
                may_know,
                holds_asked,
                ..
            } => Err(ProjectsError::Refused {
                reason,
                may_know,
                holds_asked,
            }),
        }
    }

    /// Asks the table for something to be read, and writes down what the role alone allowed.
    pub(crate) async fn permit_read(
        &self,
        actor: &Actor,
        who: &Standing,
        action: Action,
        target: &Target<'_>,
        found: &TargetRecord,
    ) -> Result<(), ProjectsError> {
        let permitted = self.permit(who, action, target)?;
        let what = RoleUse {
            entity: found.entity(),
            ..RoleUse::of(action.name())
        };
        self.shown_by_role(actor, permitted.by_role, what).await
    }

    /// Writes down that the role alone showed something.
    pub(crate) async fn shown_by_role(
        &self,
        actor: &Actor,
        by_role: bool,
        used: RoleUse,
    ) -> Result<(), ProjectsError> {
        if by_role && actor.id().is_some() {
            self.inner.record(actor, used).await?;
        }
        Ok(())
    }
}
