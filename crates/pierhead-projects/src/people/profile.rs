//! Accounts as people see them.

use pierhead_policy::{PrincipalId, RequestKind};

use crate::actor::{Actor, RoleUse, Standing};
use crate::error::ProjectsError;
use crate::projects::Projects;
use crate::survey::{Account, Found, PrincipalKey, SurveyQuery};

/// What everybody who is signed in may know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its number.
    pub id: PrincipalId,
    /// Its user name.
    pub name: String,
    /// Its e-mail address, told to itself alone.
    pub email: Option<String>,
}

impl Projects {
    /// Who somebody is: the actor, or the account of a number. Nobody signed in is an account of its
    /// own kind, `anonymous`.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`] when nobody is signed in and asks about somebody;
    /// [`ProjectsError::NotFound`].
    pub async fn profile(
        &self,
        actor: &Actor,
        about: Option<PrincipalId>,
    ) -> Result<Profile, ProjectsError> {
        let who = self.standing(actor).await?;
        who.gate(RequestKind::ManagementRead)?;
        let about = match (about.or(who.id()), &who) {
            (None | Some(PrincipalId::ANONYMOUS), _) => {
                return Ok(Profile {
                    id: PrincipalId::ANONYMOUS,
                    name: "anonymous".to_owned(),
                    email: None,
                });
            }
            (Some(_), Standing::Anonymous) => return Err(ProjectsError::SignIn),
            (Some(about), _) => about,
        };
        match self.looked_up(PrincipalKey::Id(about)).await? {
            Some(Found::Account(account)) => Ok(Profile {
                id: account.id,
                name: account.name,
                email: account.email.filter(|_| who.id() == Some(about)),
            }),
            _ => Err(ProjectsError::NotFound { what: "account" }),
        }
    }

    /// Whether an account counts as certified: for everybody who is signed in, because it says what
    /// a list can give to it.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], [`ProjectsError::SignIn`].
    pub async fn is_certified(
        &self,
        actor: &Actor,
        about: PrincipalId,
    ) -> Result<bool, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        let found = self.store().caller(about, None).await?;
        let found = found.ok_or(ProjectsError::NotFound { what: "account" })?;
        Ok(found.operator || self.options().directory.resolve(&found).certified)
    }

    /// Everything about an account: for itself, and for operators.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], also for everybody else.
    pub async fn account(
        &self,
        actor: &Actor,
        about: PrincipalKey,
    ) -> Result<Account, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        match self.looked_up(about).await? {
            Some(Found::Account(account)) if who.id() == Some(account.id) => Ok(account),
            Some(Found::Account(account)) if who.is_operator() => {
                let used = RoleUse {
                    principal: Some(account.id),
                    ..RoleUse::of("see-account")
                };
                self.shown_by_role(actor, true, used).await?;
                Ok(account)
            }
            _ => Err(ProjectsError::NotFound { what: "account" }),
        }
    }

    pub(crate) async fn looked_up(
        &self,
        key: PrincipalKey,
    ) -> Result<Option<Found>, ProjectsError> {
        let mut survey = self.survey(SurveyQuery::of(vec![key])).await?;
        Ok(survey.principals.pop().flatten())
    }
}
