//! What every blob check works with.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use pierhead_storage::{
    BlobRead, BlobStore, BlobWriter, Checkpoint, MemoryBlobStore, Place, ReadOptions, StoreError,
};

use crate::BlobGround;
use crate::check::{Fault, Outcome, ensure, same};

/// The largest piece a read may give, in bytes.
const PIECE: usize = 1 << 20;

/// A fresh ground with an open store.
pub(crate) struct Bench {
    ground: Box<dyn BlobGround>,
    pub(crate) store: Arc<dyn BlobStore>,
    reopens: bool,
}

impl Bench {
    pub(crate) async fn new(ground: &dyn BlobGround, reopens: bool) -> Self {
        let ground = ground.fresh().await;
        let store = ground.open().await;
        Self {
            ground,
            store,
            reopens,
        }
    }

    /// Between two steps of an upload: drops the store and opens it again, if this run does that.
    /// The caller has dropped its writers.
    pub(crate) async fn pause(&mut self) {
        if self.reopens {
            self.reopen().await;
        }
    }

    /// Drops the store and opens it again.
    pub(crate) async fn reopen(&mut self) {
        // The old handle must be gone before the new one is made.
        self.store = Arc::new(MemoryBlobStore::new());
        self.store = self.ground.open().await;
    }

    pub(crate) async fn writer(
        &self,
        at: &Place,
        from: Option<&Checkpoint>,
    ) -> Outcome<Box<dyn BlobWriter>> {
        Ok(self.store.writer(at, from.cloned()).await?)
    }

    /// A place sealed with the bytes of a pattern.
    pub(crate) async fn sealed(&self, seed: u64, len: u64) -> Outcome<Place> {
        let place = self.store.allocate();
        let mut writer = self.writer(&place, None).await?;
        write_pattern(&mut *writer, seed, 0..len).await?;
        same("the sealed length", seal(&mut *writer).await?, len)?;
        Ok(place)
    }

    /// Requires a place to be sealed with exactly the bytes of a pattern.
    pub(crate) async fn holds(&self, at: &Place, seed: u64, len: u64) -> Outcome {
        let found = read_range(&*self.store, at, 0..len).await?;
        is_pattern(&found, seed, 0..len)?;
        let further = self
            .store
            .read(at, 0..len + 1, &ReadOptions::default())
            .await;
        ensure(
            matches!(further, Err(StoreError::Range)),
            format_args!("more than {len} bytes are there: {further:?}"),
        )
    }
}

/// Bytes that are unlike each other at every offset and for every seed.
pub(crate) fn pattern(seed: u64, range: Range<u64>) -> Bytes {
    let words = range.start / 8..range.end.div_ceil(8);
    let word = |index: u64| {
        let mixed = (index + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(seed << 7);
        (mixed ^ (mixed >> 29)).to_le_bytes()
    };
    // Word by word: the suites run unoptimised, and byte by byte would take most of their time.
    let bytes = Bytes::from(words.map(word).collect::<Vec<_>>().into_flattened());
    let skip = usize::try_from(range.start % 8).unwrap_or(0);
    let len = usize::try_from(range.end - range.start).unwrap_or(0);
    bytes.slice(skip..skip + len)
}

/// Requires bytes to be those of a pattern, and says where they begin to differ.
#[track_caller]
pub(crate) fn is_pattern(found: &[u8], seed: u64, range: Range<u64>) -> Outcome {
    let expected = pattern(seed, range);
    if found == expected {
        return Ok(());
    }
    if let Some(at) = found.iter().zip(&expected).position(|(a, b)| a != b) {
        return Err(Fault::new(format_args!(
            "the bytes read are other ones from byte {at} on"
        )));
    }
    same("the length read", found.len(), expected.len())
}

/// Writes a pattern in pieces of unequal length.
pub(crate) async fn write_pattern(
    writer: &mut dyn BlobWriter,
    seed: u64,
    range: Range<u64>,
) -> Outcome {
    let (mut at, mut piece) = (range.start, 1_000);
    while at < range.end {
        let end = range.end.min(at + piece);
        writer.write(pattern(seed, at..end)).await?;
        at = end;
        piece = (piece * 3 + 7) % 150_001;
    }
    Ok(())
}

/// Seals. A seal that answered an outage may have happened, and is simply repeated.
pub(crate) async fn seal(writer: &mut dyn BlobWriter) -> Outcome<u64> {
    let mut tries = 0;
    loop {
        match writer.seal().await {
            Err(StoreError::Unavailable { .. }) if tries < 3 => tries += 1,
            answer => return Ok(answer?),
        }
    }
}

/// The bytes of a range.
pub(crate) async fn read_range(
    store: &dyn BlobStore,
    at: &Place,
    range: Range<u64>,
) -> Outcome<Vec<u8>> {
    match store.read(at, range, &ReadOptions::default()).await? {
        BlobRead::Stream(stream) => {
            let pieces: Vec<Bytes> = stream.try_collect().await?;
            let longest = pieces.iter().map(Bytes::len).max().unwrap_or(0);
            ensure(
                longest <= PIECE,
                format_args!("a piece of {longest} bytes was read"),
            )?;
            Ok(pieces.concat())
        }
        BlobRead::Redirect(to) => Err(Fault::new(format_args!(
            "a redirect was given to who did not ask: {to:?}"
        ))),
    }
}

/// Requires nothing to be readable at a place.
pub(crate) async fn unreadable(store: &dyn BlobStore, at: &Place) -> Outcome {
    for range in [0..0, 0..1] {
        let answer = store.read(at, range.clone(), &ReadOptions::default()).await;
        ensure(
            matches!(answer, Err(StoreError::NotFound)),
            format_args!("reading {range:?} of what is not sealed answered {answer:?}"),
        )?;
    }
    Ok(())
}
