//! `sstablefs verify`: whether SSTables are damaged, and where.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use sstablefs::schema::Table;
use sstablefs::sstable::{Component, Descriptor, Fault, Verified, VerifyOptions, Watch, read_statistics, verify};
use sstablefs::table::discover;
use sstablefs::table::listing::{Listing, LiveSstable};
use sstablefs::table::{Database, Options};
use sstablefs_render::KeyNames;

use crate::args::{Verify, VerifyOutput};
use crate::progress::Progress;
use crate::{Failure, options, tell};

/// So many faults of an SSTable are kept for JSON; all are counted.
const MOST_FAULTS: usize = 10_000;
/// A longer key is cut in the text.
const LONGEST_KEY: usize = 80;

/// What became of an SSTable.
struct Outcome {
    data: PathBuf,
    error: Option<sstablefs::Error>,
    verified: Verified,
    faults: Vec<Value>,
    notes: Vec<String>,
}

pub(crate) fn run(args: &Verify) -> Result<(), Failure> {
    let found = discover::find(&args.paths).map_err(|e| with_hint(e, &args.paths))?;
    let (tables, mut problems) = discover::by_table(found.dirs, |_, _| None);
    problems.extend(found.problems);
    // What is wrong with folders that are not read is no damage.
    let harmless = problems.len();
    let mut found = Vec::new();
    for table in &tables {
        let listing = Listing::read(&table.dirs)?;
        problems.extend(listing.problems);
        found.extend(listing.sstables.into_iter().map(|sstable| (table, sstable)));
    }
    let size = |s: &LiveSstable| s.dir.join(&s.data_file).metadata().map_or(0, |m| m.len());
    let total = found.iter().map(|(_, sstable)| size(sstable)).sum();
    let schemas = Schemas { paths: &args.paths, options: options(&args.schema), database: None };
    let mut run = Run { args, progress: Progress::new(total, "verifying"), failed: None, schemas };
    let mut outcomes = Vec::new();
    let (mut done, mut damaged, mut unchecked) = (0, 0, 0);
    for (table, sstable) in &found {
        let size = size(sstable);
        let outcome = run.sstable(&table.keyspace, &table.table, sstable, (done, size));
        done += size;
        unchecked += u64::from(outcome.error.is_some());
        damaged += u64::from(outcome.verified.faults > 0);
        if args.output == VerifyOutput::Json {
            outcomes.push(outcome.to_json());
        }
        if let Some(e) = run.failed.take() {
            return Err(e.into());
        }
    }
    run.progress.clear();
    let mut out = io::stdout().lock();
    match args.output {
        VerifyOutput::Json => {
            serde_json::to_writer_pretty(&mut out, &outcomes).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        VerifyOutput::Text if found.len() != 1 => {
            let others = if unchecked > 0 { format!(", {unchecked} not checked") } else { String::new() };
            writeln!(out, "{} SSTables, {damaged} of them damaged{others}", found.len())?;
        }
        VerifyOutput::Text => {}
    }
    out.flush()?;
    for problem in &problems {
        tell(&format!("sstablefs: {problem}"));
    }
    if args.mutate_repair_status && damaged > 0 {
        tell("sstablefs: -r: what is damaged stays marked as repaired, if it was: verify changes no file");
    }
    if damaged + unchecked == 0 && problems.len() == harmless { Ok(()) } else { Err(Failure::Told) }
}

/// sstableverify takes a keyspace and a table.
fn with_hint(error: sstablefs::Error, paths: &[PathBuf]) -> sstablefs::Error {
    let is_name = |path: &PathBuf| path.components().count() == 1 && !path.exists();
    match paths {
        [keyspace, table] if is_name(keyspace) && is_name(table) => sstablefs::Error::not_found(format!(
            "{}: verify takes paths, not the names of a keyspace and a table: DATA/{}/{}-ID",
            keyspace.display(),
            keyspace.display(),
            table.display(),
        )),
        _ => error,
    }
}

struct Run<'a> {
    args: &'a Verify,
    progress: Progress,
    /// Of writing the output.
    failed: Option<io::Error>,
    schemas: Schemas<'a>,
}

/// Schemas are looked for with the first SSTable.
struct Schemas<'a> {
    paths: &'a [PathBuf],
    options: Options,
    database: Option<Option<Database>>,
}

impl Schemas<'_> {
    fn table(&mut self, keyspace: &str, table: &str) -> Option<Arc<Table>> {
        let database = self.database.get_or_insert_with(|| Database::open(self.paths, &self.options).ok());
        database.as_ref()?.table(keyspace, table)?.known()
    }
}

