//! A table between two changes of its SSTables, and a moment in it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use sstablefs::Result;
use sstablefs::ingest::FOLDER;
use sstablefs::sstable::{Component, Reader};
use sstablefs::table::{TableStore, View};
use sstablefs_render::name::KeyNames;

use super::printers::Printers;
use crate::path::TableName;

pub(super) struct Epoch {
    pub(super) view: Arc<View>,
    number: u64,
    /// Something in it has a TTL: what is shown depends on the time.
    expires: bool,
    /// Of the Data files, as they are on disk.
    pub(super) bytes: u64,
    /// When the newest of them was written.
    pub(super) modified: SystemTime,
    pub(super) names: KeyNames,
    pub(super) printers: Arc<Printers>,
}

impl Epoch {
    fn new(view: Arc<View>, number: u64) -> Self {
        let mut epoch = Epoch {
            number,
            expires: false,
            bytes: 0,
            modified: UNIX_EPOCH,
            names: KeyNames::new(view.table()),
            printers: Arc::default(),
            view,
        };
        for sstable in epoch.view.sstables() {
            epoch.expires |= sstable.statistics().stats.max_ttl != 0;
            // Gone already when Cassandra compacts at this moment; the open file is still read.
            let Ok(metadata) = fs::metadata(sstable.descriptor().component(Component::Data)) else {
                epoch.bytes = u64::MAX;
                continue;
            };
            epoch.bytes = epoch.bytes.saturating_add(metadata.len());
            epoch.modified = epoch.modified.max(metadata.modified().unwrap_or(UNIX_EPOCH));
        }
        epoch
    }
}

impl Epoch {
    /// Where its SSTables lie, or will lie.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.view.sstables().iter().filter_map(|sstable| match is_lot(sstable) {
            true => sstable.descriptor().dir.parent(),
            false => Some(sstable.descriptor().dir.as_path()),
        })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Rows and bytes of what was taken up and is in no SSTable of the table yet.
    pub(super) fn pending(&self) -> (i64, u64) {
        let lots = self.view.sstables().iter().filter(|s| is_lot(s));
        lots.fold((0, 0), |(rows, bytes), s| (rows + s.statistics().stats.total_rows, bytes + s.data().len()))
    }

    /// Its SSTables with their names, without what was only taken up: the identifier, which only SSTables of several nodes can have in common.
    pub(super) fn sstables(&self) -> Vec<(String, Arc<Reader>)> {
        let mut named: Vec<(String, Arc<Reader>)> = Vec::new();
        for sstable in self.view.sstables().iter().filter(|s| !is_lot(s)) {
            let id = sstable.descriptor().id.to_string();
            let taken = |name: &str| named.iter().any(|(n, _)| n == name);
            let mut name = id.clone();
            let mut number = 1;
            while taken(&name) {
                number += 1;
                name = format!("{id}~{number}");
            }
            named.push((name, sstable.clone()));
        }
        named
    }

    pub(super) fn sstable(&self, name: &str) -> Option<Arc<Reader>> {
        self.sstables().into_iter().find(|(n, _)| n == name).map(|(_, sstable)| sstable)
    }
}

/// Whether it lies in a journal.
fn is_lot(sstable: &Reader) -> bool {
    sstable.descriptor().dir.ends_with(FOLDER)
}

/// What a SELECT would see now.
#[derive(Clone)]
pub(super) struct Moment {
    pub(super) epoch: Arc<Epoch>,
    /// Seconds since the epoch of 1970.
    pub(super) now: i64,
    /// Another number when a SELECT may give something else.
    pub(super) version: u64,
}

impl Moment {
    /// The same when it shows something else each second.
    pub(super) fn of_this_second(self) -> Self {
        Moment { version: (self.version & !SECONDS) | (seconds() as u64 & SECONDS), ..self }
    }
}

/// Bits of a version that hold the second: they are enough until the year 2514.
const SECONDS: u64 = (1 << 34) - 1;

/// The current epoch of each table that was looked at.
#[derive(Default)]
pub(super) struct Epochs {
    current: Mutex<HashMap<TableName, Arc<Epoch>>>,
    count: AtomicU64,
}

impl Epochs {
    /// The number of the table's epoch when it was last looked at.
    pub(super) fn current(&self, name: &TableName) -> Option<u64> {
        self.current.lock().get(name).map(|e| e.number)
    }

    /// The table as it was when it was last looked at.
    pub(super) fn last(&self, name: &TableName) -> Option<Arc<Epoch>> {
        self.current.lock().get(name).cloned()
    }

    /// The table as it is on disk now. `fixed`: the time to read at, instead of now.
    pub(super) fn moment(&self, name: &TableName, store: &TableStore, fixed: Option<i64>) -> Result<Moment> {
        store.refresh()?;
        let view = store.view()?;
        let known = self.current.lock().get(name).filter(|e| Arc::ptr_eq(&e.view, &view)).cloned();
        let epoch = match known {
            Some(epoch) => epoch,
            None => {
                let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
                let epoch = Arc::new(Epoch::new(view, number));
                self.current.lock().insert(name.clone(), epoch.clone());
                epoch
            }
        };
        let now = fixed.unwrap_or_else(seconds);
        let moment = Moment { version: epoch.number << SECONDS.count_ones(), epoch, now };
        Ok(if moment.epoch.expires && fixed.is_none() { moment.of_this_second() } else { moment })
    }
}

fn seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}
