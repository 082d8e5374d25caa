//! draft
#[macro_use]
mod projects;
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
