//! Everything below some paths: the schema that was found and a [`TableStore`] for each table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use super::discover::{self, Found, TableDir, TableDirs};
use super::listing::Listing;
use super::store::INFERRED_NOTE;
use super::{ScanRange, TableStore};
use crate::error::{Error, Kind, Result};
use crate::schema::system::{SYSTEM_TABLES, SystemRow, SystemRows};
use crate::schema::{Detail, Keyspace, Table, create_type, ddl};
use crate::storage::{self, FileSource};

/// How a [`Database`] is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files of CREATE statements, which go before any other schema.
    pub schema: Vec<PathBuf>,
}

/// The tables below some paths.
pub struct Database {
    paths: Vec<PathBuf>,
    schema_files: Vec<PathBuf>,
    /// From those files.
    given: Vec<Arc<Keyspace>>,
    state: RwLock<State>,
    /// Held by the one that refreshes.
    refreshing: Mutex<()>,
}

/// By keyspace and name.
type Tables = BTreeMap<String, BTreeMap<String, Arc<TableStore>>>;

#[derive(Default)]
struct State {
    tables: Tables,
    schemas: Schemas,
    problems: Vec<Error>,
}

/// A schema file longer than this is not one.
const LARGEST_SCHEMA_FILE: u64 = 64 << 20;

impl Database {
    /// Finds the tables below the paths and their schema. Their SSTables are opened when they are first looked at.
    ///
    /// A path is a data directory, the folder of a keyspace, a table, a snapshot or a backup, or one Data file; those of one
    /// table are merged. Fails where a path can't be read or holds no tables, and where a file of `options.schema` is wrong;
    /// what is wrong with a part of the rest is told by [`problems`](Self::problems).
    pub fn open(paths: &[PathBuf], options: &Options) -> Result<Database> {
        let mut given = Vec::new();
        for path in &options.schema {
            given.extend(read_schema_file(&storage::directory::canonical(path)?, None)?);
        }
        let found = discover::find(paths)?;
        let mut state = State { schemas: Schemas::load(&found.dirs)?, ..State::default() };
        state.attach(found, &given, &BTreeMap::new());
        let schema_files = options.schema.clone();
        Ok(Database {
            paths: paths.to_vec(),
            schema_files,
            given,
            state: RwLock::new(state),
            refreshing: Mutex::new(()),
        })
    }

    /// Names of the keyspaces that have tables.
    pub fn keyspaces(&self) -> Vec<String> {
        self.state.read().tables.keys().cloned().collect()
    }

    /// Names of the tables of a keyspace.
    pub fn tables(&self, keyspace: &str) -> Vec<String> {
        self.state.read().tables.get(keyspace).map_or_else(Vec::new, |tables| tables.keys().cloned().collect())
    }

    /// A table by its names, without quotes; `None` where there is no such one.
    pub fn table(&self, keyspace: &str, name: &str) -> Option<Arc<TableStore>> {
        self.state.read().tables.get(keyspace)?.get(name).cloned()
    }

    /// What was not taken, or is odd, in the whole, each with its file; for a table see [`TableStore::problems`].
    pub fn problems(&self) -> Vec<Error> {
        self.state.read().problems.clone()
    }

    /// The CREATE statements of a keyspace with its types and tables.
    pub fn keyspace_cql(&self, keyspace: &str, detail: Detail) -> Result<String> {
        let (schema, stores) = {
            let state = self.state.read();
            let stores: Vec<_> = state.tables.get(keyspace).into_iter().flat_map(|t| t.values().cloned()).collect();
            (state.schemas.keyspace(&self.given, keyspace), stores)
        };
        if let Some(schema) = schema {
            return Ok(schema.to_cql(detail));
        }
        let mut types: Vec<String> = Vec::new();
        let mut tables = Vec::new();
        let mut inferred = false;
        for store in stores {
            inferred |= store.is_inferred();
            let table = match store.schema() {
                Ok(table) => table,
                Err(e) => {
                    tables.push(format!("/* {}: {e} */", store.name()));
                    continue;
                }
            };
            for ty in table.user_types() {
                let text = create_type(&ty);
                if !types.contains(&text) {
                    types.push(text);
                }
            }
            tables.push(table.to_cql(detail));
        }
        types.extend(tables);
        let head = if inferred { INFERRED_NOTE } else { "" };
        Ok(format!("{head}{}\n", types.join("\n\n")))
    }

    /// What it was opened with.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The files and folders of SSTables that told the schema, beside the tables' own.
    pub fn schema_paths(&self) -> Vec<PathBuf> {
        let state = self.state.read();
        self.schema_files.iter().chain(state.schemas.dirs.iter().map(|dir| &dir.path)).cloned().collect()
    }

