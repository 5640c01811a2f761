//! The row index of a partition in Index.db. Follows org.apache.cassandra.io.sstable.IndexInfo and
//! org.apache.cassandra.io.sstable.format.big.IndexState.
//!
//! ```text
//!   block:   first clustering prefix │ last clustering prefix │ vint offset from the partition's start
//!            signed vint length - 64 KiB │ bool, deletion time of the range that is open at its end
//!   offsets: u32 a block, from the first block's entry on
//! ```

use std::cmp::Ordering;
use std::sync::Arc;

use crate::bytes::{Cursor, vint};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::deletion_time::{LONGEST_DELETION_TIME, read_deletion_time, write_deletion_time};
use crate::sstable::index::{Edge, Edges, Named, RowBlock};
use crate::sstable::index_writer::Block;
use crate::sstable::prefix::{Bound, ClusteringPrefix, ClusteringTypes, Prefix};
use crate::sstable::read::read_exact;
use crate::sstable::version::Version;

/// What the lengths of blocks are counted from (IndexInfo.Serializer.WIDTH_BASE), whatever their real size.
const WIDTH_BASE: i64 = 64 << 10;
/// Entries are found by offsets of an i32.
const LARGEST: usize = i32::MAX as usize;

/// The row index of one partition as it is made, in memory that is used again.
#[derive(Default)]
pub(super) struct BlocksWriter {
    entries: Vec<u8>,
    offsets: Vec<u8>,
}

impl BlocksWriter {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.offsets.clear();
    }

    pub(super) fn count(&self) -> u32 {
        (self.offsets.len() / 4) as u32
    }

    /// Bytes of all that [`BlocksWriter::write`] appends.
    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.offsets.len()
    }

    /// `open`: the range deletion that is open at the block's end.
    pub(super) fn add(
        &mut self,
        block: &Block,
        length: u64,
        open: &DeletionTime,
        types: &ClusteringTypes,
        version: Version,
    ) -> Result<()> {
        self.offsets.extend_from_slice(&(self.entries.len() as u32).to_be_bytes());
        types.write(&block.first(), &mut self.entries);
        types.write(&block.last(), &mut self.entries);
        vint::write(block.start(), &mut self.entries);
        vint::write(vint::zigzag(length as i64 - WIDTH_BASE), &mut self.entries);
        self.entries.push(u8::from(!open.is_live()));
        if !open.is_live() {
            write_deletion_time(open, version, &mut self.entries);
        }
        if self.len() > LARGEST - LONGEST_DELETION_TIME - 2 * 9 {
            return Err(Error::invalid(
                "the row index of a partition gets larger than 2 GiB: the partition is too large for this format",
            ));
        }
        Ok(())
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.entries);
        out.extend_from_slice(&self.offsets);
    }
}

/// A row index up to this length is read at once, of a longer one each block by itself.
const READ_AT_ONCE: u64 = 1 << 16;

/// The row index of a partition in Index.db, block by block (RowIndexEntry.IndexedEntry).
pub struct BigRows {
    index: Named,
    start: u64,
    blocks: u32,
    /// Of the entries, without the offsets behind them.
    entries: u64,
    types: Arc<ClusteringTypes>,
    version: Version,
    /// The next block forwards, counted from 0.
    place: u32,
    /// All of it, or the entry read last.
    bytes: Vec<u8>,
    whole: bool,
    first: Prefix,
    last: Prefix,
}

/// What an entry says beside its prefixes.
struct Info {
    offset: u64,
    width: i64,
    end_open_marker: Option<DeletionTime>,
}

impl BigRows {
    pub(super) fn open(
        index: Named,
        start: u64,
        length: u64,
        blocks: u32,
        types: Arc<ClusteringTypes>,
        version: Version,
    ) -> Result<BigRows> {
        let entries = length
            .checked_sub(u64::from(blocks) * 4)
            .ok_or_else(|| Error::corrupt(format!("a row index of {blocks} blocks in {length} bytes")).at(start))?;
        let mut rows = BigRows {
            index,
            start,
            blocks,
            entries,
            types,
            version,
            place: 0,
            bytes: Vec::new(),
            whole: length <= READ_AT_ONCE,
            first: Prefix::default(),
            last: Prefix::default(),
        };
        if rows.whole {
            rows.read(0, length)?;
        }
        Ok(rows)
    }

    pub(in crate::sstable) fn block_at_or_before(&mut self, bound: &Bound<'_>) -> Result<Option<RowBlock>> {
        // The first block that does not end before the bound.
        let (mut low, mut high) = (0, self.blocks);
        while low < high {
            let mid = low + (high - low) / 2;
            match self.compare(mid, bound, true)? {
                Ordering::Less => low = mid + 1,
                _ => high = mid,
            }
        }
        self.place = low.min(self.blocks - 1);
        self.next_block()
    }

