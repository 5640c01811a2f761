//! Clustering prefixes as index files have them, and their order. Follows org.apache.cassandra.db.ClusteringPrefix
//! and ClusteringComparator.
//!
//! ```text
//!   u8 kind │ [u16 size, unless the kind is CLUSTERING] │ values
//!   values: for each 32 of them: vint with two bits each (0 present, 1 empty, 2 null) │ the present ones
//!   value: its bytes when the type has a fixed length, else vint length and bytes
//! ```

use std::cmp::Ordering;

use crate::bytes::{Cursor, vint};
use crate::cql::{Comparator, Type};
use crate::error::{Error, Result};
use crate::rows::{BoundKind, Marker, Place, Row, Span};

const CLUSTERING_KIND: u8 = 4;

/// The clustering columns of an SSTable: how their values are written, and ordered.
#[derive(Debug)]
pub struct ClusteringTypes {
    types: Box<[(Type, bool)]>,
    comparators: Box<[Comparator]>,
}

/// A place between rows, or that of a row, in one partition.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// A prefix of the clustering; `None` is null.
    pub values: &'a [Option<&'a [u8]>],
    /// -1 before all rows that begin with it, 0 the row itself, 1 behind them.
    pub side: i8,
}

/// The clustering of a row, or of a range tombstone marker, as the structures of `rows` hold it.
#[derive(Debug, Clone, Copy)]
pub struct ClusteringPrefix<'a> {
    /// `None` for a row.
    pub kind: Option<BoundKind>,
    /// What the spans lie in.
    pub bytes: &'a [u8],
    /// One span a value; fewer than clustering columns in a bound.
    pub values: &'a [Span],
}

impl<'a> ClusteringPrefix<'a> {
    /// In the order of clusterings.
    pub(super) fn place(&self) -> Place<'a> {
        let side = self.kind.map_or(0, |kind| if kind.before_rows() { -1 } else { 1 });
        Place::of_bound(self.bytes, self.values, side)
    }
}

impl<'a> From<&'a Row> for ClusteringPrefix<'a> {
    #[inline]
    fn from(row: &'a Row) -> Self {
        ClusteringPrefix { kind: None, bytes: &row.bytes, values: &row.clustering }
    }
}

impl<'a> From<&'a Marker> for ClusteringPrefix<'a> {
    #[inline]
    fn from(marker: &'a Marker) -> Self {
        ClusteringPrefix { kind: Some(marker.kind), bytes: &marker.bytes, values: &marker.clustering }
    }
}

/// Owns a clustering prefix, in memory that is used again.
#[derive(Debug, Clone, Default)]
pub(super) struct PrefixBuffer {
    kind: Option<BoundKind>,
    bytes: Vec<u8>,
    values: Vec<Span>,
}

impl PrefixBuffer {
    #[inline]
    pub(super) fn set(&mut self, prefix: &ClusteringPrefix<'_>) {
        self.kind = prefix.kind;
        self.bytes.clear();
        self.values.clear();
        for span in prefix.values {
            let mut own = *span;
            if !span.is_null() {
                own.start = self.bytes.len() as u32;
                self.bytes.extend_from_slice(span.of(prefix.bytes));
            }
            self.values.push(own);
        }
    }

    pub(super) fn get(&self) -> ClusteringPrefix<'_> {
        ClusteringPrefix { kind: self.kind, bytes: &self.bytes, values: &self.values }
    }
}

/// A prefix that was read: spans of the slice that the cursor had.
#[derive(Debug, Default)]
pub(super) struct Prefix {
    pub(super) kind: Option<BoundKind>,
    pub(super) values: Vec<Span>,
    pub(super) side: i8,
}

impl ClusteringTypes {
    /// From the serialization header: type and whether it is reversed.
    pub fn new(types: &[(Type, bool)]) -> ClusteringTypes {
        ClusteringTypes {
            types: types.into(),
            comparators: types.iter().map(|(ty, reversed)| Comparator::new(ty, *reversed)).collect(),
        }
    }

    /// Each clustering column's type, and whether it is reversed.
    pub fn types(&self) -> &[(Type, bool)] {
        &self.types
    }

    /// Reads a prefix; its spans count from the beginning of the cursor's slice.
    pub(super) fn read(&self, cursor: &mut Cursor<'_>, prefix: &mut Prefix) -> Result<()> {
        prefix.values.clear();
        let at = cursor.offset();
        let kind = cursor.u8()?;
        let size = if kind == CLUSTERING_KIND { self.types.len() } else { usize::from(cursor.u16()?) };
        prefix.kind = BoundKind::from_ordinal(kind);
        prefix.side = match BoundKind::from_ordinal(kind) {
            Some(kind) if kind.before_rows() => -1,
            Some(_) => 1,
            None if kind == CLUSTERING_KIND => 0,
            None => return Err(Error::corrupt(format!("{kind} is no kind of clustering prefix")).at(at)),
        };
        let Some(types) = self.types.get(..size) else {
            let columns = self.types.len();
            return Err(Error::corrupt(format!("a prefix of {size} values for {columns} clustering columns")).at(at));
        };
        for block in types.chunks(32) {
            let header = cursor.vint()?;
            for (i, (ty, _)) in block.iter().enumerate() {
                let length = match header >> (2 * i) & 3 {
                    0 => match ty.fixed_length() {
                        Some(length) => length,
                        None => cursor.vint_len()?,
                    },
                    1 => 0,
                    _ => {
                        prefix.values.push(Span::NULL);
                        continue;
                    }
                };
                let start = cursor.position() as u32;
                cursor.skip(length)?;
                prefix.values.push(Span { start, len: length as u32 });
            }
        }
        Ok(())
    }

    /// Appends a prefix.
    pub(super) fn write(&self, prefix: &ClusteringPrefix<'_>, out: &mut Vec<u8>) {
        match prefix.kind {
            None => out.push(CLUSTERING_KIND),
            Some(kind) => {
                out.push(kind as u8);
                out.extend_from_slice(&(prefix.values.len() as u16).to_be_bytes());
            }
        }
        for (values, types) in prefix.values.chunks(32).zip(self.types.chunks(32)) {
            let state = |span: &Span| if span.is_null() { 2 } else { u64::from(span.len == 0) };
            vint::write(values.iter().rev().fold(0, |header, span| header << 2 | state(span)), out);
            for (span, (ty, _)) in values.iter().zip(types).filter(|(span, _)| state(span) == 0) {
                if ty.fixed_length().is_none() {
                    vint::write(u64::from(span.len), out);
                }
                out.extend_from_slice(span.of(prefix.bytes));
            }
        }
    }

    /// ClusteringComparator.compare of a prefix that was read from `bytes` and a bound.
    pub(super) fn compare(&self, bytes: &[u8], prefix: &Prefix, bound: &Bound<'_>) -> Ordering {
        for (comparator, (span, value)) in self.comparators.iter().zip(prefix.values.iter().zip(bound.values)) {
            let mine = if span.is_null() { None } else { Some(span.of(bytes)) };
            let order = match (mine, *value) {
                (Some(a), Some(b)) => comparator.compare(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if order.is_ne() {
                return order;
            }
        }
        match prefix.values.len().cmp(&bound.values.len()) {
            Ordering::Equal => prefix.side.cmp(&bound.side),
            Ordering::Less => prefix.side.cmp(&0),
            Ordering::Greater => 0.cmp(&bound.side),
        }
    }
}
