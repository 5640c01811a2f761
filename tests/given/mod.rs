//! Partitions as they are said to be, sound or not, written as an SSTable.

#![allow(dead_code, reason = "each test program uses a part of this file")]

use std::path::Path;
use std::sync::Arc;

use sstablefs::Result;
use sstablefs::cql::DecoratedKey;
use sstablefs::rows::{
    BoundKind, Cell, DeletionTime, Liveness, Marker, NO_DELETION_TIME, NO_TTL, PartitionStream, Row, Span, Unfiltered,
};
use sstablefs::schema::{Table, ddl};
use sstablefs::sstable::{Descriptor, SerializationHeader, SstableId, Version, Writer, WriterOptions, Written};
use sstablefs::storage::{FileFolder, Folder};

pub(crate) const DELETION: DeletionTime = DeletionTime { marked_for_delete_at: 77, local_deletion_time: 88 };

#[derive(Clone)]
pub(crate) enum Item {
    Row(Row),
    Marker(Marker),
}

#[derive(Clone)]
pub(crate) struct Partition {
    pub(crate) key: Vec<u8>,
    pub(crate) static_row: Row,
    pub(crate) items: Vec<Item>,
}

pub(crate) fn cell(column: u16, value: Span) -> Cell {
    Cell { column, ttl: NO_TTL, timestamp: 9, local_deletion_time: NO_DELETION_TIME, value, path: Span::default() }
}

pub(crate) fn static_row(value: &[u8]) -> Row {
    let mut row = Row::default();
    let value = row.store(value);
    row.cells.push(cell(0, value));
    row
}

/// A row of one clustering and one cell.
pub(crate) fn row(clustering: &[u8], value: &[u8]) -> Item {
    let mut row = static_row(value);
    let clustering = row.store(clustering);
    row.clustering.push(clustering);
    row.liveness = Liveness { timestamp: 9, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
    Item::Row(row)
}

pub(crate) fn marker(kind: BoundKind, clustering: &[u8]) -> Item {
    let mut marker = Marker { kind, ..Marker::default() };
    marker.bytes.extend_from_slice(clustering);
    marker.clustering.push(Span { start: 0, len: clustering.len() as u32 });
    marker.start = if kind.opens() { DELETION } else { DeletionTime::LIVE };
    marker.end = if kind.closes() { DELETION } else { DeletionTime::LIVE };
    Item::Marker(marker)
}

pub(crate) fn partition(key: &[u8], items: &[Item]) -> Partition {
    Partition { key: key.to_vec(), static_row: Row::default(), items: items.to_vec() }
}

pub(crate) fn table(create: &str) -> Arc<Table> {
    ddl::parse(create, None).unwrap()["ks"].tables["t"].clone()
}

/// Partitions in the order of their tokens, with what is in them as it is.
pub(crate) struct Stream {
    partitions: std::vec::IntoIter<(DecoratedKey, Partition)>,
    current: Option<(DecoratedKey, Partition)>,
    next: usize,
}

impl Stream {
    pub(crate) fn new(table: &Table, partitions: &[Partition]) -> Stream {
        let order = sstablefs::cql::KeyOrder::new(table.partitioner, &table.partition_key_type());
        let mut all: Vec<_> = partitions.iter().map(|p| (order.decorate(&p.key), p.clone())).collect();
        all.sort_by(|a, b| order.compare(&a.0, &b.0));
        Stream { partitions: all.into_iter(), current: None, next: 0 }
    }
}

impl PartitionStream for Stream {
    fn next_partition(&mut self) -> Result<bool> {
        self.current = self.partitions.next();
        self.next = 0;
        Ok(self.current.is_some())
    }

    fn key(&self) -> &DecoratedKey {
        &self.current.as_ref().unwrap().0
    }

    fn deletion(&self) -> DeletionTime {
        DeletionTime::LIVE
    }

    fn static_row(&self) -> &Row {
        &self.current.as_ref().unwrap().1.static_row
    }

    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        let item = self.current.as_ref().unwrap().1.items.get(self.next);
        self.next += 1;
        Ok(match item {
            Some(Item::Row(given)) => {
                row.clone_from(given);
                Unfiltered::Row
            }
            Some(Item::Marker(given)) => {
                marker.clone_from(given);
                Unfiltered::Marker
            }
            None => Unfiltered::End,
        })
    }

    fn seek_partition(&mut self, _: Option<u64>) -> Result<()> {
        unreachable!("a writer only goes on")
    }
}

/// Blocks of rows and samples of keys as small as can be.
pub(crate) fn options(table: &Table, version: Version) -> WriterOptions {
    let header = SerializationHeader::of_table(table);
    WriterOptions {
        compression: None,
        column_index_size: 32,
        min_index_interval: 2,
        ..WriterOptions::of_table(table, version, header, 10).unwrap()
    }
}

pub(crate) fn write_to(
    folder: Arc<dyn Folder>,
    descriptor: &Descriptor,
    table: &Arc<Table>,
    options: WriterOptions,
    partitions: &[Partition],
) -> Result<Option<Written>> {
    let mut writer = Writer::new(folder, descriptor, table, options)?;
    writer.append_all(&mut Stream::new(table, partitions))?;
    writer.finish()
}

pub(crate) fn write(dir: &Path, table: &Arc<Table>, version: Version, partitions: &[Partition]) -> Descriptor {
    let descriptor = Descriptor { dir: dir.to_owned(), version, id: SstableId::Sequence(1) };
    let folder = Arc::new(FileFolder::new(dir));
    write_to(folder, &descriptor, table, options(table, version), partitions).unwrap().unwrap();
    descriptor
}
