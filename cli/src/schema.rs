//! `sstablefs schema`: the CREATE statements.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sstablefs::cql::names::cql_name;
use sstablefs::schema::{ColumnKind, Detail, uuid};
use sstablefs::table::{Database, TableStore, discover};

use crate::args::{Form, Schema};
use crate::{Failure, options, tell};

/// Keyspaces that Cassandra makes itself.
const SYSTEM: [&str; 5] = ["system", "system_auth", "system_distributed", "system_schema", "system_traces"];

pub(crate) fn run(args: &Schema) -> Result<(), Failure> {
    let database = Database::open(&args.data, &options(&args.schema))?;
    let detail = if args.internals { Detail::Internals } else { Detail::Plain };
    let all = database.keyspaces();
    let own: Vec<&String> = all.iter().filter(|k| !SYSTEM.contains(&k.as_str())).collect();
    let shown = if args.full || own.is_empty() { all.iter().collect() } else { own };
    // Of a table's folder only that table is asked for.
    let whole = args.data.iter().any(|path| !is_table(path));
    let (mut texts, mut tables) = (Vec::new(), Vec::new());
    for keyspace in shown {
        if args.output == Form::Json {
            for table in database.tables(keyspace).iter().filter_map(|table| database.table(keyspace, table)) {
                tables.push(describe(&table, detail)?);
            }
            continue;
        }
        if whole {
            texts.push(database.keyspace_cql(keyspace, detail)?);
            continue;
        }
        for table in database.tables(keyspace) {
            if let Some(store) = database.table(keyspace, &table) {
                texts.push(store.schema_cql(detail)?);
            }
        }
    }
    let mut out = io::stdout().lock();
    match args.output {
        Form::Text => out.write_all(texts.join("\n").as_bytes())?,
        Form::Json => writeln!(out, "{:#}", Value::Array(tables))?,
    }
    out.flush()?;
    let problems: BTreeSet<String> = database.problems().iter().map(ToString::to_string).collect();
    for problem in problems {
        tell(&format!("sstablefs: {problem}"));
    }
    Ok(())
}

fn describe(store: &TableStore, detail: Detail) -> Result<Value, Failure> {
    let table = store.schema()?;
    let kinds = [&table.partition_key, &table.clustering, &table.statics, &table.regulars];
    let columns = kinds.into_iter().flatten().map(|column| {
        let kind = match column.kind {
            ColumnKind::PartitionKey => "partition_key",
            ColumnKind::Clustering => "clustering",
            ColumnKind::Static => "static",
            ColumnKind::Regular => "regular",
        };
        json!({"name": column.name, "type": cql_name(&column.ty), "kind": kind, "descending": column.reversed})
    });
    Ok(json!({
        "keyspace": table.keyspace,
        "table": table.name,
        "id": uuid(&table.id),
        "names_are_made_up": store.is_inferred(),
        "columns": columns.collect::<Vec<_>>(),
        "cql": store.schema_cql(detail)?,
    }))
}

/// Whether a path is that of one table or SSTable.
fn is_table(path: &Path) -> bool {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = if path.is_file() { path.parent().map(Path::to_owned).unwrap_or_default() } else { path.clone() };
    discover::find(&[path]).is_ok_and(|found| matches!(found.dirs.as_slice(), [only] if only.path == folder))
}
