//! Changes that go into a memtable in any order come out as an SSTable has them.

mod data;

use std::sync::Arc;

use sstablefs::ingest::Memtable;
use sstablefs::merge::LiveRows;
use sstablefs::rows::{BoundKind, DeletionTime, Marker, PartitionStream, RangeBound, Row, Sink, Unfiltered};
use sstablefs::table::{Database, Options, ScanRange, View};

/// One change, kept.
enum Change {
    Deletion(DeletionTime),
    Static(Row),
    Row(Row),
    Range(RangeBound, RangeBound, DeletionTime),
}

fn bound(marker: &Marker, start: bool) -> RangeBound {
    let prefix = (0..marker.clustering.len()).map(|i| marker.clustering_value(i).map(<[u8]>::to_vec)).collect();
    let inclusive = match marker.kind {
        BoundKind::InclusiveStart | BoundKind::InclusiveEnd => true,
        BoundKind::ExclusiveStart | BoundKind::ExclusiveEnd => false,
        BoundKind::ExclusiveEndInclusiveStart => start,
        BoundKind::InclusiveEndExclusiveStart => !start,
    };
    RangeBound { prefix, inclusive }
}

fn changes(mut stream: impl PartitionStream, all: &mut Vec<(Vec<u8>, Change)>) {
    let (mut row, mut marker) = (Row::default(), Marker::default());
    while stream.next_partition().unwrap() {
        let key = stream.key().key.clone();
        if !stream.deletion().is_live() {
            all.push((key.clone(), Change::Deletion(stream.deletion())));
        }
        if !stream.static_row().is_empty() {
            all.push((key.clone(), Change::Static(stream.static_row().clone())));
        }
        let mut open: Option<RangeBound> = None;
        loop {
            match stream.next(&mut row, &mut marker).unwrap() {
                Unfiltered::End => break,
                Unfiltered::Row => all.push((key.clone(), Change::Row(row.clone()))),
                Unfiltered::Marker => {
                    if let Some(start) = open.take() {
                        all.push((key.clone(), Change::Range(start, bound(&marker, false), marker.end)));
                    }
                    if marker.kind.opens() {
                        open = Some(bound(&marker, true));
                    }
                }
            }
        }
    }
}

fn apply(memtable: &mut Memtable, changes: &[(Vec<u8>, Change)]) {
    for (key, change) in changes {
        match change {
            Change::Deletion(deletion) => memtable.partition_deletion(key, *deletion),
            Change::Static(row) => memtable.static_row(key, row),
            Change::Row(row) => memtable.row(key, row),
            Change::Range(start, end, deletion) => memtable.range_tombstone(key, start, end, *deletion),
        }
        .unwrap();
    }
}

fn row_text(row: &Row) -> String {
    let clustering: Vec<_> = (0..row.clustering.len()).map(|i| row.clustering_value(i)).collect();
    let cell = |c: &sstablefs::rows::Cell| {
        format!("{} {} {} {} {:?} {:?}", c.column, c.timestamp, c.ttl, c.local_deletion_time, row.path(c), row.value(c))
    };
    let cells: Vec<String> = row.cells.iter().map(cell).collect();
    format!("{clustering:?} {:?} {:?} {:?} {cells:?}", row.liveness, row.deletion, row.complex_deletions)
}

fn text(mut stream: impl PartitionStream) -> Vec<String> {
    let mut all = Vec::new();
    let (mut row, mut marker) = (Row::default(), Marker::default());
    while stream.next_partition().unwrap() {
        let is_empty = stream.deletion().is_live() && stream.static_row().is_empty();
        let head = all.len();
        all.push(format!("{:?} {:?} {}", stream.key(), stream.deletion(), row_text(stream.static_row())));
        loop {
            match stream.next(&mut row, &mut marker).unwrap() {
                Unfiltered::End => break,
                Unfiltered::Row => all.push(row_text(&row)),
                Unfiltered::Marker => {
                    let values: Vec<_> = (0..marker.clustering.len()).map(|i| marker.clustering_value(i)).collect();
                    all.push(format!("{:?} {values:?} {:?} {:?}", marker.kind, marker.end, marker.start));
                }
            }
        }
        // All its cells were of dropped columns.
        if is_empty && all.len() == head + 1 {
            all.pop();
        }
    }
    all
}

fn live(mut rows: LiveRows) -> Vec<String> {
    let mut all = Vec::new();
    while rows.next_partition().unwrap() {
        let head = format!("{:?} {}", rows.key(), row_text(rows.static_row()));
        if !rows.static_row().is_empty() {
            all.push(head.clone());
        }
        while let Some(row) = rows.next_row().unwrap() {
            all.push(format!("{head} {}", row_text(row)));
        }
    }
    all
}

/// Puts things into another order, the same each time.
fn shuffle<T>(things: &mut [T]) {
    let mut state = 88172645463325252_u64;
    for i in (1..things.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        things.swap(i, (state % (i as u64 + 1)) as usize);
    }
}

fn check(name: &str, view: &View, now: i64) {
    let mut together = Memtable::new(view.table());
    for sstable in view.sstables() {
        let mut all = Vec::new();
        changes(sstable.scan_all().unwrap(), &mut all);
        apply(&mut together, &all);
        let mut memtable = Memtable::new(view.table());
        for shuffled in [false, true] {
            memtable.clear();
            if shuffled {
                shuffle(&mut all);
                // A change that comes twice is the same as once.
                let half = all.len() / 2;
                apply(&mut memtable, &all[half..]);
            }
            apply(&mut memtable, &all);
            let (expected, found) = (text(sstable.scan_all().unwrap()), text(memtable.sorted()));
            for (expected, found) in expected.iter().zip(&found) {
                assert_eq!(expected, found, "{name} {} shuffled: {shuffled}", sstable.descriptor());
            }
            assert_eq!(expected.len(), found.len(), "{name} {}", sstable.descriptor());
        }
    }
    let together: &'static mut Memtable = Box::leak(Box::new(together));
    let stream: Box<dyn PartitionStream> = Box::new(together.sorted());
    let found = live(LiveRows::new(view.table(), view.key_order(), vec![stream], now));
    let expected = live(view.rows(&ScanRange::ALL, now).unwrap());
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "{name}");
    }
    assert_eq!(expected.len(), found.len(), "{name}");
}

#[test]
fn changes_in_any_order_come_out_as_an_sstable_has_them() {
    let mut tables = 0;
    for (version, now) in data::versions() {
        // Releases before md keep boundaries between equal deletions.
        if ["ma", "mb", "mc"].contains(&version.as_str()) {
            continue;
        }
        let database = Database::open(&[data::root().join(&version).join("data")], &Options::default()).unwrap();
        for keyspace in database.keyspaces().into_iter().filter(|k| !k.starts_with("system")) {
            for table in database.tables(&keyspace) {
                let view: Arc<View> = database.table(&keyspace, &table).unwrap().view().unwrap();
                if view.table().regulars.iter().any(|c| c.ty == sstablefs::cql::Type::Counter) {
                    continue;
                }
                check(&format!("{version} {keyspace}.{table}"), &view, now);
                tables += 1;
            }
        }
    }
    assert!(tables > 300, "{tables}");
}
