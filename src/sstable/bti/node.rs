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

/// The furthest distance that each column of the tables below is for.
const FURTHEST: [u64; 7] = [0xf, 0xff, 0xfff, 0xffff, 0xff_ffff, 0xffff_ffff, 0xff_ffff_ffff];
const SINGLE: [u8; 8] = [1, 2, 3, 4, 12, 13, 14, 15];
const SPARSE: [u8; 8] = [5, 5, 6, 7, 8, 9, 9, 15];
const DENSE: [u8; 8] = [10, 10, 10, 11, 12, 13, 14, 15];

/// A node's type and what of its size comes from that: all but the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    kind: u8,
    pub(super) size: usize,
}

impl Shape {
    fn new(kind: u8, count: usize, range: usize) -> Shape {
        let bits = BITS[usize::from(kind)];
        let size = match kind {
            0 => 1,
            1 => 2,
            3 => 3,
            2 | 4 => 2 + bits / 8,
            5..=9 => 2 + count + (bits * count).div_ceil(8),
            _ => 3 + (bits * range).div_ceil(8),
        };
        Shape { kind, size }
    }

    /// The smallest node for `count` children with bytes from `first` to `last` (TrieNode.typeFor).
    pub(super) fn choose(count: usize, (first, last): (u8, u8), furthest: u64, payload: bool) -> Shape {
        let range = usize::from(last.saturating_sub(first)) + 1;
        let mut i = FURTHEST.iter().position(|&limit| furthest <= limit).unwrap_or(FURTHEST.len());
        match count {
            0 => Shape::new(0, 0, 0),
            1 => {
                // The types 1 and 3 have no room for the flags of a payload.
                if payload && matches!(i, 0 | 2) {
                    i += 1;
                }
                Shape::new(SINGLE[i], 1, 1)
            }
            _ => {
                let (sparse, dense) = (Shape::new(SPARSE[i], count, range), Shape::new(DENSE[i], count, range));
                if sparse.size < dense.size { sparse } else { dense }
            }
        }
    }

    /// Appends the node without its payload. `children`: byte and distance of each, ascending by byte.
    pub(super) fn write(self, flags: u8, children: &[(u8, u64)], out: &mut Vec<u8>) {
        let head = self.kind << 4;
        let bits = BITS[usize::from(self.kind)];
        let (Some(&(first, distance)), Some(&(last, _))) = (children.first(), children.last()) else {
            out.push(head | flags);
            return;
        };
        match self.kind {
            1 => out.extend([head | distance as u8, first]),
            3 => out.extend([head | (distance >> 8) as u8, distance as u8, first]),
            2 | 4 => {
                out.extend([head | flags, first]);
                pack(bits, [distance].into_iter(), out);
            }
            5..=9 => {
                out.extend([head | flags, children.len() as u8]);
                out.extend(children.iter().map(|&(byte, _)| byte));
                pack(bits, children.iter().map(|&(_, distance)| distance), out);
            }
            _ => {
                out.extend([head | flags, first, last - first]);
                let mut next = children.iter().peekable();
                let distances = (first..=last).map(|byte| next.next_if(|c| c.0 == byte).map_or(0, |c| c.1));
                pack(bits, distances, out);
            }
        }
    }
}

/// Appends numbers of `bits` each, a half byte at the end filled up with zeroes.
fn pack(bits: usize, mut numbers: impl Iterator<Item = u64>, out: &mut Vec<u8>) {
    if bits != 12 {
        return numbers.for_each(|number| out.extend_from_slice(&number.to_be_bytes()[8 - bits / 8..]));
    }
    while let Some(one) = numbers.next() {
        match numbers.next() {
            Some(two) => out.extend([(one >> 4) as u8, (one << 4 | two >> 8) as u8, two as u8]),
            None => out.extend([(one >> 4) as u8, (one << 4) as u8]),
        }
    }
}

/// SizedInts.nonZeroSize: bytes of a signed number, 1 to 8.
pub(super) fn sized_int_len(value: i64) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    (64 - magnitude.leading_zeros() as usize + 1).div_ceil(8)
}

/// Appends the last `len` bytes of a number.
pub(super) fn write_sized_int(value: i64, len: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes()[8 - len..]);
}

/// SizedInts.read: a signed big-endian number of up to 8 bytes.
pub(super) fn sized_int(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |value, &b| value << 8 | i64::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_every_type_are_read_as_they_were_written() {
        let mut kinds = [false; 16];
        for furthest in [1, 0xf, 0x10, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 1 << 16, 1 << 24, 1 << 32, 1 << 40, 1 << 50]
        {
            for bytes in [vec![], vec![7], vec![0, 255], vec![3, 4, 9], (10..=200).collect(), (0..=255u8).collect()] {
                for payload in [false, true] {
                    let distance = |i: usize| if i == 0 { furthest } else { (furthest + i as u64) / 2 };
                    let children: Vec<_> = bytes.iter().enumerate().map(|(i, &b)| (b, distance(i))).collect();
                    let ends = (*bytes.first().unwrap_or(&0), *bytes.last().unwrap_or(&0));
                    let shape = Shape::choose(bytes.len(), ends, furthest, payload);
                    kinds[usize::from(shape.kind)] = true;
                    let mut out = Vec::new();
                    shape.write(if payload { 5 } else { 0 }, &children, &mut out);
                    assert_eq!(out.len(), shape.size);
                    let position = 1 << 60;
                    let node = Node::read(&out, position).unwrap();
                    assert_eq!((node.payload_flags(), node.payload()), (if payload { 5 } else { 0 }, &[][..]));
                    for byte in 0..=255 {
                        let found = node.search(Some(byte)).ok().map(|i| node.child(i).unwrap().unwrap());
                        let expected = children.iter().find(|c| c.0 == byte).map(|c| position - c.1);
                        assert_eq!(found, expected, "{shape:?} {byte}");
                    }
                }
            }
        }
        assert_eq!(kinds, [true; 16]);
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        for (value, len) in [(0, 1), (127, 1), (128, 2), (-1, 1), (-128, 1), (-129, 2), (i64::MIN, 8), (i64::MAX, 8)] {
            assert_eq!(sized_int_len(value), len, "{value}");
            let mut out = Vec::new();
            write_sized_int(value, len, &mut out);
            assert_eq!((out.len(), sized_int(&out)), (len, value));
        }
    }
}
