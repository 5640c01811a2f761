//! Rows that are decoded only as far as they are looked at are those that are decoded whole.

mod data;

use std::ops::Bound;
use std::sync::Arc;

use sstablefs::merge::{LiveRows, Wanted};
use sstablefs::rows::{Cell, Depth, Row};
use sstablefs::table::{Database, Options, ScanRange, View};

/// A moment at which what expires in the golden cases has expired, and one before.
const MOMENTS: [i64; 2] = [4_000_000_000, 1_000_000_000];

/// Every table of the golden cases.
fn views() -> Vec<Arc<View>> {
    let mut views = Vec::new();
    for (version, _) in data::versions() {
        let database = Database::open(&[data::root().join(version).join("data")], &Options::default()).unwrap();
        for keyspace in database.keyspaces() {
            let stores = database.tables(&keyspace).into_iter().filter_map(|name| database.table(&keyspace, &name));
            views.extend(stores.map(|store| store.view().unwrap()));
        }
    }
    views
}

fn rows(view: &Arc<View>, depth: Depth, now: i64) -> LiveRows {
    let everything = ScanRange { start: Bound::Unbounded, end: Bound::Unbounded };
    let mut rows = view.rows(&everything, now).unwrap();
    rows.want(Wanted { depth, ..Wanted::default() }, false);
    rows
}

/// What a reader can see of the first columns of a row.
fn seen(row: &Row, depth: usize) -> Vec<(Vec<u8>, Vec<u8>, Cell)> {
    let cells = row.cells.iter().filter(|cell| usize::from(cell.column) < depth);
    let place = |cell: &Cell| Cell { path: Default::default(), value: Default::default(), ..*cell };
    cells.map(|cell| (row.path(cell).to_vec(), row.value(cell).to_vec(), place(cell))).collect()
}

fn clustering(row: &Row) -> Vec<Option<Vec<u8>>> {
    (0..row.clustering.len()).map(|i| row.clustering_value(i).map(<[u8]>::to_vec)).collect()
}

#[test]
fn rows_are_the_same_to_any_depth() {
    let (mut compared, mut left_out) = (0, 0);
    for view in views() {
        let columns = view.table().regulars.len();
        for now in MOMENTS {
            // Of very many columns only some.
            let depths = || (0..=columns).step_by(1.max(columns / 6)).chain([columns]);
            for first in depths() {
                for all in depths().filter(|all| *all >= first) {
                    let mut whole = rows(&view, Depth::WHOLE, now);
                    let mut part = rows(&view, Depth { first, all }, now);
                    while whole.next_partition().unwrap() {
                        assert!(part.next_partition().unwrap());
                        assert_eq!(whole.key(), part.key());
                        while let Some(row) = whole.next_row().unwrap() {
                            let name = &view.table().name;
                            let early = part.next_row().unwrap().unwrap_or_else(|| panic!("{name}: a row is missing"));
                            assert_eq!(clustering(row), clustering(early), "{name}");
                            assert_eq!(seen(row, first), seen(early, first), "{name} to {first}");
                            left_out += usize::from(early.cells.len() < row.cells.len());
                            part.complete_row().unwrap();
                            let complete = part.row().unwrap();
                            assert_eq!(seen(row, all), seen(complete, all), "{name} to {first}, {all}");
                            assert_eq!(row.liveness, complete.liveness, "{name}");
                            compared += 1;
                        }
                        assert!(part.next_row().unwrap().is_none(), "{}: one more row", view.table().name);
                    }
                    assert!(!part.next_partition().unwrap());
                }
            }
        }
    }
    assert!(compared > 10_000 && left_out > 1000, "{compared} rows, {left_out} of them not decoded at once");
}
