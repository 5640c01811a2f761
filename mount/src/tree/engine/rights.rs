//! Who may read what the tree shows: those who may read the SSTables that it is made of, where they lie.
//!
//! Modes are looked at again when a second has passed. What waits in a journal counts as the SSTable that it will be: it
//! goes into the folder of the table.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sstablefs::table::TableStore;

use super::EngineTree;
use crate::access::{Limit, Permissions, Person};
use crate::path::{Request, TableName};

const VALID: Duration = Duration::from_secs(1);

/// What all of it has the same rights.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Subject {
    Root,
    /// The names of all keyspaces and tables.
    Names,
    Keyspace(Arc<str>),
    KeyspaceSchema(Arc<str>),
    Table(TableName),
    TableSchema(TableName),
}

pub(super) struct Rights {
    me: Person,
    known: Mutex<HashMap<Subject, (Instant, Permissions)>>,
}

impl Default for Rights {
    fn default() -> Self {
        Rights { me: Person::own(), known: Mutex::default() }
    }
}

/// What is read, and what leads there.
#[derive(Default)]
struct Limits {
    content: BTreeSet<Limit>,
    way: BTreeSet<Limit>,
    passed: BTreeSet<PathBuf>,
}

impl Limits {
    fn pass(&mut self, folder: &Path) {
        for folder in folder.ancestors() {
            if !self.passed.insert(folder.to_owned()) {
                return;
            }
            self.way.extend(Limit::passing(folder));
        }
    }

    /// The names in a folder are shown.
    fn list(&mut self, folder: &Path) {
        match fs::symlink_metadata(folder) {
            Ok(metadata) => {
                self.content.insert(Limit::listing(folder, &metadata));
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => {
                self.content.insert(Limit::CLOSED);
            }
        }
        folder.parent().into_iter().for_each(|above| self.pass(above));
    }

    /// Whether some of it is for its owner alone, so that no access control list can take away more.
    fn is_private(&self) -> bool {
        self.content.iter().chain(&self.way).any(Limit::is_private)
    }

    /// The SSTables in a folder are read, or the one with the Data file `only`.
    fn sstables(&mut self, folder: &Path, only: Option<&str>) {
        let Ok(entries) = fs::read_dir(folder) else {
            self.content.insert(Limit::CLOSED);
            return;
        };
        match only {
            Some(_) => self.pass(folder),
            None => self.list(folder),
        }
        let prefix = only.and_then(|only| only.strip_suffix("Data.db")).unwrap_or_default();
        let is_read = |name: &str| name.starts_with(prefix) && (is_component(name) || name == "schema.cql");
        let files: Vec<_> = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_read)).collect();
        let private = self.is_private();
        // A thread of its own is worth it for some hundreds of files.
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len() / 512).max(1);
        let mut parts = files.chunks(files.len().div_ceil(threads).max(1));
        let first = parts.next().unwrap_or_default();
        std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(move || limits_of(part, private))).collect();
            self.content.extend(limits_of(first, private));
            for other in others {
                self.content.extend(other.join().unwrap_or_else(|_| BTreeSet::from([Limit::CLOSED])));
            }
        });
    }
}

/// Their access control lists count for nothing where something else is `private`.
fn limits_of(files: &[DirEntry], private: bool) -> BTreeSet<Limit> {
    // One that is gone again is not read.
    let found = files.iter().filter_map(|file| Some((file, file.metadata().ok()?)));
    let limit = |(file, metadata): (&DirEntry, fs::Metadata)| match private {
        true => Limit::reading_by_mode(&metadata),
        false => Limit::reading(&file.path(), &metadata),
    };
    found.filter(|(_, metadata)| metadata.is_file()).map(limit).collect()
}

fn is_component(name: &str) -> bool {
    let known = name.ends_with(".db") || name.ends_with("-TOC.txt") || name.contains("-Digest.");
    known && !name.starts_with('.') && name.split('-').count() == 4
}

impl Subject {
    fn of(tree: &EngineTree, request: &Request) -> Option<Subject> {
        Some(match request {
            Request::Root | Request::Statements => Subject::Root,
            Request::Readme | Request::StatementsReadme => Subject::Names,
            Request::Keyspace(keyspace) => Subject::Keyspace(keyspace.clone()),
            Request::KeyspaceSchema(keyspace) => Subject::KeyspaceSchema(keyspace.clone()),
            Request::TableSchema(table) => Subject::TableSchema(table.clone()),
            _ => Subject::Table(tree.table_of(request)?),
        })
    }

