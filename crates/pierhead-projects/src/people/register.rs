//! Registration: people make their accounts themselves.

use pierhead_auth::Secret;
use pierhead_auth::token::{InvitationToken, TokenHash};
use pierhead_policy::PrincipalId;
use pierhead_registry::Peer;

use crate::actor::Actor;
use crate::change::{Change, NewAccount, Recorded};
use crate::error::ProjectsError;
use crate::pending::{InvitationKey, InvitationRecord};
use crate::people::mail::Letter;
use crate::people::name::{AccountName, Email};
use crate::projects::{Projects, until_settled};
use crate::record::Versions;
use crate::survey::{Found, PrincipalKey, SurveyQuery};

/// Who may make an account for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Anybody who can reach the server.
    Open,
    /// Whoever has an invitation.
    #[default]
    ByInvitation,
    /// Nobody; operators make accounts.
    Closed,
}

/// Names of users and teams, folded, that say who somebody is. Operators give them.
const RESERVED: [&str; 10] = [
    "admin",
    "administrator",
    "anonymous",
    "everybody",
    "everyone",
    "operator",
    "pierhead",
    "root",
    "support",
    "system",
];

/// Whether only operators give this name.
pub(crate) fn is_reserved(name: &AccountName) -> bool {
    RESERVED.contains(&name.folded().as_str())
}

/// An account that somebody makes for themselves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationRequest {
    /// Its password.
    pub password: Secret,
    /// Its e-mail address, which counts once it is confirmed. Needed where mail can be sent, unless
    /// the invitation has one; refused where it could never be confirmed.
    pub email: Option<Email>,
    /// The text of an invitation.
    pub invitation: Option<Secret>,
}

impl RegistrationRequest {
    /// An account that signs in with this password.
    pub fn new(password: impl Into<Secret>) -> Self {
        Self {
            password: password.into(),
            email: None,
            invitation: None,
        }
    }

    /// The same with an e-mail address.
    pub fn with_email(mut self, email: Email) -> Self {
        self.email = Some(email);
        self
    }

    /// The same by an invitation.
    pub fn with_invitation(mut self, invitation: impl Into<Secret>) -> Self {
        self.invitation = Some(invitation.into());
        self
    }
}

impl Projects {
    /// Makes an account for whoever asks: neither certified nor an operator. It signs in by its name
    /// at once; its address is sent a message and signs in once it is confirmed, that of an invitation
    /// at once. Whether an address has an account already is neither looked at nor told; names are
    /// public.
    ///
    /// At most 50 attempts in 15 minutes are made from one peer; those with a good invitation are
    /// neither counted nor stopped by it.
    ///
    /// # Errors
    /// [`ProjectsError::RegistrationClosed`], [`ProjectsError::InvitationNeeded`],
    /// [`ProjectsError::BadSecret`], [`ProjectsError::NameTaken`], [`ProjectsError::EmailNeeded`],
    /// [`ProjectsError::EmailUnwanted`], [`ProjectsError::TooManyAsks`], a password or an address
    /// against the rules. [`ProjectsError::EmailTaken`] of the address of an invitation.
    pub async fn register(
        &self,
        name: &AccountName,
        request: RegistrationRequest,
        from: &Peer,
    ) -> Result<PrincipalId, ProjectsError> {
        pierhead_auth::password::check_rules(&request.password)?;
        if let Some(email) = &request.email {
            email.mailable()?;
        }
        let secret = self
            .admitted(request.invitation.as_ref(), request.email.as_ref(), from)
            .await?;
        let taken = || ProjectsError::NameTaken {
            name: name.to_string(),
        };
        // Once before anything costly is done, and once when it is given.
        let named = PrincipalKey::Name(name.folded());
        if is_reserved(name) || self.looked_up(named).await?.is_some() {
            return Err(taken());
        }
        let peer = from.address.map_or_else(String::new, |it| it.to_string());
        let password = self.inner.passwords.hash(peer, request.password).await?;
        let account = until_settled!(async {
            let mut changes = Vec::new();
            let (invitation, mut expect) = match &secret {
                Some(secret) => {
                    let (found, versions) = self.invited(secret).await?;
                    (Some(found), versions)
                }
                None => (None, Versions::new()),
            };
            let given = invitation.as_ref().and_then(|found| found.email.as_ref());
            let mut principals = vec![PrincipalKey::Name(name.folded())];
            principals.extend(given.map(|email| PrincipalKey::Email(email.folded())));
            let survey = self.survey(SurveyQuery::of(principals)).await?;
            match survey.principals.iter().position(Option::is_some) {
                Some(0) => return Err(taken()),
                Some(_) => return Err(ProjectsError::EmailTaken),
                None => {}
            }
            let ids = self.store().allocate_principals(1).await?;
            let id = ids.first().copied().ok_or(ProjectsError::Busy)?;
            changes.push(Recorded::new(Change::CreateAccount(NewAccount {
                id,
                name: name.clone(),
                email: given.cloned(),
                password: Some(password.as_str().to_owned()),
                certified: false,
                operator: false,
                registered: true,
            })));
            changes.extend(invitation.map(|found| {
                Recorded::new(Change::UseInvitation {
                    invitation: found.id,
                    account: id,
                })
            }));
            expect.extend(survey.versions);
            self.commit(&Actor::account(id, from), expect, changes)
                .await?;
            Ok(id)
        })?;
        if let Some(email) = request.email.filter(|_| self.options().mailer.is_some()) {
            let record = self.store().caller(account, None).await?;
            // Who is sent nothing asks for it again once signed in.
            let _ = self.inner.letters.post(Letter::Confirm {
                actor: Actor::account(account, from),
                account,
                generation: record.map_or(0, |record| record.generation),
                email,
            });
        }
        Ok(account)
    }

