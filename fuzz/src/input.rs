//! CSV, JSON and sstabledump's JSON: what is accepted becomes an SSTable that can be read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::ingest::Memtable;
use sstablefs::schema::Table;
use sstablefs::sstable::{Component, Descriptor, Reader, SstableId, Statistics, Version, Writer, WriterOptions};
use sstablefs::storage::{MemoryFolder, MemorySource, Source};
use sstablefs::table::{ScanRange, View};
use sstablefs::{Error, Result};
use sstablefs_render::parse::{InputFormat, InputOptions, MAX_DELETION_TIME, MAX_DELETION_TIME_2038, detect, read};
use sstablefs_render::{CsvStyle, JsonRows, RowText};

use crate::tables;

const TIMESTAMP: i64 = 1_700_000_000_000_000;
const NOW: i64 = 1_700_000_000;

pub fn run(format: InputFormat, data: &[u8]) {
    let Some((&how, mut text)) = data.split_first() else { return };
    let _ = detect("name.json", text);
    let table = &tables::rich()[usize::from(how & 1) % tables::rich().len()];
    let version = [Version::NB, Version::OA, Version::DA][usize::from(how >> 1) % 3];
    let mut options = InputOptions::new(table.clone(), TIMESTAMP);
    options.null_deletes = how & 0x10 != 0;
    options.csv = [None, Some(CsvStyle::default()), Some(CsvStyle::Rfc4180)][usize::from(how >> 5) % 3];
    options.max_deletion_time = if version == Version::NB { MAX_DELETION_TIME_2038 } else { MAX_DELETION_TIME };
    let mut memtable = Memtable::new(table);
    let accepted = read(&mut text, format, &options, &mut |_| {}, &mut memtable);
    if accepted.is_ok() && !memtable.is_empty() {
        write_and_read(table, version, &mut memtable).unwrap_or_else(|e| panic!("{e}"));
    }
}

fn write_and_read(table: &Arc<Table>, version: Version, memtable: &mut Memtable) -> Result<()> {
    let descriptor = Descriptor { dir: PathBuf::new(), version, id: SstableId::Sequence(1) };
    let folder = MemoryFolder::default();
    let header = memtable.header().header(table);
    let mut sorted = memtable.sorted();
    let options = WriterOptions::of_table(table, version, header, sorted.count())?;
    let mut writer = Writer::new(Arc::new(folder.clone()), &descriptor, table, options)?;
    writer.append_all(&mut sorted)?;
    let Some(_) = writer.finish()? else { return Ok(()) };
    let bytes = |path: &Path| path.to_str().and_then(|name| folder.bytes(name));
    let open = |path: &Path| match bytes(path) {
        Some(bytes) => Ok(Arc::new(MemorySource(bytes)) as Source),
        None => Err(Error::io(std::io::ErrorKind::NotFound.into(), path)),
    };
    let statistics = bytes(&descriptor.component(Component::Statistics)).unwrap_or_default();
    let statistics = Arc::new(Statistics::parse(&statistics, version)?);
    let reader = Arc::new(Reader::open_through(&open, &descriptor, table, statistics)?);
    let view = View::new(table.clone(), vec![reader]);
    let mut rows = view.rows(&ScanRange::ALL, NOW)?;
    let mut json = JsonRows::new(table);
    let mut out = Vec::new();
    while rows.next_partition()? {
        json.partition(&rows.key().key, rows.static_row())?;
        while rows.next_live()? {
            out.clear();
            json.row(rows.row(), &mut out)?;
        }
    }
    Ok(())
}
