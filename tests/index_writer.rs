//! The indexes written again from the data of each SSTable of a real Cassandra: every byte has to be Cassandra's.

mod data;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::Kind;
use sstablefs::cql::{DecoratedKey, KeyOrder, Partitioner, Type};
use sstablefs::rows::{DeletionTime, Marker, PartitionStream, Row, Span, Unfiltered};
use sstablefs::sstable::big::{BigIndex, Summary};
use sstablefs::sstable::bti::BtiIndex;
use sstablefs::sstable::{
    Bound, ClusteringPrefix, ClusteringTypes, Component, DataSource, Descriptor, Format, IndexEntry, IndexParameters,
    IndexWriter, PartitionIndex, Reader, Version, read_statistics, write_deletion_time,
};
use sstablefs::storage::{Folder, MemoryFolder, MemorySource, Source};

/// column_index_size of the server that wrote them.
const BLOCK_SIZE: u64 = 4 << 10;

/// Writes the indexes into memory, under the names of their components; returns the number of partitions.
fn rewrite(descriptor: &Descriptor) -> (MemoryFolder, usize) {
    let statistics = read_statistics(descriptor).unwrap();
    let reader = Arc::new(Reader::open(descriptor, &data::table(&statistics)).unwrap());
    let summary = fs::read(descriptor.component(Component::Summary));
    let parameters = IndexParameters {
        version: descriptor.version,
        order: reader.key_order().clone(),
        types: Arc::new(ClusteringTypes::new(&statistics.header.clustering)),
        block_size: BLOCK_SIZE,
        min_index_interval: summary.map_or(128, |bytes| u32::from_be_bytes(*bytes.first_chunk().unwrap())),
    };
    let folder = MemoryFolder::default();
    let mut writer = IndexWriter::new(&parameters, |component| folder.create(component.name())).unwrap();
    let mut scanner = reader.scan_all().unwrap();
    let (mut row, mut marker) = (Row::default(), Marker::default());
    let (mut position, mut partitions) = (0, 0);
    while scanner.next_partition().unwrap() {
        writer.begin_partition(scanner.key(), position).unwrap();
        writer.begin_rows(scanner.position());
        let (mut start, mut open) = (scanner.position(), None);
        loop {
            let prefix: ClusteringPrefix<'_> = match scanner.next(&mut row, &mut marker).unwrap() {
                Unfiltered::End => break,
                Unfiltered::Row => (&row).into(),
                Unfiltered::Marker => {
                    open = marker.kind.opens().then_some(marker.start);
                    (&marker).into()
                }
            };
            writer.unfiltered(&prefix, start, scanner.position(), open).unwrap();
            start = scanner.position();
        }
        writer.end_partition(&scanner.deletion(), start).unwrap();
        position = scanner.position();
        partitions += 1;
    }
    writer.finish().unwrap();
    (folder, partitions)
}

#[test]
fn every_byte_is_cassandras() {
    let mut differing = Vec::new();
    let (mut sstables, mut partitions) = (0, 0);
    for descriptor in data::sstables() {
        let (folder, count) = rewrite(&descriptor);
        for name in folder.list().unwrap() {
            let component = Component::from_name(&name).unwrap();
            let path = descriptor.component(component);
            let (theirs, ours) = (fs::read(&path).unwrap(), folder.bytes(&name).unwrap());
            if theirs != ours {
                let at = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
                differing.push(format!("{}: byte {at} of {}, {} written", path.display(), theirs.len(), ours.len()));
            }
        }
        sstables += 1;
        partitions += count;
    }
    println!("{sstables} SSTables, {partitions} partitions");
    assert!(differing.is_empty(), "{} files differ:\n{}", differing.len(), differing.join("\n"));
}

/// One of the tables that scripts/oracle/IndexTables.java writes: how its Data.db is laid out, and what indexes it leads to.
struct Large {
    order: KeyOrder,
    types: Arc<ClusteringTypes>,
    /// Keys in their order, each with its clusterings.
    partitions: Vec<(DecoratedKey, Vec<String>)>,
}

impl Large {
    fn new(keys: impl Iterator<Item = i32>, clusterings: &[String]) -> Large {
        let order = KeyOrder::new(Partitioner::Murmur3, &Type::Int);
        let decorated = keys.map(|key| (order.decorate(&key.to_be_bytes()), clusterings.to_vec()));
        let mut partitions: Vec<_> = decorated.collect();
        partitions.sort_by(|a, b| order.compare(&a.0, &b.0));
        let types = if clusterings.is_empty() { vec![] } else { vec![(Type::Text, false)] };
        Large { order, types: Arc::new(ClusteringTypes::new(&types)), partitions }
    }

