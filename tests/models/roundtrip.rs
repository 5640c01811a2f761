//! What is written of any table is what is read: cells, timestamps, TTLs, deletions, range tombstones, in every format, also
//! when it is read, merged and written again in another.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use sstablefs::cql::{Comparator, Type, UserType};
use sstablefs::ingest::Memtable;
use sstablefs::merge::{Merged, Wanted};
use sstablefs::rows::{
    Cell, ComplexDeletion, DeletionTime, Liveness, Marker, NO_DELETION_TIME, PartitionStream, RangeBound, Row, Sink,
    Unfiltered,
};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs::sstable::{HeaderBuilder, Reader, Version};
use sstablefs::table::View;

use crate::merge::forms;
use crate::runner;
use crate::sstables::{Form, flush, write};

/// Random choices, byte by byte: zeros behind the end, so that fewer bytes make a simpler case.
struct Choices<'a> {
    bytes: &'a [u8],
    /// Whether there are deletions: then all data is newer, so that a merge leaves nothing out.
    deletes: bool,
}

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.byte()).collect()
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn timestamp(&mut self) -> i64 {
        match self.below(5) {
            _ if self.deletes => NEWER + i64::from(self.byte()) * [1, 1_000_000_000_000][self.below(2)],
            0 => i64::from(self.byte()),
            1 | 2 => 1_700_000_000_000_000 + self.long() % 1_000_000,
            3 => self.long().max(i64::MIN + 1),
            _ => [0, -1, i64::MAX, i64::MIN + 1][self.below(4)],
        }
    }

    /// What a version can hold.
    fn seconds(&mut self, version: Version) -> i64 {
        let latest = version.latest_deletion_time();
        match self.below(4) {
            0 => i64::from(self.byte()),
            1 => [0, latest][self.below(2)],
            _ => self.long().rem_euclid(latest),
        }
    }

    /// Those of a later rank are newer.
    fn deletion(&mut self, version: Version, rank: i64) -> DeletionTime {
        let marked_for_delete_at = rank * 300 + i64::from(self.byte());
        DeletionTime { marked_for_delete_at, local_deletion_time: self.seconds(version) }
    }
}

/// Ranks of deletions.
const PARTITION: i64 = 0;
const RANGE: i64 = 1;
const ROW: i64 = 2;
const COMPLEX: i64 = 3;
/// Microseconds: behind all deletions.
const NEWER: i64 = 1200;

const PLAIN: [Type; 19] = [
    Type::Int,
    Type::Text,
    Type::Ascii,
    Type::BigInt,
    Type::Blob,
    Type::Boolean,
    Type::Date,
    Type::Decimal,
    Type::Double,
    Type::Float,
    Type::Inet,
    Type::SmallInt,
    Type::Time,
    Type::Timestamp,
    Type::TimeUuid,
    Type::TinyInt,
    Type::Uuid,
    Type::Varint,
    Type::Duration,
];

fn ty(choices: &mut Choices<'_>, depth: usize, is_key: bool) -> Type {
    let plain = |choices: &mut Choices<'_>| PLAIN[choices.below(PLAIN.len() - usize::from(is_key))].clone();
    if depth == 0 || !choices.one_in(3) {
        return plain(choices);
    }
    let inner = |choices: &mut Choices<'_>| ty(choices, depth - 1, is_key);
    match choices.below(6) {
        0 => Type::List { element: Box::new(inner(choices)), multi_cell: false },
        1 => Type::Set { element: Box::new(ty(choices, depth - 1, true)), multi_cell: false },
        2 => Type::Map {
            key: Box::new(ty(choices, depth - 1, true)),
            value: Box::new(inner(choices)),
            multi_cell: false,
        },
        3 => Type::Tuple((0..1 + choices.below(3)).map(|_| inner(choices)).collect()),
        4 => Type::User(Arc::new(UserType {
            keyspace: "ks".to_owned(),
            name: "udt".to_owned(),
            fields: (0..1 + choices.below(3)).map(|i| (format!("f{i}"), inner(choices))).collect(),
            multi_cell: false,
        })),
        _ => Type::Vector { element: Box::new(Type::Float), dimension: 1 + choices.below(3) as u16 },
    }
}

