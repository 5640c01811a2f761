//! Every way to read merged SSTables shows what the model says.

use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;
use sstablefs::cql::{DecoratedKey, KeyOrder};
use sstablefs::ingest::Memtable;
use sstablefs::merge::{LiveRows, Merged, Wanted, total};
use sstablefs::query::Statement;
use sstablefs::rows::{
    Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, PartitionStream, RangeBound, Row, Sink, Slice,
    SliceBound,
};
use sstablefs::schema::{Table, ddl};
use sstablefs::sstable::{Codec, Reader, SerializationHeader, Version};
use sstablefs::table::{ScanRange, View};

use crate::mutation::{self, CellState, Cells, Change, Columns, Deletion, Mutation, Place, State};
use crate::reference::{self, Shown, ShownPartition, ShownRow, Value};
use crate::runner;
use crate::sstables::{Form, flush, write};

const TABLE: &str = "CREATE TABLE ks.t (k int, c1 int, c2 text, s int static, sm map<int, int> static, a int, b int, m map<int, int>, n map<int, int>,
    PRIMARY KEY (k, c1, c2)) WITH CLUSTERING ORDER BY (c1 ASC, c2 DESC)";
const COUNTERS: &str = "CREATE TABLE ks.t (k int, c1 int, c2 text, s counter static, x counter, y counter,
    PRIMARY KEY (k, c1, c2)) WITH CLUSTERING ORDER BY (c1 ASC, c2 DESC)";

fn table(text: &str) -> Arc<Table> {
    ddl::parse(text, None).unwrap()["ks"].tables["t"].clone()
}

fn deletion(deletion: &Deletion) -> DeletionTime {
    DeletionTime { marked_for_delete_at: deletion.timestamp, local_deletion_time: deletion.seconds }
}

/// Global shards of up to three counters, in the order of their ids.
fn context(clocks: [u8; 3]) -> Vec<u8> {
    let shards: Vec<(usize, u8)> = clocks.into_iter().enumerate().filter(|(_, clock)| *clock > 0).collect();
    let mut out = (shards.len() as i16).to_be_bytes().to_vec();
    for i in 0..shards.len() {
        out.extend((i16::MIN + i as i16).to_be_bytes());
    }
    for (id, clock) in shards {
        out.extend([id as u8 + 1; 16]);
        out.extend(i64::from(clock).to_be_bytes());
        out.extend(reference::count(id, clock).to_be_bytes());
    }
    out
}

fn int(value: impl Into<i32>) -> [u8; 4] {
    value.into().to_be_bytes()
}

fn fill(row: &mut Row, cells: &Cells, complex: impl Iterator<Item = (u16, Deletion)>, simple: u16) {
    row.complex_deletions.extend(complex.map(|(column, d)| ComplexDeletion { column, deletion: deletion(&d) }));
    for (&(column, path), &CellState { timestamp, state }) in cells {
        let (value, ttl, local_deletion_time) = match state {
            State::Plain(value) => (int(value).to_vec(), 0, NO_DELETION_TIME),
            State::Expiring { value, ttl, at } => (int(value).to_vec(), ttl, at),
            State::Tombstone { at } => (Vec::new(), 0, at),
            State::Counter(clocks) => (context(clocks), 0, NO_DELETION_TIME),
        };
        let path = if column < simple { Default::default() } else { row.store(&int(path)) };
        let value = row.store(&value);
        row.cells.push(Cell { column, ttl, timestamp, local_deletion_time, value, path });
    }
}

fn bound(place: Place, is_start: bool) -> RangeBound {
    let values = place.c1.map(|c| int(c).to_vec()).into_iter().chain(place.c2.map(|c| c.as_bytes().to_vec()));
    RangeBound { prefix: values.map(Some).collect(), inclusive: (place.side < 0) == is_start }
}

