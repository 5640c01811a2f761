//! `sstablefs sstabledump`: one SSTable as JSON.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use sstablefs::cql::DecoratedKey;
use sstablefs::rows::{DeletionTime, Marker, PartitionStream, Row, Unfiltered};
use sstablefs::sstable::{Descriptor, Entries, IndexEntry, Reader, Scanner, read_statistics};
use sstablefs::table::inferred;
use sstablefs_render::{DumpForm, DumpOptions, DumpStream, KeyNames};

use crate::Failure;
use crate::args::Sstabledump;
use crate::dump_slices::WholeDump;
use crate::in_order::Spare;
use crate::progress::{Output, Part};
use crate::time::now;

/// So much text is made before it is written.
const BUFFER: usize = 256 << 10;

pub(crate) fn run(args: &Sstabledump) -> Result<(), Failure> {
    Descriptor::of_data_file(&args.file)?;
    // Without the file itself every other error would be beside the point. Who names a link means what it leads to.
    let descriptor = Descriptor::of_data_file(&sstablefs::storage::directory::canonical(&args.file)?)?;
    let statistics = Arc::new(read_statistics(&descriptor)?);
    // What the SSTable says of itself: a dump shows also what the schema has dropped.
    let table = Arc::new(inferred::dump_table(&statistics)?);
    let reader = Arc::new(Reader::open_with(&descriptor, &table, statistics)?);
    let form = match args {
        Sstabledump { keys_only: true, .. } => DumpForm::Keys,
        Sstabledump { debug: true, .. } => DumpForm::Debug,
        Sstabledump { lines: true, .. } => DumpForm::Lines,
        _ => DumpForm::Array,
    };
    let now = args.time.now.unwrap_or_else(now);
    let options = DumpOptions { form, raw_times: args.raw_times, now };
    if form == DumpForm::Keys {
        let mut out = Output::new();
        let keys = Keys::new(&reader, out.part())?;
        return print(DumpStream::new(keys, |_| 0, &table, &options), None, &mut out);
    }
    let names = KeyNames::new(&table);
    let excluded: HashSet<String> = args.excluded.iter().cloned().collect();
    let positions = match args.keys.as_slice() {
        [] => None,
        keys => Some(positions(&reader, &names, keys.iter().filter(|key| !excluded.contains(*key)))?),
    };
    let (names, excluded) = (Arc::new(names), Arc::new(excluded));
    let exclude = |dump: &mut DumpStream<Scanner>| {
        if !excluded.is_empty() {
            let (names, excluded, mut text) = (names.clone(), excluded.clone(), Vec::new());
            dump.exclude(move |key| {
                text.clear();
                let known = names.write_text(key, &mut text);
                known.is_ok() && std::str::from_utf8(&text).is_ok_and(|text| excluded.contains(text))
            });
        }
    };
    if positions.is_none() {
        let mut out = Output::new();
        let (part, spare) = (out.part(), Spare::default());
        let whole = WholeDump { reader: &reader, table: &table, options: &options, exclude: &exclude, spare, part };
        return whole.print(&mut out);
    }
    let mut dump = DumpStream::new(reader.scan_all()?, Scanner::position, &table, &options);
    exclude(&mut dump);
    print(dump, positions, &mut Output::new())
}

/// Where the partitions of some keys begin, in the order of the SSTable.
fn positions<'a>(
    reader: &Arc<Reader>,
    names: &KeyNames,
    keys: impl Iterator<Item = &'a String>,
) -> Result<Vec<u64>, Failure> {
    let mut positions = Vec::new();
    for text in keys {
        let key = names.parse_text(text).map_err(|e| e.context(format!("the key {text}")))?;
        positions.extend(reader.lookup(&reader.key_order().decorate(&key))?);
    }
    positions.sort_unstable();
    positions.dedup();
    Ok(positions)
}

/// Prints all, or the partitions at some positions.
fn print<S: PartitionStream>(
    mut dump: DumpStream<S>,
    positions: Option<Vec<u64>>,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut text = Vec::with_capacity(2 * BUFFER);
    let part = out.part();
    let count = positions.as_ref().map_or(0, Vec::len);
    let mut rounds = positions.map(Vec::into_iter);
    loop {
        if let Some(positions) = &mut rounds {
            part.set((count - positions.len()) as u64, count as u64);
            let Some(position) = positions.next() else { break };
            dump.stream().seek_partition(Some(position))?;
        }
        loop {
            let more = dump.fill(&mut text, BUFFER);
            out.write_all(&text)?;
            text.clear();
            if !more? {
                break;
            }
        }
        if rounds.is_none() {
            break;
        }
    }
    dump.end(&mut text);
    out.write_all(&text)?;
    out.flush()?;
    Ok(())
}

/// The keys of an SSTable from its index, as partitions of nothing.
struct Keys {
    entries: Entries,
    entry: IndexEntry,
    reader: Arc<Reader>,
    key: DecoratedKey,
    row: Row,
    part: Part,
}

impl Keys {
    fn new(reader: &Arc<Reader>, part: Part) -> sstablefs::Result<Self> {
        Ok(Keys {
            entries: reader.index_from(None)?,
            entry: IndexEntry::default(),
            reader: reader.clone(),
            key: reader.key_order().decorate(&[]),
            row: Row::default(),
            part,
        })
    }
}

impl PartitionStream for Keys {
    fn next_partition(&mut self) -> sstablefs::Result<bool> {
        if !self.entries.next_entry(&mut self.entry)? {
            return Ok(false);
        }
        self.key = self.reader.key_order().decorate(&self.entry.key);
        self.part.set(self.entry.position, self.reader.data().len());
        Ok(true)
    }

    fn key(&self) -> &DecoratedKey {
        &self.key
    }

    fn deletion(&self) -> DeletionTime {
        DeletionTime::LIVE
    }

    fn static_row(&self) -> &Row {
        &self.row
    }

    fn next(&mut self, _: &mut Row, _: &mut Marker) -> sstablefs::Result<Unfiltered> {
        Ok(Unfiltered::End)
    }

    fn seek_partition(&mut self, _: Option<u64>) -> sstablefs::Result<()> {
        Ok(())
    }
}
