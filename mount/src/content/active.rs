//! Bounds how many streams hold buffers and readers at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// A stream that can give its memory back and go on later.
pub(super) trait Park: Send + Sync {
    /// `false` when somebody is reading it just now.
    fn park(&self) -> bool;
}

/// The streams that are being made, the one that was started first in front.
#[derive(Clone)]
pub struct Active {
    streams: Arc<Mutex<VecDeque<Weak<dyn Park>>>>,
    limit: usize,
}

impl Active {
    /// At most `limit` streams hold memory at a time, and at least one.
    pub fn new(limit: usize) -> Self {
        Active { streams: Arc::new(Mutex::new(VecDeque::new())), limit: limit.max(1) }
    }

    /// Called by a stream, with its own lock held, when it begins to hold memory. Others are only parked when their
    /// lock is free, so there is no lock order to keep.
    pub(super) fn enter(&self, stream: Weak<dyn Park>) {
        let mut streams = self.streams.lock();
        streams.retain(|s| s.strong_count() > 0 && !s.ptr_eq(&stream));
        let mut look = streams.len();
        while streams.len() >= self.limit && look > 0 {
            look -= 1;
            let Some(oldest) = streams.pop_front() else { break };
            if oldest.upgrade().is_some_and(|s| !s.park()) {
                streams.push_back(oldest);
            }
        }
        streams.push_back(stream);
    }
}
