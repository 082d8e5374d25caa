//! An account's own e-mail address: it is the account's once it is confirmed.

use pierhead_auth::token::EmailToken;
use pierhead_policy::RequestKind;
use serde_json::json;

use crate::actor::{Actor, Standing};
use crate::change::{Change, Recorded};
use crate::error::ProjectsError;
use crate::pending::Purpose;
use crate::people::mail::Letter;
use crate::people::name::Email;
use crate::projects::{Projects, until_settled};
use crate::survey::{Found, PrincipalKey, SurveyQuery};

impl Projects {
    /// Sends a message to an address that the actor says is its own, in person. The address that it
    /// has stays until the new one is confirmed. Whether another account has it is not told.
    ///
    /// # Errors
    /// [`ProjectsError::NeedsSession`], [`ProjectsError::MailOff`], [`ProjectsError::TooManyAsks`]
    /// beyond ten in an hour, an address that no message can be sent to.
    pub async fn ask_email(&self, actor: &Actor, email: &Email) -> Result<(), ProjectsError> {
        email.mailable()?;
        let who = self.standing(actor).await?;
        who.in_person(RequestKind::ManagementWrite)?;
        let Standing::Account { record, .. } = &who else {
            return Err(ProjectsError::SignIn);
        };
        self.mailer()?;
        self.inner.may_ask_email(record.id)?;
        self.inner.letters.post(Letter::Confirm {
            actor: actor.clone(),
            account: record.id,
            generation: record.generation,
            email: email.clone(),
        })
    }

    /// Makes an address the actor's, by the text that was sent there, in person: neither who reads
    /// the mail of the address nor who has signed in can do that alone. The address of before is
    /// told.
    ///
    /// # Errors
    /// [`ProjectsError::BadSecret`] for what was not sent for this account, or is no longer good;
    /// [`ProjectsError::EmailTaken`] when another account has the address, which only who reads its
    /// mail is told; [`ProjectsError::NeedsSession`].
    pub async fn confirm_email(&self, actor: &Actor, token: &str) -> Result<(), ProjectsError> {
        let hash = EmailToken::parse(token).map(|token| token.hash());
        let moved = until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let Standing::Account { record, .. } = &who else {
                return Err(ProjectsError::SignIn);
            };
            let Ok(hash) = hash else {
                return Err(ProjectsError::BadSecret);
            };
            let account = record.id;
            let found = self.proof(&hash, Purpose::Email).await?;
            if found.account != account {
                return Err(ProjectsError::BadSecret);
            }
            let keys = vec![
                PrincipalKey::Id(account),
                PrincipalKey::Email(found.email.folded()),
            ];
            let survey = self.survey(SurveyQuery::of(keys)).await?;
            let mut principals = survey.principals.into_iter();
            let (Some(Some(Found::Account(own))), holder) = (principals.next(), principals.next())
            else {
                return Err(ProjectsError::SignIn);
            };
            if holder
                .flatten()
                .is_some_and(|holder| holder.id() != account)
            {
                return Err(ProjectsError::EmailTaken);
            }
            let proof = Change::UseProof {
                account,
                purpose: Purpose::Email,
                hash,
            };
            let email = Change::SetEmail {
                account,
                email: found.email.clone(),
            };
            let changes = vec![
                Recorded::new(proof),
                Recorded::replacing(email, &json!(own.email)),
            ];
            let mut expect = who.versions();
            expect.extend(survey.versions);
            self.commit(actor, expect, changes).await?;
            let before = own.email.and_then(|email| email.parse::<Email>().ok());
            let before = before.filter(|before| before.folded() != found.email.folded());
            Ok(before.map(|to| (own.name, to)))
        })?;
        if let Some((account, to)) = moved.filter(|_| self.mailer().is_ok()) {
            // The change is made, whether or not there is room for the news of it.
            let _ = self.inner.letters.post(Letter::Moved { account, to });
        }
        Ok(())
    }
}
