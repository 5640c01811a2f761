//! Every component damaged, byte by byte and cut by cut: an error or the right answer, no panic, no large allocation.
//!
//! Data, its checksums and Statistics.db (from na on) are covered by checksums: any wrong answer is a fault. Summary.db is
//! checked against the index. Filter, Index, Partitions and Rows have no checksum: damage to them may hide a partition,
//! but must not lead to a wrong one.

mod allocation;
mod data;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::cql::{DecoratedKey, KeyOrder, Partitioner};
use sstablefs::sstable::big::{BigIndex, Summary};
use sstablefs::sstable::bti::BtiIndex;
use sstablefs::sstable::{
    BloomFilter, ChunkSums, ClusteringTypes, Component, CompressionInfo, DataSource, Descriptor, Digest, IndexEntry,
    PartitionIndex, RowBlock, Statistics, Toc, Version,
};
use sstablefs::storage::{MemorySource, Source};
use sstablefs::{Kind, Result};

/// The files of an SSTable, in memory.
#[derive(Clone)]
struct Files {
    version: Version,
    files: BTreeMap<Component, Arc<Vec<u8>>>,
}

impl Files {
    fn read(descriptor: &Descriptor) -> Files {
        let read = |c: Component| std::fs::read(descriptor.component(c)).ok().map(|bytes| (c, Arc::new(bytes)));
        Files { version: descriptor.version, files: Component::ALL.into_iter().filter_map(read).collect() }
    }

    fn bytes(&self, component: Component) -> &[u8] {
        &self.files[&component]
    }

    fn source(&self, component: Component) -> Option<Source> {
        self.files.get(&component).map(|bytes| Arc::new(MemorySource(bytes.to_vec())) as Source)
    }

    fn with(&self, component: Component, bytes: Vec<u8>) -> Files {
        let mut damaged = self.clone();
        damaged.files.insert(component, Arc::new(bytes));
        damaged
    }

    fn data(&self) -> Result<Arc<DataSource>> {
        let info =
            self.source(Component::CompressionInfo).map(|s| CompressionInfo::open(s, self.version)).transpose()?;
        let sums = self.source(Component::Crc).map(ChunkSums::open).transpose()?;
        Ok(Arc::new(DataSource::open(self.source(Component::Data).unwrap(), info, sums)))
    }

    fn all_data(&self) -> Result<Vec<u8>> {
        let data = self.data()?;
        let mut all = Vec::new();
        while (all.len() as u64) < data.len() {
            data.read_chunk(all.len() as u64, &mut all)?;
        }
        Ok(all)
    }

    fn statistics(&self) -> Result<Statistics> {
        Statistics::parse(self.bytes(Component::Statistics), self.version)
    }

    fn index(&self, order: &KeyOrder) -> Result<PartitionIndex> {
        let named = |c: Component| self.source(c).map(|s| (s, PathBuf::from(c.name())));
        if self.version.is_bti() {
            let (partitions, rows) = (named(Component::Partitions).unwrap(), named(Component::Rows));
            let data = (self.data()?, PathBuf::from("Data.db"));
            BtiIndex::open(partitions, rows, data, order.clone(), self.version).map(PartitionIndex::Bti)
        } else {
            // As in PartitionIndex::open: a summary that can not be read is not used.
            let summary = named(Component::Summary).and_then(|(s, path)| Summary::open(s, &path).ok());
            BigIndex::open(named(Component::Index).unwrap(), summary, order.clone(), self.version)
                .map(PartitionIndex::Big)
        }
    }
}

/// What an index says when nothing is damaged.
struct Truth {
    order: KeyOrder,
    types: Arc<ClusteringTypes>,
    entries: Vec<IndexEntry>,
    /// Some of them, decorated.
    keys: Vec<(DecoratedKey, IndexEntry)>,
    absent: Vec<DecoratedKey>,
    blocks: Vec<Vec<RowBlock>>,
    data: Vec<u8>,
}

