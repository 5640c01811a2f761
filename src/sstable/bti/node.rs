//! One node of a trie. Follows org.apache.cassandra.io.tries.TrieNode.
//!
//! ```text
//!   u4 type │ u4 payload flags (the distance in type 1, its top bits in type 3) │ transitions │ payload
//!
//!    0 payload only
//!    1 single, 4-bit distance, no payload    u8 byte            2 single    u8 byte │ u8 distance
//!    3 single, 12-bit distance, no payload   u8 low bits │ u8 byte
//!    4 single    u8 byte │ u16 distance
//!    5 to 9      sparse    u8 count │ count * u8 byte │ count * distance of 8, 12, 16, 24, 40 bits
//!   10 to 15     dense     u8 first byte │ u8 count - 1 │ count * distance of 12, 16, 24, 32, 40, 64 bits; 0 is none
//! ```
//!
//! Distances lead backwards from the node's own position: children stand before their parents. 12-bit ones are packed,
//! two in three bytes.

use crate::error::{Error, Result};

/// A node, looked at in the page that holds it.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    /// From the node's first byte to the end of its page.
    bytes: &'a [u8],
    position: u64,
    layout: Layout,
    /// Number of children that can be asked for.
    range: usize,
    /// Where the payload begins.
    end: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Leaf,
    /// Where the byte is.
    Single(u8),
    Sparse,
    Dense,
}

/// Bits a distance, by type.
const BITS: [usize; 16] = [0, 4, 8, 12, 16, 8, 12, 16, 24, 40, 12, 16, 24, 32, 40, 64];

impl<'a> Node<'a> {
    pub(super) fn read(bytes: &'a [u8], position: u64) -> Result<Node<'a>> {
        let cut = || Error::corrupt("a trie node crosses the end of its page").at(position);
        let at = |i: usize| bytes.get(i).map(|&b| usize::from(b)).ok_or_else(cut);
        let kind = at(0)? >> 4;
        let (layout, range, end) = match kind {
            0 => (Layout::Leaf, 0, 1),
            1 => (Layout::Single(1), 1, 2),
            3 => (Layout::Single(2), 1, 3),
            2 | 4 => (Layout::Single(1), 1, 2 + BITS[kind] / 8),
            5..=9 => {
                let count = at(1)?;
                (Layout::Sparse, count, 2 + count + (BITS[kind] * count).div_ceil(8))
            }
            _ => {
                let count = at(2)? + 1;
                (Layout::Dense, count, 3 + (BITS[kind] * count).div_ceil(8))
            }
        };
        if end > bytes.len() {
            return Err(cut());
        }
        Ok(Node { bytes, position, layout, range, end })
    }

    fn kind(&self) -> usize {
        usize::from(self.bytes[0] >> 4)
    }

    /// 0 when there is no payload.
    pub(super) fn payload_flags(&self) -> u8 {
        if matches!(self.kind(), 1 | 3) { 0 } else { self.bytes[0] & 15 }
    }

    /// What stands behind the node; how much of it is payload only its reader knows.
    pub(super) fn payload(&self) -> &'a [u8] {
        &self.bytes[self.end..]
    }

    pub(super) fn range(&self) -> usize {
        self.range
    }

    /// The child for a byte of the key, or where it would be among the children. Past the key's end (`None`) that is
    /// before all.
    pub(super) fn search(&self, byte: Option<u8>) -> std::result::Result<usize, usize> {
        let Some(byte) = byte else { return Err(0) };
        match self.layout {
            Layout::Leaf => Err(0),
            Layout::Single(at) => match byte.cmp(&self.bytes[usize::from(at)]) {
                std::cmp::Ordering::Less => Err(0),
                std::cmp::Ordering::Equal => Ok(0),
                std::cmp::Ordering::Greater => Err(1),
            },
            Layout::Sparse => self.bytes[2..2 + self.range].binary_search(&byte),
            Layout::Dense => match usize::from(byte).checked_sub(usize::from(self.bytes[1])) {
                None => Err(0),
                Some(i) if i >= self.range => Err(self.range),
                Some(i) if self.distance(i) == 0 => Err(i),
                Some(i) => Ok(i),
            },
        }
    }

    fn distance(&self, i: usize) -> u64 {
        let kind = self.kind();
        let table = match self.layout {
            Layout::Leaf => return 0,
            Layout::Single(_) if kind == 1 => return u64::from(self.bytes[0] & 15),
            Layout::Single(_) if kind == 3 => return u64::from(self.bytes[0] & 15) << 8 | u64::from(self.bytes[1]),
            Layout::Single(_) => 2,
            Layout::Sparse => 2 + self.range,
            Layout::Dense => 3,
        };
        if BITS[kind] == 12 {
            let at = table + 3 * i / 2;
            let word = u64::from(self.bytes[at]) << 8 | u64::from(self.bytes[at + 1]);
            return if i.is_multiple_of(2) { word >> 4 } else { word & 0xfff };
        }
        let width = BITS[kind] / 8;
        let at = table + i * width;
        self.bytes[at..at + width].iter().fold(0, |value, &b| value << 8 | u64::from(b))
    }

    /// Position of a child; `None` for the gaps of a dense node.
    pub(super) fn child(&self, i: usize) -> Result<Option<u64>> {
        if i >= self.range {
            return Ok(None);
        }
        match self.distance(i) {
            0 if self.layout == Layout::Dense => Ok(None),
            0 => Err(Error::corrupt("a trie node is its own child").at(self.position)),
            distance => match self.position.checked_sub(distance) {
                Some(position) => Ok(Some(position)),
                None => Err(Error::corrupt("a trie node has a child before the start of the file").at(self.position)),
            },
        }
    }
}

/// SizedInts.read: a signed big-endian number of up to 8 bytes.
pub(super) fn sized_int(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |value, &b| value << 8 | i64::from(b))
}
