//! A table that is shown: its folders, its schema and the open readers of its live SSTables. What reads it gets an
//! immutable [`View`]; a refresh makes the next one and takes over the readers that are still good.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::agreement::unknown_columns;
use super::discover::{TableDir, TableDirs};
use super::listing::Listing;
use super::{View, inferred, parallel};
use crate::error::{Error, Kind, Result};
use crate::schema::{Detail, Table, create_type};

use crate::sstable::{Component, Descriptor, Reader, Statistics, read_statistics};
use crate::storage::directory::{self, Stamp};

/// A table of a [`Database`](super::Database).
pub struct TableStore {
    dirs: TableDirs,
    /// From system_schema or CREATE TABLE text. Without it, the SSTables' headers have to do.
    known: RwLock<Option<Arc<Table>>>,
    state: RwLock<Option<Arc<State>>>,
    /// SSTables that lie elsewhere and count as the table's.
    beside: Mutex<Beside>,
    /// Held by the one that loads.
    loading: Mutex<()>,
}

/// SSTables outside of a table's folders.
#[derive(Debug, Clone, Default, PartialEq)]
struct Beside {
    data_files: Vec<PathBuf>,
    /// Those in this folder that are live.
    folder: Option<TableDir>,
}

/// Stands before statements that no schema told.
pub(super) const INFERRED_NOTE: &str = "\
-- No schema was found: the columns are those that the SSTables name, the names of key columns are made up.

";

/// What the table was at its last refresh.
struct State {
    listing: Listing,
    beside: Beside,
    known: Option<Arc<Table>>,
    readers: HashMap<PathBuf, (Stamp, Arc<Reader>)>,
    view: Arc<View>,
    problems: Vec<Error>,
}

/// How often files may be gone that are listed all the same, before they count as missing.
const LISTED_AGAIN: usize = 3;
/// How often a listing is repeated whose files are gone before they could be opened.
const ATTEMPTS: usize = 10;
/// Before that: `nodetool import` renames one file after another.
const PAUSE: Duration = Duration::from_millis(30);

impl TableStore {
    /// A table of some folders; nothing is read yet. `known` is its schema, where one is known.
    pub fn new(dirs: TableDirs, known: Option<Arc<Table>>) -> Self {
        TableStore {
            dirs,
            known: RwLock::new(known),
            state: RwLock::new(None),
            beside: Mutex::default(),
            loading: Mutex::new(()),
        }
    }

    /// The keyspace's name, without quotes.
    pub fn keyspace(&self) -> &str {
        &self.dirs.keyspace
    }

    /// The table's name, without quotes.
    pub fn name(&self) -> &str {
        &self.dirs.table
    }

    /// The folders that the SSTables lie in: a change in them is worth a [`refresh`](Self::refresh).
    pub fn dirs(&self) -> &TableDirs {
        &self.dirs
    }

    /// Whether key columns have made-up names, because nothing but the SSTables told the schema.
    pub fn is_inferred(&self) -> bool {
        self.known.read().is_none()
    }

    /// The schema as it was found, without columns that only SSTables have.
    pub fn known(&self) -> Option<Arc<Table>> {
        self.known.read().clone()
    }

    /// Replaces the schema; the next refresh uses it.
    pub(super) fn set_known(&self, known: Option<Arc<Table>>) {
        *self.known.write() = known;
    }

    /// The table as of the last refresh. The first call opens its SSTables. One that can't be opened does not make this
    /// fail: it is among the [`problems`](Self::problems), and the merged rows of the view are an error. Fails where the
    /// folders can't be read, or nothing tells the schema.
    pub fn view(&self) -> Result<Arc<View>> {
        if let Some(state) = &*self.state.read() {
            return Ok(state.view.clone());
        }
        let _one = self.loading.lock();
        if let Some(state) = &*self.state.read() {
            return Ok(state.view.clone());
        }
        let state = self.load(None)?;
        let view = state.view.clone();
        *self.state.write() = Some(Arc::new(state));
        Ok(view)
    }

    /// The schema, with the columns that SSTables have beyond it.
    pub fn schema(&self) -> Result<Arc<Table>> {
        Ok(self.view()?.table().clone())
    }

    /// The statements that make the table, as DESCRIBE prints them: its user types, itself and its indexes.
    pub fn schema_cql(&self, detail: Detail) -> Result<String> {
        let table = match self.known() {
            Some(known) => known,
            None => self.schema()?,
        };
        let head = if self.is_inferred() { INFERRED_NOTE } else { "" };
        let types = table.user_types().iter().map(|t| create_type(t)).collect::<Vec<_>>();
        let statements = types.into_iter().chain([table.to_cql(detail)]).collect::<Vec<_>>();
        Ok(format!("{head}{}\n", statements.join("\n\n")))
    }

