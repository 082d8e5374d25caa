//! An account's own password: changed with the old one, or set again by mail.

use pierhead_auth::Secret;
use pierhead_auth::password::check_rules;
use pierhead_auth::token::{ResetToken, SessionToken, TokenHash};
use pierhead_policy::RequestKind;
use pierhead_registry::Peer;

use crate::actor::{Actor, Standing};
use crate::change::{Change, PasswordText, Recorded};
use crate::error::ProjectsError;
use crate::pending::{ProofRecord, Purpose};
use crate::people::guesses::asker;
use crate::people::mail::Letter;
use crate::people::name::Email;
use crate::projects::{Projects, until_settled};

impl Projects {
    /// Sets the actor's own password with the old one, in person. Every session of before ends, the
    /// one that asks among them, in whose place another begins; registry tokens of before are
    /// refused, personal access tokens stay. A wrong old password counts as at signing in.
    ///
    /// # Errors
    /// [`ProjectsError::WrongPassword`], [`ProjectsError::TooManySignIns`],
    /// [`ProjectsError::NeedsSession`], a password against the rules.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: Secret,
        new: Secret,
        from: &Peer,
    ) -> Result<SessionToken, ProjectsError> {
        check_rules(&new)?;
        let who = self.standing(actor).await?;
        who.in_person(RequestKind::ManagementWrite)?;
        let Standing::Account { record, .. } = &who else {
            return Err(ProjectsError::SignIn);
        };
        let proved = self.inner.confirm(record, old, from).await?;
        let hash = self.inner.passwords.hash(asker(record.id), new).await?;
        let hash = hash.as_str().to_owned();
        until_settled!(async {
            let who = self.standing(actor).await?;
            who.in_person(RequestKind::ManagementWrite)?;
            let Standing::Account { record, .. } = &who else {
                return Err(ProjectsError::SignIn);
            };
            // What was compared is the old one no more.
            if record.generation != proved {
                return Err(ProjectsError::WrongPassword);
            }
            let (token, session) = self.new_session(record.id).await?;
            let password = Change::SetPassword {
                account: record.id,
                hash: PasswordText(hash.clone()),
            };
            let changes = vec![
                Recorded::new(password),
                Recorded::new(Change::CreateCredential(session)),
            ];
            self.commit(actor, who.versions(), changes).await?;
            Ok(token)
        })
    }

    /// Sends a message to an address whose owner has forgotten the password, if it is the confirmed
    /// address of an account. Nothing is looked up before the answer: it is the same for every
    /// address, and after the same work.
    ///
    /// At most 50 times in 15 minutes for one peer, and at most five messages an hour to one address.
    ///
    /// # Errors
    /// [`ProjectsError::MailOff`], [`ProjectsError::TooManyAsks`], an address that no message can be
    /// sent to.
    pub fn ask_reset(&self, email: &Email, from: &Peer) -> Result<(), ProjectsError> {
        email.mailable()?;
        self.mailer()?;
        self.inner.may_ask(from)?;
        self.inner.count_ask(from);
        self.inner.letters.post(Letter::Reset {
            actor: Actor::anonymous(from),
            email: email.clone(),
        })
    }

    /// Sets the password of the account that the text was sent for. Every session of before ends, as
    /// with [`Projects::set_password`].
    ///
    /// # Errors
    /// [`ProjectsError::BadSecret`] for what was not sent, or is no longer good: it is good for a day,
    /// once, until a newer one is sent, the password or the address changes, or the account is
    /// disabled. A password against the rules.
    pub async fn reset_password(
        &self,
        token: &str,
        password: Secret,
        from: &Peer,
    ) -> Result<(), ProjectsError> {
        check_rules(&password)?;
        let hash = ResetToken::parse(token).map_err(|_| ProjectsError::BadSecret)?;
        let hash = hash.hash();
        let account = self.proof(&hash, Purpose::Password).await?.account;
        let password = self.inner.passwords.hash(asker(account), password).await?;
        let password = password.as_str().to_owned();
        until_settled!(async {
            let account = self.proof(&hash, Purpose::Password).await?.account;
            let record = self.store().caller(account, None).await?;
            let record = record.filter(|record| !record.disabled);
            let record = record.ok_or(ProjectsError::BadSecret)?;
            let proof = Change::UseProof {
                account,
                purpose: Purpose::Password,
                hash,
            };
            let password = Change::SetPassword {
                account,
                hash: PasswordText(password.clone()),
            };
            let changes = vec![Recorded::new(proof), Recorded::new(password)];
            let actor = Actor::account(account, from);
            Ok(self.commit(&actor, record.versions, changes).await?)
        })
    }

    /// What was sent by mail with this secret, if it is good.
    pub(crate) async fn proof(
        &self,
        hash: &TokenHash,
        purpose: Purpose,
    ) -> Result<ProofRecord, ProjectsError> {
        let found = self.store().proof(hash).await?;
        let now = self.inner.clock.now();
        found
            .filter(|found| found.purpose == purpose && now < found.expires)
            .ok_or(ProjectsError::BadSecret)
    }
}
