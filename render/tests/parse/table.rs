//! A table of all kinds of columns, and what becomes of a text for it.

use std::fmt::Write;
use std::sync::Arc;

use sstablefs::cql::{Type, UserType};
use sstablefs::rows::{DeletionTime, RangeBound, Row, Sink};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs_render::parse::{Failure, InputFormat, InputOptions, read};

/// Microseconds.
pub(crate) const TIMESTAMP: i64 = 1_700_000_000_000_000;
pub(crate) const NOW: i64 = 1_700_000_000;

/// CREATE TABLE ks.t (k int, c text, st text static, sl list<int> static, a int, "B" text, bl blob, bo boolean, d date, de decimal,
/// du duration, f float, i inet, ti time, ts timestamp, tu tuple<int, text>, u uuid, v vector<int, 2>, l list<int>, m map<text, int>,
/// s set<text>, ud udt, PRIMARY KEY (k, c))
pub(crate) fn table() -> Table {
    let mut table = Table::new("ks", "t");
    table.partition_key.push(Column::new("k", Type::Int, ColumnKind::PartitionKey));
    table.clustering.push(Column::new("c", Type::Text, ColumnKind::Clustering));
    let list = Type::List { element: Box::new(Type::Int), multi_cell: true };
    for (name, ty) in [("st", Type::Text), ("sl", list.clone())] {
        table.statics.push(Column::new(name, ty, ColumnKind::Static));
    }
    let fields = vec![("x".to_owned(), Type::Int), ("Y z".to_owned(), Type::Text)];
    let user = UserType { keyspace: "ks".into(), name: "udt".into(), fields, multi_cell: true };
    let columns = [
        ("a", Type::Int),
        ("B", Type::Text),
        ("bl", Type::Blob),
        ("bo", Type::Boolean),
        ("d", Type::Date),
        ("de", Type::Decimal),
        ("du", Type::Duration),
        ("f", Type::Float),
        ("i", Type::Inet),
        ("ti", Type::Time),
        ("ts", Type::Timestamp),
        ("tu", Type::Tuple(vec![Type::Int, Type::Text])),
        ("u", Type::Uuid),
        ("v", Type::Vector { element: Box::new(Type::Int), dimension: 2 }),
        ("l", list),
        ("m", Type::Map { key: Box::new(Type::Text), value: Box::new(Type::Int), multi_cell: true }),
        ("s", Type::Set { element: Box::new(Type::Text), multi_cell: true }),
        ("ud", Type::User(Arc::new(user))),
    ];
    for (name, ty) in columns {
        table.regulars.push(Column::new(name, ty, ColumnKind::Regular));
    }
    table.sort_columns();
    table
}

pub(crate) fn options() -> InputOptions {
    InputOptions::new(Arc::new(table()), TIMESTAMP)
}

