//! Files that are written into staging folders become changes in the tables' journals.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use sstablefs::ingest::{FOLDER, Journal, LoaderOptions, Lock, MAX_LOTS, Target, TargetOptions};
use sstablefs::storage::unnamed_file;
use sstablefs::table::{Database, TableStore};
use sstablefs::{Error, Kind, Result};
use sstablefs_render::CsvStyle;
use sstablefs_render::parse::{self, InputOptions};

use super::epoch::Epochs;
use crate::path::TableName;
use crate::staging::{Flushed, InputError, Intake, Intakes, Refusal, Refused, Taken};

/// How much of a file tells what it is.
const BEGINNING: u64 = 64 << 10;
/// However many files are read at a time, each has so much memory before it goes to disk.
const LEAST_MEMORY: usize = 4 << 20;

/// How files that are written become SSTables.
#[derive(Debug, Clone)]
pub struct StagingOptions {
    /// Where new SSTables go, and of which version they are.
    pub target: TargetOptions,
    /// Bytes of changes in memory.
    pub memtable: usize,
    /// An empty field of CSV deletes what is there.
    pub null_deletes: bool,
    /// How CSV is quoted; `None`: each file tells.
    pub csv: Option<CsvStyle>,
}

pub(super) struct EngineIntakes {
    pub(super) database: Arc<Database>,
    pub(super) options: StagingOptions,
    pub(super) epochs: Arc<Epochs>,
}

impl EngineIntakes {
    fn store(&self, table: &TableName) -> Option<Arc<TableStore>> {
        self.database.table(table.keyspace(), table.table())
    }

    /// The folder that SSTables go to, whether or not it is there.
    fn target(&self, store: &TableStore) -> Option<PathBuf> {
        match &self.options.target.out {
            Some(out) => Some(out.join(store.keyspace()).join(store.name())),
            None => store.dirs().dirs.iter().find(|d| !d.copy && d.only.is_none()).map(|d| d.path.clone()),
        }
    }
}

/// What is refused in words, with an errno that is close to it.
fn refused(e: &Error) -> Refused {
    let errno = match e.kind() {
        Kind::Busy => libc::EBUSY,
        Kind::Io => e.os_error().unwrap_or(libc::EROFS),
        Kind::Corrupt | Kind::Unsupported | Kind::NotFound | Kind::Schema | Kind::Invalid => libc::EROFS,
    };
    Refused { reason: e.to_string(), errno }
}

fn not_here(reason: &str) -> Refused {
    Refused { reason: reason.into(), errno: libc::EROFS }
}

/// Keyspaces that a server writes itself.
fn is_system(keyspace: &str) -> bool {
    keyspace == "system" || keyspace.starts_with("system_")
}

fn check(store: &TableStore, options: &TargetOptions) -> Result<()> {
    if is_system(store.keyspace()) {
        return Err(Error::invalid("this keyspace is Cassandra's own"));
    }
    let schema = store.schema()?;
    if schema.is_counter() {
        return Err(Error::invalid(
            "counters can't be written from a file: their cells hold the counts of each node, which only a server can add to",
        ));
    }
    if schema.view.is_some() {
        return Err(Error::invalid("this is a materialized view: write to its base table"));
    }
    if options.out.is_some() { Ok(()) } else { Target::of(store, options).map(|_| ()) }
}

/// Another process that has the lock of the folder.
fn check_lock(folder: &Path) -> std::result::Result<(), Refused> {
    if !Lock::is_taken(folder) {
        return Ok(());
    }
    let reason = format!("another sstablefs is writing to {}: end it first", folder.display());
    Err(Refused { reason, errno: libc::EBUSY })
}

fn check_access(folder: &Path) -> std::result::Result<(), Refused> {
    let Err(e) = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) else { return Ok(()) };
    let e = io::Error::from(e);
    match e.raw_os_error() {
        Some(errno @ (libc::EACCES | libc::EROFS)) => {
            Err(Refused { reason: format!("{} can't be written to: {e}", folder.display()), errno })
        }
        _ => Ok(()),
    }
}

impl Intakes for EngineIntakes {
    fn refused(&self, table: &TableName) -> Option<Refused> {
        let Some(store) = self.store(table) else { return Some(not_here("there is no such table")) };
        let result =
            check(&store, &self.options.target).map_err(|e| refused(&e)).and_then(|()| match self.target(&store) {
                Some(folder) => check_access(&folder).and_then(|()| check_lock(&folder)),
                None => Ok(()),
            });
        result.err()
    }

    fn open(&self, table: &TableName) -> std::result::Result<Arc<dyn Intake>, Refused> {
        let store = self.store(table).ok_or_else(|| not_here("there is no such table"))?;
        check(&store, &self.options.target).map_err(|e| refused(&e))?;
        let journal = Journal::open(&store, &self.options.target).map_err(|e| refused(&e))?;
        let last = newest(&store, now()).map_err(|e| refused(&e))?;
        Ok(Arc::new(EngineIntake {
            journal: Mutex::new((journal, 0)),
            table: table.clone(),
            store,
            epochs: self.epochs.clone(),
            options: self.options.clone(),
            reading: AtomicUsize::new(0),
            last: AtomicI64::new(last),
        }))
    }

    fn folder(&self, table: &TableName) -> Option<PathBuf> {
        let folder = self.target(&*self.store(table)?)?;
        // Before anything was written to it.
        folder.ancestors().find(|f| f.exists()).map(Path::to_owned)
    }

