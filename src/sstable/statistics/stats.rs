//! The stats of an SSTable. Follows org.apache.cassandra.io.sstable.metadata.StatsMetadata.
//!
//! ```text
//!   histogram of partition sizes │ histogram of cells a partition │ commit log upper bound (i64, i32)
//!   i64 min, i64 max timestamp │ i32 min, i32 max local deletion time │ i32 min, i32 max TTL │ f64 compression ratio
//!   tombstones: i32 bins, i32 n, n * (f64 seconds, i64 count), from oa on n * (i64 seconds, i32 count)
//!   i32 level │ i64 repaired at
//!   m*, n*: i32 n, n * value, i32 n, n * value        smallest and largest clustering, u16 lengths
//!   oa+:    covered clustering
//!   bool legacy counter shards │ i64 cells │ i64 rows
//!   [mb+ commit log lower bound (i64, i32)] │ [mc+ i32 n, n * (lower, upper)]
//!   [na+ bool, pending repair UUID if true] │ [na+ bool transient]
//!   [me, nb+ bool, host UUID if true] │ [oa+ bool partition deletions]
//!   [oa+ first key, last key, vint lengths] │ [oa+ f64 token space coverage] │ [oa+ 4 zero bytes for each n of tombstones]
//!
//!   covered clustering: vint n, n * type │ bound │ bound      bound: u8 kind │ u16 n │ values as in rows
//! ```

use super::histogram::EstimatedHistogram;
use crate::bytes::Cursor;
use crate::cql::Type;
use crate::error::{Error, Result};
use crate::rows::{BoundKind, NO_DELETION_TIME};
use crate::sstable::header::read_types;
use crate::sstable::version::Version;

/// A place in a node's commit log (CommitLogPosition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitLogPosition {
    /// Id of the segment: -1 for none.
    pub segment: i64,
    /// The byte in the segment.
    pub position: i32,
}

impl CommitLogPosition {
    /// Of data that never was in a commit log.
    pub const NONE: Self = CommitLogPosition { segment: -1, position: 0 };
}

/// One end of the clusterings that an SSTable has (ClusteringBound).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusteringBound {
    /// Which end, and on which side of the rows that begin with the values.
    pub kind: BoundKind,
    /// `None` is null.
    pub values: Vec<Option<Vec<u8>>>,
}

/// The range of clusterings that the SSTable has anything for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredClustering {
    /// Nothing stands before it.
    pub start: ClusteringBound,
    /// Nothing stands behind it.
    pub end: ClusteringBound,
}

/// The stats component of Statistics.db (StatsMetadata).
#[derive(Debug, Clone)]
pub struct Stats {
    /// Bytes a partition.
    pub partition_sizes: EstimatedHistogram,
    /// Cells a partition.
    pub cells_per_partition: EstimatedHistogram,
    /// Microseconds since the epoch, of anything written or deleted.
    pub min_timestamp: i64,
    /// Microseconds since the epoch.
    pub max_timestamp: i64,
    /// [`NO_DELETION_TIME`] when nothing is deleted or expires.
    pub min_local_deletion_time: i64,
    /// Seconds; [`NO_DELETION_TIME`] when there is anything that neither is deleted nor expires.
    pub max_local_deletion_time: i64,
    /// Seconds; 0 when anything does not expire.
    pub min_ttl: i32,
    /// Seconds; 0 when nothing expires.
    pub max_ttl: i32,
    /// -1 when the data is not compressed.
    pub compression_ratio: f64,
    /// Seconds since the epoch, and how many tombstones can be dropped by then.
    pub tombstone_drop_times: Vec<(i64, i32)>,
    /// Of LeveledCompactionStrategy; 0 with others.
    pub level: i32,
    /// Milliseconds; 0 when not repaired.
    pub repaired_at: i64,
    /// Smallest and largest values of the clustering columns; `None` where the version's can not be trusted.
    pub covered_clustering: Option<CoveredClustering>,
    /// Counters have shards of before 2.1.
    pub has_legacy_counter_shards: bool,
    /// How many columns have anything, added up over the rows; a multi-cell column counts once a row.
    pub total_columns_set: i64,
    /// Rows, static ones counted.
    pub total_rows: i64,
    /// Which stretches of the commit log it has: from, to.
    pub commit_log_intervals: Vec<(CommitLogPosition, CommitLogPosition)>,
    /// UUID of the incremental repair that it takes part in.
    pub pending_repair: Option<[u8; 16]>,
    /// Of transient replication.
    pub is_transient: bool,
    /// UUID of the node whose commit log the intervals are of.
    pub originating_host_id: Option<[u8; 16]>,
    /// `false`: no partition has a partition deletion.
    pub has_partition_level_deletions: bool,
    /// The smallest partition key, as serialized; since oa.
    pub first_key: Option<Vec<u8>>,
    /// The largest partition key, as serialized; since oa.
    pub last_key: Option<Vec<u8>>,
    /// NaN when not recorded.
    pub token_space_coverage: f64,
}

