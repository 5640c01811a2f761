//! Small files about a whole, a keyspace, a table or an SSTable.

use std::fmt::Write;
use std::fs;
use std::sync::Arc;

use crate::metadata::{Metadata, Surroundings, TimeUnit, to_json};
use serde_json::{Map, Value, json};
use sstablefs::Result;
use sstablefs::cql::names;
use sstablefs::schema::Detail;
use sstablefs::sstable::{Component, Reader};
use sstablefs::table::{Database, TableStore};

use super::epoch::Moment;
use super::keys;
use crate::path::{Format, TableName};

/// So many tables are shown as examples: each has to be opened.
const EXAMPLES: usize = 3;

pub(super) fn keyspace_schema(database: &Database, keyspace: &str) -> Result<String> {
    database.keyspace_cql(keyspace, Detail::Plain)
}

pub(super) fn table_schema(store: &TableStore) -> Result<String> {
    Ok(store.schema()?.to_cql(Detail::Plain) + "\n")
}

/// The table's SSTables and what is wrong with them; made of what there is.
pub(super) fn table_info(
    name: &TableName,
    store: &TableStore,
    moment: Result<Moment>,
    read_errors: Vec<String>,
) -> String {
    let mut info = Map::new();
    info.insert("keyspace".into(), name.keyspace().into());
    info.insert("table".into(), name.table().into());
    let folders: Vec<Value> = store.dirs().dirs.iter().map(|d| d.path.display().to_string().into()).collect();
    info.insert("directories".into(), folders.into());
    let mut problems: Vec<String> = Vec::new();
    match moment {
        Ok(moment) => totals(&moment, &mut info),
        Err(e) => problems.push(e.to_string()),
    }
    for problem in store.problems() {
        let text = problem.to_string();
        if !problems.contains(&text) {
            problems.push(text);
        }
    }
    info.insert("schema_is_inferred".into(), store.is_inferred().into());
    info.insert("problems".into(), problems.into());
    info.insert("read_errors".into(), read_errors.into());
    pretty(&Value::Object(info))
}

fn totals(moment: &Moment, info: &mut Map<String, Value>) {
    let sstables = moment.epoch.sstables();
    let stats = || sstables.iter().map(|(_, s)| &s.statistics().stats);
    let sum = |value: &dyn Fn(&Arc<Reader>) -> i64| sstables.iter().map(|(_, s)| value(s)).sum::<i64>();
    info.insert("bytes_on_disk".into(), sstables.iter().map(|(_, s)| size_on_disk(s)).sum::<u64>().into());
    info.insert("data_bytes".into(), sstables.iter().map(|(_, s)| s.data().len()).sum::<u64>().into());
    // Each SSTable counts for itself: what several have is counted several times.
    info.insert("partitions_at_most".into(), sum(&|s| s.statistics().stats.partition_sizes.count()).into());
    info.insert("rows_at_most".into(), sum(&|s| s.statistics().stats.total_rows).into());
    info.insert("tombstones_estimate".into(), sum(&|s| tombstones(s)).into());
    info.insert("min_timestamp".into(), stats().map(|s| s.min_timestamp).min().into());
    info.insert("max_timestamp".into(), stats().map(|s| s.max_timestamp).max().into());
    let (rows, bytes) = moment.epoch.pending();
    info.insert("pending".into(), json!({ "rows": rows, "data_bytes": bytes }));
    let each: Vec<Value> = sstables.iter().map(|(name, sstable)| sstable_info(name, sstable)).collect();
    info.insert("sstables".into(), each.into());
}

fn sstable_info(name: &str, sstable: &Arc<Reader>) -> Value {
    let stats = &sstable.statistics().stats;
    let descriptor = sstable.descriptor();
    json!({
        "id": name,
        "file": descriptor.component(Component::Data).display().to_string(),
        "version": descriptor.version.to_string(),
        "bytes_on_disk": size_on_disk(sstable),
        "data_bytes": sstable.data().len(),
        "partitions": stats.partition_sizes.count(),
        "rows": stats.total_rows,
        "tombstones_estimate": tombstones(sstable),
        "min_timestamp": stats.min_timestamp,
        "max_timestamp": stats.max_timestamp,
        "max_ttl": stats.max_ttl,
        "level": stats.level,
        "repaired_at": stats.repaired_at,
        "notes": sstable.notes(),
    })
}

fn tombstones(sstable: &Reader) -> i64 {
    sstable.statistics().stats.tombstone_drop_times.iter().map(|(_, count)| i64::from(*count)).sum()
}

/// Of all components that are there.
fn size_on_disk(sstable: &Reader) -> u64 {
    let size = |c| fs::symlink_metadata(sstable.descriptor().component(c)).map_or(0, |m| m.len());
    Component::ALL.into_iter().map(size).sum()
}

