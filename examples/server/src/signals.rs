//! What the operating system asks of the process.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Requests to stop.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on; the process no longer ends by these signals on its own.
    ///
    /// # Errors
    /// When the operating system does not let it.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind).map_err(|error| Failure::because("signals cannot be received", &error))
        };
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
        })
    }

    /// The next request to stop, by its name. Cancel-safe.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Requests to read again what may have changed (SIGHUP).
#[derive(Debug)]
pub(crate) struct Hangups(Signal);

impl Hangups {
    /// Listens from now on; the process no longer ends by the signal.
    ///
    /// # Errors
    /// When the operating system does not let it.
    pub(crate) fn listen() -> Result<Self, Failure> {
        signal(SignalKind::hangup())
            .map(Self)
            .map_err(|error| Failure::because("signals cannot be received", &error))
    }

    /// Returns at the next one. Cancel-safe.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Does something before the process ends by SIGTERM or SIGHUP, from now on. Its status is then what
/// shells make of such an end. Where that cannot be had, the process ends as it would have.
pub(crate) fn before_the_end(does: impl FnOnce() + Send + 'static) {
    let mind = || -> io::Result<_> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let inside = runtime.enter();
        let kinds = [SignalKind::terminate(), SignalKind::hangup()];
        let [terminate, hangup] = kinds.map(signal);
        let heard = (terminate?, hangup?);
        drop(inside);
        Ok((runtime, heard))
    };
    let Ok((runtime, (mut terminate, mut hangup))) = mind() else {
        return;
    };
    thread::spawn(move || {
        let signal = runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => SignalKind::terminate(),
                _ = hangup.recv() => SignalKind::hangup(),
            }
        });
        does();
        std::process::exit(128 + signal.as_raw_value());
    });
}