    fn limits(&self, tree: &EngineTree) -> Limits {
        let mut limits = Limits::default();
        match self {
            Subject::Root => tree.limit_root(&mut limits),
            Subject::Names => {
                tree.limit_root(&mut limits);
                tree.database.keyspaces().iter().for_each(|keyspace| tree.limit_keyspace(keyspace, &mut limits));
            }
            Subject::Keyspace(keyspace) => tree.limit_keyspace(keyspace, &mut limits),
            Subject::KeyspaceSchema(keyspace) => {
                tree.limit_keyspace(keyspace, &mut limits);
                let tables = tree.database.tables(keyspace);
                tables.iter().for_each(|table| tree.limit_table(&TableName::new(keyspace, table), &mut limits));
                tree.limit_schema(&mut limits);
            }
            Subject::Table(table) => tree.limit_table(table, &mut limits),
            Subject::TableSchema(table) => {
                tree.limit_table(table, &mut limits);
                tree.limit_schema(&mut limits);
            }
        }
        limits
    }
}

impl EngineTree {
    pub(super) fn rights_of(&self, request: &Request) -> Permissions {
        match Subject::of(self, request) {
            Some(subject) => self.access_to(subject),
            // A statement about nothing that is here.
            None => Permissions::open_to_all(&self.rights.me),
        }
    }

    /// Whether all who may read the names of all tables may also read what is in this one.
    pub(super) fn is_as_open_as_names(&self, table: &TableName) -> bool {
        let names = self.access_to(Subject::Names);
        self.access_to(Subject::Table(table.clone())).covers(&names, &self.rights.me)
    }

    fn access_to(&self, subject: Subject) -> Permissions {
        if let Some((when, access)) = self.rights.known.lock().get(&subject)
            && when.elapsed() < VALID
        {
            return *access;
        }
        let started = Instant::now();
        let Limits { content, way, .. } = subject.limits(self);
        let (content, way): (Vec<_>, Vec<_>) = (content.into_iter().collect(), way.into_iter().collect());
        let access = Permissions::of(&content, &way, &self.rights.me);
        self.rights.known.lock().insert(subject, (started, access));
        access
    }

    fn limit_root(&self, limits: &mut Limits) {
        for path in self.database.paths() {
            match path.is_dir() {
                true => limits.list(path),
                false => path.parent().into_iter().for_each(|folder| limits.pass(folder)),
            }
        }
    }

    /// Its tables are shown by their names. A table that was given by itself is one of a keyspace that was not listed.
    fn limit_keyspace(&self, keyspace: &str, limits: &mut Limits) {
        for store in self.stores(keyspace) {
            for dir in &store.dirs().dirs {
                let is_given = |folder: &&Path| self.database.paths().iter().any(|path| folder.starts_with(path));
                match dir.path.parent().filter(is_given) {
                    Some(folder) => limits.list(folder),
                    None => limits.pass(&dir.path),
                }
            }
        }
    }

    fn limit_table(&self, table: &TableName, limits: &mut Limits) {
        let Some(store) = self.database.table(table.keyspace(), table.table()) else { return };
        for dir in &store.dirs().dirs {
            limits.sstables(&dir.path, dir.only.as_deref());
        }
        // Those that were written elsewhere.
        let epoch = self.epochs.last(table);
        let beside: BTreeSet<&Path> = epoch.iter().flat_map(|epoch| epoch.folders()).collect();
        for folder in beside.into_iter().filter(|folder| store.dirs().dirs.iter().all(|dir| dir.path != *folder)) {
            limits.sstables(folder, None);
        }
    }

    /// Whatever told the schema.
    fn limit_schema(&self, limits: &mut Limits) {
        for path in self.database.schema_paths() {
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => limits.sstables(&path, None),
                Ok(metadata) if metadata.is_file() => {
                    limits.content.insert(Limit::reading(&path, &metadata));
                }
                Ok(_) => {}
                Err(_) => {}
            }
        }
    }

    fn stores(&self, keyspace: &str) -> Vec<Arc<TableStore>> {
        let tables = self.database.tables(keyspace);
        tables.iter().filter_map(|table| self.database.table(keyspace, table)).collect()
    }
}
