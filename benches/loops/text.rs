//! Text: values of each group of types, whole rows, and the dump.

mod data;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sstablefs::cql::Type;
use sstablefs::merge::LiveRows;
use sstablefs::sstable::{Reader, Version};
use sstablefs_render::value::{CsvValue, JsonValue};
use sstablefs_render::{CsvRows, CsvStyle, JsonRows, RowText};

use data::ROWS;

fn values(c: &mut Criterion) {
    let list = |element: Type| Type::List { element: Box::new(element), multi_cell: false };
    let ints: Vec<u8> = collection((0_i32..10).map(|n| n.to_be_bytes().to_vec()));
    let samples: [(&str, Type, Vec<u8>); 12] = [
        ("int", Type::Int, 1_234_567_i32.to_be_bytes().to_vec()),
        ("bigint", Type::BigInt, 1_234_567_890_123_i64.to_be_bytes().to_vec()),
        ("double", Type::Double, 1_234.567_891_f64.to_be_bytes().to_vec()),
        ("decimal", Type::Decimal, [3_i32.to_be_bytes().as_slice(), &[1, 2, 3, 4, 5, 6, 7, 8]].concat()),
        ("text", Type::Text, b"amber basin cedar delta ember fjord grove harbor".to_vec()),
        ("text with escapes", Type::Text, "am\"ber \\ basin\n grüne Würfel".as_bytes().to_vec()),
        ("blob", Type::Blob, vec![0xA5; 32]),
        ("uuid", Type::Uuid, (0..16).collect()),
        ("inet", Type::Inet, vec![192, 168, 17, 1]),
        ("date", Type::Date, (0x8000_0000_u32 + 19_800).to_be_bytes().to_vec()),
        ("timestamp", Type::Timestamp, 1_704_067_200_123_i64.to_be_bytes().to_vec()),
        ("list<int> of ten", list(Type::Int), ints),
    ];
    let mut group = c.benchmark_group("value");
    for (name, ty, bytes) in samples {
        let (json, csv) = (JsonValue::new(&ty), CsvValue::new(&ty));
        let mut out = Vec::new();
        group.bench_function(format!("json/{name}"), |b| {
            b.iter(|| {
                out.clear();
                json.write(black_box(&bytes), &mut out).expect("a value");
            });
        });
        group.bench_function(format!("csv/{name}"), |b| {
            b.iter(|| {
                out.clear();
                csv.write(black_box(&bytes), false, &mut out).expect("a value");
            });
        });
    }
}

/// A frozen collection: the number of elements, and each with its length.
fn collection(elements: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = (elements.len() as i32).to_be_bytes().to_vec();
    for element in elements {
        out.extend((element.len() as i32).to_be_bytes());
        out.extend(element);
    }
    out
}

fn render(sstable: &Arc<Reader>, text: &mut dyn RowText, out: &mut Vec<u8>) -> usize {
    out.clear();
    let mut count = 0;
    let scan = Box::new(sstable.scan_all().expect("it can be read"));
    let mut rows = LiveRows::new(sstable.table(), sstable.key_order(), vec![scan], data::NOW + 60);
    text.header(out);
    while rows.next_partition().expect("a partition") {
        text.partition(&rows.key().key, rows.static_row()).expect("a key");
        while rows.next_live().expect("a row") {
            text.row(rows.row(), out).expect("a row");
            count += 1;
        }
    }
    count
}

fn rows(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let table = data::table(Some("LZ4Compressor"));
    let sstable = data::sstable(folder.path(), &table, Version::OA, 1);
    let mut group = c.benchmark_group("table");
    let (mut json, mut csv) = (JsonRows::new(&table), CsvRows::new(&table, CsvStyle::default()));
    let forms: [(&str, &mut dyn RowText); 2] = [("json", &mut json), ("csv", &mut csv)];
    for (name, text) in forms {
        let mut out = Vec::new();
        assert_eq!(render(&sstable, text, &mut out), ROWS);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(name, |b| b.iter(|| render(&sstable, text, &mut out)));
    }
}

criterion_group!(benches, values, rows);
criterion_main!(benches);
