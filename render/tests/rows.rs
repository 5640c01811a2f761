//! Rows as JSON and CSV. The expected lines are what SELECT JSON and COPY TO of Cassandra 5.0.6 and cqlsh 6.2.2 print for
//! the same table, but for the name of a field that is no Python identifier, and the floats.

use std::sync::Arc;

use sstablefs::cql::{Type, UserType};
use sstablefs::rows::{Cell, NO_DELETION_TIME, Row, Span};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs_render::value::parse_text;
use sstablefs_render::{CsvRows, CsvStyle, JsonRows, RowText};

fn user() -> Type {
    let texts = Type::Set { element: Box::new(Type::Text), multi_cell: false };
    let fields = [("a", Type::Int), ("B c", Type::Text), ("s", texts), ("ts", Type::Timestamp)];
    let fields = fields.into_iter().map(|(name, ty)| (name.to_string(), ty)).collect();
    Type::User(Arc::new(UserType { keyspace: "ks".into(), name: "u".into(), fields, multi_cell: true }))
}

/// CREATE TABLE t (k int, c text, st text static, …, PRIMARY KEY (k, c))
fn table() -> Arc<Table> {
    let mut table = Table::new("ks", "t");
    table.partition_key.push(Column::new("k", Type::Int, ColumnKind::PartitionKey));
    table.clustering.push(Column::new("c", Type::Text, ColumnKind::Clustering));
    table.statics.push(Column::new("st", Type::Text, ColumnKind::Static));
    let (text, inet) = (Box::new(Type::Text), Box::new(Type::Inet));
    let columns = [
        ("a", Type::Text),
        ("l", Type::List { element: text.clone(), multi_cell: true }),
        ("m", Type::Map { key: text, value: inet, multi_cell: true }),
        ("tu", Type::Tuple(vec![Type::Int, Type::Text])),
        ("u", user()),
        ("d", Type::Timestamp),
        ("f", Type::Float),
        ("b", Type::Boolean),
        ("bl", Type::Blob),
        ("ip", Type::Inet),
        ("du", Type::Duration),
        ("v", Type::Vector { element: Box::new(Type::Float), dimension: 2 }),
        ("dt", Type::Date),
        ("Q", Type::Int),
        ("se", Type::Set { element: Box::new(Type::Timestamp), multi_cell: true }),
        ("vi", Type::Varint),
    ];
    table.regulars = columns.map(|(name, ty)| Column::new(name, ty, ColumnKind::Regular)).into();
    table.sort_columns();
    Arc::new(table)
}

/// Puts a row together from its clustering and the cells `(column, path, value)`.
fn row(columns: &[Column], clustering: Option<&str>, cells: &[(&str, Vec<u8>, Vec<u8>)]) -> Row {
    let mut row = Row::default();
    if let Some(value) = clustering {
        let span = row.store(value.as_bytes());
        row.clustering.push(span);
    }
    for (name, path, value) in cells {
        let column = columns.iter().position(|c| c.name == *name).unwrap() as u16;
        let (path, value) = (row.store(path), row.store(value));
        let cell = Cell { column, ttl: 0, timestamp: 1, local_deletion_time: NO_DELETION_TIME, value, path };
        row.cells.push(cell);
    }
    row.cells.sort_by_key(|cell| cell.column);
    row
}

fn lines(rows: &mut dyn RowText) -> String {
    let table = table();
    let none = Vec::new;
    let value = |ty: &Type, text: &str| parse_text(ty, text).unwrap();
    let simple =
        |name: &'static str, text: &str| (name, Vec::new(), parse_text(&table.column(name).unwrap().ty, text).unwrap());
    let path = |i: u16| i.to_be_bytes().to_vec();
    let element = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let texts = [vec![0, 0, 0, 2], element("x"), element("y")].concat();
    let time = "2020-01-01 00:00:00Z";
    let first = [
        simple("a", "x',\"\\y\n\t"),
        ("l", vec![1], b"a'b".to_vec()),
        ("l", vec![2], b"c\"d\\e,\nf".to_vec()),
        ("m", b"k'1".to_vec(), value(&Type::Inet, "::1")),
        ("tu", none(), [vec![0, 0, 0, 4, 0, 0, 0, 1], element("x'\"y")].concat()),
        ("u", path(0), value(&Type::Int, "1")),
        ("u", path(1), b"q'z".to_vec()),
        ("u", path(2), texts),
        ("u", path(3), value(&Type::Timestamp, time)),
        simple("d", "0800-01-02 03:04:05.678Z"),
        simple("f", "1.5"),
        simple("b", "true"),
        simple("bl", "ab"),
        simple("ip", "1.2.3.4"),
        simple("du", "1y2d3h"),
        ("v", none(), [1f32.to_be_bytes(), 0.1f32.to_be_bytes()].concat()),
        simple("dt", "0999-01-01"),
        simple("Q", "5"),
        ("se", value(&Type::Timestamp, time), none()),
        ("se", value(&Type::Timestamp, "253402300800000"), none()),
        simple("vi", "-7"),
    ];
    let second = [
        simple("a", ""),
        simple("bl", ""),
        ("u", path(0), value(&Type::Int, "2")),
        ("tu", none(), [vec![0, 0, 0, 4, 0, 0, 0, 1], element("z")].concat()),
    ];
    let third = [simple("d", "253402300800000"), simple("ip", "1:0:0:2::")];
    let fourth = [simple("d", "-62135596800000"), simple("a", "#")];

    let mut out = Vec::new();
    let mut lines = Vec::new();
    rows.header(&mut out);
    let statics = row(&table.statics, None, &[("st", Vec::new(), b"it's".to_vec())]);
    rows.partition(&1i32.to_be_bytes(), &statics).unwrap();
    let mut push = |rows: &mut dyn RowText, row: Option<Row>| {
        rows.row(row.as_ref(), &mut out).unwrap();
        lines.append(&mut out);
        if lines.last() != Some(&b'\n') {
            lines.push(b'\n');
        }
    };
    push(rows, Some(row(&table.regulars, Some("a,\"b\"\\c\nd"), &first)));
    push(rows, None);
    rows.partition(&2i32.to_be_bytes(), &Row::default()).unwrap();
    push(rows, Some(row(&table.regulars, Some(""), &second)));
    push(rows, Some(row(&table.regulars, Some("é ü "), &fourth)));
    push(rows, Some(row(&table.regulars, Some(" lead "), &third)));
    String::from_utf8(lines).unwrap()
}

#[test]
fn json_rows_are_those_of_select_json() {
    let expected = include_str!("rows.jsonl");
    let text = lines(&mut JsonRows::new(&table()));
    assert_eq!(text, expected);
}

#[test]
fn csv_rows_are_those_of_copy_to() {
    let expected = include_str!("rows.csv");
    let text = lines(&mut CsvRows::new(&table(), CsvStyle::Cqlsh));
    assert_eq!(text, expected);
}

#[test]
fn rfc4180_doubles_quotes_and_keeps_text() {
    let text = lines(&mut CsvRows::new(&table(), CsvStyle::Rfc4180));
    assert!(text.contains("\n1,\"a,\"\"b\"\"\\c\nd\",5,\"x',\"\"\\y\n\t\",True,"), "{text}");
}

#[test]
fn a_null_clustering_value_is_null() {
    let mut row = Row::default();
    row.clustering.push(Span::NULL);
    let mut rows = JsonRows::new(&table());
    rows.partition(&1i32.to_be_bytes(), &Row::default()).unwrap();
    let mut out = Vec::new();
    rows.row(Some(&row), &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().starts_with(r#"{"k": 1, "c": null, "st": null, "#));
}
