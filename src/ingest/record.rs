//! A row in a memtable: one stretch of bytes.
//!
//! ```text
//!   clustering values …     each: u32 length, bytes; length 2^32-1: null. As many as the table has, none for a static row
//!   u8 flags                LIVENESS | DELETION | SHADOWABLE
//!   [i64 timestamp, i32 TTL, i64 local expiration time]            LIVENESS
//!   [i64 marked for delete at, i64 local deletion time]            DELETION
//!   u16 n | complex deletions …   each: u16 column, i64 marked for delete at, i64 local deletion time
//!   cells …                 each: u16 column, u8 flags, [i64 timestamp], [i64 local deletion time, i32 TTL],
//!                           [u32 length, path], u32 length, value
//! ```
//! Numbers are little-endian. A cell without a timestamp has that of the row's liveness.

use crate::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, Row, Span};

const LIVENESS: u8 = 1;
const DELETION: u8 = 2;
const SHADOWABLE: u8 = 4;

const OWN_TIMESTAMP: u8 = 1;
const ENDS: u8 = 2;
const PATH: u8 = 4;

const NULL: u32 = u32::MAX;

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_deletion(deletion: DeletionTime, out: &mut Vec<u8>) {
    out.extend_from_slice(&deletion.marked_for_delete_at.to_le_bytes());
    out.extend_from_slice(&deletion.local_deletion_time.to_le_bytes());
}

/// A list of clustering values, or the prefix that a bound has.
pub(super) fn put_values<'a>(values: impl Iterator<Item = Option<&'a [u8]>>, out: &mut Vec<u8>) {
    for value in values {
        match value {
            Some(value) => put_bytes(value, out),
            None => out.extend_from_slice(&NULL.to_le_bytes()),
        }
    }
}

pub(super) fn write(row: &Row, out: &mut Vec<u8>) {
    put_values((0..row.clustering.len()).map(|i| row.clustering_value(i)), out);
    let mut flags = 0;
    flags |= if row.liveness.is_empty() { 0 } else { LIVENESS };
    flags |= if row.deletion.is_live() { 0 } else { DELETION };
    flags |= if row.shadowable { SHADOWABLE } else { 0 };
    out.push(flags);
    if flags & LIVENESS != 0 {
        out.extend_from_slice(&row.liveness.timestamp.to_le_bytes());
        out.extend_from_slice(&row.liveness.ttl.to_le_bytes());
        out.extend_from_slice(&row.liveness.local_expiration_time.to_le_bytes());
    }
    if flags & DELETION != 0 {
        put_deletion(row.deletion, out);
    }
    out.extend_from_slice(&(row.complex_deletions.len() as u16).to_le_bytes());
    for complex in &row.complex_deletions {
        let mut bytes = [0; 18];
        bytes[..2].copy_from_slice(&complex.column.to_le_bytes());
        bytes[2..10].copy_from_slice(&complex.deletion.marked_for_delete_at.to_le_bytes());
        bytes[10..].copy_from_slice(&complex.deletion.local_deletion_time.to_le_bytes());
        out.extend_from_slice(&bytes);
    }
    for cell in &row.cells {
        put_cell(row, cell, out);
    }
}

#[inline]
fn put_cell(row: &Row, cell: &Cell, out: &mut Vec<u8>) {
    let own = row.liveness.is_empty() || cell.timestamp != row.liveness.timestamp;
    let ends = cell.local_deletion_time != NO_DELETION_TIME || cell.ttl != NO_TTL;
    let (path, value) = (row.path(cell), row.value(cell));
    let mut flags = 0;
    flags |= if own { OWN_TIMESTAMP } else { 0 };
    flags |= if ends { ENDS } else { 0 };
    flags |= if path.is_empty() { 0 } else { PATH };
    // Column, flags and the length that follows, in one piece where nothing stands between them.
    let mut head = [0; 7];
    head[..2].copy_from_slice(&cell.column.to_le_bytes());
    head[2] = flags;
    if own || ends {
        out.extend_from_slice(&head[..3]);
        if own {
            out.extend_from_slice(&cell.timestamp.to_le_bytes());
        }
        if ends {
            out.extend_from_slice(&cell.local_deletion_time.to_le_bytes());
            out.extend_from_slice(&cell.ttl.to_le_bytes());
        }
        if !path.is_empty() {
            put_bytes(path, out);
        }
        return put_bytes(value, out);
    }
    let first = if path.is_empty() { value } else { path };
    head[3..].copy_from_slice(&(first.len() as u32).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(first);
    if !path.is_empty() {
        put_bytes(value, out);
    }
}

/// Reads what [`write`] and [`put_values`] wrote. A memtable's bytes are its own: what can't be is given as nothing.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Fields { bytes, at: 0 }
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let array = self.bytes.get(self.at..self.at + N).and_then(|b| b.try_into().ok()).unwrap_or([0; N]);
        self.at += N;
        array
    }

    fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    fn span(&mut self, length: u32) -> Span {
        let span = Span { start: self.at as u32, len: length };
        self.at += length as usize;
        span
    }

    fn sized(&mut self) -> Span {
        let length = u32::from_le_bytes(self.array());
        self.span(length)
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn deletion(&mut self) -> DeletionTime {
        DeletionTime { marked_for_delete_at: self.i64(), local_deletion_time: self.i64() }
    }

    pub(super) fn value_span(&mut self) -> Span {
        let length = u32::from_le_bytes(self.array());
        if length == NULL { Span::NULL } else { self.span(length) }
    }

    pub(super) fn value(&mut self) -> Option<&'a [u8]> {
        let span = self.value_span();
        if span.is_null() { None } else { Some(span.of(self.bytes)) }
    }
}

