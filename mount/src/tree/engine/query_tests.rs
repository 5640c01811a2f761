//! Queries as paths over the SSTables of testdata/. What a SELECT answers is judged elsewhere (scripts/random_selects,
//! scripts/compare): here its files must agree with those of the partitions, and with each other.

use std::sync::Arc;

use super::cache::Known;
use super::query_readme::in_path;
use super::query_slices::QuerySlices;
use super::tests::{names_in, read, tables, trees, whole};
use super::*;
use crate::content::{Producer, Source};
use crate::path::{Format, Steps, encode};
use sstablefs::cql::names;
use sstablefs::query::Statement;

/// The values of each partition key, as they may stand in a path.
fn keys(tree: &EngineTree, table: &TableName) -> Vec<Vec<(String, String)>> {
    let moment = tree.moment(table).unwrap().unwrap();
    let schema = moment.epoch.view.table();
    let columns: Vec<_> = schema.partition_key.iter().map(|c| names::identifier(&c.name)).collect();
    let from = format!("{}.{}", names::identifier(table.keyspace()), names::identifier(table.table()));
    let statement = Statement::parse(&format!("SELECT DISTINCT {} FROM {from}", columns.join(", "))).unwrap();
    let mut rows = Arc::new(statement.bind(schema).unwrap()).run(&moment.epoch.view, moment.now).unwrap();
    let mut keys = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        let values = row.iter().zip(&schema.partition_key);
        let values = values.map(|(v, c)| in_path(&c.ty, v.as_deref().unwrap_or_default()).unwrap());
        keys.push(columns.iter().map(|c| c.to_string()).zip(values).collect());
    }
    keys
}

fn below(table: &TableName, path: &[&str]) -> Option<Request> {
    path.iter().try_fold(Request::Where(table.clone(), Steps::default()), |at, name| at.child(name))
}

fn exists(tree: &EngineTree, request: &Request) -> bool {
    tree.attributes(request).unwrap().is_some()
}

/// The JSON that a file holds.
fn object(tree: &EngineTree, request: &Request) -> serde_json::Value {
    serde_json::from_slice(&whole(tree, request)).unwrap_or_else(|e| panic!("{request}: {e}"))
}

/// Golden cases that have large tables.
const OWN_VERSIONS: [&str; 3] = ["nb", "oa", "da"];

#[test]
fn the_rows_of_a_key_are_those_of_its_file() {
    for (version, tree) in trees() {
        let mut compared = 0;
        for table in tables(&tree) {
            let files = names_in(&tree, &Request::Keys(table.clone(), Format::JsonLines));
            let keys = keys(&tree, &table);
            assert_eq!(files.len(), keys.len(), "{version} {table}");
            for (file, key) in files.iter().zip(keys).take(5) {
                let steps = key.iter().map(|(column, value)| {
                    let mut name = String::new();
                    encode(&format!("{column}={value}"), &mut name);
                    name
                });
                let steps: Vec<String> = steps.collect();
                // What CQL can't say: a value of no bytes, a user type that is no frozen one, names that are too long.
                if key.iter().any(|(_, value)| value.is_empty()) || steps.iter().any(|s| s.len() > 255) {
                    continue;
                }
                let mut path: Vec<&str> = steps.iter().map(String::as_str).collect();
                let what = format!("{version} {table} {path:?}");
                path.push("rows.jsonl");
                let request = below(&table, &path).unwrap();
                if !exists(&tree, &request) {
                    let error = object(&tree, &request.parent().child("explain.json").unwrap());
                    let error = error["error"].as_str().unwrap();
                    assert!(error.contains("type"), "{what}: {error}");
                    continue;
                }
                let partition = Request::Keys(table.clone(), Format::JsonLines).child(file).unwrap();
                let expected = whole(&tree, &partition);
                assert!(whole(&tree, &request) == expected, "{what}");
                let count = tree.open(&request.parent().child("count").unwrap()).unwrap().unwrap();
                let count = read(&*count.content, 0, 100);
                let lines = expected.iter().filter(|b| **b == b'\n').count();
                assert_eq!(String::from_utf8(count).unwrap(), format!("{lines}\n"), "{what}");
                let explained = object(&tree, &request.parent().child("explain.json").unwrap());
                assert_eq!(explained["read"], "keys", "{what}");
                compared += 1;
            }
        }
        assert!(compared > 100, "{version}: {compared}");
    }
}

