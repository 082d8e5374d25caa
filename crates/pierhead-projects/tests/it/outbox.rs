//! Accounts whose mail is kept to be looked at.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use parking_lot::Mutex;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_policy::PrincipalId;
use pierhead_projects::{
    Actor, MailError, Mailer, Message, MessageKind, Projects, ProjectsError, Registration,
    RegistrationRequest, ThreadOffload,
};
use pierhead_registry::Peer;

use crate::ground::{Ground, PASSWORD, ground};

/// Keeps what is sent; refuses while it is told to.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    sent: Mutex<Vec<Message>>,
    pub(crate) broken: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.broken.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(MailError::unavailable("broken"));
        }
        self.sent.lock().push(message.clone());
        Ok(())
    }
}

pub(crate) struct People {
    pub(crate) ground: Ground,
    pub(crate) projects: Projects,
    pub(crate) outbox: Arc<Outbox>,
}

/// Where anybody registers, and mail is sent.
pub(crate) fn people() -> People {
    with(Registration::Open)
}

pub(crate) fn with(registration: Registration) -> People {
    let ground = ground();
    let outbox = Arc::new(Outbox::default());
    let options = ground.projects.options().clone();
    let options = options
        .with_registration(registration)
        .with_mailer(outbox.clone());
    let projects = Projects::new(
        ground.store.clone(),
        ground.store.clone(),
        KeyRing::new(SigningKey::generate().unwrap()),
        options,
        ground.clock.clone(),
        Arc::new(ThreadOffload),
    );
    People {
        ground,
        projects,
        outbox,
    }
}

pub(crate) fn peer(last: u8) -> Peer {
    Peer::at([192, 0, 2, last].into())
}

impl People {
    pub(crate) fn register(&self, name: &str, email: &str) -> Result<PrincipalId, ProjectsError> {
        let request = RegistrationRequest::new(PASSWORD).with_email(email.parse().unwrap());
        self.request(name, request)
    }

    pub(crate) fn request(
        &self,
        name: &str,
        request: RegistrationRequest,
    ) -> Result<PrincipalId, ProjectsError> {
        let name = name.parse().unwrap();
        block_on(self.projects.register(&name, request, &peer(1)))
    }

    /// Somebody who signed in, in person.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Result<Actor, ProjectsError> {
        let session = block_on(self.projects.login(username, password.into(), &peer(1)))?;
        block_on(self.projects.actor(Some(session.expose()), &peer(1)))
    }

    /// What is sent now.
    pub(crate) fn mail(&self) -> Vec<Message> {
        block_on(self.projects.send_mail()).unwrap();
        std::mem::take(&mut self.outbox.sent.lock())
    }

    /// The secret of the one message that is sent now, to this address.
    #[track_caller]
    pub(crate) fn secret(&self, kind: MessageKind, to: &str) -> String {
        let mail = self.mail();
        assert_eq!(mail.len(), 1, "{mail:?}");
        assert_eq!((mail[0].kind, mail[0].to.as_str()), (kind, to));
        mail[0].secret.as_ref().unwrap().expose().to_owned()
    }

    /// An account with a confirmed address.
    pub(crate) fn confirmed(&self, name: &str, email: &str) -> PrincipalId {
        let id = self.register(name, email).unwrap();
        let actor = self.sign_in(name, PASSWORD).unwrap();
        let secret = self.secret(MessageKind::ConfirmEmail, email);
        block_on(self.projects.confirm_email(&actor, &secret)).unwrap();
        id
    }

    pub(crate) fn ask_reset(&self, email: &str) -> Result<(), ProjectsError> {
        self.projects.ask_reset(&email.parse().unwrap(), &peer(1))
    }

    pub(crate) fn reset(&self, secret: &str, password: &str) -> Result<(), ProjectsError> {
        block_on(
            self.projects
                .reset_password(secret, password.into(), &peer(1)),
        )
    }

    /// What is written down about an account, the newest first.
    pub(crate) fn record(&self, about: PrincipalId) -> Vec<String> {
        use pierhead_projects::ProjectStore as _;
        let query = pierhead_projects::audit::AuditQuery {
            principal: Some(about),
            limit: 100,
            ..Default::default()
        };
        let rows = block_on(self.ground.store.audit(&query)).unwrap();
        rows.into_iter().map(|row| row.what).collect()
    }
}
