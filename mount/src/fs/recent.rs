//! Contents whose size was made on demand, kept for a while: the open that follows a stat starts from their checkpoints.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::content::Content;
use crate::tree::Opened;

const LIMIT: usize = 32;

struct Entry {
    ino: u64,
    version: u64,
    content: Arc<dyn Content>,
}

/// The most recent in front.
#[derive(Default)]
pub(super) struct Recent {
    entries: Mutex<VecDeque<Entry>>,
}

impl Recent {
    pub(super) fn get(&self, ino: u64, version: u64) -> Option<Arc<dyn Content>> {
        let mut entries = self.entries.lock();
        let at = entries.iter().position(|e| e.ino == ino && e.version == version)?;
        let entry = entries.remove(at)?;
        let content = entry.content.clone();
        entries.push_front(entry);
        Some(content)
    }

    /// Keeps it, unless one of the same version is there: that one is returned.
    pub(super) fn put(&self, ino: u64, opened: &Opened) -> Arc<dyn Content> {
        let version = opened.attributes.version;
        if let Some(content) = self.get(ino, version) {
            return content;
        }
        let mut entries = self.entries.lock();
        entries.retain(|e| e.ino != ino);
        entries.truncate(LIMIT - 1);
        entries.push_front(Entry { ino, version, content: opened.content.clone() });
        opened.content.clone()
    }

    pub(super) fn forget(&self, which: impl Fn(u64) -> bool) {
        self.entries.lock().retain(|e| !which(e.ino));
    }
}