/// Of a column that is not in the key: of several cells, now and then.
fn column_type(choices: &mut Choices<'_>) -> Type {
    match choices.below(6) {
        0 => Type::List { element: Box::new(ty(choices, 1, false)), multi_cell: true },
        1 => Type::Set { element: Box::new(ty(choices, 1, true)), multi_cell: true },
        2 => {
            let key = Box::new(ty(choices, 1, true));
            Type::Map { key, value: Box::new(ty(choices, 1, false)), multi_cell: true }
        }
        _ => ty(choices, 2, false),
    }
}

fn elements(choices: &mut Choices<'_>, types: &[&Type], with_count: bool) -> Vec<u8> {
    let rounds = if with_count { choices.below(3) } else { 1 };
    let mut out = if with_count { (rounds as i32).to_be_bytes().to_vec() } else { Vec::new() };
    for ty in (0..rounds).flat_map(|_| types) {
        if !with_count && choices.one_in(6) {
            out.extend((-1i32).to_be_bytes());
            continue;
        }
        let element = value(choices, ty);
        out.extend((element.len() as i32).to_be_bytes());
        out.extend(element);
    }
    out
}

fn value(choices: &mut Choices<'_>, ty: &Type) -> Vec<u8> {
    match ty {
        Type::Ascii | Type::Text => {
            let length = choices.below(6) * choices.below(6);
            choices.bytes(length).into_iter().map(|b| b & 0x7f).collect()
        }
        Type::Blob => {
            let length = choices.below(6) * choices.below(40);
            choices.bytes(length)
        }
        Type::Boolean => vec![choices.byte() & 1],
        Type::Decimal => {
            let scale = [0, 0, choices.byte() & 1, choices.byte()];
            let length = 1 + choices.below(3);
            [&scale[..], &choices.bytes(length)].concat()
        }
        Type::Duration => choices.bytes(3).into_iter().map(|b| b & 0x7e).collect(),
        Type::Inet => {
            let length = [4, 16][choices.below(2)];
            choices.bytes(length)
        }
        Type::SmallInt => choices.bytes(2),
        Type::TinyInt => choices.bytes(1),
        Type::Time => (choices.long().rem_euclid(86_400_000_000_000)).to_be_bytes().to_vec(),
        Type::TimeUuid | Type::Uuid => {
            let mut bytes = choices.bytes(16);
            bytes[6] = if *ty == Type::TimeUuid { 0x10 } else { 0x40 } | bytes[6] & 0xf;
            bytes[8] = 0x80 | bytes[8] & 0x3f;
            bytes
        }
        Type::Varint => {
            let length = 1 + choices.below(9);
            choices.bytes(length)
        }
        Type::List { element, .. } | Type::Set { element, .. } => elements(choices, &[element], true),
        Type::Map { key, value, .. } => elements(choices, &[key, value], true),
        Type::Tuple(types) => elements(choices, &types.iter().collect::<Vec<_>>(), false),
        Type::User(user) => elements(choices, &user.fields.iter().map(|f| &f.1).collect::<Vec<_>>(), false),
        // Java compares all that are no number as equal, and tries have them in the order of their bits.
        Type::Float => {
            let number = f32::from_bits(choices.long() as u32);
            if number.is_nan() { f32::NAN.to_be_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
        }
        Type::Double => {
            let number = f64::from_bits(choices.long() as u64);
            if number.is_nan() { f64::NAN.to_be_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
        }
        Type::Vector { element, dimension } => (0..*dimension).flat_map(|_| value(choices, element)).collect(),
        ty => choices.bytes(ty.fixed_length().unwrap_or(4)),
    }
}

fn table(choices: &mut Choices<'_>) -> Arc<Table> {
    let mut table = Table::new("ks", "t");
    for i in 0..1 + choices.below(3) {
        let ty = ty(choices, 1, true);
        table.partition_key.push(Column::new(format!("k{i}"), ty, ColumnKind::PartitionKey));
    }
    for i in 0..choices.below(4) {
        let ty = ty(choices, 1, true);
        let reversed = choices.one_in(2);
        table.clustering.push(Column { reversed, ..Column::new(format!("c{i}"), ty, ColumnKind::Clustering) });
    }
    if !table.clustering.is_empty() {
        for i in 0..choices.below(3) {
            let ty = column_type(choices);
            table.statics.push(Column::new(format!("s{i}"), ty, ColumnKind::Static));
        }
    }
    let many = if choices.one_in(8) { 60 } else { 0 };
    for i in 0..many + choices.below(6) {
        let ty = column_type(choices);
        table.regulars.push(Column::new(format!("r{i}"), ty, ColumnKind::Regular));
    }
    table.sort_columns();
    Arc::new(table)
}

fn key(choices: &mut Choices<'_>, table: &Table) -> Vec<u8> {
    let part = |choices: &mut Choices<'_>, column: &Column| value(choices, &column.ty);
    if let [only] = table.partition_key.as_slice() {
        let mut key = part(choices, only);
        // A key has bytes.
        if key.is_empty() {
            key.push(1);
        }
        return key;
    }
    let mut out = Vec::new();
    for column in &table.partition_key {
        let value = part(choices, column);
        out.extend((value.len() as u16).to_be_bytes());
        out.extend(value);
        out.push(0);
    }
    out
}

fn cells(choices: &mut Choices<'_>, columns: &[Column], version: Version, row: &mut Row) {
    for (i, column) in columns.iter().enumerate() {
        if choices.one_in(3) {
            continue;
        }
        let i = i as u16;
        let mut paths: Vec<Vec<u8>> = vec![Vec::new()];
        let mut value_type = column.ty.clone();
        if column.ty.is_multi_cell() {
            if choices.deletes && choices.one_in(3) {
                row.complex_deletions.push(ComplexDeletion { column: i, deletion: choices.deletion(version, COMPLEX) });
            }
            let path_type = column.ty.path_type().expect("it has several cells").clone();
            value_type = column.ty.cell_value_type().clone();
            let order = Comparator::new(&path_type, false);
            paths = (0..choices.below(4)).map(|_| value(choices, &path_type)).collect();
            paths.sort_by(|a, b| order.compare(a, b));
            paths.dedup_by(|a, b| order.compare(a, b) == Ordering::Equal);
        }
        for path in paths {
            let kind = choices.below(5);
            let bytes = match kind {
                0 => Vec::new(),
                1 => Vec::new(),
                _ => value(choices, &value_type),
            };
            let (ttl, local_deletion_time) = match kind {
                // Plain and empty, a tombstone, expiring, plain.
                1 => (0, choices.seconds(version)),
                2 => {
                    let ttl = 1 + choices.long().rem_euclid(630_720_000);
                    // An earlier one is taken for one that overflowed (Cell.decodeLocalDeletionTime).
                    (ttl as i32, choices.seconds(version).max(ttl))
                }
                _ => (0, NO_DELETION_TIME),
            };
            let (path, value) = (row.store(&path), row.store(&bytes));
            row.cells.push(Cell { column: i, ttl, timestamp: choices.timestamp(), local_deletion_time, value, path });
        }
    }
}

/// All that is put in and found, in an order of its own.
type Content = BTreeMap<(Vec<u8>, String), String>;

fn row_text(row: &Row) -> String {
    let mut out = format!("{:?} {:?} {:?}", row.liveness, row.deletion, row.complex_deletions);
    for c in &row.cells {
        let _ = write!(
            out,
            " [{} {} {} {} {:?}={:?}]",
            c.column,
            c.timestamp,
            c.ttl,
            c.local_deletion_time,
            row.path(c),
            row.value(c)
        );
    }
    out
}

fn clustering_text(row: &Row) -> String {
    let values: Vec<_> = (0..row.clustering.len()).map(|i| row.clustering_value(i)).collect();
    format!("row {values:?}")
}

/// Puts random changes of a table into memtables, no row twice, and says what they are.
fn fill(choices: &mut Choices<'_>, table: &Arc<Table>, version: Version, memtables: &mut [Memtable]) -> Content {
    let mut content = Content::new();
    let comparators: Vec<Comparator> = table.clustering.iter().map(|c| Comparator::new(&c.ty, c.reversed)).collect();
    for _ in 0..1 + choices.below(6) {
        let key = key(choices, table);
        if content.keys().any(|(k, _)| *k == key) {
            continue;
        }
        let at = choices.below(memtables.len());
        if choices.deletes && choices.one_in(3) {
            let deletion = choices.deletion(version, PARTITION);
            content.insert((key.clone(), "deletion".to_owned()), format!("{deletion:?}"));
            memtables[at].partition_deletion(&key, deletion).unwrap();
        }
        let mut row = Row::default();
        cells(choices, &table.statics, version, &mut row);
        if !row.is_empty() {
            content.insert((key.clone(), "static".to_owned()), row_text(&row));
            memtables[choices.below(memtables.len())].static_row(&key, &row).unwrap();
        }
        let mut seen: Vec<Vec<Vec<u8>>> = Vec::new();
        let most = if choices.one_in(6) { 60 } else { 6 };
        for _ in 0..choices.below(most) {
            let values: Vec<Vec<u8>> = table.clustering.iter().map(|c| value(choices, &c.ty)).collect();
            let same = |other: &Vec<Vec<u8>>| {
                comparators.iter().zip(other.iter().zip(&values)).all(|(order, (a, b))| order.compare(a, b).is_eq())
            };
            if seen.iter().any(same) {
                continue;
            }
            let mut row = Row::default();
            for value in &values {
                let span = row.store(value);
                row.clustering.push(span);
            }
            seen.push(values);
            if choices.one_in(2) {
                let expires = choices.one_in(3);
                let ttl = if expires { 1 + choices.below(200) as i32 } else { 0 };
                row.liveness = Liveness {
                    timestamp: choices.timestamp(),
                    ttl,
                    local_expiration_time: if expires {
                        choices.seconds(version).max(ttl.into())
                    } else {
                        NO_DELETION_TIME
                    },
                };
            }
            if choices.deletes && choices.one_in(4) {
                row.deletion = choices.deletion(version, ROW);
            }
            cells(choices, &table.regulars, version, &mut row);
            if !row.is_empty() {
                content.insert((key.clone(), clustering_text(&row)), row_text(&row));
                memtables[choices.below(memtables.len())].row(&key, &row).unwrap();
            }
        }
        if choices.deletes && !table.clustering.is_empty() && choices.one_in(3) {
            let n = 1 + choices.below(table.clustering.len());
            let prefix: Vec<_> = table.clustering[..n].iter().map(|c| Some(value(choices, &c.ty))).collect();
            let start = RangeBound { prefix, inclusive: true };
            let end = match choices.below(3) {
                0 => start.clone(),
                1 => RangeBound { prefix: start.prefix[..n - 1].to_vec(), inclusive: true },
                _ => RangeBound::OPEN,
            };
            let deletion = choices.deletion(version, RANGE);
            let live = DeletionTime::LIVE;
            let text =
                |bound: &RangeBound, before, end, start| format!("{:?} {before} {end:?} {start:?}", bound.prefix);
            let markers = [text(&start, true, live, deletion), text(&end, false, deletion, live)];
            content.insert((key.clone(), "ranges".to_owned()), markers.join(", "));
            memtables[at].range_tombstone(&key, &start, &end, deletion).unwrap();
        }
    }
    content
}

fn content(stream: &mut dyn PartitionStream) -> Content {
    let mut content = Content::new();
    let (mut row, mut marker) = (Row::default(), Marker::default());
    while stream.next_partition().unwrap() {
        let key = stream.key().key.clone();
        let mut insert = |what: String, text: String| {
            assert!(content.insert((key.clone(), what.clone()), text).is_none(), "{what} is there twice");
        };
        if !stream.deletion().is_live() {
            insert("deletion".to_owned(), format!("{:?}", stream.deletion()));
        }
        if !stream.static_row().is_empty() {
            insert("static".to_owned(), row_text(stream.static_row()));
        }
        let mut markers = Vec::new();
        loop {
            match stream.next(&mut row, &mut marker).unwrap() {
                Unfiltered::End => break,
                Unfiltered::Row => insert(clustering_text(&row), row_text(&row)),
                Unfiltered::Marker => {
                    let prefix: Vec<_> = (0..marker.clustering.len()).map(|i| marker.clustering_value(i)).collect();
                    markers.push(format!(
                        "{prefix:?} {} {:?} {:?}",
                        marker.kind.before_rows(),
                        marker.end,
                        marker.start
                    ));
                }
            }
        }
        if !markers.is_empty() {
            insert("ranges".to_owned(), markers.join(", "));
        }
    }
    content
}

fn same(what: &str, expected: &Content, found: &Content) -> Result<(), String> {
    for (place, text) in expected {
        match found.get(place) {
            Some(found) if found == text => {}
            other => return Err(format!("{what}: {place:?}:\n  written {text}\n  read    {other:?}")),
        }
    }
    match found.iter().find(|(place, _)| !expected.contains_key(*place)) {
        Some(more) => Err(format!("{what}: {more:?} was never written")),
        None => Ok(()),
    }
}

/// Keys are found, others are not; backwards the rows are the same.
fn lookups(table: &Arc<Table>, reader: &Arc<Reader>, written: &Content) -> Result<(), String> {
    let view = View::new(table.clone(), vec![reader.clone()]);
    let order = view.key_order();
    for (key, _) in written.keys() {
        let mut other = key.clone();
        other.push(7);
        for (key, is_there) in [(key, true), (&other, written.keys().any(|(k, _)| *k == other))] {
            let decorated = order.decorate(key);
            let found = reader.lookup(&decorated).map_err(|e| e.to_string())?;
            if found.is_some() != is_there {
                return Err(format!("lookup of {key:?}: {found:?}"));
            }
            let mut directions = [Vec::new(), Vec::new()];
            for (rows, reversed) in directions.iter_mut().zip([false, true]) {
                let wanted = Wanted { reversed, ..Wanted::default() };
                if let Some(mut live) = view.slice(&decorated, &wanted, 1000).map_err(|e| e.to_string())? {
                    while let Some(row) = live.next_row().map_err(|e| e.to_string())? {
                        rows.push(format!("{} {}", clustering_text(row), row_text(row)));
                    }
                }
            }
            directions[1].reverse();
            if directions[0] != directions[1] {
                return Err(format!("{key:?}:\n  forwards  {:?}\n  backwards {:?}", directions[0], directions[1]));
            }
        }
    }
    Ok(())
}

/// The lesser of two versions: what it can hold, both can.
fn lesser(a: Form, b: Form) -> Version {
    if a.version.latest_deletion_time() <= b.version.latest_deletion_time() { a.version } else { b.version }
}

#[test]
fn what_is_written_is_what_is_read() {
    let strategy = (prop::collection::vec(any::<u8>(), 0..3000), forms(), forms());
    runner::run("roundtrip", 1000, &strategy, |(bytes, form, other)| {
        let deletes = bytes.first().is_some_and(|b| b % 2 == 1);
        let mut choices = Choices { bytes: &bytes, deletes };
        let table = table(&mut choices);
        check(&table, choices, form, other).map_err(|e| {
            let types = |columns: &[Column]| columns.iter().map(|c| (c.ty.clone(), c.reversed)).collect::<Vec<_>>();
            format!("{e}\n  key {:?}\n  clustering {:?}", types(&table.partition_key), types(&table.clustering))
        })
    });
}

fn check(table: &Arc<Table>, mut choices: Choices<'_>, form: Form, other: Form) -> Result<(), String> {
    let deletes = choices.deletes;
    let mut one = [Memtable::new(table)];
    let saved = choices.bytes;
    let written = fill(&mut choices, table, lesser(form, other), &mut one);
    let Some(reader) = flush(&mut one[0], form, 1).map_err(|e| e.to_string())? else { return Ok(()) };
    let scan = |reader: &Arc<Reader>| reader.scan_all().map_err(|e| e.to_string());
    same("one SSTable", &written, &content(&mut scan(&reader)?))?;
    lookups(table, &reader, &written)?;

    // The same once more, spread over three and merged into one of another form.
    let mut three = [0, 1, 2].map(|_| Memtable::new(table));
    let mut choices = Choices { bytes: saved, deletes };
    let written = fill(&mut choices, table, lesser(form, other), &mut three);
    let mut header = HeaderBuilder::new(table);
    let mut readers = Vec::new();
    for (number, memtable) in three.iter_mut().enumerate() {
        header.merge(memtable.header());
        readers.extend(flush(memtable, form, number as u32 + 1).map_err(|e| e.to_string())?);
    }
    let view = View::new(table.clone(), readers.clone());
    let streams = readers.iter().map(scan).collect::<Result<Vec<_>, _>>()?;
    let mut merged = Merged::new(table, view.key_order(), streams);
    let Some(again) = write(table, other, 9, header.header(table), &mut merged).map_err(|e| e.to_string())? else {
        return Err("nothing is left of what was merged".to_owned());
    };
    let found = content(&mut scan(&again)?);
    same("merged and written again", &written, &found)?;
    lookups(table, &again, &found)
}