    /// Makes the SSTables with these Data files, and those in a folder, the ones that count as the table's beside those in
    /// its own folders. The next [`refresh`](Self::refresh) shows them. Others may take SSTables out of the folder, as
    /// `nodetool import` does, but not the Data files.
    pub fn set_beside(&self, data_files: Vec<PathBuf>, folder: Option<PathBuf>) {
        let (keyspace, table) = (self.dirs.keyspace.clone(), self.dirs.table.clone());
        let dir = |path| TableDir { keyspace, table, path, id: None, data_dir: None, copy: false, only: None };
        *self.beside.lock() = Beside { data_files, folder: folder.map(dir) };
    }

    /// Looks for changes on disk; `true` when the next [`view`](Self::view) is another one. What the system has refused, for
    /// want of descriptors or memory for one, is tried again.
    pub fn refresh(&self) -> Result<bool> {
        let _one = self.loading.lock();
        let Some(before) = self.state.read().clone() else { return Ok(false) };
        let known = self.known();
        let same_schema = match (&before.known, &known) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let failed = before.problems.iter().any(|e| e.kind() == Kind::Io);
        if same_schema && !failed && before.beside == *self.beside.lock() && before.listing.is_current() {
            return Ok(false);
        }
        let state = self.load(Some(&before))?;
        let changed = !Arc::ptr_eq(&state.view, &before.view);
        *self.state.write() = Some(Arc::new(state));
        Ok(changed)
    }

    /// SSTables that can't be read, and other things to know, of the last refresh.
    pub fn problems(&self) -> Vec<Error> {
        match &*self.state.read() {
            Some(state) => state.problems.clone(),
            None => Vec::new(),
        }
    }

    fn load(&self, before: Option<&State>) -> Result<State> {
        let (mut attempt, mut listed_again) = (0, 0);
        loop {
            attempt += 1;
            let beside = self.beside.lock().clone();
            let list = || Listing::read(&[&self.dirs.dirs[..], beside.folder.as_slice()].concat());
            let (state, vanished) = self.open(list()?, beside.clone(), before)?;
            if !vanished || attempt == ATTEMPTS {
                return Ok(state);
            }
            // Compacted away between listing and opening, or just being moved, unless they are listed again: once may be a file
            // that has come back meanwhile.
            std::thread::sleep(PAUSE);
            if list()?.sstables == state.listing.sstables && beside == *self.beside.lock() {
                listed_again += 1;
                if listed_again == LISTED_AGAIN {
                    return Ok(state);
                }
            }
        }
    }

    /// Opens what is listed, taking over readers from before. Also tells whether files were gone.
    fn open(&self, listing: Listing, beside: Beside, before: Option<&State>) -> Result<(State, bool)> {
        let known = self.known();
        let mut problems = listing.problems.clone();
        let kept: HashMap<PathBuf, (Stamp, Arc<Reader>)> = before.map(|b| b.readers.clone()).unwrap_or_default();
        let own = listing.sstables.iter().map(|s| s.dir.join(&s.data_file));
        let all: Vec<PathBuf> = own.chain(beside.data_files.iter().cloned()).collect();
        let found = parallel::map(&all, |data| Found::read(data, &kept));
        let mut vanished = false;
        // Problems before this one are of files that are no part of the table.
        let unsupported = problems.iter().find(|e| e.kind() == Kind::Unsupported).cloned();
        let harmless = problems.len();
        let mut sstables = Vec::new();
        for found in found {
            match found {
                Ok(found) => sstables.push(found),
                Err(e) => {
                    vanished |= e.kind() == Kind::NotFound;
                    problems.push(e);
                }
            }
        }
        sstables.sort_by(|a, b| (a.descriptor.id, &a.data).cmp(&(b.descriptor.id, &b.data)));
        let table = self.table(known.as_deref(), &mut sstables, &mut problems)?;
        let table = match before {
            Some(before) if same_columns(before.view.table(), &table) && same_arc(&before.known, &known) => {
                before.view.table().clone()
            }
            _ => Arc::new(table),
        };
        let mut unreadable = unsupported.or_else(|| problems.get(harmless).cloned());
        let opened = parallel::map(&sstables, |found| found.open(&table));
        let mut readers = HashMap::new();
        let mut all = Vec::new();
        for (found, opened) in sstables.into_iter().zip(opened) {
            match opened {
                Ok(reader) => {
                    problems.extend(reader.notes().iter().map(|note| Error::not_found(note.as_str())));
                    all.push(reader.clone());
                    readers.insert(found.data, (found.stamp, reader));
                }
                Err(e) => {
                    vanished |= e.kind() == Kind::NotFound;
                    unreadable.get_or_insert_with(|| e.clone());
                    problems.push(e);
                }
            }
        }
        // Better an error than a table that looks empty.
        let nothing = all.is_empty() && !listing.sstables.is_empty() && !vanished;
        if let Some(first) = problems.first().filter(|_| nothing) {
            return Err(first.clone());
        }
        let view = match before {
            Some(before)
                if Arc::ptr_eq(before.view.table(), &table)
                    && same_readers(before.view.sstables(), &all)
                    && before.view.unreadable().map(ToString::to_string)
                        == unreadable.as_ref().map(ToString::to_string) =>
            {
                before.view.clone()
            }
            _ => Arc::new(View::new(table, all).with_unreadable(unreadable)),
        };
        Ok((State { listing, beside, known, readers, view, problems }, vanished))
    }

