//! Accounts: making them, finding them, certifying, the operator's role, disabling, passwords.

use pierhead_auth::Secret;
use pierhead_auth::password::PasswordHash;
use pierhead_policy::{PrincipalId, RequestKind};
use serde_json::json;

use crate::actor::{Actor, RoleUse};
use crate::change::{Change, NewAccount, PasswordText, Recorded};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::listing::AccountQuery;
use crate::people::guesses::asker;
use crate::people::name::{AccountName, Email, fold};
use crate::projects::{Projects, until_settled};
use crate::survey::{Account, Found, PrincipalKey, Survey, SurveyQuery};

/// An account to make.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccountRequest {
    /// Its e-mail address, taken as confirmed.
    pub email: Option<Email>,
    /// Its password; without one nobody signs in until it is set.
    pub password: Option<Secret>,
    /// Its password as an argon2id hash in PHC form, which counts before `password`.
    pub password_hash: Option<Secret>,
    /// Whether it is certified.
    pub certified: bool,
    /// Whether it is an operator.
    pub operator: bool,
}

impl AccountRequest {
    /// An account that signs in with this password.
    pub fn with_password(password: impl Into<Secret>) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// An account that signs in with the password of this hash (argon2id in PHC form).
    pub fn with_password_hash(hash: impl Into<Secret>) -> Self {
        Self {
            password_hash: Some(hash.into()),
            ..Self::default()
        }
    }

    /// The same with a confirmed e-mail address.
    pub fn email(mut self, email: Email) -> Self {
        self.email = Some(email);
        self
    }

    /// The same, certified.
    pub fn certified(mut self) -> Self {
        self.certified = true;
        self
    }

    /// The same, an operator.
    pub fn operator(mut self) -> Self {
        self.operator = true;
        self
    }
}

