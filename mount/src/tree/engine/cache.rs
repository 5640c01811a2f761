//! Texts of files that were made once, kept for those who ask again. Bounded in bytes.

use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::path::Request;

/// What became of a text that was to be made whole.
pub(super) enum Rendered {
    Whole(Arc<[u8]>),
    /// It has more bytes than were wanted.
    Long,
}

/// What is known about a file.
#[derive(Clone)]
pub(super) enum Known {
    Text(Arc<[u8]>),
    /// Too long, or too much work, to be made before somebody reads it.
    Long,
    /// One of those, which somebody has read since; it goes on to be shown as one whose size is not known.
    Read(Arc<[u8]>),
}

impl From<Rendered> for Known {
    fn from(rendered: Rendered) -> Known {
        match rendered {
            Rendered::Whole(text) => Known::Text(text),
            Rendered::Long => Known::Long,
        }
    }
}

struct Entry {
    version: u64,
    known: Known,
    bytes: usize,
}

pub(super) struct Cache {
    limit: usize,
    state: Mutex<State>,
}

struct State {
    entries: LruCache<Request, Entry>,
    bytes: usize,
}

/// About what an entry takes beside its text.
const OVERHEAD: usize = 256;

impl Entry {
    fn new(request: &Request, version: u64, known: Known) -> Self {
        let text = match &known {
            Known::Text(text) | Known::Read(text) => text.len(),
            Known::Long => 0,
        };
        Entry { version, known, bytes: text + request.weight() + OVERHEAD }
    }
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Cache { limit, state: Mutex::new(State { entries: LruCache::unbounded(), bytes: 0 }) }
    }

    pub(super) fn get(&self, request: &Request, version: u64) -> Option<Known> {
        let state = &mut *self.state.lock();
        state.entries.get(request).filter(|e| e.version == version).map(|e| e.known.clone())
    }

    /// Keeps the text of a file that is known to be long.
    pub(super) fn put_read(&self, request: &Request, version: u64, text: Vec<u8>) {
        if matches!(self.get(request, version), Some(Known::Long)) {
            self.put(request, version, Known::Read(text.into()));
        }
    }

    pub(super) fn put(&self, request: &Request, version: u64, known: Known) {
        let state = &mut *self.state.lock();
        let entry = Entry::new(request, version, known);
        state.bytes += entry.bytes;
        if let Some(old) = state.entries.put(request.clone(), entry) {
            state.bytes -= old.bytes;
        }
        while state.bytes > self.limit
            && let Some((_, oldest)) = state.entries.pop_lru()
        {
            state.bytes -= oldest.bytes;
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
            assert_eq!(state.bytes, state.entries.iter().map(|(_, e)| e.bytes).sum::<usize>());
        }
        cache.put(&key(1), 1, text(30_000));
        assert!(cache.get(&key(1), 1).is_none(), "too large to be kept");
    }
}
