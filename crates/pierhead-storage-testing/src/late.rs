//! Work that another thread does too late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Lets the calling thread wait, in some calls and not in others.
///
/// A store that hands work to threads puts it at the beginning of what they run, where its own tests
/// are compiled (`#[cfg(test)]`), and runs the suites there. A write that compares its turn, lets go
/// and then writes is nearly always quick enough to pass; with this it is late, and fails
/// `a_write_on_its_way_never_arrives_in_a_newer_writers_time`.
///
/// ```ignore
/// tokio::task::spawn_blocking(move || {
///     #[cfg(test)]
///     pierhead_storage_testing::late();
///     let _turn = turn.hold()?; // compared, and held until it is written
///     file.write_all_at(&chunk, offset)
/// })
/// ```
///
/// It blocks, for some milliseconds in one of eight calls: not for the threads of an executor.
pub fn late() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    // Mixed, so that it never falls into step with what calls it.
    let call = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    if call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 == 0 {
        thread::sleep(Duration::from_millis(5));
    }
}
