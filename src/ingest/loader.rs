//! Input of any size, in any order, in bounded memory: what fills a memtable becomes a run on disk, and the runs are
//! merged at the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::memtable::Memtable;
use super::scratch::Unsynced;
use super::target::Target;
use crate::cql::{KeyOrder, Token};
use crate::error::{Error, Result};
use crate::merge::Merged;
use crate::rows::{DeletionTime, PartitionStream, RangeBound, Row, Sink};
use crate::schema::Table;
use crate::sstable::{
    Component, Descriptor, Entries, HeaderBuilder, IndexEntry, Reader, Scanner, SerializationHeader, SstableId,
    Version, Writer, WriterOptions, Written,
};
use crate::storage::{FileFolder, Folder};

/// As many runs are merged into one as soon as there are so many: each has buffers while it is read.
const FAN_IN: usize = 32;

#[derive(Debug, Clone, Copy)]
pub struct LoaderOptions {
    /// Bytes of changes in memory.
    pub memtable: usize,
    /// Bytes of Data.db from which on another SSTable is begun.
    pub max_size: Option<u64>,
}

struct Run {
    descriptor: Descriptor,
    written: Written,
}

/// Takes changes, and makes SSTables of them at the end. Dropped before, it leaves nothing.
pub struct Loader {
    table: Arc<Table>,
    version: Version,
    options: LoaderOptions,
    scratch: PathBuf,
    memtable: Memtable,
    /// Of all runs.
    header: HeaderBuilder,
    /// Those of one level each were made of so many of the level before.
    levels: Vec<Vec<Run>>,
    runs_made: u32,
}

impl Loader {
    /// `scratch` is an empty folder for runs.
    pub fn new(table: &Arc<Table>, version: Version, scratch: PathBuf, options: LoaderOptions) -> Self {
        Loader {
            table: table.clone(),
            version,
            options,
            scratch,
            memtable: Memtable::new(table),
            header: HeaderBuilder::new(table),
            levels: Vec::new(),
            runs_made: 0,
        }
    }

    /// Whether everything is in memory yet.
    pub fn is_in_memory(&self) -> bool {
        self.levels.is_empty()
    }

    /// What the header of an SSTable with what is in memory has to say.
    pub fn header(&self) -> &HeaderBuilder {
        self.memtable.header()
    }

    pub fn is_empty(&self) -> bool {
        self.memtable.is_empty() && self.levels.is_empty()
    }

    /// Writes what was loaded, and tells how many partitions are done. Where it fails, nothing is left of it.
    pub fn finish(mut self, target: &mut Target, progress: &mut dyn FnMut(u64)) -> Result<Vec<Written>> {
        let folder: Arc<dyn Folder> = Arc::new(FileFolder::new(target.folder()));
        let mut out = Out { folder, target, table: self.table.clone(), max_size: self.options.max_size, progress };
        if self.levels.is_empty() {
            let header = self.memtable.header().clone();
            let mut sorted = self.memtable.sorted();
            let keys = sorted.count();
            return out.write(&mut sorted, &header, keys, None);
        }
        self.spill()?;
        let runs: Vec<Run> = std::mem::take(&mut self.levels).into_iter().flatten().collect();
        let readers = self.open(&runs)?;
        let keys = count_keys(&readers)?;
        let mut merged = merged(&self.table, &readers)?;
        let size = runs.iter().map(|r| r.written.stored_length).sum();
        let written = out.write(&mut merged, &self.header, keys, Some(size));
        runs.iter().for_each(|run| remove(&run.descriptor));
        written
    }

    /// Writes what was loaded, all of which is in memory, as the one SSTable that `descriptor` names.
    pub fn finish_as(mut self, descriptor: &Descriptor) -> Result<Option<Written>> {
        if !self.is_in_memory() {
            return Err(Error::invalid("too large for one step"));
        }
        let folder = Arc::new(FileFolder::new(&descriptor.dir));
        let header = self.memtable.header().header(&self.table);
        let mut sorted = self.memtable.sorted();
        let options = WriterOptions::of_table(&self.table, descriptor.version, header, sorted.count())?;
        let mut writer = Writer::new(folder, descriptor, &self.table, options)?;
        writer.append_all(&mut sorted)?;
        writer.finish()
    }

    fn check(&mut self) -> Result<()> {
        if self.memtable.size() < self.options.memtable { Ok(()) } else { self.spill() }
    }

    /// Makes a run of what is in memory.
    fn spill(&mut self) -> Result<()> {
        if self.memtable.is_empty() {
            return Ok(());
        }
        self.header.merge(self.memtable.header());
        let (descriptor, header) = (self.next_run(), self.memtable.header().header(&self.table));
        let mut sorted = self.memtable.sorted();
        let keys = sorted.count();
        let written = write_run(&self.scratch, &descriptor, &self.table, header, keys, &mut sorted)?;
        self.memtable.clear();
        self.add_run(0, Run { descriptor, written })
    }

    fn next_run(&mut self) -> Descriptor {
        self.runs_made += 1;
        Descriptor { dir: self.scratch.clone(), version: self.version, id: SstableId::Sequence(self.runs_made) }
    }