/// Fills `row`, of a table with so many clustering columns.
pub(super) fn read(record: &[u8], clustering: usize, row: &mut Row) {
    row.clear();
    row.bytes.extend_from_slice(record);
    let mut fields = Fields::new(record);
    row.clustering.extend((0..clustering).map(|_| fields.value_span()));
    let flags = fields.byte();
    if flags & LIVENESS != 0 {
        row.liveness = Liveness {
            timestamp: fields.i64(),
            ttl: i32::from_le_bytes(fields.array()),
            local_expiration_time: fields.i64(),
        };
    }
    if flags & DELETION != 0 {
        row.deletion = fields.deletion();
    }
    row.shadowable = flags & SHADOWABLE != 0;
    for _ in 0..fields.u16() {
        let column = fields.u16();
        row.complex_deletions.push(ComplexDeletion { column, deletion: fields.deletion() });
    }
    while fields.at < record.len() {
        let column = fields.u16();
        let flags = fields.byte();
        let timestamp = if flags & OWN_TIMESTAMP != 0 { fields.i64() } else { row.liveness.timestamp };
        let (local_deletion_time, ttl) = match flags & ENDS {
            0 => (NO_DELETION_TIME, NO_TTL),
            _ => (fields.i64(), i32::from_le_bytes(fields.array())),
        };
        let path = if flags & PATH != 0 { fields.sized() } else { Span::default() };
        let value = fields.sized();
        row.cells.push(Cell { column, ttl, timestamp, local_deletion_time, value, path });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let mut row = Row::default();
        let value = row.store(b"a clustering value");
        row.clustering = vec![value, Span::NULL, Span::default()];
        row.liveness = Liveness { timestamp: -5, ttl: 60, local_expiration_time: 1 << 33 };
        row.deletion = DeletionTime { marked_for_delete_at: 7, local_deletion_time: 9 };
        row.shadowable = true;
        row.complex_deletions.push(ComplexDeletion { column: 3, deletion: row.deletion });
        let (path, value) = (row.store(b"path"), row.store(b"value"));
        let plain = Cell {
            column: 0,
            ttl: NO_TTL,
            timestamp: -5,
            local_deletion_time: NO_DELETION_TIME,
            value: Span::default(),
            path: Span::default(),
        };
        row.cells.push(plain);
        row.cells.push(Cell { column: 3, timestamp: 8, path, value, ..plain });
        row.cells.push(Cell { column: 4, ttl: 60, local_deletion_time: 1 << 32, value, ..plain });
        row.cells.push(Cell { column: 5, local_deletion_time: 3, ..plain });
        let mut record = Vec::new();
        write(&row, &mut record);
        let mut back = Row::default();
        read(&record, 3, &mut back);
        assert_eq!(
            (0..3).map(|i| back.clustering_value(i)).collect::<Vec<_>>(),
            [Some(b"a clustering value".as_slice()), None, Some(b"".as_slice())]
        );
        assert_eq!((back.liveness, back.deletion, back.shadowable), (row.liveness, row.deletion, row.shadowable));
        assert_eq!(back.complex_deletions, row.complex_deletions);
        assert_eq!(back.cells.len(), row.cells.len());
        for (a, b) in row.cells.iter().zip(&back.cells) {
            let times = |c: &Cell| (c.column, c.ttl, c.timestamp, c.local_deletion_time);
            assert_eq!((times(a), row.path(a), row.value(a)), (times(b), back.path(b), back.value(b)));
        }
    }
}
