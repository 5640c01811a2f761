//! Writes Partitions.db and Rows.db. Follows org.apache.cassandra.io.sstable.format.bti.BtiTableWriter.IndexWriter.

use std::sync::Arc;

use super::partitions::{PartitionsWriter, write_rows_entry};
use super::rows::RowsWriter;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::Result;
use crate::rows::DeletionTime;
use crate::sstable::index_writer::Block;
use crate::sstable::prefix::ClusteringTypes;
use crate::sstable::version::Version;
use crate::storage::Buffered;

pub(in crate::sstable) struct BtiIndexWriter {
    partitions: PartitionsWriter,
    rows: Buffered,
    blocks: RowsWriter,
    version: Version,
}

impl BtiIndexWriter {
    pub(in crate::sstable) fn new(
        partitions: Buffered,
        rows: Buffered,
        order: KeyOrder,
        types: Arc<ClusteringTypes>,
        version: Version,
    ) -> BtiIndexWriter {
        let partitions = PartitionsWriter::new(partitions, order);
        BtiIndexWriter { partitions, rows, blocks: RowsWriter::new(types, version), version }
    }

    pub(in crate::sstable) fn block(&mut self, block: &Block) -> Result<()> {
        self.blocks.add(block, &mut self.rows)
    }

    /// The partition at `position` of Data.db whose blocks were given, and whose rows take `end` bytes with its head.
    pub(in crate::sstable) fn partition(
        &mut self,
        key: &DecoratedKey,
        position: u64,
        end: u64,
        deletion: &DeletionTime,
    ) -> Result<()> {
        let blocks = self.blocks.blocks();
        if blocks < 2 {
            self.blocks.reset();
            return self.partitions.add(key, !(position as i64));
        }
        let root = self.blocks.complete(end, &mut self.rows)?;
        let at = self.rows.position();
        write_rows_entry(&key.key, position, (at, root, blocks), deletion, self.version, self.rows.buffer())?;
        self.rows.pass_on()?;
        self.partitions.add(key, at as i64)
    }

    pub(in crate::sstable) fn finish(self) -> Result<()> {
        self.rows.finish()?;
        self.partitions.finish()
    }
}
