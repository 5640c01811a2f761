//! `sstablefs info`: what the files of SSTables say about them.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sstablefs::sstable::{Component, Descriptor};
use sstablefs::table::discover::{self, TableDirs};
use sstablefs::table::listing::Listing;
use sstablefs_mount::metadata::{self, BarStyle, Metadata, Overview, Scan, Surroundings, TextStyle, TimeUnit};

use crate::args::{Info, Output, TimestampUnit};
use crate::progress::Progress;
use crate::system::{has_unicode, terminal_width};
use crate::time::{now, utc_offset};
use crate::{Failure, tell};

/// Where the terminal does not say.
const WIDTH: usize = 80;

pub(crate) fn run(args: &Info) -> Result<(), Failure> {
    let zone = TimeZone::system();
    let around = Surroundings {
        now: args.time.now.unwrap_or_else(now).saturating_sub(args.gc_grace_seconds),
        utc_offset: &|seconds| utc_offset(&zone, seconds),
        timestamps: args.timestamp_unit.map_or_else(TimeUnit::default, TimeUnit::from),
    };
    let found = discover::find(&args.paths)?;
    let (tables, mut problems) = discover::by_table(found.dirs, |_, _| None);
    problems.extend(found.problems);
    let is_one = args.paths.iter().all(|path| path.is_file());
    let is_terminal = io::stdout().is_terminal();
    let output = args.output.unwrap_or(if is_terminal && !args.is_text() { Output::Bars } else { Output::Text });
    let style = TextStyle { color: args.colors, unicode: args.unicode };
    let bars = BarStyle { width: terminal_width().unwrap_or(WIDTH), unicode: has_unicode() };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut values, mut overviews) = (Vec::new(), Vec::new());
    let mut failed = false;
    for table in tables {
        let found = Found::read(&table, args.scan)?;
        problems.extend(found.problems.iter().cloned());
        failed |= !found.problems.is_empty();
        match output {
            Output::Bars if found.sstables.is_empty() => {}
            Output::Bars => {
                let text = metadata::to_bars(&found.overview(&table, around.timestamps), bars);
                writeln!(out, "{text}")?;
            }
            Output::Html => overviews.push(found.overview(&table, around.timestamps)),
            Output::Text => {
                for sstable in &found.sstables {
                    out.write_all(metadata::to_text(sstable, &around, style)?.as_bytes())?;
                }
            }
            Output::Json => values.push(found.to_json(&table, &around)?),
        }
    }
    if output == Output::Html {
        out.write_all(metadata::to_html(&overviews).as_bytes())?;
    }
    if output == Output::Json {
        // The form follows from what was asked for, not from what was found.
        let value = match (is_one, values.as_mut_slice()) {
            (true, [only]) if args.paths.len() == 1 => only["sstables"][0].take(),
            (false, [only]) if args.paths.len() == 1 && is_table(&args.paths[0]) => only.take(),
            _ => Value::Array(values),
        };
        serde_json::to_writer_pretty(&mut out, &value).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    if output == Output::Bars && is_terminal {
        writeln!(out, "-o text has all fields, -o json as numbers, -o html plots")?;
    }
    out.flush()?;
    for problem in &problems {
        tell(&format!("sstablefs: {problem}"));
    }
    if failed { Err(Failure::Told) } else { Ok(()) }
}

impl Info {
    /// Whether something is asked for that only sstablemetadata's text has.
    fn is_text(&self) -> bool {
        let by_name = std::env::args_os().nth(1).is_some_and(|command| command == "sstablemetadata");
        by_name || self.scan || self.colors || self.unicode
    }
}

impl From<TimestampUnit> for TimeUnit {
    fn from(unit: TimestampUnit) -> Self {
        match unit {
            TimestampUnit::Nanoseconds => TimeUnit::Nanoseconds,
            TimestampUnit::Microseconds => TimeUnit::Microseconds,
            TimestampUnit::Milliseconds => TimeUnit::Milliseconds,
            TimestampUnit::Seconds => TimeUnit::Seconds,
            TimestampUnit::Minutes => TimeUnit::Minutes,
            TimestampUnit::Hours => TimeUnit::Hours,
            TimestampUnit::Days => TimeUnit::Days,
        }
    }
}

fn scanned(metadata: &Metadata) -> sstablefs::Result<Scan> {
    let data = metadata.descriptor.component(Component::Data);
    let bytes = data.metadata().map_or(0, |file| file.len());
    let mut progress = Progress::new(bytes, "reading");
    let scan = Scan::read(&metadata.descriptor, &metadata.statistics, &mut |part| {
        progress.at((bytes as f64 * part) as u64);
    });
    progress.clear();
    scan
}

fn is_table(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    discover::find(std::slice::from_ref(&path)).is_ok_and(|found| found.dirs.iter().any(|d| d.path == path))
}

/// The live SSTables of a table.
struct Found {
    sstables: Vec<Metadata>,
    problems: Vec<sstablefs::Error>,
}

impl Found {
    fn read(table: &TableDirs, scan: bool) -> Result<Found, Failure> {
        let listing = Listing::read(&table.dirs)?;
        let mut found = Found { sstables: Vec::new(), problems: listing.problems };
        for sstable in &listing.sstables {
            let data = sstable.dir.join(&sstable.data_file);
            let read = |descriptor: Descriptor| {
                let mut metadata = Metadata::read(&descriptor)?;
                if scan {
                    metadata.scan = Some(scanned(&metadata)?);
                }
                Ok(metadata)
            };
            match Descriptor::of_data_file(&data).and_then(read) {
                Ok(sstable) => found.sstables.push(sstable),
                Err(e) => found.problems.push(e),
            }
        }
        found.sstables.sort_by_key(|m| m.descriptor.id);
        Ok(found)
    }

    fn overview(&self, table: &TableDirs, timestamps: TimeUnit) -> Overview {
        Overview::new(format!("{}.{}", table.keyspace, table.table), &self.sstables, timestamps)
    }

    fn to_json(&self, table: &TableDirs, around: &Surroundings<'_>) -> Result<Value, Failure> {
        let stats = || self.sstables.iter().map(|m| &m.statistics.stats);
        let sstables = self.sstables.iter().map(|m| metadata::to_json(m, around));
        Ok(json!({
            "keyspace": table.keyspace,
            "table": table.table,
            "directories": table.dirs.iter().map(|d| d.path.display().to_string()).collect::<Vec<_>>(),
            "total_rows": stats().map(|s| s.total_rows).sum::<i64>(),
            "estimated_partitions": stats().map(|s| s.partition_sizes.count()).sum::<i64>(),
            "min_timestamp": stats().map(|s| s.min_timestamp).min(),
            "max_timestamp": stats().map(|s| s.max_timestamp).max(),
            "problems": self.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "sstables": sstables.collect::<sstablefs::Result<Vec<_>>>()?,
        }))
    }
}
