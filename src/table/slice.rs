//! A slice of one partition: which SSTables it needs, and its live rows. Follows
//! org.apache.cassandra.db.SinglePartitionReadCommand.

use super::View;
use super::newest::StaticOnly;
use crate::cql::DecoratedKey;
use crate::error::Result;
use crate::merge::{LiveRows, Wanted};
use crate::rows::{ClusteringOrder, DeletionTime, PartitionStream, Slice};
use crate::sstable::{IndexEntry, Presence, Reader};

/// What an SSTable has of a slice of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidate {
    /// Rows, perhaps; the partition is at this position.
    At(u64),
    /// The bloom filter does not know the key.
    FilteredOut,
    /// The index does not have it.
    Absent,
    /// Its clusterings lie outside the slice.
    OutsideClusterings,
    /// All in it is older than the partition's deletion that another one has.
    OlderThanDeletion,
    /// All in it is older than the row that newer ones have.
    OlderThanRow,
}

impl View {
    /// What each SSTable has of a slice of a partition. Deletions of the partition are read from the data, or with
    /// `only_index` told by the index where that knows them.
    pub fn candidates(&self, key: &DecoratedKey, slice: &Slice, only_index: bool) -> Result<Vec<Candidate>> {
        let order = ClusteringOrder::new(&self.table().clustering);
        let find = |sstable: &Reader| {
            if !slice.is_all() && sstable.has_only_rows() && !sstable.may_have(slice, &order) {
                return Ok(Candidate::OutsideClusterings);
            }
            Ok(match sstable.find(key)? {
                Presence::FilteredOut => Candidate::FilteredOut,
                Presence::Absent => Candidate::Absent,
                Presence::Present(position) => Candidate::At(position),
            })
        };
        let mut candidates = self.sstables().iter().map(|s| find(s)).collect::<Result<Vec<_>>>()?;
        self.leave_out_deleted(key, &mut candidates, only_index)?;
        Ok(candidates)
    }

    /// An SSTable whose newest timestamp is before the partition's deletion has nothing to say.
    fn leave_out_deleted(&self, key: &DecoratedKey, candidates: &mut [Candidate], only_index: bool) -> Result<()> {
        let several = candidates.iter().filter(|c| matches!(c, Candidate::At(_))).count() > 1;
        if !several {
            return Ok(());
        }
        let mut newest = DeletionTime::LIVE;
        for (sstable, candidate) in self.sstables().iter().zip(&*candidates) {
            let stats = &sstable.statistics().stats;
            if let Candidate::At(position) = candidate
                && stats.has_partition_level_deletions
            {
                newest = newest.max(match only_index {
                    true => indexed_deletion(sstable, key)?,
                    false => sstable.partition_deletion(*position)?,
                });
            }
        }
        if newest.is_live() {
            return Ok(());
        }
        for (sstable, candidate) in self.sstables().iter().zip(candidates) {
            let older = sstable.statistics().stats.max_timestamp < newest.marked_for_delete_at;
            if matches!(candidate, Candidate::At(_)) && older {
                *candidate = Candidate::OlderThanDeletion;
            }
        }
        Ok(())
    }

    /// The live rows of a slice of a partition, which the result stands at; `None` when no SSTable has any. What lies
    /// outside the slice is not read, as far as the row index tells; rows before it may be given.
    pub fn slice(&self, key: &DecoratedKey, wanted: &Wanted, now: i64) -> Result<Option<LiveRows>> {
        self.check_complete()?;
        let mut candidates = self.candidates(key, &wanted.slice, false)?;
        let statics_only = self.newest_only(key, wanted, &mut candidates)?;
        let mut streams: Vec<Box<dyn PartitionStream>> = Vec::new();
        let mut positions = Vec::with_capacity(candidates.len());
        for ((sstable, candidate), statics_only) in self.sstables().iter().zip(candidates).zip(statics_only) {
            let Candidate::At(position) = candidate else {
                positions.push(None);
                continue;
            };
            positions.push(Some(position));
            let stream: Box<dyn PartitionStream> = match wanted.reversed {
                true => Box::new(sstable.scan_reversed(position, wanted.slice.end.as_ref())),
                false => Box::new(sstable.scan(position, position.saturating_add(1))?),
            };
            streams.push(if statics_only { Box::new(StaticOnly(stream)) } else { stream });
        }
        if streams.is_empty() {
            return Ok(None);
        }
        let mut rows = LiveRows::new(self.table(), self.key_order(), streams, now);
        rows.want(wanted.clone(), true);
        self.enter(&mut rows, key, &positions)?;
        Ok(Some(rows))
    }
}

fn indexed_deletion(sstable: &Reader, key: &DecoratedKey) -> Result<DeletionTime> {
    let mut entry = IndexEntry::default();
    let found = match sstable.index() {
        Some(index) => index.lookup(key, &mut entry)?,
        None => false,
    };
    Ok(entry.deletion.filter(|_| found).unwrap_or(DeletionTime::LIVE))
}
