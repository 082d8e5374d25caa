//! A bounded queue between tasks that await and threads that wait.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use parking_lot::{Condvar, Mutex};

/// Many tasks push, a few threads pop. A task that finds it full awaits; it never blocks its
/// runtime.
pub(crate) struct Queue<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    filled: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    /// Tasks that found the queue full. All are woken when there is room; who comes too late
    /// registers again.
    blocked: Vec<Waker>,
    closed: bool,
}

/// The queue takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            state: Mutex::new(State {
                items: VecDeque::new(),
                blocked: Vec::new(),
                closed: false,
            }),
            filled: Condvar::new(),
        }
    }

    /// Queues an item once there is room. Dropped before that, the item was never queued.
    pub(crate) async fn push(&self, item: T) -> Result<(), Closed> {
        let mut item = Some(item);
        poll_fn(|context| {
            let mut state = self.state.lock();
            if state.closed {
                return Poll::Ready(Err(Closed));
            }
            if state.items.len() >= self.capacity {
                let waker = context.waker();
                if !state.blocked.iter().any(|known| known.will_wake(waker)) {
                    state.blocked.push(waker.clone());
                }
                return Poll::Pending;
            }
            state.items.extend(item.take());
            drop(state);
            self.filled.notify_one();
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// The next item; waits for one. `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        while state.items.is_empty() && !state.closed {
            self.filled.wait(&mut state);
        }
        let item = state.items.pop_front();
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        blocked.into_iter().for_each(Waker::wake);
        item
    }

    /// The next item, if there is one now.
    pub(crate) fn try_pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        let item = state.items.pop_front();
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        blocked.into_iter().for_each(Waker::wake);
        item
    }

    /// Takes nothing new. What was queued is still handed out.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        self.filled.notify_all();
        blocked.into_iter().for_each(Waker::wake);
    }
}

/// A value that one thread sets once and any task awaits.
pub(crate) struct Latch<T> {
    state: Mutex<(Option<T>, Vec<Waker>)>,
}

impl<T: Clone> Latch<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new((None, Vec::new())),
        }
    }

    /// Sets the value unless it is set already.
    pub(crate) fn set(&self, value: T) {
        let mut state = self.state.lock();
        state.0.get_or_insert(value);
        let waiting = std::mem::take(&mut state.1);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn wait(&self) -> T {
        poll_fn(|context| {
            let mut state = self.state.lock();
            if let Some(value) = &state.0 {
                return Poll::Ready(value.clone());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn items_leave_in_the_order_they_came() {
        let queue = Queue::new(3);
        for item in 0..3 {
            assert_eq!(block_on(queue.push(item)), Ok(()));
        }
        assert_eq!(
            [queue.pop(), queue.try_pop(), queue.pop(), queue.try_pop()],
            [Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn a_full_queue_makes_its_callers_wait_for_room() {
        let queue = Arc::new(Queue::new(1));
        assert_eq!(block_on(queue.push(0)), Ok(()));
        assert_eq!(queue.push(1).now_or_never(), None);
        let popper = Arc::clone(&queue);
        let other = std::thread::spawn(move || (popper.pop(), popper.pop()));
        assert_eq!(block_on(queue.push(2)), Ok(()));
        assert_eq!(other.join().unwrap(), (Some(0), Some(2)));
    }

    #[test]
    fn a_closed_queue_hands_out_the_rest_and_takes_nothing() {
        let queue = Queue::new(1);
        assert_eq!(block_on(queue.push(0)), Ok(()));
        queue.close();
        assert_eq!(block_on(queue.push(1)), Err(Closed));
        assert_eq!((queue.pop(), queue.pop()), (Some(0), None));
    }

    #[test]
    fn a_latch_keeps_its_first_value() {
        let latch = Latch::new();
        assert_eq!(latch.wait().now_or_never(), None);
        latch.set(1);
        latch.set(2);
        assert_eq!((block_on(latch.wait()), block_on(latch.wait())), (1, 1));
    }
}
