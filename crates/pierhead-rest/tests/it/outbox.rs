//! The same world with mail that is kept to be looked at, and people who register.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use parking_lot::Mutex;
use pierhead_projects::{MailError, Mailer, Message, Registration};
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD, Reply, ground_of};

/// Keeps what is sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<Vec<Message>>);

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        self.0.lock().push(message.clone());
        Ok(())
    }
}

pub(crate) struct People {
    pub(crate) ground: Ground,
    outbox: Arc<Outbox>,
}

pub(crate) fn people(registration: Registration) -> People {
    let outbox = Arc::new(Outbox::default());
    let mailer = outbox.clone();
    let ground = ground_of(|options| options.with_registration(registration).with_mailer(mailer));
    People { ground, outbox }
}

impl People {
    pub(crate) fn post(&self, token: &str, what: &str, body: &Value) -> Reply {
        let path = format!("/pierhead/v1/{what}");
        self.ground.call(token, "POST", &path, &body.to_string())
    }

    pub(crate) fn register(&self, name: &str, email: &str) -> Reply {
        let body = json!({ "name": name, "password": PASSWORD, "email": email });
        self.post("", "registration", &body)
    }

    /// The addresses to which something is sent now, and the last secret.
    pub(crate) fn mail(&self) -> (Vec<String>, String) {
        block_on(self.ground.projects.send_mail()).unwrap();
        let sent = std::mem::take(&mut *self.outbox.0.lock());
        let secret = sent.last().and_then(|last| last.secret.as_ref());
        let secret = secret.map_or("", |secret| secret.expose()).to_owned();
        let to = sent.iter().map(|message| message.to.as_str().to_owned());
        (to.collect(), secret)
    }
}
