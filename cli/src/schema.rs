//! `sstablefs schema`: the CREATE statements.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use sstablefs::schema::Detail;
use sstablefs::table::{Database, discover};

use crate::args::Schema;
use crate::{Failure, options};

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
    let mut texts = Vec::new();
    for keyspace in shown {
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
    out.write_all(texts.join("\n").as_bytes())?;
    out.flush()?;
    let problems: BTreeSet<String> = database.problems().iter().map(ToString::to_string).collect();
    for problem in problems {
        eprintln!("sstablefs: {problem}");
    }
    Ok(())
}

/// Whether a path is that of one table or SSTable.
fn is_table(path: &Path) -> bool {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = if path.is_file() { path.parent().map(Path::to_owned).unwrap_or_default() } else { path.clone() };
    discover::find(&[path]).is_ok_and(|dirs| matches!(dirs.as_slice(), [only] if only.path == folder))
}
