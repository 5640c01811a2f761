//! Writing: text to rows, rows to a memtable, a memtable to an SSTable in memory.

mod data;

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sstablefs::ingest::Memtable;
use sstablefs::sstable::{Descriptor, SstableId, Version, Writer, WriterOptions};
use sstablefs::storage::MemoryFolder;
use sstablefs_render::parse::InputFormat;

use data::ROWS;

fn parse(c: &mut Criterion) {
    let table = data::table(Some("LZ4Compressor"));
    let mut group = c.benchmark_group("parse");
    for (name, format, text) in
        [("csv", InputFormat::Csv, data::csv(ROWS, 1)), ("json", InputFormat::Json, data::json(ROWS, 1))]
    {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| data::parse(&text, format, &table, 1, &mut data::Nothing)));
    }
    let text = data::csv(ROWS, 1);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("csv into a memtable", |b| {
        b.iter(|| data::parse(&text, InputFormat::Csv, &table, 1, &mut Memtable::new(&table)));
    });
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, version, compressor) in [
        ("oa, no compression", Version::OA, None),
        ("oa, LZ4", Version::OA, Some("LZ4Compressor")),
        ("da, LZ4", Version::DA, Some("LZ4Compressor")),
    ] {
        let table = data::table(compressor);
        let mut filled = Memtable::new(&table);
        data::parse(&data::csv(ROWS, 1), InputFormat::Csv, &table, 1, &mut filled);
        let header = filled.header().clone();
        group.bench_function(name, |b| {
            b.iter_batched(
                || Arc::new(MemoryFolder::default()),
                |folder| {
                    let id = SstableId::parse("1").expect("a number");
                    let descriptor = Descriptor { dir: "memory".into(), version, id };
                    let mut sorted = filled.sorted();
                    let options = WriterOptions::of_table(&table, version, header.header(&table), sorted.count());
                    let options = options.expect("the table's options are right");
                    let mut writer = Writer::new(folder, &descriptor, &table, options).expect("an empty folder");
                    writer.append_all(&mut sorted).expect("the rows are right");
                    assert!(writer.finish().expect("it can be written").is_some());
                },
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, parse, encode);
criterion_main!(benches);
