//! Mail: what is sent to whom, and the seam to whatever sends it.
//!
//! Nothing is sent, and nothing looked up for it, while somebody waits for an answer: what is asked
//! for is put into a short queue in memory, and its owner runs the future that works the queue off.
//! So neither an answer nor its time tells which addresses have accounts. What is in the queue when
//! the server stops is not sent; whoever misses it asks again.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::poll_fn;
use futures::task::AtomicWaker;
use parking_lot::Mutex;
use pierhead_auth::Secret;
use pierhead_auth::token::{EmailToken, ResetToken};
use pierhead_policy::PrincipalId;

use crate::actor::Actor;
use crate::change::{Change, Recorded};
use crate::error::ProjectsError;
use crate::pending::{NewProof, Purpose};
use crate::people::message::Message;
use crate::people::name::Email;
use crate::projects::{Projects, until_settled};
use crate::survey::{Found, PrincipalKey, SurveyQuery};

/// How long what was sent by mail is good.
const LIFE: Duration = Duration::from_secs(86_400);

/// How many messages wait to be sent at most.
const QUEUE: usize = 1_000;

/// Whatever sends mail.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Sends a message, or makes sure that it will be sent. May be dropped at any point; the message
    /// then counts as not sent.
    ///
    /// # Errors
    /// [`MailError`]. The message is given up: whoever misses it asks for another.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// This message is never sent, as for an address that has no form for mail.
    #[error("this message cannot be sent: {0}")]
    Refused(&'static str),
    /// It cannot be sent now.
    #[error("a message could not be sent")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl MailError {
    /// It cannot be sent now, because of this.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

/// What is to be sent.
#[derive(Debug)]
pub(crate) enum Letter {
    /// The proof of an address, unless the account has changed since.
    Confirm {
        actor: Actor,
        account: PrincipalId,
        generation: u64,
        email: Email,
    },
    /// The leave to set another password, if the address is an account's.
    Reset { actor: Actor, email: Email },
    /// To the address of before: it is not this account's any more.
    Moved { account: String, to: Email },
}

/// Letters that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    queue: Mutex<VecDeque<Letter>>,
    sender: AtomicWaker,
}

impl Letters {
    /// Puts a letter behind those that wait.
    pub(crate) fn post(&self, letter: Letter) -> Result<(), ProjectsError> {
        {
            let mut queue = self.queue.lock();
            if queue.len() >= QUEUE {
                return Err(ProjectsError::TooManyAsks {
                    retry_after: Duration::from_secs(60),
                });
            }
            queue.push_back(letter);
        }
        self.sender.wake();
        Ok(())
    }

    fn take(&self) -> Option<Letter> {
        self.queue.lock().pop_front()
    }

    fn len(&self) -> usize {
        self.queue.lock().len()
    }

    /// Waits until there is a letter.
    async fn wait(&self) {
        poll_fn(|context| {
            self.sender.register(context.waker());
            if self.len() > 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// What a round of sending did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mailed {
    /// How many messages were sent. What was asked for addresses that have no account, or too
    /// often, is none.
    pub sent: u64,
}

impl Projects {
    /// Sends the mail that waits. Dropped at any point it loses the message in hand at most.
    ///
    /// # Errors
    /// When something could not be sent; the rest is sent all the same.
    pub async fn send_mail(&self) -> Result<Mailed, ProjectsError> {
        let mut mailed = Mailed::default();
        let mut failed = None;
        for _ in 0..self.inner.letters.len() {
            let Some(letter) = self.inner.letters.take() else {
                break;
            };
            match self.deliver(letter).await {
                Ok(sent) => mailed.sent += u64::from(sent),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(mailed),
        }
    }

    /// Sends mail for ever, as soon as there is some, and tells `report` of every round: a future
    /// that its owner runs beside the service, once, and drops to end it. Without it, or without a
    /// [`Mailer`] in the options, no mail is sent.
    pub async fn mail_sender(&self, mut report: impl FnMut(Result<Mailed, ProjectsError>) + Send) {
        loop {
            self.inner.letters.wait().await;
            report(self.send_mail().await);
        }
    }

    /// Whatever sends mail.
    pub(crate) fn mailer(&self) -> Result<&Arc<dyn Mailer>, ProjectsError> {
        self.options().mailer.as_ref().ok_or(ProjectsError::MailOff)
    }

    /// Sends a letter, if it is one to send.
    async fn deliver(&self, letter: Letter) -> Result<bool, ProjectsError> {
        let message = match letter {
            Letter::Confirm {
                actor,
                account,
                generation,
                email,
            } => self.confirmation(&actor, account, generation, email).await,
            Letter::Reset { actor, email } => self.reset(&actor, &email).await,
            Letter::Moved { account, to } => Ok(Some(Message::moved(account, to))),
        };
        let Some(message) = message? else {
            return Ok(false);
        };
        let sent = self.mailer()?.send(&message).await;
        sent.map_err(ProjectsError::Mail)?;
        Ok(true)
    }

    async fn confirmation(
        &self,
        actor: &Actor,
        account: PrincipalId,
        generation: u64,
        email: Email,
    ) -> Result<Option<Message>, ProjectsError> {
        if !self.inner.admits_mail(Purpose::Email, &email) {
            return Ok(None);
        }
        let (token, hash) = EmailToken::generate().map_err(secret)?;
        let expires = self.inner.clock.now() + LIFE;
        let proof = NewProof {
            account,
            purpose: Purpose::Email,
            email: email.clone(),
            hash,
            expires,
        };
        let name = until_settled!(async {
            let record = self.store().caller(account, None).await?;
            let same = |generation_now: u64| generation_now == generation;
            let Some(record) = record.filter(|it| !it.disabled && same(it.generation)) else {
                return Ok(None);
            };
            let change = Recorded::new(Change::AskProof(proof.clone()));
            self.commit(actor, record.versions, vec![change]).await?;
            Ok::<_, ProjectsError>(Some(record.name))
        })?;
        let secret = Secret::from(token.expose());
        Ok(name.map(|name| Message::confirm(name.to_string(), email, secret, expires)))
    }

    /// To the address as the account has it, which may be spelt otherwise than what was typed.
    async fn reset(&self, actor: &Actor, typed: &Email) -> Result<Option<Message>, ProjectsError> {
        if !self.inner.admits_mail(Purpose::Password, typed) {
            return Ok(None);
        }
        let (token, hash) = ResetToken::generate().map_err(secret)?;
        let expires = self.inner.clock.now() + LIFE;
        let found = until_settled!(async {
            let keys = vec![PrincipalKey::Email(typed.folded())];
            let survey = self.survey(SurveyQuery::of(keys)).await?;
            let Some(Some(Found::Account(account))) = survey.principals.into_iter().next() else {
                return Ok(None);
            };
            let email = account.email.as_deref().map(str::parse::<Email>);
            let email = email.and_then(Result::ok);
            let email = email.filter(|email| email.mailable().is_ok() && !account.disabled);
            let Some(email) = email else {
                return Ok(None);
            };
            let change = Recorded::new(Change::AskProof(NewProof {
                account: account.id,
                purpose: Purpose::Password,
                email: email.clone(),
                hash,
                expires,
            }));
            self.commit(actor, survey.versions, vec![change]).await?;
            Ok::<_, ProjectsError>(Some((account.name, email)))
        })?;
        let secret = Secret::from(token.expose());
        Ok(found.map(|(name, email)| Message::reset(name, email, secret, expires)))
    }
}

fn secret(error: pierhead_auth::RandomError) -> ProjectsError {
    ProjectsError::Secret(Box::new(error))
}
