//! Places in a stream of live rows, to go on from later.

use crate::cql::DecoratedKey;
use crate::rows::{Place, Row, Span};

/// A place to go on from later, with streams of the same data.
#[derive(Debug, Clone)]
pub struct Position {
    pub key: DecoratedKey,
    pub at: At,
}

/// Where in a partition.
#[derive(Debug, Clone)]
pub enum At {
    /// Nothing was read: the beginning of the range, and no key.
    Beginning,
    Start,
    /// Behind the row with this clustering.
    Row(Clustering),
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

    pub fn values(&self) -> Vec<Option<&[u8]>> {
        self.values.iter().map(|span| (!span.is_null()).then(|| span.of(&self.bytes))).collect()
    }
}
