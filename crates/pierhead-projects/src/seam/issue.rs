//! The token endpoint's brain: who asks, what they may have, one signed token.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_auth::Secret;
use pierhead_auth::token::{
    AccessEntry, Holder, IssueError, PersonalToken, RefreshToken, RegistryClaims,
};
use pierhead_model::{RepositoryActions, RepositoryName, TokenScope};
use pierhead_policy::{Action, CallerFacts, Target};
use pierhead_registry::{
    Credentials, GrantType, IssuedToken, Peer, Resource, TokenIssuer, TokenRefusal, TokenRequest,
};
use pierhead_storage::StoreError;

use crate::error::ProjectsError;
use crate::people::sign_in::SignedIn;
use crate::projects::{Inner, Projects};
use crate::record::CredentialKind;
use crate::scopes;

/// Scopes in one request at most.
const MAX_SCOPES: usize = 32;

/// Issues registry tokens for passwords, personal access tokens, refresh tokens and nobody.
///
/// A token lists, for each scope asked, what is permitted of it now. Issuing changes nothing but the
/// last use of a personal access token or refresh token (once a minute) and the counts of wrong
/// passwords, unless a refresh token is asked for where they are configured: that makes one.
#[derive(Clone, Debug)]
pub struct ProjectIssuer {
    pub(crate) inner: Arc<Inner>,
}

#[async_trait]
impl TokenIssuer for ProjectIssuer {
    async fn issue(&self, request: TokenRequest) -> Result<IssuedToken, TokenRefusal> {
        let inner = &self.inner;
        if request
            .service
            .as_ref()
            .is_some_and(|service| *service != inner.options.service)
        {
            let service = &inner.options.service;
            return Err(refuse(format!(
                "tokens are issued for the service `{service}` only"
            )));
        }
        if request.scopes.len() > MAX_SCOPES {
            return Err(refuse(format!(
                "at most {MAX_SCOPES} scopes are taken at once"
            )));
        }
        let who = match request.grant {
            GrantType::Password => inner.sign_in(request.credentials, &request.from).await?,
            GrantType::RefreshToken => Some(inner.refresh(request.credentials).await?),
            _ => return Err(refuse("this grant is not known here".to_owned())),
        };
        let mut issued = inner.token(who.as_ref(), &request.scopes).await?;
        // A refresh token is not changed for another: clients keep the first.
        if let (Some(who), true, GrantType::Password) = (&who, request.offline, request.grant) {
            let projects = Projects {
                inner: Arc::clone(inner),
            };
            let made = projects.create_refresh_token(who, &request.from).await;
            let made = made.map_err(not_made)?;
            issued.refresh_token = made.map(|token| token.expose().to_owned());
        }
        Ok(issued)
    }
}

impl Inner {
    /// Who shows these credentials; `None` is nobody in particular.
    async fn sign_in(
        &self,
        credentials: Credentials,
        from: &Peer,
    ) -> Result<Option<SignedIn>, TokenRefusal> {
        let (username, password) = match credentials {
            Credentials::None => return Ok(None),
            Credentials::Basic { username, password } => (username, password),
            _ => return Err(TokenRefusal::Credentials),
        };
        let signed_in = if let Ok(token) = PersonalToken::parse(password.expose()) {
            let kinds = [CredentialKind::Personal];
            self.by_secret(&token.hash(), &kinds).await?
        } else {
            let password = Secret::from(password.expose());
            self.by_password(&username, password, from).await?
        };
        Ok(Some(signed_in))
    }

    /// Whose refresh token this is.
    async fn refresh(&self, credentials: Credentials) -> Result<SignedIn, TokenRefusal> {
        if self.options.refresh_life.is_none() {
            return Err(refuse(
                "refresh tokens are not issued here; sign in again".to_owned(),
            ));
        }
        let Credentials::Bearer(token) = credentials else {
            return Err(TokenRefusal::Credentials);
        };
        let token = RefreshToken::parse(token.expose()).map_err(|_| TokenRefusal::Credentials)?;
        let kinds = [CredentialKind::Refresh];
        Ok(self.by_secret(&token.hash(), &kinds).await?)
    }

