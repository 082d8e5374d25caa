//! How far it is, for whoever waits: one line that is redrawn on a terminal, else a line now and then.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::table::{lasted, size};

/// How often a terminal is told.
const REDRAW: Duration = Duration::from_millis(200);

/// How often a log is told.
const TELL: Duration = Duration::from_secs(10);

/// Counts what is done of a known whole. Shared by the threads that do it.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    files: AtomicU64,
    bytes: AtomicU64,
    all_files: u64,
    all_bytes: u64,
    begun: Instant,
    ended: Mutex<bool>,
    end: Condvar,
}

impl Progress {
    /// Nothing is done yet; `what` is being done.
    pub(super) fn new(what: &'static str, all_files: u64, all_bytes: u64) -> Self {
        Self {
            what,
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            all_files,
            all_bytes,
            begun: Instant::now(),
            ended: Mutex::new(false),
            end: Condvar::new(),
        }
    }

    /// One more file is done.
    pub(super) fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more bytes are done.
    pub(super) fn bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells standard error while something is done.
    pub(super) fn shown<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            scope.spawn(|| self.tell());
            // However the work ends, the other thread has to.
            let _end = End(self);
            work()
        })
    }

    fn tell(&self) {
        let terminal = io::stderr().is_terminal();
        let pause = if terminal { REDRAW } else { TELL };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            let (guard, waited) = self
                .end
                .wait_timeout(ended, pause)
                .unwrap_or_else(PoisonError::into_inner);
            ended = guard;
            if *ended || !waited.timed_out() {
                continue;
            }
            let line = self.line(self.begun.elapsed());
            let text = if terminal {
                format!("\r{line}\x1b[K")
            } else {
                format!("{line}\n")
            };
            let _ = io::stderr().write_all(text.as_bytes());
        }
        if terminal {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }

    fn line(&self, after: Duration) -> String {
        let files = self.files.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let rate = u64::try_from(u128::from(bytes) * 1_000 / after.as_millis().max(1));
        let rate = rate.unwrap_or(u64::MAX);
        let left = self.all_bytes.saturating_sub(bytes);
        let left = match left.checked_div(rate) {
            Some(seconds) if left > 0 => {
                format!(", {} left", lasted(Duration::from_secs(seconds.max(1))))
            }
            _ => String::new(),
        };
        format!(
            "{}: {files} of {} blobs, {} of {}, {}/s{left}",
            self.what,
            self.all_files,
            size(bytes),
            size(self.all_bytes),
            size(rate)
        )
    }
}

/// Ends the telling.
struct End<'a>(&'a Progress);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let ended = self.0.ended.lock();
        *ended.unwrap_or_else(PoisonError::into_inner) = true;
        self.0.end.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long_still() {
        let progress = Progress::new("copying", 4, 10 << 20);
        let second = Duration::from_secs(1);
        assert_eq!(
            progress.line(second),
            "copying: 0 of 4 blobs, 0 B of 10 MiB, 0 B/s"
        );
        progress.file();
        progress.bytes(2 << 20);
        assert_eq!(
            progress.line(second * 2),
            "copying: 1 of 4 blobs, 2.0 MiB of 10 MiB, 1.0 MiB/s, 8.0 s left"
        );
        progress.bytes(8 << 20);
        assert!(progress.line(second).ends_with("10 MiB/s"));
        assert_eq!(progress.shown(|| 7), 7, "and it ends with the work");
    }
}
