//! A private Docker and OCI registry, as crates to build into your own service.
//!
//! This crate is the front door: it re-exports the others under one name, and [`Pierhead`] joins
//! two stores, your own accounts and permissions, and the distribution protocol into one service.
//!
#![cfg_attr(feature = "tokio", doc = "```")]
#![cfg_attr(not(feature = "tokio"), doc = "```text")]
//! use std::sync::Arc;
//!
//! use http::{Request, StatusCode};
//! use pierhead::Pierhead;
//! use pierhead::registry::AllowAll;
//! use tower_service::Service;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In memory, and open to whoever asks: bring your own authorizer, and an authenticator.
//! let builder = Pierhead::in_memory();
//! let open = AllowAll::new(builder.repositories());
//! let pierhead = builder.authorizer(Arc::new(open)).build();
//!
//! // A `tower` service: serve it with hyper, axum, or whatever speaks `http`.
//! let request = Request::get("/v2/").body(String::new())?;
//! let response = pierhead.service().call(request).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! pierhead.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What you bring
//! - An [`Authorizer`](registry::Authorizer): what a caller may do. Without one nobody may do
//!   anything.
//! - An [`Authenticator`](registry::Authenticator): who calls. Without one everybody is anonymous.
//! - Optionally a [`TokenIssuer`](registry::TokenIssuer), which switches from `Basic` to the token
//!   flow; an [`Observer`](registry::Observer); an [`Admission`](storage::Admission).
//!
//! With the feature `projects`, `Builder::projects` brings the first three: Pierhead's own accounts,
//! projects and sharing. With `rest`, `rest::RestService` manages them over HTTP, on the same port.
//! The first operator is made by `projects::Actor::system`; `examples/lab.rs` has all of it.
//!
//! # What you run
//! Nothing here spawns a task, reads a file of settings or an environment variable, or installs a
//! logger. Serve [`Pierhead::service`], run the registry's collector as a task if anything is ever
//! deleted, and call [`Pierhead::close`] before the process ends. With `projects`, run
//! `Projects::trash_emptier` as a task, too: without it nothing ever leaves the trash can by itself.
//! Put a [`registry::Peer`] into the extensions of each request: without one, all clients share one
//! count of wrong passwords.
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `tokio` (default) | `Pierhead::in_memory`; time from the tokio runtime |
//! | `axum` | `Pierhead::into_router`, and that of `rest::RestService` |
//! | `fs` | `fs`: blobs in a directory |
//! | `sqlite` | `sqlite`: everything else in SQLite |
//! | `fs` and `sqlite` | `Pierhead::in_directory` |
//! | `projects` | `projects`, `policy`, `auth`: accounts, projects, sharing, tokens |
//! | `rest` | `rest`: the management API for them; brings `projects` |
//!
//! # The map
//! [`model`] are the words of the protocol, [`storage`] the traits of stores and those in memory,
//! [`registry`] the registry without HTTP, [`http`] the protocol (`pierhead-http`, not the crate
//! `http`). [`prelude`] has the names that
//! embedders write most. [`Pierhead`] and [`Builder`] are all that this crate adds; there is no
//! logic in it.

mod builder;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

pub use builder::{Builder, Pierhead};
#[cfg(feature = "projects")]
pub use pierhead_auth as auth;
pub use pierhead_http as http;
pub use pierhead_model as model;
#[cfg(feature = "projects")]
pub use pierhead_policy as policy;
#[cfg(feature = "projects")]
pub use pierhead_projects as projects;
pub use pierhead_registry as registry;
#[cfg(feature = "rest")]
pub use pierhead_rest as rest;
pub use pierhead_storage as storage;
#[cfg(feature = "fs")]
pub use pierhead_storage_fs as fs;
#[cfg(feature = "sqlite")]
pub use pierhead_storage_sqlite as sqlite;
