//! Tells when what is on disk changed, so that the kernel's caches can be told. What is read is checked against the disk
//! each time anyway: see [`Epochs::moment`](super::epoch::Epochs::moment).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use sstablefs::table::Database;

use super::epoch::Epochs;
use super::inotify::{Inotify, News};
use crate::path::TableName;
use crate::tree::{Change, Listener};

/// How long to gather news before looking: a flush writes many files.
const GATHER: Duration = Duration::from_millis(20);
/// How often to see whether anybody still listens.
const IDLE: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Folder {
    /// Tables and keyspaces may come and go in it, or it holds the schema.
    whole: bool,
    tables: Vec<TableName>,
}

struct Watch {
    database: Arc<Database>,
    epochs: Arc<Epochs>,
    inotify: Inotify,
    folders: HashMap<i32, Folder>,
    /// What was there when names were last told to have changed.
    names: BTreeSet<(String, String)>,
    /// The epoch of each table that was last told.
    told: HashMap<TableName, u64>,
}

pub(super) fn start(database: Arc<Database>, epochs: Arc<Epochs>, listener: Box<dyn Listener>) {
    let inotify = match Inotify::new() {
        Ok(inotify) => inotify,
        Err(e) => {
            tracing::warn!("changes are only noticed when files are opened: {e}");
            return;
        }
    };
    let names = names(&database);
    let mut watch = Watch { database, epochs, inotify, folders: HashMap::new(), names, told: HashMap::new() };
    watch.add_folders();
    std::thread::spawn(move || watch.run(&*listener));
}

fn names(database: &Database) -> BTreeSet<(String, String)> {
    let of = |k: String| database.tables(&k).into_iter().map(move |t| (k.clone(), t));
    database.keyspaces().into_iter().flat_map(of).collect()
}

impl Watch {
    fn add_folders(&mut self) {
        let mut folders: HashMap<i32, Folder> = HashMap::new();
        let mut failed = None;
        let mut add = |path: &std::path::Path| match self.inotify.add(path) {
            Ok(wd) => Some(wd),
            Err(e) => {
                failed.get_or_insert_with(|| format!("{}: {e}", path.display()));
                None
            }
        };
        for path in self.database.watched() {
            if let Some(wd) = add(&path) {
                folders.entry(wd).or_default().whole = true;
            }
        }
        for (keyspace, table) in &self.names {
            let Some(store) = self.database.table(keyspace, table) else { continue };
            for dir in &store.dirs().dirs {
                if let Some(wd) = add(&dir.path) {
                    folders.entry(wd).or_default().tables.push(TableName::new(keyspace, table));
                }
            }
        }
        if let Some(failed) = failed {
            tracing::warn!("some changes are only noticed when files are opened: {failed}");
        }
        self.folders = folders;
    }

    fn run(mut self, listener: &dyn Listener) {
        let mut news = Vec::new();
        while listener.is_listening() {
            news.clear();
            let mut result = self.inotify.wait(IDLE, &mut news);
            if news.is_empty() && result.is_ok() {
                continue;
            }
            std::thread::sleep(GATHER);
            result = result.and_then(|()| self.inotify.wait(Duration::ZERO, &mut news));
            if let Err(e) = result {
                tracing::warn!("changes are only noticed when files are opened: {e}");
                return;
            }
            self.look(&news, listener);
        }
    }

    fn look(&mut self, news: &[News], listener: &dyn Listener) {
        let mut whole = false;
        let mut tables: Vec<TableName> = Vec::new();
        for one in news {
            match one {
                News::Folder(wd) => {
                    if let Some(folder) = self.folders.get(wd) {
                        whole |= folder.whole;
                        tables.extend(folder.tables.iter().cloned());
                    }
                }
                News::Lost => {
                    whole = true;
                    tables.extend(self.folders.values().flat_map(|f| f.tables.iter().cloned()));
                }
            }
        }
        if whole {
            match self.database.refresh() {
                Ok(changed) => self.look_at_names(changed, listener),
                Err(e) => tracing::warn!("{e}"),
            }
        }
        tables.sort_by(|a, b| (a.keyspace(), a.table()).cmp(&(b.keyspace(), b.table())));
        tables.dedup();
        for table in tables {
            self.look_at(table, listener);
        }
    }

    fn look_at_names(&mut self, changed: bool, listener: &dyn Listener) {
        // A request may have refreshed it before.
        let names = names(&self.database);
        if changed || names != self.names {
            self.names = names;
            self.add_folders();
            listener.changed(Change::Names);
        }
    }

    fn look_at(&mut self, name: TableName, listener: &dyn Listener) {
        // Nobody has looked at it yet: the kernel knows nothing.
        let Some(before) = self.epochs.current(&name) else { return };
        let Some(store) = self.database.table(name.keyspace(), name.table()) else { return };
        let told = *self.told.entry(name.clone()).or_insert(before);
        match self.epochs.moment(&name, &store, None) {
            Ok(moment) if moment.epoch.number() == told => {}
            Ok(moment) => {
                self.told.insert(name.clone(), moment.epoch.number());
                listener.changed(Change::Table(name));
            }
            Err(e) => {
                tracing::warn!(table = %name, "{e}");
                listener.changed(Change::Table(name));
            }
        }
    }
}
