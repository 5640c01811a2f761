//! What is written of any table is what is read: cells, timestamps, TTLs, deletions, range tombstones, in every format, also
//! when it is read, merged and written again in another.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use sstablefs::cql::Comparator;
use sstablefs::ingest::Memtable;
use sstablefs::merge::{Merged, Wanted};
use sstablefs::rows::{
    DeletionTime, Liveness, Marker, NO_DELETION_TIME, PartitionStream, RangeBound, Row, Sink, Unfiltered,
};
use sstablefs::schema::{Column, Table};
use sstablefs::sstable::{HeaderBuilder, Reader, Version};
use sstablefs::table::View;

use crate::choices::{Choices, PARTITION, RANGE, ROW, cells, key, table, value};
use crate::merge::forms;
use crate::runner;
use crate::sstables::{Form, flush, write};

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
