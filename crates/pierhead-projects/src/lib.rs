#![doc = include_str!("../README.md")]
//!
//! # How permissions and writes stay together
//! Facts come from the store with the versions of the scopes they belong to: project, repository,
//! account, credential. They are remembered, and used as long as one look at the present versions
//! agrees. A decision to allow carries the versions as its fence, and whatever is committed compares
//! them again inside its transaction. Every change of an account, a team, a list or a trash mark is
//! a [`change::Batch`]: decided on facts of one moment, committed under a fence with its audit rows,
//! moving the rights of what it concerns. So a change counts from the next request, everywhere, and
//! nothing is committed under a permission that has gone.
//!
//! # The map
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