fn apply(memtable: &mut Memtable, mutation: &Mutation, statics: Columns, regulars: Columns) -> sstablefs::Result<()> {
    let key = int(mutation.key);
    match &mutation.change {
        Change::Partition(d) => memtable.partition_deletion(&key, deletion(d)),
        Change::Range { start, end, deletion: d } => match start.is_before(end) {
            true => memtable.range_tombstone(&key, &bound(*start, true), &bound(*end, false), deletion(d)),
            false => Ok(()),
        },
        Change::Row { clustering, liveness, deletion: d, cells, complex } => {
            let mut row = Row::default();
            for value in [&int(clustering.0)[..], clustering.1.as_bytes()] {
                let span = row.store(value);
                row.clustering.push(span);
            }
            if let Some(l) = liveness {
                row.liveness = Liveness { timestamp: l.timestamp, ttl: l.ttl, local_expiration_time: l.at };
            }
            row.deletion = d.as_ref().map_or(DeletionTime::LIVE, deletion);
            fill(&mut row, cells, complex.iter().map(|(c, d)| (*c, *d)), regulars.simple);
            if row.is_empty() { Ok(()) } else { memtable.row(&key, &row) }
        }
        Change::Static { cells, complex } => {
            let mut row = Row::default();
            fill(&mut row, cells, complex.iter().map(|(c, d)| (*c, *d)), statics.simple);
            if row.is_empty() { Ok(()) } else { memtable.static_row(&key, &row) }
        }
    }
}

fn number(bytes: &[u8]) -> i32 {
    i32::from_be_bytes(bytes.try_into().expect("an int"))
}

fn shown(row: &Row, columns: Columns) -> Vec<Shown> {
    let show = |cell: &Cell| {
        let value = row.value(cell);
        let value = match (columns.counters, cell.ttl) {
            (true, _) => Value::Counter(total(value)),
            (_, 0) => Value::Plain(number(value) as u8),
            (_, ttl) => Value::Expiring { value: number(value) as u8, ttl, at: cell.local_deletion_time },
        };
        let path = row.path(cell);
        let path = if path.is_empty() { 0 } else { number(path) as u8 };
        Shown { column: cell.column, path, timestamp: cell.timestamp, value }
    };
    row.cells.iter().map(show).collect()
}

fn shown_row(row: &Row, columns: Columns) -> ShownRow {
    let c2 = std::str::from_utf8(row.clustering_value(1).expect("a text")).expect("UTF-8");
    let c2 = ["", "a", "b"].into_iter().find(|c| *c == c2).expect("one of those that were written");
    let l = row.liveness;
    ShownRow {
        clustering: (number(row.clustering_value(0).expect("an int")), c2),
        liveness: (!l.is_empty()).then_some((l.timestamp, l.ttl, l.local_expiration_time)),
        cells: shown(row, columns),
    }
}

/// The random part of a case.
#[derive(Debug, Clone)]
struct Case {
    mutations: Vec<Mutation>,
    now: i64,
    form: Form,
    slices: Vec<(Place, Place)>,
    /// After how many rows reading is broken off, to go on.
    pause: usize,
}

pub(crate) fn forms() -> impl Strategy<Value = Form> {
    let codecs =
        vec![None, Some(Codec::Lz4), Some(Codec::Snappy), Some(Codec::Deflate), Some(Codec::Zstd), Some(Codec::Noop)];
    (
        prop::sample::select(vec![Version::NB, Version::OA, Version::DA]),
        prop::sample::select(codecs),
        prop::sample::select(vec![64u32, 256, 16 << 10]),
        prop::sample::select(vec![1u64, 40, 100, 64 << 10]),
        prop::sample::select(vec![1u32, 2, 128]),
        prop::sample::select(vec![0.01, 0.5, 1.0]),
    )
        .prop_map(
            |(version, codec, chunk_length, column_index_size, min_index_interval, bloom_filter_fp_chance)| Form {
                version,
                codec,
                chunk_length,
                column_index_size,
                min_index_interval,
                bloom_filter_fp_chance,
            },
        )
}

fn cases(statics: Columns, regulars: Columns) -> impl Strategy<Value = Case> {
    let slices = prop::collection::vec((mutation::place(), mutation::place()), 1..4);
    let now = mutation::SECONDS.start - 2..mutation::SECONDS.end + 2;
    (mutation::mutations(statics, regulars), now, forms(), slices, 0..30usize)
        .prop_map(|(mutations, now, form, slices, pause)| Case { mutations, now, form, slices, pause })
}

