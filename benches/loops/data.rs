//! Tables that the benches of inner loops read: the rows of `readings` of scripts/bench, made and written here.

#![allow(dead_code, reason = "each bench takes what it needs")]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use sstablefs::Result;
use sstablefs::ingest::{Loader, LoaderOptions};
use sstablefs::merge::LiveRows;
use sstablefs::rows::{DeletionTime, PartitionStream, RangeBound, Row, Sink};
use sstablefs::schema::{Table, ddl};
use sstablefs::sstable::{Descriptor, Reader, SstableId, Version};
use sstablefs_render::parse::{self, InputFormat, InputOptions};

/// Small enough for a run of some seconds, large enough to be outside of the caches that are near.
pub(crate) const ROWS: usize = 20_000;
pub(crate) const NOW: i64 = 1_700_000_000;
const COLUMNS: &str = "(sensor text, day date, ts timestamp, value double, status int, note text, tags map<text, text>, \
                       flags set<int>, PRIMARY KEY ((sensor, day), ts))";
const WORDS: [&str; 8] = ["amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor"];

/// The table, with a class of compressor or none.
pub(crate) fn table(compressor: Option<&str>) -> Arc<Table> {
    let compression = match compressor {
        Some(class) => format!("{{'class': '{class}'}}"),
        None => "{'enabled': 'false'}".to_owned(),
    };
    let text = format!("CREATE TABLE bench.readings {COLUMNS} WITH compression = {compression};");
    let keyspaces = ddl::parse(&text, None).expect("the statement is right");
    let keyspace = keyspaces.into_values().next().expect("it has a keyspace");
    keyspace.tables.values().next().expect("with a table").clone()
}

/// The same numbers at each run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

pub(crate) fn key_text(partition: usize) -> String {
    format!("sensor-{partition:06}:2024-01-{:02}", partition % 28 + 1)
}

pub(crate) fn csv(rows: usize, seed: u64) -> String {
    let mut out = "sensor,day,ts,value,status,note,tags,flags\n".to_owned();
    each(rows, seed, |sensor, day, ts, value, status, note, unit, flags| {
        let _ = writeln!(
            out,
            "{sensor},{day},{ts},{value},{status},{note},\"{{'unit': '{unit}'}}\",\"{{{}, {}}}\"",
            flags[0], flags[1]
        );
    });
    out
}

pub(crate) fn json(rows: usize, seed: u64) -> String {
    let mut out = String::new();
    each(rows, seed, |sensor, day, ts, value, status, note, unit, flags| {
        let _ = writeln!(
            out,
            "{{\"sensor\": \"{sensor}\", \"day\": \"{day}\", \"ts\": \"{ts}\", \"value\": {value}, \"status\": {status}, \
             \"note\": \"{note}\", \"tags\": {{\"unit\": \"{unit}\"}}, \"flags\": [{}, {}]}}",
            flags[0], flags[1]
        );
    });
    out
}

#[allow(clippy::type_complexity, reason = "a row, column by column")]
fn each(rows: usize, seed: u64, mut row: impl FnMut(&str, &str, &str, f64, u64, &str, &str, [u64; 2])) {
    let mut numbers = Numbers::new(seed);
    for number in 0..rows {
        let partition = number / 100;
        let position = number % 100;
        let sensor = format!("sensor-{partition:06}");
        let day = format!("2024-01-{:02}", partition % 28 + 1);
        let ts = format!("{day} {:02}:{:02}:07.{:03}+0000", position / 60, position % 60, number % 1000);
        let value = numbers.below(1 << 40) as f64 / 1e7;
        let note: Vec<&str> = (0..9).map(|_| WORDS[numbers.below(8) as usize]).collect();
        let flags = [numbers.below(10), 10 + numbers.below(10)];
        row(&sensor, &day, &ts, value, numbers.below(5), &note.join(" "), WORDS[numbers.below(8) as usize], flags);
    }
}

pub(crate) fn parse(text: &str, format: InputFormat, table: &Arc<Table>, seed: u64, sink: &mut dyn Sink) {
    let options = InputOptions::new(table.clone(), NOW * 1_000_000 + seed as i64);
    parse::read(&mut text.as_bytes(), format, &options, &mut |_| (), sink).expect("the text is right");
}

/// Writes the rows of a seed as an SSTable and opens it.
pub(crate) fn sstable(folder: &Path, table: &Arc<Table>, version: Version, seed: u64) -> Arc<Reader> {
    let id = SstableId::parse(&seed.to_string()).expect("a number");
    let scratch = folder.join("scratch");
    std::fs::create_dir_all(&scratch).expect("a folder");
    let limits = LoaderOptions { memtable: 1 << 30, max_size: None };
    let mut loader = Loader::new(table, version, scratch, limits);
    parse(&csv(ROWS, seed), InputFormat::Csv, table, seed, &mut loader);
    let descriptor = Descriptor { dir: folder.to_owned(), version, id };
    loader.finish_as(&descriptor).expect("it can be written");
    Arc::new(Reader::open(&descriptor, table).expect("it can be read"))
}

/// Takes changes and forgets them.
pub(crate) struct Nothing;

impl Sink for Nothing {
    fn partition_deletion(&mut self, _: &[u8], _: DeletionTime) -> Result<()> {
        Ok(())
    }
    fn static_row(&mut self, _: &[u8], _: &Row) -> Result<()> {
        Ok(())
    }
    fn row(&mut self, _: &[u8], _: &Row) -> Result<()> {
        Ok(())
    }
    fn range_tombstone(&mut self, _: &[u8], _: &RangeBound, _: &RangeBound, _: DeletionTime) -> Result<()> {
        Ok(())
    }
}

/// Merges SSTables from end to end; how many rows are live.
pub(crate) fn merge(sstables: &[Arc<Reader>]) -> u64 {
    let scan = |s: &Arc<Reader>| Box::new(s.scan_all().expect("it can be read")) as Box<dyn PartitionStream>;
    let first = &sstables[0];
    let mut rows = LiveRows::new(first.table(), first.key_order(), sstables.iter().map(scan).collect(), NOW + 60);
    let mut count = 0;
    while rows.next_partition().expect("a partition") {
        while rows.next_live().expect("a row") {
            count += 1;
        }
    }
    count
}
