//! What only large SSTables have: indexes and chunk offsets that stay in their files, data that another core compresses,
//! input that becomes several SSTables.

#[path = "models/sstables.rs"]
mod sstables;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sstablefs::cql::Partitioner;
use sstablefs::ingest::{Loader, LoaderOptions, Memtable, Target, TargetOptions};
use sstablefs::merge::LiveRows;
use sstablefs::rows::{
    Cell, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, PartitionStream, RangeBound, Row, Sink, Span,
};
use sstablefs::schema::{Table, ddl};
use sstablefs::sstable::{Codec, Reader, Version};
use sstablefs::table::{Database, Options, ScanRange, TableStore};
use sstables::{Form, flush};

const CREATE: &str = "CREATE TABLE ks.t (k int, c int, s text static, v blob, PRIMARY KEY (k, c))";
const NOW: i64 = 2_000_000_000;
const TIMESTAMP: i64 = 1000;

fn table() -> Arc<Table> {
    let mut table = (*ddl::parse(CREATE, None).unwrap()["ks"].tables["t"]).clone();
    table.partitioner = Partitioner::Murmur3;
    Arc::new(table)
}

/// Bytes that no codec makes shorter.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn cell(column: u16, value: Span) -> Cell {
    Cell {
        column,
        ttl: NO_TTL,
        timestamp: TIMESTAMP,
        local_deletion_time: NO_DELETION_TIME,
        value,
        path: Span::default(),
    }
}

fn row(c: i32, value: &[u8]) -> Row {
    let mut row = Row::default();
    let clustering = row.store(&c.to_be_bytes());
    row.clustering.push(clustering);
    row.liveness = Liveness { timestamp: TIMESTAMP, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
    let value = row.store(value);
    row.cells.push(cell(0, value));
    row
}

fn static_row(text: &str) -> Row {
    let mut row = Row::default();
    let value = row.store(text.as_bytes());
    row.cells.push(cell(0, value));
    row
}

/// Keys and positions of all partitions, as a scan meets them.
fn positions(reader: &Arc<Reader>) -> Vec<(Vec<u8>, u64)> {
    let mut entries = reader.index_from(None).unwrap();
    let mut entry = sstablefs::sstable::IndexEntry::default();
    let mut all = Vec::new();
    while entries.next_entry(&mut entry).unwrap() {
        all.push((entry.key.clone(), entry.position));
    }
    all
}

/// Live rows as (key, clustering, value).
fn rows(reader: &Arc<Reader>) -> Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let stream: Box<dyn PartitionStream> = Box::new(reader.scan_all().unwrap());
    live(LiveRows::new(reader.table(), reader.key_order(), vec![stream], NOW))
}

fn live(mut rows: LiveRows) -> Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    while rows.next_partition().unwrap() {
        let key = rows.key().key.clone();
        while let Some(row) = rows.next_row().unwrap() {
            let value = row.cells.iter().map(|cell| row.value(cell)).collect::<Vec<_>>().concat();
            all.push((key.clone(), row.clustering_value(0).unwrap_or_default().to_vec(), value));
        }
    }
    all
}

/// A summary of more than 1 MiB, and more than 65,536 chunks, are not held in memory: what is read is the same.
#[test]
fn large_indexes_stay_in_their_files() {
    let table = table();
    let mut memtable = Memtable::new(&table);
    for k in 0..60_000i32 {
        memtable.row(&k.to_be_bytes(), &row(k, &noise(k as u64, 70))).unwrap();
    }
    let small = Form {
        version: Version::OA,
        codec: Some(Codec::Lz4),
        chunk_length: 64 << 10,
        column_index_size: 64 << 10,
        min_index_interval: 128,
        bloom_filter_fp_chance: 0.01,
    };
    let expected = flush(&mut memtable, small, 1).unwrap().unwrap();
    assert_eq!(positions(&expected).len(), 60_000);
    let all = rows(&expected);
    for form in [
        Form { min_index_interval: 1, chunk_length: 64, ..small },
        Form { version: Version::DA, chunk_length: 64, ..small },
        Form { codec: None, min_index_interval: 1, ..small },
    ] {
        let reader = flush(&mut memtable, form, 2).unwrap().unwrap();
        assert_eq!(positions(&reader), positions(&expected), "{form:?}");
        assert!(rows(&reader) == all, "{form:?}");
        for (key, position) in positions(&expected).into_iter().step_by(97) {
            let key = reader.key_order().decorate(&key);
            assert_eq!(reader.lookup(&key).unwrap(), Some(position), "{form:?}");
        }
        let absent = reader.key_order().decorate(&70_000i32.to_be_bytes());
        assert_eq!(reader.lookup(&absent).unwrap(), None);
    }
}