/// What sstablemetadata tells about an SSTable.
pub(super) fn metadata(sstable: &Reader, now: i64) -> Result<String> {
    let metadata = Metadata::read(sstable.descriptor())?;
    Ok(pretty(&to_json(&metadata, &Surroundings { now, utc_offset: &|_| 0, timestamps: TimeUnit::default() })?))
}

pub(super) fn pretty(value: &Value) -> String {
    // Writing a value of strings and numbers to memory does not fail.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// What is here, with examples made of this mount's own tables.
///
/// `moment` gives a table as it is now.
pub(super) fn readme(database: &Database, moment: impl Fn(&TableName) -> Result<Option<Moment>>) -> String {
    let mut out = String::from(INTRODUCTION);
    let own = |keyspace: &String| !keyspace.starts_with("system");
    let (mut keyspaces, system): (Vec<String>, Vec<String>) = database.keyspaces().into_iter().partition(own);
    keyspaces.extend(system);
    out.push_str("\nKeyspaces and tables\n\n");
    for keyspace in &keyspaces {
        let _ = writeln!(out, "  {keyspace}/  {}", database.tables(keyspace).join(" "));
    }
    let mut examples = 0;
    let all = keyspaces.iter().flat_map(|k| database.tables(k).into_iter().map(move |t| (k, t)));
    for (keyspace, table) in all {
        let Ok(Some(moment)) = moment(&TableName::new(keyspace, &table)) else { continue };
        let Ok(Some(key)) = keys::first(&moment, Format::Json) else { continue };
        if examples == 0 {
            out.push_str("\nFor example\n\n");
        }
        let key = quote(&key);
        let _ = writeln!(out, "  ls {keyspace}/{table}/json | head");
        let _ = writeln!(out, "  cat {keyspace}/{table}/json/{key}.json");
        let _ = writeln!(out, "  cat {keyspace}/{table}/csv/{key}.csv");
        let _ = writeln!(out, "  head {keyspace}/{table}/rows.jsonl");
        let _ = writeln!(out, "  cat {keyspace}/{table}/where/README.txt");
        let from = format!("{}.{}", names::identifier(keyspace), names::identifier(&table));
        let _ = writeln!(out, "  cat {}\n", quote(&format!("cql/SELECT count(*) FROM {from}.csv")));
        examples += 1;
        if examples == EXAMPLES {
            break;
        }
    }
    let problems = database.problems();
    if !problems.is_empty() {
        out.push_str("\nTo know\n\n");
        problems.iter().for_each(|p| {
            let _ = writeln!(out, "  {p}");
        });
    }
    out
}

/// As an argument in a shell.
pub(super) fn quote(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,+@%".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

const INTRODUCTION: &str = "\
These are Apache Cassandra SSTables, shown as files by sstablefs. Nothing here can be changed, and new
data goes into staging/.

  KEYSPACE/schema.cql                  CREATE statements of the keyspace and its tables
  KEYSPACE/TABLE/schema.cql            those of the table
  KEYSPACE/TABLE/info.json             its SSTables: sizes, estimates, times, and what is wrong with them
  KEYSPACE/TABLE/rows.json             all rows: an array of objects as SELECT JSON returns them
  KEYSPACE/TABLE/rows.jsonl            the same, one object a line
  KEYSPACE/TABLE/rows.csv              the same as CSV with a header, as cqlsh's COPY TO writes it
  KEYSPACE/TABLE/json/KEY.json         one partition by its key; parts of a composite key are joined with ':'
  KEYSPACE/TABLE/jsonl/KEY.jsonl
  KEYSPACE/TABLE/csv/KEY.csv
  KEYSPACE/TABLE/where/PREDICATE/…/    the rows for which all of them hold, as rows.json, rows.jsonl and rows.csv; count, and
                                       explain.json with what it would read; see where/README.txt of a table
  cql/STATEMENT.csv                    what a SELECT answers, also as .json, .jsonl and .explain.json; see cql/README.txt
  KEYSPACE/TABLE/sstables/ID/          one SSTable for itself: dump.json as sstabledump prints it, dump.jsonl as
                                       sstabledump -l -t does, and metadata.json with what sstablemetadata tells
  KEYSPACE/TABLE/staging/              copy CSV, JSON or a dump here to add rows (not with --read-only); what is wrong
                                       with a file is in NAME.errors beside it, what became of each in log.jsonl

'/', '%', control characters and a leading '.' of a key are written as %2F, %25 and so on.
A file whose size is shown as 0 is made while it is read: its size is not known before.
";

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn shell_words() {
        assert_eq!(quote("a:b-1.json"), "a:b-1.json");
        assert_eq!(quote("it's here"), "'it'\\''s here'");
        assert_eq!(quote(""), "''");
    }
}
