//! The body of a row: liveness, deletion, columns and cells.
//!
//! ```text
//!   vint previous size | [vint timestamp] | [vint ttl, vint local deletion time] | [deletion time]
//!   | [vint columns missing] | cell or complex column, each in the order of the header
//!   complex column   [deletion time] | vint cells | cell …
//!   cell             flags | [vint timestamp] | [vint local deletion time] | [vint ttl] | [path] | [value]
//!   deletion time    vint timestamp | vint local deletion time       (differences to the header's minima)
//! ```

use std::ops::Range;

use super::columns::{ColumnDecoder, ColumnSet, Layout, Length};
use super::head::{self, Head};
use crate::bytes::{Cursor, Truncated};
use crate::error::{Error, Result};
use crate::rows::{
    Cell, ComplexDeletion, DeletionTime, EXPIRED_LIVENESS_TTL, Liveness, NO_DELETION_TIME, NO_TIMESTAMP, NO_TTL, Row,
    Span, Undecoded,
};

pub(super) const CELL_DELETED: u8 = 0x01;
pub(super) const CELL_EXPIRING: u8 = 0x02;
pub(super) const CELL_EMPTY_VALUE: u8 = 0x04;
pub(super) const CELL_ROW_TIMESTAMP: u8 = 0x08;
pub(super) const CELL_ROW_TTL: u8 = 0x10;

/// Local deletion time of a cell whose own can't be true (Cell.INVALID_DELETION_TIME).
const INVALID_DELETION_TIME: i64 = u32::MAX as i64 - 1;

impl Layout {
    #[inline]
    fn timestamp(&self, cursor: &mut Cursor<'_>) -> Result<i64, Truncated> {
        Ok((cursor.vint()? as i64).wrapping_add(self.min_timestamp))
    }

    #[inline]
    fn local_deletion_time(&self, cursor: &mut Cursor<'_>) -> Result<i64, Truncated> {
        // readUnsignedVInt32 gives an int: large differences wrap.
        Ok(i64::from(cursor.vint()? as i32).wrapping_add(self.min_local_deletion_time))
    }

    #[inline]
    fn ttl(&self, cursor: &mut Cursor<'_>) -> Result<i32, Truncated> {
        Ok((cursor.vint()? as i32).wrapping_add(self.min_ttl))
    }

    #[inline]
    pub(super) fn deletion_time(&self, cursor: &mut Cursor<'_>) -> Result<DeletionTime, Truncated> {
        let marked_for_delete_at = self.timestamp(cursor)?;
        let local_deletion_time = self.unsigned(self.local_deletion_time(cursor)?);
        Ok(DeletionTime { marked_for_delete_at, local_deletion_time })
    }

    /// A local deletion time that went over 2038 (Cell.deletionTimeUnsignedIntegerToLong).
    #[inline]
    fn unsigned(&self, time: i64) -> i64 {
        match time {
            0.. => time,
            _ if !self.version.has_uint_deletion_time() => INVALID_DELETION_TIME,
            _ => match time as u32 {
                u32::MAX => NO_DELETION_TIME,
                t => i64::from(t),
            },
        }
    }

    /// Cell.decodeLocalDeletionTime.
    #[inline]
    fn expiry(&self, time: i64, ttl: i32) -> i64 {
        if time >= i64::from(ttl) || ttl == EXPIRED_LIVENESS_TTL && time >= 0 {
            time
        } else if time < 0 {
            self.unsigned(time)
        } else {
            INVALID_DELETION_TIME
        }
    }
}

/// How the columns of a row are decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) layout: &'a Layout,
    pub(super) set: &'a ColumnSet,
    /// Cells of columns from this one on may be left to be decoded later.
    pub(super) until: usize,
}

/// Decodes the body that begins at `head.len` of `row.bytes`, whose first byte stands at `base` in the data.
#[inline]
pub(super) fn read(row: &mut Row, head: &Head, columns: Columns<'_>, base: u64) -> Result<()> {
    // Taken out so that spans can be noted while the bytes are read.
    let bytes = std::mem::take(&mut row.bytes);
    let result = read_parts(&bytes, base, row, head, columns);
    row.bytes = bytes;
    result
}

