//! Who calls.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pierhead_model::{RepositoryActions, RepositoryName};
use pierhead_storage::{CallerId, InvalidId, Source};

use super::Actor;

/// Turns credentials into a caller. Asked once a request.
///
/// Implement it under `#[async_trait]`, which is in the prelude of `pierhead`:
///
/// ```
/// # use async_trait::async_trait;
/// # use pierhead_registry::{AuthenticationError, Authenticator, Caller, CallerId, Credentials, Peer};
/// #[derive(Debug)]
/// struct OneUser;
///
/// #[async_trait]
/// impl Authenticator for OneUser {
///     async fn authenticate(
///         &self,
///         by: Credentials,
///         _: &Peer,
///     ) -> Result<Caller, AuthenticationError> {
///         match by {
///             Credentials::Basic { username, password }
///                 if username == "ana" && password.expose() == "swordfish" =>
///             {
///                 Ok(Caller::new(CallerId::new("1")?, username))
///             }
///             // Clients ask without credentials first.
///             Credentials::None => Ok(Caller::anonymous()),
///             _ => Err(AuthenticationError::Invalid),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync + 'static {
    /// Says who shows these credentials. [`Credentials::None`] is the anonymous caller, or an error
    /// where nobody may be anonymous.
    async fn authenticate(
        &self,
        credentials: Credentials,
        from: &Peer,
    ) -> Result<Caller, AuthenticationError>;
}

/// What a request shows of itself.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// Nothing.
    None,
    /// A user name and a password, or a token in the place of one.
    Basic {
        /// As sent.
        username: String,
        /// As sent.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
    /// An identity that the embedder's own middleware proved before the request came here.
    Vouched(Arc<dyn Any + Send + Sync>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::Vouched(_) => "Vouched(..)",
        })
    }
}

/// A text that is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Shows it, to whoever compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// The address at the other end of the connection, if there is one.
    pub address: Option<IpAddr>,
}

impl Peer {
    /// A peer at an address.
    pub fn at(address: IpAddr) -> Self {
        Self {
            address: Some(address),
        }
    }
}

/// Somebody known, with a ceiling on what they may ask for in this request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who; uploads and history go by it.
    pub id: CallerId,
    /// What people call them.
    pub name: Arc<str>,
    /// What the credential allows at most, whatever the permissions say.
    pub ceiling: Ceiling,
    /// The authenticator's own knowledge, for the authorizer that goes with it.
    pub extra: Option<Arc<dyn Any + Send + Sync>>,
}

impl Caller {
    /// A caller known by `id`, without a ceiling.
    pub fn new(id: CallerId, name: impl Into<Arc<str>>) -> Self {
        Self {
            id,
            name: name.into(),
            ceiling: Ceiling::Unbounded,
            extra: None,
        }
    }

    /// The caller who showed no credentials.
    pub fn anonymous() -> Self {
        Self::new(CallerId::anonymous(), "anonymous")
    }

    /// The same caller under a ceiling.
    pub fn under(mut self, ceiling: Ceiling) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// The same caller with what the authenticator wants its authorizer to know.
    pub fn with_extra(mut self, extra: Arc<dyn Any + Send + Sync>) -> Self {
        self.extra = Some(extra);
        self
    }

    /// The caller, as observers are told of them.
    pub fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            name: Arc::clone(&self.name),
        }
    }

    /// What [`Caller::with_extra`] was given, if it is of this type.
    pub fn extra<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extra.as_ref()?.downcast_ref()
    }
}

/// The most that a credential allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// Whatever the permissions allow.
    Unbounded,
    /// Only what a registry token lists.
    Listed(Arc<[TokenAccess]>),
}

impl Ceiling {
    /// Whether any of these actions on this repository is within the ceiling.
    pub fn allows_any(&self, name: &RepositoryName, actions: RepositoryActions) -> bool {
        match self {
            Self::Unbounded => true,
            Self::Listed(list) => list.iter().any(|access| match access {
                TokenAccess::Repository {
                    name: listed,
                    actions: granted,
                } => listed == name && granted.intersects(actions),
                TokenAccess::Catalog => false,
            }),
        }
    }

    /// Whether listing repositories is within the ceiling.
    pub fn allows_catalog(&self) -> bool {
        match self {
            Self::Unbounded => true,
            Self::Listed(list) => list.contains(&TokenAccess::Catalog),
        }
    }
}

/// One thing that a registry token lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// Actions on one repository.
    Repository {
        /// Exactly this name.
        name: RepositoryName,
        /// What may be done there.
        actions: RepositoryActions,
    },
    /// Listing repositories.
    Catalog,
}

/// Why nobody is known by these credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// They are wrong, unknown, expired or revoked, or there are none where some are needed.
    #[error("the credentials are not valid; log in again")]
    Invalid,
    /// Too many failures, or too many at once.
    #[error("too many attempts; wait and try again")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It cannot be said now.
    #[error("credentials cannot be checked now")]
    Unavailable(#[source] Source),
}

impl AuthenticationError {
    /// An outage of whatever credentials are checked with.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Source::from(source.into()))
    }
}

/// Nobody is known by what cannot be a caller's id.
impl From<InvalidId> for AuthenticationError {
    fn from(_: InvalidId) -> Self {
        Self::Invalid
    }
}