    fn unfinished(&self) -> Vec<TableName> {
        let mut found = Vec::new();
        for keyspace in self.database.keyspaces() {
            for table in self.database.tables(&keyspace) {
                let Some(store) = self.database.table(&keyspace, &table) else { continue };
                let Some(folder) = self.target(&store) else { continue };
                // What is below --out is shown, too.
                // A process that ends in order leaves no such folder. One that was killed may have left files that are not
                // whole, which opening removes.
                let is_there = self.options.target.out.is_some() && folder.exists() || folder.join(FOLDER).exists();
                if is_there {
                    found.push(TableName::new(&keyspace, &table));
                }
            }
        }
        found
    }
}

struct EngineIntake {
    /// With the number of the last lot.
    journal: Mutex<(Journal, u64)>,
    table: TableName,
    store: Arc<TableStore>,
    epochs: Arc<Epochs>,
    options: StagingOptions,
    /// Files that are being read.
    reading: AtomicUsize,
    /// The timestamp of the last file.
    last: AtomicI64,
}

/// A clock that was set back by less does not hide what is written after that: microseconds.
const SET_BACK: i64 = 24 * 3600 * 1_000_000;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64)
}

/// The newest timestamp of the table, of those that a clock may have given which is now set back.
fn newest(store: &TableStore, now: i64) -> Result<i64> {
    let view = store.view()?;
    let timestamps = view.sstables().iter().map(|sstable| sstable.statistics().stats.max_timestamp);
    Ok(timestamps.filter(|timestamp| *timestamp <= now.saturating_add(SET_BACK)).max().unwrap_or(0))
}

/// Counts down when it goes.
struct Reading<'a>(&'a AtomicUsize);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl EngineIntake {
    /// Microseconds: now, and behind those of what was taken up before.
    fn timestamp(&self) -> i64 {
        let now = now();
        let next = |last: i64| Some(now.max(last + 1));
        self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).map_or(now, |last| now.max(last + 1))
    }

    fn check(&self) -> Result<()> {
        // A server may have been started since.
        check(&self.store, &self.options.target)
            .map_err(|e| if e.os_error().is_some() { e } else { Error::busy(e.to_string()) })
    }

    fn read(&self, name: &str, text: &mut dyn Read) -> std::result::Result<Taken, Refusal> {
        self.check().map_err(Refusal::Failed)?;
        let table = self.store.schema().map_err(Refusal::Failed)?;
        let (loader, version) = {
            let reading = self.reading.load(Ordering::Acquire).max(1);
            let memtable = (self.options.memtable / reading).max(LEAST_MEMORY).min(self.options.memtable);
            let journal = &self.journal.lock().0;
            (journal.loader(LoaderOptions { memtable, max_size: None }), journal.version())
        };
        let mut loader = loader.map_err(Refusal::Failed)?;
        let mut options = InputOptions::new(table, self.timestamp());
        if !version.has_uint_deletion_time() {
            options.max_deletion_time = parse::MAX_DELETION_TIME_2038;
        }
        options.null_deletes = self.options.null_deletes;
        options.csv = self.options.csv;
        let mut beginning = Vec::new();
        let failed = |e: io::Error| Refusal::Failed(Error::io(e, name));
        text.take(BEGINNING).read_to_end(&mut beginning).map_err(failed)?;
        let format = parse::detect(name, &beginning)
            .map_err(|reason| Refusal::Input(vec![InputError { line: 1, column: 1, reason }]))?;
        let mut input = beginning.as_slice().chain(text);
        let summary =
            parse::read(&mut input, format, &options, &mut |_| (), &mut loader).map_err(|failure| match failure {
                parse::Failure::Input(errors) => Refusal::Input(errors),
                parse::Failure::Read(e) => failed(e),
                parse::Failure::Sink(e) => Refusal::Failed(e),
            })?;
        let (journal, lot) = &mut *self.journal.lock();
        let written = journal.accept(loader).map_err(Refusal::Failed)?;
        *lot += 1;
        let sstables = written.iter().map(|w| w.descriptor.to_string()).collect();
        Ok(Taken { rows: summary.rows, deletions: summary.deletions, lot: *lot, sstables })
    }
}

impl Intake for EngineIntake {
    fn spool(&self) -> Result<File> {
        let scratch = self.journal.lock().0.scratch()?;
        unnamed_file(&scratch)
    }

    fn take_up(&self, name: &str, text: &mut dyn Read) -> std::result::Result<Taken, Refusal> {
        self.reading.fetch_add(1, Ordering::AcqRel);
        let _reading = Reading(&self.reading);
        self.read(name, text)
    }

    fn flush(&self) -> Result<Flushed> {
        self.check()?;
        let (journal, lot) = &mut *self.journal.lock();
        let written = journal.flush()?;
        if self.epochs.current(&self.table).is_some() {
            // The epoch that was looked at last has the lots open, which are gone. Where this fails, whoever looks next is told.
            let _ = self.epochs.moment(&self.table, &self.store, None);
        }
        Ok(Flushed { up_to: *lot, sstables: written.iter().map(|w| w.descriptor.to_string()).collect() })
    }

    fn is_pending(&self) -> bool {
        self.journal.lock().0.pending().0 > 0
    }

    fn is_full(&self) -> bool {
        let (lots, bytes) = self.journal.lock().0.pending();
        lots >= MAX_LOTS || bytes >= self.options.memtable as u64
    }
}
