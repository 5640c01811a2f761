//! Finding partitions, and rows in large partitions, by key: one face for both index formats.

use std::path::PathBuf;
use std::sync::Arc;

use super::big::{BigEntries, BigIndex, BigRows, Summary};
use super::bti::{BtiEntries, BtiIndex, BtiRows};
use super::compression::DataSource;
use super::descriptor::{Component, Descriptor};
use super::prefix::{Bound, ClusteringPrefix, ClusteringTypes};
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Kind, Result};
use crate::rows::{BoundKind, DeletionTime, Span};
use crate::storage::{Open, Source, open_file};

/// Where a partition is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexEntry {
    /// The partition key as serialized.
    pub key: Vec<u8>,
    /// Of the partition in Data.db, uncompressed.
    pub position: u64,
    /// For partitions of several blocks.
    pub row_index: Option<RowIndexHandle>,
    /// The partition's deletion, when the index knows it.
    pub deletion: Option<DeletionTime>,
}

/// Where a partition's row index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowIndexHandle {
    /// In Index.db.
    Big {
        /// Of the first block's entry in Index.db.
        start: u64,
        /// Bytes of the entries and of the table of their offsets behind them.
        length: u64,
        /// How many blocks: at least two.
        blocks: u32,
    },
    /// In Rows.db.
    Bti {
        /// Of the trie's root in Rows.db.
        root: u64,
        /// How many blocks: at least two.
        blocks: u32,
    },
}

impl RowIndexHandle {
    /// How many blocks the partition has.
    pub fn blocks(&self) -> u32 {
        match *self {
            RowIndexHandle::Big { blocks, .. } | RowIndexHandle::Bti { blocks, .. } => blocks,
        }
    }
}

/// A stretch of a partition's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowBlock {
    /// Of its first row or marker, counted from the start of the partition in Data.db.
    pub offset: u64,
    /// The range tombstone that is open where it begins.
    pub open_marker: Option<DeletionTime>,
}

/// A clustering prefix by its values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) kind: Option<BoundKind>,
    pub(super) values: Vec<Option<Vec<u8>>>,
}

/// What Index.db says of a block beside where it begins.
pub(super) struct Edges {
    pub(super) first: Edge,
    pub(super) last: Edge,
    pub(super) width: i64,
    pub(super) end_open_marker: Option<DeletionTime>,
}

impl Edge {
    pub(super) fn of(prefix: &ClusteringPrefix<'_>) -> Edge {
        let value = |span: &Span| (!span.is_null()).then(|| span.of(prefix.bytes).to_vec());
        Edge { kind: prefix.kind, values: prefix.values.iter().map(value).collect() }
    }
}

/// A file and its path, for errors.
pub type Named = (Source, PathBuf);