/// All that a stream of live rows gives, by partition; those that show nothing are left out.
fn read(rows: &mut LiveRows, statics: Columns, regulars: Columns) -> Result<Vec<(i32, ShownPartition)>, String> {
    let mut all = Vec::new();
    while rows.next_partition().map_err(text)? {
        let key = number(&rows.key().key);
        let mut partition = ShownPartition { statics: shown(rows.static_row(), statics), rows: Vec::new() };
        while let Some(row) = rows.next_row().map_err(text)? {
            partition.rows.push(shown_row(row, regulars));
        }
        if !partition.statics.is_empty() || !partition.rows.is_empty() {
            all.push((key, partition));
        }
    }
    Ok(all)
}

fn text(e: sstablefs::Error) -> String {
    format!("{e:?}")
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("{what}:\n  model  {expected:?}\n  engine {found:?}")) }
}

struct Checked {
    case: Case,
    view: Arc<View>,
    statics: Columns,
    regulars: Columns,
    /// In token order.
    expected: Vec<(i32, ShownPartition)>,
}

impl Checked {
    fn new(table: &Arc<Table>, statics: Columns, regulars: Columns, case: Case) -> Result<Checked, String> {
        let mut sstables = Vec::new();
        for number in 0..6 {
            let mut memtable = Memtable::new(table);
            for mutation in case.mutations.iter().filter(|m| m.sstable == number) {
                apply(&mut memtable, mutation, statics, regulars).map_err(text)?;
            }
            sstables.extend(flush(&mut memtable, case.form, number as u32 + 1).map_err(text)?);
        }
        let view = Arc::new(View::new(table.clone(), sstables));
        let order = KeyOrder::new(table.partitioner, &table.partition_key_type());
        let mut keys: Vec<DecoratedKey> = (0..5).map(|key| order.decorate(&int(key))).collect();
        keys.sort_by(|a, b| order.compare(a, b));
        let shows = |key: &DecoratedKey| {
            let key = number(&key.key);
            let partition = reference::partition(&case.mutations, key, case.now);
            (!partition.statics.is_empty() || !partition.rows.is_empty()).then_some((key, partition))
        };
        let expected = keys.iter().filter_map(shows).collect();
        Ok(Checked { case, view, statics, regulars, expected })
    }

    fn read(&self, rows: &mut LiveRows) -> Result<Vec<(i32, ShownPartition)>, String> {
        read(rows, self.statics, self.regulars)
    }

    fn whole(&self, view: &View, what: &str) -> Result<(), String> {
        let mut rows = view.rows(&ScanRange::ALL, self.case.now).map_err(text)?;
        same(what, &self.expected, &self.read(&mut rows)?)
    }

    fn keys(&self) -> Result<(), String> {
        let mut keys = self.view.keys(None, self.case.now).map_err(text)?;
        let mut found = Vec::new();
        while let Some(key) = keys.next_key().map_err(text)? {
            found.push(number(&key.key));
        }
        same("keys", &self.expected.iter().map(|(key, _)| *key).collect(), &found)
    }

    fn ranges(&self) -> Result<(), String> {
        let order = self.view.key_order();
        for (at, (key, _)) in self.expected.iter().enumerate() {
            let key = order.decorate(&int(*key));
            let ranges = [
                (Bound::Included(key.clone()), Bound::Unbounded, at..self.expected.len()),
                (Bound::Excluded(key.clone()), Bound::Unbounded, at + 1..self.expected.len()),
                (Bound::Unbounded, Bound::Excluded(key.clone()), 0..at),
                (Bound::Unbounded, Bound::Included(key), 0..at + 1),
            ];
            for (start, end, expected) in ranges {
                let mut rows = self.view.rows(&ScanRange { start, end }, self.case.now).map_err(text)?;
                same("range of keys", &self.expected[expected].to_vec(), &self.read(&mut rows)?)?;
            }
        }
        Ok(())
    }

