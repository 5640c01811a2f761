//! Values in JSON against what Cassandra makes of them.
//!
//! inputs.tsv was made with Cassandra 5.0.6: a type, a JSON text, and what AbstractType.fromJSONObject makes of it: bytes in
//! hexadecimal, or in angle brackets the exception that Cassandra threw. Its user type is
//! `CREATE TYPE ks.u (a int, "Big ""N""" text, s frozen<set<int>>)`, its time zone UTC.

use std::sync::Arc;

use sstablefs::cql::{Type, UserType, names};
use sstablefs::rows::{DeletionTime, RangeBound, Row, Sink};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs_render::parse::{InputFormat, InputOptions, read};

/// Keeps the value of the last row's only cell.
#[derive(Default)]
struct Value(Option<Vec<u8>>);

impl Sink for Value {
    fn partition_deletion(&mut self, _key: &[u8], _deletion: DeletionTime) -> sstablefs::Result<()> {
        Ok(())
    }
    fn static_row(&mut self, _key: &[u8], _row: &Row) -> sstablefs::Result<()> {
        Ok(())
    }
    fn row(&mut self, _key: &[u8], row: &Row) -> sstablefs::Result<()> {
        self.0 = row.cells.first().filter(|cell| !cell.is_tombstone()).map(|cell| row.value(cell).to_vec());
        Ok(())
    }
    fn range_tombstone(
        &mut self,
        _key: &[u8],
        _start: &RangeBound,
        _end: &RangeBound,
        _deletion: DeletionTime,
    ) -> sstablefs::Result<()> {
        Ok(())
    }
}

fn table(ty: &str) -> Arc<Table> {
    let set = Type::Set { element: Box::new(Type::Int), multi_cell: false };
    let fields = [("a", Type::Int), ("Big \"N\"", Type::Text), ("s", set)];
    let fields = fields.map(|(name, ty)| (name.to_owned(), ty)).into();
    let user = Arc::new(UserType { keyspace: "ks".into(), name: "u".into(), fields, multi_cell: false });
    let ty = names::parse(ty, &|name| (name == "u").then(|| user.clone())).unwrap();
    let mut table = Table::new("ks", "t");
    table.partition_key.push(Column::new("k", Type::Int, ColumnKind::PartitionKey));
    table.regulars.push(Column::new("v", ty.freeze(), ColumnKind::Regular));
    Arc::new(table)
}

fn value(ty: &str, json: &str) -> Result<Option<Vec<u8>>, String> {
    let options = InputOptions::new(table(ty), 1_000_000);
    let text = format!("{{\"k\":1,\"v\":{json}}}");
    let mut value = Value::default();
    match read(&mut text.as_bytes(), InputFormat::Json, &options, &mut |_| {}, &mut value) {
        Ok(_) => Ok(value.0),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// What is taken though INSERT JSON refuses it: small numbers as timestamps, what SELECT JSON prints for an empty varint and
/// for years of five digits. Cassandra takes the last of two fields that are the same.
fn differs_by_intent(ty: &str, json: &str) -> bool {
    match ty {
        "timestamp" => json.parse::<i32>().is_ok() || json == r#""+10000-01-01 00:00:00.000Z""#,
        "varint" => json == "\"\"",
        // Decimals keep the scale that is written.
        "decimal" => ["1e2", "1e10", "1E-5"].contains(&json),
        "frozen<u>" => json == r#"{"a":1,"A":2}"#,
        _ => false,
    }
}

#[test]
fn values_are_taken_as_insert_json_takes_them() {
    let (mut checked, mut wrong) = (0, Vec::new());
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inputs.tsv")).unwrap();
    for line in table.lines() {
        let [ty, json, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns in {line:?}")
        };
        let got = match value(ty, json) {
            Ok(Some(bytes)) => format!("0x{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            Ok(None) => "null".to_owned(),
            Err(reason) => format!("<{reason}>"),
        };
        checked += 1;
        if differs_by_intent(ty, json) {
            assert_ne!(got, expected, "{line}");
        } else if got != expected && !(got.starts_with('<') && expected.starts_with('<')) {
            wrong.push(format!("{line}\n    got {got}"));
        }
    }
    assert!(checked > 900, "only {checked} values checked");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