impl Projects {
    /// Makes an account; operators and the server itself do that.
    ///
    /// # Errors
    /// [`ProjectsError::NameTaken`], [`ProjectsError::EmailTaken`], a password against the rules.
    pub async fn create_account(
        &self,
        actor: &Actor,
        name: &AccountName,
        request: AccountRequest,
    ) -> Result<PrincipalId, ProjectsError> {
        let who = self.standing(actor).await?;
        who.administers(RequestKind::ManagementWrite)?;
        let password = match (request.password_hash, request.password) {
            (Some(hash), _) => {
                let hash: PasswordHash = hash.expose().parse()?;
                Some(hash.as_str().to_owned())
            }
            (None, Some(password)) => Some(
                self.inner
                    .passwords
                    .hash(who.id().map_or_else(String::new, asker), password)
                    .await?
                    .as_str()
                    .to_owned(),
            ),
            (None, None) => None,
        };
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.administers(RequestKind::ManagementWrite)?;
            let mut expect = who.versions();
            let mut principals = vec![PrincipalKey::Name(name.folded())];
            principals.extend(
                request
                    .email
                    .as_ref()
                    .map(|email| PrincipalKey::Email(email.folded())),
            );
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            match survey.principals.iter().position(Option::is_some) {
                Some(0) => {
                    return Err(ProjectsError::NameTaken {
                        name: name.to_string(),
                    });
                }
                Some(_) => return Err(ProjectsError::EmailTaken),
                None => {}
            }
            let ids = self.store().allocate_principals(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            let change = Change::CreateAccount(NewAccount {
                id,
                name: name.clone(),
                email: request.email.clone(),
                password: password.clone(),
                certified: request.certified,
                operator: request.operator,
                registered: false,
            });
            expect.extend(survey.versions);
            self.commit(actor, expect, vec![Recorded::new(change)])
                .await?;
            Ok(id)
        })
    }

    /// The account of this name.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, ProjectsError> {
        let principals = vec![PrincipalKey::Name(fold(name))];
        let survey = self.survey(SurveyQuery::of(principals)).await?;
        Ok(match survey.principals.into_iter().next().flatten() {
            Some(Found::Account(account)) => Some(account),
            _ => None,
        })
    }

    /// Accounts whose names begin with `prefix`, however it is spelt, by their folded names, after the
    /// account of the name `after`, at most `limit`.
    ///
    /// # Errors
    /// [`ProjectsError::OperatorsOnly`].
    pub async fn accounts(
        &self,
        actor: &Actor,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listed<Account>, ProjectsError> {
        let who = self.standing(actor).await?;
        who.operates(RequestKind::ManagementRead)?;
        let prefix = fold(prefix);
        let limit = limit.min(MAX_PAGE);
        // Nothing else stands in a folded name.
        let found = if prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let query = AccountQuery {
                prefix,
                after: after.map(fold),
                limit: limit + 1,
            };
            self.store().accounts(&query).await?
        } else {
            Vec::new()
        };
        self.shown_by_role(actor, true, RoleUse::of("list-accounts"))
            .await?;
        Ok(Listed::cut(found, limit))
    }

    /// How many accounts are operators and not disabled. A server without one makes its first.
    pub async fn active_operators(&self) -> Result<u64, ProjectsError> {
        let query = SurveyQuery {
            operators: true,
            ..SurveyQuery::default()
        };
        Ok(self.survey(query).await?.active_operators)
    }

    /// Gives or withdraws certification; counts from the next request.
    pub async fn set_certified(
        &self,
        actor: &Actor,
        account: PrincipalId,
        certified: bool,
    ) -> Result<(), ProjectsError> {
        self.change_account(actor, account, |found, _| {
            Ok((found.certified != certified).then(|| {
                let change = Change::SetCertified { account, certified };
                Recorded::replacing(change, &json!(found.certified))
            }))
        })
        .await
    }

    /// Gives or withdraws the operator's role.
    ///
    /// # Errors
    /// [`ProjectsError::LastOperator`].
    pub async fn set_operator(
        &self,
        actor: &Actor,
        account: PrincipalId,
        operator: bool,
    ) -> Result<(), ProjectsError> {
        self.change_account(actor, account, |found, survey| {
            if found.operator && !operator {
                keeps_an_operator(found, survey)?;
            }
            Ok((found.operator != operator).then(|| {
                let change = Change::SetOperator { account, operator };
                Recorded::replacing(change, &json!(found.operator))
            }))
        })
        .await
    }

    /// Disables an account, or enables it again. Its sessions and registry tokens of before stay
    /// dead; its personal access tokens, which are revoked one by one, work again.
    ///
    /// # Errors
    /// [`ProjectsError::LastOperator`].
    pub async fn set_disabled(
        &self,
        actor: &Actor,
        account: PrincipalId,
        disabled: bool,
    ) -> Result<(), ProjectsError> {
        self.change_account(actor, account, |found, survey| {
            if found.operator && disabled {
                keeps_an_operator(found, survey)?;
            }
            Ok((found.disabled != disabled).then(|| {
                let change = Change::SetDisabled { account, disabled };
                Recorded::replacing(change, &json!(found.disabled))
            }))
        })
        .await
    }

    /// Sets anybody's password; operators and the server itself do that. Registry tokens made with
    /// the old one are refused at the next request.
    pub async fn set_password(
        &self,
        actor: &Actor,
        account: PrincipalId,
        password: Secret,
    ) -> Result<(), ProjectsError> {
        let who = self.standing(actor).await?;
        who.administers(RequestKind::ManagementWrite)?;
        pierhead_auth::password::check_rules(&password)?;
        let hash = self
            .inner
            .passwords
            .hash(who.id().map_or_else(String::new, asker), password)
            .await?
            .as_str()
            .to_owned();
        self.change_account(actor, account, |_, _| {
            let hash = PasswordText(hash.clone());
            Ok(Some(Recorded::new(Change::SetPassword { account, hash })))
        })
        .await
    }

    async fn change_account(
        &self,
        actor: &Actor,
        account: PrincipalId,
        change: impl Fn(&Account, &Survey) -> Result<Option<Recorded>, ProjectsError>,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.administers(RequestKind::ManagementWrite)?;
            let mut expect = who.versions();
            let principals = vec![PrincipalKey::Id(account)];
            let query = SurveyQuery {
                operators: true,
                ..SurveyQuery::of(principals)
            };
            let mut survey = self.survey(query).await?;
            let Some(Found::Account(found)) = survey.principals.pop().flatten() else {
                return Err(ProjectsError::NotFound { what: "account" });
            };
            let changes: Vec<Recorded> = change(&found, &survey)?.into_iter().collect();
            expect.extend(survey.versions);
            Ok(self.commit(actor, expect, changes).await?)
        })
    }

    pub(crate) async fn survey(&self, query: SurveyQuery) -> Result<Survey, ProjectsError> {
        Ok(self.store().survey(&query).await?)
    }
}

pub(crate) fn keeps_an_operator(found: &Account, survey: &Survey) -> Result<(), ProjectsError> {
    if !found.disabled && survey.active_operators <= 1 {
        return Err(ProjectsError::LastOperator);
    }
    Ok(())
}
