//! Projects, accounts, teams, sharing, certification and the trash can as a service, and the
//! registry's seams made of them: who calls, what they may do, which tokens they get.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, SystemTime};
//!
//! use futures::future::BoxFuture;
//! use pierhead_auth::token::{KeyRing, SigningKey};
//! use pierhead_model::{RepositoryActions, RepositoryName, TokenScope};
//! use pierhead_projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
//! use pierhead_registry::{
//!     Action, Clock, Credentials, Decision, GrantType, Peer, Resource, Secret, TokenRequest,
//! };
//! use pierhead_storage_sqlite::SqliteStore;
//!
//! #[derive(Debug)]
//! struct SystemClock;
//!
//! impl Clock for SystemClock {
//!     fn now(&self) -> SystemTime {
//!         SystemTime::now()
//!     }
//!     fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
//!         Box::pin(futures::future::pending()) // a server waits on its runtime here
//!     }
//! }
//!
//! # futures::executor::block_on(async {
//! let store = Arc::new(SqliteStore::open_temporary()?);
//! let projects = Projects::new(
//!     store.clone(),
//!     store,
//!     KeyRing::new(SigningKey::generate()?),
//!     ProjectsOptions::new("https://registry.example", "registry.example"),
//!     Arc::new(SystemClock),
//!     Arc::new(ThreadOffload),
//! );
//!
//! // An account, and a project that it owns.
//! let server = Actor::system("first start");
//! let request = AccountRequest::with_password("correct horse").certified();
//! let ana = projects.create_account(&server, &"ana".parse()?, request).await?;
//! let project = projects.create_project(&server, ana, "Genomics").await?;
//! let name: RepositoryName =
//!     format!("{}/aligner", projects.options().ids.show(project)).parse()?;
//!
//! // `docker login` and `docker push`: a token for what is asked, as far as it is permitted.
//! let issuer = projects.token_issuer();
//! let token = issuer.issue(TokenRequest {
//!     credentials: Credentials::Basic {
//!         username: "ana".to_owned(),
//!         password: Secret::new("correct horse"),
//!     },
//!     grant: GrantType::Password,
//!     from: Peer::default(),
//!     service: Some("registry.example".to_owned()),
//!     scopes: vec![TokenScope::repository(name.clone(), RepositoryActions::PUSH)],
//!     offline: false,
//! });
//! let token = Credentials::Bearer(Secret::new(token.await?.token));
//! let caller = projects.authenticator().authenticate(token, &Peer::default()).await?;
//! assert_eq!(&*caller.name, "ana");
//!
//! // The permission is asked again on every request, whatever the token says.
//! let resource = Resource { name: &name, repository: None };
//! let decision = projects.authorizer().decide(&caller, Action::Push, &resource).await?;
//! assert!(matches!(decision, Decision::Allow(_)));
//! projects.set_certified(&server, ana, false).await?;
//! let decision = projects.authorizer().decide(&caller, Action::Push, &resource).await?;
//! assert!(matches!(decision, Decision::Deny(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How permissions and writes stay together
//!
//! Facts come from the store with the versions of the scopes they belong to: project, repository,
//! account, credential. They are remembered, and used as long as one look at the present versions
//! agrees. A decision to allow carries the versions as its fence, and whatever is committed compares
//! them again inside its transaction. Every change of an account, a team, a list or a trash mark is
//! a [`change::Batch`]: decided on facts of one moment, committed under a fence with its audit rows,
//! moving the rights of what it concerns. So a change counts from the next request, everywhere, and
//! nothing is committed under a permission that has gone.
//!
//! # What it is not
//!
//! It knows no HTTP and no file, and starts no thread of its own but through [`Offload`], for
//! passwords. It decides nothing itself: the table is `pierhead-policy`'s, the proofs of identity
//! are `pierhead-auth`'s. It holds no rows: a store implements [`ports`], and
//! `pierhead-storage-sqlite` does with its feature `projects`.
//!
//! # The map
//!
//! - [`Projects`]: the facade. `account`, `team`, `project`, `share`, `trash`: what it does.
//! - [`provision`]: a whole set-up from a file.
//! - `authenticate`, `authorize`, `issue`: the registry's seams; `facts` and `cache` behind them.
//! - [`ports`]: what a store must do; [`record`] and [`survey`]: what it tells; [`change`]: what it
//!   is told; [`audit`]: what it keeps of that.
//! - `name`: names and addresses; [`scopes`]: scopes as texts; `password`, [`Offload`]: hashing off
//!   the async threads.

mod account;
pub mod audit;
mod authenticate;
mod authorize;
mod cache;
pub mod change;
mod error;
mod facts;
mod issue;
mod name;
mod offload;
mod options;
mod password;
pub mod ports;
mod project;
mod projects;
pub mod provision;
pub mod record;
pub mod scopes;
mod share;
pub mod survey;
mod team;
mod trash;

pub use account::AccountRequest;
pub use authenticate::{CallerExtra, ProjectAuthenticator};
pub use authorize::ProjectAuthorizer;
pub use change::Actor;
pub use error::ProjectsError;
pub use issue::ProjectIssuer;
pub use name::{AccountName, BadEmail, BadName, Email, Login, fold};
pub use offload::{Job, Offload, ThreadOffload};
pub use options::ProjectsOptions;
pub use ports::{AccountStore, ChangeStore, ProjectStore, Store};
pub use project::{FIRST_ENTITY, MAX_PROJECT_NAME};
pub use projects::Projects;
pub use share::{SentList, ShareRequest};
