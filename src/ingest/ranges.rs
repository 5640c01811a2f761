//! Range tombstones, in any order and overlapping, as the markers of a partition.
//! What comes out is what org.apache.cassandra.db.RangeTombstoneList makes of them.

use std::collections::BTreeMap;

use crate::rows::{BoundKind, ClusteringOrder, DeletionTime, Marker, Place};

/// One end of a range: a marker that opens or closes, with the range's deletion.
pub(super) struct End {
    pub(super) marker: Marker,
    pub(super) deletion: DeletionTime,
}

/// The markers, in order, that cover each clustering with the largest of the deletions that cover it.
pub(super) fn markers(order: &ClusteringOrder, mut ends: Vec<End>) -> Vec<Marker> {
    let compare = |a: &End, b: &End| order.compare(Place::of_marker(&a.marker), Place::of_marker(&b.marker));
    ends.sort_by(compare);
    let mut open: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    let mut before = DeletionTime::LIVE;
    let mut markers = Vec::new();
    let mut at = 0;
    while at < ends.len() {
        let same = ends[at..].partition_point(|e| compare(e, &ends[at]).is_eq());
        for end in &ends[at..at + same] {
            let key = (end.deletion.marked_for_delete_at, end.deletion.local_deletion_time);
            if end.marker.kind.opens() {
                *open.entry(key).or_default() += 1;
            } else if let Some(count) = open.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&key);
                }
            }
        }
        let after = open.last_key_value().map_or(DeletionTime::LIVE, |(&(marked_for_delete_at, time), _)| {
            DeletionTime { marked_for_delete_at, local_deletion_time: time }
        });
        if before != after {
            let mut marker = ends[at].marker.clone();
            let before_rows = marker.kind.before_rows();
            marker.kind = BoundKind::between(before_rows, !before.is_live(), !after.is_live());
            (marker.end, marker.start) = (before, after);
            markers.push(marker);
            before = after;
        }
        at += same;
    }
    markers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cql::Type;
    use crate::rows::Span;
    use crate::schema::{Column, ColumnKind};

    /// A small generator: the tests repeat exactly.
    fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
        move |below| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % below
        }
    }

    fn end(kind: BoundKind, value: Option<i32>, time: i64) -> End {
        let mut marker = Marker { kind, ..Marker::default() };
        if let Some(value) = value {
            marker.bytes.extend(value.to_be_bytes());
            marker.clustering.push(Span { start: 0, len: 4 });
        }
        End { marker, deletion: DeletionTime { marked_for_delete_at: time, local_deletion_time: time } }
    }

    /// Half steps: 2 × value, one less before its rows, one more behind them.
    fn position(marker: &Marker) -> i64 {
        let side = if marker.kind.before_rows() { -1 } else { 1 };
        let value = marker.clustering_value(0).map(|v| i64::from(i32::from_be_bytes(v.try_into().unwrap())));
        value.map_or(side * 1000, |v| 4 * v + side)
    }

    #[test]
    fn each_clustering_has_the_largest_deletion_that_covers_it() {
        let order = ClusteringOrder::new(&[Column::new("c", Type::Int, ColumnKind::Clustering)]);
        for seed in 0..500 {
            let mut random = numbers(seed);
            let mut ends = Vec::new();
            let mut ranges = Vec::new();
            for _ in 0..random(9) {
                let start = (random(5) > 0).then(|| random(6) as i32);
                let stop = (random(5) > 0).then(|| start.unwrap_or(0) + random(5) as i32);
                let start_kind = if start.is_none() || random(2) == 0 {
                    BoundKind::InclusiveStart
                } else {
                    BoundKind::ExclusiveStart
                };
                let stop_kind = if stop.is_none() || start == stop || random(2) == 0 {
                    BoundKind::InclusiveEnd
                } else {
                    BoundKind::ExclusiveEnd
                };
                let start_kind = if start == stop { BoundKind::InclusiveStart } else { start_kind };
                let time = random(4) as i64 + 1;
                let (a, b) = (end(start_kind, start, time), end(stop_kind, stop, time));
                ranges.push((position(&a.marker), position(&b.marker), time));
                ends.extend([a, b]);
            }
            let markers = markers(&order, ends);
            for half in -998..999 {
                let expected = ranges.iter().filter(|(a, b, _)| *a < half && half < *b).map(|r| r.2).max();
                let last = markers.iter().rfind(|m| position(m) < half);
                let found = last.map(|m| m.start).filter(|d| !d.is_live()).map(|d| d.marked_for_delete_at);
                // Between two halves stands no clustering.
                if half % 2 == 0 {
                    assert_eq!(found, expected, "seed {seed} at {half}");
                }
            }
            let mut open = DeletionTime::LIVE;
            for marker in &markers {
                assert_eq!(marker.end, open, "seed {seed}");
                assert_ne!(marker.end, marker.start, "seed {seed}");
                assert_eq!(marker.kind.opens(), !marker.start.is_live(), "seed {seed}");
                assert_eq!(marker.kind.closes(), !marker.end.is_live(), "seed {seed}");
                open = marker.start;
            }
            assert!(open.is_live(), "seed {seed}");
        }
    }
}
