//! Slowing down whoever guesses passwords.
//!
//! Failures are counted by (account, peer) and by peer, never by account alone: nobody can lock somebody
//! else out by failing on purpose. Only password sign-in asks here; a valid token is never stopped.
//!
//! The tables live in memory and are bounded. A restart forgets them; so does a flood from more peers
//! than [`LockoutLimits::capacity`], which evicts whoever failed longest ago.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// How many failures are too many; [`usize::MAX`] of them never are, and are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutLimits {
    /// Failures of one account from one peer inside [`window`](Self::window). Default 10.
    pub per_account: usize,
    /// Failures of one peer inside the window, whatever the account. Default 50.
    pub per_peer: usize,
    /// Seconds after which a failure is forgotten. Default 900.
    pub window: u64,
    /// Most (account, peer) pairs, and most peers, remembered. Default 16,384.
    pub capacity: usize,
}

impl Default for LockoutLimits {
    fn default() -> Self {
        Self {
            per_account: 10,
            per_peer: 50,
            window: 15 * 60,
            capacity: 16 * 1024,
        }
    }
}

/// Refused: come back after this many seconds, at least 1. The value of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed sign-ins, try again in {0} s")]
pub struct RetryAfter(pub u64);

/// The counters. Shared by reference between requests; its lock is held for a table lookup only.
///
/// Call [`check`](Self::check) before the password is hashed, and once more when a queued request gets its
/// turn to hash: then no more guesses run past the limit than hashes run at the same time.
///
/// ```
/// use std::net::Ipv4Addr;
/// use pierhead_auth::lockout::{Lockout, LockoutLimits, RetryAfter};
///
/// let lockout = Lockout::new(LockoutLimits::default());
/// let peer = Ipv4Addr::LOCALHOST.into();
/// for second in 0..10 {
///     assert!(lockout.check("alice", peer, 1_000 + second).is_ok());
///     lockout.failed("alice", peer, 1_000 + second);
/// }
/// assert_eq!(lockout.check("alice", peer, 1_010), Err(RetryAfter(890)));
/// assert!(lockout.check("bob", peer, 1_010).is_ok());
/// ```
#[derive(Debug)]
pub struct Lockout {
    limits: LockoutLimits,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    pairs: Table<([u8; 32], IpAddr)>,
    peers: Table<IpAddr>,
}

impl Lockout {
    /// Empty counters. Limits of 0 are taken as 1.
    pub fn new(limits: LockoutLimits) -> Self {
        let limits = LockoutLimits {
            per_account: limits.per_account.max(1),
            per_peer: limits.per_peer.max(1),
            window: limits.window.max(1),
            capacity: limits.capacity.max(1),
        };
        Self {
            limits,
            tables: Mutex::default(),
        }
    }

    /// Whether `account` may try from `peer` at `now` (unix seconds).
    ///
    /// `account` is the name as the account store compares it, so that spellings of one name count
    /// together; it need not exist. An IPv6 peer counts as its /64, an IPv4-mapped one as IPv4.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] when either counter is full.
    pub fn check(&self, account: &str, peer: IpAddr, now: u64) -> Result<(), RetryAfter> {
        let peer = network(peer);
        let LockoutLimits {
            per_account,
            per_peer,
            window,
            ..
        } = self.limits;
        let wait = self.with(|tables| {
            let pair = tables
                .pairs
                .wait(&(key(account), peer), per_account, window, now);
            pair.max(tables.peers.wait(&peer, per_peer, window, now))
        });
        if wait == 0 {
            Ok(())
        } else {
            Err(RetryAfter(wait))
        }
    }

    /// Counts a wrong password, an unknown or a disabled account: all the same.
    pub fn failed(&self, account: &str, peer: IpAddr, now: u64) {
        let peer = network(peer);
        let LockoutLimits {
            per_account,
            per_peer,
            window,
            capacity,
        } = self.limits;
        self.with(|tables| {
            tables
                .pairs
                .add((key(account), peer), per_account, window, capacity, now);
            tables.peers.add(peer, per_peer, window, capacity, now);
        });
    }

    /// Forgets the failures of `account` from `peer`. The peer's own count stays: else somebody with an
    /// account of their own could clear it between guesses at others.
    pub fn succeeded(&self, account: &str, peer: IpAddr) {
        let key = (key(account), network(peer));
        self.with(|tables| tables.pairs.remove(&key));
    }

    fn with<R>(&self, body: impl FnOnce(&mut Tables) -> R) -> R {
        // Whatever panicked left at worst one count too few.
        body(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Names are attacker's text of any length; the table holds a fixed size for each.
fn key(account: &str) -> [u8; 32] {
    Sha256::digest(account.as_bytes()).into()
}

/// One subscriber holds a whole IPv6 /64, so an address of it is no identity.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => {
            let upper = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(upper))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The last failures by key, newest at the back; never more than the limit that locks.
#[derive(Debug)]
struct Table<K> {
    rows: HashMap<K, VecDeque<u64>>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash + Clone> Table<K> {
    /// Seconds until fewer than `limit` failures are inside the window; 0 when that is so already.
    fn wait(&self, key: &K, limit: usize, window: u64, now: u64) -> u64 {
        let Some(times) = self.rows.get(key) else {
            return 0;
        };
        if times.len() < limit {
            return 0;
        }
        // The row holds exactly `limit` times: the oldest leaving makes room for one try.
        let oldest = times.front().copied().unwrap_or(0);
        oldest
            .saturating_add(window)
            .saturating_sub(now)
            .min(window)
    }

    fn add(&mut self, key: K, limit: usize, window: u64, capacity: usize, now: u64) {
        if limit == usize::MAX {
            return;
        }
        if !self.rows.contains_key(&key) && self.rows.len() >= capacity {
            self.make_room(window, capacity, now);
        }
        let times = self.rows.entry(key).or_default();
        while times.len() >= limit {
            times.pop_front();
        }
        times.push_back(now);
    }

    /// Drops what the window has passed, then the one that failed longest ago. Linear, but it follows a
    /// password hash that cost a thousand times as much.
    fn make_room(&mut self, window: u64, capacity: usize, now: u64) {
        self.rows.retain(|_, times| {
            times
                .back()
                .is_some_and(|last| last.saturating_add(window) > now)
        });
        if self.rows.len() >= capacity {
            let oldest = self
                .rows
                .iter()
                .min_by_key(|(_, times)| times.back().copied());
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.rows.remove(&key);
            }
        }
    }

    fn remove(&mut self, key: &K) {
        self.rows.remove(key);
    }
}

#[cfg(test)]
#[path = "lockout_tests.rs"]
mod tests;
