//! A bounded table of what was read recently.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

/// Two generations of entries: when the younger one is full it becomes the older one, and what was
/// in that and was not asked for since is forgotten. At most twice `half` entries; every operation
/// takes constant time.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    half: usize,
    state: Mutex<Generations<K, V>>,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = Generations {
            young: HashMap::new(),
            old: HashMap::new(),
        };
        Self {
            half: (capacity / 2).max(1),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut state = self.state.lock();
        if let Some(value) = state.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = state.old.remove_entry(key)?;
        state.insert(key, value.clone(), self.half);
        Some(value)
    }

    pub(crate) fn put(&self, key: K, value: V) {
        self.state.lock().insert(key, value, self.half);
    }

    pub(crate) fn forget(&self, key: &K) {
        let mut state = self.state.lock();
        state.young.remove(key);
        state.old.remove(key);
    }
}

impl<K: Eq + Hash, V> Generations<K, V> {
    fn insert(&mut self, key: K, value: V, half: usize) {
        if self.young.len() >= half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_asked_for() {
        let cache = Cache::new(20);
        for key in 0..1_000 {
            cache.put(key, key);
            assert_eq!(cache.get(&0), Some(0), "after {key}");
            let state = cache.state.lock();
            assert!(state.young.len() + state.old.len() <= 20);
        }
        assert_eq!(cache.get(&500), None);
        cache.forget(&0);
        assert_eq!(cache.get(&0), None);
    }
}
