//! Small pages of index files, shared by the whole process: tries and large tables are read through them, so that
//! memory does not grow with the number or the size of SSTables.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use super::read::read_exact;
use crate::error::{Error, Result};
use crate::storage::Source;

/// PageAware.PAGE_SIZE: a trie node never crosses a multiple of it.
pub(super) const PAGE: usize = 4096;

pub(super) type Page = Arc<[u8]>;

/// Sets of slots; a page has its set by hash, and replaces the slots of the set in turn.
const SETS: usize = 512;
const WAYS: usize = 4;

#[derive(Default)]
struct Set {
    slots: [Option<(u64, u64, Page)>; WAYS],
    next: usize,
}

static CACHE: LazyLock<Box<[Mutex<Set>]>> = LazyLock::new(|| (0..SETS).map(|_| Mutex::default()).collect());
static NEXT_FILE: AtomicU64 = AtomicU64::new(0);

/// A file that is read by pages. Its errors name it.
pub(super) struct PagedFile {
    source: Source,
    path: PathBuf,
    id: u64,
}

impl PagedFile {
    pub(super) fn new(source: Source, path: PathBuf) -> PagedFile {
        PagedFile { source, path, id: NEXT_FILE.fetch_add(1, Ordering::Relaxed) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.source.len()
    }

    /// Page `number`: shorter than [`PAGE`] only at the end of the file.
    pub(super) fn page(&self, number: u64) -> Result<Page> {
        let hash = (self.id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32;
        let set = &CACHE[hash as usize % SETS];
        let held = set.lock().slots.iter().flatten().find(|s| s.0 == self.id && s.1 == number).map(|s| s.2.clone());
        if let Some(page) = held {
            return Ok(page);
        }
        let start = number.saturating_mul(PAGE as u64);
        let length = self.len().saturating_sub(start).min(PAGE as u64) as usize;
        if length == 0 {
            let e = Error::corrupt(format!("byte {start} was asked for, behind the end of the file"));
            return Err(e.in_file(&self.path));
        }
        let mut buffer = [0; PAGE];
        read_exact(&*self.source, &mut buffer[..length], start).map_err(|e| e.in_file(&self.path))?;
        let page: Page = Arc::from(&buffer[..length]);
        let mut set = set.lock();
        let slot = set.next;
        set.slots[slot] = Some((self.id, number, page.clone()));
        set.next = (slot + 1) % WAYS;
        Ok(page)
    }

    /// Reads up to `out.len()` bytes at `offset`; fewer only at the end of the file.
    pub(super) fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let position = offset.saturating_add(done as u64);
            if position >= self.len() {
                break;
            }
            let page = self.page(position / PAGE as u64)?;
            let from = page.get((position % PAGE as u64) as usize..).unwrap_or_default();
            let n = from.len().min(out.len() - done);
            if n == 0 {
                break;
            }
            out[done..done + n].copy_from_slice(&from[..n]);
            done += n;
        }
        Ok(done)
    }
}
