//! Writes the partition index and the row indexes: one face for both formats. Follows
//! org.apache.cassandra.io.sstable.format.SortedTablePartitionWriter, BigFormatPartitionWriter and BtiFormatPartitionWriter.
//!
//! The rows and markers of a partition are cut into blocks: one is full with the unfiltered that brings it to the column
//! index size. A partition of one block has no row index.

use std::sync::Arc;

use super::big::BigIndexWriter;
use super::bti::BtiIndexWriter;
use super::descriptor::Component;
use super::prefix::{ClusteringPrefix, ClusteringTypes, PrefixBuffer};
use super::version::{Format, Version};
use crate::cql::{DecoratedKey, KeyOrder, Token};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::storage::{Buffered, Output};

/// What the indexes of an SSTable depend on beside its data.
#[derive(Clone)]
pub struct IndexParameters {
    /// The version that is written.
    pub version: Version,
    /// The order of the keys.
    pub order: KeyOrder,
    /// Types of the clustering columns.
    pub types: Arc<ClusteringTypes>,
    /// cassandra.yaml's column_index_size; [`IndexParameters::default_block_size`] where it has none.
    pub block_size: u64,
    /// The table's option min_index_interval.
    pub min_index_interval: u32,
}

impl IndexParameters {
    /// DEFAULT_GRANULARITY of BigFormatPartitionWriter and of BtiFormatPartitionWriter.
    pub fn default_block_size(format: Format) -> u64 {
        match format {
            Format::Big => 64 << 10,
            Format::Bti => 16 << 10,
        }
    }
}

/// A stretch of a partition's unfiltereds. Positions count from the partition's start.
#[derive(Default)]
pub(super) struct Block {
    first: PrefixBuffer,
    last: PrefixBuffer,
    start: u64,
    /// Open where it begins.
    open: Option<DeletionTime>,
    /// Has an unfiltered.
    begun: bool,
}

impl Block {
    pub(super) fn first(&self) -> ClusteringPrefix<'_> {
        self.first.get()
    }

    pub(super) fn last(&self) -> ClusteringPrefix<'_> {
        self.last.get()
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn open(&self) -> Option<DeletionTime> {
        self.open
    }
}

/// Is told where each partition, row and marker of Data.db is, in their order.
pub struct IndexWriter {
    files: Files,
    order: KeyOrder,
    block_size: u64,
    /// Has a partition.
    begun: bool,
    key: DecoratedKey,
    /// Of the partition.
    position: u64,
    /// Bytes before its rows.
    head: u64,
    block: Block,
    /// Full ones of the partition.
    blocks: u32,
    /// Open behind the last unfiltered.
    open: Option<DeletionTime>,
}

enum Files {
    Big(Box<BigIndexWriter>),
    Bti(Box<BtiIndexWriter>),
}

impl IndexWriter {
    /// `create` is asked for an empty file for each component that the format has.
    pub fn new(
        parameters: &IndexParameters,
        mut create: impl FnMut(Component) -> Result<Box<dyn Output>>,
    ) -> Result<IndexWriter> {
        let mut file = |component| create(component).map(Buffered::new);
        let IndexParameters { version, order, types, min_index_interval, .. } = parameters;
        let files = match version.format() {
            Format::Big => {
                let (index, summary) = (file(Component::Index)?, file(Component::Summary)?);
                let files = BigIndexWriter::new(index, summary, *min_index_interval, types.clone(), *version);
                Files::Big(Box::new(files))
            }
            Format::Bti => {
                let (partitions, rows) = (file(Component::Partitions)?, file(Component::Rows)?);
                let files = BtiIndexWriter::new(partitions, rows, order.clone(), types.clone(), *version);
                Files::Bti(Box::new(files))
            }
        };
        Ok(IndexWriter {
            files,
            order: order.clone(),
            block_size: parameters.block_size,
            begun: false,
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            blocks: 0,
            position: 0,
            head: 0,
            block: Block::default(),
            open: None,
        })
    }

    /// A partition begins at `position` of Data.db. Its key has to be behind all before it.
    pub fn begin_partition(&mut self, key: &DecoratedKey, position: u64) -> Result<()> {
        if self.begun && self.order.compare(&self.key, key).is_ge() {
            return Err(Error::invalid("partitions are written in another order than that of their keys"));
        }
        self.begun = true;
        self.key.token = key.token;
        self.key.key.clear();
        self.key.key.extend_from_slice(&key.key);
        self.position = position;
        self.head = 0;
        self.open = None;
        self.block.begun = false;
        self.blocks = 0;
        Ok(())
    }

    /// Key, deletion and static row of the partition end before `position`.
    pub fn begin_rows(&mut self, position: u64) {
        self.head = position - self.position;
    }

    /// A row or marker from `start` to before `end`; `open`: the range deletion that is open behind it.
    #[inline]
    pub fn unfiltered(
        &mut self,
        prefix: &ClusteringPrefix<'_>,
        start: u64,
        end: u64,
        open: Option<DeletionTime>,
    ) -> Result<()> {
        let block = &mut self.block;
        if !block.begun {
            block.begun = true;
            block.first.set(prefix);
            block.open = self.open;
            block.start = start - self.position;
        }
        block.last.set(prefix);
        self.open = open.filter(|open| !open.is_live());
        let length = end - self.position - block.start;
        if length >= self.block_size { self.end_block(length) } else { Ok(()) }
    }

    fn end_block(&mut self, length: u64) -> Result<()> {
        self.block.begun = false;
        self.blocks = self.blocks.saturating_add(1);
        match &mut self.files {
            Files::Big(files) => files.block(&self.block, length, &self.open.unwrap_or(DeletionTime::LIVE)),
            Files::Bti(files) => files.block(&self.block),
        }
    }

    /// The partition's last unfiltered ends before `end`, where the flag stands that ends it.
    pub fn end_partition(&mut self, deletion: &DeletionTime, end: u64) -> Result<()> {
        let end = end - self.position;
        if self.block.begun && self.blocks > 0 {
            // Its length has the flag.
            self.end_block(end + 1 - self.block.start)?;
        }
        match &mut self.files {
            Files::Big(files) => files.partition(&self.key.key, self.position, self.head, deletion),
            Files::Bti(files) => files.partition(&self.key, self.position, end, deletion),
        }
    }

    /// Writes what is left, and syncs.
    pub fn finish(self) -> Result<()> {
        match self.files {
            Files::Big(files) => files.finish(),
            Files::Bti(files) => files.finish(),
        }
    }
}
