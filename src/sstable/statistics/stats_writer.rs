//! Writes the stats of an SSTable, in the layout that `stats.rs` shows, for nb, oa and da.

use super::stats::{ClusteringBound, CommitLogPosition, Stats};
use crate::bytes::vint;
use crate::cql::Type;
use crate::error::{Error, Result};
use crate::rows::{NO_DELETION_TIME, Span};
use crate::sstable::header::write_types;
use crate::sstable::prefix::{ClusteringPrefix, ClusteringTypes};
use crate::sstable::version::Version;

impl Stats {
    pub(super) fn write(&self, version: Version, clustering: &[(Type, bool)], out: &mut Vec<u8>) -> Result<()> {
        self.partition_sizes.write(out);
        self.cells_per_partition.write(out);
        // Cassandra takes the bounds of the set for these.
        let upper = self.commit_log_intervals.iter().map(|i| i.1).next_back().unwrap_or(CommitLogPosition::NONE);
        let lower = self.commit_log_intervals.first().map_or(CommitLogPosition::NONE, |i| i.0);
        upper.write(out);
        out.extend_from_slice(&self.min_timestamp.to_be_bytes());
        out.extend_from_slice(&self.max_timestamp.to_be_bytes());
        for time in [self.min_local_deletion_time, self.max_local_deletion_time] {
            out.extend_from_slice(&deletion_time(time, version).to_be_bytes());
        }
        out.extend_from_slice(&self.min_ttl.to_be_bytes());
        out.extend_from_slice(&self.max_ttl.to_be_bytes());
        out.extend_from_slice(&self.compression_ratio.to_be_bytes());
        self.write_tombstones(version, out);
        out.extend_from_slice(&self.level.to_be_bytes());
        out.extend_from_slice(&self.repaired_at.to_be_bytes());
        self.write_covered_clustering(version, clustering, out)?;
        out.push(u8::from(self.has_legacy_counter_shards));
        out.extend_from_slice(&self.total_columns_set.to_be_bytes());
        out.extend_from_slice(&self.total_rows.to_be_bytes());
        lower.write(out);
        out.extend_from_slice(&(self.commit_log_intervals.len() as i32).to_be_bytes());
        for (start, end) in &self.commit_log_intervals {
            start.write(out);
            end.write(out);
        }
        write_uuid(self.pending_repair, out);
        out.push(u8::from(self.is_transient));
        write_uuid(self.originating_host_id, out);
        if version.has_partition_level_deletion_marker() {
            out.push(u8::from(self.has_partition_level_deletions));
        }
        if version.has_key_range() {
            for key in [&self.first_key, &self.last_key] {
                let key = key.as_deref().unwrap_or_default();
                vint::write(key.len() as u64, out);
                out.extend_from_slice(key);
            }
        }
        if version.has_token_space_coverage() {
            out.extend_from_slice(&self.token_space_coverage.to_be_bytes());
        }
        Ok(())
    }

    fn write_tombstones(&self, version: Version, out: &mut Vec<u8>) {
        let count = (self.tombstone_drop_times.len() as i32).to_be_bytes();
        out.extend_from_slice(&count);
        out.extend_from_slice(&count);
        for &(time, tombstones) in &self.tombstone_drop_times {
            if version.has_uint_deletion_time() {
                out.extend_from_slice(&time.to_be_bytes());
                out.extend_from_slice(&tombstones.to_be_bytes());
            } else {
                out.extend_from_slice(&(time as f64).to_be_bytes());
                out.extend_from_slice(&i64::from(tombstones).to_be_bytes());
            }
        }
    }

    fn write_covered_clustering(&self, version: Version, types: &[(Type, bool)], out: &mut Vec<u8>) -> Result<()> {
        let Some(covered) = &self.covered_clustering else {
            return Err(Error::invalid("statistics without the range of clusterings"));
        };
        if version.has_improved_min_max() {
            write_types(types, out);
            let types = ClusteringTypes::new(types);
            write_bound(&covered.start, &types, out);
            write_bound(&covered.end, &types, out);
            return Ok(());
        }
        for bound in [&covered.start, &covered.end] {
            let values: Vec<&[u8]> = bound.values.iter().map_while(Option::as_deref).collect();
            out.extend_from_slice(&(values.len() as i32).to_be_bytes());
            for value in values {
                let length = u16::try_from(value.len()).map_err(|_| {
                    Error::invalid(format!("a clustering value of {} bytes: 65535 at most", value.len()))
                })?;
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(value);
            }
        }
        Ok(())
    }
}

impl CommitLogPosition {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.segment.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }
}

fn write_bound(bound: &ClusteringBound, types: &ClusteringTypes, out: &mut Vec<u8>) {
    let (mut values, mut bytes) = (Vec::new(), Vec::new());
    for value in &bound.values {
        values.push(value.as_ref().map_or(Span::NULL, |v| Span { start: bytes.len() as u32, len: v.len() as u32 }));
        bytes.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    types.write(&ClusteringPrefix { kind: Some(bound.kind), bytes: &bytes, values: &values }, out);
}

fn deletion_time(time: i64, version: Version) -> i32 {
    match (version.has_uint_deletion_time(), time) {
        (true, NO_DELETION_TIME) => -1,
        (true, _) => time as u32 as i32,
        (false, NO_DELETION_TIME) => i32::MAX,
        (false, _) => time.min(i64::from(i32::MAX) - 1) as i32,
    }
}

fn write_uuid(uuid: Option<[u8; 16]>, out: &mut Vec<u8>) {
    out.push(u8::from(uuid.is_some()));
    out.extend(uuid.into_iter().flatten());
}
