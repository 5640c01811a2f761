//! Text read back: what Cassandra and its tools printed, parsed to rows and rendered again.

use std::cmp::Ordering;
use std::sync::Arc;

use sstablefs::cql::{DecoratedKey, KeyOrder};
use sstablefs::merge::LiveRows;
use sstablefs::rows::{
    BoundKind, ClusteringOrder, DeletionTime, Marker, PartitionStream, Place, RangeBound, Row, Sink, Unfiltered,
};
use sstablefs::schema::Table;
use sstablefs::table::{ScanRange, View};
use sstablefs_render::parse::{Failure, InputFormat, InputOptions, Summary, read};
use sstablefs_render::{CsvRows, CsvStyle, DumpOptions, DumpStream, JsonRows, RowText};

/// Microseconds: before all that is `now` for the golden cases, so that nothing written then is from the future.
const TIMESTAMP: i64 = 1_000_000;

struct Partition {
    key: DecoratedKey,
    deletion: DeletionTime,
    static_row: Row,
    rows: Vec<Row>,
    ranges: Vec<(RangeBound, RangeBound, DeletionTime)>,
}

/// A memtable for tests: no two changes are of the same thing, but for static rows, of which the last counts.
pub(crate) struct Memory {
    order: KeyOrder,
    partitions: Vec<Partition>,
}

impl Memory {
    fn partition(&mut self, key: &[u8]) -> &mut Partition {
        if self.partitions.last().is_none_or(|p| p.key.key != key) {
            self.partitions.push(Partition {
                key: self.order.decorate(key),
                deletion: DeletionTime::LIVE,
                static_row: Row::default(),
                rows: Vec::new(),
                ranges: Vec::new(),
            });
        }
        self.partitions.last_mut().unwrap()
    }
}

impl Sink for Memory {
    fn partition_deletion(&mut self, key: &[u8], deletion: DeletionTime) -> sstablefs::Result<()> {
        self.partition(key).deletion = deletion;
        Ok(())
    }

    fn static_row(&mut self, key: &[u8], row: &Row) -> sstablefs::Result<()> {
        self.partition(key).static_row = row.clone();
        Ok(())
    }

    fn row(&mut self, key: &[u8], row: &Row) -> sstablefs::Result<()> {
        self.partition(key).rows.push(row.clone());
        Ok(())
    }

    fn range_tombstone(
        &mut self,
        key: &[u8],
        start: &RangeBound,
        end: &RangeBound,
        deletion: DeletionTime,
    ) -> sstablefs::Result<()> {
        self.partition(key).ranges.push((start.clone(), end.clone(), deletion));
        Ok(())
    }
}

/// The partitions in order, as an SSTable would give them.
struct Stream {
    partitions: std::vec::IntoIter<Partition>,
    order: ClusteringOrder,
    at: Option<Partition>,
    queue: std::vec::IntoIter<Item>,
}

enum Item {
    Row(Row),
    Marker(Marker),
}

impl Stream {
    fn new(mut memory: Memory, table: &Table) -> Self {
        let order = memory.order.clone();
        memory.partitions.sort_by(|a, b| order.compare(&a.key, &b.key));
        let order = ClusteringOrder::new(&table.clustering);
        Stream { partitions: memory.partitions.into_iter(), order, at: None, queue: Vec::new().into_iter() }
    }
}

fn marker(kind: BoundKind, bound: &RangeBound, end: DeletionTime, start: DeletionTime) -> Marker {
    let mut marker = Marker { kind, end, start, ..Marker::default() };
    let mut row = Row::default();
    for value in &bound.prefix {
        let span = value.as_ref().map_or(sstablefs::rows::Span::NULL, |value| row.store(value));
        marker.clustering.push(span);
    }
    marker.bytes = row.bytes;
    marker
}

/// Bounds of ranges, of which those that meet are one marker.
fn markers(ranges: &[(RangeBound, RangeBound, DeletionTime)]) -> Vec<Marker> {
    let mut markers: Vec<Marker> = Vec::new();
    for (i, (start, end, deletion)) in ranges.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &ranges[i]);
        match before {
            Some((_, last, closed)) if last.prefix == start.prefix && last.inclusive != start.inclusive => {
                let kind = if start.inclusive {
                    BoundKind::ExclusiveEndInclusiveStart
                } else {
                    BoundKind::InclusiveEndExclusiveStart
                };
                markers.pop();
                markers.push(marker(kind, start, *closed, *deletion));
            }
            _ => {
                let kind = if start.inclusive { BoundKind::InclusiveStart } else { BoundKind::ExclusiveStart };
                markers.push(marker(kind, start, DeletionTime::LIVE, *deletion));
            }
        }
        let kind = if end.inclusive { BoundKind::InclusiveEnd } else { BoundKind::ExclusiveEnd };
        markers.push(marker(kind, end, *deletion, DeletionTime::LIVE));
    }
    markers
}