#[test]
fn all_rows_are_below_where_and_in_statements() {
    for (version, tree) in trees() {
        for table in tables(&tree) {
            let expected = whole(&tree, &Request::Rows(table.clone(), Format::JsonLines));
            let got = whole(&tree, &below(&table, &["rows.jsonl"]).unwrap());
            assert!(got == expected, "{version} {table}");
            let count = tree.open(&below(&table, &["count"]).unwrap()).unwrap().unwrap();
            let lines = expected.iter().filter(|b| **b == b'\n').count();
            assert_eq!(read(&*count.content, 0, 100), format!("{lines}\n").into_bytes(), "{version} {table}");
            let from = format!("{}.{}", names::identifier(table.keyspace()), names::identifier(table.table()));
            let statement = Request::Statements.child(&format!("select * from {from}.jsonl")).unwrap();
            assert!(whole(&tree, &statement) == expected, "{version} {statement}");
            // A folder with the README, three forms of rows, their number, and what is read for them.
            assert_eq!(names_in(&tree, &below(&table, &[]).unwrap()).len(), 6, "{version} {table}");
        }
    }
}

#[test]
fn components_may_stand_in_any_order() {
    let (_, tree) = trees().into_iter().find(|t| t.0 == "oa").unwrap();
    let table = TableName::new("deletions", "overlaps");
    let csv = |path: &[&str]| String::from_utf8(whole(&tree, &below(&table, path).unwrap())).unwrap();
    let one = csv(&["k=1", "@select=c,v", "@order=c desc", "@limit=2", "rows.csv"]);
    assert_eq!(one, csv(&["@limit=2", "@order=c desc", "k=1", "@select=c,v", "rows.csv"]));
    assert!(one.starts_with("c,v\n"), "{one}");
}

