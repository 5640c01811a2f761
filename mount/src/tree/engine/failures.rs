//! What went wrong when tables were read: shown in their info.json.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use sstablefs::Error;

use crate::path::TableName;

/// The latest of each table are kept.
const KEPT: usize = 20;

#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<TableName, VecDeque<String>>>);

impl Failures {
    pub(super) fn note(&self, table: &TableName, error: &Error) {
        let text = error.to_string();
        let mut tables = self.0.lock();
        let known = tables.entry(table.clone()).or_default();
        if !known.contains(&text) {
            known.truncate(KEPT - 1);
            known.push_front(text);
        }
    }

    /// The latest first.
    pub(super) fn of(&self, table: &TableName) -> Vec<String> {
        self.0.lock().get(table).map_or_else(Vec::new, |known| known.iter().cloned().collect())
    }
}
