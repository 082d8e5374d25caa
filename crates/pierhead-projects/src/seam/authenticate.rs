//! Who calls, by the registry token they show.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use pierhead_auth::token::{AccessEntry, Expected, Holder, RegistryClaims};
use pierhead_model::RepositoryActions;
use pierhead_policy::{PrincipalId, Scopes};
use pierhead_registry::{
    AuthenticationError, Authenticator, Caller, Ceiling, Credentials, Peer, TokenAccess,
};
use pierhead_storage::{CallerId, StoreError};

use crate::projects::Inner;
use crate::record::{CallerRecord, CredentialId};
use crate::scopes;

/// What the authenticator tells its authorizer about a caller ([`Caller::extra`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerExtra {
    /// The account.
    pub account: PrincipalId,
    /// The personal access token or refresh token that the registry token was asked for with;
    /// none: the password.
    pub credential: Option<CredentialId>,
    /// What the credential was made for.
    pub scopes: Scopes,
    /// The account's generation when it signed in.
    pub generation: u64,
    /// The store's epoch when it signed in.
    pub epoch: u64,
}

impl CallerExtra {
    /// Whether what was true at sign-in is true of the account and its credential now.
    pub(crate) fn holds(&self, now: &CallerRecord, at: SystemTime) -> bool {
        !now.disabled
            && now.generation == self.generation
            && epoch(now) == self.epoch
            && self.credential.is_none_or(|id| now.shows_good(id, at))
    }
}

/// Which life of the store a record is from.
pub(crate) fn epoch(record: &CallerRecord) -> u64 {
    record
        .versions
        .first()
        .map_or(0, |(_, rights)| rights.epoch)
}

/// The id by which uploads and history know an account.
pub(crate) fn caller_id(account: PrincipalId) -> CallerId {
    // Digits are always an id.
    CallerId::new(&account.get().to_string()).unwrap_or_else(|_| CallerId::anonymous())
}

/// Takes registry tokens and nothing else. Passwords and personal access tokens are for the token
/// endpoint; here they answer [`AuthenticationError::Invalid`].
///
/// The signature is checked once for each token; account and credential are asked about on every
/// request, so that disabling, a new password and revoking count from the next one.
#[derive(Clone, Debug)]
pub struct ProjectAuthenticator {
    pub(crate) inner: Arc<Inner>,
}

#[async_trait]
impl Authenticator for ProjectAuthenticator {
    async fn authenticate(
        &self,
        credentials: Credentials,
        _from: &Peer,
    ) -> Result<Caller, AuthenticationError> {
        match credentials {
            Credentials::None => Ok(Caller::anonymous()),
            Credentials::Bearer(token) => self.bearer(token.expose()).await,
            _ => Err(AuthenticationError::Invalid),
        }
    }
}

impl ProjectAuthenticator {
    async fn bearer(&self, token: &str) -> Result<Caller, AuthenticationError> {
        let inner = &self.inner;
        let expected = Expected::new(&*inner.options.issuer, &*inner.options.service);
        let keys = inner.keys();
        let claims = inner
            .verified
            .verify(&keys, token, &expected, inner.unix_now())
            .map_err(|_| AuthenticationError::Invalid)?;
        let ceiling = Ceiling::Listed(access(&claims.access));
        let Some(extra) = extra(&claims) else {
            return Ok(Caller::anonymous().under(ceiling));
        };
        let who = (extra.account, extra.credential);
        let record = inner.facts.caller(who).await.map_err(unavailable)?;
        let record = record.ok_or(AuthenticationError::Invalid)?;
        if !extra.holds(&record, inner.clock.now()) || inner.is_switched_off(&record) {
            return Err(AuthenticationError::Invalid);
        }
        let caller = Caller::new(caller_id(record.id), Arc::clone(&record.name));
        Ok(caller.under(ceiling).with_extra(Arc::new(extra)))
    }
}

fn unavailable(error: StoreError) -> AuthenticationError {
    AuthenticationError::Unavailable(Arc::new(error))
}

fn extra(claims: &RegistryClaims) -> Option<CallerExtra> {
    match claims.holder {
        Holder::Anonymous => None,
        Holder::Account {
            account,
            account_version,
            credential,
            ..
        } => Some(CallerExtra {
            account: PrincipalId::new(account),
            credential: credential.map(CredentialId),
            scopes: scopes::from_names(&claims.scopes),
            generation: account_version,
            epoch: claims.epoch,
        }),
    }
}

/// What a token lists. An entry that we would not have written grants nothing.
fn access(entries: &[AccessEntry]) -> Arc<[TokenAccess]> {
    entries
        .iter()
        .filter_map(|entry| match entry.kind.as_str() {
            "repository" => Some(TokenAccess::Repository {
                name: entry.name.parse().ok()?,
                actions: entry
                    .actions
                    .iter()
                    .map(|action| RepositoryActions::parse(action))
                    .fold(RepositoryActions::NONE, RepositoryActions::union),
            }),
            "registry" if entry.name == "catalog" && !entry.actions.is_empty() => {
                Some(TokenAccess::Catalog)
            }
            _ => None,
        })
        .collect()
}