#[test]
fn what_has_no_answer_is_no_file_and_says_why() {
    let (_, tree) = trees().into_iter().find(|t| t.0 == "oa").unwrap();
    let table = TableName::new("deletions", "overlaps");
    for (path, reason) in [
        (vec!["nosuch=1"], "no column nosuch"),
        (vec!["k=x"], "type int"),
        (vec!["k=1", "k=2"], "already"),
        (vec!["k contains 1"], "CONTAINS"),
        (vec!["k=1", "@order=v"], "ORDER BY"),
        (vec!["@limit=0"], "from 1"),
        (vec!["@limit=x"], "from 1"),
        (vec!["@sort=k"], "no such option"),
        (vec!["k=1 AND c=2"], "keyword"),
        (vec!["@select=nosuch"], "no column nosuch"),
    ] {
        let folder = below(&table, &path).unwrap_or_else(|| panic!("{path:?}"));
        assert_eq!(names_in(&tree, &folder), ["explain.json"], "{path:?}");
        for file in ["rows.json", "rows.jsonl", "rows.csv", "count"] {
            assert!(!exists(&tree, &folder.child(file).unwrap()), "{path:?} {file}");
        }
        let error = object(&tree, &folder.child("explain.json").unwrap());
        assert!(error["error"].as_str().unwrap().contains(reason), "{path:?}: {error}");
    }
    // More partitions than the engine looks up.
    let list = |i| format!("p{i} in ({})", (0..50).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let lists = [0, 1, 2].map(list);
    let folder = below(&TableName::new("keys", "p3c3"), &lists.each_ref().map(String::as_str)).unwrap();
    assert_eq!(names_in(&tree, &folder), ["explain.json"]);
    assert!(!exists(&tree, &folder.child("count").unwrap()));
    assert!(object(&tree, &folder.child("explain.json").unwrap())["error"].is_string());
    let no_table = Request::Where(TableName::new("deletions", "nosuch"), Steps::default());
    assert!(!exists(&tree, &no_table) && !exists(&tree, &no_table.child("k=1").unwrap().child("count").unwrap()));

    let statement = |text: &str, extension: &str| Request::Statements.child(&format!("{text}.{extension}")).unwrap();
    for (text, reason) in [
        ("SELECT * FROM nosuch", "no table nosuch"),
        ("SELECT * FROM nosuch.overlaps", "no keyspace nosuch"),
        ("SELECT nosuch FROM deletions.overlaps", "no column nosuch"),
        ("SELECT * FRO deletions.overlaps", "FROM"),
        ("x", "SELECT"),
        ("%FF", "UTF-8"),
    ] {
        assert!(!exists(&tree, &statement(text, "json")), "{text}");
        let error = object(&tree, &statement(text, "explain.json"));
        assert!(error["error"].as_str().unwrap().contains(reason), "{text}: {error}");
    }
    for text in ["INSERT INTO deletions.overlaps (k) VALUES (1)", "drop table x", " TRUNCATE x"] {
        let error = tree.attributes(&statement(text, "csv")).unwrap_err();
        assert_eq!(error.kind(), sstablefs::Kind::Invalid, "{error}");
        assert!(object(&tree, &statement(text, "explain.json"))["error"].is_string());
    }
}

#[test]
fn a_long_answer_is_kept_once_it_was_read() {
    for (version, tree) in trees().into_iter().filter(|t| OWN_VERSIONS.contains(&t.0.as_str())) {
        let table = tables(&tree).into_iter().find(|t| {
            let size = tree.attributes(&Request::Rows(t.clone(), Format::Csv)).unwrap().unwrap().size;
            size == Size::Open && !t.keyspace().starts_with("system")
        });
        let table = table.unwrap_or_else(|| panic!("{version}: no long table"));
        let count = below(&table, &["count"]).unwrap();
        assert_eq!(tree.attributes(&count).unwrap().unwrap().size, Size::Open, "{version}: nothing is read for a stat");
        let first = tree.open(&count).unwrap().unwrap();
        assert_eq!(first.content.known_size(), None);
        let text = read(&*first.content, 0, 100);
        assert!(matches!(tree.cache.get(&count, first.attributes.version), Some(Known::Read(_))));
        let again = tree.open(&count).unwrap().unwrap();
        assert_eq!(again.content.known_size(), Some(text.len() as u64), "{version}: not read again");
        assert_eq!(again.attributes, first.attributes, "a file that is there stays what it was");
        assert_eq!(read(&*again.content, 0, 100), text);

        let lines = below(&table, &["rows.jsonl"]).unwrap();
        let all = whole(&tree, &lines);
        assert_eq!(text, format!("{}\n", all.iter().filter(|b| **b == b'\n').count()).into_bytes());
        assert!(all.len() > 512 << 10, "{version} {table}: {}", all.len());
        assert!(matches!(tree.cache.get(&lines, first.attributes.version), Some(Known::Long)), "too long to be kept");
    }
}

#[test]
fn texts_are_taken_up_in_the_middle() {
    let mut random = 7;
    for (version, tree) in trees().into_iter().filter(|t| OWN_VERSIONS.contains(&t.0.as_str())) {
        for (table, path) in
            [("sizes/wide", "rows.json"), ("sizes/wide_desc", "rows.csv"), ("deletions/overlaps", "rows.json")]
        {
            let (keyspace, name) = table.split_once('/').unwrap();
            for steps in [vec![], vec!["@limit=700"], vec!["@select=count(*)"]] {
                let request = below(&TableName::new(keyspace, name), &[steps, vec![path]].concat()).unwrap();
                let Request::Selected(_, _, answer) = &request else { panic!("{request}") };
                let question = tree.question(&request).unwrap().unwrap_or_else(|| panic!("{version} {request}"));
                let text = tree.query_text(&question, *answer);
                super::tests::read_at_random(&format!("{version} {request}"), text, &mut random);
            }
        }
    }
}

#[test]
fn an_answer_in_slices_is_the_same() {
    let mut random = 11;
    let mut cut = 0;
    for (version, tree) in trees().into_iter().filter(|t| OWN_VERSIONS.contains(&t.0.as_str())) {
        for table in tables(&tree).into_iter().filter(|t| !t.keyspace().starts_with("system")) {
            for path in ["rows.json", "rows.jsonl", "rows.csv", "count"] {
                for steps in [vec![path], vec!["@per-partition=1", path]] {
                    let request = below(&table, &steps).unwrap();
                    let Request::Selected(_, _, answer) = &request else { panic!("{request}") };
                    let Some(question) = tree.question(&request).unwrap() else { continue };
                    let text = tree.query_text(&question, *answer);
                    let Some(slices) = QuerySlices::new(&text, &tree.crew, 2000) else { continue };
                    cut += 1;
                    let mut whole = Vec::new();
                    assert!(!text.start(None).unwrap().fill(&mut whole, usize::MAX).unwrap());
                    let got = super::tests::read_at_random(&format!("{version} {request}"), slices, &mut random);
                    assert!(got == whole, "{version} {request}");
                }
            }
        }
    }
    assert!(cut > 100, "{cut}");
}

#[test]
fn what_asks_for_the_time_is_asked_again() {
    let (_, tree) = trees().into_iter().find(|t| t.0 == "oa").unwrap();
    let version = |text: &str| tree.attributes(&Request::Statements.child(text).unwrap()).unwrap().unwrap().version;
    let fixed = version("SELECT k FROM deletions.overlaps.csv");
    let moving = version("SELECT k, currentTimestamp() FROM deletions.overlaps.csv");
    assert_eq!(fixed >> 34, moving >> 34, "of the same SSTables");
    assert!(fixed & ((1 << 34) - 1) == 0 && moving != fixed);
}
