//! What an embedder sets.

use std::sync::Arc;
use std::time::Duration;

use pierhead_policy::{Options, ProjectIds, Rules};

use crate::directory::{AsStored, Directory};
use crate::people::mail::Mailer;
use crate::people::register::Registration;

/// The settings of [`Projects`](crate::Projects). `ProjectsOptions::new` gives the defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProjectsOptions {
    /// The `iss` of registry tokens: who makes them.
    pub issuer: String,
    /// The `aud` of registry tokens and the `service` of challenges: host and port of the registry.
    pub service: String,
    /// Other hosts, with their ports if need be, that the registry answers at: nothing in it is in
    /// another registry. `issuer` and `service` need not be repeated.
    pub hosts: Vec<String>,
    /// Certification, what `public` can hold, who creates projects, levels. Default:
    /// [`Options::default`].
    pub policy: Arc<dyn Rules>,
    /// Who an account is to lists. Default: [`AsStored`].
    pub directory: Arc<dyn Directory>,
    /// How project ids are written.
    pub ids: ProjectIds,
    /// How long a registry token is good; 60 s to 24 h. Default 15 min.
    pub token_life: Duration,
    /// How long a sign-in session is good. Default 12 h.
    pub session_life: Duration,
    /// How long a refresh token is good, used or not; none: there are none. Default none.
    pub refresh_life: Option<Duration>,
    /// How long what is in the trash can stays there before it is purged. Default 30 days.
    pub trash_keep: Duration,
    /// How many accounts, names and tokens are kept in memory at most, each. Default 10,000.
    pub remembered: usize,
    /// When passwords are not tried any more.
    pub lockout: pierhead_auth::lockout::LockoutLimits,
    /// Who may make an account for themselves. Default: whoever has an invitation.
    pub registration: Registration,
    /// What sends mail, for [`Projects::mail_sender`](crate::Projects::mail_sender). Default none: then
    /// addresses are not confirmed and passwords not reset by mail.
    pub mailer: Option<Arc<dyn Mailer>>,
}

impl ProjectsOptions {
    /// The defaults, for a registry known as `service`, whose tokens `issuer` makes.
    pub fn new(issuer: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            service: service.into(),
            hosts: Vec::new(),
            policy: Arc::new(Options::default()),
            directory: Arc::new(AsStored),
            ids: ProjectIds::default(),
            token_life: Duration::from_secs(900),
            session_life: Duration::from_secs(12 * 3_600),
            refresh_life: None,
            trash_keep: Duration::from_secs(30 * 86_400),
            remembered: 10_000,
            lockout: pierhead_auth::lockout::LockoutLimits::default(),
            registration: Registration::default(),
            mailer: None,
        }
    }

    /// The same, known by these hosts as well.
    pub fn with_hosts(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.hosts.extend(hosts);
        self
    }

    /// The same with another policy.
    pub fn with_policy(mut self, policy: impl Rules + 'static) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// The same with another directory.
    pub fn with_directory(mut self, directory: impl Directory + 'static) -> Self {
        self.directory = Arc::new(directory);
        self
    }

    /// The same with another form of project ids.
    pub fn with_ids(mut self, ids: ProjectIds) -> Self {
        self.ids = ids;
        self
    }

    /// The same with another life of registry tokens, cut to 60 s to 24 h.
    pub fn with_token_life(mut self, life: Duration) -> Self {
        let longest = Duration::from_secs(pierhead_auth::token::MAX_LIFETIME);
        self.token_life = life.clamp(Duration::from_secs(60), longest);
        self
    }

    /// The same with another life of sign-in sessions.
    pub fn with_session_life(mut self, life: Duration) -> Self {
        self.session_life = life;
        self
    }

    /// The same with refresh tokens, each good for so long. Clients that asked for one keep it in the
    /// place of the password, and come back with nothing else.
    pub fn with_refresh_tokens(mut self, life: Duration) -> Self {
        self.refresh_life = Some(life);
        self
    }

    /// The same with another time that what is in the trash can stays there.
    pub fn with_trash_keep(mut self, keep: Duration) -> Self {
        self.trash_keep = keep;
        self
    }

    /// The same with another size of the tables in memory.
    pub fn with_remembered(mut self, entries: usize) -> Self {
        self.remembered = entries;
        self
    }

    /// The same with other limits on wrong passwords.
    pub fn with_lockout(mut self, limits: pierhead_auth::lockout::LockoutLimits) -> Self {
        self.lockout = limits;
        self
    }

    /// The same with another answer to who may make an account for themselves.
    pub fn with_registration(mut self, registration: Registration) -> Self {
        self.registration = registration;
        self
    }

    /// The same with something that sends mail.
    pub fn with_mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = Some(mailer);
        self
    }
}
