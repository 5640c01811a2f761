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

use super::node::{sized_int, sized_int_len, write_sized_int};
use super::trie::{Payload, Trie};
use super::trie_writer::{TrieWriter, Value, common_prefix};
use crate::bytes::Cursor;
use crate::cql::byte_comparable::{self, GREATER_THAN_NEXT_COMPONENT, LESS_THAN_NEXT_COMPONENT, TERMINATOR};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::deletion_time::{deletion_time_len, read_deletion_time, write_deletion_time};
use crate::sstable::index::RowBlock;
use crate::sstable::index_writer::Block;
use crate::sstable::pages::PagedFile;
use crate::sstable::prefix::{Bound, ClusteringPrefix, ClusteringTypes};
use crate::sstable::version::Version;
use crate::storage::Buffered;

const OPEN_MARKER_FLAG: u8 = 8;

/// Writes the row index of one partition after the other (RowIndexWriter).
pub(super) struct RowsWriter {
    trie: TrieWriter<BlockStart>,
    types: Arc<ClusteringTypes>,
    version: Version,
    blocks: u32,
    /// The last separator.
    separator: Vec<u8>,
    /// The end of the last block.
    last: Vec<u8>,
    first: Vec<u8>,
}

/// What a separator leads to.
#[derive(Clone, Copy)]
struct BlockStart {
    offset: u64,
    open: Option<DeletionTime>,
    version: Version,
}

impl BlockStart {
    fn offset_len(&self) -> usize {
        sized_int_len(self.offset as i64)
    }
}

impl Value for BlockStart {
    fn flags(&self) -> u8 {
        self.offset_len() as u8 | if self.open.is_some() { OPEN_MARKER_FLAG } else { 0 }
    }

    fn size(&self) -> usize {
        self.offset_len() + self.open.map_or(0, |open| deletion_time_len(&open, self.version))
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_sized_int(self.offset as i64, self.offset_len(), out);
        if let Some(open) = self.open {
            write_deletion_time(&open, self.version, out);
        }
    }
}

impl RowsWriter {
    pub(super) fn new(types: Arc<ClusteringTypes>, version: Version) -> RowsWriter {
        RowsWriter {
            trie: TrieWriter::new(),
            types,
            version,
            blocks: 0,
            separator: Vec::new(),
            last: Vec::new(),
            first: Vec::new(),
        }
    }

    pub(super) fn blocks(&self) -> u32 {
        self.blocks
    }

    pub(super) fn add(&mut self, block: &Block, out: &mut Buffered) -> Result<()> {
        self.separator.clear();
        if self.blocks > 0 {
            comparable(&self.types, &block.first(), &mut self.first)?;
            // The shortest that is behind the block before.
            let common = common_prefix(&self.last, &self.first);
            self.separator.extend_from_slice(&self.first[..common]);
            self.separator.push(self.last.get(common).map_or(0, |byte| byte.saturating_add(1)));
        }
        let start = BlockStart { offset: block.start(), open: block.open(), version: self.version };
        self.trie.add(&self.separator, start, out)?;
        comparable(&self.types, &block.last(), &mut self.last)?;
        self.blocks += 1;
        Ok(())
    }

    /// Ends the row index of a partition whose rows end before `end`; returns the root.
    pub(super) fn complete(&mut self, end: u64, out: &mut Buffered) -> Result<u64> {
        // Behind all, and not longer than the last separator where that can be.
        let mut at = common_prefix(&self.last, &self.separator);
        while self.last.get(at) == Some(&0xff) {
            at += 1;
        }
        self.last.truncate(at + 1);
        match self.last.get_mut(at) {
            Some(byte) => *byte += 1,
            None => self.last.push(0),
        }
        self.trie.add(&self.last, BlockStart { offset: end, open: None, version: self.version }, out)?;
        self.blocks = 0;
        self.trie.complete(out)
    }

    /// Forgets the blocks of a partition that gets no row index.
    pub(super) fn reset(&mut self) {
        if self.blocks > 0 {
            self.blocks = 0;
            self.trie.reset();
        }
    }
}

fn comparable(types: &ClusteringTypes, prefix: &ClusteringPrefix<'_>, out: &mut Vec<u8>) -> Result<()> {
    let end = match prefix.kind {
        None => TERMINATOR,
        Some(kind) if kind.before_rows() => LESS_THAN_NEXT_COMPONENT,
        Some(_) => GREATER_THAN_NEXT_COMPONENT,
    };
    let values = prefix.values.iter().map(|span| (!span.is_null()).then(|| span.of(prefix.bytes)));
    out.clear();
    byte_comparable::clustering(types.types(), values, end, out)
}

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

    /// Where the rows of the partition end.
    pub(in crate::sstable) fn end(&self) -> u64 {
        self.end
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
