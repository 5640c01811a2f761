//! Short texts that were made to know their size, kept for the read that follows. Bounded in bytes.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::path::Request;

/// What is known about a file.
#[derive(Clone)]
pub(super) enum Known {
    Text(Arc<[u8]>),
    /// Too long to be kept.
    Long,
}

struct Entry {
    version: u64,
    known: Known,
    /// Number of its last use.
    used: u64,
}

pub(super) struct Cache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: HashMap<Request, Entry>,
    /// Uses in order; those that are not the last of their entry are passed over.
    uses: VecDeque<(u64, Request)>,
    bytes: usize,
    next_use: u64,
}

/// About what an entry takes beside its text.
const OVERHEAD: usize = 256;

impl Entry {
    fn bytes(&self) -> usize {
        match &self.known {
            Known::Text(text) => text.len() + OVERHEAD,
            Known::Long => OVERHEAD,
        }
    }
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Cache { limit, state: Mutex::default() }
    }

    pub(super) fn get(&self, request: &Request, version: u64) -> Option<Known> {
        let state = &mut *self.state.lock();
        let entry = state.entries.get_mut(request).filter(|e| e.version == version)?;
        let known = entry.known.clone();
        entry.used = state.next_use;
        state.uses.push_back((state.next_use, request.clone()));
        state.next_use += 1;
        state.bound(self.limit);
        Some(known)
    }

    pub(super) fn put(&self, request: &Request, version: u64, known: Known) {
        let state = &mut *self.state.lock();
        let entry = Entry { version, known, used: state.next_use };
        state.bytes += entry.bytes();
        state.uses.push_back((state.next_use, request.clone()));
        state.next_use += 1;
        if let Some(old) = state.entries.insert(request.clone(), entry) {
            state.bytes -= old.bytes();
        }
        state.bound(self.limit);
    }
}

impl State {
    fn bound(&mut self, limit: usize) {
        // The second bound keeps uses of a few entries from piling up.
        while self.bytes > limit || self.uses.len() > 2 * self.entries.len() + 64 {
            let Some((used, request)) = self.uses.pop_front() else { return };
            if self.entries.get(&request).is_some_and(|e| e.used == used) {
                if self.bytes > limit {
                    self.bytes -= self.entries.remove(&request).map_or(0, |e| e.bytes());
                } else {
                    self.uses.push_back((used, request));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(i: usize) -> Request {
        Request::Keyspace(i.to_string().into())
    }

    fn text(length: usize) -> Known {
        Known::Text(vec![b'x'; length].into())
    }

    #[test]
    fn what_was_not_used_goes_first() {
        let cache = Cache::new(10 * (1000 + OVERHEAD));
        for i in 0..10 {
            cache.put(&key(i), 1, text(1000));
        }
        assert!(cache.get(&key(0), 1).is_some());
        assert!(cache.get(&key(0), 2).is_none(), "another version");
        cache.put(&key(10), 1, text(1000));
        cache.put(&key(11), 1, text(1000));
        let there: Vec<bool> = (0..12).map(|i| cache.get(&key(i), 1).is_some()).collect();
        assert_eq!(there, [true, false, false, true, true, true, true, true, true, true, true, true]);
    }

    #[test]
    fn it_stays_bounded() {
        let cache = Cache::new(20_000);
        for i in 0..10_000 {
            cache.put(&key(i % 700), i as u64, if i % 3 == 0 { Known::Long } else { text(i % 500) });
            for _ in 0..3 {
                cache.get(&key(i % 50), i as u64);
            }
            let state = cache.state.lock();
            assert!(state.bytes <= 20_000);
            assert_eq!(state.bytes, state.entries.values().map(Entry::bytes).sum::<usize>());
            assert!(state.uses.len() <= 2 * state.entries.len() + 64);
        }
        cache.put(&key(1), 1, text(30_000));
        assert!(cache.get(&key(1), 1).is_none(), "too large to be kept");
    }
}