    /// Folders of which a change is worth a [`refresh`](Self::refresh) of the whole: tables and keyspaces may come and
    /// go in them, and the schema change.
    pub fn watched(&self) -> Vec<PathBuf> {
        let state = self.state.read();
        let mut folders: BTreeSet<PathBuf> = state.schemas.dirs.iter().map(|d| d.path.clone()).collect();
        folders.extend(self.paths.iter().filter_map(|p| storage::directory::canonical(p).ok()));
        for store in state.tables.values().flat_map(BTreeMap::values) {
            for dir in store.dirs().dirs.iter().filter(|d| !d.copy) {
                let parents = dir.path.ancestors().skip(1).take(2);
                folders.extend(parents.filter(|p| self.is_given(p)).map(Path::to_owned));
            }
        }
        folders.into_iter().filter(|f| storage::directory::stamp(f).is_ok_and(|s| s.is_dir)).collect()
    }

    /// Whether a folder is one of the paths or lies in one.
    fn is_given(&self, folder: &Path) -> bool {
        self.paths.iter().any(|p| storage::directory::canonical(p).is_ok_and(|p| folder.starts_with(p)))
    }

    /// Looks for tables that came or went and for another schema; `true` when there are. A table's own SSTables are
    /// refreshed by [`TableStore::refresh`].
    pub fn refresh(&self) -> Result<bool> {
        let _one = self.refreshing.lock();
        let found = discover::find(&self.paths)?;
        let (tables, keyspaces) = {
            let state = self.state.read();
            if state.schemas.is_current(&found.dirs) && state.has_same(&found.dirs) {
                return Ok(false);
            }
            (state.tables.clone(), state.schemas.keyspaces.clone())
        };
        let mut state = State { schemas: Schemas::load(&found.dirs)?, ..State::default() };
        state.attach(found, &self.given, &tables);
        let stores = |tables: &Tables| -> Vec<*const TableStore> {
            tables.values().flat_map(BTreeMap::values).map(Arc::as_ptr).collect()
        };
        let changed = state.schemas.keyspaces != keyspaces || stores(&tables) != stores(&state.tables);
        *self.state.write() = state;
        Ok(changed)
    }
}

impl State {
    /// Makes the stores of the tables that were found, keeping those from before.
    fn attach(&mut self, found: Found, given: &[Arc<Keyspace>], before: &Tables) {
        let schemas = &self.schemas;
        let (tables, mut problems) =
            discover::by_table(found.dirs, |keyspace, table| schemas.table(&[], keyspace, table).map(|t| t.id));
        problems.extend(found.problems);
        problems.extend(schemas.problems.iter().cloned());
        for table in tables {
            let known = match self.known(given, &table) {
                Ok(known) => known,
                Err(e) => {
                    problems.push(e);
                    None
                }
            };
            let is_empty = || {
                let mut names = table.dirs.iter().flat_map(|d| storage::directory::list(&d.path).unwrap_or_default());
                !names.any(|e| !e.is_dir && discover::is_data_file(&e.name))
            };
            if known.is_none() && is_empty() {
                // Dropped, with only its snapshots left; or there is nothing that tells its columns.
                continue;
            }
            if known.is_none() && self.schemas.keyspaces.iter().any(|k| k.name == table.keyspace) {
                problems.push(Error::schema(format!(
                    "{}.{} is not in the schema, maybe it was dropped: its key columns have made-up names",
                    table.keyspace, table.table
                )));
            }
            let old = before.get(&table.keyspace).and_then(|t| t.get(&table.table));
            let store = match old {
                Some(old) if *old.dirs() == table => {
                    // The same schema, read again, is no reason to open the SSTables again.
                    if old.known() != known {
                        old.set_known(known);
                    }
                    old.clone()
                }
                _ => Arc::new(TableStore::new(table.clone(), known)),
            };
            self.tables.entry(table.keyspace).or_default().insert(table.table, store);
        }
        self.problems = problems;
    }

    /// A table's schema in the order of precedence.
    fn known(&self, given: &[Arc<Keyspace>], table: &TableDirs) -> Result<Option<Arc<Table>>> {
        if let Some(known) = find_table(given, &table.keyspace, &table.table) {
            return Ok(Some(known));
        }
        for dir in table.dirs.iter().filter(|d| d.copy) {
            let path = dir.path.join("schema.cql");
            if storage::directory::stamp_if_exists(&path)?.is_some() {
                let keyspaces = read_schema_file(&path, Some(&table.keyspace))?;
                if let Some(known) = find_table(&keyspaces, &table.keyspace, &table.table) {
                    return Ok(Some(known));
                }
            }
        }
        Ok(find_table(&self.schemas.keyspaces, &table.keyspace, &table.table))
    }

    /// Whether these are the folders that the stores have.
    fn has_same(&self, dirs: &[TableDir]) -> bool {
        let known: BTreeSet<&Path> = self.schemas.seen.iter().map(PathBuf::as_path).collect();
        let now: BTreeSet<&Path> = dirs.iter().map(|d| d.path.as_path()).collect();
        known == now
    }
}

