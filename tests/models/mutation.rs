//! Random mutations of one small table, in which few keys, rows, times and values meet again and again.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Seconds: what is deleted or expires does so around the times that are read at.
pub(crate) const SECONDS: Range<i64> = 100..112;
const TIMESTAMPS: Range<i64> = 1..9;
const KEYS: Range<i32> = 0..4;
/// Of columns that hold collections: no more different elements.
const PATHS: Range<u8> = 0..4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deletion {
    pub(crate) timestamp: i64,
    pub(crate) seconds: i64,
}

/// `c1` ascends, `c2` descends.
pub(crate) type Clustering = (i32, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Plain(u8),
    Expiring {
        value: u8,
        ttl: i32,
        at: i64,
    },
    Tombstone {
        at: i64,
    },
    /// Shards of a counter: a clock for each id.
    Counter([u8; 3]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellState {
    pub(crate) timestamp: i64,
    pub(crate) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LivenessState {
    pub(crate) timestamp: i64,
    /// 0, or what expires at `at`.
    pub(crate) ttl: i32,
    pub(crate) at: i64,
}

/// Cells by column and element.
pub(crate) type Cells = BTreeMap<(u16, u8), CellState>;

/// A place between rows: the first clustering values, and the side of the rows that begin with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) c1: Option<i32>,
    pub(crate) c2: Option<&'static str>,
    pub(crate) side: i8,
}

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Partition(Deletion),
    Range {
        start: Place,
        end: Place,
        deletion: Deletion,
    },
    Row {
        clustering: Clustering,
        liveness: Option<LivenessState>,
        deletion: Option<Deletion>,
        cells: Cells,
        complex: BTreeMap<u16, Deletion>,
    },
    Static {
        cells: Cells,
        complex: BTreeMap<u16, Deletion>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Mutation {
    pub(crate) sstable: usize,
    pub(crate) key: i32,
    pub(crate) change: Change,
}

/// Which columns a table has: simple ones come before those of several cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    pub(crate) simple: u16,
    pub(crate) complex: u16,
    pub(crate) counters: bool,
}

pub(crate) fn deletion() -> impl Strategy<Value = Deletion> {
    (TIMESTAMPS, SECONDS).prop_map(|(timestamp, seconds)| Deletion { timestamp, seconds })
}

pub(crate) fn clustering() -> impl Strategy<Value = Clustering> {
    (0..5i32, prop::sample::select(vec!["", "a", "b"]))
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    let values = (option::weighted(0.9, 0..5i32), option::of(prop::sample::select(vec!["", "a", "b"])));
    (values, prop::bool::ANY).prop_map(|((c1, c2), before)| Place {
        c1,
        c2: c1.and(c2),
        side: if before { -1 } else { 1 },
    })
}

fn cell(columns: Columns) -> BoxedStrategy<CellState> {
    let state = if columns.counters {
        prop::array::uniform3(0..4u8).prop_map(State::Counter).boxed()
    } else {
        prop_oneof![
            4 => (0..3u8).prop_map(State::Plain),
            2 => (0..3u8, 1..4i32, SECONDS).prop_map(|(value, ttl, at)| State::Expiring { value, ttl, at }),
            2 => SECONDS.prop_map(|at| State::Tombstone { at }),
        ]
        .boxed()
    };
    (TIMESTAMPS, state).prop_map(|(timestamp, state)| CellState { timestamp, state }).boxed()
}

fn cells(columns: Columns) -> impl Strategy<Value = Cells> {
    let place = (0..columns.simple + columns.complex, PATHS)
        .prop_map(move |(column, path)| (column, if column < columns.simple { 0 } else { path }));
    btree_map(place, cell(columns), 0..5)
}

fn complex(columns: Columns) -> impl Strategy<Value = BTreeMap<u16, Deletion>> {
    let most = usize::from(columns.complex).min(1);
    let column = columns.simple..(columns.simple + columns.complex).max(columns.simple + 1);
    btree_map(column, deletion(), 0..=most)
}

fn liveness(counters: bool) -> impl Strategy<Value = Option<LivenessState>> {
    let expires = if counters { 0.0001 } else { 0.4 };
    let state = (TIMESTAMPS, option::weighted(expires, (1..4i32, SECONDS))).prop_map(|(timestamp, expiry)| {
        let (ttl, at) = expiry.unwrap_or((0, i64::MAX));
        LivenessState { timestamp, ttl, at }
    });
    option::weighted(if counters { 0.0001 } else { 0.6 }, state)
}

fn change(statics: Columns, regulars: Columns) -> impl Strategy<Value = Change> {
    let range =
        (place(), place(), deletion()).prop_map(|(start, end, deletion)| Change::Range { start, end, deletion });
    let row = (
        clustering(),
        liveness(regulars.counters),
        option::weighted(0.2, deletion()),
        cells(regulars),
        complex(regulars),
    )
        .prop_map(|(clustering, liveness, deletion, cells, complex)| Change::Row {
            clustering,
            liveness,
            deletion,
            cells,
            complex,
        });
    prop_oneof![
        1 => deletion().prop_map(Change::Partition),
        3 => range,
        8 => row,
        2 => (cells(statics), complex(statics)).prop_map(|(cells, complex)| Change::Static { cells, complex }),
    ]
}

/// Mutations of up to six SSTables. Those of counters change a row once in each.
pub(crate) fn mutations(statics: Columns, regulars: Columns) -> impl Strategy<Value = Vec<Mutation>> {
    let one = (0..6usize, KEYS, change(statics, regulars));
    vec(one.prop_map(|(sstable, key, change)| Mutation { sstable, key, change }), 1..50).prop_map(move |all| {
        let mut seen = Vec::new();
        let mut kept = Vec::new();
        for mutation in all {
            if regulars.counters {
                let row = match &mutation.change {
                    Change::Row { clustering, .. } => Some(*clustering),
                    Change::Static { .. } => Some((-1, "")),
                    _ => None,
                };
                let place = row.map(|row| (mutation.sstable, mutation.key, row));
                if place.is_some() && seen.contains(&place) {
                    continue;
                }
                seen.push(place);
            }
            kept.push(mutation);
        }
        kept
    })
}
