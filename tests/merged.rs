//! The SSTables of a table, merged with all their tombstones, show what they show together.

mod data;

use std::sync::Arc;

use sstablefs::merge::{LiveRows, Merged};
use sstablefs::rows::PartitionStream;
use sstablefs::table::{Database, Options, ScanRange, View};

/// All live rows, each with key and static row, as text.
fn all(mut rows: LiveRows) -> Vec<String> {
    let mut found = Vec::new();
    while rows.next_partition().unwrap() {
        let head = format!("{:?} {:?}", rows.key(), cells(rows.static_row()));
        found.push(head);
        while let Some(row) = rows.next_row().unwrap() {
            let clustering: Vec<_> = (0..row.clustering.len()).map(|i| row.clustering_value(i)).collect();
            found.push(format!("  {clustering:?} {:?} {:?}", row.liveness, cells(row)));
        }
    }
    found
}

fn cells(row: &sstablefs::rows::Row) -> Vec<(u16, i64, &[u8], &[u8])> {
    row.cells.iter().map(|c| (c.column, c.timestamp, row.path(c), row.value(c))).collect()
}

fn check(name: &str, view: &Arc<View>, now: i64) -> usize {
    let expected = all(view.rows(&ScanRange::ALL, now).unwrap());
    let sstables = view.sstables();
    let scan = |i: usize| Box::new(sstables[i].scan_all().unwrap()) as Box<dyn PartitionStream>;
    for at in 0..sstables.len() {
        // Some are merged, the rest is read beside them: tombstones matter then.
        for merged in [0..at + 1, at..sstables.len()] {
            let one = Merged::new(view.table(), view.key_order(), merged.clone().map(scan));
            let mut streams: Vec<_> = (0..sstables.len()).filter(|i| !merged.contains(i)).map(scan).collect();
            streams.insert(merged.start.min(streams.len()), Box::new(one));
            let found = all(LiveRows::new(view.table(), view.key_order(), streams, now));
            for (expected, found) in expected.iter().zip(&found) {
                assert_eq!(expected, found, "{name}, {merged:?} merged");
            }
            assert_eq!(expected.len(), found.len(), "{name}, {merged:?} merged");
        }
    }
    sstables.len()
}

#[test]
fn a_merge_with_tombstones_shows_what_its_inputs_show() {
    let mut several = 0;
    for (version, now) in data::versions() {
        let path = data::root().join(&version).join("data");
        let database = Database::open(&[path], &Options::default()).unwrap();
        for keyspace in database.keyspaces().into_iter().filter(|k| !k.starts_with("system")) {
            for table in database.tables(&keyspace) {
                let view = database.table(&keyspace, &table).unwrap().view().unwrap();
                let sstables = check(&format!("{version} {keyspace}.{table}"), &view, now);
                several += usize::from(sstables > 1);
            }
        }
    }
    assert!(several > 100, "{several}");
}
