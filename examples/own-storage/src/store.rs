//! Places over a bucket.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use futures::lock::Mutex as AsyncMutex;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use pierhead::prelude::async_trait;
use pierhead::storage::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, Place, ReadOptions, StoreError,
};

use crate::Bucket;
use crate::recipe::{Recipe, failed, part_key, sealed_key};
use crate::writer::BucketWriter;

/// The longest part, in bytes: what a writer collects, and what a reader holds at a time.
pub(crate) const PART: usize = 4 << 20;

/// The largest piece that a read may give, in bytes.
const PIECE: usize = 1 << 20;

/// The number of a place's newest writer. It is held while anything of the place is changed.
pub(crate) type Turn = Arc<AsyncMutex<u64>>;

/// A blob store over a bucket, used by one process at a time: that a newer writer shuts an older one
/// out is remembered in memory.
#[derive(Clone, Debug)]
pub struct BucketStore {
    bucket: Arc<dyn Bucket>,
    turns: Arc<Mutex<HashMap<Place, Weak<AsyncMutex<u64>>>>>,
}

impl BucketStore {
    /// A store of whatever is in this bucket.
    pub fn new(bucket: Arc<dyn Bucket>) -> Self {
        Self {
            bucket,
            turns: Arc::default(),
        }
    }

    fn turn(&self, at: &Place) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(at).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Turn::default();
        turns.insert(at.clone(), Arc::downgrade(&turn));
        turn
    }

    async fn sealed(&self, at: &Place) -> Result<Option<Recipe>, StoreError> {
        match self.bucket.get(&sealed_key(at)).await {
            Ok(bytes) => Recipe::read(&bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("reading a list of parts")(error)),
        }
    }

    /// Everything at a place, by the ends of the keys.
    async fn objects(&self, at: &Place) -> Result<HashMap<String, u64>, StoreError> {
        let prefix = part_key(at, "");
        let found = self.bucket.list(&prefix).await;
        let found = found.map_err(failed("listing parts"))?.into_iter();
        Ok(found
            .map(|(key, len)| (key[prefix.len()..].to_owned(), len))
            .collect())
    }

    async fn delete(&self, at: &Place, part: &str) -> Result<(), StoreError> {
        let done = self.bucket.delete(&part_key(at, part)).await;
        done.map_err(failed("removing a part"))
    }
}

#[async_trait]
impl BlobStore for BucketStore {
    fn limits(&self) -> BlobLimits {
        BlobLimits::default()
            .with_checkpoint_every(4 * PART as u64)
            .with_buffer(PART)
    }

    fn allocate(&self) -> Place {
        Place::random()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let turn = self.turn(at);
        let mut newest = turn.clone().lock_owned().await;
        let recipe = match &from {
            Some(checkpoint) => Recipe::read(&checkpoint.state)?,
            None => Recipe::default(),
        };
        let sealed = match self.sealed(at).await? {
            Some(sealed) if sealed.len() != recipe.len() => {
                return Err(StoreError::Conflict(
                    "the place is sealed with another length",
                ));
            }
            sealed => sealed.is_some(),
        };
        if !sealed {
            let mut there = self.objects(at).await?;
            for (part, len) in &recipe.parts {
                if there.remove(part) != Some(*len) {
                    return Err(StoreError::NotFound);
                }
            }
            // What followed the checkpoint is gone, for every later checkpoint, too.
            for part in there.keys() {
                self.delete(at, part).await?;
            }
        }
        *newest += 1;
        let number = *newest;
        let bucket = Arc::clone(&self.bucket);
        let writer = BucketWriter::new(bucket, at.clone(), turn, number, recipe, sealed);
        Ok(Box::new(writer))
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        _: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let recipe = self.sealed(at).await?.ok_or(StoreError::NotFound)?;
        if range.start > range.end || range.end > recipe.len() {
            return Err(StoreError::Range);
        }
        let mut begin = 0;
        let mut wanted = Vec::new();
        for (part, len) in recipe.parts {
            let (from, to) = (range.start.max(begin), range.end.min(begin + len));
            if from < to {
                let within = index(from - begin)?..index(to - begin)?;
                wanted.push((part_key(at, &part), index(len)?, within));
            }
            begin += len;
        }
        let bucket = Arc::clone(&self.bucket);
        let parts = stream::iter(wanted).then(move |(key, len, within)| {
            let bucket = Arc::clone(&bucket);
            async move {
                let bytes = bucket.get(&key).await.map_err(failed("reading a part"))?;
                if bytes.len() != len {
                    let what = format!("the part {key} is not {len} bytes long");
                    return Err(StoreError::Corrupt { what });
                }
                let bytes = bytes.slice(within);
                Ok(stream::iter(pieces(&bytes).map(Ok)))
            }
        });
        Ok(BlobRead::Stream(parts.try_flatten().boxed()))
    }

    async fn remove(&self, at: &Place, _: Option<&Checkpoint>) -> Result<(), StoreError> {
        let turn = self.turn(at);
        let mut newest = turn.lock().await;
        *newest += 1;
        // The recipe first: a place that is half removed is not half readable.
        self.delete(at, "sealed").await?;
        for part in self.objects(at).await?.keys() {
            self.delete(at, part).await?;
        }
        Ok(())
    }

    /// Reads every key: good enough to check a store, which is all that it is for.
    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let keys = self.bucket.list("").await.map_err(failed("listing"))?;
        let mut places = BTreeMap::<Place, u64>::new();
        for (key, len) in keys {
            let Some((place, part)) = key.split_once('.') else {
                continue;
            };
            let Ok(place) = Place::new(place) else {
                continue;
            };
            if after.is_none_or(|after| place > *after) {
                *places.entry(place).or_default() += if part == "sealed" { 0 } else { len };
            }
        }
        let listed = places.into_iter().take(limit);
        Ok(listed.map(|(place, len)| Listed { place, len }).collect())
    }
}

fn index(bytes: u64) -> Result<usize, StoreError> {
    usize::try_from(bytes).map_err(|_| StoreError::TooLarge)
}

fn pieces(bytes: &Bytes) -> impl Iterator<Item = Bytes> + use<> {
    let bytes = bytes.clone();
    let starts = (0..bytes.len()).step_by(PIECE);
    starts.map(move |from| bytes.slice(from..bytes.len().min(from + PIECE)))
}
