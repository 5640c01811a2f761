//! The blocks of each row index that a real Cassandra wrote, against the rows and range tombstones of the partition.

mod data;

use std::cmp::Ordering;
use std::sync::Arc;

use sstablefs::cql::Comparator;
use sstablefs::rows::{DeletionTime, Marker, PartitionStream, Row, Unfiltered};
use sstablefs::sstable::{Bound, ClusteringTypes, IndexEntry, Reader, RowBlock, RowIndex, read_statistics};

/// A row or a marker where it stands.
struct Item {
    /// From the partition's start.
    offset: u64,
    values: Vec<Option<Vec<u8>>>,
    side: i8,
    /// The range that is open before it.
    open: Option<DeletionTime>,
}

fn compare(comparators: &[Comparator], a: (&[Option<&[u8]>], i8), b: (&[Option<&[u8]>], i8)) -> Ordering {
    for ((x, y), comparator) in a.0.iter().zip(b.0).zip(comparators) {
        let order = match (x, y) {
            (Some(x), Some(y)) => comparator.compare(x, y),
            _ => x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
    match a.0.len().cmp(&b.0.len()) {
        Ordering::Equal => a.1.cmp(&b.1),
        Ordering::Less => a.1.cmp(&0),
        Ordering::Greater => 0.cmp(&b.1),
    }
}

fn check_block(items: &[Item], block: RowBlock, what: &str) -> usize {
    let at = items.iter().position(|item| item.offset == block.offset);
    let at = at.unwrap_or_else(|| panic!("{what}: no row begins at {}", block.offset));
    assert_eq!(block.open_marker, items[at].open, "{what}: block at {}", block.offset);
    at
}

fn check_bound(rows: &mut RowIndex, items: &[Item], comparators: &[Comparator], bound: &Bound<'_>, what: &str) {
    let order = |item: &Item| {
        let values: Vec<_> = item.values.iter().map(Option::as_deref).collect();
        compare(comparators, (&values, item.side), (bound.values, bound.side))
    };
    // Forwards: nothing at or behind the bound is before the block, and the block is not much too early.
    let block = rows.block_at_or_before(bound).unwrap();
    let at = block.map_or(0, |block| check_block(items, block, what));
    assert!(items[..at].iter().all(|item| order(item).is_lt()), "{what}: {bound:?} begins before {block:?}");
    rows.next_block().unwrap();
    if let Some(later) = rows.next_block().unwrap() {
        let at = check_block(items, later, what);
        assert!(order(&items[at]).is_gt(), "{what}: {bound:?} begins behind {later:?}, not in {block:?}");
    }
    // Backwards: nothing before the bound is behind the block.
    let block = rows.last_block_before(Some(bound)).unwrap();
    let end = match block {
        Some(block) => {
            check_block(items, block, what);
            assert_eq!(rows.next_block().unwrap(), Some(block));
            rows.next_block().unwrap().map_or(items.len(), |next| check_block(items, next, what))
        }
        None => 0,
    };
    assert!(items[end..].iter().all(|item| !order(item).is_lt()), "{what}: {bound:?} ends behind {block:?}");
}

#[test]
fn blocks_are_where_the_rows_are() {
    let (mut partitions, mut open_markers) = (0, 0);
    for descriptor in data::sstables() {
        let statistics = read_statistics(&descriptor).unwrap();
        let types = Arc::new(ClusteringTypes::new(&statistics.header.clustering));
        let comparators: Vec<_> = types.types().iter().map(|(ty, reversed)| Comparator::new(ty, *reversed)).collect();
        let reader = Arc::new(Reader::open(&descriptor, &data::table(&statistics)).unwrap());
        let index = reader.index().unwrap().clone();
        let mut entries = index.iter_from(None).unwrap();
        let mut entry = IndexEntry::default();
        while entries.next_entry(&mut entry).unwrap() {
            let Some(handle) = entry.row_index else { continue };
            let what = format!("{descriptor} in {}", descriptor.dir.display());
            let mut scanner = reader.scan(entry.position, entry.position + 1).unwrap();
            assert!(scanner.next_partition().unwrap());
            assert_eq!(Some(scanner.deletion()), entry.deletion, "{what}");
            let mut items = Vec::new();
            let (mut row, mut marker, mut open) = (Row::default(), Marker::default(), None);
            loop {
                let offset = scanner.position() - entry.position;
                let (clustering, side, opens) = match scanner.next(&mut row, &mut marker).unwrap() {
                    Unfiltered::End => break,
                    Unfiltered::Row => {
                        let values = (0..row.clustering.len()).map(|i| row.clustering_value(i).map(<[u8]>::to_vec));
                        (values.collect::<Vec<_>>(), 0, open)
                    }
                    Unfiltered::Marker => {
                        let values =
                            (0..marker.clustering.len()).map(|i| marker.clustering_value(i).map(<[u8]>::to_vec));
                        let side = if marker.kind.before_rows() { -1 } else { 1 };
                        (values.collect(), side, marker.kind.opens().then_some(marker.start))
                    }
                };
                items.push(Item { offset, values: clustering, side, open });
                open = opens;
            }

            let mut rows = index.rows(handle, &types).unwrap();
            let mut blocks = 0;
            while let Some(block) = rows.next_block().unwrap() {
                let at = check_block(&items, block, &what);
                assert!(blocks > 0 || at == 0, "{what}: rows before the first block");
                open_markers += usize::from(block.open_marker.is_some());
                blocks += 1;
            }
            assert_eq!(blocks, handle.blocks(), "{what}");

            let step = items.len().div_ceil(400);
            for item in items.iter().step_by(step) {
                let values: Vec<_> = item.values.iter().map(Option::as_deref).collect();
                for length in 1..=values.len() {
                    for side in [-1, 0, 1] {
                        if side != 0 || length == comparators.len() {
                            let bound = Bound { values: &values[..length], side };
                            check_bound(&mut rows, &items, &comparators, &bound, &what);
                        }
                    }
                }
            }
            partitions += 1;
        }
    }
    assert!(partitions > 0 && open_markers > 0, "{partitions} row indexes, {open_markers} open range tombstones");
}
