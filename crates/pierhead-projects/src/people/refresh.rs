//! Refresh tokens of the token endpoint: made for clients that ask, where they are configured; listed
//! and revoked by their owner and by operators.
//!
//! Such a token is never changed for another: docker keeps the first one it got. It dies with what it
//! was asked for with, which [`CallerRecord::shows_good`] looks at on every request, and what was made
//! by it dies with it.

use std::time::{Duration, SystemTime};

use pierhead_auth::token::RefreshToken;
use pierhead_policy::{PrincipalId, RequestKind};
use pierhead_registry::Peer;

use crate::actor::{Actor, Standing};
use crate::change::{Change, MAX_REFRESH_TOKENS, NewCredential, Recorded};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::people::sign_in::SignedIn;
use crate::projects::{Inner, Projects, until_settled};
use crate::record::{CallerRecord, CredentialId, CredentialKind, CredentialRecord, Parent};
use crate::survey::PrincipalKey;

/// What was not used for so long makes room for a new one.
const IDLE: Duration = Duration::from_secs(86_400);

impl Projects {
    /// The refresh tokens of an account, the actor's own unless told, by their numbers, after
    /// `after`, at most `limit`. Those of others are for operators.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`]; [`ProjectsError::NotFound`] for accounts of others, there or not.
    pub async fn refresh_tokens(
        &self,
        actor: &Actor,
        of: Option<PrincipalId>,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Listed<CredentialRecord>, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        let of = of.or(who.id()).ok_or(ProjectsError::SignIn)?;
        if who.id() != Some(of) {
            self.account(actor, PrincipalKey::Id(of)).await?;
        }
        self.credentials(of, CredentialKind::Refresh, after, limit)
            .await
    }

    /// Revokes a refresh token for good; counts from the next request. Its owner does that, and
    /// operators.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], also for somebody else's; [`ProjectsError::NeedsSession`].
    pub async fn revoke_refresh_token(
        &self,
        actor: &Actor,
        account: PrincipalId,
        id: CredentialId,
    ) -> Result<(), ProjectsError> {
        self.revoke_credential(actor, account, id, CredentialKind::Refresh)
            .await
    }

    /// Makes a refresh token for who signed in just now with a password or a personal access token.
    /// `None` where there are none, and for an account that has [`MAX_REFRESH_TOKENS`] in use: its
    /// clients keep what they signed in with.
    pub(crate) async fn create_refresh_token(
        &self,
        signed_in: &SignedIn,
        from: &Peer,
    ) -> Result<Option<RefreshToken>, ProjectsError> {
        let Some(life) = self.options().refresh_life else {
            return Ok(None);
        };
        let (token, hash) =
            RefreshToken::generate().map_err(|error| ProjectsError::Secret(Box::new(error)))?;
        // As shown: what was revoked meanwhile has no children.
        let actor = Actor::shown(signed_in.extra, from);
        let made = until_settled!(async {
            let who = self.standing(&actor).await?;
            let Standing::Account { record, scopes, .. } = &who else {
                return Err(ProjectsError::SignIn);
            };
            let kind = CredentialKind::Refresh;
            let held = self.credentials(record.id, kind, None, MAX_PAGE).await?;
            let now = self.inner.clock.now();
            let Some(leaving) = leaving(held.items, now) else {
                return Ok(false);
            };
            let (parent, parent_ends) = match &record.credential {
                None => {
                    let generation = record.generation;
                    (Parent::Password { generation }, None)
                }
                Some(shown) => (Parent::Token(shown.id), shown.expires),
            };
            let new = NewCredential {
                id: self.store().allocate_credential().await?,
                account: record.id,
                kind,
                name: actor.from().to_owned(),
                parent: Some(parent),
                hash,
                scopes: *scopes,
                // A life beyond what a clock can say has no end of its own.
                expires: [now.checked_add(life), parent_ends]
                    .into_iter()
                    .flatten()
                    .min(),
            };
            let account = record.id;
            let revoke = |credential| Change::RevokeCredential {
                account,
                credential,
            };
            let changes = leaving.into_iter().map(revoke);
            let changes = changes.chain([Change::CreateCredential(new)]);
            let changes = changes.map(Recorded::new).collect();
            self.commit(&actor, who.versions(), changes).await?;
            Ok(true)
        });
        match made {
            Ok(made) => Ok(made.then_some(token)),
            // Many at once: whoever gets none loses nothing.
            Err(ProjectsError::Busy) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Inner {
    /// Whether it is by a refresh token where there are none any more.
    pub(crate) fn is_switched_off(&self, record: &CallerRecord) -> bool {
        let shown = record.credential.as_ref();
        self.options.refresh_life.is_none()
            && shown.is_some_and(|shown| shown.kind == CredentialKind::Refresh)
    }
}

/// Which of an account's tokens make room for one more: those that have expired, then those that were
/// idle for longest. `None` where that is not enough, because the rest are in use.
fn leaving(mut held: Vec<CredentialRecord>, now: SystemTime) -> Option<Vec<CredentialId>> {
    let too_many = (held.len() + 1).saturating_sub(MAX_REFRESH_TOKENS);
    let since = |token: &CredentialRecord| token.last_used.unwrap_or(token.created);
    let in_use = |token: &CredentialRecord| {
        // What was used in a time that is still to come is in use.
        let idle = now.duration_since(since(token)).unwrap_or_default();
        token.is_good(now) && idle < IDLE
    };
    held.sort_by_key(|token| (token.is_good(now), since(token)));
    let leaving = held.iter().take(too_many);
    let leaving: Vec<CredentialId> = leaving
        .filter(|token| !in_use(token))
        .map(|token| token.id)
        .collect();
    (leaving.len() == too_many).then_some(leaving)
}
