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
//! let project = projects.create_project(&server, ana, "Genomics", "").await?;
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
//! - [`Projects`]: the facade; [`Actor`]: who asks it.
//! - `entity`: projects, repositories, references to others: seen, listed, described, shared, trashed,
//!   retired, explained, and what was done to them.
//! - `people`: accounts, teams, names; passwords, sessions and tokens; registration, invitations, and
//!   what is sent by a [`Mailer`].
//! - [`provision`]: a whole set-up from a file.
//! - `seam`: the registry's seams (`authenticate`, `authorize`, `issue`), and the facts behind them.
//! - `store`: [`ports`]: what a store must do; [`record`], [`survey`], [`principals`], [`pending`]: what it
//!   tells; [`listing`], [`change`]: what it is asked and told; [`audit`]: what it keeps of that.
//! - [`scopes`]: scopes as texts; [`ProjectsOptions`]: what an embedder sets; [`Directory`]: how it
//!   says who an account is.

mod actor;
mod directory;
mod entity;
mod error;
mod options;
mod people;
mod projects;
pub mod provision;
pub mod scopes;
mod seam;
mod store;

pub use actor::Actor;
pub use directory::{AsStored, Directory, Resolved};
pub use entity::access::{Held, ListView};
pub use entity::audit::AuditRequest;
pub use entity::children::ListRequest;
pub use entity::content::{PushView, TagPage, TagRequest, TagView};
pub use entity::describe::{DescribeRequest, MAX_DESCRIPTION};
pub use entity::etag::{BadEtag, Etag};
pub use entity::explain::Subject;
pub use entity::external_name::{BadExternalName, ExternalName};
pub use entity::project::{FIRST_ENTITY, MAX_PROJECT_NAME};
pub use entity::retention::{RetirePlan, Retired};
pub use entity::share::{SentList, ShareRequest};
pub use entity::trash::{Purged, TrashPage, TrashedView};
pub use entity::unmended::UnmendedPage;
pub use entity::view::{EntityKind, EntityView, Listed, MAX_PAGE};
pub use error::ProjectsError;
pub use options::ProjectsOptions;
pub use people::account::AccountRequest;
pub use people::invite::Invited;
pub use people::mail::{MailError, Mailed, Mailer};
pub use people::message::{Message, MessageKind};
pub use people::name::{AccountName, BadEmail, BadName, Email, Login, Unmailable, fold};
pub use people::offload::{Job, Offload, ThreadOffload};
pub use people::profile::Profile;
pub use people::register::{Registration, RegistrationRequest};
pub use people::token::MAX_TOKEN_NAME;
pub use projects::Projects;
pub use seam::authenticate::{CallerExtra, ProjectAuthenticator};
pub use seam::authorize::ProjectAuthorizer;
pub use seam::issue::ProjectIssuer;
pub use store::ports::{AccountStore, ChangeStore, PrincipalStore, ProjectStore, Store};
pub use store::{audit, change, listing, pending, ports, principals, record, survey};
