//! A stretch of a partition's rows. Follows org.apache.cassandra.db.Slice and ClusteringBound.

use super::{ClusteringOrder, Place, Span};

/// A place between rows: a prefix of the clustering values, and its side of the rows that begin with it.
#[derive(Debug, Clone)]
pub struct SliceBound {
    bytes: Vec<u8>,
    values: Vec<Span>,
    side: i8,
}

impl SliceBound {
    /// `side`: -1 before the rows that begin with the values, 1 behind them.
    pub fn new<V: AsRef<[u8]>>(values: impl IntoIterator<Item = Option<V>>, side: i8) -> Self {
        let mut bound = SliceBound { bytes: Vec::new(), values: Vec::new(), side };
        for value in values {
            bound.values.push(match value {
                Some(value) => {
                    let start = bound.bytes.len() as u32;
                    bound.bytes.extend_from_slice(value.as_ref());
                    Span { start, len: value.as_ref().len() as u32 }
                }
                None => Span::NULL,
            });
        }
        bound
    }

    /// To be compared by [`ClusteringOrder::compare`].
    pub fn place(&self) -> Place<'_> {
        Place::of_bound(&self.bytes, &self.values, self.side)
    }

    /// -1 before the rows that begin with the values, 1 behind them.
    pub fn side(&self) -> i8 {
        self.side
    }

    /// The values of the prefix; `None` where one is null.
    pub fn values(&self) -> Vec<Option<&[u8]>> {
        self.values.iter().map(|span| (!span.is_null()).then(|| span.of(&self.bytes))).collect()
    }
}

/// The rows between two bounds; `None` where there is no bound.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Rows behind it are in the slice.
    pub start: Option<SliceBound>,
    /// Rows before it are in the slice.
    pub end: Option<SliceBound>,
}

impl Slice {
    /// Whether it is the whole partition.
    pub fn is_all(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    /// No row can be in it.
    pub fn is_empty(&self, order: &ClusteringOrder) -> bool {
        match (&self.start, &self.end) {
            (Some(start), Some(end)) => order.compare(start.place(), end.place()).is_ge(),
            _ => false,
        }
    }

    /// Whether anything may be in both.
    pub fn intersects(&self, other: &Slice, order: &ClusteringOrder) -> bool {
        let before = |end: &Option<SliceBound>, start: &Option<SliceBound>| match (end, start) {
            (Some(end), Some(start)) => order.compare(end.place(), start.place()).is_lt(),
            _ => false,
        };
        !before(&self.end, &other.start) && !before(&other.end, &self.start)
    }
}
