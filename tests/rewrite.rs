//! Every SSTable that a real Cassandra wrote is read and written again: the components have to be the same bytes, but for
//! what the data does not decide.

mod data;

use std::collections::BTreeMap;
use std::sync::Arc;

use sstablefs::sstable::{
    BloomFilter, Component, CompressionInfo, CompressionParameters, DataSource, Descriptor, Digest, FilterBuilder,
    Reader, Statistics, Version, Writer, WriterOptions, Written,
};
use sstablefs::storage::{FileSource, MemoryFolder, MemorySource, Source};
use sstablefs::table::inferred::dump_table;

fn bytes(descriptor: &Descriptor, component: Component) -> Option<Vec<u8>> {
    std::fs::read(descriptor.component(component)).ok()
}

fn source(bytes: Vec<u8>) -> Source {
    Arc::new(MemorySource(bytes))
}

fn compression(descriptor: &Descriptor) -> Option<CompressionInfo> {
    let path = descriptor.component(Component::CompressionInfo);
    let file = FileSource::open(&path).ok()?;
    Some(CompressionInfo::open(Arc::new(file), descriptor.version).unwrap())
}

/// As many keys as give a filter of the same size as Cassandra's, which was made for a guess.
fn expected_keys(filter: &BloomFilter, chance: f64) -> u64 {
    (1..).find(|&keys| FilterBuilder::new(keys, chance).unwrap().unwrap().size() >= filter.size()).unwrap()
}

/// column_index_size of the server that wrote them.
const COLUMN_INDEX_SIZE: u64 = 4 << 10;

/// How Cassandra wrote it.
fn options(descriptor: &Descriptor, statistics: &Statistics) -> WriterOptions {
    let chance = statistics.bloom_filter_fp_chance;
    let filter = bytes(descriptor, Component::Filter).map(|b| BloomFilter::parse(&b, descriptor.version).unwrap());
    WriterOptions {
        header: statistics.header.clone(),
        compression: compression(descriptor).map(|info| CompressionParameters {
            codec: info.codec,
            chunk_length: info.chunk_length,
            max_compressed_length: info.max_compressed_length,
            options: info.options.iter().cloned().collect(),
        }),
        bloom_filter_fp_chance: chance,
        expected_keys: filter.map_or(1, |filter| expected_keys(&filter, chance)),
        column_index_size: COLUMN_INDEX_SIZE,
        min_index_interval: bytes(descriptor, Component::Summary)
            .map_or(128, |summary| u32::from_be_bytes(*summary.first_chunk().unwrap())),
    }
}

fn rewrite(descriptor: &Descriptor, statistics: &Statistics, options: WriterOptions) -> (MemoryFolder, Written) {
    let table = Arc::new(dump_table(statistics).unwrap());
    let reader = Arc::new(Reader::open(descriptor, &table).unwrap());
    let folder = MemoryFolder::default();
    let mut writer = Writer::new(Arc::new(folder.clone()), descriptor, &table, options).unwrap();
    writer.append_all(&mut reader.scan_all().unwrap()).unwrap();
    let written = writer.finish().unwrap().unwrap();
    (folder, written)
}

fn uncompressed(data: Vec<u8>, info: Option<CompressionInfo>) -> Vec<u8> {
    let data = DataSource::open(source(data), info, None);
    let mut all = Vec::new();
    while (all.len() as u64) < data.len() {
        data.read_chunk(all.len() as u64, &mut all).unwrap();
    }
    all
}

/// The fields of the statistics that the data decides, each as text.
fn fields(statistics: &Statistics) -> BTreeMap<&'static str, String> {
    let stats = &statistics.stats;
    macro_rules! fields {
        ($($name:ident)*) => { BTreeMap::from([$((stringify!($name), format!("{:?}", stats.$name))),*]) };
    }
    // Not compared: the host and its commit log, the level that a compaction gave it.
    let mut fields = fields!(partition_sizes cells_per_partition min_timestamp max_timestamp min_local_deletion_time
        max_local_deletion_time min_ttl max_ttl tombstone_drop_times repaired_at covered_clustering
        has_legacy_counter_shards total_columns_set total_rows pending_repair is_transient
        has_partition_level_deletions first_key last_key token_space_coverage);
    fields.insert("partitioner", statistics.partitioner.clone());
    fields.insert("bloom_filter_fp_chance", statistics.bloom_filter_fp_chance.to_string());
    fields.insert("cardinality", format!("{:?}", statistics.cardinality));
    fields.insert("header", format!("{:?}", statistics.header));
    fields
}

