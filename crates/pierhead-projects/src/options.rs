//! What an embedder sets.

use std::time::Duration;

use pierhead_policy::{Options, ProjectIds};

/// The settings of [`Projects`](crate::Projects). `ProjectsOptions::new` gives the defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProjectsOptions {
    /// The `iss` of registry tokens: who makes them.
    pub issuer: String,
    /// The `aud` of registry tokens and the `service` of challenges: host and port of the registry.
    pub service: String,
    /// Certification, `public_download`, `project_creation`.
    pub policy: Options,
    /// How project ids are written.
    pub ids: ProjectIds,
    /// How long a registry token is good; 60 s to 24 h. Default 15 min.
    pub token_life: Duration,
    /// How many accounts, names and tokens are kept in memory at most, each. Default 10,000.
    pub remembered: usize,
    /// When passwords are not tried any more.
    pub lockout: pierhead_auth::lockout::LockoutLimits,
}

impl ProjectsOptions {
    /// The defaults, for a registry known as `service`, whose tokens `issuer` makes.
    pub fn new(issuer: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            service: service.into(),
            policy: Options::default(),
            ids: ProjectIds::default(),
            token_life: Duration::from_secs(900),
            remembered: 10_000,
            lockout: pierhead_auth::lockout::LockoutLimits::default(),
        }
    }

    /// The same with another policy.
    pub fn with_policy(mut self, policy: Options) -> Self {
        self.policy = policy;
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
}
