//! Bytes out.

use std::io::IoSliceMut;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use pierhead_storage::StoreError;
use rustix::io::{self, Errno, ReadWriteFlags};

use crate::buffer::{Buffer, Pool};
use crate::error::{failed, no_thread};

/// Streams a range of an open file, whose length was checked to hold it.
pub(crate) fn stream(
    file: OwnedFd,
    range: Range<u64>,
    pool: Arc<Pool>,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let start = (Arc::new(file), range, pool);
    stream::try_unfold(start, |(file, range, pool)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let piece = match read_cached(&file, pool.take(), range.start, left) {
            Cached::Piece(piece) => piece,
            Cached::No(buffer) => read_blocking(&file, buffer, range.start, left).await?,
        };
        if piece.is_empty() {
            return Err(StoreError::Corrupt {
                what: "a blob's file became shorter".to_owned(),
            });
        }
        let next = range.start + piece.len() as u64..range.end;
        Ok(Some((piece, (file, next, pool))))
    })
    .boxed()
}

enum Cached {
    Piece(Bytes),
    No(Buffer),
}

/// Reads what the page cache holds, without waiting and so without a thread hop.
#[cfg(target_os = "linux")]
fn read_cached(file: &OwnedFd, mut buffer: Buffer, at: u64, left: usize) -> Cached {
    let mut room = [IoSliceMut::new(buffer.room(left))];
    match io::preadv2(file, &mut room, at, ReadWriteFlags::NOWAIT) {
        Ok(filled @ 1..) => Cached::Piece(buffer.share(filled)),
        // Not cached, a file system or a kernel that cannot tell, or a fault: reading in earnest
        // says which.
        _ => Cached::No(buffer),
    }
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_file: &OwnedFd, buffer: Buffer, _at: u64, _left: usize) -> Cached {
    Cached::No(buffer)
}

async fn read_blocking(
    file: &Arc<OwnedFd>,
    mut buffer: Buffer,
    at: u64,
    left: usize,
) -> Result<Bytes, StoreError> {
    let file = Arc::clone(file);
    tokio::task::spawn_blocking(move || {
        loop {
            match io::pread(&*file, buffer.room(left), at) {
                Ok(filled) => return Ok(buffer.share(filled)),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed("reading a blob")(errno)),
            }
        }
    })
    .await
    .map_err(no_thread)?
}
