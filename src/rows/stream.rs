//! A stream of partitions with their unfiltereds: what an SSTable, a memtable or a merge of them gives.

use super::{DeletionTime, Marker, Row};
use crate::cql::DecoratedKey;
use crate::error::Result;

/// What [`PartitionStream::next`] filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfiltered {
    /// The row that was handed in.
    Row,
    /// The marker that was handed in.
    Marker,
    /// Nothing: the partition has ended.
    End,
}

/// How many of the table's regular columns, in their order, a reader looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// To tell whether it wants the row.
    pub first: usize,
    /// Of a row that it wants.
    pub all: usize,
}

impl Depth {
    /// All columns, at once.
    pub const WHOLE: Self = Depth { first: usize::MAX, all: usize::MAX };
}

impl Default for Depth {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// Partitions in the order of the partitioner; in each, rows and markers in the order of clusterings.
pub trait PartitionStream: Send {
    /// Moves to the next partition, passing over what is left of this one; `false` behind the last.
    fn next_partition(&mut self) -> Result<bool>;

    /// Of the partition that the stream stands in.
    fn key(&self) -> &DecoratedKey;

    /// Deletion of the whole partition.
    fn deletion(&self) -> DeletionTime;

    /// Deletion of the range that is open where the stream stands: live but behind a [`PartitionStream::seek_row`].
    fn open_deletion(&self) -> DeletionTime {
        DeletionTime::LIVE
    }

    /// Empty where the partition has none.
    fn static_row(&self) -> &Row;

    /// Fills `row` or `marker` with what comes next in the partition.
    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered>;

    /// Makes the partition that begins at a position of the stream the only one that is left; none for `None`.
    fn seek_partition(&mut self, position: Option<u64>) -> Result<()>;

    /// May move forward within the partition, to a place not behind the row with this clustering; nothing of the
    /// partition has been read yet. To do nothing is right, only slow.
    fn seek_row(&mut self, _clustering: &[Option<&[u8]>]) -> Result<()> {
        Ok(())
    }

    /// Says how far rows have to be decoded. Those with a liveness and no deletion may then lack the cells of later
    /// columns, until they are asked for with [`complete`](Self::complete). To decode all is right, only slow.
    fn decode_to(&mut self, _depth: Depth) {}

    /// Decodes what was left out of a row that [`next`](Self::next) filled: up to the depth, or everything.
    fn complete(&mut self, _row: &mut Row, _everything: bool) -> Result<()> {
        Ok(())
    }
}

impl<S: PartitionStream + ?Sized> PartitionStream for Box<S> {
    fn next_partition(&mut self) -> Result<bool> {
        (**self).next_partition()
    }
    fn key(&self) -> &DecoratedKey {
        (**self).key()
    }
    fn deletion(&self) -> DeletionTime {
        (**self).deletion()
    }
    fn open_deletion(&self) -> DeletionTime {
        (**self).open_deletion()
    }
    fn static_row(&self) -> &Row {
        (**self).static_row()
    }
    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        (**self).next(row, marker)
    }
    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        (**self).seek_partition(position)
    }
    fn seek_row(&mut self, clustering: &[Option<&[u8]>]) -> Result<()> {
        (**self).seek_row(clustering)
    }
    fn decode_to(&mut self, depth: Depth) {
        (**self).decode_to(depth);
    }
    fn complete(&mut self, row: &mut Row, everything: bool) -> Result<()> {
        (**self).complete(row, everything)
    }
}
