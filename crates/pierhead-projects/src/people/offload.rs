//! Where work that takes long is done: off the threads that serve requests.

use std::fmt;

/// A job that takes long and does not wait for anything else.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// Runs jobs off the async threads. At most two jobs of this crate run at once; each takes some
/// 20 ms for every password in the queue and ends when the queue is empty.
pub trait Offload: fmt::Debug + Send + Sync + 'static {
    /// Starts the job and returns. A job that is dropped without running fails whoever waits for it.
    fn run(&self, job: Job);
}

/// A thread of its own for every job.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadOffload;

impl Offload for ThreadOffload {
    fn run(&self, job: Job) {
        // Without a thread the job is dropped, and with it the sender that its caller waits on.
        let started = std::thread::Builder::new()
            .name("password".to_owned())
            .spawn(job);
        drop(started);
    }
}
