//! The management API of a registry, as a [`tower_service::Service`].
//!
//! [`RestService`] turns an [`http::Request`] with any body into calls of
//! [`Projects`](pierhead_projects::Projects) and what comes of them into JSON: signing in, tokens,
//! projects and repositories, sharing, the trash can, accounts, teams, explanations and the record of
//! what was done. Paths, JSON and statuses are those of Synapse's public REST API below `/auth/v1/`
//! and `/repo/v1/`, so that its clients work; what it has no call for is below `/pierhead/v1/`. No
//! runtime is assumed: what has to wait, waits on the projects' clock.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, SystemTime};
//!
//! use futures::future::BoxFuture;
//! use http::{Request, StatusCode};
//! use pierhead_auth::token::{KeyRing, SigningKey};
//! use pierhead_projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
//! use pierhead_registry::Clock;
//! use pierhead_rest::{RestOptions, RestService};
//! use pierhead_storage_sqlite::SqliteStore;
//! use tower_service::Service;
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
//! let request = AccountRequest::with_password("correct horse");
//! projects.create_account(&Actor::system("first start"), &"ana".parse()?, request).await?;
//! let mut service = RestService::new(projects, RestOptions::default());
//!
//! let sent = r#"{"username":"ana","password":"correct horse"}"#.to_owned();
//! let answer = service.call(Request::post("/auth/v1/login").body(sent)?).await?;
//! assert_eq!(answer.status(), StatusCode::CREATED);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `axum`, `RestService::into_router` gives a router to serve or to merge with
//! others; a server that dispatches by itself asks [`RestService::serves`]. `examples/manage.rs` goes
//! through a day's work.
//!
//! # What this crate is not
//! It holds no state, decides no permission, opens no socket, knows no TLS, no access log and no page
//! for people. Credentials are read from `Authorization: Bearer` alone, never from a cookie. It
//! believes no forwarding header: put a [`Peer`](pierhead_registry::Peer) into the extensions of each
//! request in the layer that accepts connections, because locking out counts by it.
//!
//! # How a request is answered
//! What is malformed is 400 for everybody, an unknown path 404, another method 405. Then a bad
//! credential is 401, one that lacks a scope or a person's presence 403. Then the table decides: what
//! a caller may not know of is 404 with the same bytes, whatever the reason; whoever may know is told
//! the rule and what would help. Every answer is JSON that nobody may keep. An answer of 500 and above
//! carries a [`Fault`] for the owner's log.
//!
//! # The map
//! - [`RestService`] (`service`), [`RestOptions`] (`options`), the router (`axum`).
//! - `route`: all calls, as a table; `query`, `body`, `json`, `page`, `exchange`: what a request says.
//! - `auth`, `token`, `refresh`, `profile`, `registration`, `own`, `account`, `principals`, `team`,
//!   `member`: people. `entity`, `bundle`, `children`, `docker`, `acl`, `permission`, `trash`,
//!   `retention`, `unmended`, `explain`, `audit`: things.
//! - `answer`, `error`: what is answered. `openapi`: all of it as a document.

mod account;
mod acl;
mod answer;
mod audit;
mod auth;
#[cfg(feature = "axum")]
mod axum;
mod body;
mod bundle;
mod children;
mod docker;
mod entity;
mod error;
mod exchange;
mod explain;
mod json;
mod member;
mod openapi;
mod options;
mod own;
mod page;
mod permission;
mod principals;
mod profile;
mod query;
mod refresh;
mod registration;
mod retention;
mod route;
mod service;
mod team;
mod token;
mod trash;
mod unmended;

pub use body::BoxError;
pub use error::Fault;
pub use options::RestOptions;
pub use service::RestService;
