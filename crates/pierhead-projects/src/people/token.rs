//! Personal access tokens: made by their owner, in person; listed and revoked by their owner and by
//! operators.

use std::time::SystemTime;

use pierhead_auth::token::PersonalToken;
use pierhead_policy::{PrincipalId, RequestKind, Scopes};

use crate::actor::{Actor, Standing};
use crate::change::{Change, NewCredential, Recorded};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::people::name::is_plain;
use crate::projects::{Projects, until_settled};
use crate::record::{CredentialId, CredentialKind, CredentialRecord};
use crate::survey::PrincipalKey;

/// The longest name of a token, in bytes.
pub const MAX_TOKEN_NAME: usize = 256;

impl Projects {
    /// Makes a personal access token of an account's own. The text is shown once: only its hash is
    /// kept. Nobody makes one for somebody else, but the server itself.
    ///
    /// # Errors
    /// [`ProjectsError::NeedsSession`]; [`ProjectsError::TokenRequest`];
    /// [`ProjectsError::WiderToken`].
    pub async fn create_token(
        &self,
        actor: &Actor,
        account: PrincipalId,
        name: &str,
        scopes: Scopes,
        expires: Option<SystemTime>,
    ) -> Result<(CredentialId, PersonalToken), ProjectsError> {
        let plain = (1..=MAX_TOKEN_NAME).contains(&name.len()) && name.chars().all(is_plain);
        let over = expires.is_some_and(|expires| expires <= self.inner.clock.now());
        if !plain || name.trim().is_empty() || scopes == Scopes::NONE || over {
            return Err(ProjectsError::TokenRequest);
        }
        let (token, hash) =
            PersonalToken::generate().map_err(|error| ProjectsError::Secret(Box::new(error)))?;
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let mut expect = who.versions();
            match &who {
                Standing::Server => {
                    let record = self.store().caller(account, None).await?;
                    let record = record.filter(|record| !record.disabled);
                    let record = record.ok_or(ProjectsError::NotFound { what: "account" })?;
                    expect.extend(record.versions);
                }
                _ if who.id() != Some(account) => {
                    return Err(ProjectsError::NotFound { what: "account" });
                }
                Standing::Account { scopes: own, .. } if !is_within(scopes, *own) => {
                    return Err(ProjectsError::WiderToken);
                }
                _ => {}
            }
            let id = self.store().allocate_credential().await?;
            let new = NewCredential {
                id,
                account,
                kind: CredentialKind::Personal,
                name: name.to_owned(),
                parent: None,
                hash,
                scopes,
                expires,
            };
            let change = Recorded::new(Change::CreateCredential(new));
            self.commit(actor, expect, vec![change]).await?;
            Ok(id)
        })
        .map(|id| (id, token))
    }

    /// The tokens of an account, the actor's own unless told, expired ones among them, by their
    /// numbers, after `after`, at most `limit`. Those of others are for operators, in person.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`]; for accounts of others, there or not,
    /// [`ProjectsError::NeedsSession`] and [`ProjectsError::NotFound`].
    pub async fn tokens(
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
            who.in_person(RequestKind::ManagementRead)?;
            self.account(actor, PrincipalKey::Id(of)).await?;
        }
        self.credentials(of, CredentialKind::Personal, after, limit)
            .await
    }

    pub(crate) async fn credentials(
        &self,
        account: PrincipalId,
        kind: CredentialKind,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Listed<CredentialRecord>, ProjectsError> {
        let limit = limit.min(MAX_PAGE);
        let wanted = limit + 1;
        let found = self.store().credentials(account, kind, after, wanted);
        Ok(Listed::cut(found.await?, limit))
    }

    /// One of the actor's own tokens.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], also for somebody else's.
    pub async fn token(
        &self,
        actor: &Actor,
        id: CredentialId,
    ) -> Result<CredentialRecord, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        let account = who.id().ok_or(ProjectsError::SignIn)?;
        let found = self.store().caller(account, Some(id)).await?;
        found
            .and_then(|record| record.credential)
            .filter(|found| is_live(found, CredentialKind::Personal))
            .ok_or(ProjectsError::NotFound { what: "token" })
    }

    /// Revokes a personal access token for good, and the refresh tokens that it was used for; counts
    /// from the next request. Its owner does that, and operators.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], also for somebody else's and for one that was revoked;
    /// [`ProjectsError::NeedsSession`].
    pub async fn revoke(
        &self,
        actor: &Actor,
        account: PrincipalId,
        credential: CredentialId,
    ) -> Result<(), ProjectsError> {
        self.revoke_credential(actor, account, credential, CredentialKind::Personal)
            .await
    }

    pub(crate) async fn revoke_credential(
        &self,
        actor: &Actor,
        account: PrincipalId,
        credential: CredentialId,
        kind: CredentialKind,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let nothing = || ProjectsError::NotFound { what: "token" };
            if who.id() != Some(account) && !who.is_operator() {
                return Err(nothing());
            }
            let record = self.store().caller(account, Some(credential)).await?;
            let record = record.ok_or_else(nothing)?;
            let found = record.credential.as_ref();
            if !found.is_some_and(|found| is_live(found, kind)) {
                return Err(nothing());
            }
            let mut expect = who.versions();
            expect.extend(record.versions);
            let change = Recorded::new(Change::RevokeCredential {
                account,
                credential,
            });
            Ok(self.commit(actor, expect, vec![change]).await?)
        })
    }
}

/// Whether it is of this kind and was not revoked.
fn is_live(found: &CredentialRecord, kind: CredentialKind) -> bool {
    found.kind == kind && !found.revoked
}

fn is_within(wanted: Scopes, own: Scopes) -> bool {
    (own.view || !wanted.view)
        && (own.download || !wanted.download)
        && (own.modify || !wanted.modify)
}
