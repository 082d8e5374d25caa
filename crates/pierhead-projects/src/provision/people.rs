//! The changes for users and teams.

use std::collections::HashSet;

use pierhead_auth::password::{PasswordHash, check_rules};
use pierhead_policy::PrincipalId;
use serde_json::json;

use super::plan::{Planner, Result, moved};
use super::world::shown;
use super::{ProvisionError, ProvisionTeam, ProvisionUser};
use crate::change::{Change, NewAccount, Recorded};
use crate::people::name::{AccountName, Email, fold};
use crate::people::team::{joining, leaving};
use crate::survey::{Account, Found, Team};

impl Planner<'_> {
    pub(super) fn user(&mut self, index: usize, user: &ProvisionUser) -> Result<()> {
        let name = self.name(user.line, "user", &user.name)?;
        let email = self.email(user)?;
        check_password(user)?;
        match self.world.names.get(&name.folded()) {
            Some(Found::Account(account)) => {
                is_meant(user, account, email.as_ref())?;
                self.existing_user(user, account, email.as_ref());
                Ok(())
            }
            Some(Found::Team(_)) => Err(ProvisionError::at(
                user.line,
                format!("`{name}` is a team; choose another name"),
            )),
            Some(Found::Gone { name, .. }) => {
                self.gone(user.line, name);
                Ok(())
            }
            None => self.new_user(index, user, name, email),
        }
    }

    fn new_user(
        &mut self,
        index: usize,
        user: &ProvisionUser,
        name: AccountName,
        email: Option<Email>,
    ) -> Result<()> {
        let id = self
            .numbers
            .principal(&mut self.plan)
            .ok_or_else(|| moved(user.line))?;
        let password = if let Some(hash) = &user.password_hash {
            Some(hash.expose().to_owned())
        } else if user.password.is_some() || user.password_file.is_some() {
            self.plan.passwords.push(index);
            Some(self.numbers.hash().ok_or_else(|| moved(user.line))?)
        } else {
            None
        };
        let operator = user.operator.unwrap_or(false);
        self.operators += i128::from(operator);
        self.users.insert(name.folded(), id);
        self.plan.report.users_created.push(name.to_string());
        let certified = user.certified.unwrap_or(false);
        let new = NewAccount {
            id,
            name,
            email,
            password,
            certified,
            operator,
            registered: false,
        };
        self.plan
            .changes
            .push(Recorded::new(Change::CreateAccount(new)));
        Ok(())
    }

    fn existing_user(&mut self, user: &ProvisionUser, found: &Account, email: Option<&Email>) {
        let (account, before) = (found.id, self.plan.changes.len());
        if let Some(email) = email.filter(|email| found.email.as_deref() != Some(email.as_str())) {
            let change = Change::SetEmail {
                account,
                email: email.clone(),
            };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.email)));
        }
        if let Some(certified) = user.certified.filter(|wanted| *wanted != found.certified) {
            let change = Change::SetCertified { account, certified };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.certified)));
        }
        if let Some(operator) = user.operator.filter(|wanted| *wanted != found.operator) {
            if !found.disabled {
                self.operators += if operator { 1 } else { -1 };
            }
            if !operator {
                self.demoted = Some(user.line);
            }
            let change = Change::SetOperator { account, operator };
            self.plan
                .changes
                .push(Recorded::replacing(change, &json!(found.operator)));
        }
        if self.plan.changes.len() > before {
            self.plan.report.users_changed.push(found.name.clone());
        }
    }

    fn email(&mut self, user: &ProvisionUser) -> Result<Option<Email>> {
        let Some(text) = &user.email else {
            return Ok(None);
        };
        let email: Email = text
            .parse()
            .map_err(|error: crate::BadEmail| ProvisionError::at(user.line, error.to_string()))?;
        let same_name = |found: &Found| match found {
            Found::Account(account) => fold(&account.name) == fold(&user.name),
            Found::Team(_) | Found::Gone { .. } => false,
        };
        let other = self
            .world
            .emails
            .get(&email.folded())
            .is_some_and(|found| !same_name(found));
        if other || !self.emails.insert(email.folded()) {
            let message = "the e-mail address belongs to another account; use another";
            return Err(ProvisionError::at(user.line, message));
        }
        Ok(Some(email))
    }

    /// A name that this file has not given to anybody before.
    fn name(&mut self, line: usize, what: &str, text: &str) -> Result<AccountName> {
        let name: AccountName = text.parse().map_err(|error: crate::BadName| {
            ProvisionError::at(line, format!("the {what} `{}`: {error}", shown(text)))
        })?;
        match self.named.insert(name.folded(), line) {
            None => Ok(name),
            Some(first) => {
                let message = format!(
                    "`{name}` stands in line {first} already (`.`, `-` and `_` do not count); \
                     join the two or choose another name"
                );
                Err(ProvisionError::at(line, message))
            }
        }
    }

    /// The team as it is to be; none where it was deleted.
    pub(super) fn team(&mut self, team: &ProvisionTeam) -> Result<Option<PrincipalId>> {
        let name = self.name(team.line, "team", &team.name)?;
        let found = match self.world.names.get(&name.folded()) {
            Some(Found::Team(found)) => found.clone(),
            Some(Found::Account(_)) => {
                let message = format!("`{name}` is a user; choose another name");
                return Err(ProvisionError::at(team.line, message));
            }
            Some(Found::Gone { name, .. }) => {
                self.gone(team.line, name);
                return Ok(None);
            }
            None => {
                let id = self
                    .numbers
                    .principal(&mut self.plan)
                    .ok_or_else(|| moved(team.line))?;
                self.plan.report.teams_created.push(name.to_string());
                let change = Change::CreateTeam {
                    id,
                    name: name.clone(),
                };
                self.plan.changes.push(Recorded::new(change));
                Team {
                    id,
                    name: name.to_string(),
                    people: Vec::new(),
                }
            }
        };
        let Some(members) = &team.members else {
            return Ok(Some(found.id));
        };
        let mut wanted = HashSet::new();
        let mut changes = Vec::new();
        for member in members {
            let Some(account) = self.known_user(team.line, member)? else {
                continue;
            };
            if wanted.insert(account) {
                changes.extend(joining(&found, account));
            }
        }
        // Nor does anybody else manage it: whoever took the name before the file gave it a meaning
        // could come back as a member.
        for person in found
            .people
            .iter()
            .filter(|person| !wanted.contains(&person.account))
        {
            changes.extend(leaving(&found, person.account));
        }
        let is_new = self
            .plan
            .report
            .teams_created
            .last()
            .is_some_and(|last| *last == found.name);
        if !changes.is_empty() && !is_new {
            self.plan.report.teams_changed.push(found.name.clone());
        }
        self.plan.changes.extend(changes);
        Ok(Some(found.id))
    }
}

