//! Runs: a memtable each, or the merge of several runs, as an SSTable that only this process reads, once.

use std::path::PathBuf;
use std::sync::Arc;

use super::memtable::Memtable;
use super::scratch::Unsynced;
use crate::cql::{KeyOrder, Token};
use crate::error::{Error, Kind, Result};
use crate::merge::Merged;
use crate::rows::PartitionStream;
use crate::schema::Table;
use crate::sstable::{
    Component, Descriptor, Entries, HeaderBuilder, IndexEntry, Reader, Scanner, SerializationHeader, SstableId,
    Version, Writer, WriterOptions, Written,
};
use crate::storage::{Disk, Folder};

/// As many runs are merged into one as soon as there are so many: each has buffers while it is read.
const FAN_IN: usize = 64;

struct Run {
    descriptor: Descriptor,
    written: Written,
}

/// Of one table. Dropped, they are removed.
pub(super) struct Runs {
    table: Arc<Table>,
    version: Version,
    scratch: PathBuf,
    folder: Arc<dyn Folder>,
    /// Of all runs.
    header: HeaderBuilder,
    /// Those of one level each were made of so many of the level before.
    levels: Vec<Vec<Run>>,
    made: u32,
}

impl Runs {
    /// `scratch` is an empty folder.
    pub(super) fn new(table: &Arc<Table>, version: Version, scratch: PathBuf, disk: &dyn Disk) -> Self {
        let header = HeaderBuilder::new(table);
        let folder = Arc::new(Unsynced(disk.folder(&scratch)));
        Runs { table: table.clone(), version, scratch, folder, header, levels: Vec::new(), made: 0 }
    }

    /// What the header of an SSTable with all of them has to say.
    pub(super) fn header(&self) -> &HeaderBuilder {
        &self.header
    }

    /// About how many bytes an SSTable with all of them would have without compression.
    pub(super) fn size(&self) -> u64 {
        self.levels.iter().flatten().map(|run| run.written.stored_length).sum()
    }

    pub(super) fn open(&self) -> Result<Vec<Arc<Reader>>> {
        self.levels.iter().flatten().map(|run| self.reader(run)).collect()
    }

    fn reader(&self, run: &Run) -> Result<Arc<Reader>> {
        Reader::open(&run.descriptor, &self.table).map(Arc::new)
    }

    /// Makes a run of what is in the memtable, which is not empty.
    pub(super) fn add(&mut self, memtable: &mut Memtable) -> Result<()> {
        self.header.merge(memtable.header());
        let header = memtable.header().header(&self.table);
        let mut sorted = memtable.sorted();
        let keys = sorted.count();
        let run = self.write(header, keys, &mut sorted)?;
        self.add_run(0, run)
    }

    fn add_run(&mut self, level: usize, run: Run) -> Result<()> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(run);
        if self.levels[level].len() < FAN_IN {
            return Ok(());
        }
        let runs = &self.levels[level];
        let readers = runs.iter().map(|run| self.reader(run)).collect::<Result<Vec<_>>>()?;
        let keys = runs.iter().map(|r| r.written.keys).sum();
        let mut merged = merged(&self.table, &readers)?;
        let header = self.header.header(&self.table);
        let run = self.write(header, keys, &mut merged)?;
        for run in self.levels[level].drain(..) {
            // What stays is removed with the scratch folder.
            let _ = remove(&*self.folder, &run.descriptor);
        }
        self.add_run(level + 1, run)
    }

    /// Neither compressed nor synced.
    fn write(&mut self, header: SerializationHeader, keys: u64, stream: &mut dyn PartitionStream) -> Result<Run> {
        self.made += 1;
        let id = SstableId::Sequence(self.made);
        let descriptor = Descriptor { dir: self.scratch.clone(), version: self.version, id };
        let mut options = WriterOptions::of_table(&self.table, self.version, header, keys)?;
        options.compression = None;
        options.bloom_filter_fp_chance = 1.0;
        let mut writer = Writer::new(self.folder.clone(), &descriptor, &self.table, options)?;
        writer.append_all(stream)?;
        let written = writer.finish()?.ok_or_else(|| Error::invalid("a run of nothing"))?;
        Ok(Run { descriptor, written })
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        for run in self.levels.iter().flatten() {
            let _ = remove(&*self.folder, &run.descriptor);
        }
    }
}

/// All that some SSTables hold, with all tombstones.
pub(super) fn merged(table: &Arc<Table>, readers: &[Arc<Reader>]) -> Result<Merged<Scanner>> {
    let keys = KeyOrder::new(table.partitioner, &table.partition_key_type());
    let streams = readers.iter().map(Reader::scan_all).collect::<Result<Vec<_>>>()?;
    Ok(Merged::new(table, &keys, streams))
}

/// Removes an SSTable, as far as it is there. Without Data.db the rest is nothing, and is only tried.
pub(super) fn remove(folder: &dyn Folder, descriptor: &Descriptor) -> Result<()> {
    let remove = |component: Component| match folder.remove(&format!("{descriptor}-{}", component.name())) {
        Err(e) if e.kind() == Kind::NotFound => Ok(()),
        result => result,
    };
    remove(Component::Data)?;
    for component in Component::ALL {
        let _ = remove(component);
    }
    Ok(())
}

/// How many different keys SSTables have in sum.
pub(super) fn count_keys(readers: &[Arc<Reader>]) -> Result<u64> {
    struct Input {
        entries: Entries,
        entry: IndexEntry,
        token: Token,
    }
    let Some(order) = readers.first().map(|r| r.key_order().clone()) else { return Ok(0) };
    let mut inputs = Vec::new();
    for reader in readers {
        let mut input = Input { entries: reader.index_from(None)?, entry: IndexEntry::default(), token: Token::Key };
        if input.entries.next_entry(&mut input.entry)? {
            input.token = order.token(&input.entry.key);
            inputs.push(input);
        }
    }
    let mut count = 0;
    let mut least = Vec::new();
    while let Some(first) = inputs
        .iter()
        .min_by(|a, b| order.compare_raw((a.token, &a.entry.key), (b.token, &b.entry.key)))
        .map(|input| &input.entry.key)
    {
        count += 1;
        least.clone_from(first);
        let mut at = 0;
        while let Some(input) = inputs.get_mut(at) {
            if input.entry.key != least {
                at += 1;
            } else if input.entries.next_entry(&mut input.entry)? {
                input.token = order.token(&input.entry.key);
                at += 1;
            } else {
                inputs.swap_remove(at);
            }
        }
    }
    Ok(count)
}
