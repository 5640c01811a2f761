//! The order of rows and range tombstone markers in a partition. Follows org.apache.cassandra.db.ClusteringComparator.

use std::cmp::Ordering;

use super::{Marker, Row, Span};
use crate::cql::Comparator;
use crate::schema::Column;

/// Comparators of a table's clustering columns.
#[derive(Debug, Clone)]
pub struct ClusteringOrder {
    comparators: Box<[Comparator]>,
    reversed: bool,
}

/// Where a row or a range bound stands: a clustering prefix, and its side of the rows that begin with it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    bytes: &'a [u8],
    values: &'a [Span],
    /// ClusteringPrefix.Kind.comparedToClustering: -1 before the rows with this prefix, 0 a row, 1 behind them.
    side: i8,
}

impl<'a> Place<'a> {
    /// Where a row stands.
    #[inline]
    pub fn of_row(row: &'a Row) -> Self {
        Place { bytes: &row.bytes, values: &row.clustering, side: 0 }
    }

    /// Where a range tombstone marker stands: before or behind the rows of its prefix.
    #[inline]
    pub fn of_marker(marker: &'a Marker) -> Self {
        let side = if marker.kind.before_rows() { -1 } else { 1 };
        Place { bytes: &marker.bytes, values: &marker.clustering, side }
    }

    /// The row with a clustering that was kept.
    pub fn of_values(bytes: &'a [u8], values: &'a [Span]) -> Self {
        Place { bytes, values, side: 0 }
    }

    /// A place on one side of the rows that begin with the values.
    pub fn of_bound(bytes: &'a [u8], values: &'a [Span], side: i8) -> Self {
        Place { bytes, values, side }
    }

    #[inline]
    fn value(&self, i: usize) -> Option<&'a [u8]> {
        let span = self.values.get(i)?;
        if span.is_null() { None } else { Some(span.of(self.bytes)) }
    }
}

impl ClusteringOrder {
    /// By the types of clustering columns and whether they are reversed.
    pub fn new(clustering: &[Column]) -> Self {
        let comparators = clustering.iter().map(|c| Comparator::new(&c.ty, c.reversed)).collect();
        ClusteringOrder { comparators, reversed: false }
    }

    /// For partitions that are read from their end.
    pub fn set_reversed(&mut self, reversed: bool) {
        self.reversed = reversed;
    }

    /// Two rows, by their clustering values one after the other.
    #[inline]
    pub fn compare_values<'a>(
        &self,
        mut a: impl FnMut() -> Option<&'a [u8]>,
        mut b: impl FnMut() -> Option<&'a [u8]>,
    ) -> Ordering {
        for comparator in &self.comparators {
            let ordering = match (a(), b()) {
                (Some(a), Some(b)) => comparator.compare(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    }

    /// The order of two places in a partition, read forwards unless [`set_reversed`](Self::set_reversed) says
    /// otherwise.
    #[inline]
    pub fn compare(&self, a: Place<'_>, b: Place<'_>) -> Ordering {
        let ordering = self.forwards(a, b);
        if self.reversed { ordering.reverse() } else { ordering }
    }

    #[inline]
    fn forwards(&self, a: Place<'_>, b: Place<'_>) -> Ordering {
        let (a_len, b_len) = (a.values.len(), b.values.len());
        for (i, comparator) in self.comparators.iter().enumerate().take(a_len.min(b_len)) {
            let ordering = match (a.value(i), b.value(i)) {
                (Some(a), Some(b)) => comparator.compare(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        match a_len.cmp(&b_len) {
            Ordering::Equal => a.side.cmp(&b.side),
            Ordering::Less => a.side.cmp(&0),
            Ordering::Greater => 0.cmp(&b.side),
        }
    }
}
