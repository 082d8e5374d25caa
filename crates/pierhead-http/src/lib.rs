#![doc = include_str!("../README.md")]
//!
//! # The map
//! - [`RegistryService`] (`service`), [`HttpOptions`] (`options`), the router (`axum`).
//! - [`Route`] (`route`), `operation`, `query`: what a request says.
//! - [`Vouched`] (`challenge`): who says it, and what they are asked for.
//! - `blob`, `upload`, `manifest`, `tag`, `referrer`, `catalog`, `token`: one file for each part of
//!   the protocol.
//! - [`ResponseBody`] (`body`), `response`, `error`: what is answered.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
