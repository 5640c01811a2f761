//! Every component of every SSTable that a real Cassandra wrote is read, and agrees with the others.

mod data;

use std::sync::Arc;

use sstablefs::sstable::{
    BloomFilter, ChunkSums, Component, CompressionInfo, DataSource, Descriptor, Digest, Statistics, Toc,
};
use sstablefs::storage::{FileSource, Source};

fn source(descriptor: &Descriptor, component: Component) -> Option<Source> {
    let path = descriptor.component(component);
    path.exists().then(|| Arc::new(FileSource::open(&path).unwrap()) as Source)
}

fn bytes(descriptor: &Descriptor, component: Component) -> Vec<u8> {
    std::fs::read(descriptor.component(component)).unwrap()
}

fn open(descriptor: &Descriptor) -> DataSource {
    let info = source(descriptor, Component::CompressionInfo);
    let info = info.map(|s| CompressionInfo::open(s, descriptor.version).unwrap());
    let sums = source(descriptor, Component::Crc).map(|s| ChunkSums::open(s).unwrap());
    DataSource::open(source(descriptor, Component::Data).unwrap(), info, sums)
}

#[test]
fn statistics_are_read_to_the_end() {
    for descriptor in data::sstables() {
        let statistics = Statistics::parse(&bytes(&descriptor, Component::Statistics), descriptor.version)
            .unwrap_or_else(|e| panic!("{descriptor} in {}: {e}", descriptor.dir.display()));
        assert!(statistics.partitioner.starts_with("org.apache.cassandra.dht."), "{}", statistics.partitioner);
        let stats = &statistics.stats;
        assert!(stats.min_timestamp <= stats.max_timestamp);
        // The header counts only what expires.
        assert!(stats.min_ttl <= stats.max_ttl && (stats.max_ttl > 0 || statistics.header.min_ttl == 0));
        assert!(stats.partition_sizes.count() > 0);
        assert_eq!(stats.first_key.is_some(), descriptor.version.has_key_range());
    }
}

#[test]
fn all_data_is_decoded() {
    for descriptor in data::sstables() {
        let data = open(&descriptor);
        let (mut all, mut position) = (Vec::new(), 0);
        while position < data.len() {
            let (start, length) =
                data.read_chunk(position, &mut all).unwrap_or_else(|e| panic!("{descriptor} at {position}: {e}"));
            assert_eq!(start, position);
            position += length as u64;
        }
        assert_eq!(all.len() as u64, data.len());
        if data.compression().is_none() {
            assert_eq!(all, bytes(&descriptor, Component::Data));
        }
        let mut some = [0; 100];
        for position in (0..data.len()).step_by(997) {
            let n = data.read_at(position, &mut some).unwrap();
            assert_eq!(some[..n], all[position as usize..][..n]);
            assert_eq!(n as u64, 100.min(data.len() - position));
        }
        assert!(data.read_chunk(data.len(), &mut all).is_err());
    }
}

#[test]
fn filters_have_the_first_and_the_last_key() {
    let (mut absent, mut asked) = (0, 0);
    for descriptor in data::sstables() {
        // Without one when bloom_filter_fp_chance is 1.
        if source(&descriptor, Component::Filter).is_none() {
            continue;
        }
        let filter = BloomFilter::parse(&bytes(&descriptor, Component::Filter), descriptor.version).unwrap();
        let statistics = Statistics::parse(&bytes(&descriptor, Component::Statistics), descriptor.version).unwrap();
        for key in [statistics.stats.first_key, statistics.stats.last_key].into_iter().flatten() {
            assert!(filter.may_contain(&key), "{descriptor}");
        }
        for i in 0..100u64 {
            asked += 1;
            absent += usize::from(!filter.may_contain(&i.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()));
        }
    }
    assert!(absent * 10 > asked * 9, "only {absent} of {asked} made-up keys were recognized");
}

#[test]
fn the_digest_is_that_of_the_data() {
    for descriptor in data::sstables() {
        let digest = Digest::parse(&bytes(&descriptor, Component::Digest)).unwrap();
        let data = source(&descriptor, Component::Data).unwrap();
        digest.check(&data).unwrap_or_else(|e| panic!("{descriptor}: {e}"));
        assert!(Digest(digest.0 ^ 1).check(&data).is_err());
    }
}

#[test]
fn the_toc_names_the_files_that_are_there() {
    for descriptor in data::sstables() {
        let toc = Toc::parse(&bytes(&descriptor, Component::Toc)).unwrap();
        for component in Component::ALL {
            let exists = descriptor.component(component).exists();
            assert_eq!(toc.has(component), exists, "{descriptor}: {}", component.name());
        }
    }
}
