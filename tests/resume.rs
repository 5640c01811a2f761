//! Reading goes on from any place with the rows that reading through would have given: what seeking in a file needs.

mod data;

use std::ops::Bound;
use std::sync::Arc;

use sstablefs::merge::{LiveRows, Position};
use sstablefs::table::{Database, Options, ScanRange, View};

/// Rows that are looked at behind each place.
const AHEAD: usize = 40;
/// Places tried in one table.
const PLACES: usize = 60;

/// The next row with its key and static row, as text; steps over partitions.
fn next(rows: &mut LiveRows, in_partition: &mut bool) -> Option<String> {
    loop {
        if !*in_partition && !rows.next_partition().unwrap() {
            return None;
        }
        *in_partition = true;
        let head = format!("{:?} {:?}", rows.key(), cells(rows.static_row()));
        if let Some(row) = rows.next_row().unwrap() {
            let clustering: Vec<_> = (0..row.clustering.len()).map(|i| row.clustering_value(i)).collect();
            return Some(format!("{head} {clustering:?} {:?}", cells(row)));
        }
        *in_partition = false;
    }
}

fn cells(row: &sstablefs::rows::Row) -> Vec<(u16, i64, &[u8], &[u8])> {
    row.cells.iter().map(|c| (c.column, c.timestamp, row.path(c), row.value(c))).collect()
}

fn check(view: &View, now: i64) -> usize {
    let mut all: Vec<(String, Position)> = Vec::new();
    let mut rows = view.rows(&ScanRange::ALL, now).unwrap();
    let mut in_partition = false;
    while let Some(row) = next(&mut rows, &mut in_partition) {
        all.push((row, rows.position()));
    }
    let step = (all.len() / PLACES).max(1);
    let mut tried = 0;
    for at in (0..all.len()).step_by(step) {
        // A position may be asked for before anything was read.
        let rows = view.rows_after(&all[at].1, &ScanRange::ALL, now).unwrap();
        let mut rows = view.rows_after(&rows.position(), &ScanRange::ALL, now).unwrap();
        let mut in_partition = false;
        for expected in all[at + 1..].iter().take(AHEAD) {
            assert_eq!(next(&mut rows, &mut in_partition).as_ref(), Some(&expected.0), "behind {}", all[at].0);
        }
        if at + AHEAD >= all.len() {
            assert_eq!(next(&mut rows, &mut in_partition), None, "behind {}", all[at].0);
        }
        tried += 1;
    }
    tried
}

#[test]
fn reading_goes_on_behind_any_row() {
    let mut places = 0;
    for (version, now) in data::versions() {
        let database = Database::open(&[data::root().join(&version).join("data")], &Options::default()).unwrap();
        for (_, store) in tables(&database) {
            places += check(&store.view().unwrap(), now);
        }
    }
    assert!(places > 1000, "only {places} places tried");
}

fn tables(database: &Database) -> Vec<(String, Arc<sstablefs::table::TableStore>)> {
    let mut tables = Vec::new();
    for keyspace in database.keyspaces() {
        for table in database.tables(&keyspace) {
            tables.extend(database.table(&keyspace, &table).map(|store| (format!("{keyspace}.{table}"), store)));
        }
    }
    tables
}

#[test]
fn ranges_of_keys_add_up_to_the_table() {
    let mut ranges = 0;
    for (version, now) in data::versions() {
        let database = Database::open(&[data::root().join(&version).join("data")], &Options::default()).unwrap();
        for (name, store) in tables(&database) {
            let view = store.view().unwrap();
            let mut keys = Vec::new();
            let mut stream = view.keys(None, now).unwrap();
            while let Some(key) = stream.next_key().unwrap() {
                keys.push(key.clone());
            }
            let all = text(view.rows(&ScanRange::ALL, now).unwrap());
            for at in (0..keys.len()).step_by((keys.len() / 5).max(1)) {
                let key = &keys[at];
                for (end, start) in [
                    (Bound::Excluded(key.clone()), Bound::Included(key.clone())),
                    (Bound::Included(key.clone()), Bound::Excluded(key.clone())),
                ] {
                    let before = ScanRange { start: Bound::Unbounded, end };
                    let behind = ScanRange { start, end: Bound::Unbounded };
                    let mut parts = text(view.rows(&before, now).unwrap());
                    parts.extend(text(view.rows(&behind, now).unwrap()));
                    assert_eq!(parts, all, "{version} {name} cut at {key:?}");
                    ranges += 1;
                }
                let mut rest = Vec::new();
                let mut stream = view.keys(Some(key), now).unwrap();
                while let Some(key) = stream.next_key().unwrap() {
                    rest.push(key.clone());
                }
                assert_eq!(rest, keys[at + 1..], "{version} {name} keys behind {key:?}");
            }
        }
    }
    assert!(ranges > 100, "only {ranges} ranges tried");
}

fn text(mut rows: LiveRows) -> Vec<String> {
    let mut in_partition = false;
    std::iter::from_fn(|| next(&mut rows, &mut in_partition)).collect()
}
