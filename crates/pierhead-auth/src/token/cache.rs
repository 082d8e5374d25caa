//! Remembering what was verified, so that the hot path is one SHA-256 and one lookup.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::verify::{check_claims, check_length, verify};
use super::{Expected, KeyRing, RegistryClaims, TokenError};

/// Registry tokens whose signature was found good, by the SHA-256 of their text.
///
/// It remembers signatures, not answers: issuer, audience, times and the time of the key are checked at each
/// use, and a change of keys empties it. Tokens with a wrong signature are not remembered. When it is full, the
/// one verified first goes. Its lock is held for a lookup only, never while a signature is checked.
#[derive(Debug)]
pub struct VerifiedCache {
    capacity: usize,
    state: Mutex<State>,
}

type Key = [u8; 32];

/// Longest token remembered, in bytes. A token for one push is a third of it; this keeps anybody who may ask
/// for tokens from filling memory with large ones.
const MAX_REMEMBERED: usize = 4 * 1024;

#[derive(Debug, Default)]
struct State {
    /// The generation of the ring that verified everything here.
    generation: u64,
    entries: HashMap<Key, Entry>,
    /// The keys of `entries` in the order they came; each exactly once.
    order: VecDeque<Key>,
}

#[derive(Debug)]
struct Entry {
    claims: Arc<RegistryClaims>,
    /// The unix second until which the key that signed it counts.
    key_until: u64,
}

impl VerifiedCache {
    /// A cache of at most `capacity` tokens, each the size of its claims: some hundred bytes, 4 KiB at worst,
    /// since longer tokens are verified anew each time. 0 remembers nothing.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// [`KeyRing::verify`], remembering.
    ///
    /// # Errors
    ///
    /// As [`KeyRing::verify`].
    pub fn verify(
        &self,
        ring: &KeyRing,
        token: &str,
        expected: &Expected,
        now: u64,
    ) -> Result<Arc<RegistryClaims>, TokenError> {
        check_length(token)?;
        let key: Key = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.get(&key, ring, now) {
            check_claims(&claims, expected, now)?;
            return Ok(claims);
        }
        let (claims, key_until) = verify(ring, token, expected, now)?;
        let claims = Arc::new(claims);
        if token.len() <= MAX_REMEMBERED {
            let entry = Entry {
                claims: Arc::clone(&claims),
                key_until,
            };
            self.put(key, entry, ring, now);
        }
        Ok(claims)
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.with(|state| state.entries.len())
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, key: &Key, ring: &KeyRing, now: u64) -> Option<Arc<RegistryClaims>> {
        self.with(|state| {
            if !state.belongs_to(ring) {
                return None;
            }
            let entry = state.entries.get(key)?;
            (now < entry.key_until).then(|| Arc::clone(&entry.claims))
        })
    }

    fn put(&self, key: Key, entry: Entry, ring: &KeyRing, now: u64) {
        self.with(|state| {
            if self.capacity == 0 || !state.belongs_to(ring) {
                return;
            }
            if state.entries.insert(key, entry).is_none() {
                state.order.push_back(key);
            }
            while state.entries.len() > self.capacity || state.oldest_is_over(now) {
                let Some(oldest) = state.order.pop_front() else {
                    break;
                };
                state.entries.remove(&oldest);
            }
        });
    }

    fn with<R>(&self, body: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(|poisoned| {
            // Half a change may be in there; nothing in there is needed.
            self.state.clear_poison();
            let mut state = PoisonError::into_inner(poisoned);
            *state = State::default();
            state
        });
        body(&mut state)
    }
}

impl State {
    /// Whether what is here was verified by `ring`, emptying itself first for a newer one. A request still
    /// holding an older ring goes past the cache.
    fn belongs_to(&mut self, ring: &KeyRing) -> bool {
        if ring.generation() > self.generation {
            *self = Self {
                generation: ring.generation(),
                ..Self::default()
            };
        }
        ring.generation() == self.generation
    }

    fn oldest_is_over(&self, now: u64) -> bool {
        let oldest = self.order.front().and_then(|key| self.entries.get(key));
        oldest.is_some_and(|entry| now >= entry.claims.exp || now >= entry.key_until)
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
