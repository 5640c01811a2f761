//! Input of any size, in any order, in bounded memory: what fills a memtable becomes a run on disk, and the runs are
//! merged at the end. A run is written on another core while the next memtable is filled.

use std::path::PathBuf;
use std::sync::Arc;

use super::memtable::Memtable;
use super::runs::{Runs, count_keys, merged, remove};
use super::target::Target;
use crate::error::{Error, Result};
use crate::rows::{DeletionTime, PartitionStream, RangeBound, Row, Sink};
use crate::schema::Table;
use crate::sstable::{Descriptor, HeaderBuilder, Version, Writer, WriterOptions, Written};
use crate::storage::{Disk, FileDisk, Folder};
use crate::worker::Worker;

/// What bounds a [`Loader`].
#[derive(Debug, Clone, Copy)]
pub struct LoaderOptions {
    /// Bytes of changes in memory.
    pub memtable: usize,
    /// Bytes of Data.db from which on another SSTable is begun.
    pub max_size: Option<u64>,
}

/// Takes changes, and makes SSTables of them at the end. Dropped before, it leaves nothing. In place of
/// org.apache.cassandra.io.sstable.CQLSSTableWriter.
///
/// ```
/// use std::sync::Arc;
///
/// use sstablefs::ingest::{Loader, LoaderOptions};
/// use sstablefs::rows::{Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink};
/// use sstablefs::schema::ddl;
/// use sstablefs::sstable::{Descriptor, Reader, SstableId, Version};
/// use sstablefs::table::{ScanRange, View};
///
/// # fn main() -> sstablefs::Result<()> {
/// let keyspaces = ddl::parse("CREATE TABLE ks.t (k int, c int, v text, PRIMARY KEY (k, c));", None)?;
/// let table = &keyspaces["ks"].tables["t"];
/// let folder = tempfile::tempdir().expect("a temporary folder");
/// let options = LoaderOptions { memtable: 1 << 20, max_size: None };
/// let mut loader = Loader::new(table, Version::OA, folder.path().join("scratch"), options);
///
/// // A row as INSERT makes it, without other columns; values are what Cassandra serializes.
/// let mut row = Row::default();
/// let clustering = row.store(&1_i32.to_be_bytes());
/// row.clustering.push(clustering);
/// row.liveness = Liveness { timestamp: 1_000_000, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
/// loader.row(&7_i32.to_be_bytes(), &row)?;
///
/// let descriptor = Descriptor { dir: folder.path().into(), version: Version::OA, id: SstableId::Sequence(1) };
/// loader.finish_as(&descriptor)?;
/// let sstable = Arc::new(Reader::open(&descriptor, table)?);
/// let view = View::new(table.clone(), vec![sstable]);
/// let mut rows = view.rows(&ScanRange::ALL, 1_800_000_000)?;
/// assert!(rows.next_partition()?);
/// assert_eq!(rows.key().key, 7_i32.to_be_bytes());
/// assert!(rows.next_row()?.is_some());
/// # Ok(())
/// # }
/// ```
pub struct Loader {
    table: Arc<Table>,
    options: LoaderOptions,
    memtable: Memtable,
    /// Those that were written, to be filled again.
    spare: Vec<Memtable>,
    is_in_memory: bool,
    runs: Store,
    disk: Arc<dyn Disk>,
}

/// Memtables that are written or wait for it.
const WAITING: usize = 2;

/// Writes memtables, and gives them back empty.
type RunWriter = Worker<Box<Runs>, Memtable, (Memtable, Result<()>)>;

/// Where runs are made.
enum Store {
    Here(Box<Runs>),
    /// On another core.
    Beside(Box<RunWriter>),
    /// An error ended it.
    Gone,
}

fn gone() -> Error {
    Error::invalid("nothing more can be loaded after an error")
}

impl Loader {
    /// For changes of `table`, in SSTables of `version`. `scratch` is an empty folder for runs; it is made when there are
    /// any.
    pub fn new(table: &Arc<Table>, version: Version, scratch: PathBuf, options: LoaderOptions) -> Self {
        Self::on(Arc::new(FileDisk), table, version, scratch, options)
    }

    pub(super) fn on(
        disk: Arc<dyn Disk>,
        table: &Arc<Table>,
        version: Version,
        scratch: PathBuf,
        options: LoaderOptions,
    ) -> Self {
        Loader {
            table: table.clone(),
            options,
            memtable: Memtable::new(table),
            spare: Vec::new(),
            is_in_memory: true,
            runs: Store::Here(Box::new(Runs::new(table, version, scratch, &*disk))),
            disk,
        }
    }