    fn expected_of(&self, key: i32) -> ShownPartition {
        let found = self.expected.iter().find(|(k, _)| *k == key);
        found.map_or(ShownPartition { statics: Vec::new(), rows: Vec::new() }, |(_, partition)| partition.clone())
    }

    fn points(&self) -> Result<(), String> {
        for key in 0..5 {
            let expected = self.expected_of(key);
            let found = match self.view.partition(&int(key), self.case.now).map_err(text)? {
                None => ShownPartition { statics: Vec::new(), rows: Vec::new() },
                Some(mut rows) => {
                    let mut partition =
                        ShownPartition { statics: shown(rows.static_row(), self.statics), rows: Vec::new() };
                    while let Some(row) = rows.next_row().map_err(text)? {
                        partition.rows.push(shown_row(row, self.regulars));
                    }
                    partition
                }
            };
            same(&format!("partition {key}"), &expected, &found)?;
        }
        Ok(())
    }

    fn slices(&self) -> Result<(), String> {
        let places = self.case.slices.iter().filter(|(start, end)| start.is_before(end));
        for (start, end) in places.map(|(a, b)| (Some(*a), Some(*b))).chain([(None, None)]) {
            let inside = |row: &ShownRow| {
                start.is_none_or(|p| !p.is_behind(row.clustering)) && end.is_none_or(|p| p.is_behind(row.clustering))
            };
            let bound = |place: Option<Place>| {
                place.map(|p| {
                    let values = p.c1.map(|c| int(c).to_vec()).into_iter().chain(p.c2.map(|c| c.as_bytes().to_vec()));
                    SliceBound::new(values.map(Some), p.side)
                })
            };
            for (key, reversed) in (0..5).flat_map(|key| [(key, false), (key, true)]) {
                let expected = self.expected_of(key);
                let mut rows: Vec<ShownRow> = expected.rows.into_iter().filter(|row| inside(row)).collect();
                if reversed {
                    rows.reverse();
                }
                let slice = Slice { start: bound(start), end: bound(end) };
                let wanted = Wanted { slice, reversed, ..Wanted::default() };
                let decorated = self.view.key_order().decorate(&int(key));
                let (mut statics, mut found) = (Vec::new(), Vec::new());
                if let Some(mut live) = self.view.slice(&decorated, &wanted, self.case.now).map_err(text)? {
                    statics = shown(live.static_row(), self.statics);
                    while let Some(row) = live.next_row().map_err(text)? {
                        let row = shown_row(row, self.regulars);
                        // Rows before the slice may be given.
                        found.extend(inside(&row).then_some(row));
                    }
                }
                let what = format!("partition {key}, {start:?} to {end:?}, reversed {reversed}");
                same(&what, &rows, &found)?;
                if start.is_none() || !statics.is_empty() || !found.is_empty() {
                    same(&format!("static row of {what}"), &expected.statics, &statics)?;
                }
            }
        }
        Ok(())
    }

