//! Teams: sets of accounts that lists can name.

use pierhead_policy::{PrincipalId, RequestKind};
use serde_json::json;

use crate::actor::{Actor, RoleUse};
use crate::change::{Change, Recorded};
use crate::error::ProjectsError;
use crate::people::name::AccountName;
use crate::people::register::is_reserved;
use crate::projects::{Projects, until_settled};
use crate::survey::{Found, Membership, PrincipalKey, SurveyQuery, Team};

/// The most teams that one account is made a member of over the network: every decision about it
/// looks through them.
const MAX_TEAMS: usize = 200;

impl Projects {
    /// Makes a team. Whoever makes it manages it; a manager who is no member gets nothing from lists.
    ///
    /// # Errors
    /// [`ProjectsError::NameTaken`]: users and teams share one name space, of which operators give
    /// some.
    pub async fn create_team(
        &self,
        actor: &Actor,
        name: &AccountName,
    ) -> Result<PrincipalId, ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.signed_in(RequestKind::ManagementWrite)?;
            let principals = vec![PrincipalKey::Name(name.folded())];
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            let given = is_reserved(name) && !who.is_operator();
            if given || survey.principals.iter().any(Option::is_some) {
                return Err(ProjectsError::NameTaken {
                    name: name.to_string(),
                });
            }
            let ids = self.store().allocate_principals(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            let mut changes = vec![Recorded::new(Change::CreateTeam {
                id,
                name: name.clone(),
            })];
            let mut expect = survey.versions;
            if let Some(account) = who.id() {
                let change = Change::SetMember {
                    team: id,
                    account,
                    member: false,
                    manager: true,
                };
                changes.push(Recorded::new(change));
            }
            expect.extend(who.versions());
            self.commit(actor, expect, changes).await?;
            Ok(id)
        })
    }

    /// The team of this name.
    pub async fn team_named(&self, name: &str) -> Result<Option<Team>, ProjectsError> {
        let principals = vec![PrincipalKey::Name(crate::fold(name))];
        let survey = self.survey(SurveyQuery::of(principals)).await?;
        Ok(match survey.principals.into_iter().next().flatten() {
            Some(Found::Team(team)) => Some(team),
            _ => None,
        })
    }

    /// Makes an account a member of a team, or ends that; counts from the next request. Managers of
    /// the team and operators do that, and an account leaves by itself. At most 120 changes of teams
    /// a minute are made for one account, because each is felt by another.
    ///
    /// # Errors
    /// [`ProjectsError::TeamManagersOnly`], [`ProjectsError::NotFound`],
    /// [`ProjectsError::TooManyTeams`].
    pub async fn set_member(
        &self,
        actor: &Actor,
        team: PrincipalId,
        account: PrincipalId,
        member: bool,
    ) -> Result<(), ProjectsError> {
        self.change_place(actor, team, account, |now| Membership { member, ..now })
            .await
    }

    /// Lets an account manage a team, or ends that. Managers of the team and operators do that; a
    /// team may be left without any.
    ///
    /// # Errors
    /// [`ProjectsError::TeamManagersOnly`], [`ProjectsError::NotFound`].
    pub async fn set_manager(
        &self,
        actor: &Actor,
        team: PrincipalId,
        account: PrincipalId,
        manager: bool,
    ) -> Result<(), ProjectsError> {
        self.change_place(actor, team, account, |now| Membership { manager, ..now })
            .await
    }

    async fn change_place(
        &self,
        actor: &Actor,
        team: PrincipalId,
        account_id: PrincipalId,
        change: impl Fn(Membership) -> Membership,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.signed_in(RequestKind::ManagementWrite)?;
            let principals = vec![PrincipalKey::Id(team), PrincipalKey::Id(account_id)];
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            let mut found = survey.principals.into_iter();
            let (Some(Some(Found::Team(team))), account) = (found.next(), found.next()) else {
                return Err(ProjectsError::NotFound { what: "team" });
            };
            let manages = |person: &Membership| Some(person.account) == who.id() && person.manager;
            let manages = team.people.iter().any(manages);
            let now = team
                .people
                .iter()
                .find(|person| person.account == account_id)
                .copied();
            let wanted_by_itself = who.id() == Some(account_id)
                && now.is_some_and(|now| {
                    let wanted = change(now);
                    wanted.member <= now.member && wanted.manager <= now.manager
                });
            if !manages && !wanted_by_itself && !who.is_operator() {
                return Err(ProjectsError::TeamManagersOnly);
            }
            let Some(Some(Found::Account(account))) = account else {
                return Err(ProjectsError::NotFound { what: "account" });
            };
            let mut expect = survey.versions;
            expect.extend(who.versions());
            let now = place_in(&team, account.id);
            let wanted = change(now);
            let differs = (wanted.member, wanted.manager) != (now.member, now.manager);
            if let Some(by) = who.id().filter(|_| differs && !who.is_operator()) {
                self.inner.may_change_team(by)?;
            }
            if wanted.member && !now.member && !who.is_operator() {
                let joined = self.store().caller(account.id, None).await?;
                if joined.is_some_and(|joined| joined.teams.len() >= MAX_TEAMS) {
                    return Err(ProjectsError::TooManyTeams);
                }
            }
            let mut changes: Vec<Recorded> = place_change(&team, wanted).into_iter().collect();
            if !manages && !wanted_by_itself && who.id().is_some() && !changes.is_empty() {
                let used = RoleUse {
                    principal: Some(team.id),
                    ..RoleUse::of("change-team")
                };
                changes.push(Recorded::new(used.change()));
            }
            Ok(self.commit(actor, expect, changes).await?)
        })
    }
}

/// What an account is in a team now.
fn place_in(team: &Team, account: PrincipalId) -> Membership {
    let found = team.people.iter().find(|person| person.account == account);
    found.copied().unwrap_or(Membership {
        account,
        member: false,
        manager: false,
        active: true,
    })
}

/// The change that makes an account a member; `None` when it is one already. Managing stays.
pub(crate) fn joining(team: &Team, account: PrincipalId) -> Option<Recorded> {
    let now = place_in(team, account);
    place_change(
        team,
        Membership {
            member: true,
            ..now
        },
    )
}

/// The change that puts an account out of a team, whatever it is there.
pub(crate) fn leaving(team: &Team, account: PrincipalId) -> Option<Recorded> {
    let now = place_in(team, account);
    place_change(
        team,
        Membership {
            member: false,
            manager: false,
            ..now
        },
    )
}

/// The change that makes an account this in a team; `None` when it is so already.
fn place_change(team: &Team, wanted: Membership) -> Option<Recorded> {
    let before = place_in(team, wanted.account);
    if (before.member, before.manager) == (wanted.member, wanted.manager) {
        return None;
    }
    let change = Change::SetMember {
        team: team.id,
        account: wanted.account,
        member: wanted.member,
        manager: wanted.manager,
    };
    Some(if before.member || before.manager {
        let before = json!({
            "account": wanted.account.get(), "member": before.member, "manager": before.manager,
        });
        Recorded::replacing(change, &before)
    } else {
        Recorded::new(change)
    })
}
