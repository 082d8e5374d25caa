//! Invitations to make an account: made, listed and revoked by operators.

use std::time::{Duration, SystemTime};

use pierhead_auth::token::InvitationToken;
use pierhead_policy::RequestKind;
use serde_json::json;

use crate::actor::{Actor, RoleUse};
use crate::change::{Change, Recorded};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::pending::{InvitationId, InvitationKey, InvitationRecord, NewInvitation};
use crate::people::name::Email;
use crate::people::register::Registration;
use crate::projects::{Projects, until_settled};
use crate::survey::{PrincipalKey, SurveyQuery};

/// How long an invitation is good unless it is said.
const LIFE: Duration = Duration::from_secs(7 * 86_400);

/// How long it may be good at most.
const LONGEST: Duration = Duration::from_secs(90 * 86_400);

/// An invitation that was just made.
#[derive(Debug)]
pub struct Invited {
    /// Its number.
    pub id: InvitationId,
    /// Its text, shown once: only its hash is kept.
    pub token: InvitationToken,
    /// Until when it is good.
    pub expires: SystemTime,
}

impl Projects {
    /// Invites somebody to make one account; operators do that in person. The address, if one is
    /// given, is the account's without another proof. It is good until `expires` (7 days unless it is
    /// said, 90 at most), until it is used or revoked, and as long as whoever made it is an active
    /// operator.
    ///
    /// # Errors
    /// [`ProjectsError::OperatorsOnly`], [`ProjectsError::RegistrationClosed`],
    /// [`ProjectsError::EmailTaken`], [`ProjectsError::InvitationEnd`].
    pub async fn invite(
        &self,
        actor: &Actor,
        email: Option<&Email>,
        expires: Option<SystemTime>,
    ) -> Result<Invited, ProjectsError> {
        let now = self.inner.clock.now();
        let expires = expires.unwrap_or(now + LIFE);
        if expires <= now || expires > now + LONGEST {
            return Err(ProjectsError::InvitationEnd);
        }
        let (token, hash) =
            InvitationToken::generate().map_err(|error| ProjectsError::Secret(Box::new(error)))?;
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.administers(RequestKind::ManagementWrite)?;
            if self.options().registration == Registration::Closed {
                return Err(ProjectsError::RegistrationClosed);
            }
            let keys = email.map(|email| PrincipalKey::Email(email.folded()));
            let survey = self
                .survey(SurveyQuery::of(keys.into_iter().collect()))
                .await?;
            if survey.principals.iter().any(Option::is_some) {
                return Err(ProjectsError::EmailTaken);
            }
            let id = self.store().allocate_invitation().await?;
            let change = Recorded::new(Change::CreateInvitation(NewInvitation {
                id,
                by: who.id(),
                email: email.cloned(),
                hash,
                expires,
            }));
            self.commit(actor, who.versions(), vec![change]).await?;
            Ok(id)
        })
        .map(|id| Invited { id, token, expires })
    }

    /// Invitations that were neither used nor revoked, expired ones among them until they are swept
    /// up, by their numbers, after `after`, at most `limit`: for operators.
    ///
    /// # Errors
    /// [`ProjectsError::OperatorsOnly`].
    pub async fn invitations(
        &self,
        actor: &Actor,
        after: Option<InvitationId>,
        limit: usize,
    ) -> Result<Listed<InvitationRecord>, ProjectsError> {
        let who = self.standing(actor).await?;
        who.operates(RequestKind::ManagementRead)?;
        let limit = limit.min(MAX_PAGE);
        let found = self.store().invitations(after, limit + 1).await?;
        self.shown_by_role(actor, true, RoleUse::of("list-invitations"))
            .await?;
        Ok(Listed::cut(found, limit))
    }

    /// Takes an invitation back; operators do that in person. Who is registering with it at that
    /// moment either has the account already, or gets none.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], also for one that was used.
    pub async fn revoke_invitation(
        &self,
        actor: &Actor,
        invitation: InvitationId,
    ) -> Result<(), ProjectsError> {
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.administers(RequestKind::ManagementWrite)?;
            let found = self
                .store()
                .invitation(&InvitationKey::Id(invitation))
                .await?;
            let found = found.ok_or(ProjectsError::NotFound { what: "invitation" })?;
            let before = json!({ "email": found.email.as_ref().map(Email::as_str) });
            let change = Change::RevokeInvitation { invitation };
            let changes = vec![Recorded::replacing(change, &before)];
            Ok(self.commit(actor, who.versions(), changes).await?)
        })
    }
}
