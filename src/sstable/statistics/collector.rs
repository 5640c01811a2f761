//! Collects the statistics of an SSTable while it is written. Follows
//! org.apache.cassandra.io.sstable.metadata.MetadataCollector and org.apache.cassandra.db.rows.Rows.collectStats.

use super::histogram::EstimatedHistogram;
use super::sketch::Sketch;
use super::stats::{ClusteringBound, CoveredClustering, Stats};
use super::tombstones::TombstoneHistogram;
use crate::rows::{BoundKind, ClusteringOrder, DeletionTime, Marker, NO_DELETION_TIME, NO_TTL, Place, Row, Span};
use crate::sstable::prefix::{ClusteringPrefix, PrefixBuffer};
use crate::sstable::version::Version;

/// Offsets of MetadataCollector's two histograms.
const SIZE_OFFSETS: usize = 155;
const CELL_OFFSETS: usize = 118;

/// Gathers what Statistics.db says of the rows, while they are written or verified (MetadataCollector).
pub struct Collector {
    order: ClusteringOrder,
    partition_sizes: EstimatedHistogram,
    cells_per_partition: EstimatedHistogram,
    timestamps: Range<i64>,
    local_deletion_times: Range<i64>,
    ttls: Range<i32>,
    tombstones: TombstoneHistogram,
    cardinality: Sketch,
    first: Option<PrefixBuffer>,
    last: Option<PrefixBuffer>,
    has_partition_deletions: bool,
    total_columns_set: u64,
    total_rows: u64,
    keys: u64,
    first_key: Option<Vec<u8>>,
    /// Of the partition.
    cells: u64,
    in_rows: bool,
    /// The partition's last row or marker so far.
    current: PrefixBuffer,
    latest_deletion_time: i64,
}

/// Smallest and largest of what was seen.
struct Range<T>(Option<(T, T)>);

impl<T: Ord + Copy> Range<T> {
    #[inline]
    fn add(&mut self, value: T) {
        self.0 = Some(match self.0 {
            Some((min, max)) => (min.min(value), max.max(value)),
            None => (value, value),
        });
    }
}

fn place<'a>(prefix: &'a PrefixBuffer) -> Place<'a> {
    let ClusteringPrefix { kind, bytes, values } = prefix.get();
    let side = kind.map_or(0, |kind| if kind.before_rows() { -1 } else { 1 });
    Place::of_bound(bytes, values, side)
}

/// A range that begins or ends with what was kept; `of_row`: the kind for a row.
fn bound(prefix: &PrefixBuffer, of_row: BoundKind) -> ClusteringBound {
    let ClusteringPrefix { kind, bytes, values } = prefix.get();
    let value = |span: &Span| if span.is_null() { None } else { Some(span.of(bytes).to_vec()) };
    ClusteringBound { kind: kind.unwrap_or(of_row), values: values.iter().map(value).collect() }
}

/// What the writer knows beside what was collected.
pub struct Collected {
    /// Of level 0 and not repaired, as what a node flushes.
    pub stats: Stats,
    /// Serialized HyperLogLog++ of the partition keys.
    pub cardinality: Vec<u8>,
    /// How many partitions.
    pub keys: u64,
}

impl Collector {
    /// For an SSTable whose clusterings have the order. The version decides which times fit.
    pub fn new(order: ClusteringOrder, version: Version) -> Self {
        Collector {
            order,
            partition_sizes: EstimatedHistogram::new(SIZE_OFFSETS),
            cells_per_partition: EstimatedHistogram::new(CELL_OFFSETS),
            timestamps: Range(None),
            local_deletion_times: Range(None),
            ttls: Range(None),
            tombstones: TombstoneHistogram::default(),
            cardinality: Sketch::default(),
            first: None,
            last: None,
            has_partition_deletions: false,
            total_columns_set: 0,
            total_rows: 0,
            keys: 0,
            first_key: None,
            cells: 0,
            in_rows: false,
            current: PrefixBuffer::default(),
            latest_deletion_time: version.latest_deletion_time(),
        }
    }

    /// Partitions so far.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Rows so far, static ones counted where they have anything.
    pub fn rows(&self) -> u64 {
        self.total_rows
    }

    /// Begins a partition with its deletion, which may be live.
    pub fn begin_partition(&mut self, deletion: &DeletionTime) {
        self.cells = 0;
        self.in_rows = false;
        self.has_partition_deletions |= !deletion.is_live();
        self.deletion(deletion);
    }

    /// Counts the cells and times of a static row.
    pub fn static_row(&mut self, row: &Row) {
        if !row.is_empty() {
            self.contents(row);
        }
    }

    /// Counts the cells, times and clustering of a row.
    #[inline]
    pub fn row(&mut self, row: &Row) {
        self.prefix(&row.into());
        self.contents(row);
    }