fn optional(open: Open<'_>, descriptor: &Descriptor, component: Component) -> Result<Option<Named>> {
    let path = descriptor.component(component);
    match open(&path) {
        Ok(file) => Ok(Some((file, path))),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The partition index of an SSTable. Cheap to clone.
#[derive(Clone)]
pub enum PartitionIndex {
    /// Index.db and Summary.db.
    Big(BigIndex),
    /// Partitions.db and Rows.db.
    Bti(BtiIndex),
}

impl PartitionIndex {
    /// Opens the index of an SSTable. `None` when it has none, as a file or at all: its partitions can then be found by
    /// reading the data. What is missing or damaged without keeping the index from being used is put into `notes`.
    pub fn open(
        descriptor: &Descriptor,
        data: &Arc<DataSource>,
        order: &KeyOrder,
        notes: &mut Vec<String>,
    ) -> Result<Option<PartitionIndex>> {
        Self::open_through(&open_file, descriptor, data, order, notes)
    }

    pub(super) fn open_through(
        open: Open<'_>,
        descriptor: &Descriptor,
        data: &Arc<DataSource>,
        order: &KeyOrder,
        notes: &mut Vec<String>,
    ) -> Result<Option<PartitionIndex>> {
        let version = descriptor.version;
        let main = if version.is_bti() { Component::Partitions } else { Component::Index };
        let Some(source) = optional(open, descriptor, main)? else {
            notes.push(format!(
                "{}: missing, partitions are found by reading the data",
                descriptor.component(main).display()
            ));
            return Ok(None);
        };
        if version.is_bti() {
            let rows = optional(open, descriptor, Component::Rows)?;
            let data = (data.clone(), descriptor.component(Component::Data));
            let index = BtiIndex::open(source, rows, data, order.clone(), version)?;
            return Ok(Some(PartitionIndex::Bti(index)));
        }
        let summary = match optional(open, descriptor, Component::Summary)? {
            Some((summary, path)) => match Summary::open(summary, &path) {
                Ok(summary) => Some(summary),
                Err(e) => {
                    notes.push(format!("{e}: not used, the index was read instead"));
                    None
                }
            },
            None => {
                let path = descriptor.component(Component::Summary);
                notes.push(format!("{}: missing, the index was read instead", path.display()));
                None
            }
        };
        Ok(Some(PartitionIndex::Big(BigIndex::open(source, summary, order.clone(), version)?)))
    }

    /// Finds a partition; `false` when the SSTable does not have it. Reuses the memory of `entry`.
    pub fn lookup(&self, key: &DecoratedKey, entry: &mut IndexEntry) -> Result<bool> {
        match self {
            PartitionIndex::Big(index) => index.lookup(key, entry),
            PartitionIndex::Bti(index) => index.lookup(key, entry),
        }
    }

    /// All partitions in order, or those from the first that is not before `from`.
    pub fn iter_from(&self, from: Option<&DecoratedKey>) -> Result<IndexIter> {
        Ok(match self {
            PartitionIndex::Big(index) => IndexIter::Big(index.iter_from(from)?),
            PartitionIndex::Bti(index) => IndexIter::Bti(index.iter_from(from)?),
        })
    }

    /// The first and the last key.
    pub fn first_last(&self) -> (&[u8], &[u8]) {
        match self {
            PartitionIndex::Big(index) => index.first_last(),
            PartitionIndex::Bti(index) => index.first_last(),
        }
    }

    /// The number of partitions: exact for tries, else from the number of samples.
    pub fn estimated_keys(&self) -> u64 {
        match self {
            PartitionIndex::Big(index) => index.estimated_keys(),
            PartitionIndex::Bti(index) => index.keys(),
        }
    }

    /// Opens the row index of a partition.
    pub fn rows(&self, handle: RowIndexHandle, types: &Arc<ClusteringTypes>) -> Result<RowIndex> {
        match (self, handle) {
            (PartitionIndex::Big(index), RowIndexHandle::Big { start, length, blocks }) => {
                index.rows(start, length, blocks, types).map(RowIndex::Big)
            }
            (PartitionIndex::Bti(index), RowIndexHandle::Bti { root, .. }) => {
                index.rows(root, types).map(RowIndex::Bti)
            }
            _ => Err(Error::invalid("the row index is of another SSTable")),
        }
    }
}

/// Streams the entries of a partition index.
pub enum IndexIter {
    /// Of Index.db.
    Big(BigEntries),
    /// Of Partitions.db.
    Bti(BtiEntries),
}

impl IndexIter {
    /// The next entry; `false` at the end. Reuses the memory of `entry`.
    pub fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        match self {
            IndexIter::Big(entries) => entries.next_entry(entry),
            IndexIter::Bti(entries) => entries.next_entry(entry),
        }
    }
}

impl IndexIter {
    /// Where in its file the next entry is, where entries stand one behind the other.
    pub(super) fn offset(&self) -> Option<u64> {
        match self {
            IndexIter::Big(entries) => Some(entries.offset()),
            IndexIter::Bti(_) => None,
        }
    }

    /// Bytes before the rows of the partition that came last, where its entry says it.
    pub(super) fn head(&self) -> Option<u64> {
        match self {
            IndexIter::Big(entries) => entries.head(),
            IndexIter::Bti(_) => None,
        }
    }

    /// Whether more may come behind an error, without [`IndexIter::resume_at`].
    pub(super) fn goes_on(&self) -> bool {
        matches!(self, IndexIter::Bti(entries) if entries.goes_on())
    }

    pub(super) fn resume_at(&mut self, offset: u64) {
        if let IndexIter::Big(entries) = self {
            entries.resume_at(offset);
        }
    }
}

/// The blocks of one partition, with a place among them: between two blocks, first before all.
pub enum RowIndex {
    /// Of Index.db.
    Big(BigRows),
    /// Of Rows.db.
    Bti(BtiRows),
}

impl RowIndex {
    /// The block to start at for everything from `bound` on: nothing before it can be at or behind the bound. `None`:
    /// start with the partition's first row. The place is then behind this block.
    pub fn block_at_or_before(&mut self, bound: &Bound<'_>) -> Result<Option<RowBlock>> {
        let found = match self {
            RowIndex::Big(rows) => rows.block_at_or_before(bound),
            RowIndex::Bti(rows) => rows.block_at_or_before(bound),
        };
        found.map_err(|e| self.locate(e))
    }

    /// The last block that can have anything before `bound`, or of all: to read backwards from. The place is then
    /// before this block.
    pub fn last_block_before(&mut self, bound: Option<&Bound<'_>>) -> Result<Option<RowBlock>> {
        let found = match self {
            RowIndex::Big(rows) => rows.last_block_before(bound),
            RowIndex::Bti(rows) => rows.last_block_before(bound),
        };
        found.map_err(|e| self.locate(e))
    }

    /// The block behind the place, which moves behind it.
    pub fn next_block(&mut self) -> Result<Option<RowBlock>> {
        let found = match self {
            RowIndex::Big(rows) => rows.next_block(),
            RowIndex::Bti(rows) => rows.next_block(),
        };
        found.map_err(|e| self.locate(e))
    }

    /// The block before the place, which moves before it.
    pub fn previous_block(&mut self) -> Result<Option<RowBlock>> {
        let found = match self {
            RowIndex::Big(rows) => rows.previous_block(),
            RowIndex::Bti(rows) => rows.previous_block(),
        };
        found.map_err(|e| self.locate(e))
    }

    /// What is known of a block beside its beginning.
    pub(super) fn edges(&mut self, i: u32) -> Result<Option<Edges>> {
        match self {
            RowIndex::Big(rows) => rows.edges(i).map(Some).map_err(|e| rows.locate(e)),
            RowIndex::Bti(_) => Ok(None),
        }
    }

    /// Where the rows end, counted from the start of the partition.
    pub(super) fn end(&self) -> Option<u64> {
        match self {
            RowIndex::Big(_) => None,
            RowIndex::Bti(rows) => Some(rows.end()),
        }
    }

    fn locate(&self, error: Error) -> Error {
        match self {
            RowIndex::Big(rows) => rows.locate(error),
            RowIndex::Bti(rows) => rows.locate(error),
        }
    }
}
