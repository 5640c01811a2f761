//! `sstablefs import`: files become SSTables of a table. All of them, or none when one of them is wrong.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sstablefs::ingest::{Loader, LoaderOptions, Lock, Target, TargetOptions};
use sstablefs::sstable::{Component, Version};
use sstablefs::table::{Database, TableStore};
use sstablefs::{Error, Result};
use sstablefs_render::csv::CsvStyle;
use sstablefs_render::parse::{self, InputFormat, InputOptions, Summary};

use crate::args::{Csv, Form, Import, ImportFormat, SstableFormat};
use crate::progress::Progress;
use crate::time::now_micros;
use crate::{Failure, options, tell};

/// How much of a file tells what it is.
const BEGINNING: u64 = 64 << 10;

pub(crate) fn run(args: &Import) -> std::result::Result<(), Failure> {
    let started = Instant::now();
    let database = Database::open(std::slice::from_ref(&args.data), &options(&args.schema))?;
    let store = find(&database, &args.table)?;
    let target = TargetOptions { out: args.out.clone(), version: args.format.map(version) };
    let mut target = Target::of(&store, &target)?;
    let lock = Lock::take(target.folder())?;
    let table = store.schema()?;
    let mut input = InputOptions::new(table.clone(), args.timestamp.unwrap_or_else(now_micros));
    if let Some(now) = args.time.now {
        input.now = now;
    }
    if !target.version().has_uint_deletion_time() {
        input.max_deletion_time = parse::MAX_DELETION_TIME_2038;
    }
    input.null_deletes = args.null_deletes;
    input.csv = args.csv.map(|style| if style == Csv::Rfc4180 { CsvStyle::Rfc4180 } else { CsvStyle::Cqlsh });
    let limits = LoaderOptions {
        memtable: (args.memtable as usize).saturating_mul(1 << 20),
        max_size: args.max_size.map(|mib| u64::from(mib) << 20),
    };
    let mut loader = Loader::new(&table, target.version(), lock.scratch()?, limits);
    let mut read = Summary::default();
    let sizes: u64 = args.inputs.iter().filter_map(|f| std::fs::metadata(f).ok()).map(|m| m.len()).sum();
    let mut progress = Progress::new(sizes, "read");
    let mut wrong = false;
    for file in &args.inputs {
        // Behind a wrong file the others are only checked.
        match load(file, args.input, &input, &mut progress, &mut loader)? {
            Ok(summary) => {
                read.rows += summary.rows;
                read.deletions += summary.deletions;
                read.bytes += summary.bytes;
                progress.line(&format!("{}: {} rows, {} deletions", file.display(), summary.rows, summary.deletions));
            }
            Err(errors) => {
                wrong = true;
                progress.clear();
                let place = |e: &parse::InputError| format!("{}:{}:{}: {}", file.display(), e.line, e.column, e.reason);
                errors.iter().for_each(|e| tell(&place(e)));
            }
        }
    }
    if wrong {
        tell("sstablefs: nothing was written, because of the errors above");
        return Err(Failure::Told);
    }
    progress.partitions("write");
    let written = loader.finish(&mut target, &mut |partitions| progress.at(partitions))?;
    progress.clear();
    drop(lock);
    let seconds = started.elapsed().max(Duration::from_millis(1)).as_secs_f64();
    if args.output == Form::Json {
        let sstables = written.iter().map(|s| {
            json!({"data": s.descriptor.component(Component::Data).display().to_string(), "partitions": s.keys,
                   "rows": s.rows, "data_length": s.data_length, "bytes": s.bytes})
        });
        let text = json!({"rows": read.rows, "deletions": read.deletions, "input_bytes": read.bytes, "seconds": seconds,
                          "sstables": sstables.collect::<Vec<_>>()});
        return Ok(writeln!(io::stdout(), "{text:#}")?);
    }
    for sstable in &written {
        writeln!(io::stdout(), "{}", sstable.descriptor.component(Component::Data).display())?;
    }
    let size: u64 = written.iter().map(|s| s.bytes).sum();
    let stored: u64 = written.iter().map(|s| s.rows).sum();
    tell(&format!(
        "{} rows and {} deletions ({} bytes) became {} rows in {} SSTable{} ({size} bytes) in {seconds:.2} s, {:.0} rows/s",
        read.rows,
        read.deletions,
        read.bytes,
        stored,
        written.len(),
        if written.len() == 1 { "" } else { "s" },
        read.rows as f64 / seconds,
    ));
    Ok(())
}

pub(crate) fn version(format: SstableFormat) -> Version {
    match format {
        SstableFormat::Nb => Version::NB,
        SstableFormat::Oa => Version::OA,
        SstableFormat::Da => Version::DA,
    }
}

fn find(database: &Database, name: &str) -> Result<Arc<TableStore>> {
    let Some((keyspace, table)) = name.split_once('.') else {
        return Err(Error::invalid(format!("{name:?} is not KEYSPACE.TABLE")));
    };
    database.table(keyspace, table).ok_or_else(|| {
        let tables = database.tables(keyspace);
        Error::not_found(match tables.is_empty() {
            true => format!("there is no keyspace {keyspace}; there are {}", database.keyspaces().join(", ")),
            false => format!("the keyspace {keyspace} has no table {table}; it has {}", tables.join(", ")),
        })
    })
}

type Loaded = std::result::Result<Summary, Vec<parse::InputError>>;

fn load(
    path: &Path,
    format: Option<ImportFormat>,
    options: &InputOptions,
    progress: &mut Progress,
    loader: &mut Loader,
) -> std::result::Result<Loaded, Failure> {
    let stdin = path.as_os_str() == "-";
    let mut file: Box<dyn Read> = match stdin {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path).map_err(|e| Error::io(e, path))?),
    };
    let mut beginning = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(|e| Error::io(e, path))?;
    let name = path.to_string_lossy();
    let format = match format {
        Some(ImportFormat::Csv) => InputFormat::Csv,
        Some(ImportFormat::Json) => InputFormat::Json,
        Some(ImportFormat::Dump) => InputFormat::Dump,
        None if stdin => parse::detect("", &beginning).unwrap_or(InputFormat::Csv),
        None => parse::detect(&name, &beginning).map_err(|e| Error::invalid(e).in_file(path))?,
    };
    let before = progress.position();
    let mut input = beginning.as_slice().chain(file);
    let mut tell = |bytes| progress.at(before + bytes);
    match parse::read(&mut input, format, options, &mut tell, loader) {
        Ok(summary) => Ok(Ok(summary)),
        Err(parse::Failure::Input(errors)) => Ok(Err(errors)),
        Err(parse::Failure::Read(e)) => Err(Error::io(e, path).into()),
        Err(parse::Failure::Sink(e)) => Err(e.in_file(path).into()),
    }
}
