//! Looks partitions up in Index.db, with the help of Summary.db. Follows
//! org.apache.cassandra.io.sstable.format.big.BigTableReader.getRowIndexEntry.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

use super::entry::{RawEntry, Window};
use super::rows::BigRows;
use super::summary::Summary;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Result};
use crate::sstable::index::IndexEntry;
use crate::sstable::prefix::ClusteringTypes;
use crate::sstable::version::Version;
use crate::storage::Source;

/// Read at a time when all entries are wanted.
const SCAN_STEP: usize = 1 << 16;
/// A lookup reads its whole interval at once, but not more than this.
const LOOKUP_STEP: usize = 1 << 16;
/// The interval of a summary that is made here.
const BUILT_INTERVAL: u32 = 128;

#[derive(Clone)]
pub struct BigIndex(Arc<Inner>);

struct Inner {
    source: Source,
    summary: Summary,
    order: KeyOrder,
    version: Version,
}

thread_local! {
    static WINDOW: RefCell<(Window, Vec<u8>)> = RefCell::default();
}

impl BigIndex {
    /// Without a summary the whole index is read once, to make one.
    pub fn open(index: Source, summary: Option<Summary>, order: KeyOrder, version: Version) -> Result<BigIndex> {
        let summary = match summary {
            Some(summary) => summary,
            None => summarize(&index, version)?,
        };
        Ok(BigIndex(Arc::new(Inner { source: index, summary, order, version })))
    }

    pub fn first_last(&self) -> (&[u8], &[u8]) {
        self.0.summary.first_last()
    }

    pub fn estimated_keys(&self) -> u64 {
        self.0.summary.len() as u64 * self.0.summary.interval()
    }

    pub fn lookup(&self, key: &DecoratedKey, entry: &mut IndexEntry) -> Result<bool> {
        let inner = &*self.0;
        WINDOW.with_borrow_mut(|(window, scratch)| {
            let Some((start, end)) = inner.interval_of(key, scratch)? else { return Ok(false) };
            window.clear();
            let step = (end - start).min(LOOKUP_STEP as u64) as usize;
            let mut at = start;
            while at < end {
                match window.entry(&inner.source, at, step, inner.version)? {
                    Some(raw) if window.key(&raw) == key.key => {
                        fill(entry, window, &raw);
                        return Ok(true);
                    }
                    Some(raw) => at = raw.end,
                    None => break,
                }
            }
            Ok(false)
        })
    }

    pub fn iter_from(&self, from: Option<&DecoratedKey>) -> Result<BigEntries> {
        let inner = &*self.0;
        let mut entries = BigEntries { index: self.clone(), window: Window::default(), at: 0 };
        let Some(from) = from else { return Ok(entries) };
        let mut scratch = Vec::new();
        entries.at = inner.interval_of(from, &mut scratch)?.map_or(0, |(start, _)| start);
        while let Some(raw) = entries.window.entry(&inner.source, entries.at, SCAN_STEP, inner.version)? {
            let key = entries.window.key(&raw);
            let token = inner.order.token(key);
            if inner.order.compare_raw((token, key), (from.token, &from.key)).is_ge() {
                break;
            }
            entries.at = raw.end;
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
        BigRows::open(self.0.source.clone(), start, length, blocks, types.clone(), self.0.version)
    }
}

impl Inner {
    /// The stretch of the index that the key would be in; `None` when it is before all keys.
    fn interval_of(&self, key: &DecoratedKey, scratch: &mut Vec<u8>) -> Result<Option<(u64, u64)>> {
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
        let Some(found) = low.checked_sub(1) else { return Ok(None) };
        let start = self.summary.sample(found, scratch)?.1;
        let end = if low < self.summary.len() { self.summary.sample(low, scratch)?.1 } else { self.source.len() };
        if start >= end || end > self.source.len() {
            return Err(Error::corrupt(format!(
                "Summary.db has a sample for bytes {start} to {end} of Index.db, which has {} bytes: without Summary.db \
                 the index is read by itself",
                self.source.len()
            )));
        }
        Ok(Some((start, end)))
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
}

impl BigEntries {
    pub fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        let inner = &*self.index.0;
        let Some(raw) = self.window.entry(&inner.source, self.at, SCAN_STEP, inner.version)? else {
            return Ok(false);
        };
        fill(entry, &self.window, &raw);
        self.at = raw.end;
        Ok(true)
    }
}