    fn keys() -> Large {
        Self::new(0..1_000_000, &[])
    }

    fn wide() -> Large {
        Self::new(1..=1, &(0..100_000).map(|i| format!("{:050}", i * 97)).collect::<Vec<_>>())
    }

    fn deep() -> Large {
        let clustering = |i: usize| format!("{}a{:06}", "x".repeat(1000 + 1000 * (i / 500)), i % 500 * 331);
        Self::new(1..=1, &(0..3000).map(clustering).collect::<Vec<_>>())
    }

    /// Flags, values, sizes and timestamp of a row. The size of what is before it takes two bytes when that is large, the
    /// timestamp nine.
    fn row_length(clustering: &str, before: u64) -> u64 {
        let length = clustering.len() as u64;
        let vint = |value: u64| 1 + u64::from(value > 127);
        1 + 1 + vint(length) + length + 1 + vint(before) + 9
    }

    fn parameters(&self, version: Version) -> IndexParameters {
        IndexParameters {
            version,
            order: self.order.clone(),
            types: self.types.clone(),
            block_size: 1 << 10,
            min_index_interval: 128,
        }
    }

    /// The indexes, and the heads of the partitions of Data.db; its rows are left out.
    fn write(&self, version: Version) -> (MemoryFolder, Vec<u8>) {
        let folder = MemoryFolder::default();
        let parameters = self.parameters(version);
        let mut writer = IndexWriter::new(&parameters, |component| folder.create(component.name())).unwrap();
        let mut data = Vec::new();
        for (key, clusterings) in &self.partitions {
            let position = data.len() as u64;
            writer.begin_partition(key, position).unwrap();
            data.extend_from_slice(&(key.key.len() as u16).to_be_bytes());
            data.extend_from_slice(&key.key);
            write_deletion_time(&DeletionTime::LIVE, version, &mut data);
            let (mut start, mut before) = (data.len() as u64, data.len() as u64 - position);
            writer.begin_rows(start);
            if clusterings.is_empty() {
                let end = start + 12;
                writer.unfiltered(&ClusteringPrefix { kind: None, bytes: &[], values: &[] }, start, end, None).unwrap();
                start = end;
            }
            for clustering in clusterings {
                let values = [Span { start: 0, len: clustering.len() as u32 }];
                let prefix = ClusteringPrefix { kind: None, bytes: clustering.as_bytes(), values: &values };
                let end = start + Self::row_length(clustering, before);
                writer.unfiltered(&prefix, start, end, None).unwrap();
                (start, before) = (end, end - start);
            }
            writer.end_partition(&DeletionTime::LIVE, start).unwrap();
            data.resize(start as usize + 1, 0);
        }
        writer.finish().unwrap();
        (folder, data)
    }

    fn open(&self, version: Version, folder: &MemoryFolder, data: Vec<u8>) -> PartitionIndex {
        let named = |component: Component| {
            let bytes = folder.bytes(component.name()).unwrap();
            (Arc::new(MemorySource(bytes)) as Source, PathBuf::from(component.name()))
        };
        match version.format() {
            Format::Big => {
                let (summary, path) = named(Component::Summary);
                let summary = Summary::open(summary, &path).unwrap();
                let index = named(Component::Index);
                PartitionIndex::Big(BigIndex::open(index, Some(summary), self.order.clone(), version).unwrap())
            }
            Format::Bti => {
                let data = Arc::new(DataSource::open(Arc::new(MemorySource(data)), None, None));
                let data = (data, PathBuf::from("Data.db"));
                let (partitions, rows) = (named(Component::Partitions), Some(named(Component::Rows)));
                PartitionIndex::Bti(BtiIndex::open(partitions, rows, data, self.order.clone(), version).unwrap())
            }
        }
    }

    /// Looks for what is there and for what is not.
    fn read_back(&self, version: Version, folder: &MemoryFolder, data: Vec<u8>) {
        let index = self.open(version, folder, data);
        let mut entries = index.iter_from(None).unwrap();
        let mut entry = IndexEntry::default();
        for (i, (key, clusterings)) in self.partitions.iter().enumerate() {
            assert!(entries.next_entry(&mut entry).unwrap());
            assert_eq!(entry.key, key.key);
            if i % 97 != 0 {
                continue;
            }
            let mut found = IndexEntry::default();
            assert!(index.lookup(key, &mut found).unwrap(), "{key:?}");
            assert_eq!(found, entry);
            let absent = self.order.decorate(&(-1 - i as i32).to_be_bytes());
            assert!(!index.lookup(&absent, &mut found).unwrap(), "{absent:?}");
            if !clusterings.is_empty() {
                self.blocks_read_back(&index, &entry, clusterings);
            }
        }
        assert!(!entries.next_entry(&mut entry).unwrap());
    }

