//! Entries of Index.db, read through a window. Follows org.apache.cassandra.io.sstable.format.big.RowIndexEntry.
//!
//! ```text
//!   u16 length, key │ vint position in Data.db │ vint32 bytes of the row index that follows, 0 for none
//!   row index:  vint length of the partition's head │ deletion time │ vint32 blocks │ blocks * entry │ blocks * u32 offset
//! ```

use crate::bytes::{Cursor, Truncated};
use crate::error::{Error, Kind, Result};
use crate::rows::DeletionTime;
use crate::sstable::deletion_time::{LONGEST_DELETION_TIME, read_deletion_time};
use crate::sstable::index::RowIndexHandle;
use crate::sstable::version::Version;
use crate::storage::Source;

/// Room for any entry up to its blocks: the key and five numbers.
const LONGEST_HEAD: usize = 2 + u16::MAX as usize + 4 * 9 + LONGEST_DELETION_TIME;

/// A stretch of a file in memory, refilled as reading goes on.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    start: u64,
}

/// An entry in a window.
pub(super) struct RawEntry<'a> {
    pub(super) key: &'a [u8],
    pub(super) position: u64,
    pub(super) rows: Option<(RowIndexHandle, DeletionTime)>,
    /// Of the next entry.
    pub(super) end: u64,
}

impl Window {
    /// Forgets what it holds, keeping its memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Reads the entry at `at`; `None` at the end of the file. What has to be read is read `step` bytes at a time.
    pub(super) fn entry(
        &mut self,
        source: &Source,
        at: u64,
        step: usize,
        version: Version,
    ) -> Result<Option<RawEntry<'_>>> {
        if at >= source.len() {
            return Ok(None);
        }
        let held = at.checked_sub(self.start).and_then(|skip| self.bytes.get(skip as usize..)).unwrap_or_default();
        let fits = !held.is_empty() && parse(held, at, version)?.is_some();
        if !fits {
            self.fill(source, at, step)?;
            if self.bytes.len() < LONGEST_HEAD && parse(&self.bytes, at, version)?.is_none() {
                self.fill(source, at, LONGEST_HEAD)?;
            }
        }
        let held = &self.bytes[(at - self.start) as usize..];
        let entry = parse(held, at, version)?.ok_or_else(|| Error::from(Truncated { at: source.len() }))?;
        if entry.end > source.len() {
            return Err(Error::corrupt("the row index of a partition goes beyond the end of the file").at(at));
        }
        Ok(Some(entry))
    }

    fn fill(&mut self, source: &Source, at: u64, length: usize) -> Result<()> {
        let length = (source.len() - at).min(length as u64) as usize;
        self.bytes.resize(length, 0);
        self.start = at;
        source.read_exact_at(&mut self.bytes, at).map_err(|e| {
            self.bytes.clear();
            Error::new(Kind::Io, format!("can not read {length} bytes: {e}")).at(at)
        })
    }
}

/// `Ok(None)`: the bytes end before the entry's head does.
fn parse(bytes: &[u8], at: u64, version: Version) -> Result<Option<RawEntry<'_>>> {
    let mut cursor = Cursor::with_base(bytes, at);
    let Ok((key, position, size)) = head(&mut cursor) else { return Ok(None) };
    let start = cursor.offset();
    let bad = |size| Error::corrupt(format!("a row index of {size} bytes")).at(start);
    if size > i32::MAX as u64 {
        return Err(bad(size));
    }
    let end = start + size;
    if size == 0 {
        return Ok(Some(RawEntry { key, position, rows: None, end }));
    }
    if cursor.vint().is_err() {
        return Ok(None);
    }
    let Some(deletion) = read_deletion_time(&mut cursor, version)? else { return Ok(None) };
    let Ok(blocks) = cursor.vint() else { return Ok(None) };
    let start = cursor.offset();
    // A block has at least two prefixes, two numbers and its offset.
    let length = end.checked_sub(start).filter(|length| blocks > 0 && blocks <= length / 8).ok_or_else(|| bad(size))?;
    let rows = RowIndexHandle::Big { start, length, blocks: blocks as u32 };
    Ok(Some(RawEntry { key, position, rows: Some((rows, deletion)), end }))
}

fn head<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a [u8], u64, u64), Truncated> {
    Ok((cursor.short_bytes()?, cursor.vint()?, cursor.vint()?))
}