/// Decodes what was left of a row, up to the columns' limit.
pub(super) fn complete(row: &mut Row, columns: Columns<'_>) -> Result<()> {
    let Some(left) = row.undecoded.take() else { return Ok(()) };
    let bytes = std::mem::take(&mut row.bytes);
    let mut cursor = Cursor::new(&bytes);
    let result = cursor.seek(left.at as usize).map_err(Error::from).and_then(|()| {
        let mut reader = CellReader { cursor, layout: columns.layout, liveness: row.liveness };
        let from = usize::from(left.column);
        reader.present(columns.set, from..columns.until.max(from), left.missing, left.complex_deletions, row)
    });
    row.bytes = bytes;
    result.map(|_| ())
}

fn read_parts(bytes: &[u8], base: u64, row: &mut Row, head: &Head, columns: Columns<'_>) -> Result<()> {
    let Columns { layout, set, until } = columns;
    // Cursor and liveness are made here and not copied: what is read right after it was written in smaller pieces keeps
    // the processor waiting.
    let mut cursor = Cursor::with_base(bytes, base);
    cursor.seek(head.len)?;
    cursor.vint()?; // size of the previous unfiltered
    let flags = head.flags;
    let mut liveness = Liveness::EMPTY;
    if flags & head::HAS_TIMESTAMP != 0 {
        liveness.timestamp = layout.timestamp(&mut cursor)?;
        if flags & head::HAS_TTL != 0 {
            let ttl = layout.ttl(&mut cursor)?;
            if ttl < 0 {
                return Err(Error::corrupt(format!("a row with TTL {ttl}")));
            }
            let time = layout.local_deletion_time(&mut cursor)?;
            liveness.ttl = ttl;
            liveness.local_expiration_time = if ttl == NO_TTL { NO_DELETION_TIME } else { layout.expiry(time, ttl) };
        }
    }
    row.liveness = liveness;
    if flags & head::HAS_DELETION != 0 {
        row.deletion = layout.deletion_time(&mut cursor)?;
        row.shadowable = head.extended & head::HAS_SHADOWABLE_DELETION != 0;
    }
    let missing = if flags & head::HAS_ALL_COLUMNS != 0 { 0 } else { cursor.vint()? };
    let mut reader = CellReader { cursor, layout, liveness };
    let complex_deletions = flags & head::HAS_COMPLEX_DELETION != 0;
    if missing == 0 || set.columns.len() < 64 {
        if missing != 0 && missing >> set.columns.len() != 0 {
            return Err(Error::corrupt("a row that lacks more columns than the header has").at(reader.cursor.offset()));
        }
        // Without its cells, a row can be told to live by its liveness alone.
        let may_wait = flags & (head::HAS_TIMESTAMP | head::HAS_DELETION) == head::HAS_TIMESTAMP;
        let until = if may_wait { until.min(set.columns.len()) } else { set.columns.len() };
        let at = reader.present(set, 0..until, missing, complex_deletions, row)?;
        if until < set.columns.len() {
            row.undecoded = Some(Undecoded { at: at as u32, column: until as u16, complex_deletions, missing });
        }
    } else {
        large_subset(&mut reader, missing, set, complex_deletions, row)?;
    }
    if !set.sorted {
        row.cells.sort_by_key(|c| c.column);
        row.complex_deletions.sort_by_key(|c| c.column);
    }
    // What is left of the body are fields of a later minor version, which Cassandra skips too.
    Ok(())
}

/// Columns of a header with 64 or more: indexes of those present or of those missing, whichever are fewer
/// (Columns.Serializer.deserializeLargeSubset).
fn large_subset(
    reader: &mut CellReader<'_>,
    missing: u64,
    set: &ColumnSet,
    complex_deletions: bool,
    row: &mut Row,
) -> Result<()> {
    let total = set.columns.len();
    let count = usize::try_from(missing).ok().and_then(|missing| total.checked_sub(missing)).ok_or_else(|| {
        Error::corrupt("a row that lacks more columns than the header has").at(reader.cursor.offset())
    })?;
    let mut present = vec![count >= total / 2; total];
    let listed = if count < total / 2 { count } else { total - count };
    for _ in 0..listed {
        let index = reader.cursor.vint_len()?;
        let at = reader.cursor.offset();
        let flag = present.get_mut(index).ok_or_else(|| Error::corrupt("a column index beyond the header").at(at))?;
        *flag = !*flag;
    }
    for (column, _) in set.columns.iter().zip(present).filter(|(_, present)| *present) {
        reader.column(column, complex_deletions, row)?;
    }
    Ok(())
}

impl ColumnDecoder {
    /// Whether cells of the column may be none of the table's.
    #[inline]
    fn may_drop(&self) -> bool {
        self.target.is_none() || self.dropped_at.is_some()
    }

