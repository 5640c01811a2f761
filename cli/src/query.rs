//! `sstablefs query`: the rows that a SELECT gives.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use sstablefs::cql::Type;
use sstablefs::query::{Query, Statement};
use sstablefs::table::{Database, TableStore};
use sstablefs_render::csv::{CsvResult, CsvStyle};
use sstablefs_render::result::{JsonResult, TableResult};

use crate::args::{Csv, Query as Arguments, QueryOutput};
use crate::time::now;
use crate::{Failure, options};

const BUFFER: usize = 1 << 16;

pub(crate) fn run(args: &Arguments) -> Result<(), Failure> {
    let statement = Statement::parse(&args.statement)?;
    let database = Database::open(&args.data, &options(&args.schema))?;
    let store = find(&database, &statement)?;
    let view = store.view()?;
    let query = Arc::new(statement.bind(view.table())?);
    for problem in store.problems().iter().map(ToString::to_string).collect::<BTreeSet<_>>() {
        eprintln!("sstablefs: {problem}");
    }
    let mut rows = query.run(&view, args.time.now.unwrap_or_else(now))?;
    let style = if args.csv == Csv::Rfc4180 { CsvStyle::Rfc4180 } else { CsvStyle::Cqlsh };
    let mut text = Text::new(&query, args.output, style);
    let mut out = io::stdout().lock();
    let mut buffer = Vec::with_capacity(BUFFER * 2);
    text.begin(&mut buffer);
    while let Some(row) = rows.next_row()? {
        text.row(&row, &mut buffer)?;
        if buffer.len() >= BUFFER {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    text.end(&mut buffer);
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(())
}

/// The table that the statement names; the keyspace may be left out where there is only one table of that name.
fn find(database: &Database, statement: &Statement) -> sstablefs::Result<Arc<TableStore>> {
    let name = statement.table();
    let keyspaces: Vec<String> = match statement.keyspace() {
        Some(keyspace) => vec![keyspace.to_owned()],
        None => database.keyspaces().into_iter().filter(|k| database.table(k, name).is_some()).collect(),
    };
    match keyspaces.as_slice() {
        [keyspace] => database.table(keyspace, name).ok_or_else(|| {
            let tables = database.tables(keyspace);
            statement.error_at_table(&match tables.is_empty() {
                true => format!("there is no keyspace {keyspace}; there are {}", database.keyspaces().join(", ")),
                false => format!("the keyspace {keyspace} has no table {name}; it has {}", tables.join(", ")),
            })
        }),
        [] => Err(statement.error_at_table(&format!("there is no table {name}"))),
        several => {
            Err(statement.error_at_table(&format!("{name} is in several keyspaces, name one: {}", several.join(", "))))
        }
    }
}

/// The output in one of its forms.
enum Text {
    Json { rows: JsonResult, lines: bool, count: u64 },
    Csv(CsvResult, Option<JsonResult>),
    Table(TableResult, Option<JsonResult>),
}

impl Text {
    fn new(query: &Query, output: QueryOutput, style: CsvStyle) -> Self {
        let columns = || query.columns().iter().map(|c| (c.name.as_str(), &c.ty));
        let json = query.is_json().then(|| JsonResult::new(columns()));
        let only = std::iter::once(("[json]", &Type::Text));
        match output {
            QueryOutput::Json => Text::Json { rows: JsonResult::new(columns()), lines: false, count: 0 },
            QueryOutput::Jsonl => Text::Json { rows: JsonResult::new(columns()), lines: true, count: 0 },
            QueryOutput::Csv if json.is_some() => Text::Csv(CsvResult::new(only, style), json),
            QueryOutput::Csv => Text::Csv(CsvResult::new(columns(), style), None),
            QueryOutput::Table if json.is_some() => Text::Table(TableResult::new(only), json),
            QueryOutput::Table => Text::Table(TableResult::new(columns()), None),
        }
    }

    fn begin(&self, out: &mut Vec<u8>) {
        match self {
            Text::Json { lines: false, .. } => out.push(b'['),
            Text::Csv(rows, _) => rows.header(out),
            Text::Json { .. } | Text::Table(..) => {}
        }
    }

    fn row(&mut self, values: &[Option<Vec<u8>>], out: &mut Vec<u8>) -> sstablefs::Result<()> {
        let object = |json: &JsonResult| {
            let mut text = Vec::new();
            json.row(values, &mut text).map(|()| vec![Some(text)])
        };
        match self {
            Text::Json { rows, lines, count } => {
                if !*lines {
                    out.extend_from_slice(if *count > 0 { b",\n" } else { b"\n" });
                }
                *count += 1;
                rows.row(values, out)?;
                if *lines {
                    out.push(b'\n');
                }
                Ok(())
            }
            Text::Csv(rows, Some(json)) => rows.row(&object(json)?, out),
            Text::Csv(rows, None) => rows.row(values, out),
            Text::Table(rows, Some(json)) => rows.row(&object(json)?, out),
            Text::Table(rows, None) => rows.row(values, out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        match self {
            Text::Json { lines: false, count, .. } => out.extend_from_slice(if *count > 0 { b"\n]\n" } else { b"]\n" }),
            Text::Table(rows, _) => rows.finish(out),
            Text::Json { .. } | Text::Csv(..) => {}
        }
    }
}
