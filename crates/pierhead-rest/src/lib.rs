#![doc = include_str!("../README.md")]
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

#![cfg_attr(docsrs, feature(doc_cfg))]

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
