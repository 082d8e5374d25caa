//! What the application has anyway: who its users are, and who may do what. Yours is in a database;
//! this one is in memory, and can be switched off, as a database can.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pierhead::prelude::*;
use pierhead::storage::StoreError;

/// A user's number. Nobody's is zero, and nobody has grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub u64);

impl UserId {
    /// What [`Table`] said of the caller when it let them in.
    pub fn of(caller: &Caller) -> Self {
        caller.extra().copied().unwrap_or(Self(0))
    }
}

/// One row: everything under a prefix, to read or to change.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The repository of this name, and those below it.
    pub prefix: String,
    /// Whether also to push and to delete.
    pub change: bool,
}

/// A user's rows.
#[derive(Debug)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// Whether one of them covers this.
    pub fn allow(&self, action: Action, name: &RepositoryName) -> bool {
        let reads = matches!(action, Action::Pull | Action::Head);
        self.0.iter().any(|grant| {
            let rest = name.as_str().strip_prefix(&*grant.prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && (grant.change || reads)
        })
    }
}

/// The table could not be read.
#[derive(Debug)]
pub struct Outage;

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the table of grants does not answer")
    }
}

impl std::error::Error for Outage {}

/// So that `?` in an authorizer is an outage of it.
impl From<Outage> for AuthorizerError {
    fn from(outage: Outage) -> Self {
        Self::new(outage)
    }
}

#[derive(Debug, Default)]
struct Rows {
    users: HashMap<String, (UserId, Secret)>,
    grants: HashMap<UserId, Vec<Grant>>,
    down: bool,
}

/// Users and grants.
#[derive(Debug, Default)]
pub struct Table(RwLock<Rows>);

impl Table {
    /// A user, with what they sign in with (yours is hashed).
    pub fn add_user(&self, name: &str, id: UserId, password: &str) {
        let user = (id, Secret::new(password));
        self.write().users.insert(name.to_owned(), user);
    }

    /// One more grant. Nobody need be told: whoever was refused asks again.
    pub fn grant(&self, user: UserId, prefix: &str, change: bool) {
        let prefix = prefix.to_owned();
        let mut rows = self.write();
        let grants = rows.grants.entry(user).or_default();
        grants.push(Grant { prefix, change });
    }

    /// Takes all of a user's grants away. First the table, then the version, then the answer: a push
    /// that was decided on the former table does not commit any more.
    ///
    /// # Errors
    /// When the version could not be moved; then say so, and try again.
    pub async fn revoke(&self, user: UserId, rows: &dyn RepositoryStore) -> Result<(), StoreError> {
        self.write().grants.remove(&user);
        rows.bump(&[ScopeId::account(user.0)]).await
    }

    /// Switches the table off and on, as a database that is restarted.
    pub fn set_down(&self, down: bool) {
        self.write().down = down;
    }

    /// What a user may do.
    ///
    /// # Errors
    /// [`Outage`] when the table does not answer.
    #[allow(clippy::unused_async, reason = "yours asks a database")]
    pub async fn grants(&self, user: UserId) -> Result<Grants, Outage> {
        let rows = self.read();
        if rows.down {
            return Err(Outage);
        }
        Ok(Grants(rows.grants.get(&user).cloned().unwrap_or_default()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rows> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Authenticator for Table {
    async fn authenticate(&self, by: Credentials, _: &Peer) -> Result<Caller, AuthenticationError> {
        let (username, password) = match by {
            // Docker asks without credentials first; the authorizer asks it to sign in.
            Credentials::None => return Ok(Caller::anonymous()),
            Credentials::Basic { username, password } => (username, password),
            _ => return Err(AuthenticationError::Invalid),
        };
        match self.read().users.get(&username) {
            Some((user, expected)) if *expected == password => {
                let id = CallerId::new(&user.0.to_string())?;
                Ok(Caller::new(id, username).with_extra(Arc::new(*user)))
            }
            _ => Err(AuthenticationError::Invalid),
        }
    }
}
