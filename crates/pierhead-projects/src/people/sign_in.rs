//! Signing in: by password or by a token's secret, for the registry and for the management API.

use std::sync::Arc;
use std::time::Duration;

use pierhead_auth::Secret;
use pierhead_auth::lockout::RetryAfter;
use pierhead_auth::password::{HashingError, PasswordHash};
use pierhead_auth::token::{PersonalToken, SessionToken, TokenHash};
use pierhead_policy::{PrincipalId, RequestKind, Scopes};
use pierhead_registry::{Peer, TokenRefusal};
use pierhead_storage::StoreError;

use crate::actor::{Actor, Standing};
use crate::change::{Change, NewCredential, Recorded};
use crate::error::ProjectsError;
use crate::people::guesses::Guess;
use crate::people::name::Login;
use crate::people::password::PasswordWork;
use crate::projects::{Inner, Projects, until_settled};
use crate::record::{CallerRecord, CredentialKind, CredentialRecord, SignIn};
use crate::seam::authenticate::{CallerExtra, epoch};

/// The use of a credential, or of the operator's role, is written down once in this time.
pub(crate) const USE_PRECISION: Duration = Duration::from_secs(60);

/// Somebody who has signed in just now.
pub(crate) struct SignedIn {
    pub(crate) record: Arc<CallerRecord>,
    pub(crate) extra: CallerExtra,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub(crate) enum NotSignedIn {
    /// Wrong, unknown, disabled, revoked: not told apart.
    Wrong,
    TooMany {
        retry_after: Duration,
    },
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for NotSignedIn {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

impl From<RetryAfter> for NotSignedIn {
    fn from(RetryAfter(seconds): RetryAfter) -> Self {
        Self::TooMany {
            retry_after: Duration::from_secs(seconds),
        }
    }
}

impl From<NotSignedIn> for TokenRefusal {
    fn from(why: NotSignedIn) -> Self {
        match why {
            NotSignedIn::Wrong => Self::Credentials,
            NotSignedIn::TooMany { retry_after } => Self::TooMany { retry_after },
            NotSignedIn::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl NotSignedIn {
    /// The same for the management API; `wrong` is what it says of wrong credentials.
    fn managing(self, wrong: ProjectsError) -> ProjectsError {
        match self {
            Self::Wrong => wrong,
            Self::TooMany { retry_after } => ProjectsError::TooManySignIns { retry_after },
            Self::Unavailable(source) => {
                ProjectsError::Store(StoreError::unavailable("sign in", source))
            }
        }
    }
}

/// Why a password did not sign in.
enum Verdict {
    Wrong,
    Locked(RetryAfter),
    Machine(HashingError),
}

impl Projects {
    /// Signs in with a password and begins a session. The text is shown once: only its hash is
    /// kept.
    ///
    /// # Errors
    /// [`ProjectsError::WrongCredentials`], [`ProjectsError::TooManySignIns`].
    pub async fn login(
        &self,
        username: &str,
        password: Secret,
        from: &Peer,
    ) -> Result<SessionToken, ProjectsError> {
        let wrong = |why: NotSignedIn| why.managing(ProjectsError::WrongCredentials);
        let signed_in = self.inner.by_password(username, password, from).await;
        let extra = signed_in.map_err(wrong)?.extra;
        // As shown: a password that was changed meanwhile begins no session.
        let actor = Actor::shown(extra, from);
        until_settled!(async {
            let who = self.standing(&actor).await?;
            let (token, new) = self.new_session(extra.account).await?;
            let change = Recorded::new(Change::CreateCredential(new));
            self.commit(&actor, who.versions(), vec![change]).await?;
            Ok(token)
        })
    }

    /// A session to begin, and its text.
    pub(crate) async fn new_session(
        &self,
        account: PrincipalId,
    ) -> Result<(SessionToken, NewCredential), ProjectsError> {
        let (token, hash) =
            SessionToken::generate().map_err(|error| ProjectsError::Secret(Box::new(error)))?;
        let new = NewCredential {
            id: self.store().allocate_credential().await?,
            account,
            kind: CredentialKind::Session,
            name: String::new(),
            parent: None,
            hash,
            scopes: Scopes::ALL,
            // A life beyond what a clock can say has no end.
            expires: self
                .inner
                .clock
                .now()
                .checked_add(self.options().session_life),
        };
        Ok((token, new))
    }

    /// Ends the session that asks.
    ///
    /// # Errors
    /// [`ProjectsError::NeedsSession`] when a token asks, which is revoked by its number.
    pub async fn logout(&self, actor: &Actor) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let Standing::Account { record, .. } = &who else {
                return Err(ProjectsError::SignIn);
            };
            let session = record
                .credential
                .as_ref()
                .ok_or(ProjectsError::NeedsSession)?;
            let change = Change::RevokeCredential {
                account: record.id,
                credential: session.id,
            };
            let changes = vec![Recorded::new(change)];
            Ok(self.commit(actor, who.versions(), changes).await?)
        })
    }

    /// Who shows this token to the management API: a personal access token or a session. Nothing
    /// else is taken there, no password and no registry token.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`] when it is none of the two, or no longer good.
    pub async fn actor(&self, token: Option<&str>, from: &Peer) -> Result<Actor, ProjectsError> {
        let Some(text) = token else {
            return Ok(Actor::anonymous(from));
        };
        let hash = PersonalToken::parse(text)
            .map(|token| token.hash())
            .or_else(|_| SessionToken::parse(text).map(|token| token.hash()))
            .map_err(|_| ProjectsError::SignIn)?;
        let kinds = [CredentialKind::Personal, CredentialKind::Session];
        let signed_in = self.inner.by_secret(&hash, &kinds).await;
        let signed_in = signed_in.map_err(|why| why.managing(ProjectsError::SignIn))?;
        Ok(Actor::shown(signed_in.extra, from))
    }
}

impl Inner {
    /// By the hash of a token's secret; it must be one of these kinds of credential.
    pub(crate) async fn by_secret(
        &self,
        hash: &TokenHash,
        kinds: &[CredentialKind],
    ) -> Result<SignedIn, NotSignedIn> {
        let now = self.clock.now();
        let store = &self.facts.store;
        let found = store.credential(hash).await?;
        let good = |found: &CredentialRecord| kinds.contains(&found.kind) && found.is_good(now);
        let found = found.filter(good).ok_or(NotSignedIn::Wrong)?;
        let record = self.facts.caller((found.account, Some(found.id))).await?;
        let record = record.ok_or(NotSignedIn::Wrong)?;
        // A token and a session are revoked by themselves, and a refresh token says itself which
        // generation it dies with, so any of the account will do.
        let signed_in = self
            .signed_in(CallerExtra {
                account: found.account,
                credential: Some(found.id),
                scopes: found.scopes,
                generation: record.generation,
                epoch: epoch(&record),
            })
            .await?;
        let written = found.last_used.is_some_and(|last| {
            // A clock that went backwards is no reason to write more often.
            now.duration_since(last).unwrap_or_default() < USE_PRECISION
        });
        if !written {
            store.used(found.id, now).await?;
        }
        Ok(signed_in)
    }

    /// By user name or e-mail address, and password. Wrong, unknown and disabled take the same work.
    pub(crate) async fn by_password(
        &self,
        username: &str,
        password: Secret,
        from: &Peer,
    ) -> Result<SignedIn, NotSignedIn> {
        let login = Login::new(username);
        let found = match &login {
            Some(login) => self.facts.store.sign_in(login).await?,
            None => None,
        };
        let account = found.as_ref().map(|found| found.account);
        let guess = Guess::new(username, login.as_ref(), account, from, self.unix_now());
        self.guesses.check(&guess)?;
        // As of the moment the hash was read: a password that is changed while it waits to be
        // compared signs nobody in.
        let extra = found
            .as_ref()
            .filter(|found| !found.disabled)
            .map(|found| CallerExtra {
                account: found.account,
                credential: None,
                scopes: Scopes::ALL,
                generation: found.generation,
                epoch: found.epoch,
            });
        let hash = found.as_ref().and_then(usable_hash);
        let guesses = Arc::clone(&self.guesses);
        let verdict = self.passwords.run(guess.asker(), move |hasher| {
            // Once more, because many guesses may have queued up before the first one failed.
            let open = guesses.check(&guess).map_err(Verdict::Locked)?;
            let matches = match hash.as_ref().filter(|_| open) {
                Some(hash) => hasher.verify(hash, &password),
                None => hasher.verify_absent(&password).map(|()| false),
            }
            .map_err(Verdict::Machine)?;
            if let Some(extra) = extra.filter(|_| matches) {
                guesses.succeeded(&guess);
                Ok(extra)
            } else {
                guesses.failed(&guess);
                Err(Verdict::Wrong)
            }
        });
        match verdict.await {
            Ok(Ok(extra)) => self.signed_in(extra).await,
            Ok(Err(Verdict::Wrong)) => Err(NotSignedIn::Wrong),
            Ok(Err(Verdict::Locked(after))) => Err(after.into()),
            Ok(Err(Verdict::Machine(error))) => Err(NotSignedIn::Unavailable(Arc::new(error))),
            Err(PasswordWork::Full(retry_after)) => Err(NotSignedIn::TooMany { retry_after }),
            Err(error) => Err(NotSignedIn::Unavailable(Arc::new(error))),
        }
    }

    /// Whether it is an account's password that somebody has typed once more. A wrong one counts like
    /// one that does not sign in. The generation of the account that it was the password of.
    pub(crate) async fn confirm(
        &self,
        account: &CallerRecord,
        password: Secret,
        from: &Peer,
    ) -> Result<u64, ProjectsError> {
        let typed = self.by_password(&account.name, password, from).await;
        let typed = typed.map_err(|why| why.managing(ProjectsError::WrongPassword))?;
        if typed.record.id == account.id {
            Ok(typed.extra.generation)
        } else {
            Err(ProjectsError::WrongPassword)
        }
    }

    /// Whether what somebody signs in with is still good.
    async fn signed_in(&self, extra: CallerExtra) -> Result<SignedIn, NotSignedIn> {
        let who = (extra.account, extra.credential);
        let record = self.facts.caller(who).await?.ok_or(NotSignedIn::Wrong)?;
        if extra.holds(&record, self.clock.now()) {
            Ok(SignedIn { record, extra })
        } else {
            Err(NotSignedIn::Wrong)
        }
    }
}

/// The hash to compare with. An account that is disabled or has none takes the same time without.
fn usable_hash(found: &SignIn) -> Option<PasswordHash> {
    if found.disabled {
        return None;
    }
    found.password.as_ref()?.parse().ok()
}
