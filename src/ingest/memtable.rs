//! Changes in memory, in the order in which they came, sorted when they are read.

use std::cmp::Ordering;
use std::sync::Arc;

use super::range_record;
use super::record::{self, Fields};
use super::sorted::Sorted;
use crate::cql::{DecoratedKey, KeyOrder, Partitioner, Token, Type};
use crate::error::Result;
use crate::rows::{ClusteringOrder, DeletionTime, RangeBound, Row, Sink};
use crate::schema::Table;
use crate::sstable::HeaderBuilder;

/// What a change is of; in this order in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Deletion,
    Static,
    Range,
    Row,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Of the token and of the first clustering value: what decides most comparisons.
    token_prefix: u64,
    clustering_prefix: u64,
    /// Number of the key among the memtable's.
    pub(super) key: u32,
    pub(super) kind: Kind,
    /// Where the record lies. A later change has a later place.
    pub(super) start: u64,
    pub(super) len: u32,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    token: Token,
    start: u64,
    len: u32,
}

/// A prefix whose order is that of the values as far as it goes: equal where only the whole values tell.
#[derive(Debug, Clone, Copy)]
enum Prefix {
    /// Two's complement of so many bytes.
    Signed(usize),
    Bytes,
    None,
}

impl Prefix {
    fn of(ty: &Type) -> Prefix {
        match ty {
            Type::Int => Prefix::Signed(4),
            Type::BigInt | Type::Timestamp => Prefix::Signed(8),
            Type::Text | Type::Ascii | Type::Blob | Type::Date => Prefix::Bytes,
            _ => Prefix::None,
        }
    }

    #[inline]
    fn take(self, value: &[u8]) -> u64 {
        let mut prefix = [0; 8];
        match self {
            Prefix::Signed(length) if value.len() == length => {
                prefix[..length].copy_from_slice(value);
                u64::from_be_bytes(prefix) ^ (1 << 63)
            }
            Prefix::Bytes => {
                let length = value.len().min(8);
                prefix[..length].copy_from_slice(&value[..length]);
                u64::from_be_bytes(prefix)
            }
            // Of another length than its type says: before all others.
            Prefix::Signed(_) | Prefix::None => 0,
        }
    }
}

/// Takes changes until it is full, then gives them as a stream of partitions.
pub struct Memtable {
    table: Arc<Table>,
    keys: KeyOrder,
    order: ClusteringOrder,
    first_clustering: Option<(Prefix, bool)>,
    arena: Vec<u8>,
    partitions: Vec<Key>,
    entries: Vec<Entry>,
    is_sorted: bool,
    header: HeaderBuilder,
}

impl Memtable {
    /// An empty one, for rows of the table.
    pub fn new(table: &Arc<Table>) -> Self {
        Memtable {
            keys: KeyOrder::new(table.partitioner, &table.partition_key_type()),
            order: ClusteringOrder::new(&table.clustering),
            first_clustering: table.clustering.first().map(|c| (Prefix::of(&c.ty), c.reversed)),
            table: table.clone(),
            arena: Vec::new(),
            partitions: Vec::new(),
            entries: Vec::new(),
            is_sorted: true,
            header: HeaderBuilder::new(table),
        }
    }

    /// The table whose rows it takes.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The order in which its partitions will be written.
    pub fn key_order(&self) -> &KeyOrder {
        &self.keys
    }

