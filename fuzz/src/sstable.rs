//! A whole SSTable from an input: opened, scanned, dumped, and read by key, by slice and backwards.
//!
//! Its data is not compressed and has no checksums, so that what is changed is read.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::cql::DecoratedKey;
use sstablefs::merge::{LiveRows, Wanted};
use sstablefs::rows::{Slice, SliceBound};
use sstablefs::schema::Table;
use sstablefs::sstable::{Component, Descriptor, IndexEntry, Reader, Scanner, SstableId, Statistics, Version};
use sstablefs::storage::{MemorySource, Source};
use sstablefs::table::{ScanRange, View, inferred};
use sstablefs::{Error, Result};
use sstablefs_render::{CsvRows, CsvStyle, DumpForm, DumpOptions, DumpStream, JsonRows, KeyNames, RowText};

use crate::checksums;
use crate::parts::split;

/// Data.db, Statistics.db, Index.db or Partitions.db, Summary.db or Rows.db, Filter.db.
pub const PARTS: usize = 5;

const NOW: i64 = 1_800_000_000;

/// So many keys are looked up, and rows of each become bounds.
const KEYS: usize = 4;

/// Which component a part is.
pub fn components(version: Version) -> [Component; PARTS] {
    let (index, second) = match version.is_bti() {
        true => (Component::Partitions, Component::Rows),
        false => (Component::Index, Component::Summary),
    };
    [Component::Data, Component::Statistics, index, second, Component::Filter]
}

/// The files of an SSTable, in memory.
pub struct Files(HashMap<PathBuf, Arc<MemorySource>>);

impl Files {
    pub fn open(&self, path: &Path) -> Result<Source> {
        match self.0.get(path) {
            Some(file) => Ok(file.clone()),
            None => Err(Error::io(ErrorKind::NotFound.into(), path)),
        }
    }
}

/// The files that an input holds, with right checksums.
pub fn files(version: Version, parts: [&[u8]; PARTS]) -> (Descriptor, Files) {
    let descriptor = Descriptor { dir: PathBuf::from("/"), version, id: SstableId::Sequence(1) };
    let mut files = HashMap::new();
    for (component, bytes) in components(version).into_iter().zip(parts) {
        let bytes = match component {
            Component::Statistics => checksums::statistics(bytes, version),
            _ => bytes.to_vec(),
        };
        if !bytes.is_empty() || component == Component::Data {
            files.insert(descriptor.component(component), Arc::new(MemorySource(bytes)));
        }
    }
    (descriptor, Files(files))
}

pub fn run(data: &[u8]) {
    let Some((version, parts)) = split::<PARTS>(data) else { return };
    let (descriptor, files) = files(version, parts);
    // Each is tried, whatever became of the one before.
    let _ = open(&descriptor, &files).map(|reader| {
        let table = reader.table().clone();
        for form in [DumpForm::Array, DumpForm::Lines, DumpForm::Debug] {
            let _ = dump(&reader, &table, form);
        }
        let _ = index(&reader);
        let view = View::new(table.clone(), vec![reader.clone()]);
        let _ = rows(view.rows(&ScanRange::ALL, NOW), &table);
        let _ = point_reads(&view);
        let twice = View::new(table.clone(), vec![reader.clone(), reader]);
        let _ = rows(twice.rows(&ScanRange::ALL, NOW), &table);
        let _ = point_reads(&twice);
    });
}

/// The index alone, with lookups of all that it has.
pub fn run_index(data: &[u8]) {
    let Some((version, parts)) = split::<PARTS>(data) else { return };
    let (descriptor, files) = files(version, parts);
    if let Ok(reader) = open(&descriptor, &files) {
        let _ = index(&reader);
        for key in [&[][..], b"a", &[0, 0, 0, 7], &[0xff; 40]] {
            let key = reader.key_order().decorate(key);
            let _ = reader.find(&key);
            let _ = reader.position_of(&key, true);
        }
    }
}

