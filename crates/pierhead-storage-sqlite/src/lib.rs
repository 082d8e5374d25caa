//! The embedded metadata store, on SQLite.
//!
//! [`SqliteStore`] keeps the rows of a registry in one file: a [`RepositoryStore`] without a
//! server of its own. One thread writes, and lets requests that arrive together share a commit; a
//! few threads read, and never wait for it. What was answered is on the disk.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use bytes::Bytes;
//! use pierhead_model::{ContentDigest, MediaType};
//! use pierhead_storage::{
//!     CallerId, Fence, ManifestPut, NewName, Permit, PutOutcome, RepositoryStore, View,
//! };
//! use pierhead_storage_sqlite::SqliteStore;
//!
//! # futures::executor::block_on(async {
//! let store = SqliteStore::open_temporary()?; // SqliteStore::open(path, options) in earnest
//! let ada = CallerId::new("ada")?;
//! let view = View::New(NewName {
//!     name: "syn101/tools".parse()?,
//!     parent: None,
//!     caller: ada.clone(),
//! });
//! let bytes = Bytes::from_static(br#"{"schemaVersion":2,"manifests":[]}"#);
//! let put = ManifestPut {
//!     digest: ContentDigest::sha256(&bytes),
//!     bytes,
//!     media_type: MediaType::OCI_INDEX,
//!     artifact_type: None,
//!     subject: None,
//!     annotations: None,
//!     references: Vec::new(),
//!     tags: vec!["latest".parse()?],
//!     by: ada,
//!     at: SystemTime::now(),
//!     admission: None,
//! };
//! // A fence says what the permission rested on; this one rested on nothing.
//! let permit = Permit { view, fence: Fence::default() };
//! let outcome = store.put_manifest(put.clone(), &permit).await?;
//! let PutOutcome::Stored { repository, created: true } = outcome else {
//!     unreachable!("nothing was missing, and the name was new");
//! };
//! let found = store.find_manifest(&View::Repository(repository), &"latest".parse()?).await?;
//! assert_eq!(found.map(|manifest| manifest.bytes), Some(put.bytes));
//! store.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is not
//! It keeps no blobs, and decides no permission: it compares the counters that a decision rested
//! on. It is not for a database shared by several servers: one store at a time may have the file
//! open, and a second is refused. It needs no runtime, and runs nothing on its caller's thread but
//! [`SqliteStore::open`]. No type of its database library is in its API.
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
//! - `projects` (feature): the ports of `pierhead-projects` on the same database. Its tables are
//!   always there, and a repository is an entity of theirs from its first manifest to its purge.
//! - `writer` (group commit), `readers`, `queue` (between them and tasks), `board` (versions).
//! - `migrate` and `schema/*.sql`; `snapshot`; `codec` (values as columns); `error`.
//! - `repository_store` (the contract's calls), `fence`, `repository`, `upload`, `blob`,
//!   `manifest`, `tag`, `referrer`, `history`, `audit`, `retention`, `collect`: the operations, as functions
//!   over a connection inside a transaction.
//!
//! [`RepositoryStore`]: pierhead_storage::RepositoryStore

mod audit;
mod blob;
mod board;
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

pub use options::SqliteOptions;
pub use store::SqliteStore;
