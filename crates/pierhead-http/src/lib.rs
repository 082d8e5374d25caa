//! The distribution protocol and the token endpoint of a registry, as a [`tower_service::Service`].
//!
//! [`RegistryService`] turns an [`http::Request`] with any body into calls of a
//! [`Registry`](pierhead_registry::Registry) and what comes of them into an [`http::Response`]. It
//! speaks the OCI distribution specification with the headers that Docker's clients want, paging,
//! ranges, referrers, resumable uploads, and both ways of asking for a token. No runtime is
//! assumed: what has to wait, waits on the registry's clock.
//!
//! ```
//! use std::sync::Arc;
//!
//! use http::{Request, StatusCode};
//! use pierhead_http::{HttpOptions, RegistryService, ResponseBody};
//! use pierhead_registry::{AllowAll, Registry, TokioClock};
//! use pierhead_storage::{MemoryBlobStore, MemoryRepositoryStore};
//! use tower_service::Service;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rows = Arc::new(MemoryRepositoryStore::new());
//! let registry = Registry::builder(
//!     Arc::new(MemoryBlobStore::new()),
//!     rows.clone(),
//!     Arc::new(TokioClock),
//! )
//! .authorizer(Arc::new(AllowAll::new(rows)))
//! .build();
//! let mut service = RegistryService::new(registry, HttpOptions::default());
//!
//! let request = Request::get("/v2/").body(String::new())?;
//! let response = service.call(request).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `axum`, `RegistryService::into_router` gives a router to serve or to merge with
//! other routes; `examples/open_registry.rs` is a whole server.
//!
//! # What this crate is not
//! It holds no state, decides no permission, opens no socket, knows no TLS and no access log. It
//! does not bound the number of connections, how long a header may take or how slowly an answer is
//! taken: those belong to the server in front of it. It believes no forwarding header; set
//! [`Peer`](pierhead_registry::Peer) as an extension of the request in the layer that accepts
//! connections.
//!
//! # How a request is answered
//! What is malformed is 400 for everybody; then no or bad credentials are 401; then what the
//! registry refuses is 401 or 403; then what is missing is 404. All of that happens before the
//! request's body is read, and what of a body is on its way behind an early answer is read and
//! thrown away up to a bound.
//!
//! # The map
//! - [`RegistryService`] (`service`), [`HttpOptions`] (`options`), the router (`axum`).
//! - [`Route`] (`route`), `operation`, `query`: what a request says.
//! - [`Vouched`] (`challenge`): who says it, and what they are asked for.
//! - `blob`, `upload`, `manifest`, `tag`, `referrer`, `catalog`, `token`: one file for each part of
//!   the protocol.
//! - [`ResponseBody`] (`body`), `response`, `error`: what is answered.

#[cfg(feature = "axum")]
mod axum;
mod blob;
mod body;
mod catalog;
mod challenge;
mod error;
mod exchange;
mod manifest;
mod operation;
mod options;
mod query;
mod referrer;
mod response;
mod route;
mod service;
mod tag;
mod token;
mod upload;

pub use body::{BoxError, ResponseBody};
pub use challenge::Vouched;
pub use error::Fault;
pub use options::{HttpOptions, OptionsError};
pub use route::{Route, RouteError};
pub use service::RegistryService;
