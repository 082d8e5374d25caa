//! Where bytes live: the blob store's contract.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::{Place, StoreError};

/// How far a place is written, in a form that survives power loss and crosses processes.
///
/// Everything before `offset` is durable once [`BlobWriter::checkpoint`] has returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Bytes that are safe, from the beginning of the place.
    pub offset: u64,
    /// The store's own memory of how it got there (a multipart id, part ids, a tail), opaque to
    /// everybody else. At most 1 MiB.
    pub state: Bytes,
}

/// What a store wants of those who write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobLimits {
    /// A checkpoint is worth taking about every so many bytes: 4 MiB by default.
    pub checkpoint_every: u64,
    /// The longest blob, in bytes: `i64::MAX` by default.
    pub max_len: u64,
    /// The largest piece that [`BlobWriter::write`] keeps in memory, in bytes: 1 MiB by default.
    pub buffer: usize,
    /// Whether [`BlobStore::read`] may answer with a redirect: not by default.
    pub redirects: bool,
}

impl Default for BlobLimits {
    fn default() -> Self {
        Self {
            checkpoint_every: 4 << 20,
            max_len: i64::MAX as u64,
            buffer: 1 << 20,
            redirects: false,
        }
    }
}

impl BlobLimits {
    /// Another distance between checkpoints, in bytes.
    pub fn with_checkpoint_every(mut self, bytes: u64) -> Self {
        self.checkpoint_every = bytes;
        self
    }

    /// Another longest blob, in bytes.
    pub fn with_max_len(mut self, bytes: u64) -> Self {
        self.max_len = bytes;
        self
    }

    /// Another largest piece that a writer keeps in memory, in bytes.
    pub fn with_buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Whether reads may be answered with a redirect.
    pub fn with_redirects(mut self, redirects: bool) -> Self {
        self.redirects = redirects;
        self
    }
}

/// How a reader wants its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// For how long a redirect may be used, when the reader can follow one; `None` asks for bytes.
    pub redirect_for: Option<Duration>,
}

impl ReadOptions {
    /// Accept a redirect that stays usable for `life`.
    pub fn or_redirect(mut self, life: Duration) -> Self {
        self.redirect_for = Some(life);
        self
    }
}

/// Another address at which the bytes may be fetched for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// An absolute URL.
    pub url: String,
}

/// What a read gives.
pub enum BlobRead {
    /// Exactly the bytes of the range, in pieces of at most 1 MiB. An error ends the stream.
    Stream(BoxStream<'static, Result<Bytes, StoreError>>),
    /// Go there for them.
    Redirect(Redirect),
}

impl fmt::Debug for BlobRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(_) => f.write_str("Stream(..)"),
            Self::Redirect(to) => f.debug_tuple("Redirect").field(to).finish(),
        }
    }
}

/// A place that [`BlobStore::list`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The place.
    pub place: Place,
    /// Bytes there now, sealed or not.
    pub len: u64,
}

/// Keeps bytes at places; knows no digest, no repository, no session.
///
/// Implement it, and [`BlobWriter`], under [`#[async_trait]`](macro@async_trait), and open it as
/// `Arc<dyn BlobStore>`.
///
/// # The contract
/// - A place is written by one writer at a time. Opening a writer *revokes* every earlier one of
///   that place: after `writer` returns, no byte of theirs arrives and their calls answer
///   [`StoreError::Superseded`].
/// - `writer(at, None)` begins at the first byte; `writer(at, Some(checkpoint))` goes on where the
///   checkpoint says, and what followed it is gone. The same checkpoint may be used any number of
///   times until the place is sealed. A *later* one is void from then on, for its bytes are gone: its
///   caller uses it no more, and what a store answers to it is [`StoreError::NotFound`] if the place
///   is shorter now, and its own affair if other bytes have been written.
/// - A call that `writer` refuses, with `NotFound` or `Conflict`, changes nothing: an older writer
///   goes on. After an outage it may be revoked or not.
/// - Bytes are readable only once sealed; before, `read` answers [`StoreError::NotFound`].
/// - `seal` is durable and idempotent: repeated, also by a new writer opened from a checkpoint that
///   holds the final offset, also after a crash in the middle of the first, it answers the same
///   length. The caller saves that checkpoint before it seals.
/// - A sealed place never changes until it is removed.
/// - `remove` revokes as `writer` does: no byte of an earlier writer arrives after it. What it took
///   away need not stay away when the power is lost: it is then found by `list`, and removed again.
/// - A place that the store would never allocate is an absent place.
/// - An outage is never [`StoreError::NotFound`], which says that something is known not to be there.
///
/// `pierhead-storage-testing` holds this contract as a suite that every implementation runs.
#[async_trait]
pub trait BlobStore: fmt::Debug + Send + Sync + 'static {
    /// What this store wants of those who write to it.
    fn limits(&self) -> BlobLimits;

    /// A fresh place. No I/O: nothing exists there until a writer checkpoints or seals.
    fn allocate(&self) -> Place;

    /// Opens a place for writing, at its beginning or where `from` says.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when `from` names bytes that are not there; [`StoreError::Conflict`]
    /// when the place is sealed with another length than `from` says, where `None` says 0.
    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError>;

    /// Reads a range of a sealed place.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing is sealed there; [`StoreError::Range`] when the range
    /// ends behind the last byte.
    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        how: &ReadOptions,
    ) -> Result<BlobRead, StoreError>;

    /// Removes whatever is at a place: sealed bytes, unsealed ones, and what `from` tells the store
    /// of an unfinished writer. Idempotent; an absent place is success, one of another store's form
    /// too, since a collector that is refused asks again for ever. Never touches another place.
    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Result<(), StoreError>;

    /// Places that hold bytes, in order, after `after`, at most `limit`. One that was opened and
    /// never checkpointed may be among them or not. For checking a store against its metadata;
    /// nothing on a request path calls it.
    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError>;
}

/// Writes to one place. Dropped at any point it loses what follows its last checkpoint, no more.
///
/// No call is cancel-safe: a writer of which a call was dropped before it answered is dropped, too,
/// and the place opened again from its last checkpoint. What is on its way to the disk by then must
/// not arrive in the newer writer's time.
#[async_trait]
pub trait BlobWriter: Send {
    /// Takes the next bytes. Not durable until checkpointed or sealed.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] once a newer writer was opened; [`StoreError::TooLarge`] past
    /// [`BlobLimits::max_len`]; [`StoreError::Full`] when there is no room.
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError>;

    /// Makes everything written so far durable and says how to go on from here.
    ///
    /// The offset may be less than what was written (a store that ships whole parts keeps a tail
    /// apart), never more.
    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError>;

    /// Makes the bytes durable and readable, and says how many there are. Idempotent.
    async fn seal(&mut self) -> Result<u64, StoreError>;
}
