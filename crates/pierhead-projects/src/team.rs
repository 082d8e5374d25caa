//! Teams: sets of accounts that lists can name.

use pierhead_policy::PrincipalId;
use serde_json::json;

use crate::change::{Actor, Change, Recorded};
use crate::error::ProjectsError;
use crate::name::AccountName;
use crate::projects::{Projects, until_settled};
use crate::survey::{Found, Membership, PrincipalKey, SurveyQuery, Team};

impl Projects {
    /// Makes a team. Whoever makes it manages it; a manager who is no member gets nothing from lists.
    ///
    /// # Errors
    /// [`ProjectsError::NameTaken`]: users and teams share one name space.
    pub async fn create_team(
        &self,
        actor: &Actor,
        name: &AccountName,
    ) -> Result<PrincipalId, ProjectsError> {
        until_settled!(async {
            let acting = self.acting(actor).await?;
            let principals = vec![PrincipalKey::Name(name.folded())];
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            if survey.principals.iter().any(Option::is_some) {
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
            if let Some(acting) = acting {
                let account = acting.id;
                let change = Change::SetMember {
                    team: id,
                    account,
                    member: false,
                    manager: true,
                };
                changes.push(Recorded::new(change));
                expect.extend(acting.versions);
            }
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
    /// the team and operators do that.
    pub async fn set_member(
        &self,
        actor: &Actor,
        team: PrincipalId,
        account: PrincipalId,
        member: bool,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let acting = self.acting(actor).await?;
            let principals = vec![PrincipalKey::Id(team), PrincipalKey::Id(account)];
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            let mut found = survey.principals.into_iter();
            let (Some(Some(Found::Team(team))), Some(Some(Found::Account(account)))) =
                (found.next(), found.next())
            else {
                return Err(ProjectsError::NotFound {
                    what: "team or account",
                });
            };
            let mut expect = survey.versions;
            if let Some(acting) = acting {
                let manages = |person: &&Membership| person.account == acting.id && person.manager;
                if !acting.operator && team.people.iter().find(manages).is_none() {
                    return Err(ProjectsError::OperatorsOnly);
                }
                expect.extend(acting.versions);
            }
            let changes = member_change(&team, account.id, member)
                .into_iter()
                .collect();
            Ok(self.commit(actor, expect, changes).await?)
        })
    }
}

/// The change that makes an account a member or not; `None` when it is so already. Managing stays.
pub(crate) fn member_change(team: &Team, account: PrincipalId, member: bool) -> Option<Recorded> {
    let before = team.people.iter().find(|person| person.account == account);
    if before.is_some_and(|person| person.member) == member {
        return None;
    }
    let manager = before.is_some_and(|person| person.manager);
    let change = Change::SetMember {
        team: team.id,
        account,
        member,
        manager,
    };
    Some(match before {
        Some(before) => {
            let before = json!({
                "account": account.get(), "member": before.member, "manager": before.manager,
            });
            Recorded::replacing(change, &before)
        }
        None => Recorded::new(change),
    })
}
