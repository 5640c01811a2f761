//! Entries of Index.db, read through a window, and written. Follows org.apache.cassandra.io.sstable.format.big.RowIndexEntry.
//!
//! ```text
//!   u16 length, key │ vint position in Data.db │ vint32 bytes of the row index that follows, 0 for none
//!   row index:  vint length of the partition's head, with its static row │ deletion time
//!               vint32 blocks │ blocks * block │ blocks * u32 offset
//! ```

use super::rows::BlocksWriter;
use crate::bytes::{Cursor, Truncated, vint, write_short_bytes};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::deletion_time::{LONGEST_DELETION_TIME, read_deletion_time, write_deletion_time};
use crate::sstable::index::RowIndexHandle;
use crate::sstable::read::read_exact;
use crate::sstable::version::Version;
use crate::storage::Source;

/// Room for any entry up to its blocks: the key and five numbers.
const LONGEST_HEAD: usize = 2 + u16::MAX as usize + 4 * 9 + LONGEST_DELETION_TIME;

/// Appends an entry. `rows`: the row index of a partition with several blocks, after the length of the partition's head.
pub(super) fn write_entry(
    key: &[u8],
    position: u64,
    rows: Option<(u64, &DeletionTime, &BlocksWriter)>,
    version: Version,
    out: &mut Vec<u8>,
) -> Result<()> {
    write_short_bytes(key, out)?;
    vint::write(position, out);
    let Some((head, deletion, blocks)) = rows else {
        vint::write(0, out);
        return Ok(());
    };
    let mut fields = Vec::with_capacity(LONGEST_DELETION_TIME + 2 * 9);
    vint::write(head, &mut fields);
    write_deletion_time(deletion, version, &mut fields);
    vint::write(u64::from(blocks.count()), &mut fields);
    vint::write((fields.len() + blocks.len()) as u64, out);
    out.extend_from_slice(&fields);
    blocks.write(out);
    Ok(())
}

/// A stretch of a file in memory, refilled as reading goes on.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    start: u64,
}

/// An entry, its key still in the window.
pub(super) struct RawEntry {
    key: (usize, usize),
    pub(super) position: u64,
    pub(super) rows: Option<(RowIndexHandle, DeletionTime)>,
    /// Bytes of the partition before its rows, where there is a row index.
    pub(super) head: Option<u64>,
    /// Of the next entry.
    pub(super) end: u64,
}

impl Window {
    /// Forgets what it holds, keeping its memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// The key of the entry that was read last.
    #[inline]
    pub(super) fn key(&self, entry: &RawEntry) -> &[u8] {
        &self.bytes[entry.key.0..entry.key.1]
    }

    /// Reads the entry at `at`; `None` at the end of the file. What has to be read is read `step` bytes at a time.
    #[inline]
    pub(super) fn entry(
        &mut self,
        source: &Source,
        at: u64,
        step: usize,
        version: Version,
    ) -> Result<Option<RawEntry>> {
        let skip = at.wrapping_sub(self.start);
        if skip < self.bytes.len() as u64
            && let Some(entry) = parse(&self.bytes, skip as usize, self.start, version)?
            && entry.end <= source.len()
        {
            return Ok(Some(entry));
        }
        self.refilled(source, at, step, version)
    }

    #[cold]
    fn refilled(&mut self, source: &Source, at: u64, step: usize, version: Version) -> Result<Option<RawEntry>> {
        if at >= source.len() {
            return Ok(None);
        }
        self.fill(source, at, step)?;
        let mut entry = parse(&self.bytes, 0, at, version)?;
        if entry.is_none() && self.bytes.len() < LONGEST_HEAD {
            self.fill(source, at, LONGEST_HEAD)?;
            entry = parse(&self.bytes, 0, at, version)?;
        }
        let entry = entry.ok_or_else(|| Error::from(Truncated { at: source.len() }))?;
        if entry.end > source.len() {
            return Err(Error::corrupt("the row index of a partition goes beyond the end of the file").at(at));
        }
        Ok(Some(entry))
    }

    fn fill(&mut self, source: &Source, at: u64, length: usize) -> Result<()> {
        let length = (source.len() - at).min(length as u64) as usize;
        self.bytes.resize(length, 0);
        self.start = at;
        read_exact(&**source, &mut self.bytes, at).inspect_err(|_| self.bytes.clear())
    }
}

/// The entry at `skip` of bytes that begin at `start` in the file. `Ok(None)`: they end before the entry's head does.
#[inline]
fn parse(bytes: &[u8], skip: usize, start: u64, version: Version) -> Result<Option<RawEntry>> {
    let mut cursor = Cursor::with_base(bytes, start);
    let Ok((key, position, size)) = head(&mut cursor, skip) else { return Ok(None) };
    if size == 0 {
        return Ok(Some(RawEntry { key, position, rows: None, head: None, end: cursor.offset() }));
    }
    let start = cursor.offset();
    let bad = || Error::corrupt(format!("a row index of {size} bytes")).at(start);
    if size > i32::MAX as u64 {
        return Err(bad());
    }
    let end = start + size;
    let Ok(partition_head) = cursor.vint() else { return Ok(None) };
    let Some(deletion) = read_deletion_time(&mut cursor, version)? else { return Ok(None) };
    let Ok(blocks) = cursor.vint() else { return Ok(None) };
    let start = cursor.offset();
    // A block has at least two prefixes, two numbers and its offset.
    let length = end.checked_sub(start).filter(|length| blocks > 0 && blocks <= length / 8).ok_or_else(bad)?;
    let rows = RowIndexHandle::Big { start, length, blocks: blocks as u32 };
    Ok(Some(RawEntry { key, position, rows: Some((rows, deletion)), head: Some(partition_head), end }))
}

/// Where the key is, the position in Data.db, and the bytes of the row index.
#[inline]
fn head(cursor: &mut Cursor<'_>, skip: usize) -> Result<((usize, usize), u64, u64), Truncated> {
    cursor.seek(skip)?;
    let length = usize::from(cursor.u16()?);
    let start = cursor.position();
    cursor.skip(length)?;
    Ok(((start, start + length), cursor.vint()?, cursor.vint()?))
}
