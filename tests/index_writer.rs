//! The indexes written again from the data of each SSTable of a real Cassandra: every byte has to be Cassandra's.

mod data;

use std::fs;
use std::sync::Arc;

use sstablefs::cql::{Partitioner, Type};
use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs::sstable::{
    ClusteringPrefix, ClusteringTypes, Component, Descriptor, HeaderColumn, IndexParameters, IndexWriter, Reader,
    Statistics, read_statistics,
};
use sstablefs::storage::{Folder, MemoryFolder};

/// column_index_size of the server that wrote them.
const BLOCK_SIZE: u64 = 4 << 10;

/// A table with the columns of an SSTable's header.
fn table(statistics: &Statistics) -> Arc<Table> {
    let header = &statistics.header;
    let mut table = Table::new("ks", "t");
    table.partitioner = Partitioner::from_class_name(&statistics.partitioner).unwrap();
    let key = match &header.key_type {
        Type::Composite(types) => types.clone(),
        one => vec![one.clone()],
    };
    let named = |i: usize, ty: Type, kind| Column::new(format!("{kind:?}{i}"), ty, kind);
    table.partition_key = key.into_iter().enumerate().map(|(i, ty)| named(i, ty, ColumnKind::PartitionKey)).collect();
    for (i, (ty, reversed)) in header.clustering.iter().enumerate() {
        let column = named(i, ty.clone(), ColumnKind::Clustering);
        table.clustering.push(Column { reversed: *reversed, ..column });
    }
    let columns =
        |columns: &[HeaderColumn], kind| columns.iter().map(|c| Column::new(&*c.name, c.ty.clone(), kind)).collect();
    table.statics = columns(&header.statics, ColumnKind::Static);
    table.regulars = columns(&header.regulars, ColumnKind::Regular);
    table.sort_columns();
    Arc::new(table)
}

/// Writes the indexes into memory, under the names of their components; returns the number of partitions.
fn rewrite(descriptor: &Descriptor) -> (MemoryFolder, usize) {
    let statistics = read_statistics(descriptor).unwrap();
    let reader = Arc::new(Reader::open(descriptor, &table(&statistics)).unwrap());
    let summary = fs::read(descriptor.component(Component::Summary));
    let parameters = IndexParameters {
        version: descriptor.version,
        order: reader.key_order().clone(),
        types: Arc::new(ClusteringTypes::new(&statistics.header.clustering)),
        block_size: BLOCK_SIZE,
        min_index_interval: summary.map_or(128, |bytes| u32::from_be_bytes(*bytes.first_chunk().unwrap())),
    };
    let folder = MemoryFolder::default();
    let mut writer = IndexWriter::new(&parameters, |component| folder.create(component.name())).unwrap();
    let mut scanner = reader.scan_all().unwrap();
    let (mut row, mut marker) = (Row::default(), Marker::default());
    let (mut position, mut partitions) = (0, 0);
    while scanner.next_partition().unwrap() {
        writer.begin_partition(scanner.key(), position).unwrap();
        writer.begin_rows(scanner.position());
        let (mut start, mut open) = (scanner.position(), None);
        loop {
            let prefix: ClusteringPrefix<'_> = match scanner.next(&mut row, &mut marker).unwrap() {
                Unfiltered::End => break,
                Unfiltered::Row => (&row).into(),
                Unfiltered::Marker => {
                    open = marker.kind.opens().then_some(marker.start);
                    (&marker).into()
                }
            };
            writer.unfiltered(&prefix, start, scanner.position(), open).unwrap();
            start = scanner.position();
        }
        writer.end_partition(&scanner.deletion(), start).unwrap();
        position = scanner.position();
        partitions += 1;
    }
    writer.finish().unwrap();
    (folder, partitions)
}

#[test]
fn every_byte_is_cassandras() {
    let mut differing = Vec::new();
    let (mut sstables, mut partitions) = (0, 0);
    for descriptor in data::sstables() {
        let (folder, count) = rewrite(&descriptor);
        for name in folder.list().unwrap() {
            let component = Component::from_name(&name).unwrap();
            let path = descriptor.component(component);
            let (theirs, ours) = (fs::read(&path).unwrap(), folder.bytes(&name).unwrap());
            if theirs != ours {
                let at = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
                differing.push(format!("{}: byte {at} of {}, {} written", path.display(), theirs.len(), ours.len()));
            }
        }
        sstables += 1;
        partitions += count;
    }
    println!("{sstables} SSTables, {partitions} partitions");
    assert!(differing.is_empty(), "{} files differ:\n{}", differing.len(), differing.join("\n"));
}