/// Writes each change as a line.
pub(crate) struct Log {
    pub(crate) table: Arc<Table>,
    pub(crate) lines: String,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Log {
    fn write(&mut self, what: &str, key: &[u8], row: &Row, columns: &[Column]) {
        let mut line = format!("{what} {}", hex(key));
        for i in 0..row.clustering.len() {
            write!(line, " [{}]", String::from_utf8_lossy(row.clustering_value(i).unwrap())).unwrap();
        }
        if !row.liveness.is_empty() {
            write!(line, " live@{}", row.liveness.timestamp - TIMESTAMP).unwrap();
        }
        if row.liveness.is_expiring() {
            write!(line, " ttl={} until+{}", row.liveness.ttl, row.liveness.local_expiration_time - NOW).unwrap();
        }
        for d in &row.complex_deletions {
            let name = &columns[usize::from(d.column)].name;
            let time = d.deletion.marked_for_delete_at - TIMESTAMP;
            write!(line, " del({name})@{time}/{}", d.deletion.local_deletion_time - NOW).unwrap();
        }
        for cell in &row.cells {
            let column = &columns[usize::from(cell.column)];
            write!(line, " {}", column.name).unwrap();
            if matches!(column.ty, Type::List { .. }) {
                assert_eq!(row.path(cell)[6] >> 4, 1, "a list's path is a time UUID");
                write!(line, "[]").unwrap();
            } else if column.ty.is_multi_cell() {
                write!(line, "[{}]", hex(row.path(cell))).unwrap();
            }
            match cell.is_tombstone() {
                true => write!(line, "=gone/{}", cell.local_deletion_time - NOW).unwrap(),
                false => write!(line, "={}", hex(row.value(cell))).unwrap(),
            }
            if cell.timestamp != row.liveness.timestamp {
                write!(line, "@{}", cell.timestamp - TIMESTAMP).unwrap();
            }
            if cell.ttl != row.liveness.ttl {
                write!(line, " ttl={}", cell.ttl).unwrap();
            }
        }
        let lists = row.cells.iter().filter(|c| matches!(columns[usize::from(c.column)].ty, Type::List { .. }));
        let paths: Vec<_> =
            lists.map(|c| (c.column, u64::from_be_bytes(row.path(c)[..8].try_into().unwrap()))).collect();
        assert!(paths.is_sorted(), "paths of a list in order");
        self.lines.push_str(&line);
        self.lines.push('\n');
    }
}

impl Sink for Log {
    fn partition_deletion(&mut self, key: &[u8], deletion: DeletionTime) -> sstablefs::Result<()> {
        writeln!(self.lines, "delete {} {deletion:?}", hex(key)).unwrap();
        Ok(())
    }
    fn static_row(&mut self, key: &[u8], row: &Row) -> sstablefs::Result<()> {
        let table = self.table.clone();
        self.write("static", key, row, &table.statics);
        Ok(())
    }
    fn row(&mut self, key: &[u8], row: &Row) -> sstablefs::Result<()> {
        let table = self.table.clone();
        self.write("row", key, row, &table.regulars);
        Ok(())
    }
    fn range_tombstone(
        &mut self,
        key: &[u8],
        start: &RangeBound,
        end: &RangeBound,
        _deletion: DeletionTime,
    ) -> sstablefs::Result<()> {
        writeln!(self.lines, "range {} {start:?} {end:?}", hex(key)).unwrap();
        Ok(())
    }
}

/// The changes, or the errors, one a line.
pub(crate) fn run(format: InputFormat, options: &InputOptions, text: &[u8]) -> Result<String, String> {
    let mut log = Log { table: options.table.clone(), lines: String::new() };
    let mut input = text;
    match read(&mut input, format, options, &mut |_| {}, &mut log) {
        Ok(summary) => {
            assert_eq!(summary.bytes, text.len() as u64);
            Ok(log.lines)
        }
        Err(Failure::Input(errors)) => {
            assert!(!errors.is_empty());
            Err(errors.iter().map(|e| format!("{e}\n")).collect())
        }
        Err(other) => panic!("{other:?}"),
    }
}

pub(crate) fn csv(text: &str) -> Result<String, String> {
    run(InputFormat::Csv, &options(), text.as_bytes())
}

pub(crate) fn json(text: &str) -> Result<String, String> {
    run(InputFormat::Json, &options(), text.as_bytes())
}

pub(crate) const DUMP: &str = r#"[
  {
    "partition" : {
      "key" : [ "1" ],
      "position" : 0,
      "deletion_info" : { "marked_deleted" : "1700000000000001", "local_delete_time" : "2023-11-14T22:13:20Z" }
    },
    "rows" : [
      { "type" : "static_block", "position" : 1, "cells" : [ { "name" : "st", "value" : "s", "tstamp" : "1700000000000002" } ] },
      {
        "type" : "row",
        "clustering" : [ "x" ],
        "liveness_info" : { "tstamp" : "2023-11-14T22:13:20.000003Z", "ttl" : 9, "expires_at" : "1700000009", "expired" : false },
        "cells" : [
          { "name" : "a", "value" : 1 },
          { "name" : "\"B\"", "deletion_info" : { "local_delete_time" : "1700000001" } },
          { "name" : "ud", "path" : [ "x" ], "value" : 7, "tstamp" : "1700000000000004" },
          { "name" : "m", "deletion_info" : { "marked_deleted" : "1700000000000002", "local_delete_time" : "1700000000" } },
          { "name" : "m", "path" : [ "b" ], "value" : 2 },
          { "name" : "m", "path" : [ "a" ], "value" : 1 }
        ]
      },
      { "type" : "range_tombstone_bound", "start" : { "type" : "exclusive", "clustering" : [ "x" ],
        "deletion_info" : { "marked_deleted" : "1", "local_delete_time" : "1" } } },
      { "type" : "range_tombstone_bound", "end" : { "type" : "inclusive", "clustering" : [ "*" ],
        "deletion_info" : { "marked_deleted" : "1", "local_delete_time" : "1" } } }
    ]
  }
]
"#;
