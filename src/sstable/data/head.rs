//! What stands in front of the body of a row or marker: flags, clustering and sizes.

use super::columns::{Layout, Length};
use crate::bytes::{Cursor, Truncated};
use crate::rows::{BoundKind, Span};

pub(super) const END_OF_PARTITION: u8 = 0x01;
pub(super) const IS_MARKER: u8 = 0x02;
pub(super) const HAS_TIMESTAMP: u8 = 0x04;
pub(super) const HAS_TTL: u8 = 0x08;
pub(super) const HAS_DELETION: u8 = 0x10;
pub(super) const HAS_ALL_COLUMNS: u8 = 0x20;
pub(super) const HAS_COMPLEX_DELETION: u8 = 0x40;
pub(super) const EXTENSION_FLAG: u8 = 0x80;

pub(super) const IS_STATIC: u8 = 0x01;
pub(super) const HAS_SHADOWABLE_DELETION: u8 = 0x02;

/// Why a head could not be read.
#[derive(Debug)]
pub(super) enum HeadError {
    /// The bytes end first: the next chunk may have the rest.
    Truncated,
    Corrupt(&'static str),
}

impl From<Truncated> for HeadError {
    fn from(_: Truncated) -> Self {
        HeadError::Truncated
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) flags: u8,
    pub(super) extended: u8,
    /// Of a marker.
    pub(super) bound: BoundKind,
    /// Bytes from the first flag to the body, which begins with the size of the previous unfiltered.
    pub(super) len: usize,
    /// Bytes of the body.
    pub(super) body: u64,
}

/// Reads the head; clustering values become spans relative to the first flag.
#[inline]
pub(super) fn read(data: &[u8], layout: &Layout, clustering: &mut Vec<Span>) -> Result<Head, HeadError> {
    let mut cursor = Cursor::new(data);
    let flags = cursor.u8()?;
    let mut head = Head { flags, extended: 0, bound: BoundKind::InclusiveStart, len: 1, body: 0 };
    if flags & END_OF_PARTITION != 0 {
        return Ok(head);
    }
    if flags & EXTENSION_FLAG != 0 {
        head.extended = cursor.u8()?;
    }
    clustering.clear();
    if flags & IS_MARKER != 0 {
        head.bound =
            BoundKind::from_ordinal(cursor.u8()?).ok_or(HeadError::Corrupt("an unknown kind of range bound"))?;
        let size = usize::from(cursor.u16()?);
        let lengths = layout
            .clustering
            .get(..size)
            .ok_or(HeadError::Corrupt("a range bound with more values than there are clustering columns"))?;
        read_values(&mut cursor, lengths, clustering)?;
    } else if head.extended & IS_STATIC == 0 {
        read_values(&mut cursor, &layout.clustering, clustering)?;
    }
    head.body = cursor.vint()?;
    head.len = cursor.position();
    Ok(head)
}

/// Values of a clustering: for each 32 a vint of two bits a value (1 empty, 2 null), then those that have bytes.
#[inline]
fn read_values(cursor: &mut Cursor<'_>, lengths: &[Length], out: &mut Vec<Span>) -> Result<(), HeadError> {
    let mut bits = 0;
    for (i, length) in lengths.iter().enumerate() {
        if i % 32 == 0 {
            bits = cursor.vint()?;
        }
        let state = bits & 3;
        bits >>= 2;
        let span = match state {
            0 => {
                let len = match *length {
                    Length::Fixed(n) => n as usize,
                    Length::Vint => cursor.vint_len()?,
                };
                let start = cursor.position() as u32;
                cursor.skip(len)?;
                Span { start, len: len as u32 }
            }
            1 => Span { start: cursor.position() as u32, len: 0 },
            _ => Span::NULL,
        };
        out.push(span);
    }
    Ok(())
}
