//! The memory that bytes pass through on their way out.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// Bytes read at once: large enough that the cost of a frame does not show, small enough that one
/// poll stays under a tenth of a millisecond.
pub(crate) const PIECE: usize = 256 << 10;

/// Buffers kept for the next reader; more than these are given back to the system.
const KEPT: usize = 16;

/// Buffers that were read into before, so that they need not be zeroed again.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Box<[u8]>>>);

/// A buffer that goes back to its pool when the last reader lets go of it.
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    filled: usize,
    pool: Arc<Pool>,
}

impl Pool {
    pub(crate) fn take(self: &Arc<Self>) -> Buffer {
        let bytes = self.0.lock().pop();
        let bytes = bytes.unwrap_or_else(|| vec![0; PIECE].into_boxed_slice());
        Buffer {
            bytes,
            filled: 0,
            pool: Arc::clone(self),
        }
    }
}

impl Buffer {
    /// Room for at most `len` bytes.
    pub(crate) fn room(&mut self, len: usize) -> &mut [u8] {
        let len = len.min(self.bytes.len());
        &mut self.bytes[..len]
    }

    /// The first `filled` bytes, shared without copying.
    pub(crate) fn share(mut self, filled: usize) -> Bytes {
        self.filled = filled.min(self.bytes.len());
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = self.pool.0.lock();
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pool: &Arc<Pool>, with: u8) -> Bytes {
        let mut buffer = pool.take();
        buffer.room(10).fill(with);
        buffer.share(10)
    }

    fn kept(pool: &Pool) -> usize {
        pool.0.lock().len()
    }

    #[test]
    fn a_buffer_returns_with_the_last_of_its_readers() {
        let pool = Arc::new(Pool::default());
        let first = filled(&pool, 1);
        let at = first.as_ptr();
        let part = first.slice(3..5);
        drop(first);
        assert_eq!(kept(&pool), 0);
        let second = filled(&pool, 2);
        assert_eq!((&part[..], &second[..2]), (&[1, 1][..], &[2, 2][..]));
        drop(part);
        assert_eq!(kept(&pool), 1);
        assert_eq!(filled(&pool, 3).as_ptr(), at);
    }

    #[test]
    fn a_buffer_never_shows_more_than_was_read() {
        let pool = Arc::new(Pool::default());
        drop(filled(&pool, 7));
        assert!(pool.take().share(0).is_empty());
        let mut buffer = pool.take();
        assert_eq!(buffer.room(usize::MAX).len(), PIECE);
        assert_eq!(buffer.share(usize::MAX).len(), PIECE);
    }

    #[test]
    fn a_pool_keeps_only_so_many() {
        let pool = Arc::new(Pool::default());
        let all: Vec<Bytes> = (0..KEPT + 5).map(|_| filled(&pool, 0)).collect();
        drop(all);
        assert_eq!(kept(&pool), KEPT);
    }
}
