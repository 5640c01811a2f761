//! The serialization header for data that is going to be written: which columns it has, and its smallest times. Follows
//! org.apache.cassandra.db.rows.EncodingStats.Collector and the column collector of the memtables.

use crate::rows::{DeletionTime, Marker, NO_DELETION_TIME, NO_TTL, Row};
use crate::schema::{Column, Table};
use crate::sstable::header::SerializationHeader;

/// Looks at what is going to be written, in any order.
#[derive(Debug, Clone)]
pub struct HeaderBuilder {
    min_timestamp: Option<i64>,
    min_local_deletion_time: Option<i64>,
    min_ttl: Option<i32>,
    /// For each static and each regular column whether there is anything for it.
    statics: Box<[bool]>,
    regulars: Box<[bool]>,
}

fn lower<T: Ord + Copy>(least: &mut Option<T>, value: T) {
    *least = Some(least.map_or(value, |least| least.min(value)));
}

impl HeaderBuilder {
    /// For rows of the table; nothing was seen yet.
    pub fn new(table: &Table) -> Self {
        HeaderBuilder {
            min_timestamp: None,
            min_local_deletion_time: None,
            min_ttl: None,
            statics: vec![false; table.statics.len()].into(),
            regulars: vec![false; table.regulars.len()].into(),
        }
    }

    /// Of a partition, or of a range.
    pub fn deletion(&mut self, deletion: &DeletionTime) {
        if !deletion.is_live() {
            lower(&mut self.min_timestamp, deletion.marked_for_delete_at);
            lower(&mut self.min_local_deletion_time, deletion.local_deletion_time);
        }
    }

    /// Takes in the times of a marker.
    pub fn marker(&mut self, marker: &Marker) {
        self.deletion(&marker.end);
        self.deletion(&marker.start);
    }

    /// Takes in the times and columns of a row.
    pub fn row(&mut self, row: &Row) {
        self.any_row(row, false);
    }

    /// Takes in the times and columns of a static row.
    pub fn static_row(&mut self, row: &Row) {
        self.any_row(row, true);
    }

    #[inline]
    fn any_row(&mut self, row: &Row, is_static: bool) {
        if !row.liveness.is_empty() {
            self.times(row.liveness.timestamp, row.liveness.ttl, row.liveness.local_expiration_time);
        }
        self.deletion(&row.deletion);
        for cell in &row.cells {
            self.times(cell.timestamp, cell.ttl, cell.local_deletion_time);
        }
        for complex in &row.complex_deletions {
            self.deletion(&complex.deletion);
        }
        let seen = if is_static { &mut self.statics } else { &mut self.regulars };
        let columns = row.cells.iter().map(|c| c.column).chain(row.complex_deletions.iter().map(|c| c.column));
        for column in columns {
            if let Some(seen) = seen.get_mut(usize::from(column)) {
                *seen = true;
            }
        }
    }

    #[inline]
    fn times(&mut self, timestamp: i64, ttl: i32, local_deletion_time: i64) {
        lower(&mut self.min_timestamp, timestamp);
        if ttl != NO_TTL {
            lower(&mut self.min_ttl, ttl);
        }
        if local_deletion_time != NO_DELETION_TIME {
            lower(&mut self.min_local_deletion_time, local_deletion_time);
        }
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &HeaderBuilder) {
        other.min_timestamp.iter().for_each(|t| lower(&mut self.min_timestamp, *t));
        other.min_local_deletion_time.iter().for_each(|t| lower(&mut self.min_local_deletion_time, *t));
        other.min_ttl.iter().for_each(|t| lower(&mut self.min_ttl, *t));
        self.statics.iter_mut().zip(&other.statics).for_each(|(a, b)| *a |= b);
        self.regulars.iter_mut().zip(&other.regulars).for_each(|(a, b)| *a |= b);
    }

    /// Columns and smallest values of what was seen; those of [`SerializationHeader::of_table`] where nothing was.
    pub fn header(&self, table: &Table) -> SerializationHeader {
        let mut header = SerializationHeader::of_table(table);
        header.min_timestamp = self.min_timestamp.unwrap_or(header.min_timestamp);
        header.min_local_deletion_time = self.min_local_deletion_time.unwrap_or(header.min_local_deletion_time);
        header.min_ttl = self.min_ttl.unwrap_or(header.min_ttl);
        let seen = |columns: &[Column], seen: &[bool]| {
            columns.iter().zip(seen).filter(|(_, seen)| **seen).map(|(column, _)| column.into()).collect()
        };
        header.statics = seen(&table.statics, &self.statics);
        header.regulars = seen(&table.regulars, &self.regulars);
        header
    }
}