    /// Whether somebody may register at all, before anything costly is done: the hash of the
    /// invitation's secret, if there is one.
    async fn admitted(
        &self,
        invitation: Option<&Secret>,
        email: Option<&Email>,
        from: &Peer,
    ) -> Result<Option<TokenHash>, ProjectsError> {
        let (secret, given) = match (self.options().registration, invitation) {
            (Registration::Closed, _) => return Err(ProjectsError::RegistrationClosed),
            (Registration::ByInvitation, None) => return Err(ProjectsError::InvitationNeeded),
            (Registration::Open, None) => {
                self.inner.may_ask(from)?;
                self.inner.count_ask(from);
                (None, None)
            }
            (_, Some(text)) => {
                let bad = |_| ProjectsError::BadSecret;
                let secret = InvitationToken::parse(text.expose()).map_err(bad);
                let found = match secret {
                    Ok(secret) => {
                        let hash = secret.hash();
                        self.invited(&hash).await.map(|(found, _)| (hash, found))
                    }
                    Err(error) => Err(error),
                };
                let (hash, found) = match found {
                    Ok(found) => found,
                    Err(error) => {
                        self.inner.may_ask(from)?;
                        self.inner.count_ask(from);
                        return Err(error);
                    }
                };
                (Some(hash), found.email)
            }
        };
        let wanted = self.options().mailer.is_some() && given.is_none();
        match (email, given) {
            (None, _) if wanted => Err(ProjectsError::EmailNeeded),
            (Some(email), Some(given)) if email.folded() == given.folded() => Ok(secret),
            (Some(_), _) if !wanted => Err(ProjectsError::EmailUnwanted),
            _ => Ok(secret),
        }
    }

    /// The invitation of a secret and what it rests on: that it is good still, and whoever made it an
    /// active operator.
    async fn invited(
        &self,
        secret: &TokenHash,
    ) -> Result<(InvitationRecord, Versions), ProjectsError> {
        let found = self
            .store()
            .invitation(&InvitationKey::Secret(*secret))
            .await?;
        let now = self.inner.clock.now();
        let found = found.filter(|found| now < found.expires);
        let found = found.ok_or(ProjectsError::BadSecret)?;
        let Some(by) = found.by else {
            return Ok((found, Versions::new()));
        };
        let survey = self
            .survey(SurveyQuery::of(vec![PrincipalKey::Id(by)]))
            .await?;
        match survey.principals.first() {
            Some(Some(Found::Account(by))) if by.operator && !by.disabled => {
                Ok((found, survey.versions))
            }
            _ => Err(ProjectsError::BadSecret),
        }
    }
}