impl Truth {
    fn of(files: &Files) -> Truth {
        let statistics = files.statistics().unwrap();
        let partitioner = Partitioner::from_class_name(&statistics.partitioner).unwrap();
        let order = KeyOrder::new(partitioner, &statistics.header.key_type);
        let types = Arc::new(ClusteringTypes::new(&statistics.header.clustering));
        let index = files.index(&order).unwrap();
        let entries = iterate(&index).unwrap();
        let asked = || entries.iter().step_by(entries.len().div_ceil(100));
        let keys = asked().map(|e| (order.decorate(&e.key), e.clone())).collect();
        let absent = asked().map(|e| order.decorate(&[&e.key[..], &[7]].concat())).collect();
        let blocks = entries.iter().map(|e| blocks(&index, e, &types).unwrap()).collect();
        Truth { order, types, entries, keys, absent, blocks, data: files.all_data().unwrap() }
    }

    /// Whether an entry leads to the partition that it names: what the reader of the data finds out.
    fn leads_right(&self, entry: &IndexEntry) -> bool {
        let head = [&(entry.key.len() as u16).to_be_bytes()[..], &entry.key].concat();
        self.data.get(entry.position as usize..).is_some_and(|data| data.starts_with(&head))
    }
}

fn iterate(index: &PartitionIndex) -> Result<Vec<IndexEntry>> {
    let (mut all, mut entry) = (Vec::new(), IndexEntry::default());
    let mut entries = index.iter_from(None)?;
    while entries.next_entry(&mut entry)? {
        all.push(entry.clone());
    }
    Ok(all)
}

fn blocks(index: &PartitionIndex, entry: &IndexEntry, types: &Arc<ClusteringTypes>) -> Result<Vec<RowBlock>> {
    let Some(handle) = entry.row_index else { return Ok(Vec::new()) };
    let mut rows = index.rows(handle, types)?;
    let mut all = Vec::new();
    while let Some(block) = rows.next_block()? {
        all.push(block);
    }
    while rows.previous_block()?.is_some() {}
    Ok(all)
}

/// A few SSTables of each version, small ones and some with a row index.
fn chosen() -> Vec<(String, Files)> {
    let mut found: BTreeMap<(String, String, bool, bool), (u64, Descriptor)> = BTreeMap::new();
    for descriptor in data::sstables() {
        let files = Files::read(&descriptor);
        let codec = files.data().unwrap().compression().map_or("none", |info| info.codec.class_name());
        let has_rows = Truth::of(&files).entries.iter().any(|e| e.row_index.is_some());
        let length = files.bytes(Component::Data).len() as u64;
        let partitions = files.statistics().unwrap().stats.partition_sizes.count();
        let several = partitions > 3;
        // More than one sample in the summary, more than one page of the trie.
        let many = partitions > 1000;
        let key = (descriptor.version.to_string(), codec.to_owned(), has_rows, many);
        let rank = if several { length } else { length + (1 << 40) };
        if found.get(&key).is_none_or(|(held, _)| rank < *held) {
            found.insert(key, (rank, descriptor));
        }
    }
    let name = |d: &Descriptor| format!("{d} in {}", d.dir.display());
    found.into_values().map(|(_, d)| (name(&d), Files::read(&d))).collect()
}

/// Calls `check` with each damaged form of a component: bytes changed, and the file cut short. Long files are damaged
/// at about `most` places.
fn damage(files: &Files, component: Component, most: usize, check: impl Fn(&Files, &str)) {
    let Some(bytes) = files.files.get(&component) else { return };
    let step = bytes.len().div_ceil(most).max(1);
    for at in (0..bytes.len()).step_by(step) {
        for mask in [0xff, 1 << (at % 8)] {
            let mut changed = bytes.to_vec();
            changed[at] ^= mask;
            check(&files.with(component, changed), &format!("{}, byte {at} ^ {mask:#x}", component.name()));
        }
        check(&files.with(component, bytes[..at].to_vec()), &format!("{} cut at {at}", component.name()));
    }
}

/// Nothing that was read made more room than for a chunk, its compressed form and a page or two.
fn assert_small() {
    let largest = allocation::largest();
    assert!(largest < 16 << 20, "{largest} bytes were allocated at once");
}

#[test]
fn statistics() {
    for (name, files) in chosen() {
        let truth = format!("{:?}", files.statistics().unwrap());
        damage(&files, Component::Statistics, 3000, |damaged, what| {
            if let Ok(statistics) = damaged.statistics() {
                let checked = files.version.has_metadata_checksum();
                assert!(!checked || format!("{statistics:?}") == truth, "{name}: {what}");
            }
        });
    }
    assert_small();
}