    /// The table's columns: those of the schema and those that only headers have. SSTables that contradict it are taken
    /// out of the list and named in the problems.
    fn table(&self, known: Option<&Table>, sstables: &mut Vec<Found>, problems: &mut Vec<Error>) -> Result<Table> {
        let mut table = match known {
            Some(known) => known.clone(),
            None => {
                let headers: Vec<_> = sstables.iter().map(|s| &s.statistics.header).collect();
                inferred::table(&self.dirs.keyspace, &self.dirs.table, &headers)
                    .map_err(|e| problems.first().cloned().unwrap_or(e))?
            }
        };
        if let Some(first) = sstables.first() {
            table.partitioner = inferred::partitioner(&first.statistics).map_err(|e| e.in_file(&first.data))?;
        }
        let mut unknown = Vec::new();
        let mut agreeing = Vec::new();
        for sstable in sstables.drain(..) {
            let checked = match inferred::partitioner(&sstable.statistics) {
                Ok(partitioner) if partitioner == table.partitioner => {
                    unknown_columns(&table, &sstable.statistics.header)
                }
                _ => Err(Error::unsupported(format!(
                    "is of another partitioner, {}, than the SSTables beside it",
                    sstable.statistics.partitioner
                ))),
            };
            match checked {
                Ok(columns) => {
                    unknown.extend(columns);
                    agreeing.push(sstable);
                }
                Err(e) => problems.push(e.in_file(sstable.descriptor.component(Component::Statistics))),
            }
        }
        *sstables = agreeing;
        for column in unknown {
            if table.column(&column.name).is_none() {
                inferred::add_column(&mut table, column);
            }
        }
        table.sort_columns();
        Ok(table)
    }
}

fn same_arc(a: &Option<Arc<Table>>, b: &Option<Arc<Table>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same_columns(a: &Table, b: &Table) -> bool {
    a.partition_key == b.partition_key
        && a.clustering == b.clustering
        && a.statics == b.statics
        && a.regulars == b.regulars
        && a.dropped == b.dropped
        && a.partitioner == b.partitioner
}

fn same_readers(a: &[Arc<Reader>], b: &[Arc<Reader>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// An SSTable on its way from the listing to a reader.
struct Found {
    data: PathBuf,
    stamp: Stamp,
    descriptor: Descriptor,
    statistics: Arc<Statistics>,
    kept: Option<Arc<Reader>>,
}

impl Found {
    fn read(data: &Path, kept: &HashMap<PathBuf, (Stamp, Arc<Reader>)>) -> Result<Found> {
        let stamp = directory::stamp(data)?;
        let descriptor = Descriptor::of_data_file(data)?;
        let kept = kept.get(data).filter(|(then, _)| *then == stamp).map(|(_, reader)| reader.clone());
        let statistics = match &kept {
            Some(reader) => reader.statistics().clone(),
            None => Arc::new(read_statistics(&descriptor)?),
        };
        Ok(Found { data: data.to_owned(), stamp, descriptor, statistics, kept })
    }

    fn open(&self, table: &Arc<Table>) -> Result<Arc<Reader>> {
        match &self.kept {
            Some(reader) if Arc::ptr_eq(reader.table(), table) => Ok(reader.clone()),
            _ => Reader::open_with(&self.descriptor, table, self.statistics.clone()).map(Arc::new),
        }
    }
}