    /// Broken off after some rows, and gone on from there with new streams.
    fn pause(&self) -> Result<(), String> {
        let mut rows = self.view.rows(&ScanRange::ALL, self.case.now).map_err(text)?;
        let (mut left, mut before) = (self.case.pause, Vec::new());
        'all: while left > 0 && rows.next_partition().map_err(text)? {
            while let Some(row) = rows.next_row().map_err(text)? {
                before.push(shown_row(row, self.regulars).clustering);
                left -= 1;
                if left == 0 {
                    break 'all;
                }
            }
        }
        let mut after = self.view.rows_after(&rows.position(), &ScanRange::ALL, self.case.now).map_err(text)?;
        for (_, partition) in self.read(&mut after)? {
            before.extend(partition.rows.iter().map(|row| row.clustering));
        }
        let expected = self.expected.iter().flat_map(|(_, partition)| &partition.rows).map(|row| row.clustering);
        same("rows before a pause and behind it", &expected.collect::<Vec<_>>(), &before)
    }

    /// Written as one SSTable with all tombstones.
    fn compacted(&self, table: &Arc<Table>, count: usize) -> Result<(), String> {
        let sstables = self.view.sstables();
        let (some, rest) = sstables.split_at(count.min(sstables.len()));
        let scan = |s: &Arc<Reader>| s.scan_all().map(|s| Box::new(s) as Box<dyn PartitionStream>);
        let streams = some.iter().map(scan).collect::<sstablefs::Result<Vec<_>>>().map_err(text)?;
        let mut merged = Merged::new(table, self.view.key_order(), streams);
        let header = SerializationHeader::of_table(table);
        let one = write(table, self.case.form, 9, header, &mut merged).map_err(text)?;
        let view = View::new(table.clone(), rest.iter().cloned().chain(one).collect());
        self.whole(&view, &format!("{count} written as one"))
    }

    /// The same through a SELECT.
    fn select(&self) -> Result<(), String> {
        for (key, partition) in &self.expected {
            for descending in [false, true] {
                let order = if descending { "DESC" } else { "ASC" };
                let statement = format!(
                    "SELECT c1, c2 FROM ks.t WHERE k = {key} AND c1 >= 1 AND c1 < 4 ORDER BY c1 {order} LIMIT 3"
                );
                let query =
                    Arc::new(Statement::parse(&statement).and_then(|s| s.bind(self.view.table())).map_err(text)?);
                let mut rows = query.run(&self.view, self.case.now).map_err(text)?;
                let mut found = Vec::new();
                while let Some(row) = rows.next_row().map_err(text)? {
                    let value = |i: usize| row[i].clone().expect("no null");
                    found.push((number(&value(0)), String::from_utf8(value(1)).expect("UTF-8")));
                }
                let inside = partition.rows.iter().map(|row| row.clustering).filter(|row| (1..4).contains(&row.0));
                let mut expected: Vec<(i32, String)> = inside.map(|(c1, c2)| (c1, c2.to_owned())).collect();
                if descending {
                    expected.reverse();
                }
                expected.truncate(3);
                same(&statement, &expected, &found)?;
            }
        }
        Ok(())
    }
}

const STATICS: Columns = Columns { simple: 1, complex: 1, counters: false };
const REGULARS: Columns = Columns { simple: 2, complex: 2, counters: false };

#[test]
fn every_read_shows_what_the_model_says() {
    let table = table(TABLE);
    runner::run("merge", 1500, &cases(STATICS, REGULARS), |case| {
        let checked = Checked::new(&table, STATICS, REGULARS, case)?;
        checked.whole(&checked.view, "all rows")?;
        checked.keys()?;
        checked.points()?;
        checked.slices()?;
        checked.ranges()?;
        checked.pause()?;
        checked.select()?;
        checked.compacted(&table, 1)?;
        checked.compacted(&table, 3)?;
        checked.compacted(&table, 6)
    });
}

#[test]
fn counters_are_added_up_as_the_model_says() {
    let table = table(COUNTERS);
    let statics = Columns { simple: 1, complex: 0, counters: true };
    let regulars = Columns { simple: 2, complex: 0, counters: true };
    runner::run("counters", 500, &cases(statics, regulars), |case| {
        let checked = Checked::new(&table, statics, regulars, case)?;
        checked.whole(&checked.view, "all rows")?;
        checked.keys()?;
        checked.points()?;
        checked.slices()
    });
}

/// Where reading stood behind the last partition was said to be the start of that one.
#[test]
fn reading_that_came_to_its_end_goes_on_with_nothing() {
    let cell = CellState { timestamp: 1, state: State::Plain(0) };
    let change = Change::Row {
        clustering: (0, ""),
        liveness: None,
        deletion: None,
        cells: Cells::from([((0, 0), cell)]),
        complex: Default::default(),
    };
    let form = Form {
        version: Version::NB,
        codec: None,
        chunk_length: 64,
        column_index_size: 1,
        min_index_interval: 1,
        bloom_filter_fp_chance: 0.01,
    };
    let mutations = vec![Mutation { sstable: 0, key: 0, change }];
    let case = Case { mutations, now: 98, form, slices: Vec::new(), pause: 2 };
    Checked::new(&table(TABLE), STATICS, REGULARS, case).unwrap().pause().unwrap();
}
