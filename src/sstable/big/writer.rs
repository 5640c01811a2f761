//! Writes Index.db and Summary.db. Follows org.apache.cassandra.io.sstable.format.big.BigTableWriter.IndexWriter.

use std::sync::Arc;

use super::entry::write_entry;
use super::rows::BlocksWriter;
use super::summary::SummaryWriter;
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::index_writer::Block;
use crate::sstable::prefix::ClusteringTypes;
use crate::sstable::version::Version;
use crate::storage::Buffered;

pub(in crate::sstable) struct BigIndexWriter {
    index: Buffered,
    summary: Buffered,
    samples: SummaryWriter,
    blocks: BlocksWriter,
    types: Arc<ClusteringTypes>,
    version: Version,
    first: Option<Vec<u8>>,
    last: Vec<u8>,
}

impl BigIndexWriter {
    pub(in crate::sstable) fn new(
        index: Buffered,
        summary: Buffered,
        min_index_interval: u32,
        types: Arc<ClusteringTypes>,
        version: Version,
    ) -> BigIndexWriter {
        let samples = SummaryWriter::new(min_index_interval);
        let blocks = BlocksWriter::default();
        BigIndexWriter { index, summary, samples, blocks, types, version, first: None, last: Vec::new() }
    }

    /// A block that ends `length` bytes behind its start, where `open` is open.
    pub(in crate::sstable) fn block(&mut self, block: &Block, length: u64, open: &DeletionTime) -> Result<()> {
        self.blocks.add(block, length, open, &self.types, self.version)
    }

    /// The partition at `position` of Data.db, `head` bytes of it before its rows, whose blocks were given.
    pub(in crate::sstable) fn partition(
        &mut self,
        key: &[u8],
        position: u64,
        head: u64,
        deletion: &DeletionTime,
    ) -> Result<()> {
        self.samples.add(key, self.index.position());
        let rows = (self.blocks.count() > 1).then_some((head, deletion, &self.blocks));
        write_entry(key, position, rows, self.version, self.index.buffer())?;
        self.index.pass_on()?;
        self.blocks.clear();
        if self.first.is_none() {
            self.first = Some(key.to_vec());
        }
        self.last.clear();
        self.last.extend_from_slice(key);
        Ok(())
    }

    pub(in crate::sstable) fn finish(mut self) -> Result<()> {
        let first = self.first.ok_or_else(|| Error::invalid("an SSTable without partitions can't be written"))?;
        self.index.finish()?;
        self.samples.finish(&first, &self.last, &mut self.summary)?;
        self.summary.finish()?;
        Ok(())
    }
}