    /// What the entry of a block says beside where it begins.
    pub(in crate::sstable) fn edges(&mut self, i: u32) -> Result<Edges> {
        let Info { width, end_open_marker, .. } = self.info(i)?;
        let (start, end) = self.load(i)?;
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        let edge = |prefix: &Prefix| Edge::of(&ClusteringPrefix { kind: prefix.kind, bytes, values: &prefix.values });
        Ok(Edges { first: edge(&self.first), last: edge(&self.last), width, end_open_marker })
    }

    /// Names the file that an error is in.
    pub(in crate::sstable) fn locate(&self, error: Error) -> Error {
        error.in_file(&self.index.1)
    }

    pub(in crate::sstable) fn last_block_before(&mut self, bound: Option<&Bound<'_>>) -> Result<Option<RowBlock>> {
        let (mut low, mut high) = (0, self.blocks);
        if let Some(bound) = bound {
            while low < high {
                let mid = low + (high - low) / 2;
                match self.compare(mid, bound, false)? {
                    Ordering::Greater => high = mid,
                    _ => low = mid + 1,
                }
            }
        } else {
            low = high;
        }
        self.place = low;
        self.previous_block()
    }

    pub(in crate::sstable) fn next_block(&mut self) -> Result<Option<RowBlock>> {
        if self.place >= self.blocks {
            return Ok(None);
        }
        self.place += 1;
        self.block(self.place - 1).map(Some)
    }

    pub(in crate::sstable) fn previous_block(&mut self) -> Result<Option<RowBlock>> {
        if self.place == 0 {
            return Ok(None);
        }
        self.place -= 1;
        self.block(self.place).map(Some)
    }

    fn block(&mut self, i: u32) -> Result<RowBlock> {
        let open_marker = match i.checked_sub(1) {
            Some(before) => self.info(before)?.end_open_marker,
            None => None,
        };
        Ok(RowBlock { offset: self.info(i)?.offset, open_marker })
    }

    /// Compares the end (`last`) or the beginning of a block with a bound.
    fn compare(&mut self, i: u32, bound: &Bound<'_>, last: bool) -> Result<Ordering> {
        let (start, end) = self.load(i)?;
        let bytes = &self.bytes[start..end];
        let mut cursor = Cursor::with_base(bytes, self.start + start as u64);
        self.types.read(&mut cursor, &mut self.first)?;
        if !last {
            return Ok(self.types.compare(bytes, &self.first, bound));
        }
        self.types.read(&mut cursor, &mut self.last)?;
        Ok(self.types.compare(bytes, &self.last, bound))
    }

    fn info(&mut self, i: u32) -> Result<Info> {
        let (start, end) = self.load(i)?;
        let mut cursor = Cursor::with_base(&self.bytes[start..end], self.start + start as u64);
        self.types.read(&mut cursor, &mut self.first)?;
        self.types.read(&mut cursor, &mut self.last)?;
        let offset = cursor.vint()?;
        let width = vint::unzigzag(cursor.vint()?).wrapping_add(WIDTH_BASE);
        let mut end_open_marker = None;
        if cursor.bool()? {
            let time = read_deletion_time(&mut cursor, self.version)?;
            end_open_marker = Some(time.ok_or_else(|| Error::from(cursor.truncated()))?);
        }
        Ok(Info { offset, width, end_open_marker })
    }

    /// Brings an entry into `bytes`; returns where it is in there.
    fn load(&mut self, i: u32) -> Result<(usize, usize)> {
        let table = self.entries + u64::from(i) * 4;
        let two = if i + 1 < self.blocks { 8 } else { 4 };
        let at = if self.whole {
            table as usize
        } else {
            self.read(table, two)?;
            0
        };
        let mut cursor = Cursor::with_base(self.bytes.get(at..).unwrap_or_default(), self.start + table);
        let start = u64::from(cursor.u32()?);
        let end = if two == 8 { u64::from(cursor.u32()?) } else { self.entries };
        if start >= end || end > self.entries {
            return Err(Error::corrupt(format!("block {i} of the row index is said to be at {start} to {end}"))
                .at(self.start + table));
        }
        if self.whole {
            return Ok((start as usize, end as usize));
        }
        self.read(start, end - start)?;
        Ok((0, self.bytes.len()))
    }

    fn read(&mut self, from: u64, length: u64) -> Result<()> {
        // Two prefixes can not be longer than their values may be: 64 KiB each.
        if length > (1 << 24) {
            return Err(Error::corrupt(format!("an entry of {length} bytes in the row index")).at(self.start + from));
        }
        self.bytes.resize(length as usize, 0);
        read_exact(&*self.index.0, &mut self.bytes, self.start + from)
    }
}
