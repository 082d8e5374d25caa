//! The token endpoint's brain: who asks, what they may have, one signed token.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pierhead_auth::Secret;
use pierhead_auth::lockout::RetryAfter;
use pierhead_auth::password::{HashingError, PasswordHash};
use pierhead_auth::token::{AccessEntry, Holder, IssueError, PersonalToken, RegistryClaims};
use pierhead_model::{RepositoryActions, RepositoryName, TokenScope};
use pierhead_policy::{Action, CallerFacts, Scopes, Target, decide};
use pierhead_registry::{
    Credentials, GrantType, IssuedToken, Peer, Resource, TokenIssuer, TokenRefusal, TokenRequest,
};
use pierhead_storage::StoreError;

use crate::authenticate::{CallerExtra, epoch};
use crate::name::Login;
use crate::password::PasswordWork;
use crate::projects::Inner;
use crate::record::{CallerRecord, CredentialKind, CredentialRecord, SignIn};
use crate::scopes;

/// Scopes in one request at most.
const MAX_SCOPES: usize = 32;
/// The use of a credential, or of the operator's role, is written down once in this time.
pub(crate) const USE_PRECISION: Duration = Duration::from_secs(60);

/// Issues registry tokens for passwords, personal access tokens and nobody.
///
/// A token lists, for each scope asked, what is permitted of it now; it changes nothing but the
/// last use of a personal access token (once a minute) and the counts of wrong passwords.
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
        if request.grant == GrantType::RefreshToken {
            return Err(refuse(
                "refresh tokens are not issued here; sign in again".to_owned(),
            ));
        }
        let who = inner.sign_in(request.credentials, &request.from).await?;
        inner.token(who.as_ref(), &request.scopes).await
    }
}

/// Somebody who has signed in just now.
struct SignedIn {
    record: Arc<CallerRecord>,
    extra: CallerExtra,
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
        if let Ok(token) = PersonalToken::parse(password.expose()) {
            return self.by_token(&token).await.map(Some);
        }
        let peer = from.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.by_password(&username, Secret::from(password.expose()), peer)
            .await
            .map(Some)
    }

    async fn by_token(&self, token: &PersonalToken) -> Result<SignedIn, TokenRefusal> {
        let now = self.clock.now();
        let store = &self.facts.store;
        let found = store.credential(&token.hash()).await.map_err(unavailable)?;
        let good =
            |found: &CredentialRecord| found.kind == CredentialKind::Personal && found.is_good(now);
        let found = found.filter(good).ok_or(TokenRefusal::Credentials)?;
        let signed_in = self.signed_in(found.account, Some(&found)).await?;
        let written = found.last_used.is_some_and(|last| {
            // A clock that went backwards is no reason to write more often.
            now.duration_since(last).unwrap_or_default() < USE_PRECISION
        });
        if !written {
            store.used(found.id, now).await.map_err(unavailable)?;
        }
        Ok(signed_in)
    }

    async fn by_password(
        &self,
        username: &str,
        password: Secret,
        peer: IpAddr,
    ) -> Result<SignedIn, TokenRefusal> {
        let login = Login::new(username);
        // Spellings of one name count together; what is no name at all counts as itself.
        let key = match &login {
            Some(Login::Name(folded) | Login::Email(folded)) => folded.clone(),
            None => username.to_owned(),
        };
        let now = self.unix_now();
        self.lockout.check(&key, peer, now).map_err(locked)?;
        let found = match &login {
            Some(login) => self.facts.store.sign_in(login).await.map_err(unavailable)?,
            None => None,
        };
        let account = found
            .as_ref()
            .filter(|found| !found.disabled)
            .map(|found| found.account);
        let hash = found.as_ref().and_then(usable_hash);
        let lockout = Arc::clone(&self.lockout);
        let verdict = self.passwords.run(move |hasher| {
            // Once more, because many guesses may have queued up before the first one failed.
            lockout.check(&key, peer, now).map_err(Verdict::Locked)?;
            let matches = match &hash {
                Some(hash) => hasher.verify(hash, &password),
                None => hasher.verify_absent(&password).map(|()| false),
            }
            .map_err(Verdict::Machine)?;
            if let Some(account) = account.filter(|_| matches) {
                lockout.succeeded(&key, peer);
                Ok(account)
            } else {
                lockout.failed(&key, peer, now);
                Err(Verdict::Wrong)
            }
        });
        match verdict.await {
            Ok(Ok(account)) => self.signed_in(account, None).await,
            Ok(Err(Verdict::Wrong)) => Err(TokenRefusal::Credentials),
            Ok(Err(Verdict::Locked(after))) => Err(locked(after)),
            Ok(Err(Verdict::Machine(error))) => Err(TokenRefusal::Unavailable(Arc::new(error))),
            Err(PasswordWork::Full(retry_after)) => Err(TokenRefusal::TooMany { retry_after }),
            Err(error) => Err(TokenRefusal::Unavailable(Arc::new(error))),
        }
    }

    async fn signed_in(
        &self,
        account: pierhead_policy::PrincipalId,
        credential: Option<&CredentialRecord>,
    ) -> Result<SignedIn, TokenRefusal> {
        let id = credential.map(|credential| credential.id);
        let record = self
            .facts
            .caller((account, id))
            .await
            .map_err(unavailable)?;
        let record = record.ok_or(TokenRefusal::Credentials)?;
        let extra = CallerExtra {
            account,
            credential: id,
            scopes: credential.map_or(Scopes::ALL, |credential| credential.scopes),
            generation: record.generation,
            epoch: epoch(&record),
        };
        if extra.holds(&record, self.clock.now()) {
            Ok(SignedIn { record, extra })
        } else {
            Err(TokenRefusal::Credentials)
        }
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
        let Some(caller) = self.caller_facts(extra, &access) else {
            return Ok(RepositoryActions::NONE);
        };
        let target = access.target.as_repository(self.project_of(name).is_some());
        Ok(self.granted_by(&caller, &target, asked))
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
                decide(&self.options.policy, caller, question, target)
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

/// Why a password did not sign in.
enum Verdict {
    Wrong,
    Locked(RetryAfter),
    Machine(HashingError),
}

/// The hash to compare with. An account that is disabled or has none takes the same time without.
fn usable_hash(found: &SignIn) -> Option<PasswordHash> {
    if found.disabled {
        return None;
    }
    found.password.as_ref()?.parse().ok()
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

fn locked(RetryAfter(seconds): RetryAfter) -> TokenRefusal {
    TokenRefusal::TooMany {
        retry_after: Duration::from_secs(seconds),
    }
}

fn unavailable(error: StoreError) -> TokenRefusal {
    TokenRefusal::Unavailable(Arc::new(error))
}