impl Stats {
    pub(super) fn parse(cursor: &mut Cursor<'_>, version: Version) -> Result<Stats> {
        let partition_sizes = EstimatedHistogram::parse(cursor)?;
        let cells_per_partition = EstimatedHistogram::parse(cursor)?;
        let upper = commit_log_position(cursor)?;
        let (min_timestamp, max_timestamp) = (cursor.i64()?, cursor.i64()?);
        let min_local_deletion_time = deletion_time(cursor, version)?;
        let max_local_deletion_time = deletion_time(cursor, version)?;
        let (min_ttl, max_ttl) = (cursor.i32()?, cursor.i32()?);
        let compression_ratio = cursor.f64()?;
        let tombstone_drop_times = tombstones(cursor, version)?;
        let (level, repaired_at) = (cursor.i32()?, cursor.i64()?);

        let mut covered_clustering = None;
        if version.has_legacy_min_max() {
            let start = ClusteringBound { kind: BoundKind::InclusiveStart, values: legacy_clustering(cursor)? };
            let end = ClusteringBound { kind: BoundKind::InclusiveEnd, values: legacy_clustering(cursor)? };
            if version.has_accurate_min_max() {
                covered_clustering = Some(CoveredClustering { start, end });
            }
        } else if version.has_improved_min_max() {
            covered_clustering = Some(CoveredClustering::parse(cursor)?);
        }

        let has_legacy_counter_shards = cursor.bool()?;
        let (total_columns_set, total_rows) = (cursor.i64()?, cursor.i64()?);
        let mut lower = CommitLogPosition::NONE;
        if version.has_commit_log_lower_bound() {
            lower = commit_log_position(cursor)?;
        }
        let mut commit_log_intervals = vec![(lower, upper)];
        if version.has_commit_log_intervals() {
            commit_log_intervals.clear();
            for _ in 0..count(cursor, 24)? {
                commit_log_intervals.push((commit_log_position(cursor)?, commit_log_position(cursor)?));
            }
        }
        let pending_repair = if version.has_pending_repair() { optional_uuid(cursor)? } else { None };
        let is_transient = version.has_is_transient() && cursor.bool()?;
        let originating_host_id = if version.has_originating_host_id() { optional_uuid(cursor)? } else { None };
        let has_partition_level_deletions = if version.has_partition_level_deletion_marker() {
            cursor.bool()?
        } else {
            min_local_deletion_time != NO_DELETION_TIME
        };
        let (mut first_key, mut last_key) = (None, None);
        if version.has_key_range() {
            first_key = Some(cursor.vint_bytes()?.to_vec());
            last_key = Some(cursor.vint_bytes()?.to_vec());
        }
        let token_space_coverage = if version.has_token_space_coverage() { cursor.f64()? } else { f64::NAN };
        Ok(Stats {
            partition_sizes,
            cells_per_partition,
            min_timestamp,
            max_timestamp,
            min_local_deletion_time,
            max_local_deletion_time,
            min_ttl,
            max_ttl,
            compression_ratio,
            tombstone_drop_times,
            level,
            repaired_at,
            covered_clustering,
            has_legacy_counter_shards,
            total_columns_set,
            total_rows,
            commit_log_intervals,
            pending_repair,
            is_transient,
            originating_host_id,
            has_partition_level_deletions,
            first_key,
            last_key,
            token_space_coverage,
        })
    }
}