    /// Whether everything is in memory yet.
    pub fn is_in_memory(&self) -> bool {
        self.is_in_memory
    }

    /// What the header of an SSTable with what is in memory has to say.
    pub fn header(&self) -> &HeaderBuilder {
        self.memtable.header()
    }

    /// Whether nothing was taken in.
    pub fn is_empty(&self) -> bool {
        self.memtable.is_empty() && self.is_in_memory
    }

    /// Writes what was loaded, and tells how many partitions are done. Where it fails, nothing is left of it.
    pub fn finish(mut self, target: &mut Target, progress: &mut dyn FnMut(u64)) -> Result<Vec<Written>> {
        let folder = self.disk.folder(target.folder());
        let mut out = Out { folder, target, table: self.table.clone(), max_size: self.options.max_size, progress };
        if self.is_in_memory {
            let header = self.memtable.header().clone();
            let mut sorted = self.memtable.sorted();
            let keys = sorted.count();
            return out.write(&mut sorted, &header, keys, None);
        }
        self.spill()?;
        let runs = self.all_runs()?;
        let readers = runs.open()?;
        let keys = count_keys(&readers)?;
        let mut merged = merged(&self.table, &readers)?;
        out.write(&mut merged, runs.header(), keys, Some(runs.size()))
    }

    /// Writes what was loaded, all of which is in memory, as the one SSTable that `descriptor` names.
    pub fn finish_as(mut self, descriptor: &Descriptor) -> Result<Option<Written>> {
        if !self.is_in_memory() {
            return Err(Error::invalid("too large for one step"));
        }
        let folder = self.disk.folder(&descriptor.dir);
        let header = self.memtable.header().header(&self.table);
        let mut sorted = self.memtable.sorted();
        let options = WriterOptions::of_table(&self.table, descriptor.version, header, sorted.count())?;
        let mut writer = Writer::new(folder, descriptor, &self.table, options)?;
        writer.append_all(&mut sorted)?;
        writer.finish()
    }

    #[inline]
    fn check(&mut self) -> Result<()> {
        // While a memtable is written others are filled: small ones, so that there is little to wait for at the end.
        let share = if self.is_in_memory { 2 } else { 4 };
        if self.memtable.size() < self.options.memtable / share { Ok(()) } else { self.check_full() }
    }

    #[cold]
    fn check_full(&mut self) -> Result<()> {
        if let Store::Here(_) = self.runs
            && let Store::Here(runs) = std::mem::replace(&mut self.runs, Store::Gone)
        {
            let work = |runs: &mut Box<Runs>, mut memtable: Memtable| {
                let added = runs.add(&mut memtable);
                memtable.clear();
                (memtable, added)
            };
            self.runs = match Worker::start(WAITING, runs, work) {
                Ok(worker) => Store::Beside(Box::new(worker)),
                Err(runs) => Store::Here(runs),
            };
        }
        let is_full = matches!(self.runs, Store::Beside(_)) || self.memtable.size() >= self.options.memtable;
        if is_full { self.spill() } else { Ok(()) }
    }

    /// Makes a run of what is in memory.
    fn spill(&mut self) -> Result<()> {
        if self.memtable.is_empty() {
            return Ok(());
        }
        self.is_in_memory = false;
        match &mut self.runs {
            Store::Here(runs) => {
                runs.add(&mut self.memtable)?;
                self.memtable.clear();
                Ok(())
            }
            Store::Beside(worker) => {
                if worker.open() >= WAITING
                    && let Some((memtable, added)) = worker.take()?
                {
                    added?;
                    self.spare.push(memtable);
                }
                let empty = self.spare.pop().unwrap_or_else(|| Memtable::new(&self.table));
                worker.give(std::mem::replace(&mut self.memtable, empty))
            }
            Store::Gone => Err(gone()),
        }
    }

    /// Waits for the runs that are being written.
    fn all_runs(&mut self) -> Result<Box<Runs>> {
        match std::mem::replace(&mut self.runs, Store::Gone) {
            Store::Here(runs) => Ok(runs),
            Store::Beside(mut worker) => {
                while let Some((_, added)) = worker.take()? {
                    added?;
                }
                worker.finish()
            }
            Store::Gone => Err(gone()),
        }
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
            for sstable in &written {
                let _ = remove(&*self.folder, &sstable.descriptor);
            }
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
            let full = match self.max_size {
                Some(max) => current.has_stored(max)?,
                None => false,
            };
            if full && let Some(full) = writer.take() {
                written.extend(full.finish()?);
            }
        }
        if let Some(last) = writer {
            written.extend(last.finish()?);
        }
        Ok(())
    }
}