impl PartitionStream for Stream {
    fn next_partition(&mut self) -> sstablefs::Result<bool> {
        self.at = self.partitions.next();
        let Some(partition) = &mut self.at else { return Ok(false) };
        let mut items: Vec<Item> = std::mem::take(&mut partition.rows).into_iter().map(Item::Row).collect();
        items.extend(markers(&partition.ranges).into_iter().map(Item::Marker));
        fn place(item: &Item) -> Place<'_> {
            match item {
                Item::Row(row) => Place::of_row(row),
                Item::Marker(marker) => Place::of_marker(marker),
            }
        }
        items.sort_by(|a, b| self.order.compare(place(a), place(b)));
        for pair in items.windows(2) {
            let order = self.order.compare(place(&pair[0]), place(&pair[1]));
            if order != Ordering::Less {
                return Err(sstablefs::Error::invalid("two changes of one row"));
            }
        }
        self.queue = items.into_iter();
        Ok(true)
    }

    fn key(&self) -> &DecoratedKey {
        &self.at.as_ref().unwrap().key
    }

    fn deletion(&self) -> DeletionTime {
        self.at.as_ref().unwrap().deletion
    }

    fn static_row(&self) -> &Row {
        &self.at.as_ref().unwrap().static_row
    }

    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> sstablefs::Result<Unfiltered> {
        match self.queue.next() {
            Some(Item::Row(found)) => {
                *row = found;
                Ok(Unfiltered::Row)
            }
            Some(Item::Marker(found)) => {
                *marker = found;
                Ok(Unfiltered::Marker)
            }
            None => Ok(Unfiltered::End),
        }
    }

    fn seek_partition(&mut self, _position: Option<u64>) -> sstablefs::Result<()> {
        Ok(())
    }
}

fn parse(table: &Arc<Table>, format: InputFormat, style: Option<CsvStyle>, text: &str) -> Result<Memory, String> {
    let order = KeyOrder::new(table.partitioner, &table.partition_key_type());
    let mut memory = Memory { order, partitions: Vec::new() };
    let mut options = InputOptions::new(table.clone(), TIMESTAMP);
    options.csv = style;
    options.default_ttl = 0;
    match read(&mut text.as_bytes(), format, &options, &mut |_| {}, &mut memory) {
        Ok(Summary { bytes, .. }) => {
            assert_eq!(bytes, text.len() as u64);
            Ok(memory)
        }
        Err(Failure::Input(errors)) => {
            let errors: Vec<String> = errors.iter().take(3).map(ToString::to_string).collect();
            Err(errors.join("; "))
        }
        Err(other) => Err(format!("{other:?}")),
    }
}

fn render(table: &Arc<Table>, memory: Memory, now: i64, rows: &mut dyn RowText) -> String {
    let order = memory.order.clone();
    let stream: Box<dyn PartitionStream> = Box::new(Stream::new(memory, table));
    text(LiveRows::new(table, &order, vec![stream], now), rows)
}

fn text(mut live: LiveRows, rows: &mut dyn RowText) -> String {
    let mut out = Vec::new();
    rows.header(&mut out);
    while live.next_partition().unwrap() {
        rows.partition(&live.key().key, live.static_row()).unwrap();
        let mut only_static = !live.static_row().is_empty();
        while let Some(row) = live.next_row().unwrap() {
            only_static = false;
            rows.row(Some(row), &mut out).unwrap();
            end_line(&mut out);
        }
        if only_static {
            rows.row(None, &mut out).unwrap();
            end_line(&mut out);
        }
    }
    String::from_utf8(out).unwrap()
}

fn end_line(out: &mut Vec<u8>) {
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

/// The rows of a table as CSV.
pub(crate) fn csv_of(view: &View, style: CsvStyle, now: i64) -> String {
    let live = view.rows(&ScanRange::ALL, now).unwrap();
    text(live, &mut CsvRows::new(view.table(), style))
}

/// Rows as JSON from JSON.
pub(crate) fn json(table: &Arc<Table>, text: &str, now: i64) -> Result<String, String> {
    let memory = parse(table, InputFormat::Json, None, text)?;
    Ok(render(table, memory, now, &mut JsonRows::new(table)))
}

/// Rows as JSON from CSV.
pub(crate) fn csv(table: &Arc<Table>, text: &str, style: Option<CsvStyle>, now: i64) -> Result<String, String> {
    let memory = parse(table, InputFormat::Csv, style, text)?;
    Ok(render(table, memory, now, &mut JsonRows::new(table)))
}

/// Rows as CSV from CSV of the same style.
pub(crate) fn csv_again(table: &Arc<Table>, text: &str, style: CsvStyle, now: i64) -> Result<String, String> {
    let memory = parse(table, InputFormat::Csv, Some(style), text)?;
    Ok(render(table, memory, now, &mut CsvRows::new(table, style)))
}

/// A dump from a dump, both without positions.
pub(crate) fn dump(table: &Arc<Table>, text: &str, options: &DumpOptions) -> Result<String, String> {
    let memory = parse(table, InputFormat::Dump, None, text)?;
    let mut dump = DumpStream::new(Stream::new(memory, table), |_| 0, table, options);
    let mut out = Vec::new();
    dump.fill(&mut out, usize::MAX).map_err(|e| e.to_string())?;
    dump.end(&mut out);
    Ok(without_positions(&String::from_utf8(out).unwrap()))
}

pub(crate) fn without_positions(dump: &str) -> String {
    let mut parts = dump.split("\"position\":");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}
