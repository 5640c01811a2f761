//! Inputs that fuzzing found (`scripts/fuzz`), each with what it did before.

use std::sync::Arc;

use sstablefs::ingest::Memtable;
use sstablefs::schema::{Table, ddl};
use sstablefs_render::parse::{Failure, InputFormat, InputOptions, read};

fn table(columns: &str) -> Arc<Table> {
    let keyspaces = ddl::parse(&format!("CREATE TABLE ks.t ({columns})"), None).unwrap();
    keyspaces["ks"].tables["t"].clone()
}

/// What is said of the first error.
fn refused(table: &Arc<Table>, format: InputFormat, text: &str) -> String {
    let options = InputOptions::new(table.clone(), 0);
    let mut sink = Memtable::new(table);
    match read(&mut text.as_bytes(), format, &options, &mut |_| {}, &mut sink) {
        Err(Failure::Input(errors)) => errors[0].reason.clone(),
        other => panic!("{other:?}"),
    }
}

/// Was read beyond its end: a hyphen between the last digits moved the rest by one.
#[test]
fn a_uuid_with_a_hyphen_too_many_is_refused() {
    let table = table("k int PRIMARY KEY, u uuid");
    let reason = refused(&table, InputFormat::Csv, "k,u\n1,f4a1d2c8-0000-4000-8000-00-000000001\n");
    assert!(reason.contains("uuid"), "{reason}");
}