fn find_table(keyspaces: &[Arc<Keyspace>], keyspace: &str, table: &str) -> Option<Arc<Table>> {
    keyspaces.iter().filter(|k| k.name == keyspace).find_map(|k| k.tables.get(table)).cloned()
}

/// Keyspaces in a file of CREATE statements. `keyspace` is that of names that do not say theirs.
fn read_schema_file(path: &Path, keyspace: Option<&str>) -> Result<Vec<Arc<Keyspace>>> {
    let source = FileSource::open(path)?;
    let bytes = storage::read_all(&source, LARGEST_SCHEMA_FILE).map_err(|e| Error::io(e, path))?;
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid("is not a text in UTF-8").in_file(path))?;
    let keyspaces = ddl::parse(&text, keyspace).map_err(|e| e.in_file(path))?;
    Ok(keyspaces.into_values().map(Arc::new).collect())
}

/// The schema in the system_schema SSTables of the data directories.
#[derive(Default)]
struct Schemas {
    keyspaces: Vec<Arc<Keyspace>>,
    /// The folders of system_schema.
    dirs: Vec<TableDir>,
    listings: Vec<Listing>,
    /// The folders of all tables when it was read.
    seen: Vec<PathBuf>,
    problems: Vec<Error>,
}

impl Schemas {
    fn load(tables: &[TableDir]) -> Result<Schemas> {
        let mut schemas = Schemas { seen: tables.iter().map(|t| t.path.clone()).collect(), ..Schemas::default() };
        schemas.dirs = Self::system_dirs(tables);
        let (grouped, _) = discover::by_table(schemas.dirs.clone(), |_, _| None);
        let mut rows = SystemRows::default();
        for (name, keys) in SYSTEM_TABLES {
            let Some(dirs) = grouped.iter().find(|t| t.table == name) else { continue };
            schemas.listings.push(Listing::read(&dirs.dirs)?);
            match read_system_table(dirs, keys) {
                Ok(found) => rows.of(name).into_iter().for_each(|rows| rows.extend_from_slice(&found)),
                // Nothing was flushed yet.
                Err(e) if e.kind() == Kind::Schema => {}
                Err(e) => schemas.problems.push(e.context(format!("the schema can't be read: system_schema.{name}"))),
            }
        }
        let (keyspaces, problems) = rows.build();
        schemas.keyspaces = keyspaces.into_iter().map(Arc::new).collect();
        schemas.problems.extend(problems);
        Ok(schemas)
    }

    fn system_dirs(tables: &[TableDir]) -> Vec<TableDir> {
        let data_dirs: BTreeSet<&PathBuf> = tables.iter().filter_map(|t| t.data_dir.as_ref()).collect();
        let folders = data_dirs.into_iter().map(|d| d.join("system_schema"));
        let found = folders.filter_map(|f| discover::find(&[f]).ok()).flat_map(|found| found.dirs);
        found.filter(|d| SYSTEM_TABLES.iter().any(|(name, _)| *name == d.table)).collect()
    }

    fn is_current(&self, tables: &[TableDir]) -> bool {
        self.listings.iter().all(Listing::is_current) && self.dirs == Self::system_dirs(tables)
    }

    fn table(&self, given: &[Arc<Keyspace>], keyspace: &str, table: &str) -> Option<Arc<Table>> {
        find_table(given, keyspace, table).or_else(|| find_table(&self.keyspaces, keyspace, table))
    }

    fn keyspace(&self, given: &[Arc<Keyspace>], name: &str) -> Option<Arc<Keyspace>> {
        given.iter().chain(&self.keyspaces).find(|k| k.name == name).cloned()
    }
}

/// All rows of a table of system_schema, whose key columns behind `keyspace_name` are `clustering`.
fn read_system_table(dirs: &TableDirs, clustering: &[&str]) -> Result<Vec<SystemRow>> {
    let store = TableStore::new(dirs.clone(), None);
    let view = store.view()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    let mut rows = view.rows(&ScanRange::ALL, now)?;
    let mut found = Vec::new();
    let regulars = &view.table().regulars;
    while rows.next_partition()? {
        let key = rows.key().key.clone();
        while let Some(row) = rows.next_row()? {
            let mut values = SystemRow::default();
            values.0.insert("keyspace_name".to_owned(), key.clone());
            for (i, name) in clustering.iter().enumerate() {
                if let Some(value) = row.clustering_value(i) {
                    values.0.insert((*name).to_owned(), value.to_vec());
                }
            }
            for cell in &row.cells {
                if let Some(column) = regulars.get(usize::from(cell.column)) {
                    values.0.insert(column.name.clone(), row.value(cell).to_vec());
                }
            }
            found.push(values);
        }
    }
    Ok(found)
}