#[test]
fn data_and_its_checksums() {
    for (name, files) in chosen() {
        let truth = files.all_data().unwrap();
        for (component, most) in [(Component::CompressionInfo, 500), (Component::Crc, 100), (Component::Data, 100)] {
            damage(&files, component, most, |damaged, what| match damaged.all_data() {
                Ok(all) => {
                    // A plain file that is cut is a shorter file; its end shows only to those who read partitions.
                    let cut = component == Component::Data && what.contains("cut") && truth.starts_with(&all);
                    assert!(all == truth || cut, "{name}: {what}");
                }
                Err(e) => assert_eq!(e.kind(), expected_kind(component, &e), "{name}: {what}: {e}"),
            });
        }
    }
    assert_small();
}

/// A changed class name is no damage that could be told from a compressor that is not known.
fn expected_kind(component: Component, e: &sstablefs::Error) -> Kind {
    let unknown = component == Component::CompressionInfo && e.kind() == Kind::Unsupported;
    if unknown { Kind::Unsupported } else { Kind::Corrupt }
}

#[test]
fn filters() {
    for (_, files) in chosen() {
        damage(&files, Component::Filter, 500, |damaged, _| {
            if let Ok(filter) = BloomFilter::parse(damaged.bytes(Component::Filter), damaged.version) {
                filter.may_contain(b"any key");
            }
        });
    }
    assert_small();
}

#[test]
fn toc_and_digest() {
    for (name, files) in chosen() {
        let data = files.source(Component::Data).unwrap();
        let truth = Digest::parse(files.bytes(Component::Digest)).unwrap();
        damage(&files, Component::Digest, 100, |damaged, what| {
            if let Ok(digest) = Digest::parse(damaged.bytes(Component::Digest)) {
                assert!(digest == truth || digest.check(&data).is_err(), "{name}: {what}");
            }
        });
        damage(&files, Component::Toc, 100, |damaged, _| drop(Toc::parse(damaged.bytes(Component::Toc))));
    }
    assert_small();
}

#[test]
fn summaries() {
    for (name, files) in chosen() {
        let truth = Truth::of(&files);
        damage(&files, Component::Summary, 300, |damaged, what| {
            let index = damaged.index(&truth.order).unwrap();
            let mut entry = IndexEntry::default();
            for (key, expected) in &truth.keys {
                if let Ok(found) = index.lookup(key, &mut entry) {
                    assert!(found && entry == *expected, "{name}: {what}: {key:?}");
                }
                if let Ok(mut entries) = index.iter_from(Some(key)) {
                    assert!(entries.next_entry(&mut entry).unwrap() && entry == *expected, "{name}: {what}: {key:?}");
                }
            }
            for key in &truth.absent {
                assert!(!matches!(index.lookup(key, &mut entry), Ok(true)), "{name}: {what}: {key:?}");
            }
        });
    }
    assert_small();
}

#[test]
fn indexes() {
    for (name, files) in chosen() {
        let truth = Truth::of(&files);
        for component in [Component::Index, Component::Partitions, Component::Rows] {
            damage(&files, component, 300, |damaged, what| {
                let Ok(index) = damaged.index(&truth.order) else { return };
                let mut entry = IndexEntry::default();
                for (key, expected) in &truth.keys {
                    if let Ok(true) = index.lookup(key, &mut entry)
                        && truth.leads_right(&entry)
                    {
                        assert_eq!((&entry.key, entry.position), (&expected.key, expected.position), "{name}: {what}");
                    }
                }
                for key in &truth.absent {
                    let found = index.lookup(key, &mut entry);
                    assert!(!matches!(found, Ok(true)) || !truth.leads_right(&entry), "{name}: {what}: {key:?}");
                }
                if let Ok(entries) = iterate(&index) {
                    assert!(entries.len() <= truth.entries.len(), "{name}: {what}");
                    for entry in &entries {
                        let _ = blocks(&index, entry, &truth.types);
                    }
                }
            });
        }
        assert_eq!(truth.blocks.len(), truth.entries.len());
    }
    assert_small();
}