    /// Whether it has no changes.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.arena.len() + self.entries.len() * size_of::<Entry>() + self.partitions.len() * size_of::<Key>()
    }

    /// What the header of an SSTable with these changes has to say.
    pub fn header(&self) -> &HeaderBuilder {
        &self.header
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.partitions.clear();
        self.entries.clear();
        self.is_sorted = true;
        self.header = HeaderBuilder::new(&self.table);
    }

    /// The partitions, in order. Rows that were changed several times are merged.
    pub fn sorted(&mut self) -> Sorted<'_> {
        if !self.is_sorted {
            let mut entries = std::mem::take(&mut self.entries);
            entries.sort_unstable_by(|a, b| self.compare(a, b));
            self.entries = entries;
            self.is_sorted = true;
        }
        Sorted::new(self)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn order(&self) -> &ClusteringOrder {
        &self.order
    }

    pub(super) fn record(&self, entry: &Entry) -> &[u8] {
        self.arena.get(entry.start as usize..entry.start as usize + entry.len as usize).unwrap_or(&[])
    }

    pub(super) fn key(&self, number: u32) -> (Token, &[u8]) {
        let key = &self.partitions[number as usize];
        (key.token, self.arena.get(key.start as usize..key.start as usize + key.len as usize).unwrap_or(&[]))
    }

    pub(super) fn same_key(&self, a: &Entry, b: &Entry) -> bool {
        a.key == b.key || a.token_prefix == b.token_prefix && self.key(a.key).1 == self.key(b.key).1
    }

    pub(super) fn same_row(&self, a: &Entry, b: &Entry) -> bool {
        a.clustering_prefix == b.clustering_prefix && self.compare_clustering(a, b).is_eq()
    }

    fn compare_clustering(&self, a: &Entry, b: &Entry) -> Ordering {
        let (mut left, mut right) = (Fields::new(self.record(a)), Fields::new(self.record(b)));
        self.order.compare_values(|| left.value(), || right.value())
    }

    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        let by_key = || match a.key == b.key {
            true => Ordering::Equal,
            false => self.keys.compare_raw(self.key(a.key), self.key(b.key)),
        };
        let by_row = || match a.kind {
            Kind::Row => a.clustering_prefix.cmp(&b.clustering_prefix).then_with(|| self.compare_clustering(a, b)),
            _ => Ordering::Equal,
        };
        a.token_prefix
            .cmp(&b.token_prefix)
            .then_with(by_key)
            .then_with(|| a.kind.cmp(&b.kind))
            .then_with(by_row)
            .then_with(|| a.start.cmp(&b.start))
    }

    fn token_prefix(&self, token: Token) -> u64 {
        match (self.table.partitioner, token) {
            (Partitioner::Murmur3, Token::Murmur3(token)) => (token as u64) ^ (1 << 63),
            (Partitioner::Random, Token::Random(token)) => (token >> 64) as u64,
            _ => 0,
        }
    }

    /// Makes the key the last one, and gives its number and the prefix of its token.
    fn number(&mut self, key: &[u8]) -> (u32, u64) {
        if let (Some(last), Some(entry)) = (self.partitions.len().checked_sub(1), self.entries.last())
            && self.key(last as u32).1 == key
            && entry.key == last as u32
        {
            return (entry.key, entry.token_prefix);
        }
        let token = self.keys.token(key);
        self.partitions.push(Key { token, start: self.arena.len() as u64, len: key.len() as u32 });
        self.arena.extend_from_slice(key);
        (self.partitions.len() as u32 - 1, self.token_prefix(token))
    }

    fn push(&mut self, (key, token_prefix): (u32, u64), kind: Kind, start: usize, clustering_prefix: u64) {
        let len = (self.arena.len() - start) as u32;
        let entry = Entry { token_prefix, clustering_prefix, key, kind, start: start as u64, len };
        if let Some(last) = self.entries.last() {
            self.is_sorted = self.is_sorted && self.compare(last, &entry).is_lt();
        }
        self.entries.push(entry);
    }
}

impl Sink for Memtable {
    fn partition_deletion(&mut self, key: &[u8], deletion: DeletionTime) -> Result<()> {
        self.header.deletion(&deletion);
        let key = self.number(key);
        let start = self.arena.len();
        range_record::write_deletion(deletion, &mut self.arena);
        self.push(key, Kind::Deletion, start, 0);
        Ok(())
    }

    fn static_row(&mut self, key: &[u8], row: &Row) -> Result<()> {
        self.header.static_row(row);
        let key = self.number(key);
        let start = self.arena.len();
        record::write(row, &mut self.arena);
        self.push(key, Kind::Static, start, 0);
        Ok(())
    }

    fn row(&mut self, key: &[u8], row: &Row) -> Result<()> {
        self.header.row(row);
        let key = self.number(key);
        let start = self.arena.len();
        record::write(row, &mut self.arena);
        let prefix = match (self.first_clustering, row.clustering_value(0)) {
            (Some((prefix, reversed)), Some(value)) => {
                let taken = prefix.take(value);
                match (prefix, reversed) {
                    (Prefix::None, _) | (_, false) => taken,
                    (_, true) => !taken,
                }
            }
            _ => 0,
        };
        self.push(key, Kind::Row, start, prefix);
        Ok(())
    }

    fn range_tombstone(
        &mut self,
        key: &[u8],
        start: &RangeBound,
        end: &RangeBound,
        deletion: DeletionTime,
    ) -> Result<()> {
        self.header.deletion(&deletion);
        let key = self.number(key);
        let from = self.arena.len();
        range_record::write(start, end, deletion, &mut self.arena);
        self.push(key, Kind::Range, from, 0);
        Ok(())
    }
}

/// The key with its token, in reused memory.
pub(super) fn set_key(out: &mut DecoratedKey, (token, key): (Token, &[u8])) {
    out.token = token;
    out.key.clear();
    out.key.extend_from_slice(key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cql::Comparator;

    #[test]
    fn prefixes_agree_with_the_order_of_their_types() {
        let numbers = |n: &[i64]| n.iter().map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>();
        let ints = |n: &[i32]| n.iter().map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>();
        let texts = ["", "a", "ab", "abcdefgh", "abcdefghi", "b", "\u{e9}", "abcdefg\0"];
        let texts = texts.map(|t| t.as_bytes().to_vec()).to_vec();
        let long = numbers(&[0, 1, -1, i64::MIN, i64::MAX, 1 << 40, -(1 << 40)]);
        let int = ints(&[0, 1, -1, i32::MIN, i32::MAX, 1 << 20]);
        let cases = [
            (Type::BigInt, long.clone()),
            (Type::Timestamp, long.clone()),
            (Type::Int, int.clone()),
            (Type::Date, int),
            (Type::Text, texts.clone()),
            (Type::Blob, texts),
            (Type::Varint, long),
        ];
        for (ty, mut values) in cases {
            values.push(Vec::new());
            let (prefix, order) = (Prefix::of(&ty), Comparator::new(&ty, false));
            for a in &values {
                for b in &values {
                    let ordering = prefix.take(a).cmp(&prefix.take(b));
                    assert!(ordering.is_eq() || ordering == order.compare(a, b), "{ty:?} {a:?} {b:?}");
                }
            }
        }
    }
}