impl Run<'_> {
    fn sstable(&mut self, keyspace: &str, table: &str, sstable: &LiveSstable, place: (u64, u64)) -> Outcome {
        let data = sstable.dir.join(&sstable.data_file);
        let mut outcome = Outcome {
            data: data.clone(),
            error: None,
            verified: Verified::default(),
            faults: Vec::new(),
            notes: Vec::new(),
        };
        let descriptor = match Descriptor::of_data_file(&data) {
            Ok(descriptor) => descriptor,
            Err(e) => {
                self.line(&format!("{}: not checked: {}", data.display(), e.message()));
                outcome.error = Some(e);
                return outcome;
            }
        };
        if self.args.verbose {
            self.describe(&descriptor);
        }
        let options = VerifyOptions {
            quick: self.args.quick,
            check_version: self.args.check_version,
            token_ranges: self.args.token_ranges.clone(),
        };
        let names = read_statistics(&descriptor).ok().map(|s| KeyNames::of_type(s.header.key_type));
        let schema = self.schemas.table(keyspace, table);
        let mut watcher = Watcher { run: self, outcome: &mut outcome, names, place, damaged: false };
        let verified = verify(&descriptor, schema.as_deref(), &options, &mut watcher);
        if verified.faults == 0 {
            let rows = if options.quick { String::new() } else { format!(", {} rows", verified.rows) };
            self.line(&format!("{}: ok, {} partitions{rows}", data.display(), verified.partitions));
        }
        for note in &outcome.notes {
            self.line(&format!("  note: {note}"));
        }
        outcome.verified = verified;
        outcome
    }

    /// What is checked, before it is.
    fn describe(&mut self, descriptor: &Descriptor) {
        let here = |component: &Component| descriptor.component(*component).exists();
        let components: Vec<&str> = Component::ALL.iter().filter(|c| here(c)).map(|c| c.name()).collect();
        self.line(&format!(
            "{}: checking {}",
            path_text(&descriptor.component(Component::Data)),
            components.join(", ")
        ));
    }

    fn line(&mut self, text: &str) {
        if self.args.output == VerifyOutput::Text
            && let Err(e) = self.progress.aside(|| writeln!(io::stdout(), "{text}"))
        {
            self.failed.get_or_insert(e);
        }
    }
}

/// Tells what is found in one SSTable.
struct Watcher<'a, 'r> {
    run: &'a mut Run<'r>,
    outcome: &'a mut Outcome,
    names: Option<KeyNames>,
    /// In the progress: bytes before this SSTable, and its own.
    place: (u64, u64),
    damaged: bool,
}

impl Watcher<'_, '_> {
    fn key_text(&self, key: &[u8]) -> String {
        let mut text = Vec::new();
        match &self.names {
            Some(names) if names.write_text(key, &mut text).is_ok() => String::from_utf8_lossy(&text).into_owned(),
            _ => key.iter().fold("0x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
        }
    }
}

impl Watch for Watcher<'_, '_> {
    fn fault(&mut self, fault: Fault) {
        let key = fault.key.as_deref().map(|key| self.key_text(key));
        if !std::mem::replace(&mut self.damaged, true) {
            self.run.line(&format!("{}: damaged", self.outcome.data.display()));
        }
        let mut text = format!("  {}", fault.component.name());
        if let Some(offset) = fault.offset {
            text += &format!(", byte {offset}");
        }
        if let Some(position) = fault.position {
            text += &format!(", byte {position} of the uncompressed data");
        }
        if let Some(key) = &key {
            text += &format!(", partition {}", short(key));
        }
        self.run.line(&format!("{text}: {}", fault.reason));
        if self.run.args.output == VerifyOutput::Json && self.outcome.faults.len() < MOST_FAULTS {
            self.outcome.faults.push(json!({
                "component": fault.component.name(),
                "offset": fault.offset,
                "position": fault.position,
                "key": key,
                "reason": fault.reason,
            }));
        }
    }

    fn note(&mut self, note: String) {
        self.outcome.notes.push(note);
    }

    fn partition(&mut self, key: &[u8], position: u64) {
        if self.run.args.verbose {
            let key = self.key_text(key);
            self.run.line(&format!("  partition {} at byte {position}", short(&key)));
        }
    }

    fn progress(&mut self, part: f64) {
        let (before, own) = self.place;
        self.run.progress.at(before + (own as f64 * part) as u64);
    }
}

fn short(key: &str) -> String {
    match key.char_indices().nth(LONGEST_KEY) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

impl Outcome {
    fn is_sound(&self) -> bool {
        self.error.is_none() && self.verified.faults == 0
    }

    fn to_json(&self) -> Value {
        let status = match (&self.error, self.is_sound()) {
            (Some(_), _) => "not checked",
            (None, true) => "ok",
            (None, false) => "damaged",
        };
        json!({
            "file": path_text(&self.data),
            "status": status,
            "error": self.error.as_ref().map(|e| e.message()),
            "partitions": self.verified.partitions,
            "rows": self.verified.rows,
            "fault_count": self.verified.faults,
            "faults": self.faults,
            "notes": self.notes,
        })
    }
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}
