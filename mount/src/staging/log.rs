//! What became of each file, a line of JSON each.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use sstablefs_render::value::iso_timestamp;

use super::{Flushed, Taken};

/// The oldest ones are forgotten.
const KEPT: usize = 10_000;

#[derive(Debug, Clone)]
enum Outcome {
    Taken(Taken),
    Bad { errors: usize, first: String },
    Failed(String),
}

#[derive(Debug, Clone)]
struct Entry {
    time: SystemTime,
    name: String,
    bytes: u64,
    outcome: Outcome,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    flushes: VecDeque<Flushed>,
}

impl Log {
    pub(super) fn taken(&mut self, name: &str, bytes: u64, taken: Taken) {
        self.add(name, bytes, Outcome::Taken(taken));
    }

    pub(super) fn bad(&mut self, name: &str, bytes: u64, errors: usize, first: String) {
        self.add(name, bytes, Outcome::Bad { errors, first });
    }

    pub(super) fn failed(&mut self, name: &str, bytes: u64, reason: String) {
        self.add(name, bytes, Outcome::Failed(reason));
    }

    pub(super) fn flushed(&mut self, flushed: Flushed) {
        if self.flushes.len() == KEPT {
            self.flushes.pop_front();
        }
        self.flushes.push_back(flushed);
    }

    fn add(&mut self, name: &str, bytes: u64, outcome: Outcome) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { time: SystemTime::now(), name: name.to_owned(), bytes, outcome });
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for entry in &self.entries {
            out.push_str(&Value::Object(self.line(entry)).to_string());
            out.push('\n');
        }
        out
    }

    fn line(&self, entry: &Entry) -> Map<String, Value> {
        let mut line = Map::new();
        let millis = entry.time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
        let mut time = Vec::new();
        iso_timestamp(millis, &mut time);
        line.insert("time".into(), String::from_utf8_lossy(&time).into());
        line.insert("file".into(), entry.name.as_str().into());
        line.insert("bytes".into(), entry.bytes.into());
        match &entry.outcome {
            Outcome::Taken(taken) => {
                line.insert("outcome".into(), "taken up".into());
                line.insert("rows".into(), taken.rows.into());
                line.insert("deletions".into(), taken.deletions.into());
                let is_something = taken.rows + taken.deletions > 0;
                let flush = self.flushes.iter().find(|f| is_something && f.up_to >= taken.lot);
                let sstables = match (taken.sstables.is_empty(), flush) {
                    (true, Some(flush)) => &flush.sstables,
                    _ => &taken.sstables,
                };
                // Empty until it is flushed.
                line.insert("sstables".into(), sstables.as_slice().into());
            }
            Outcome::Bad { errors, first } => {
                line.insert("outcome".into(), "bad".into());
                line.insert("errors".into(), (*errors).into());
                line.insert("first_error".into(), first.as_str().into());
            }
            Outcome::Failed(reason) => {
                line.insert("outcome".into(), "failed".into());
                line.insert("reason".into(), reason.as_str().into());
            }
        }
        line
    }
}

#[test]
fn sstables_of_a_file_are_known_when_it_is_flushed() {
    let mut log = Log::default();
    let taken = |lot| Taken { rows: 2, lot, ..Taken::default() };
    log.taken("a.csv", 10, taken(1));
    log.taken("b.csv", 10, taken(2));
    log.bad("c.csv", 5, 3, "line 1, column 1: no".into());
    let sstables = |log: &Log| -> Vec<Value> {
        log.text().lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["sstables"].clone()).collect()
    };
    assert_eq!(Value::from(sstables(&log)), serde_json::json!([[], [], null]));
    log.flushed(Flushed { up_to: 1, sstables: vec!["oa-1-big".into()] });
    assert_eq!(Value::from(sstables(&log)), serde_json::json!([["oa-1-big"], [], null]));
    log.flushed(Flushed { up_to: 2, sstables: vec!["oa-2-big".into()] });
    log.taken("d.csv", 10, Taken { lot: 3, sstables: vec!["oa-9-big".into()], ..Taken::default() });
    assert_eq!(Value::from(sstables(&log)), serde_json::json!([["oa-1-big"], ["oa-2-big"], null, ["oa-9-big"]]));
}