/// What is in a component that the data decides.
fn decided(component: Component, bytes: &[u8], version: Version) -> Vec<u8> {
    match component {
        // The number of chunks and their offsets: they depend on the library that compresses, and a compaction that
        // opens its result before it is finished adds an empty chunk.
        Component::CompressionInfo => {
            let chunks = CompressionInfo::open(source(bytes.to_vec()), version).unwrap().chunks();
            bytes[..bytes.len() - chunks as usize * 8 - 4].to_vec()
        }
        // Such an empty piece as well.
        Component::Crc => bytes.strip_suffix(&[0; 4]).unwrap_or(bytes).to_vec(),
        Component::Toc => {
            let ours = |line: &&str| Component::from_name(line).is_some();
            String::from_utf8(bytes.to_vec()).unwrap().lines().filter(ours).collect::<Vec<_>>().join(" ").into_bytes()
        }
        // Depends on the offsets; is checked against the data.
        Component::Digest => Vec::new(),
        _ => bytes.to_vec(),
    }
}

#[test]
fn all_components_are_those_of_cassandra() {
    let mut differences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for descriptor in data::sstables() {
        let version = descriptor.version;
        // 4.0 and 4.1 have other buckets in their histograms, another order of components and another length of a live deletion.
        let of_older_release =
            descriptor.dir.components().any(|c| ["nb40", "nb41"].iter().any(|v| c.as_os_str() == *v));
        if of_older_release || ![Version::NB, Version::OA, Version::DA].contains(&version) {
            continue;
        }
        compared += 1;
        let place = format!("{}/{descriptor}", descriptor.dir.display());
        let statistics = Statistics::parse(&bytes(&descriptor, Component::Statistics).unwrap(), version).unwrap();
        let (folder, _) = rewrite(&descriptor, &statistics, options(&descriptor, &statistics));
        let mut differ = |what: &str| differences.entry(what.to_owned()).or_default().push(place.clone());
        let ours = |c: Component| folder.bytes(&format!("{descriptor}-{}", c.name()));
        for component in Component::ALL {
            let (expected, found) = (bytes(&descriptor, component), ours(component));
            let (Some(expected), Some(found)) = (&expected, &found) else {
                if expected.is_some() || found.is_some() {
                    differ(&format!("only one has a {}", component.name()));
                }
                continue;
            };
            match component {
                Component::Data => {
                    let digest = Digest::parse(&ours(Component::Digest).unwrap()).unwrap();
                    digest.check(&source(found.clone())).unwrap();
                    let info = ours(Component::CompressionInfo);
                    let info = info.map(|b| CompressionInfo::open(source(b), version).unwrap());
                    let found = uncompressed(found.clone(), info);
                    if uncompressed(expected.clone(), compression(&descriptor)) != found {
                        differ("data");
                    }
                }
                Component::Statistics => {
                    let found = Statistics::parse(found, version).unwrap();
                    // Of our own bytes: the library decides how many they are.
                    let info = ours(Component::CompressionInfo);
                    let ratio = info.map_or(-1.0, |info| {
                        let info = CompressionInfo::open(source(info), version).unwrap();
                        let stored = ours(Component::Data).unwrap().len() as u64 - 4 * info.chunks();
                        stored as f64 / info.data_length as f64
                    });
                    if found.stats.compression_ratio != ratio {
                        differ("compression_ratio");
                    }
                    for ((name, expected), found) in fields(&statistics).into_iter().zip(fields(&found).values()) {
                        // The tables of secondary indexes, which we don't write, are ordered by token.
                        let of_index = name == "covered_clustering" && place.contains("/.");
                        if expected != *found && !of_index {
                            differ(name);
                        }
                    }
                }
                _ if decided(component, expected, version) != decided(component, found, version) => {
                    differ(component.name());
                }
                _ => {}
            }
        }
    }
    for (what, places) in &differences {
        println!("{what}: {} of them, {}", places.len(), places[..places.len().min(3)].join(" "));
    }
    assert!(compared > 0 && differences.is_empty(), "{compared} SSTables were compared");
}
