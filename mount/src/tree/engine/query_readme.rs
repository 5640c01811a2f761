//! The README.txt of the folders of queries, with examples that can be asked here.

use std::fmt::Write;
use std::sync::Arc;

use sstablefs::Result;
use sstablefs::cql::{Token, Type, names};
use sstablefs::query::Statement;
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs::table::{Database, TableStore};
use sstablefs_render::value::CsvValue;

use super::epoch::Moment;
use super::select;
use super::texts::quote;
use crate::path::{Steps, TableName, encode, is_blank};

/// Of `where` of a table. `moment` gives the table as it is now.
pub(super) fn of_where(
    name: &TableName,
    store: &TableStore,
    moment: impl FnOnce() -> Result<Option<Moment>>,
) -> Result<String> {
    let table = store.schema()?;
    let mut out = format!("Questions about the rows of {name}, as paths below this folder.\n\nColumns\n\n");
    let width = table.all_columns().map(|c| c.name.chars().count()).max().unwrap_or_default();
    for column in table.all_columns() {
        let what = match column.kind {
            ColumnKind::PartitionKey => "partition key",
            ColumnKind::Clustering if column.reversed => "clustering, descending",
            ColumnKind::Clustering => "clustering",
            ColumnKind::Static => "static",
            ColumnKind::Regular => "",
        };
        let line = format!("  {:width$}  {}  {what}", column.name, names::cql_name(&column.ty));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push_str(STEPS);
    // Without a row that can be read there are no examples of values.
    let first = moment().ok().flatten().and_then(|m| first_row(&m, &table).ok().flatten()).unwrap_or_default();
    let examples = examples(&table, &first);
    if !examples.is_empty() {
        out.push_str("\nFor example\n\n");
        examples.iter().for_each(|e| {
            let _ = writeln!(out, "  cat {e}");
        });
    }
    Ok(out)
}

const STEPS: &str = "
Each component of a path is a predicate or an option. All predicates have to hold; the order of components does not matter.

  COLUMN=V  COLUMN!=V  COLUMN<V  COLUMN<=V  COLUMN>V  COLUMN>=V
  COLUMN in (V,V)    COLUMN contains V    COLUMN contains key V    COLUMN like V    MAP[KEY]=V
  (COLUMN,COLUMN)>(V,V)    token(COLUMN)>V
  @select=COLUMNS AND FUNCTIONS    @limit=N    @order=COLUMN desc    @per-partition=N    @distinct    @group=COLUMNS

V is a CQL literal; texts, times and addresses need no quotes. '/' is written %2F, and '%' %25 where two hexadecimal digits
follow. Every folder has these files:

  rows.json  rows.jsonl  rows.csv    the rows
  count                              how many there are
  explain.json                       the SELECT that it comes to and what it would read; or why it can't be answered, and then
                                     there are no other files
";

/// In so much data a first row is looked for, if tokens are spread evenly.
const LOOKED_AT: u64 = 4 << 20;

/// The values of the primary key of the first row, as they may stand in a path.
fn first_row(moment: &Moment, table: &Arc<Table>) -> Result<Option<Vec<String>>> {
    let key: Vec<&Column> = table.partition_key.iter().chain(&table.clustering).collect();
    let columns = key.iter().map(|c| names::identifier(&c.name)).collect::<Vec<_>>().join(", ");
    let (keyspace, name) = (names::identifier(&table.keyspace), names::identifier(&table.name));
    let view = &moment.epoch.view;
    let data: u64 = view.sstables().iter().map(|s| s.data().len()).sum();
    // If all that a long table begins with is deleted, there is no example.
    let mut bound = String::new();
    if data > LOOKED_AT {
        let Token::Murmur3(_) = view.key_order().token(&[]) else { return Ok(None) };
        let part = (u128::from(LOOKED_AT) << 64) / u128::from(data);
        let key = table.partition_key.iter().map(|c| names::identifier(&c.name)).collect::<Vec<_>>().join(", ");
        bound = format!(" WHERE token({key}) < {}", i64::MIN.wrapping_add(part as i64));
    }
    let statement = Statement::parse(&format!("SELECT {columns} FROM {keyspace}.{name}{bound} LIMIT 1"))?;
    let mut rows = Arc::new(sstablefs_render::bind(&statement, table)?).run(view, moment.now)?;
    let Some(row) = rows.next_row()? else { return Ok(None) };
    let mut values = Vec::new();
    for (column, value) in key.iter().zip(&row) {
        let Some(value) = value else { break };
        values.push(in_path(&column.ty, value)?);
    }
    Ok(Some(values))
}

/// A value as it may stand in a path, before it is encoded.
pub(super) fn in_path(ty: &Type, value: &[u8]) -> Result<String> {
    let mut text = Vec::new();
    match ty {
        Type::Text | Type::Ascii => text.extend_from_slice(value),
        _ => CsvValue::new(ty).write(value, false, &mut text)?,
    }
    let text = String::from_utf8_lossy(&text);
    // What would be read as a literal, or lose its blanks, is put into quotes.
    let plain = !text.starts_with(['\'', '$']) && text.trim_matches(is_blank) == text;
    Ok(if plain || !matches!(ty, Type::Text | Type::Ascii) { text.into_owned() } else { names::string_literal(&text) })
}

/// Paths that can be asked.
fn examples(table: &Arc<Table>, values: &[String]) -> Vec<String> {
    let predicate = |column: &Column, operator: &str, value: &str| {
        let mut name = String::new();
        encode(&format!("{}{operator}{value}", names::identifier(&column.name)), &mut name);
        name
    };
    let equal = |columns: &[Column], values: &[String]| -> Vec<String> {
        columns.iter().zip(values).map(|(c, v)| predicate(c, "=", v)).collect()
    };
    let keys = table.partition_key.len();
    let mut paths: Vec<(Vec<String>, &str)> = vec![(vec!["@limit=3".to_owned()], "rows.jsonl")];
    if values.len() >= keys {
        let partition = equal(&table.partition_key, values);
        paths.push((partition.clone(), "rows.csv"));
        if let (Some(column), Some(value)) = (table.clustering.first(), values.get(keys)) {
            let slice = [partition.clone(), vec![predicate(column, ">=", value)]].concat();
            paths.push((slice.clone(), "count"));
            let order = format!("@order={} desc", names::identifier(&column.name));
            paths.push(([partition, vec![order, "@limit=1".to_owned()]].concat(), "rows.json"));
            paths.push((slice, "explain.json"));
        }
    }
    let can_be_asked = |path: &[String]| {
        let steps = path.iter().try_fold(Steps::default(), |steps, name| steps.and(name));
        let statement = steps.and_then(|s| select::statement(table, &s, false).ok());
        statement.is_some_and(|s| Statement::parse(&s).and_then(|s| sstablefs_render::bind(&s, table)).is_ok())
    };
    paths.retain(|(path, _)| path.iter().all(|name| name.len() <= 255) && can_be_asked(path));
    paths.iter().map(|(path, file)| quote(&format!("{}/{file}", path.join("/")))).collect()
}

/// Of the folder of statements.
pub(super) fn of_statements(database: &Database) -> String {
    let mut out = String::from(STATEMENTS);
    let tables = |keyspace: &String| database.tables(keyspace);
    let own = database.keyspaces().into_iter().find(|k| !k.starts_with("system") && !tables(k).is_empty());
    if let Some((keyspace, table)) = own.and_then(|k| tables(&k).into_iter().next().map(|t| (k, t))) {
        let from = format!("{}.{}", names::identifier(&keyspace), names::identifier(&table));
        let mut name = String::new();
        encode(&from, &mut name);
        let _ = writeln!(out, "\nFor example\n");
        for (what, extension) in [("SELECT count(*) FROM", "csv"), ("SELECT * FROM", "explain.json")] {
            let _ = writeln!(out, "  cat {}", quote(&format!("{what} {name}.{extension}")));
        }
    }
    out
}

const STATEMENTS: &str = "\
A file here is called as the SELECT that it answers.

  SELECT ….json            an array of objects, as SELECT JSON returns them
  SELECT ….jsonl           the same, one object a line
  SELECT ….csv             as CSV with a header
  SELECT ….explain.json    what it would read; or why it can't be answered, and then there are no other files

'/' is written %2F, and '%' %25 where two hexadecimal digits follow. The keyspace may be left out where only one has a table of
that name. A name can have 255 bytes; longer questions can be asked below KEYSPACE/TABLE/where, or with `sstablefs query`.
";