    async fn token(
        &self,
        who: Option<&SignedIn>,
        asked: &[TokenScope],
    ) -> Result<IssuedToken, TokenRefusal> {
        let mut access = Vec::with_capacity(asked.len());
        for scope in asked {
            match scope {
                TokenScope::Repository { name, actions } => {
                    let granted = self
                        .granted(who, name, *actions)
                        .await
                        .map_err(unavailable)?;
                    access.push(AccessEntry::repository(name.as_str(), granted.iter()));
                }
                TokenScope::Catalog => access.push(catalog(who)),
                _ => {}
            }
        }
        let options = &self.options;
        let (now, life) = (self.clock.now(), options.token_life.as_secs());
        let claims =
            RegistryClaims::new(&*options.issuer, &*options.service, self.unix_now(), life)
                .map_err(|error| TokenRefusal::Unavailable(Arc::new(error)))?
                .with_access(access);
        let claims = match who {
            None => claims,
            Some(SignedIn { record, extra }) => claims
                .held_by(
                    &*record.name,
                    Holder::Account {
                        account: extra.account.get(),
                        account_version: extra.generation,
                        credential: extra.credential.map(|id| id.0),
                        credential_version: 0,
                    },
                )
                .in_epoch(extra.epoch)
                .with_scopes(scopes::names(extra.scopes)),
        };
        let token = self.keys().issue(&claims).map_err(|error| match error {
            IssueError::TooLong => refuse("ask for fewer scopes at once".to_owned()),
            other => TokenRefusal::Unavailable(Arc::new(other)),
        })?;
        Ok(IssuedToken {
            token,
            expires_in: options.token_life,
            issued_at: now,
            refresh_token: None,
        })
    }

    /// What of the actions asked the caller may do now. On a new name whoever may push may do all
    /// of them, and pushing gives pulling.
    async fn granted(
        &self,
        who: Option<&SignedIn>,
        name: &RepositoryName,
        asked: RepositoryActions,
    ) -> Result<RepositoryActions, StoreError> {
        let repository = self.facts.repositories.find_repository(name).await?;
        let resource = Resource {
            name,
            repository: repository.as_ref(),
        };
        let extra = who.map(|who| who.extra);
        let access = self.access(extra, &resource).await?;
        let Some(known) = self.known(extra, access.caller.as_deref()) else {
            return Ok(RepositoryActions::NONE);
        };
        let target = access.target.as_repository(self.project_of(name).is_some());
        Ok(self.granted_by(&known.facts(), &target, asked))
    }

    fn granted_by(
        &self,
        caller: &CallerFacts<'_>,
        target: &Target<'_>,
        asked: RepositoryActions,
    ) -> RepositoryActions {
        let mut granted = RepositoryActions::NONE;
        for (action, question) in [
            (RepositoryActions::PULL, Action::Pull),
            (RepositoryActions::PUSH, Action::Push),
            (RepositoryActions::DELETE, Action::Delete),
        ] {
            if !asked.contains(action) {
                continue;
            }
            if let pierhead_policy::Decision::Allow { new_name, .. } =
                self.options.policy.decide(caller, question, target)
            {
                granted = granted | action;
                if new_name && action == RepositoryActions::PUSH {
                    granted = granted | RepositoryActions::PULL;
                }
            }
        }
        granted
    }
}

fn catalog(who: Option<&SignedIn>) -> AccessEntry {
    let may = who.is_none_or(|who| who.extra.scopes.view);
    AccessEntry {
        kind: "registry".to_owned(),
        name: "catalog".to_owned(),
        actions: if may {
            vec!["*".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fn refuse(message: String) -> TokenRefusal {
    TokenRefusal::Request(message)
}

/// Whoever was signed in and is no longer, is not.
fn not_made(error: ProjectsError) -> TokenRefusal {
    match error {
        ProjectsError::SignIn => TokenRefusal::Credentials,
        other => TokenRefusal::Unavailable(Arc::new(other)),
    }
}

fn unavailable(error: StoreError) -> TokenRefusal {
    TokenRefusal::Unavailable(Arc::new(error))
}
