//! What reading takes, as the indexes tell it: which stretches of the data, in how many chunks and bytes.

use std::ops::Bound;

use super::index::IndexEntry;
use super::prefix;
use super::reader::{Presence, Reader};
use crate::cql::DecoratedKey;
use crate::error::Result;
use crate::rows::{ClusteringOrder, Slice, SliceBound};

/// The head of a partition: its key, deletion and first row are in the chunk that it begins in.
const HEAD: u64 = 1;

/// Chunks of an SSTable that are to be read, and their bytes as they are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Of compressed data its chunks, else the pieces of CRC.db.
    pub chunks: u64,
    /// As they are stored in Data.db.
    pub bytes: u64,
}

impl Reader {
    /// Whether a partition of the SSTable may have rows of the slice, by the clusterings that Statistics.db says it
    /// covers.
    pub fn may_have(&self, slice: &Slice, order: &ClusteringOrder) -> bool {
        let Some(covered) = &self.statistics().stats.covered_clustering else { return true };
        // Before oa a null was written as a value of no bytes.
        let unclear = |values: &[Option<Vec<u8>>]| values.iter().any(|v| v.as_ref().is_none_or(Vec::is_empty));
        if unclear(&covered.start.values) || unclear(&covered.end.values) {
            return true;
        }
        let bound = |values: &[Option<Vec<u8>>], side| SliceBound::new(values.iter().map(Option::as_deref), side);
        let covered = Slice {
            start: Some(bound(&covered.start.values, -1)).filter(|_| !covered.start.values.is_empty()),
            end: Some(bound(&covered.end.values, 1)).filter(|_| !covered.end.values.is_empty()),
        };
        covered.intersects(slice, order)
    }

    /// Whether each partition of the SSTable can be left out that has no rows of a slice: nothing that is not in its rows
    /// matters.
    pub fn has_only_rows(&self) -> bool {
        self.statistics().header.statics.is_empty() && !self.statistics().stats.has_partition_level_deletions
    }

    /// Appends the stretches of the data that reading a slice of a partition takes.
    pub fn partition_extent(&self, key: &DecoratedKey, slice: &Slice, out: &mut Vec<(u64, u64)>) -> Result<Presence> {
        let found = self.find(key)?;
        let Presence::Present(position) = found else { return Ok(found) };
        let end = self.position_of(key, true)?.max(position + HEAD);
        let mut entry = IndexEntry::default();
        let blocks = match self.index() {
            Some(index) if !slice.is_all() && index.lookup(key, &mut entry)? => {
                entry.row_index.map(|handle| index.rows(handle, self.clustering_types())).transpose()?
            }
            _ => None,
        };
        let Some(mut blocks) = blocks else {
            out.push((position, end));
            return Ok(found);
        };
        let (mut from, mut to) = (position, end);
        if let Some(start) = &slice.start {
            let bound = prefix::Bound { values: &start.values(), side: start.side() };
            if let Some(block) = blocks.block_at_or_before(&bound)? {
                from = position.saturating_add(block.offset);
            }
        }
        if let Some(end) = &slice.end {
            let bound = prefix::Bound { values: &end.values(), side: end.side() };
            blocks.last_block_before(Some(&bound))?;
            // Past the last block, or before the second: the rows before the first one's end are read all the same.
            let mut last = blocks.next_block()?;
            if last.is_some() {
                last = blocks.next_block()?;
            }
            if let Some(next) = last {
                to = position.saturating_add(next.offset).clamp(position + HEAD, to);
            }
        }
        out.push((position, position + HEAD));
        out.push((from, to.max(from + HEAD)));
        Ok(found)
    }

    /// The stretch of the data that has a range of partitions; `None` where there are none.
    pub fn range_extent(&self, start: &Bound<DecoratedKey>, end: &Bound<DecoratedKey>) -> Result<Option<(u64, u64)>> {
        let from = match start {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.position_of(key, false)?,
            Bound::Excluded(key) => self.position_of(key, true)?,
        };
        let to = match end {
            Bound::Unbounded => self.data().len(),
            Bound::Included(key) => self.position_of(key, true)?,
            Bound::Excluded(key) => self.position_of(key, false)?,
        };
        Ok((from < to).then_some((from, to)))
    }

    /// The chunks that stretches of the data are in, each counted once.
    pub fn cost(&self, stretches: &mut [(u64, u64)]) -> Result<Cost> {
        stretches.sort_unstable();
        let mut cost = Cost::default();
        let length = u64::from(self.data().chunk_length()).max(1);
        let mut next = 0;
        for &(from, to) in &*stretches {
            let (first, end) = ((from / length).max(next), to.min(self.data().len()).div_ceil(length));
            if first < end {
                cost.chunks += end - first;
                cost.bytes += self.data().stored_bytes(first, end)?;
                next = end;
            }
        }
        Ok(cost)
    }
}
