//! Every golden case through the engine: what a real Cassandra 5.0.6 printed for the data in testdata/, which
//! `scripts/golden` made with it, against what is read and rendered here.
//!
//! The answers are also read back: rows from JSON, CSV and dumps, rendered again, are the same text.
//!
//! A file of expected answers that nothing here knows makes the test fail, and so does a table without answers. COPY's
//! CSV, which cqlsh prints in its own way, is compared by `scripts/compare` through the mount.

mod back;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::merge::LiveRows;
use sstablefs::rows::Row;
use sstablefs::schema::Table;
use sstablefs::sstable::{Reader, Scanner};
use sstablefs::table::{Database, Options, ScanRange, TableStore, View, inferred};
use sstablefs_render::{CsvStyle, DumpForm, DumpOptions, DumpStream, JsonRows, RowText};

/// Some of its clusterings are null: sstabledump of 5.0.6 fails on them, and no INSERT writes them.
const NULL_CLUSTERINGS: &str = "dense_prefix";

/// testdata/ of the repository, or another folder of its kind while golden cases are made.
fn testdata() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

fn gunzip(path: &Path) -> String {
    let file = fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Appends the rows of the partition that `rows` stands at.
fn partition(json: &mut JsonRows, rows: &mut LiveRows, out: &mut Vec<u8>) -> sstablefs::Result<()> {
    json.partition(&rows.key().key, rows.static_row())?;
    let mut only_static = !rows.static_row().is_empty();
    while let Some(row) = rows.next_row()? {
        json.row(Some(row), out)?;
        out.push(b'\n');
        only_static = false;
    }
    if only_static {
        json.row(None, out)?;
        out.push(b'\n');
    }
    Ok(())
}

fn select(view: &View, now: i64) -> sstablefs::Result<String> {
    let mut out = Vec::new();
    let mut json = JsonRows::new(view.table());
    let mut rows = view.rows(&ScanRange::ALL, now)?;
    while rows.next_partition()? {
        partition(&mut json, &mut rows, &mut out)?;
    }
    Ok(String::from_utf8(out).expect("JSON in UTF-8"))
}

/// The table of SELECT DISTINCT: its partition key and nothing else.
fn keys_only(table: &Table) -> Arc<Table> {
    let mut keys = table.clone();
    keys.clustering.clear();
    keys.statics.clear();
    keys.regulars.clear();
    Arc::new(keys)
}

/// The same rows read partition by partition, with the keys from the indexes.
fn select_by_key(view: &View, now: i64) -> sstablefs::Result<(String, String)> {
    let (mut out, mut distinct) = (Vec::new(), Vec::new());
    let mut json = JsonRows::new(view.table());
    let mut key_json = JsonRows::new(&keys_only(view.table()));
    let mut keys = view.keys(None, now)?;
    while let Some(key) = keys.next_key()? {
        key_json.partition(&key.key, &Row::default())?;
        key_json.row(None, &mut distinct)?;
        distinct.push(b'\n');
        let Some(mut rows) = view.partition(&key.key, now)? else { continue };
        partition(&mut json, &mut rows, &mut out)?;
    }
    Ok((String::from_utf8(out).expect("JSON in UTF-8"), String::from_utf8(distinct).expect("JSON in UTF-8")))
}

/// sstabledump, which knows no schema but the SSTable's own header.
fn dump(view: &View, id: &str, options: &DumpOptions) -> Result<String, String> {
    let reader = view.sstables().iter().find(|r| r.descriptor().id.to_string() == id).ok_or("no such SSTable")?;
    let dump = || {
        let table = Arc::new(inferred::dump_table(reader.statistics())?);
        let raw = Arc::new(Reader::open(reader.descriptor(), &table)?);
        let mut dump = DumpStream::new(raw.scan_all()?, Scanner::position, &table, options);
        let mut out = Vec::new();
        dump.fill(&mut out, usize::MAX)?;
        dump.end(&mut out);
        Ok(out)
    };
    let out = dump().map_err(|e: sstablefs::Error| e.to_string())?;
    String::from_utf8(out).map_err(|e| e.to_string())
}

/// The rows that a dump's text says, dumped again.
fn dump_again(view: &View, id: &str, text: &str, options: &DumpOptions) -> Result<String, String> {
    let reader = view.sstables().iter().find(|r| r.descriptor().id.to_string() == id).ok_or("no such SSTable")?;
    let table = Arc::new(inferred::dump_table(reader.statistics()).map_err(|e| e.to_string())?);
    back::dump(&table, text, options)
}

/// Tables whose text does not say all: NaN and both infinities are null in JSON.
const NULL_FLOATS: [&str; 3] = ["primitives.doubles", "primitives.floats", "collections.lists"];
/// As keys these are even the same key.
const NULL_FLOAT_KEYS: [&str; 2] = ["primitives.doubles", "primitives.floats"];
/// A list of one empty element looks as the empty list in CSV.
const EMPTY_ELEMENTS: [&str; 1] = ["primitives.durations"];
/// COPY TO rounds floats, prints nothing for an empty key, and user types as Python does where they are keys.
const LOST_BY_COPY: [&str; 10] = [
    "collections.user_type_keys",
    "collections.vectors",
    "keys.difficult_parts",
    "primitives.asciis",
    "primitives.doubles",
    "primitives.durations",
    "primitives.empty_clusterings",
    "primitives.every_type",
    "primitives.floats",
    "primitives.texts",
];

/// Compares all answers for a table; returns what differs.
fn check(store: &TableStore, expected: &Path, now: i64) -> Vec<String> {
    let mut wrong = Vec::new();
    let view = match store.view() {
        Ok(view) => view,
        Err(e) => return vec![format!("can't be opened: {e}")],
    };
    wrong.extend(store.problems().iter().map(|e| format!("a problem: {e}")));
    let mut compare = |what: &str, got: Result<String, String>, expected: &str| match got {
        Ok(got) => wrong.extend(text::difference(expected, &got).map(|d| format!("{what}: {d}"))),
        Err(e) => wrong.push(format!("{what}: {e}")),
    };
    let message = |e: sstablefs::Error| e.to_string();
    let mut dumps = 0;
    let table = view.table();
    let name = format!("{}.{}", table.keyspace, table.name);
    let writable = !table.is_counter() && table.view.is_none() && store.name() != NULL_CLUSTERINGS;
    for file in names(expected) {
        let path = expected.join(&file);
        let answer = |path: &Path| gunzip(path);
        match file.as_str() {
            "select.jsonl.gz" => {
                let rows = answer(&path);
                compare("SELECT", select(&view, now).map_err(message), &rows);
                compare("SELECT by key", select_by_key(&view, now).map(|(rows, _)| rows).map_err(message), &rows);
                if writable && !rows.is_empty() && !NULL_FLOATS.contains(&name.as_str()) {
                    compare("SELECT read back", back::json(table, &rows, now), &rows);
                }
                if writable && !EMPTY_ELEMENTS.contains(&name.as_str()) {
                    for style in [CsvStyle::Cqlsh, CsvStyle::Rfc4180] {
                        let csv = back::csv_of(&view, style, now);
                        compare("rows read back from CSV", back::csv(table, &csv, Some(style), now), &rows);
                        compare("CSV read back", back::csv_again(table, &csv, style, now), &csv);
                    }
                }
            }
            "distinct.jsonl.gz" => {
                compare("DISTINCT", select_by_key(&view, now).map(|(_, keys)| keys).map_err(message), &answer(&path));
            }
            "copy.csv.gz" if writable && !LOST_BY_COPY.contains(&name.as_str()) => {
                let rows = answer(&expected.join("select.jsonl.gz"));
                // cqlsh prints nothing for an empty value.
                let empties = |rows: &str| rows.replace(": \"\"", ": null");
                let again = back::csv(table, &answer(&path), None, now).map(|again| empties(&again));
                compare("COPY read back", again, &empties(&rows));
            }
            "copy.csv.gz" | "schema.json.gz" => {}
            file if file.ends_with(".metadata.txt.gz") => {}
            file => match file.strip_suffix(".dump.jsonl.gz") {
                Some(id) => {
                    dumps += 1;
                    let lines = answer(&path);
                    let raw = DumpOptions { form: DumpForm::Lines, raw_times: true, now };
                    compare(&format!("dump of {id}"), dump(&view, id, &raw), &lines);
                    if writable && !NULL_FLOAT_KEYS.contains(&name.as_str()) {
                        let wanted = back::without_positions(&lines);
                        compare(&format!("dump of {id} read back"), dump_again(&view, id, &lines, &raw), &wanted);
                        // A dump with dates shows the second before 1970 as the one behind it.
                        if name == "deletions.timestamps" {
                            continue;
                        }
                        let dates = DumpOptions { form: DumpForm::Array, raw_times: false, now };
                        let again = dump(&view, id, &dates).and_then(|text| dump_again(&view, id, &text, &raw));
                        compare(&format!("dump of {id} with dates read back"), again, &wanted);
                    }
                }
                None => panic!("{}: no test reads this file", path.display()),
            },
        }
    }
    if store.name() != NULL_CLUSTERINGS && dumps != view.sstables().len() {
        wrong.push(format!("{} SSTables, {dumps} dumps of them are expected", view.sstables().len()));
    }
    wrong
}

fn version(version: &str) {
    let dir = testdata().join(version);
    let now = fs::read_to_string(dir.join("expected/now")).expect("the time of the SELECTs").trim().parse().unwrap();
    let database = Database::open(&[dir.join("data")], &Options::default()).unwrap();
    let (mut wrong, mut tables) = (Vec::new(), 0);
    let mut answered = BTreeSet::new();
    for keyspace in names(&dir.join("expected")).into_iter().filter(|name| name != "now") {
        for table in names(&dir.join("expected").join(&keyspace)) {
            tables += 1;
            let expected = dir.join("expected").join(&keyspace).join(&table);
            let differences = match database.table(&keyspace, &table) {
                Some(store) => check(&store, &expected, now),
                None => vec!["not found in the data".to_owned()],
            };
            wrong.extend(differences.into_iter().map(|d| format!("{keyspace}.{table}: {d}")));
            answered.insert((keyspace.clone(), table));
        }
    }
    for keyspace in database.keyspaces() {
        for table in database.tables(&keyspace) {
            let has_data = database
                .table(&keyspace, &table)
                .is_some_and(|t| t.view().map_or(true, |view| !view.sstables().is_empty()));
            if has_data && !answered.contains(&(keyspace.clone(), table.clone())) {
                wrong.push(format!("{keyspace}.{table}: nothing is expected of it"));
            }
        }
    }
    println!("{version}: {tables} tables, {} differences", wrong.len());
    assert!(tables > 0, "no golden cases in {}", dir.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nb() {
    version("nb");
}

#[test]
fn oa() {
    version("oa");
}

#[test]
fn da() {
    version("da");
}

/// 3.0.6.
#[test]
fn ma() {
    version("ma");
}

/// 3.7.
#[test]
fn mb() {
    version("mb");
}

/// 3.11.3.
#[test]
fn mc() {
    version("mc");
}

/// 3.11.10.
#[test]
fn md() {
    version("md");
}

/// 3.11.19, with a host id.
#[test]
fn me() {
    version("me");
}

/// 4.0-rc1.
#[test]
fn na() {
    version("na");
}

/// 4.0.17, with a host id.
#[test]
fn nb40() {
    version("nb40");
}

/// 4.1.8, without one.
#[test]
fn nb41() {
    version("nb41");
}

/// A node that was upgraded from nb to oa to da: SSTables of all three in one table.
#[test]
fn mixed() {
    version("mixed");
}
