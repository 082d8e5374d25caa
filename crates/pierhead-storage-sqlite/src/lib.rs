#![doc = include_str!("../README.md")]
//!
//! # How it keeps its promises
//! - *Durable before the answer*: write-ahead log, `synchronous = FULL`; a group's replies leave
//!   after its COMMIT. A call whose future is dropped before it was queued does nothing, later it
//!   runs to its end.
//! - *One bad request hurts nobody else*: each runs in a savepoint; an error or a panic rolls back
//!   that alone. When the disk is full or the commit fails, every request of the group fails.
//! - *Current versions without I/O*: they are on a board in memory, which the writer updates
//!   between COMMIT and the replies.
//! - *Counters never seem to go back*: every version carries the database's epoch, a random number.
//!   A copy made by [`SqliteStore::snapshot`] begins another when it is first opened.
//! - *Collection in small steps*: looking for what may go is a read; the writer takes a few hundred
//!   rows at a time and asks of each again. Space that rows leave is used again by later ones; the
//!   file does not shrink.
//!
//! # The map
//! - `store`: opening, closing, `write`, `read`, `scan`; `options`.
//! - `reader`: [`SqliteReader`], for backups and checks beside a running store; `checks`: what it can say
//!   against the rows.
//! - `projects` (feature): the ports of `pierhead-projects` on the same database. Its tables are
//!   always there, and a repository is an entity of theirs from its first manifest to its purge.
//! - `writer` (group commit), `readers`, `queue` (between them and tasks), `board` (versions).
//! - `migrate` and `schema/*.sql`; `snapshot`; `codec` (values as columns); `error`.
//! - `repository_store` (the contract's calls), `fence`, `repository`, `upload`, `blob`,
//!   `manifest`, `tag`, `referrer`, `history`, `audit`, `retention`, `collect`: the operations, as functions
//!   over a connection inside a transaction.
//!
//! [`RepositoryStore`]: pierhead_storage::RepositoryStore

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit;
mod blob;
mod board;
mod checks;
mod codec;
mod collect;
mod error;
mod fence;
mod history;
mod manifest;
mod migrate;
mod options;
#[cfg(feature = "projects")]
mod projects;
mod queue;
mod reader;
mod readers;
mod referrer;
mod repository;
mod repository_store;
mod retention;
mod snapshot;
mod store;
mod tag;
mod upload;
mod writer;

pub use checks::MissingReference;
pub use options::SqliteOptions;
pub use reader::{NamedBy, PlaceUse, SqliteReader, Totals};
pub use store::SqliteStore;