    fn blocks_read_back(&self, index: &PartitionIndex, entry: &IndexEntry, clusterings: &[String]) {
        let mut rows = index.rows(entry.row_index.unwrap(), &self.types).unwrap();
        let mut starts = vec![];
        while let Some(block) = rows.next_block().unwrap() {
            starts.push(block.offset);
        }
        assert_eq!(starts.len(), entry.row_index.unwrap().blocks() as usize);
        let mut offset = starts[0];
        let mut before = offset;
        for (i, clustering) in clusterings.iter().enumerate() {
            let end = offset + Self::row_length(clustering, before);
            let expected = starts.partition_point(|&start| start <= offset) - 1;
            for side in if i % 7 == 0 { &[-1, 0, 1][..] } else { &[] } {
                let bound = Bound { values: &[Some(clustering.as_bytes())], side: *side };
                let block = rows.block_at_or_before(&bound).unwrap();
                let found = block.map_or(0, |block| starts.iter().position(|&start| start == block.offset).unwrap());
                // A place between rows may be one between blocks.
                let right = match side {
                    -1 => found == expected || found + 1 == expected,
                    0 => found == expected,
                    _ => found == expected || found == expected + 1,
                };
                assert!(right, "{clustering} {side}: {found}, not {expected}");
            }
            (offset, before) = (end, end - offset);
        }
    }
}

/// The sums are those that scripts/oracle/IndexTables.java prints of what Cassandra 5.0.6 writes.
#[test]
fn large_indexes_are_cassandras_too_and_lead_to_their_partitions_and_rows() {
    let check = |large: Large, sums: [(Component, usize, u32); 4]| {
        for version in [Version::NB, Version::OA, Version::DA] {
            let (folder, data) = large.write(version);
            for name in folder.list().unwrap() {
                let bytes = folder.bytes(&name).unwrap();
                let (component, length, sum) = *sums.iter().find(|sum| sum.0.name() == name).unwrap();
                if version != Version::NB {
                    assert_eq!((bytes.len(), crc32fast::hash(&bytes)), (length, sum), "{component:?} of {version}");
                }
            }
            large.read_back(version, &folder, data);
        }
    };
    check(
        Large::keys(),
        [
            (Component::Index, 10894315, 0xac3cedaa),
            (Component::Summary, 125048, 0x6772592d),
            (Component::Partitions, 8055859, 0x9c18291b),
            (Component::Rows, 0, 0),
        ],
    );
    check(
        Large::wide(),
        [
            (Component::Index, 735449, 0x70d9f695),
            (Component::Summary, 56, 0xcf89545a),
            (Component::Partitions, 41, 0xd3121c1b),
            (Component::Rows, 57371, 0xa89605d3),
        ],
    );
    check(
        Large::deep(),
        [
            (Component::Index, 20592565, 0x1c3c615f),
            (Component::Summary, 56, 0xcf89545a),
            (Component::Partitions, 41, 0x8b998841),
            (Component::Rows, 34351, 0x989641e8),
        ],
    );
}

#[test]
fn what_would_make_no_index_is_refused() {
    for version in [Version::NB, Version::OA, Version::DA] {
        let large = Large::new(0..3, &[]);
        let folder = MemoryFolder::default();
        let create = |component: Component| folder.create(component.name());
        let mut writer = IndexWriter::new(&large.parameters(version), create).unwrap();
        for (i, n) in [1, 2].into_iter().enumerate() {
            writer.begin_partition(&large.partitions[n].0, i as u64 * 20).unwrap();
            writer.end_partition(&DeletionTime::LIVE, i as u64 * 20 + 19).unwrap();
        }
        for n in [0, 2] {
            assert_eq!(writer.begin_partition(&large.partitions[n].0, 40).unwrap_err().kind(), Kind::Invalid);
        }
        let folder = MemoryFolder::default();
        let create = |component: Component| folder.create(component.name());
        let writer = IndexWriter::new(&large.parameters(version), create).unwrap();
        assert_eq!(writer.finish().unwrap_err().kind(), Kind::Invalid, "no partitions");
        let long = large.order.decorate(&[0; 65536]);
        let mut writer =
            IndexWriter::new(&large.parameters(version), |c| MemoryFolder::default().create(c.name())).unwrap();
        writer.begin_partition(&long, 0).unwrap();
        let written = writer.end_partition(&DeletionTime::LIVE, 70000).and_then(|()| writer.finish());
        assert_eq!(written.unwrap_err().kind(), Kind::Invalid, "a key that is too long");
    }
}
