//! Values of every type against what Cassandra prints for them.
//!
//! values.tsv was made with Cassandra 5.0.6: name of the type, bytes in hexadecimal, AbstractType.toJSONString, getString,
//! and what fromString makes of the latter (`=` for the same bytes). `<…>` is an exception that Cassandra threw.

use std::sync::Arc;

use sstablefs::cql::{Type, UserType};
use sstablefs_render::value::{CqlLiteral, JsonValue, TextValue, parse_text};

fn ty(name: &str) -> Type {
    let boxed = |name: &str| Box::new(ty(name));
    let udt = || UserType {
        keyspace: "ks".into(),
        name: "u".into(),
        fields: vec![("a".into(), Type::Int), ("Big \"N\"".into(), Type::Text), ("ünï".into(), ty("set<int>"))],
        multi_cell: false,
    };
    match name {
        "ascii" => Type::Ascii,
        "text" => Type::Text,
        "tinyint" => Type::TinyInt,
        "smallint" => Type::SmallInt,
        "int" => Type::Int,
        "bigint" => Type::BigInt,
        "varint" => Type::Varint,
        "decimal" => Type::Decimal,
        "float" => Type::Float,
        "double" => Type::Double,
        "boolean" => Type::Boolean,
        "blob" => Type::Blob,
        "uuid" => Type::Uuid,
        "timeuuid" => Type::TimeUuid,
        "lexicaluuid" => Type::LexicalUuid,
        "inet" => Type::Inet,
        "timestamp" => Type::Timestamp,
        "date" => Type::Date,
        "time" => Type::Time,
        "duration" => Type::Duration,
        "empty" => Type::Empty,
        "list<text>" => Type::List { element: boxed("text"), multi_cell: false },
        "set<timestamp>" => Type::Set { element: boxed("timestamp"), multi_cell: false },
        "set<int>" => Type::Set { element: boxed("int"), multi_cell: false },
        "map<float,inet>" => Type::Map { key: boxed("float"), value: boxed("inet"), multi_cell: false },
        "map<list<text>,blob>" => Type::Map { key: boxed("list<text>"), value: boxed("blob"), multi_cell: false },
        "map<boolean,date>" => Type::Map { key: boxed("boolean"), value: boxed("date"), multi_cell: false },
        "map<text,udt>" => Type::Map { key: boxed("text"), value: boxed("udt"), multi_cell: false },
        "tuple<int,text,double>" => Type::Tuple(vec![Type::Int, Type::Text, Type::Double]),
        "udt" => Type::User(Arc::new(udt())),
        "vector<float,3>" => Type::Vector { element: boxed("float"), dimension: 3 },
        "vector<text,2>" => Type::Vector { element: boxed("text"), dimension: 2 },
        "vector<smallint,2>" => Type::Vector { element: boxed("smallint"), dimension: 2 },
        "composite" => Type::Composite(vec![Type::Text, Type::Int, Type::Timestamp]),
        "composite2" => Type::Composite(vec![ty("tuple<int,text,double>"), Type::Blob]),
        other => panic!("no type {other} in this test"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                c => c,
            },
            c => c,
        });
    }
    out
}

#[test]
fn values_print_as_in_cassandra() {
    let mut checked = 0;
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/values.tsv")).unwrap();
    for line in table.split('\n').filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, bytes, json, text, back] = columns[..] else { panic!("five columns in {line:?}") };
        let (ty, bytes) = (ty(name), unhex(bytes));
        let mut out = Vec::new();
        if !json.starts_with('<') {
            JsonValue::new(&ty).write(&bytes, &mut out).unwrap();
            assert_eq!(String::from_utf8_lossy(&out), unescape(json), "JSON of {line}");
        }
        if text.starts_with('<') {
            continue;
        }
        out.clear();
        TextValue::new(&ty).write(&bytes, &mut out).unwrap();
        let text = unescape(text);
        assert_eq!(String::from_utf8_lossy(&out), text, "text of {line}");
        if !back.starts_with('<') {
            let expected = if back == "=" { bytes } else { unhex(back) };
            assert_eq!(parse_text(&ty, &text).unwrap(), expected, "value that the text of {line} names");
        }
        checked += 1;
    }
    assert!(checked > 200, "only {checked} values checked");
}

/// literals.tsv: what AbstractType.toCQLString of Cassandra 5.0.6 made of the same values.
#[test]
fn literals_are_those_of_cassandra() {
    let mut checked = 0;
    for line in include_str!("literals.tsv").split('\n').filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, bytes, literal] = columns[..] else { panic!("three columns in {line:?}") };
        if literal.starts_with('<') {
            continue;
        }
        let mut out = Vec::new();
        CqlLiteral::new(&ty(name)).write(Some(&unhex(bytes)), &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), unescape(literal), "{line}");
        checked += 1;
    }
    assert!(checked > 200, "only {checked} values checked");
    let mut out = Vec::new();
    CqlLiteral::new(&Type::Int).write(None, &mut out).unwrap();
    assert_eq!(out, b"null");
}

#[test]
fn cut_values_are_errors_and_not_panics() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/values.tsv")).unwrap();
    for line in table.split('\n').filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (ty, bytes) = (ty(columns[0]), unhex(columns[1]));
        let (json, text, literal) = (JsonValue::new(&ty), TextValue::new(&ty), CqlLiteral::new(&ty));
        for other in ["int", "uuid", "inet", "decimal", "duration", "tuple<int,text,double>", "map<text,udt>"] {
            let _ = JsonValue::new(&self::ty(other)).write(&bytes, &mut Vec::new());
        }
        for cut in 0..bytes.len() {
            let _ = json.write(&bytes[..cut], &mut Vec::new());
            let _ = text.write(&bytes[..cut], &mut Vec::new());
            let _ = literal.write(Some(&bytes[..cut]), &mut Vec::new());
        }
    }
}