fn open(descriptor: &Descriptor, files: &Files) -> Result<Arc<Reader>> {
    let open = |path: &Path| files.open(path);
    let path = descriptor.component(Component::Statistics);
    let statistics = files.0.get(&path).map_or(&[][..], |file| &file.0);
    let statistics = Arc::new(Statistics::parse(statistics, descriptor.version)?);
    let table = Arc::new(inferred::dump_table(&statistics)?);
    Reader::open_through(&open, descriptor, &table, statistics).map(Arc::new)
}

fn dump(reader: &Arc<Reader>, table: &Arc<Table>, form: DumpForm) -> Result<()> {
    let options = DumpOptions { form, raw_times: form == DumpForm::Lines, now: NOW };
    let mut dump = DumpStream::new(reader.scan_all()?, Scanner::position, table, &options);
    let mut out = Vec::new();
    while dump.fill(&mut out, 1 << 16)? {
        out.clear();
    }
    dump.end(&mut out);
    Ok(())
}

fn index(reader: &Arc<Reader>) -> Result<()> {
    let mut entry = IndexEntry::default();
    let mut entries = reader.index_from(None)?;
    let names = KeyNames::new(reader.table());
    let mut out = Vec::new();
    while entries.next_entry(&mut entry)? {
        let key = reader.key_order().decorate(&entry.key);
        let _ = reader.find(&key);
        let _ = names.write_name(key.token, &key.key, "json", &mut out);
        if let (Some(index), Some(handle)) = (reader.index(), entry.row_index) {
            let types = Arc::new(sstablefs::sstable::ClusteringTypes::new(&reader.statistics().header.clustering));
            let mut blocks = index.rows(handle, &types)?;
            while blocks.next_block()?.is_some() {}
            while blocks.previous_block()?.is_some() {}
        }
        out.clear();
    }
    Ok(())
}

/// All rows as JSON and as CSV.
fn rows(rows: Result<LiveRows>, table: &Arc<Table>) -> Result<()> {
    let mut rows = rows?;
    let mut texts: [Box<dyn RowText>; 2] =
        [Box::new(JsonRows::new(table)), Box::new(CsvRows::new(table, CsvStyle::default()))];
    let mut out = Vec::new();
    while rows.next_partition()? {
        for text in &mut texts {
            let _ = text.partition(&rows.key().key, rows.static_row());
        }
        while rows.next_live()? {
            for text in &mut texts {
                out.clear();
                let _ = text.row(rows.row(), &mut out);
            }
        }
    }
    Ok(())
}

fn point_reads(view: &View) -> Result<()> {
    let mut found = Vec::new();
    let mut keys = view.keys(None, NOW)?;
    while found.len() < KEYS
        && let Some(key) = keys.next_key()?
    {
        found.push(key.clone());
    }
    for key in &found {
        let mut bounds = Vec::new();
        if let Some(mut rows) = view.partition(&key.key, NOW)? {
            while bounds.len() < KEYS
                && let Some(row) = rows.next_row()?
            {
                bounds.push((0..row.clustering.len()).map(|i| row.clustering_value(i).map(<[u8]>::to_vec)).collect());
            }
        }
        let _ = slices(view, key, &bounds);
    }
    Ok(())
}

fn slices(view: &View, key: &DecoratedKey, bounds: &[Vec<Option<Vec<u8>>>]) -> Result<()> {
    let bound = |values: &Vec<Option<Vec<u8>>>, side| Some(SliceBound::new(values.iter().map(Option::as_ref), side));
    let mut all = vec![Slice::default()];
    for values in bounds {
        all.push(Slice { start: bound(values, -1), end: bound(values, 1) });
        all.push(Slice { start: None, end: bound(values, -1) });
        all.push(Slice { start: bound(values, 1), end: None });
    }
    for slice in all {
        for reversed in [false, true] {
            let wanted = Wanted { slice: slice.clone(), reversed, ..Wanted::default() };
            if let Ok(Some(mut rows)) = view.slice(key, &wanted, NOW) {
                while rows.next_live()? {}
            }
        }
    }
    Ok(())
}