/// A name that somebody took who registered is no proof of who that is, and the file may give it
/// rights: the address that the account has confirmed is one.
fn is_meant(user: &ProvisionUser, found: &Account, email: Option<&Email>) -> Result<()> {
    let address = found.email.as_deref().and_then(|text| text.parse().ok());
    let same = |address: Email| email.is_some_and(|email| email.folded() == address.folded());
    if !found.registered || address.is_some_and(same) {
        return Ok(());
    }
    let message = format!(
        "somebody has registered as `{}`; give the `email` that the account has confirmed, or choose \
         another name",
        shown(&user.name)
    );
    Err(ProvisionError::at(user.line, message))
}

fn check_password(user: &ProvisionUser) -> Result<()> {
    let given = [&user.password_hash, &user.password_file, &user.password];
    if given.iter().filter(|one| one.is_some()).count() > 1 {
        let message = "give one of `password_hash`, `password_file` and `password`";
        return Err(ProvisionError::at(user.line, message));
    }
    if let Some(hash) = &user.password_hash {
        let parsed: std::result::Result<PasswordHash, _> = hash.expose().parse();
        parsed.map_err(|error| ProvisionError::at(user.line, error.to_string()))?;
    }
    if let Some(password) = user.password.as_ref().or(user.password_file.as_ref()) {
        check_rules(password).map_err(|error| ProvisionError::at(user.line, error.to_string()))?;
    }
    Ok(())
}