    fn keeps(&self, timestamp: i64) -> bool {
        self.dropped_at.is_none_or(|dropped| timestamp > dropped)
    }

    /// Takes the cell that was read last away again when it was dropped.
    #[cold]
    fn drop_last(&self, row: &mut Row) {
        row.cells.pop_if(|cell| self.target.is_none() || !self.keeps(cell.timestamp));
    }
}

struct CellReader<'a> {
    cursor: Cursor<'a>,
    layout: &'a Layout,
    liveness: Liveness,
}

impl CellReader<'_> {
    /// Decodes those of the columns that the row has; returns where the next ones begin.
    #[inline]
    fn present(
        &mut self,
        set: &ColumnSet,
        range: Range<usize>,
        missing: u64,
        complex_deletions: bool,
        row: &mut Row,
    ) -> Result<usize> {
        let columns = set.columns.get(range.clone()).unwrap_or_default();
        if missing != 0 {
            for (column, i) in columns.iter().zip(range) {
                if missing >> i & 1 == 0 {
                    self.column(column, complex_deletions, row)?;
                }
            }
        } else if set.plain {
            for column in columns {
                self.cell(column, &mut row.cells)?;
            }
        } else {
            for column in columns {
                self.column(column, complex_deletions, row)?;
            }
        }
        Ok(self.cursor.position())
    }

    fn column(&mut self, column: &ColumnDecoder, has_deletion: bool, row: &mut Row) -> Result<()> {
        if !column.complex {
            self.cell(column, &mut row.cells)?;
            if column.may_drop() {
                column.drop_last(row);
            }
            return Ok(());
        }
        if has_deletion {
            let deletion = self.layout.deletion_time(&mut self.cursor)?;
            if let Some(target) = column.target
                // Row.Builder takes only what supersedes a live one; nb writes the live one's local time in 32 bits.
                && deletion.marked_for_delete_at != NO_TIMESTAMP
                && column.keeps(deletion.marked_for_delete_at)
            {
                row.complex_deletions.push(ComplexDeletion { column: target, deletion });
            }
        }
        let count = self.cursor.vint()?;
        for _ in 0..count {
            self.cell(column, &mut row.cells)?;
            if column.may_drop() {
                column.drop_last(row);
            }
        }
        Ok(())
    }

    /// Appends the next cell. It is put where it stays: a cell handed on as a value is copied in larger pieces than it was
    /// written in, for which the processor has to wait.
    #[inline]
    fn cell(&mut self, column: &ColumnDecoder, cells: &mut Vec<Cell>) -> Result<()> {
        let flags = self.cursor.u8()?;
        let timestamp = if flags & CELL_ROW_TIMESTAMP != 0 {
            self.liveness.timestamp
        } else {
            self.layout.timestamp(&mut self.cursor)?
        };
        let (mut local_deletion_time, mut ttl) = (NO_DELETION_TIME, NO_TTL);
        if flags & (CELL_DELETED | CELL_EXPIRING | CELL_ROW_TTL) != 0 {
            (local_deletion_time, ttl) = self.deletion(flags)?;
        }
        let path = if column.complex { self.span(Length::Vint)? } else { Span::default() };
        let value = if flags & CELL_EMPTY_VALUE != 0 { Span::default() } else { self.span(column.length)? };
        let column = column.target.unwrap_or(u16::MAX);
        cells.push(Cell { column, ttl, timestamp, local_deletion_time, value, path });
        Ok(())
    }

    fn deletion(&mut self, flags: u8) -> Result<(i64, i32)> {
        if flags & CELL_ROW_TTL != 0 {
            return Ok((self.liveness.local_expiration_time, self.liveness.ttl));
        }
        let time = self.layout.local_deletion_time(&mut self.cursor)?;
        let ttl = if flags & CELL_EXPIRING != 0 { self.layout.ttl(&mut self.cursor)? } else { NO_TTL };
        if ttl < 0 {
            return Err(Error::corrupt(format!("a cell with TTL {ttl}")).at(self.cursor.offset()));
        }
        Ok((self.layout.expiry(time, ttl), ttl))
    }

    #[inline]
    fn span(&mut self, length: Length) -> Result<Span, Truncated> {
        let len = match length {
            Length::Fixed(n) => n as usize,
            Length::Vint => self.cursor.vint_len()?,
        };
        let start = self.cursor.position() as u32;
        self.cursor.skip(len)?;
        Ok(Span { start, len: len as u32 })
    }
}
