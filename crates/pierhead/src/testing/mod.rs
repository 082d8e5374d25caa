//! A registry for the tests of other crates: real HTTP, on a port of its own, gone when dropped.
//!
//! For whatever speaks to a registry: a client, a build tool, a scheduler that pulls images. And for
//! whoever embeds one: [`Registry::serve`] takes a [`Builder`](crate::Builder) with stores and
//! permissions of one's own.
//!
//! ```
//! use pierhead::testing::{Image, Registry};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::start()?;
//! let digest = registry.push("team/app:1", &Image::of("a layer")).await?;
//!
//! // Here the code under test speaks to `registry.url()`, or to `registry.host()` as docker would.
//! assert!(registry.url().starts_with("http://127.0.0.1:"));
//!
//! let pulled = registry.pull("team/app:1").await?;
//! assert_eq!(pulled.digest, digest);
//! assert_eq!(pulled.layers, ["a layer"]);
//! assert!(registry.pushed().is_empty(), "nothing came over HTTP");
//! # Ok(())
//! # }
//! ```
//!
//! [`Registry::as_user`] is somebody who asks over HTTP, to see what they may do.
//!
//! Name it in `[dev-dependencies]`, with the feature `testing`. Nothing here depends on the caller's
//! runtime: in a test without one, [`block_on`] runs what is async.
//!
//! # What it starts, and when that ends
//! One thread with a tokio runtime of its own, which listens on a free port of 127.0.0.1 and serves
//! HTTP/1.1 without TLS. Dropping the [`Registry`] closes its port, breaks off what is under way,
//! closes the stores and waits for the thread, for five seconds at most.

mod client;
mod image;
mod registry;
mod server;

/// Runs a future on this thread to its end, for tests without a runtime.
pub use futures::executor::block_on;

pub use client::{Answer, Client};
pub use image::{Image, Pulled};
pub use registry::{Registry, TestingError};