fn database(dir: &Path, options: &str) -> Arc<TableStore> {
    let folder = dir.join("data/ks/t-00000000000000000000000000000001");
    fs::create_dir_all(&folder).unwrap();
    let schema = dir.join("schema.cql");
    fs::write(&schema, format!("{CREATE} {options};")).unwrap();
    let database = Database::open(&[dir.join("data")], &Options { schema: vec![schema] }).unwrap();
    database.table("ks", "t").unwrap()
}

/// Each SSTable is ended behind the partition with which it is large enough, and all together are what was put in.
#[test]
fn input_is_cut_into_sstables_of_a_size() {
    const PARTITIONS: i32 = 3000;
    for (options, max_size, memtable) in [
        ("WITH compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': '4'}", 200_000, 1 << 19),
        ("WITH compression = {'enabled': 'false'}", 400_000, 1 << 19),
        // In memory at once; SSTables so large that another core compresses.
        ("WITH compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': '1'}", 1_800_000, 64 << 20),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = database(folder.path(), options);
        let table = store.schema().unwrap();
        let scratch = folder.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        let mut target = Target::of(&store, &TargetOptions::default()).unwrap();
        let loader_options = LoaderOptions { memtable, max_size: Some(max_size) };
        let mut loader = Loader::new(&table, target.version(), scratch, loader_options);
        assert!(loader.is_empty());
        let mut put = Vec::new();
        for k in 0..PARTITIONS {
            let key = (k * 7919 % PARTITIONS).to_be_bytes();
            // Older than the rows: they stay. What is between the bounds goes.
            let old = DeletionTime { marked_for_delete_at: TIMESTAMP - 1, local_deletion_time: 1 };
            let new = DeletionTime { marked_for_delete_at: TIMESTAMP + 1, local_deletion_time: 1 };
            loader.partition_deletion(&key, old).unwrap();
            loader.static_row(&key, &static_row("s")).unwrap();
            for c in 0..4 {
                let value = noise(u64::from(k.unsigned_abs()) * 8 + c as u64, 300);
                loader.row(&key, &row(c, &value)).unwrap();
                if c != 2 {
                    put.push((key.to_vec(), c.to_be_bytes().to_vec(), value));
                }
            }
            let bound = RangeBound { prefix: vec![Some(2i32.to_be_bytes().to_vec())], inclusive: true };
            loader.range_tombstone(&key, &bound, &bound, new).unwrap();
        }
        assert!(!loader.is_empty());
        assert_eq!(loader.is_in_memory(), memtable > 1 << 20, "{options}");
        let mut told = 0;
        let written = loader.finish(&mut target, &mut |partitions| told = partitions).unwrap();
        assert_eq!(told, 2048);
        assert_eq!(written.iter().map(|w| w.keys).sum::<u64>(), PARTITIONS as u64);
        let (last, full) = written.split_last().unwrap();
        assert!(full.len() > 1 && last.keys > 0, "{options}: {}", written.len());
        for sstable in full {
            // A chunk that waits is not counted, nor is a partition cut.
            let size = sstable.stored_length;
            assert!((max_size..max_size + max_size / 4 + (128 << 10)).contains(&size), "{options}: {size}");
        }
        store.refresh().unwrap();
        let view = store.view().unwrap();
        assert_eq!(view.sstables().len(), written.len());
        let mut found = live(view.rows(&ScanRange::ALL, NOW).unwrap());
        found.sort();
        put.sort();
        assert!(found == put, "{options}: {} of {}", found.len(), put.len());
    }
}

/// Chunks that a codec makes hardly shorter are stored as they are; the last is filled up, or its length would say that it
/// is compressed (CompressedSequentialWriter).
#[test]
fn chunks_that_compression_does_not_make_shorter_are_stored_as_they_are() {
    for length in [10_000, 16 << 10, 40_000, 49_000] {
        let folder = tempfile::tempdir().unwrap();
        let options =
            "WITH compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': '16', 'min_compress_ratio': '1.2'}";
        let store = database(folder.path(), options);
        let table = store.schema().unwrap();
        let mut target = Target::of(&store, &TargetOptions::default()).unwrap();
        let scratch = folder.path().join("scratch");
        let mut loader =
            Loader::new(&table, target.version(), scratch, LoaderOptions { memtable: 1 << 20, max_size: None });
        let value = noise(length as u64, length);
        loader.row(&1i32.to_be_bytes(), &row(1, &value)).unwrap();
        let written = loader.finish(&mut target, &mut |_| {}).unwrap();
        assert!(written[0].stored_length >= length as u64, "{length}: nothing is compressed");
        store.refresh().unwrap();
        let view = store.view().unwrap();
        assert_eq!(live(view.rows(&ScanRange::ALL, NOW).unwrap())[0].2, value, "{length}");
    }
}
