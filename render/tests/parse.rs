//! Text as changes: what rows become, and what is said of wrong ones.

use std::fmt::Write;
use std::sync::Arc;

use sstablefs::cql::{Type, UserType};
use sstablefs::rows::{DeletionTime, RangeBound, Row, Sink};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs_render::CsvStyle;
use sstablefs_render::parse::{Failure, InputFormat, InputOptions, read};

/// Microseconds.
const TIMESTAMP: i64 = 1_700_000_000_000_000;
const NOW: i64 = 1_700_000_000;

/// CREATE TABLE ks.t (k int, c text, st text static, sl list<int> static, a int, "B" text, bl blob, bo boolean, d date, de decimal,
/// du duration, f float, i inet, ti time, ts timestamp, tu tuple<int, text>, u uuid, v vector<int, 2>, l list<int>, m map<text, int>,
/// s set<text>, ud udt, PRIMARY KEY (k, c))
fn table() -> Table {
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

fn options() -> InputOptions {
    InputOptions::new(Arc::new(table()), TIMESTAMP)
}

/// Writes each change as a line.
struct Log {
    table: Arc<Table>,
    lines: String,
}

fn hex(bytes: &[u8]) -> String {
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
fn run(format: InputFormat, options: &InputOptions, text: &[u8]) -> Result<String, String> {
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

fn csv(text: &str) -> Result<String, String> {
    run(InputFormat::Csv, &options(), text.as_bytes())
}

fn json(text: &str) -> Result<String, String> {
    run(InputFormat::Json, &options(), text.as_bytes())
}

#[test]
fn rows_mean_what_insert_makes_of_them() {
    let same = |json_text: &str, csv_text: &str, expected: &str| {
        assert_eq!(json(json_text).unwrap(), expected, "{json_text}");
        assert_eq!(csv(csv_text).unwrap(), expected, "{csv_text}");
    };
    same(r#"{"k":1,"c":"x","a":5}"#, "k,c,a\n1,x,5\n", "row 00000001 [x] live@0 a=00000005\n");
    same(
        r#"{"k":1,"c":"x","a":5,"[ttl]":10,"[timestamp]":1700000000000007}"#,
        "a,[timestamp],c,k,[ttl]\n5,1700000000000007,x,1,10",
        "row 00000001 [x] live@7 ttl=10 until+10 a=00000005\n",
    );
    same(
        r#"[{"k":1,"c":"","s":["b","a","b"],"m":{"y":1,"x":2},"ud":{"\"Y z\"":"q"},"l":[3,1]}]"#,
        "k,c,s,m,ud,l\n1,\"\",\"{'b', 'a', 'b'}\",\"{'y': 1, 'x': 2}\",\"{Y z: 'q'}\",\"[3, 1]\"",
        "row 00000001 [] live@0 del(l)@-1/0 del(m)@-1/0 del(s)@-1/0 del(ud)@-1/0 l[]=00000003 l[]=00000001 \
         m[78]=00000002 m[79]=00000001 s[61]= s[62]= ud[0001]=71\n",
    );
    // A static row of its own, and with a row.
    same(r#"{"k":1,"c":null,"st":"s","a":null}"#, "k,c,st,a\n1,,s,\n", "static 00000001 st=73@0\n");
    same(r#"{"k":1,"c":"x","st":"s"}"#, "k,c,st\n1,x,s", "static 00000001 st=73@0\nrow 00000001 [x] live@0\n");
    // What is absent is left alone, null deletes.
    assert_eq!(
        json(r#"{"k":1,"c":"x","a":null,"l":null,"m":{},"ud":{"x":null},"[ttl]":5}"#).unwrap(),
        "row 00000001 [x] live@0 ttl=5 until+5 del(l)@-1/0 del(m)@-1/0 del(ud)@-1/0 a=gone/0 ttl=0\n"
    );
    assert_eq!(csv("k,c,a,B,l\n1,x,,,\n").unwrap(), "row 00000001 [x] live@0\n");
    let deletes = InputOptions { null_deletes: true, ..options() };
    assert_eq!(
        run(InputFormat::Csv, &deletes, b"k,c,a,B,l\n1,x,,\"\",\n").unwrap(),
        "row 00000001 [x] live@0 del(l)@-1/0 B= a=gone/0\n"
    );
    // A TTL of its own, or none, instead of the table's.
    let default = InputOptions { default_ttl: 7, ..options() };
    let text = br#"{"k":1,"c":"a"} {"k":1,"c":"b","[ttl]":0} {"k":1,"c":"c","[ttl]":null}"#;
    let expected = "row 00000001 [a] live@0 ttl=7 until+7\nrow 00000001 [b] live@0\nrow 00000001 [c] live@0\n";
    assert_eq!(run(InputFormat::Json, &default, text).unwrap(), expected);
}

#[test]
fn names_are_those_of_insert_json_and_of_copy() {
    assert_eq!(json(r#"{"K":1,"c":"x","\"B\"":"b"}"#).unwrap(), "row 00000001 [x] live@0 B=62\n");
    assert_eq!(csv("K,C,B\n1,x,b").unwrap(), "row 00000001 [x] live@0 B=62\n");
    assert_eq!(csv("k,c,\\\"B\\\"\n1,x,b").unwrap(), "row 00000001 [x] live@0 B=62\n");
    let error = json(r#"{"k":1,"c":"x","B":"b"}"#).unwrap_err();
    assert!(error.starts_with("line 1, column 20: ks.t has no column 'b'"), "{error}");
}

#[test]
fn csv_of_both_styles_is_understood() {
    let text = |csv_text: &str| csv(csv_text).unwrap().split("B=").nth(1).unwrap().trim_end().to_owned();
    // cqlsh: an escape of CSV within, and cqlsh's own outside.
    assert_eq!(text("k,c,B\n1,x,\"a\\\"b,\\\\n\\\\\\\\\"\n"), hex(b"a\"b,\n\\"));
    assert_eq!(text("k,c,B\n1,x,a\\\"b\n"), hex(b"a\"b"));
    // What cqlsh would not write behind a backslash is no escape of its own.
    assert_eq!(text("k,c,B\n1,x,C:\\\\dir\\\\\\\\new\n"), hex(b"C:\\dir\\\\new"));
    // RFC 4180: a backslash is a backslash.
    assert_eq!(text("k,c,B\n1,x,\"a\"\"b,\\n\"\n"), hex(b"a\"b,\\n"));
    assert_eq!(text("k,c,B\r\n1,x,C:\\new\r\n"), hex(b"C:\\new"));
    assert_eq!(text("\u{feff}k,c,B\r\n\r\n1,x,\"two\r\nlines\""), hex(b"two\r\nlines"));
    // Where everything has quotes, only a text is empty.
    let row = csv("\"k\",\"c\",\"B\",\"a\"\n\"1\",\"x\",\"\",\"\"\n").unwrap();
    assert_eq!(row, "row 00000001 [x] live@0 B=\n");
    assert_eq!(csv("k,c,B,a\n1,x,\"\",\"\"\n").unwrap(), "row 00000001 [x] live@0 B= a=\n");
    let rfc = InputOptions { csv: Some(CsvStyle::Rfc4180), delimiter: b';', csv_null: "NULL".into(), ..options() };
    let row = run(InputFormat::Csv, &rfc, b"k;c;B;a\n1;;\\\\;NULL\n").unwrap();
    assert_eq!(row, "row 00000001 [] live@0 B=5c5c\n");
}

#[test]
fn values_of_csv_may_be_cql_literals() {
    let one = |column: &str, field: &str| {
        let row = csv(&format!("k,c,{column}\n1,x,{field}\n"));
        row.map(|row| row.split('=').next_back().unwrap().trim_end().to_owned())
    };
    for (column, field, expected) in [
        ("d", "'2020-01-02'", "80004757"),
        ("d", "-719163", "7ff506c5"),
        ("bo", "TRUE", "01"),
        ("f", "nan", "7fc00000"),
        ("f", "-inf", "ff800000"),
        ("f", "1e-05", "3727c5ac"),
        ("i", "'::1'", "00000000000000000000000000000001"),
        ("ts", "2020-01-01 00:00:00.000+0000", "0000016f5e66e800"),
        ("du", "P1D", "000200"),
        ("bl", "0xAB", "ab"),
        ("tu", "\"(1, 'it''s')\"", "00000004000000010000000469742773"),
        ("tu", "\"(, 'x')\"", "ffffffff0000000178"),
        ("tu", "\"(null,x)\"", "ffffffff0000000178"),
        ("v", "\"[1, 2]\"", "0000000100000002"),
        ("ud", "\"{\\\"Y z\\\": 'q', x: null}\"", "71"),
        ("m", "\"{a:1}\"", "00000001"),
    ] {
        assert_eq!(one(column, field).as_deref(), Ok(expected), "{column} {field}");
    }
    for (column, field) in [
        ("v", "\"[1, 2, 3]\""),
        ("v", "\"[1, 2] 3\""),
        ("v", "\"[1, 2\""),
        ("v", "\"[1 2]\""),
        ("tu", "\"(1)\""),
        ("tu", "\"(1,'x',3)\""),
        ("tu", "\"(1,'x\""),
        ("ud", "\"{x: 1, x: 2}\""),
        ("ud", "\"{z: 1}\""),
        ("m", "\"{'a'}\""),
        ("m", "\"['a']\""),
        ("bo", "yes"),
        ("bl", "ab"),
        ("a", "1.0"),
        ("f", "x"),
    ] {
        assert!(one(column, field).is_err(), "{column} {field}");
    }
}

const DUMP: &str = r#"[
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

#[test]
fn a_dump_keeps_times_and_tombstones() {
    let expected = "delete 00000001 DeletionTime { marked_for_delete_at: 1700000000000001, local_deletion_time: 1700000000 }\n\
        static 00000001 st=73@2\n\
        row 00000001 [x] live@3 ttl=9 until+9 del(m)@2/0 B=gone/1 ttl=0 a=00000001 m[61]=00000001 m[62]=00000002 \
        ud[0000]=00000007@4 ttl=0\n\
        range 00000001 RangeBound { prefix: [Some([120])], inclusive: false } RangeBound { prefix: [], inclusive: true }\n";
    assert_eq!(run(InputFormat::Dump, &options(), DUMP.as_bytes()).unwrap(), expected);
}

/// sstabledump prints nothing for the duration 0s. No bytes at all would be no duration (DurationSerializer.validate).
#[test]
fn a_duration_of_nothing_in_a_dump_is_zero() {
    let dump = r#"{"partition":{"key":["1"]},"rows":[{"type":"row","clustering":["x"],"cells":[
        {"name":"du","value":"","tstamp":"5"}]}]}"#;
    let found = run(InputFormat::Dump, &options(), dump.as_bytes()).unwrap();
    assert!(found.contains("du=000000"), "{found}");
}

/// A text, and its errors: line, column and the beginning of the reason.
type Wrong<'a> = (InputFormat, &'a str, &'a [(u64, u64, &'a str)]);

#[test]
fn errors_say_where_and_what() {
    use InputFormat::{Csv, Dump, Json};
    let long_key = format!("k,c\n1,{}\n", "x".repeat(65_536));
    let cases: &[Wrong<'_>] = &[
        (Csv, "", &[(1, 1, "the file is empty")]),
        (Json, "", &[(1, 1, "the file is empty")]),
        (Dump, "", &[(1, 1, "the file is empty")]),
        (Json, "  \n ", &[(2, 2, "nothing in the file")]),
        (Csv, "\n\n", &[(1, 1, "no header")]),
        (
            Csv,
            "k,c,zz,k,yy\n",
            &[(1, 5, "no column 'zz'"), (1, 8, "column k is there twice"), (1, 10, "no column 'yy'")],
        ),
        (Csv, "c,a\n", &[(1, 1, "lacks the column k of the primary key")]),
        (Csv, "k,a\n", &[(1, 1, "lacks the column c")]),
        (Csv, "k,c,a\n1,x\n1,x,2,3\n", &[(2, 1, "2 fields, the header 3"), (3, 7, "4 fields, the header 3")]),
        (Csv, "k,c,a\n1,\"é\nü\",z\n", &[(3, 4, "column a: 'z' is not a value of type int")]),
        (
            Csv,
            "k,c,a\n1,x,y\nq,x,1\n,x,1\n1,,5\n",
            &[(2, 5, "'y' is not"), (3, 1, "column k: 'q'"), (4, 1, "column k is null"), (5, 3, "column c is null")],
        ),
        (Csv, "k,c,B\n1,x,\"abc\n2,y,z\n", &[(2, 5, "has no end")]),
        (Csv, "k,c,B\n1,x,\"abc\"d\n2,y,z,\n", &[(2, 10, "behind the quote"), (3, 7, "4 fields")]),
        (
            Csv,
            "k,c,[ttl]\n1,x,-1\n1,x,630720001\n1,x,630720000\n1,x,z\n",
            &[(2, 5, "0 or more"), (3, 5, "at most 630720000"), (5, 5, "'z'")],
        ),
        (Csv, "k,c,[timestamp]\n1,x,-9223372036854775808\n", &[(2, 5, "no timestamp")]),
        (Csv, &long_key, &[(2, 1, "65536 bytes together")]),
        (Csv, "k,st\n1,x\n,y\n", &[(3, 1, "column k is null")]),
        (Json, r#"{"k":1,"c":"x","a":"#, &[(1, 19, "EOF")]),
        (
            Json,
            "{\"k\":1,\"c\":\"x\"}\n{\"k\":1,\"c\":\"x\n{\"k\":\"z\",\"c\":\"x\"}\n",
            &[(2, 13, "no JSON"), (3, 6, "'z'")],
        ),
        (Json, "[{\"k\":1,\"c\":\"x\"},\n {\"k\":1,}]", &[(2, 9, "no JSON")]),
        (Json, "[{\"k\":1,\"c\":\"x\"} {\"k\":1}]", &[(1, 18, "expected ',' or ']'")]),
        (Json, "[{\"k\":1,\"c\":\"x\"},]", &[(1, 18, "expected a JSON object")]),
        (Json, "[{\"k\":1,\"c\":\"x\"}", &[(1, 17, "expected ',' or ']', but the text ends")]),
        (Json, "[{\"k\":1,\"c\":\"x\"}] 5", &[(1, 19, "more behind the end")]),
        (Json, "[5]", &[(1, 2, "expected a JSON object, found '5]'")]),
        (Json, "5", &[(1, 1, "expected a JSON object or an array")]),
        (Json, "k,c\n1,2\n", &[(1, 1, "expected a JSON object or an array")]),
        (Json, r#"{"k":1,"c":"x","c":"y"}"#, &[(1, 20, "'c' is there twice")]),
        (Json, r#"{"k":1,"c":"x","zz":5,"a":"q"}"#, &[(1, 21, "no column 'zz'"), (1, 27, "'q'")]),
        (Json, r#"{"c":"x"}"#, &[(1, 1, "key column k is missing")]),
        (Json, r#"{"k":1}"#, &[(1, 1, "clustering column c is missing")]),
        (Json, r#"{"k":1,"a":5}"#, &[(1, 1, "column c is missing, but there is a value for a")]),
        (Json, r#"{"k":null,"c":"x"}"#, &[(1, 1, "column k is null")]),
        (Json, r#"{"k":1,"c":"x","a":1.5}"#, &[(1, 20, "'1.5' is not a value of type int")]),
        (Json, r#"{"k":1,"c":"é","B":5}"#, &[(1, 20, "no column 'b'")]),
        (Json, r#"{"k":1,"c":5}"#, &[(1, 12, "is a string in JSON, this is a number")]),
        (Json, r#"{"k":1,"c":"x","l":[1,null]}"#, &[(1, 20, "an element can't be null")]),
        (Json, r#"{"k":1,"c":"x","v":[1]}"#, &[(1, 20, "the vector has 2 elements, here are 1")]),
        (Json, r#"{"k":1,"c":"x","ud":{"q":1}}"#, &[(1, 21, "has no field q")]),
        (Json, r#"{"k":1,"c":"x","[ttl]":-5}"#, &[(1, 24, "0 or more")]),
        (Dump, "[5]", &[(1, 2, "expected the object of a partition")]),
        (Dump, "{\"rows\":[]}", &[(1, 9, "must come before")]),
        (Dump, "{}", &[(1, 2, "lacks \"partition\"")]),
        (Dump, "{\"partition\":{\"key\":[\"x\"]},\"rows\":[]}", &[(1, 21, "'x' is no value")]),
        (Dump, "{\"partition\":{\"key\":[\"\"]},\"rows\":[]}", &[(1, 14, "may not be empty")]),
        (
            Dump,
            "{\"partition\":{\"key\":[\"1\",\"2\"]},\"rows\":[]}",
            &[(1, 21, "the key has 2 parts, that of the table 1")],
        ),
    ];
    for (format, text, expected) in cases {
        let got = run(*format, &options(), text.as_bytes()).expect_err(text);
        let lines: Vec<&str> = got.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{text}\n{got}");
        for (line, (row, column, reason)) in lines.iter().zip(*expected) {
            let place = format!("line {row}, column {column}: ");
            assert!(
                line.starts_with(&place) && line.contains(reason),
                "{text}\nexpected {place}{reason}\ngot      {line}"
            );
        }
    }
    let bad_bytes = run(InputFormat::Csv, &options(), b"k,c\n1,\xff\n2,\xc3\n").unwrap_err();
    assert_eq!(bad_bytes, "line 2, column 3: byte 0xff is not UTF-8\nline 3, column 3: byte 0xc3 is not UTF-8\n");
    let bad_bytes = run(InputFormat::Json, &options(), b"{\"k\":1,\"c\":\"a\xff\"}").unwrap_err();
    assert_eq!(bad_bytes, "line 1, column 14: byte 0xff is not UTF-8\n");
    let junk: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for format in [InputFormat::Csv, InputFormat::Json, InputFormat::Dump] {
        assert!(run(format, &options(), &junk).is_err());
        assert!(run(format, &options(), b"\x1f\x8b\x08\0\0\0").unwrap_err().contains("gzip"));
        assert!(run(format, &options(), b"k\0,\0c\0\n\0").unwrap_err().contains("UTF-16"));
    }
}

#[test]
fn errors_within_a_dump_have_their_line() {
    for (from, to, expected) in [
        ("\"value\" : 7", "\"value\" : \"q\"", "line 17, column 56: column ud: 'q' is not a value of type int"),
        ("\"path\" : [ \"a\" ]", "\"path\" : [ \"b\" ]", "line 10, column 7: the column m has two cells"),
        ("\"name\" : \"a\"", "\"name\" : \"zz\"", "line 15, column 22: ks.t has no regular column 'zz'"),
        ("22:13:20.000003Z", "22:13:60Z", "line 13, column 40: '2023-11-14T22:13:60Z' is no time"),
        ("\"end\"", "\"start\"", "line 25, column 7: a range tombstone begins here within another one"),
        ("\"type\" : \"row\"", "\"type\" : \"now\"", "line 11, column 18: "),
    ] {
        let text = DUMP.replace(from, to);
        assert_ne!(text, DUMP);
        let error = run(InputFormat::Dump, &options(), text.as_bytes()).expect_err(from);
        assert!(error.starts_with(expected), "{from}\nexpected {expected}\ngot      {error}");
    }
}

#[test]
fn a_hundred_errors_are_enough() {
    let text = "k,c\n".to_owned() + &"x,y\n".repeat(1000);
    assert_eq!(csv(&text).unwrap_err().lines().count(), 100);
    let limited = InputOptions { max_errors: 3, ..options() };
    assert_eq!(run(InputFormat::Csv, &limited, text.as_bytes()).unwrap_err().lines().count(), 3);
}

#[test]
fn tables_that_take_no_rows_say_why() {
    let mut counters = table();
    counters.flags.is_counter = true;
    let options = InputOptions::new(Arc::new(counters), TIMESTAMP);
    let error = run(InputFormat::Csv, &options, b"k,c\n1,x\n").unwrap_err();
    assert!(error.starts_with("line 1, column 1: ks.t: counters can't be written"), "{error}");
}

/// An input that arrives in small pieces.
struct Pieces<'a>(&'a [u8], usize);

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = (self.1 % 7 + 1).min(self.0.len()).min(out.len());
        self.1 += 1;
        out[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

#[test]
fn records_across_the_ends_of_buffers_are_whole() {
    let (mut csv_text, mut lines, mut array, mut expected) =
        ("k,c,B\n".to_owned(), String::new(), "[".to_owned(), String::new());
    let mut dump = "[".to_owned();
    for i in 0..6000usize {
        // Some rows are longer than a buffer.
        let filler = "é\n\"".repeat(if i == 3000 { 200_000 } else { i * 7919 % 151 });
        writeln!(csv_text, "{i},x,\"a{}\"", filler.replace('"', "\"\"")).unwrap();
        let escaped = filler.replace('"', "\\\"").replace('\n', "\\n");
        let object = format!("{{\"k\": {i}, \"c\": \"x\", \"\\\"B\\\"\": \"a{escaped}\"}}");
        writeln!(lines, "{object}").unwrap();
        write!(array, "{}\n{object}", if i > 0 { "," } else { "" }).unwrap();
        write!(dump, "{}{{\"partition\":{{\"key\":[\"{i}\"]}},\"rows\":[{{\"type\":\"row\",\"clustering\":[\"x\"],\
            \"liveness_info\":{{\"tstamp\":\"{TIMESTAMP}\"}},\"cells\":[{{\"name\":\"\\\"B\\\"\",\"value\":\"a{escaped}\"}}]}}]}}",
            if i > 0 { "," } else { "" }).unwrap();
        writeln!(expected, "row {i:08x} [x] live@0 B=61{}", hex(filler.as_bytes())).unwrap();
    }
    array.push(']');
    dump.push(']');
    let inputs = [
        (InputFormat::Csv, csv_text),
        (InputFormat::Json, lines),
        (InputFormat::Json, array),
        (InputFormat::Dump, dump),
    ];
    for (format, text) in inputs {
        let options = options();
        let mut log = Log { table: options.table.clone(), lines: String::new() };
        let mut told = 0;
        let summary =
            read(&mut Pieces(text.as_bytes(), 0), format, &options, &mut |bytes| told = bytes, &mut log).unwrap();
        assert!(log.lines == expected, "{format:?}");
        assert_eq!((summary.rows, summary.bytes, told), (6000, text.len() as u64, text.len() as u64));
    }
}

#[test]
fn no_text_makes_a_panic() {
    let csv_text = "k,c,B,s,m,ud,tu,v,ts,[ttl]\n1,x,\"a\\\"b\",\"{'q', ''''}\",\"{'a': 1}\",\"{x: 1, Y z: 'é'}\",\"(1, 'b')\",\"[1, 2]\",2020-01-01T00:00:00Z,5\n";
    let json_text = r#"[{"k":1,"c":"é\u00e9","s":["a"],"m":{"b":2},"ud":{"\"Y z\"":"q"},"tu":[1,null],"v":[1,2],"ts":"2020-01-01","du":"1h","[ttl]":5}]"#;
    let inputs = [(InputFormat::Csv, csv_text), (InputFormat::Json, json_text), (InputFormat::Dump, DUMP)];
    let mut state = 7u64;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for (format, text) in inputs {
        assert!(run(format, &options(), text.as_bytes()).is_ok(), "{format:?}");
        for end in 0..text.len() {
            let _ = run(format, &options(), &text.as_bytes()[..end]);
        }
        for _ in 0..5000 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = b"\"\\,:{}[]()'\n\r -0\xff9aZ"[random(20)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"\"\\,:{}[]()'\n\r -0\xff9aZ"[random(20)]),
                }
            }
            let _ = run(format, &options(), &bytes);
        }
    }
}