    /// Counts the times and clustering of a range tombstone marker.
    pub fn marker(&mut self, marker: &Marker) {
        // A boundary is neither the first nor the last of its partition.
        if !marker.kind.is_boundary() {
            self.prefix(&marker.into());
        }
        self.deletion(&marker.end);
        self.deletion(&marker.start);
    }

    /// Ends the partition that was begun: its serialized key, and its bytes in Data.db uncompressed.
    pub fn end_partition(&mut self, key: &[u8], size: u64) {
        self.partition_sizes.add(size as i64);
        self.cells_per_partition.add(self.cells as i64);
        self.cardinality.add(key);
        self.keys += 1;
        if self.first_key.is_none() {
            self.first_key = Some(key.to_vec());
        }
        let is_last = |last: &PrefixBuffer| self.order.compare(place(&self.current), place(last)).is_gt();
        if self.in_rows && self.last.as_ref().is_none_or(is_last) {
            self.last = Some(self.current.clone());
        }
    }

    /// The first of a partition can be the first of all, its last the last of all.
    #[inline]
    fn prefix(&mut self, prefix: &ClusteringPrefix<'_>) {
        self.current.set(prefix);
        if !self.in_rows {
            self.in_rows = true;
            let is_first = |first: &PrefixBuffer| self.order.compare(place(&self.current), place(first)).is_lt();
            if self.first.as_ref().is_none_or(is_first) {
                self.first = Some(self.current.clone());
            }
        }
    }

    #[inline]
    fn contents(&mut self, row: &Row) {
        let liveness = &row.liveness;
        if !liveness.is_empty() {
            self.times(liveness.timestamp, liveness.ttl, liveness.local_expiration_time);
        }
        self.deletion(&row.deletion);
        for complex in &row.complex_deletions {
            self.deletion(&complex.deletion);
        }
        let mut last = None;
        for cell in &row.cells {
            self.times(cell.timestamp, cell.ttl, cell.local_deletion_time);
            if last != Some(cell.column) {
                last = Some(cell.column);
                self.total_columns_set += 1;
            }
        }
        self.cells += row.cells.len() as u64;
        self.total_rows += 1;
    }

    #[inline]
    fn times(&mut self, timestamp: i64, ttl: i32, local_deletion_time: i64) {
        self.timestamps.add(timestamp);
        self.ttls.add(ttl);
        self.local_deletion_time(local_deletion_time);
    }

    #[inline]
    fn local_deletion_time(&mut self, time: i64) {
        if time == NO_DELETION_TIME {
            self.local_deletion_times.add(time);
        } else {
            let time = time.clamp(0, self.latest_deletion_time);
            self.local_deletion_times.add(time);
            self.tombstones.add(time);
        }
    }

    #[inline]
    fn deletion(&mut self, deletion: &DeletionTime) {
        if !deletion.is_live() {
            self.timestamps.add(deletion.marked_for_delete_at);
            self.local_deletion_time(deletion.local_deletion_time);
        }
    }

    /// `ratio`: of compressed to uncompressed bytes; `last_key`: that of the last partition.
    pub fn finish(mut self, ratio: Option<f64>, last_key: &[u8]) -> Collected {
        let mut cardinality = Vec::new();
        self.cardinality.write(&mut cardinality);
        let nothing = |kind| ClusteringBound { kind, values: Vec::new() };
        let start = self.first.map_or(nothing(BoundKind::ExclusiveStart), |p| bound(&p, BoundKind::InclusiveStart));
        let end = self.last.map_or(nothing(BoundKind::ExclusiveEnd), |p| bound(&p, BoundKind::InclusiveEnd));
        let (min_timestamp, max_timestamp) = self.timestamps.0.unwrap_or((i64::MIN, i64::MAX));
        let no_deletions = (NO_DELETION_TIME, NO_DELETION_TIME);
        let (min_local_deletion_time, max_local_deletion_time) = self.local_deletion_times.0.unwrap_or(no_deletions);
        let (min_ttl, max_ttl) = self.ttls.0.unwrap_or((NO_TTL, NO_TTL));
        let stats = Stats {
            partition_sizes: self.partition_sizes,
            cells_per_partition: self.cells_per_partition,
            min_timestamp,
            max_timestamp,
            min_local_deletion_time,
            max_local_deletion_time,
            min_ttl,
            max_ttl,
            compression_ratio: ratio.unwrap_or(-1.0),
            tombstone_drop_times: self.tombstones.finish(),
            level: 0,
            repaired_at: 0,
            covered_clustering: Some(CoveredClustering { start, end }),
            has_legacy_counter_shards: false,
            total_columns_set: self.total_columns_set as i64,
            total_rows: self.total_rows as i64,
            commit_log_intervals: Vec::new(),
            pending_repair: None,
            is_transient: false,
            originating_host_id: None,
            has_partition_level_deletions: self.has_partition_deletions,
            first_key: self.first_key,
            last_key: Some(last_key.to_vec()),
            token_space_coverage: f64::NAN,
        };
        Collected { stats, cardinality, keys: self.keys }
    }
}
