//! Places in a stream of live rows, to go on from later.

use crate::cql::DecoratedKey;
use crate::rows::{Place, Row, Span};

/// A place to go on from later, with streams of the same data.
#[derive(Debug, Clone)]
pub struct Position {
    /// The partition.
    pub key: DecoratedKey,
    /// How far it was read.
    pub at: At,
}

/// Where in a partition.
#[derive(Debug, Clone)]
pub enum At {
    /// Nothing was read: the beginning of the range, and no key.
    Beginning,
    /// Before the first row of the partition, which was entered.
    Start,
    /// Behind the row with this clustering.
    Row(Clustering),
    /// Behind the last row of the partition.
    End,
}

/// The clustering of a row, kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clustering {
    bytes: Vec<u8>,
    values: Vec<Span>,
}

impl Clustering {
    pub(super) fn of(row: &Row) -> Self {
        let mut kept = Clustering::default();
        for i in 0..row.clustering.len() {
            kept.values.push(match row.clustering_value(i) {
                Some(value) => {
                    let start = kept.bytes.len() as u32;
                    kept.bytes.extend_from_slice(value);
                    Span { start, len: value.len() as u32 }
                }
                None => Span::NULL,
            });
        }
        kept
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place::of_values(&self.bytes, &self.values)
    }

    /// One value a clustering column; `None` where it is null.
    pub fn values(&self) -> Vec<Option<&[u8]>> {
        self.values.iter().map(|span| (!span.is_null()).then(|| span.of(&self.bytes))).collect()
    }
}
