//! Looks partitions up in Index.db, with the help of Summary.db. Follows
//! org.apache.cassandra.io.sstable.format.big.BigTableReader.getRowIndexEntry.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

use super::entry::{RawEntry, Window};
use super::rows::BigRows;
use super::summary::Summary;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Result};
use crate::sstable::index::{IndexEntry, Named};
use crate::sstable::prefix::ClusteringTypes;
use crate::sstable::version::Version;
use crate::storage::Source;

/// Read at a time when all entries are wanted.
const SCAN_STEP: usize = 1 << 16;
/// Read at a time when few are: an interval of the summary without row indexes is about as long.
const LOOKUP_STEP: usize = 1 << 12;
/// The interval of a summary that is made here.
const BUILT_INTERVAL: u32 = 128;

/// Index.db with its Summary.db: the partitions in the order of the ring, each with its position (BigTableReader).
/// Cheap to clone.
#[derive(Clone)]
pub struct BigIndex(Arc<Inner>);

struct Inner {
    source: Source,
    path: PathBuf,
    summary: Summary,
    order: KeyOrder,
    version: Version,
}

thread_local! {
    static WINDOW: RefCell<(Window, Vec<u8>)> = RefCell::default();
}

impl BigIndex {
    /// Without a summary the whole index is read once, to make one.
    pub fn open(index: Named, summary: Option<Summary>, order: KeyOrder, version: Version) -> Result<BigIndex> {
        let (source, path) = index;
        let summary = match summary {
            Some(summary) => summary,
            None => summarize(&source, version).map_err(|e| e.in_file(&path))?,
        };
        Ok(BigIndex(Arc::new(Inner { source, path, summary, order, version })))
    }

    /// For those who read all entries in order: there are no samples.
    pub(in crate::sstable) fn without_summary(index: Named, order: KeyOrder, version: Version) -> BigIndex {
        let summary = Summary::build(&[], BUILT_INTERVAL, &[]);
        BigIndex(Arc::new(Inner { source: index.0, path: index.1, summary, order, version }))
    }

    /// The smallest and the largest key, as serialized, by Summary.db.
    pub fn first_last(&self) -> (&[u8], &[u8]) {
        self.0.summary.first_last()
    }

    /// About how many keys there are: samples of the summary times their distance.
    pub fn estimated_keys(&self) -> u64 {
        self.0.summary.len() as u64 * self.0.summary.interval()
    }

    /// Looks a key up; `false` where it is not there. Reads the stretch of Index.db between two samples.
    pub fn lookup(&self, key: &DecoratedKey, entry: &mut IndexEntry) -> Result<bool> {
        let inner = &*self.0;
        WINDOW
            .with_borrow_mut(|(window, scratch)| inner.lookup(key, entry, window, scratch))
            .map_err(|e| e.in_file(&inner.path))
    }

    /// The entries from a key on, or from the first.
    pub fn iter_from(&self, from: Option<&DecoratedKey>) -> Result<BigEntries> {
        let mut entries = BigEntries {
            index: self.clone(),
            window: Window::default(),
            at: 0,
            step: LOOKUP_STEP,
            position: None,
            head: None,
        };
        if let Some(from) = from {
            self.0.seek(from, &mut entries).map_err(|e| e.in_file(&self.0.path))?;
        }
        Ok(entries)
    }

    pub(in crate::sstable) fn rows(
        &self,
        start: u64,
        length: u64,
        blocks: u32,
        types: &Arc<ClusteringTypes>,
    ) -> Result<BigRows> {
        let index = (self.0.source.clone(), self.0.path.clone());
        BigRows::open(index, start, length, blocks, types.clone(), self.0.version)
    }
}

impl Inner {
    fn lookup(
        &self,
        key: &DecoratedKey,
        entry: &mut IndexEntry,
        window: &mut Window,
        scratch: &mut Vec<u8>,
    ) -> Result<bool> {
        let Some((sample, start, end)) = self.interval_of(key, scratch)? else { return Ok(false) };
        window.clear();
        let step = (end - start).min(LOOKUP_STEP as u64) as usize;
        let mut at = start;
        while at < end {
            let Some(raw) = window.entry(&self.source, at, step, self.version)? else { break };
            let found = window.key(&raw);
            if found == key.key {
                fill(entry, window, &raw);
                return Ok(true);
            }
            at = raw.end;
        }
        self.check_interval(sample, start, end, window, scratch)?;
        Ok(false)
    }

    /// Before a key is said to be absent: neither file has a checksum, but the samples on both sides must be in the index,
    /// and its keys in order.
    fn check_interval(
        &self,
        sample: usize,
        start: u64,
        end: u64,
        window: &mut Window,
        scratch: &mut Vec<u8>,
    ) -> Result<()> {
        let mut previous = DecoratedKey { token: self.order.token(&[]), key: Vec::new() };
        let mut at = start;
        while let Some(raw) = window.entry(&self.source, at, LOOKUP_STEP, self.version)? {
            let key = window.key(&raw);
            if at == start && self.summary.sample(sample, scratch)?.0 != key {
                return Err(self.summary.wrong(sample));
            }
            if at == end && self.summary.sample(sample + 1, scratch)?.0 != key {
                return Err(self.summary.wrong(sample + 1));
            }
            let token = self.order.token(key);
            if at > start && self.order.compare_raw((token, key), (previous.token, &previous.key)).is_le() {
                return Err(Error::corrupt("the keys are not in order").at(at));
            }
            if at >= end {
                break;
            }
            previous.token = token;
            previous.key.clear();
            previous.key.extend_from_slice(key);
            at = raw.end;
        }
        // The summary's positions are those of entries.
        if at != end { Err(self.summary.wrong(sample + 1)) } else { Ok(()) }
    }

