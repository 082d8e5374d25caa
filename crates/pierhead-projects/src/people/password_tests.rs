use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use futures::executor::block_on;

use super::*;
use crate::people::offload::{Job, ThreadOffload};

#[derive(Debug)]
struct Nowhere;

impl Offload for Nowhere {
    fn run(&self, job: Job) {
        drop(job);
    }
}

/// Keeps jobs until they are asked for.
#[derive(Debug)]
struct Later(Mutex<mpsc::Sender<Job>>);

impl Offload for Later {
    fn run(&self, job: Job) {
        self.0.lock().send(job).unwrap();
    }
}

fn who() -> String {
    "ana".to_owned()
}

#[test]
fn in_a_long_queue_whoever_waits_for_most_makes_room() {
    let (sender, jobs) = mpsc::channel();
    let passwords = Passwords::new(Arc::new(Later(Mutex::new(sender))));
    let ask = |who: &str| {
        let mut future = Box::pin(passwords.run(who.to_owned(), |_| ()));
        assert!(futures::FutureExt::now_or_never(&mut future).is_none());
        future
    };
    let ana: Vec<_> = (0..33).map(|_| ask("ana")).collect();
    let others: Vec<_> = (0..20)
        .map(|number| ask(&format!("other{}", number % 10)))
        .collect();
    for job in jobs.try_iter() {
        job();
    }
    for (at, future) in others.into_iter().enumerate() {
        assert!(block_on(future).is_ok(), "{at}");
    }
    // Two ran before there was a queue, and what ana had asked for last made room.
    let kept = ana.into_iter().map(block_on).map(|done| done.is_ok());
    let kept: Vec<bool> = kept.collect();
    let expected: Vec<bool> = (0..33).map(|at| at < 14).collect();
    assert_eq!(kept, expected);
}

#[test]
fn two_run_and_thirty_two_wait_and_the_next_is_refused() {
    let (sender, jobs) = mpsc::channel();
    let passwords = Passwords::new(Arc::new(Later(Mutex::new(sender))));
    let done = Arc::new(AtomicUsize::new(0));
    let mut waiting: Vec<_> = (0..34)
        .map(|_| {
            let done = Arc::clone(&done);
            let mut future =
                Box::pin(passwords.run(who(), move |_| done.fetch_add(1, Ordering::SeqCst)));
            assert!(futures::FutureExt::now_or_never(&mut future).is_none());
            future
        })
        .collect();
    let jobs: Vec<Job> = jobs.try_iter().collect();
    assert_eq!(jobs.len(), 2);
    let refused = futures::FutureExt::now_or_never(passwords.run(who(), |_| ()));
    assert!(
        matches!(refused, Some(Err(PasswordWork::Full(_)))),
        "{refused:?}"
    );
    // Who went away is skipped.
    waiting.truncate(30);
    for job in jobs {
        job();
    }
    for future in waiting {
        block_on(future).unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), 30);
    let state = passwords.state.lock();
    assert_eq!((state.running, state.queue.len()), (0, 0));
}

#[test]
fn work_that_is_never_run_fails_instead_of_hanging() {
    let passwords = Passwords::new(Arc::new(Nowhere));
    for _ in 0..3 {
        assert!(matches!(
            block_on(passwords.run(who(), |_| ())),
            Err(PasswordWork::Lost)
        ));
    }
}

#[test]
fn work_that_panics_fails_its_caller_alone() {
    let passwords = Passwords::new(Arc::new(ThreadOffload));
    let panicked = block_on(passwords.run(who(), |_| -> () { panic!("on purpose") }));
    assert!(matches!(panicked, Err(PasswordWork::Lost)));
    assert_eq!(block_on(passwords.run(who(), |_| 7)).unwrap(), 7);
    // The answer leaves before the worker does.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while passwords.state.lock().running > 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "a place was not given back"
        );
        std::thread::yield_now();
    }
}
