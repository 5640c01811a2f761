//! What an input says to write, one change at a time.

use super::{DeletionTime, Row};
use crate::error::Result;

/// One end of a range of clusterings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeBound {
    /// Values of the first clustering columns; none for the end of the partition.
    pub prefix: Vec<Option<Vec<u8>>>,
    /// Whether rows that begin with the prefix are in the range.
    pub inclusive: bool,
}

impl RangeBound {
    /// No bound: the beginning or the end of the partition.
    pub const OPEN: Self = RangeBound { prefix: Vec::new(), inclusive: true };
}

/// Takes changes in any order; those of one row or partition are merged by their timestamps. `key` is the partition key
/// as it is on disk, and is valid for the table.
///
/// Cells of a row stand in the order of their columns and paths, as in any [`Row`]. A multi-cell column that is written
/// as a whole has a complex deletion with a timestamp one microsecond before its cells.
pub trait Sink {
    /// Deletes what the partition had up to the deletion's timestamp.
    fn partition_deletion(&mut self, key: &[u8], deletion: DeletionTime) -> Result<()>;

    /// Writes cells of static columns, or deletes them.
    fn static_row(&mut self, key: &[u8], row: &Row) -> Result<()>;

    /// Writes a row, or deletes it or parts of it.
    fn row(&mut self, key: &[u8], row: &Row) -> Result<()>;

    /// Deletes the rows between two bounds, of which the first stands before the second.
    fn range_tombstone(
        &mut self,
        key: &[u8],
        start: &RangeBound,
        end: &RangeBound,
        deletion: DeletionTime,
    ) -> Result<()>;
}