    /// Leads to the first entry that is not before `from`.
    fn seek(&self, from: &DecoratedKey, entries: &mut BigEntries) -> Result<()> {
        let mut scratch = Vec::new();
        let Some((sample, start, _)) = self.interval_of(from, &mut scratch)? else { return Ok(()) };
        entries.at = start;
        while let Some(raw) = entries.window.entry(&self.source, entries.at, LOOKUP_STEP, self.version)? {
            let key = entries.window.key(&raw);
            if entries.at == start && self.summary.sample(sample, &mut scratch)?.0 != key {
                return Err(self.summary.wrong(sample));
            }
            if self.order.compare_raw((self.order.token(key), key), (from.token, &from.key)).is_ge() {
                break;
            }
            entries.at = raw.end;
        }
        Ok(())
    }

    /// The stretch of the index that the key would be in, with the sample it begins with; `None` when it is before all
    /// keys.
    fn interval_of(&self, key: &DecoratedKey, scratch: &mut Vec<u8>) -> Result<Option<(usize, u64, u64)>> {
        // Samples below `low` are at or before the key, those from `high` on behind it.
        let (mut low, mut high) = (0, self.summary.len());
        while low < high {
            let mid = low + (high - low) / 2;
            let (sample, _) = self.summary.sample(mid, scratch)?;
            let token = self.order.token(sample);
            match self.order.compare_raw((token, sample), (key.token, &key.key)) {
                Ordering::Greater => high = mid,
                Ordering::Less | Ordering::Equal => low = mid + 1,
            }
        }
        let Some(found) = low.checked_sub(1) else { return self.before_all(scratch).map(|()| None) };
        let start = self.summary.sample(found, scratch)?.1;
        let end = if low < self.summary.len() { self.summary.sample(low, scratch)?.1 } else { self.source.len() };
        if start >= end || end > self.source.len() {
            return Err(self.summary.wrong(found));
        }
        Ok(Some((found, start, end)))
    }

    /// Checks the first sample, when a key seems to be before it.
    fn before_all(&self, scratch: &mut Vec<u8>) -> Result<()> {
        let mut window = Window::default();
        let first = window.entry(&self.source, 0, LOOKUP_STEP.min(self.source.len() as usize), self.version)?;
        match first {
            Some(raw) if window.key(&raw) == self.summary.sample(0, scratch)?.0 => Ok(()),
            _ => Err(self.summary.wrong(0)),
        }
    }
}

fn fill(entry: &mut IndexEntry, window: &Window, raw: &RawEntry) {
    entry.key.clear();
    entry.key.extend_from_slice(window.key(raw));
    entry.position = raw.position;
    entry.row_index = raw.rows.map(|(handle, _)| handle);
    entry.deletion = raw.rows.map(|(_, deletion)| deletion);
}

fn summarize(index: &Source, version: Version) -> Result<Summary> {
    let mut window = Window::default();
    let (mut samples, mut last) = (Vec::new(), Vec::new());
    let (mut at, mut seen) = (0, 0u64);
    while let Some(raw) = window.entry(index, at, SCAN_STEP, version)? {
        if seen.is_multiple_of(u64::from(BUILT_INTERVAL)) {
            samples.push((window.key(&raw).to_vec(), at));
        }
        last.clear();
        last.extend_from_slice(window.key(&raw));
        at = raw.end;
        seen += 1;
    }
    if samples.is_empty() {
        return Err(Error::corrupt("the index is empty"));
    }
    Ok(Summary::build(&samples, BUILT_INTERVAL, &last))
}

/// Entries in the order of the index.
pub struct BigEntries {
    index: BigIndex,
    window: Window,
    at: u64,
    /// In Data.db, of the entry before.
    position: Option<u64>,
    /// Bytes to read at a time: more, the more entries are wanted.
    step: usize,
    head: Option<u64>,
}

impl BigEntries {
    /// Fills in the next entry; `false` behind the last.
    pub fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        let inner = &*self.index.0;
        let located = |e: Error| e.in_file(&inner.path);
        let Some(raw) = self.window.entry(&inner.source, self.at, self.step, inner.version).map_err(located)? else {
            return Ok(false);
        };
        let (at, before) = (self.at, self.position.replace(raw.position));
        self.at = raw.end;
        if before.is_some_and(|before| before >= raw.position) {
            return Err(located(Error::corrupt("the positions of partitions are not in order").at(at)));
        }
        self.step = (self.step * 2).min(SCAN_STEP);
        fill(entry, &self.window, &raw);
        self.head = raw.head;
        Ok(true)
    }

    /// Of the next entry.
    pub(in crate::sstable) fn offset(&self) -> u64 {
        self.at
    }

    /// Bytes before the rows of the partition that came last, as the entry of one with a row index says.
    pub(in crate::sstable) fn head(&self) -> Option<u64> {
        self.head
    }

    /// Goes to an entry that is known to be at `offset`.
    pub(in crate::sstable) fn resume_at(&mut self, offset: u64) {
        self.at = offset;
    }
}
