//! What a read shows, told the plain way: for each row that any mutation names, the newest deletion that covers it, and of
//! each cell the version that wins. Follows what Cassandra's documentation and org.apache.cassandra.db.rows.Cells say, and
//! shares no code with the engine.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use crate::mutation::{CellState, Cells, Change, Clustering, Deletion, LivenessState, Mutation, Place, State};

/// A cell that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) column: u16,
    pub(crate) path: u8,
    pub(crate) timestamp: i64,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Plain(u8),
    Expiring { value: u8, ttl: i32, at: i64 },
    Counter(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownRow {
    pub(crate) clustering: Clustering,
    pub(crate) liveness: Option<(i64, i32, i64)>,
    pub(crate) cells: Vec<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownPartition {
    pub(crate) statics: Vec<Shown>,
    pub(crate) rows: Vec<ShownRow>,
}

/// What an id of a counter has counted at a clock.
pub(crate) fn count(id: usize, clock: u8) -> i64 {
    (id as i64 + 1) * 1000 + i64::from(clock) * 7
}

/// The second clustering column descends.
pub(crate) fn order(a: Clustering, b: Clustering) -> Ordering {
    (a.0, Reverse(a.1)).cmp(&(b.0, Reverse(b.1)))
}

impl Place {
    /// Whether a row stands before it.
    pub(crate) fn is_behind(&self, row: Clustering) -> bool {
        let first = self.c1.map_or(Ordering::Equal, |c1| row.0.cmp(&c1));
        let second = self.c2.map_or(Ordering::Equal, |c2| c2.cmp(row.1));
        match first.then(second) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => self.side > 0,
        }
    }

    /// Whether it stands before another place.
    pub(crate) fn is_before(&self, other: &Place) -> bool {
        let values = |p: &Place| [p.c1.map(i64::from), p.c2.map(|c| -(c.bytes().next().map_or(0, i64::from)))];
        for (a, b) in values(self).into_iter().zip(values(other)) {
            match (a, b) {
                (Some(a), Some(b)) if a != b => return a < b,
                (Some(_), Some(_)) => {}
                (None, None) => break,
                // The shorter one is before or behind all that begin with it.
                (None, Some(_)) => return self.side < 0,
                (Some(_), None) => return other.side > 0,
            }
        }
        self.side < other.side
    }
}

pub(crate) fn partition(mutations: &[Mutation], key: i32, now: i64) -> ShownPartition {
    let changes: Vec<&Change> = mutations.iter().filter(|m| m.key == key).map(|m| &m.change).collect();
    let newest =
        |deletions: &mut dyn Iterator<Item = Deletion>| deletions.map(|d| d.timestamp).max().unwrap_or(i64::MIN);
    let whole = newest(&mut changes.iter().filter_map(|c| match c {
        Change::Partition(deletion) => Some(*deletion),
        _ => None,
    }));
    let mut clusterings = BTreeSet::new();
    for change in &changes {
        if let Change::Row { clustering, .. } = change {
            clusterings.insert(*clustering);
        }
    }
    let mut rows: Vec<ShownRow> = Vec::new();
    for clustering in clusterings {
        let covering = newest(&mut changes.iter().filter_map(|c| match c {
            Change::Range { start, end, deletion } => {
                (start.is_before(end) && !start.is_behind(clustering) && end.is_behind(clustering)).then_some(*deletion)
            }
            Change::Row { clustering: of, deletion, .. } if *of == clustering => *deletion,
            _ => None,
        }));
        let deleted = whole.max(covering);
        let mut versions = Vec::new();
        let mut liveness: Option<LivenessState> = None;
        for change in &changes {
            let Change::Row { clustering: of, liveness: l, cells, complex, .. } = change else { continue };
            if *of == clustering {
                versions.push((cells, complex));
                let rank = |l: &LivenessState| (l.timestamp, l.ttl > 0, l.at, -l.ttl);
                liveness = liveness.into_iter().chain(*l).max_by_key(rank);
            }
        }
        let alive = liveness.filter(|l| l.timestamp > deleted && (l.ttl == 0 || now < l.at));
        let cells = shown(&versions, deleted, now);
        if alive.is_some() || !cells.is_empty() {
            rows.push(ShownRow { clustering, liveness: alive.map(|l| (l.timestamp, l.ttl, l.at)), cells });
        }
    }
    rows.sort_by(|a, b| order(a.clustering, b.clustering));
    let mut statics = Vec::new();
    for change in &changes {
        if let Change::Static { cells, complex } = change {
            statics.push((cells, complex));
        }
    }
    ShownPartition { statics: shown(&statics, whole, now), rows }
}

/// The cells that win and live.
fn shown(versions: &[(&Cells, &BTreeMap<u16, Deletion>)], deleted: i64, now: i64) -> Vec<Shown> {
    let mut places = BTreeSet::new();
    for (cells, _) in versions {
        places.extend(cells.keys().copied());
    }
    let mut all = Vec::new();
    for (column, path) in places {
        let complex = versions.iter().filter_map(|(_, complex)| complex.get(&column)).map(|d| d.timestamp).max();
        let deleted = deleted.max(complex.unwrap_or(i64::MIN));
        let cells = versions.iter().filter_map(|(cells, _)| cells.get(&(column, path)));
        let cells: Vec<CellState> = cells.filter(|cell| cell.timestamp > deleted).copied().collect();
        if let Some((timestamp, value)) = winner(&cells, now) {
            all.push(Shown { column, path, timestamp, value });
        }
    }
    all
}

fn winner(cells: &[CellState], now: i64) -> Option<(i64, Value)> {
    let mut shards: Option<[Option<u8>; 3]> = None;
    for cell in cells {
        if let State::Counter(clocks) = cell.state {
            let newest = shards.get_or_insert([None; 3]);
            for (id, clock) in clocks.into_iter().enumerate().filter(|(_, clock)| *clock > 0) {
                newest[id] = newest[id].max(Some(clock));
            }
        }
    }
    let timestamp = cells.iter().map(|c| c.timestamp).max()?;
    if let Some(clocks) = shards {
        let counts = clocks.iter().enumerate().filter_map(|(id, clock)| clock.map(|clock| count(id, clock)));
        return Some((timestamp, Value::Counter(counts.sum())));
    }
    // Equal timestamps: what ends before what does not, tombstones first, then what ends later, then the shorter TTL; at last
    // the larger value.
    let rank = |cell: &CellState| {
        let (ends, tombstone, at, ttl, value) = match cell.state {
            State::Plain(value) => (false, false, 0, 0, value),
            State::Expiring { value, ttl, at } => (true, false, at, -ttl, value),
            State::Tombstone { at } => (true, true, at, 0, 0),
            State::Counter(_) => unreachable!("counters are added up"),
        };
        (cell.timestamp, ends, tombstone, at, ttl, value)
    };
    let best = cells.iter().max_by_key(|cell| rank(cell))?;
    match best.state {
        State::Plain(value) => Some((timestamp, Value::Plain(value))),
        State::Expiring { value, ttl, at } if now < at => Some((timestamp, Value::Expiring { value, ttl, at })),
        _ => None,
    }
}
