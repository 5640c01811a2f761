//! What is said of wrong texts, and of inputs and sinks that fail.

use std::sync::Arc;

use crate::table::{DUMP, Log, NOW, TIMESTAMP, csv, hex, options, run, table};
use sstablefs::rows::{DeletionTime, RangeBound, Row, Sink};
use sstablefs_render::CsvStyle;
use sstablefs_render::parse::{Failure, InputFormat, InputOptions, read};

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
        (
            "\"clustering\" : [ \"x\" ],\n        \"liveness",
            "\"clustering\" : [ \"x\", \"y\" ],\n        \"liveness",
            "line 12, column 24: there are 2 clustering values, the table has 1",
        ),
        (
            "\"clustering\" : [ \"x\" ],\n        \"liveness",
            "\"clustering\" : [ ],\n        \"liveness",
            "line 10, column 7: the row has 0 clustering values, the table 1",
        ),
        (
            "\"liveness_info\"",
            "\"deletion_info\" : { \"local_delete_time\" : \"1\" }, \"liveness_info\"",
            "line 13, column 27: the deletion of a row lacks \"marked_deleted\"",
        ),
        (
            "\"name\" : \"m\", \"deletion_info\"",
            "\"name\" : \"a\", \"deletion_info\"",
            "line 18, column 11: the column a has no elements to be deleted together",
        ),
        (
            "\"path\" : [ \"b\" ], \"value\" : 2",
            "\"deletion_info\" : { \"marked_deleted\" : \"5\", \"local_delete_time\" : \"1\" }",
            "line 10, column 7: a column has two deletions in one row",
        ),
        (
            "\"path\" : [ \"b\" ], \"value\" : 2",
            "\"path\" : [ \"b\" ], \"value\" : 2, \"ttl\" : 5",
            "line 19, column 55: of \"ttl\" and \"expires_at\" only one is there",
        ),
        (
            "\"path\" : [ \"b\" ], \"value\" : 2",
            "\"path\" : \"b\", \"value\" : 2",
            "line 19, column 36: this must be an array of strings",
        ),
        (
            "\"path\" : [ \"b\" ], \"value\" : 2",
            "\"path\" : [ 2 ], \"value\" : 2",
            "line 19, column 36: this must be an array of strings",
        ),
        ("\"clustering\" : [ \"*\" ]", "\"clustering\" : \"*\"", "line 25, column 90: this must be an array"),
        ("{ \"local_delete_time\" : \"1700000001\" }", "5", "line 16, column 49: this must be an object"),
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

#[test]
fn views_are_written_through_their_tables() {
    let mut view = table();
    view.view = Some(sstablefs::schema::View {
        base_table: "base".into(),
        includes_all_columns: true,
        where_clause: String::new(),
        strict_liveness: false,
    });
    let options = InputOptions::new(Arc::new(view), TIMESTAMP);
    let error = run(InputFormat::Json, &options, b"{}").unwrap_err();
    assert!(
        error.starts_with("line 1, column 1: ks.t: this is a materialized view: write to its base table"),
        "{error}"
    );
}

#[test]
fn packed_files_are_told_apart() {
    assert!(csv("PK\u{3}\u{4}...").unwrap_err().contains("a zip archive or a spreadsheet"));
    let zstd = run(InputFormat::Json, &options(), b"\x28\xb5\x2f\xfd...").unwrap_err();
    assert!(zstd.contains("compressed with zstd"), "{zstd}");
}

/// The style is guessed from the beginning; what contradicts it later has to be said.
#[test]
fn a_backslash_that_cqlsh_does_not_write_is_asked_about() {
    let many = 200_000;
    let text = format!("k,c,B\n{}2,x,C:\\dir\n3,x,\"C:\\dir\"\n", "1,x,\"a\\\"b\"\n".repeat(many));
    let error = csv(&text).unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    let expected = format!("line {}, column 7: a backslash stands before something else", many + 2);
    assert!(lines[0].starts_with(&expected), "{error}");
    assert!(lines[1].starts_with(&format!("line {}, column 8: a backslash", many + 3)), "{error}");
    let sure = InputOptions { csv: Some(CsvStyle::Cqlsh), ..options() };
    let rows = run(InputFormat::Csv, &sure, text.as_bytes()).unwrap();
    assert!(rows.contains(&format!("B={}", hex(b"C:dir"))));
    let error = run(InputFormat::Csv, &sure, b"k,c,B\n1,x,a\\").unwrap_err();
    assert_eq!(error, "line 2, column 6: nothing stands behind this backslash\n");
}

/// An input that is interrupted, and then fails.
struct Broken(u32);

impl std::io::Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Err(std::io::ErrorKind::Interrupted.into()),
            2 => {
                out[..8].copy_from_slice(b"k,c\n1,x\n");
                Ok(8)
            }
            _ => Err(std::io::Error::other("planted")),
        }
    }
}

/// A sink that takes nothing.
struct Full;

impl Sink for Full {
    fn partition_deletion(&mut self, _: &[u8], _: DeletionTime) -> sstablefs::Result<()> {
        Err(sstablefs::Error::invalid("planted"))
    }
    fn static_row(&mut self, _: &[u8], _: &Row) -> sstablefs::Result<()> {
        Err(sstablefs::Error::invalid("planted"))
    }
    fn row(&mut self, _: &[u8], _: &Row) -> sstablefs::Result<()> {
        Err(sstablefs::Error::invalid("planted"))
    }
    fn range_tombstone(&mut self, _: &[u8], _: &RangeBound, _: &RangeBound, _: DeletionTime) -> sstablefs::Result<()> {
        Err(sstablefs::Error::invalid("planted"))
    }
}

#[test]
fn failures_of_others_are_not_errors_of_the_text() {
    let options = options();
    let mut log = Log { table: options.table.clone(), lines: String::new() };
    let failed = read(&mut Broken(0), InputFormat::Csv, &options, &mut |_| {}, &mut log).unwrap_err();
    assert!(matches!(failed, Failure::Read(e) if e.to_string() == "planted"));
    let inputs: [(InputFormat, &str); 5] = [
        (InputFormat::Csv, "k,c\n1,x\n"),
        (InputFormat::Json, "{\"k\":1,\"c\":null,\"st\":\"s\"}"),
        (InputFormat::Json, "[{\"k\":1,\"c\":\"x\"}]"),
        (InputFormat::Dump, DUMP),
        (InputFormat::Dump, &DUMP.replace("\"deletion_info\" : { \"marked_deleted\" : \"1700000000000001\", \"local_delete_time\" : \"2023-11-14T22:13:20Z\" }", "\"x\" : 1")),
    ];
    for (format, text) in inputs {
        let failed = read(&mut text.as_bytes(), format, &options, &mut |_| {}, &mut Full).unwrap_err();
        assert!(matches!(&failed, Failure::Sink(e) if e.message() == "planted"), "{failed:?}");
    }
}

#[test]
fn nulls_of_what_a_row_carries() {
    let text = r#"{"k":1,"c":"x","st":null,"[timestamp]":null,"[ttl]":null}"#;
    let default = InputOptions { default_ttl: 7, ..options() };
    let expected = "static 00000001 st=gone/0@0\nrow 00000001 [x] live@0\n";
    assert_eq!(run(InputFormat::Json, &default, text.as_bytes()).unwrap(), expected);
    let late = InputOptions { max_deletion_time: NOW + 5, ..options() };
    let error = run(InputFormat::Json, &late, br#"{"k":1,"c":"x","[ttl]":6}"#).unwrap_err();
    assert!(error.contains("a TTL of 6 seconds ends behind the last time that the format can hold"), "{error}");
}
