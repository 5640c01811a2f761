//! What an index says of a partition.

use crate::rows::DeletionTime;

/// A partition in an SSTable.
#[derive(Debug, Default, Clone)]
pub struct IndexEntry {
    pub key: Vec<u8>,
    /// Where it begins in the uncompressed data.
    pub position: u64,
    /// Its deletion, where the index knows it.
    pub deletion: Option<DeletionTime>,
}

/// A block of a row index.
#[derive(Debug, Clone, Copy)]
pub struct RowBlock {
    /// From the start of the partition.
    pub offset: u64,
    /// Deletion of the range that is open where the block begins.
    pub open_marker: Option<DeletionTime>,
}