impl CoveredClustering {
    /// A list of types and the Slice.serializer form of two bounds.
    fn parse(cursor: &mut Cursor<'_>) -> Result<CoveredClustering> {
        let types = read_types(cursor)?;
        Ok(CoveredClustering { start: clustering_bound(cursor, &types)?, end: clustering_bound(cursor, &types)? })
    }
}

fn clustering_bound(cursor: &mut Cursor<'_>, types: &[(Type, bool)]) -> Result<ClusteringBound> {
    let at = cursor.offset();
    let kind = cursor.u8()?;
    let kind =
        BoundKind::from_ordinal(kind).ok_or_else(|| Error::corrupt(format!("{kind} is no kind of bound")).at(at))?;
    let at = cursor.offset();
    let size = usize::from(cursor.u16()?);
    let Some(types) = types.get(..size) else {
        return Err(Error::corrupt(format!("a bound of {size} values for {} clustering columns", types.len())).at(at));
    };
    let mut values = Vec::with_capacity(size);
    for block in types.chunks(32) {
        let header = cursor.vint()?;
        for (i, (ty, _)) in block.iter().enumerate() {
            values.push(match header >> (2 * i) & 3 {
                0 => Some(match ty.fixed_length() {
                    Some(length) => cursor.take(length)?.to_vec(),
                    None => cursor.vint_bytes()?.to_vec(),
                }),
                1 => Some(Vec::new()),
                _ => None,
            });
        }
    }
    Ok(ClusteringBound { kind, values })
}

fn legacy_clustering(cursor: &mut Cursor<'_>) -> Result<Vec<Option<Vec<u8>>>> {
    (0..count(cursor, 2)?).map(|_| Ok(Some(cursor.short_bytes()?.to_vec()))).collect()
}

fn commit_log_position(cursor: &mut Cursor<'_>) -> Result<CommitLogPosition> {
    Ok(CommitLogPosition { segment: cursor.i64()?, position: cursor.i32()? })
}

fn deletion_time(cursor: &mut Cursor<'_>, version: Version) -> Result<i64> {
    let raw = cursor.i32()?;
    Ok(match version.has_uint_deletion_time() {
        true if raw == -1 => NO_DELETION_TIME,
        true => i64::from(raw as u32),
        false if raw == i32::MAX => NO_DELETION_TIME,
        false => i64::from(raw),
    })
}

/// Negative times were written by mistake (CASSANDRA-14092); they stand for the latest.
fn tombstones(cursor: &mut Cursor<'_>, version: Version) -> Result<Vec<(i64, i32)>> {
    let unsigned = version.has_uint_deletion_time();
    cursor.i32()?;
    let largest = if unsigned { i64::from(u32::MAX) - 2 } else { i64::from(i32::MAX) - 1 };
    let mut bins = Vec::new();
    for _ in 0..count(cursor, if unsigned { 12 } else { 16 })? {
        let (seconds, tombstones) = if unsigned {
            (cursor.i64()?, cursor.i32()?)
        } else {
            (cursor.f64()? as i64, cursor.i64()?.min(i64::from(i32::MAX)) as i32)
        };
        bins.push((if (0..=largest).contains(&seconds) { seconds } else { largest }, tombstones));
    }
    Ok(bins)
}

fn optional_uuid(cursor: &mut Cursor<'_>) -> Result<Option<[u8; 16]>> {
    if !cursor.bool()? {
        return Ok(None);
    }
    let at = cursor.truncated();
    Ok(Some(*cursor.take(16)?.first_chunk().ok_or(at)?))
}

/// A number of things that take at least `size` bytes each.
fn count(cursor: &mut Cursor<'_>, size: usize) -> Result<usize> {
    let at = cursor.offset();
    let count = cursor.u32()? as usize;
    if count > cursor.remaining() / size {
        return Err(Error::corrupt(format!("{count} entries are announced, more than the file can hold")).at(at));
    }
    Ok(count)
}
