//! Deleting accounts and teams, for good.

use pierhead_auth::Secret;
use pierhead_policy::{PrincipalId, RequestKind};
use pierhead_registry::Peer;
use serde_json::{Value, json};

use crate::actor::{Actor, RoleUse, Standing};
use crate::audit::MAX_NAMED;
use crate::change::{Change, Recorded};
use crate::error::ProjectsError;
use crate::people::account::keeps_an_operator;
use crate::projects::{Projects, until_settled};
use crate::survey::{Account, Found, Membership, PrincipalKey, SurveyQuery, Team};

impl Projects {
    /// Deletes an account with its credentials, sessions, places in teams and staged blobs, and its
    /// entries in all lists, the trash included. What it pushed stays where it is. Its e-mail address
    /// is free; neither its name nor its number is given again. Operators do that in person, and
    /// everybody for themselves: with their password, where a session shows who they are.
    ///
    /// # Errors
    /// [`ProjectsError::WrongPassword`], [`ProjectsError::TooManySignIns`],
    /// [`ProjectsError::NeedsSession`], [`ProjectsError::OperatorsOnly`], [`ProjectsError::NotFound`],
    /// [`ProjectsError::LastOperator`].
    pub async fn delete_account(
        &self,
        actor: &Actor,
        account: PrincipalId,
        password: Option<Secret>,
        from: &Peer,
    ) -> Result<(), ProjectsError> {
        let who = self.standing(actor).await?;
        may_delete(&who, account)?;
        if let Standing::Account { record, .. } = &who
            && record.id == account
            && record.credential.is_some()
        {
            let password = password.ok_or(ProjectsError::WrongPassword)?;
            self.inner.confirm(record, password, from).await?;
        }
        until_settled!(async {
            let who = self.standing(actor).await?;
            may_delete(&who, account)?;
            let query = SurveyQuery {
                operators: true,
                ..SurveyQuery::of(vec![PrincipalKey::Id(account)])
            };
            let mut survey = self.survey(query).await?;
            let Some(Found::Account(found)) = survey.principals.pop().flatten() else {
                return Err(ProjectsError::NotFound { what: "account" });
            };
            if found.operator {
                keeps_an_operator(&found, &survey)?;
            }
            let change = Change::DeleteAccount { account };
            let changes = vec![Recorded::replacing(change, &account_before(&found))];
            let mut expect = survey.versions;
            expect.extend(who.versions());
            Ok(self.commit(actor, expect, changes).await?)
        })
    }

    /// Deletes a team with its entries in all lists, the trash included. Neither its name nor its
    /// number is given again. Its managers do that, and operators, in person.
    ///
    /// # Errors
    /// [`ProjectsError::NeedsSession`], [`ProjectsError::TeamManagersOnly`],
    /// [`ProjectsError::NotFound`].
    pub async fn delete_team(&self, actor: &Actor, team: PrincipalId) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let mut survey = self
                .survey(SurveyQuery::of(vec![PrincipalKey::Id(team)]))
                .await?;
            let Some(Found::Team(found)) = survey.principals.pop().flatten() else {
                return Err(ProjectsError::NotFound { what: "team" });
            };
            let manages = |person: &Membership| Some(person.account) == who.id() && person.manager;
            let manages = found.people.iter().any(manages);
            if !manages && !who.is_operator() {
                return Err(ProjectsError::TeamManagersOnly);
            }
            if let Some(account) = who.id().filter(|_| !who.is_operator()) {
                self.inner.may_change_team(account)?;
            }
            let change = Change::DeleteTeam { team };
            let mut changes = vec![Recorded::replacing(change, &team_before(&found))];
            if !manages && who.id().is_some() {
                let used = RoleUse {
                    principal: Some(team),
                    ..RoleUse::of("delete-team")
                };
                changes.push(Recorded::new(used.change()));
            }
            let mut expect = survey.versions;
            expect.extend(who.versions());
            Ok(self.commit(actor, expect, changes).await?)
        })
    }
}

fn may_delete(who: &Standing, account: PrincipalId) -> Result<(), ProjectsError> {
    if who.id() == Some(account) {
        who.in_person(RequestKind::ManagementWrite)
    } else {
        who.administers(RequestKind::ManagementWrite)
    }
}

fn account_before(found: &Account) -> Value {
    json!({
        "name": found.name, "certified": found.certified, "operator": found.operator,
        "disabled": found.disabled,
    })
}

fn team_before(found: &Team) -> Value {
    let people = found.people.iter().take(MAX_NAMED);
    let people: Value = people
        .map(|person| {
            json!({
                "account": person.account.get(), "member": person.member, "manager": person.manager,
            })
        })
        .collect();
    json!({ "name": found.name, "people": people })
}
