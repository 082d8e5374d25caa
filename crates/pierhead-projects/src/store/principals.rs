//! Users and teams as lists name them.

use pierhead_policy::PrincipalId;

/// Whether a user or a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// A user.
    User,
    /// A team.
    Team,
}

/// A user or a team in few words: what everybody who is signed in may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalRow {
    /// Its number.
    pub id: PrincipalId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: PrincipalKind,
}

/// Which users and teams to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalQuery {
    /// What their folded names begin with; may be empty.
    pub prefix: String,
    /// Only such; none: both.
    pub kind: Option<PrincipalKind>,
    /// How many to leave out.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// Which teams of an account to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamsQuery {
    /// Whose.
    pub account: PrincipalId,
    /// How many to leave out.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// Whom of a team to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberQuery {
    /// Of which team.
    pub team: PrincipalId,
    /// Whether managers are listed who are no members.
    pub managers: bool,
    /// Only those with a larger number.
    pub after: Option<PrincipalId>,
    /// How many to leave out.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// Somebody in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub account: PrincipalId,
    /// The user name.
    pub name: String,
    /// Whether lists that name the team mean it.
    pub member: bool,
    /// Whether it manages the team.
    pub manager: bool,
}
