//! The indexes of every SSTable that a real Cassandra wrote, against the data that they lead to.

mod data;

use std::cmp::Ordering;
use std::sync::Arc;

use sstablefs::cql::{DecoratedKey, KeyOrder, Partitioner};
use sstablefs::sstable::big::BigIndex;
use sstablefs::sstable::{
    ChunkSums, ClusteringTypes, Component, CompressionInfo, DataSource, Descriptor, IndexEntry, PartitionIndex,
    RowBlock, Statistics,
};
use sstablefs::storage::{FileSource, Source};

struct Opened {
    data: Arc<DataSource>,
    index: PartitionIndex,
    order: KeyOrder,
    statistics: Statistics,
}

fn source(descriptor: &Descriptor, component: Component) -> Option<Source> {
    let path = descriptor.component(component);
    path.exists().then(|| Arc::new(FileSource::open(&path).unwrap()) as Source)
}

fn open(descriptor: &Descriptor, with_summary: bool) -> Opened {
    let statistics = std::fs::read(descriptor.component(Component::Statistics)).unwrap();
    let statistics = Statistics::parse(&statistics, descriptor.version).unwrap();
    let partitioner = Partitioner::from_class_name(&statistics.partitioner).unwrap();
    let order = KeyOrder::new(partitioner, &statistics.header.key_type);
    let info = source(descriptor, Component::CompressionInfo);
    let info = info.map(|s| CompressionInfo::open(s, descriptor.version).unwrap());
    let sums = source(descriptor, Component::Crc).map(|s| ChunkSums::open(s).unwrap());
    let data = Arc::new(DataSource::open(source(descriptor, Component::Data).unwrap(), info, sums));
    let index = if with_summary || descriptor.version.is_bti() {
        let mut notes = Vec::new();
        let index = PartitionIndex::open(descriptor, &data, &order, &mut notes).unwrap().unwrap();
        assert_eq!(notes, [""; 0]);
        index
    } else {
        let index = (source(descriptor, Component::Index).unwrap(), descriptor.component(Component::Index));
        PartitionIndex::Big(BigIndex::open(index, None, order.clone(), descriptor.version).unwrap())
    };
    Opened { data, index, order, statistics }
}

fn entries(opened: &Opened, from: Option<&DecoratedKey>) -> Vec<IndexEntry> {
    let mut iter = opened.index.iter_from(from).unwrap();
    let (mut all, mut entry) = (Vec::new(), IndexEntry::default());
    while iter.next_entry(&mut entry).unwrap() {
        all.push(entry.clone());
    }
    all
}

#[test]
fn entries_lead_to_their_partitions() {
    for descriptor in data::sstables() {
        let opened = open(&descriptor, true);
        let all = entries(&opened, None);
        assert_eq!(all.len() as i64, opened.statistics.stats.partition_sizes.count(), "{descriptor}");
        assert_eq!(all[0].position, 0);
        let (first, last) = opened.index.first_last();
        assert_eq!((first, last), (&*all[0].key, &*all[all.len() - 1].key));
        for pair in all.windows(2) {
            assert!(pair[0].position < pair[1].position);
            let (a, b) = (opened.order.decorate(&pair[0].key), opened.order.decorate(&pair[1].key));
            assert_eq!(opened.order.compare(&a, &b), Ordering::Less);
        }
        for entry in &all {
            let mut head = vec![0; 2 + entry.key.len()];
            assert_eq!(opened.data.read_at(entry.position, &mut head).unwrap(), head.len());
            assert_eq!(head[..2], (entry.key.len() as u16).to_be_bytes());
            assert_eq!(head[2..], entry.key);
        }
    }
}

#[test]
fn lookups_find_what_is_there_and_nothing_else() {
    for descriptor in data::sstables() {
        for with_summary in [true, false] {
            let opened = open(&descriptor, with_summary);
            let all = entries(&opened, None);
            let mut found = IndexEntry::default();
            for (i, entry) in all.iter().enumerate() {
                let key = opened.order.decorate(&entry.key);
                assert!(opened.index.lookup(&key, &mut found).unwrap(), "{descriptor}: entry {i}");
                assert_eq!(found, *entry);
                // A key like it, which is not there.
                let mut other = entry.key.clone();
                other.push(0);
                let other = opened.order.decorate(&other);
                assert!(!opened.index.lookup(&other, &mut found).unwrap());
            }
        }
    }
}

#[test]
fn iteration_begins_anywhere() {
    for descriptor in data::sstables() {
        let opened = open(&descriptor, true);
        let all = entries(&opened, None);
        let step = all.len().div_ceil(50);
        for i in (0..all.len()).step_by(step).chain([all.len() - 1]) {
            let key = opened.order.decorate(&all[i].key);
            assert_eq!(entries(&opened, Some(&key)), all[i..], "{descriptor} from {i}");
            let mut other = all[i].key.clone();
            other.extend([1, 2, 3]);
            let other = opened.order.decorate(&other);
            let expected =
                all.iter().position(|e| opened.order.compare(&opened.order.decorate(&e.key), &other).is_ge());
            assert_eq!(entries(&opened, Some(&other)), all[expected.unwrap_or(all.len())..], "{descriptor} at {i}");
        }
    }
}

/// Every block of a partition, forwards, after the same was seen backwards.
fn blocks(opened: &Opened, entry: &IndexEntry) -> Vec<RowBlock> {
    let types = Arc::new(ClusteringTypes::new(&opened.statistics.header.clustering));
    let mut rows = opened.index.rows(entry.row_index.unwrap(), &types).unwrap();
    let mut forwards = Vec::new();
    while let Some(block) = rows.next_block().unwrap() {
        forwards.push(block);
    }
    let mut backwards = Vec::new();
    while let Some(block) = rows.previous_block().unwrap() {
        backwards.push(block);
    }
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(rows.last_block_before(None).unwrap(), forwards.last().copied());
    forwards
}

#[test]
fn row_indexes_have_their_blocks_in_order() {
    let mut seen = 0;
    for descriptor in data::sstables() {
        let opened = open(&descriptor, true);
        let all = entries(&opened, None);
        for (i, entry) in all.iter().enumerate() {
            let Some(handle) = entry.row_index else { continue };
            let blocks = blocks(&opened, entry);
            assert_eq!(blocks.len(), handle.blocks() as usize);
            let end = all.get(i + 1).map_or(opened.data.len(), |next| next.position);
            assert!(blocks.windows(2).all(|b| b[0].offset < b[1].offset));
            assert!(blocks[0].offset > 2 + entry.key.len() as u64);
            assert!(entry.position + blocks[blocks.len() - 1].offset < end);
            assert!(blocks[0].open_marker.is_none());
            assert!(entry.deletion.is_some());
            seen += 1;
        }
    }
    assert!(seen > 0, "no partition was large enough for a row index");
}