    fn add_run(&mut self, level: usize, run: Run) -> Result<()> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(run);
        if self.levels[level].len() < FAN_IN {
            return Ok(());
        }
        let runs = std::mem::take(&mut self.levels[level]);
        let readers = self.open(&runs)?;
        let mut merged = merged(&self.table, &readers)?;
        let (descriptor, header) = (self.next_run(), self.header.header(&self.table));
        let keys = runs.iter().map(|r| r.written.keys).sum();
        let written = write_run(&self.scratch, &descriptor, &self.table, header, keys, &mut merged)?;
        runs.iter().for_each(|run| remove(&run.descriptor));
        self.add_run(level + 1, Run { descriptor, written })
    }

    fn open(&self, runs: &[Run]) -> Result<Vec<Arc<Reader>>> {
        runs.iter().map(|run| Reader::open(&run.descriptor, &self.table).map(Arc::new)).collect()
    }
}

/// All that some SSTables hold, with all tombstones.
pub(super) fn merged(table: &Arc<Table>, readers: &[Arc<Reader>]) -> Result<Merged<Scanner>> {
    let keys = KeyOrder::new(table.partitioner, &table.partition_key_type());
    let streams = readers.iter().map(Reader::scan_all).collect::<Result<Vec<_>>>()?;
    Ok(Merged::new(table, &keys, streams))
}

impl Drop for Loader {
    fn drop(&mut self) {
        let runs: Vec<Run> = std::mem::take(&mut self.levels).into_iter().flatten().collect();
        runs.iter().for_each(|run| remove(&run.descriptor));
    }
}

impl Sink for Loader {
    fn partition_deletion(&mut self, key: &[u8], deletion: DeletionTime) -> Result<()> {
        self.memtable.partition_deletion(key, deletion)?;
        self.check()
    }

    fn static_row(&mut self, key: &[u8], row: &Row) -> Result<()> {
        self.memtable.static_row(key, row)?;
        self.check()
    }

    fn row(&mut self, key: &[u8], row: &Row) -> Result<()> {
        self.memtable.row(key, row)?;
        self.check()
    }

    fn range_tombstone(
        &mut self,
        key: &[u8],
        start: &RangeBound,
        end: &RangeBound,
        deletion: DeletionTime,
    ) -> Result<()> {
        self.memtable.range_tombstone(key, start, end, deletion)?;
        self.check()
    }
}

/// A run is only read once more by this process: neither compressed nor synced.
fn write_run(
    scratch: &Path,
    descriptor: &Descriptor,
    table: &Arc<Table>,
    header: SerializationHeader,
    keys: u64,
    stream: &mut dyn PartitionStream,
) -> Result<Written> {
    let mut options = WriterOptions::of_table(table, descriptor.version, header, keys)?;
    options.compression = None;
    options.bloom_filter_fp_chance = 1.0;
    let mut writer = Writer::new(Arc::new(Unsynced::new(scratch)), descriptor, table, options)?;
    writer.append_all(stream)?;
    writer.finish()?.ok_or_else(|| Error::invalid("a run of nothing"))
}

/// Without Data.db the rest of an SSTable is nothing.
pub(super) fn remove(descriptor: &Descriptor) {
    let _ = fs::remove_file(descriptor.component(Component::Data));
    for component in Component::ALL {
        let _ = fs::remove_file(descriptor.component(component));
    }
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

/// Writes SSTables one behind the other.
struct Out<'a> {
    folder: Arc<dyn Folder>,
    target: &'a mut Target,
    table: Arc<Table>,
    max_size: Option<u64>,
    progress: &'a mut dyn FnMut(u64),
}

/// Partitions after which progress is told.
const TELL: u64 = 1024;

impl Out<'_> {
    /// `size` is about how many bytes there are, if that is known.
    fn write(
        &mut self,
        stream: &mut dyn PartitionStream,
        header: &HeaderBuilder,
        keys: u64,
        size: Option<u64>,
    ) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        let result = self.write_to(&mut written, stream, header, keys, size);
        if result.is_err() {
            // All or nothing.
            written.iter().for_each(|w| remove(&w.descriptor));
        }
        result.map(|()| written)
    }

    fn write_to(
        &mut self,
        written: &mut Vec<Written>,
        stream: &mut dyn PartitionStream,
        header: &HeaderBuilder,
        keys: u64,
        size: Option<u64>,
    ) -> Result<()> {
        let share = match (self.max_size, size) {
            (Some(max), Some(size)) if size > max => keys.saturating_mul(max) / size + 1,
            _ => keys,
        };
        let mut done = 0;
        let mut writer: Option<Writer> = None;
        while stream.next_partition()? {
            let current = match &mut writer {
                Some(writer) => writer,
                none => {
                    let descriptor = self.target.next_descriptor()?;
                    let header = header.header(&self.table);
                    let options = WriterOptions::of_table(&self.table, descriptor.version, header, share)?;
                    none.insert(Writer::new(self.folder.clone(), &descriptor, &self.table, options)?)
                }
            };
            current.append(stream)?;
            done += 1;
            if done % TELL == 0 {
                (self.progress)(done);
            }
            if self.max_size.is_some_and(|max| current.stored_length() >= max)
                && let Some(full) = writer.take()
            {
                written.extend(full.finish()?);
            }
        }
        if let Some(last) = writer {
            written.extend(last.finish()?);
        }
        Ok(())
    }
}
