//! `sstabledump -d` of SSTables of testdata/oa, in debug.txt as the sstabledump of Cassandra 5.0.6 printed it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::sstable::{Descriptor, Reader, Scanner, read_statistics};
use sstablefs::table::inferred::dump_table;
use sstablefs_render::{DumpForm, DumpOptions, DumpStream};

fn data_file(table: &str, sstable: &str) -> PathBuf {
    let root = std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from);
    let (keyspace, table) = table.split_once('/').unwrap();
    let folders = fs::read_dir(root.join("oa/data").join(keyspace)).unwrap().map(|e| e.unwrap().path());
    let named = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().rsplit_once('-').unwrap().0 == table;
    folders.into_iter().find(named).unwrap().join(format!("{sstable}-Data.db"))
}

/// Times of when the test data was made have many digits, and are others when it is made anew.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(if digits >= 10 { "#" } else { &part[..digits] });
        out.push_str(&part[digits..]);
    }
    out
}

fn dump(path: &Path) -> String {
    let (descriptor, _) = Descriptor::parse(path).unwrap().unwrap();
    let table = Arc::new(dump_table(&read_statistics(&descriptor).unwrap()).unwrap());
    let reader = Arc::new(Reader::open(&descriptor, &table).unwrap());
    let options = DumpOptions { form: DumpForm::Debug, raw_times: false, now: 0 };
    let mut dump = DumpStream::new(reader.scan_all().unwrap(), Scanner::position, &table, &options);
    let mut text = Vec::new();
    while dump.fill(&mut text, 1 << 16).unwrap() {}
    dump.end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn lines_are_those_of_sstabledump() {
    let expected = include_str!("debug.txt");
    let mut sections = 0;
    for section in expected.split("== ").filter(|s| !s.is_empty()) {
        let (head, lines) = section.split_once('\n').unwrap();
        let (table, sstable) = head.split_once(' ').unwrap();
        assert_eq!(without_times(&dump(&data_file(table, sstable))), without_times(lines), "{head}");
        sections += 1;
    }
    assert_eq!(sections, expected.matches("== ").count());
    for part in ["INCL_END_EXCL_START_BOUNDARY", "EXCL_END_INCL_START_BOUNDARY", "STATIC", " ttl=", "del=deletedAt="] {
        assert!(expected.contains(part), "{part}");
    }
}
