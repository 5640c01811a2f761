//! Who may read what the tree shows: those who may read the SSTables that it is made of, where they lie.
//!
//! Modes are looked at again when a second has passed. What waits in a journal counts as the SSTable that it will be: it
//! goes into the folder of the table.

use std::collections::{BTreeSet, HashMap};
use std::fs;
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

    fn read(&mut self, file: &Path, metadata: &fs::Metadata) {
        if metadata.is_file() {
            self.content.insert(Limit::reading(file, metadata));
        }
    }

    /// The SSTables in a folder are read, or the one with the Data file `only`.
    fn sstables(&mut self, folder: &Path, only: Option<&str>) {
        let Ok(entries) = fs::read_dir(folder) else {
            self.content.insert(Limit::CLOSED);
            return;
        };
        let prefix = only.and_then(|only| only.strip_suffix("Data.db")).unwrap_or_default();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|n| n.starts_with(prefix)) else { continue };
            if is_component(name) || name == "schema.cql" {
                // Gone again: it is not read.
                let Ok(metadata) = entry.metadata() else { continue };
                self.read(&entry.path(), &metadata);
            }
        }
        match only {
            Some(_) => self.pass(folder),
            None => self.list(folder),
        }
    }
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
                Ok(metadata) => limits.read(&path, &metadata),
                Err(_) => {}
            }
        }
    }

    fn stores(&self, keyspace: &str) -> Vec<Arc<TableStore>> {
        let tables = self.database.tables(keyspace);
        tables.iter().filter_map(|table| self.database.table(keyspace, table)).collect()
    }
}
