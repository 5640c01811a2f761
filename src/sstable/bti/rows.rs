//! The row index of a partition in Rows.db: a trie of separators between the blocks. Follows
//! org.apache.cassandra.io.sstable.format.bti.RowIndexReader, RowIndexWriter and RowIndexReverseIterator.
//!
//! ```text
//!   payload: flags & 7 bytes: offset of the block from the partition's start
//!            if flags & 8: deletion time of the range that is open where it begins
//! ```
//!
//! A separator is behind everything of the block before it, and not behind anything of its own. The last one stands
//! for no block: its offset is the partition's end.

use std::sync::Arc;

use super::node::sized_int;
use super::trie::{Payload, Trie};
use crate::bytes::Cursor;
use crate::cql::byte_comparable::{self, GREATER_THAN_NEXT_COMPONENT, LESS_THAN_NEXT_COMPONENT, TERMINATOR};
use crate::error::{Error, Result};
use crate::sstable::deletion_time::read_deletion_time;
use crate::sstable::index::RowBlock;
use crate::sstable::pages::PagedFile;
use crate::sstable::prefix::{Bound, ClusteringTypes};
use crate::sstable::version::Version;

const OPEN_MARKER_FLAG: u8 = 8;

/// The place is behind the block that the trie is at.
pub struct BtiRows {
    trie: Trie,
    types: Arc<ClusteringTypes>,
    version: Version,
    key: Vec<u8>,
    /// Of the partition's end, from its start.
    end: u64,
}

impl BtiRows {
    pub(super) fn open(
        file: Arc<PagedFile>,
        root: u64,
        types: Arc<ClusteringTypes>,
        version: Version,
    ) -> Result<BtiRows> {
        let mut rows = BtiRows { trie: Trie::new(file, root), types, version, key: Vec::new(), end: u64::MAX };
        rows.trie.last()?;
        rows.end = rows.here()?.offset;
        rows.trie.rewind();
        Ok(rows)
    }

    pub(in crate::sstable) fn block_at_or_before(&mut self, bound: &Bound<'_>) -> Result<Option<RowBlock>> {
        if !self.floor(bound)? { Ok(None) } else { self.here().map(Some) }
    }

    pub(in crate::sstable) fn last_block_before(&mut self, bound: Option<&Bound<'_>>) -> Result<Option<RowBlock>> {
        match bound {
            Some(bound) => {
                self.floor(bound)?;
            }
            None => {
                self.trie.last()?;
                self.trie.previous()?;
            }
        }
        self.previous_block()
    }

    pub(in crate::sstable) fn next_block(&mut self) -> Result<Option<RowBlock>> {
        if !self.trie.next()? {
            return Ok(None);
        }
        let block = self.here()?;
        if block.offset >= self.end {
            self.trie.previous()?;
            return Ok(None);
        }
        Ok(Some(block))
    }

    pub(in crate::sstable) fn previous_block(&mut self) -> Result<Option<RowBlock>> {
        if self.trie.is_rewound() {
            return Ok(None);
        }
        let block = self.here()?;
        self.trie.previous()?;
        Ok(Some(block))
    }

    /// Names the file that an error is in.
    pub(in crate::sstable) fn locate(&self, error: Error) -> Error {
        error.in_file(self.trie.path())
    }

    /// Goes to the last block that does not begin behind the bound.
    fn floor(&mut self, bound: &Bound<'_>) -> Result<bool> {
        let end = match bound.side {
            ..0 => LESS_THAN_NEXT_COMPONENT,
            0 => TERMINATOR,
            _ => GREATER_THAN_NEXT_COMPONENT,
        };
        self.key.clear();
        byte_comparable::clustering(self.types.types(), bound.values.iter().copied(), end, &mut self.key)?;
        Ok(self.trie.floor(&self.key)? && (self.here()?.offset < self.end || self.trie.previous()?))
    }

    fn here(&mut self) -> Result<RowBlock> {
        let version = self.version;
        read(self.trie.payload()?, version)
    }
}

fn read((flags, payload): Payload<'_>, version: Version) -> Result<RowBlock> {
    let cut = || Error::corrupt("a payload of Rows.db crosses the end of its page");
    let mut cursor = Cursor::new(payload);
    let offset = sized_int(cursor.take(usize::from(flags & !OPEN_MARKER_FLAG)).map_err(|_| cut())?);
    let offset = u64::try_from(offset).map_err(|_| Error::corrupt(format!("a block of rows at {offset}")))?;
    let mut open_marker = None;
    if flags & OPEN_MARKER_FLAG != 0 {
        open_marker = Some(read_deletion_time(&mut cursor, version)?.ok_or_else(cut)?);
    }
    Ok(RowBlock { offset, open_marker })
}
