//! Reading: chunks of each codec, rows of one SSTable, merges, lookups by key, the list of keys.

mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
use sstablefs::sstable::{IndexEntry, Version};
use sstablefs_render::KeyNames;

use data::ROWS;

fn chunks(c: &mut Criterion) {
    let mut group = c.benchmark_group("chunk");
    for (name, class) in [
        ("none", None),
        ("LZ4", Some("LZ4Compressor")),
        ("Snappy", Some("SnappyCompressor")),
        ("Deflate", Some("DeflateCompressor")),
        ("Zstd", Some("ZstdCompressor")),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let sstable = data::sstable(folder.path(), &data::table(class), Version::OA, 1);
        let source = sstable.data();
        group.throughput(Throughput::Bytes(source.len()));
        group.bench_function(name, |b| {
            let mut out = Vec::new();
            b.iter(|| {
                let mut position = 0;
                while position < source.len() {
                    out.clear();
                    let (start, length) = source.read_chunk(position, &mut out).expect("a chunk");
                    position = start + length as u64;
                }
                black_box(&out);
            });
        });
    }
}

fn rows(c: &mut Criterion) {
    let mut group = c.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    let folder = tempfile::tempdir().expect("a folder");
    let table = data::table(Some("LZ4Compressor"));
    let sstables: Vec<_> = (1..=6).map(|seed| data::sstable(folder.path(), &table, Version::OA, seed)).collect();
    group.bench_function("decode", |b| {
        let (mut row, mut marker) = (Row::default(), Marker::default());
        b.iter(|| {
            let mut scanner = sstables[0].scan_all().expect("it can be read");
            let mut count = 0;
            while scanner.next_partition().expect("a partition") {
                while scanner.next(&mut row, &mut marker).expect("a row") != Unfiltered::End {
                    count += 1;
                }
            }
            assert_eq!(count, ROWS);
        });
    });
    for inputs in [1, 2, 6] {
        group.throughput(Throughput::Elements((ROWS * inputs) as u64));
        group.bench_with_input(BenchmarkId::new("merge", inputs), &sstables[..inputs], |b, sstables| {
            b.iter(|| assert_eq!(data::merge(sstables), ROWS as u64));
        });
    }
}

fn lookups(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup");
    let table = data::table(Some("LZ4Compressor"));
    for (name, version) in [("summary and index (oa)", Version::OA), ("trie (da)", Version::DA)] {
        let folder = tempfile::tempdir().expect("a folder");
        let sstable = data::sstable(folder.path(), &table, version, 1);
        let names = KeyNames::new(&table);
        let key = |text: &str| sstable.key_order().decorate(&names.parse_text(text).expect("a key"));
        let present: Vec<_> = (0..ROWS / 100).map(|p| key(&data::key_text(p))).collect();
        let absent: Vec<_> = (0..ROWS / 100).map(|p| key(&data::key_text(p + 500_000))).collect();
        group.throughput(Throughput::Elements(present.len() as u64));
        group.bench_function(BenchmarkId::new("present", name), |b| {
            b.iter(|| present.iter().for_each(|key| assert!(sstable.lookup(key).expect("an index").is_some())));
        });
        group.bench_function(BenchmarkId::new("absent", name), |b| {
            b.iter(|| absent.iter().for_each(|key| assert!(sstable.lookup(key).expect("an index").is_none())));
        });
        group.bench_function(BenchmarkId::new("list", name), |b| {
            let mut entry = IndexEntry::default();
            b.iter(|| {
                let mut entries = sstable.index_from(None).expect("an index");
                let mut count = 0;
                while entries.next_entry(&mut entry).expect("an entry") {
                    count += 1;
                }
                assert_eq!(count, ROWS / 100);
            });
        });
    }
}

criterion_group!(benches, chunks, rows, lookups);
criterion_main!(benches);
