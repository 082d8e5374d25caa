//! A look at many things at one moment, for changes that concern several.

use pierhead_policy::{EntityId, PrincipalId};

use crate::record::{ProjectRecord, Versions};

/// How a user or a team is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKey {
    /// By number.
    Id(PrincipalId),
    /// By folded name; also somebody who is gone, because the name is never given again.
    Name(String),
    /// By folded e-mail address: the account that has it.
    Email(String),
}

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveyQuery {
    /// Users and teams. Of a team its members are told, too.
    pub principals: Vec<PrincipalKey>,
    /// Projects by number.
    pub projects: Vec<EntityId>,
    /// Projects by the name that the server itself gave them last, whatever people call them since,
    /// at most two each; trashed ones, too. What people make is never taken for one of these.
    pub project_names: Vec<String>,
    /// Whether to count the active operators.
    pub operators: bool,
}

impl SurveyQuery {
    /// Looks at users and teams.
    pub fn of(principals: Vec<PrincipalKey>) -> Self {
        Self {
            principals,
            ..Self::default()
        }
    }
}

/// An account as whoever administers it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // independent facts
pub struct Account {
    /// Its number.
    pub id: PrincipalId,
    /// Its user name.
    pub name: String,
    /// Its e-mail address, confirmed.
    pub email: Option<String>,
    /// Whether it is certified.
    pub certified: bool,
    /// Whether it is an operator.
    pub operator: bool,
    /// Whether it was disabled.
    pub disabled: bool,
    /// Whether it was made by whoever uses it, so that its name is no proof of who that is.
    pub registered: bool,
}

/// What an account is in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub account: PrincipalId,
    /// Whether lists that name the team mean it.
    pub member: bool,
    /// Whether it manages the team.
    pub manager: bool,
    /// Whether the account is active: not disabled.
    pub active: bool,
}

/// A team and who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its number.
    pub id: PrincipalId,
    /// Its name.
    pub name: String,
    /// Members and managers.
    pub people: Vec<Membership>,
}

/// Somebody or some team that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A user.
    Account(Account),
    /// A team.
    Team(Team),
    /// Nobody any more: a user or a team that had the name was deleted.
    Gone {
        /// Its number.
        id: PrincipalId,
        /// Its name.
        name: String,
    },
}

impl Found {
    /// Its number.
    pub fn id(&self) -> PrincipalId {
        match self {
            Self::Account(account) => account.id,
            Self::Team(team) => team.id,
            Self::Gone { id, .. } => *id,
        }
    }

    /// Whether it is an active account, or a team with at least one active member.
    pub fn is_active(&self) -> bool {
        match self {
            Self::Account(account) => !account.disabled,
            Self::Team(team) => team
                .people
                .iter()
                .any(|person| person.member && person.active),
            Self::Gone { .. } => false,
        }
    }
}

/// What was found, in the order asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// One for each key.
    pub principals: Vec<Option<Found>>,
    /// One for each number: the project, or what else has the number.
    pub projects: Vec<EntityFound>,
    /// One for each name.
    pub project_names: Vec<Vec<ProjectRecord>>,
    /// How many active operators there are, if that was asked.
    pub active_operators: u64,
    /// The versions of everything found (of a team its members', too), of every project's number
    /// asked about, of [`PROJECTS`](crate::change::PROJECTS) if names of projects were asked about,
    /// and of [`OPERATORS`](crate::change::OPERATORS) if those were counted.
    pub versions: Versions,
}

/// What has a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EntityFound {
    /// Nothing has it.
    #[default]
    Nothing,
    /// A project.
    Project(Box<ProjectRecord>),
    /// Nothing any more: a project that had it was purged, and no number is given twice.
    Purged,
    /// Something else.
    Other,
}
