//! Writes one SSTable: a stream of partitions becomes all of its components. Follows
//! org.apache.cassandra.io.sstable.format.SortedTableWriter and SortedTablePartitionWriter.

mod header;
mod options;
mod publish;

use std::sync::Arc;

pub use header::HeaderBuilder;
pub use options::WriterOptions;
pub use publish::remove_leftovers;
pub(crate) use publish::temporary_of;

use super::compression::{DataWriter, WrittenData};
use super::data::Encoder;
use super::descriptor::{Component, Descriptor};
use super::filter::FilterBuilder;
use super::index_writer::{IndexParameters, IndexWriter};
use super::prefix::ClusteringTypes;
use super::statistics::{Collected, Collector, Statistics};
use super::toc::Toc;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Result};
use crate::rows::{ClusteringOrder, DeletionTime, Marker, PartitionStream, Row, Unfiltered};
use crate::schema::Table;
use crate::storage::{Buffered, Folder};
use publish::Pending;

/// An SSTable that is being written. Dropped before it is finished, it leaves nothing behind.
pub struct Writer {
    descriptor: Descriptor,
    table: Arc<Table>,
    options: WriterOptions,
    order: KeyOrder,
    encoder: Encoder,
    data: DataWriter,
    index: IndexWriter,
    filter: Option<FilterBuilder>,
    collector: Collector,
    last_key: DecoratedKey,
    row: Row,
    marker: Marker,
    /// A partition could not be written to its end: what is there is no SSTable.
    failed: bool,
    pending: Pending,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where its files are and what they are called.
    pub descriptor: Descriptor,
    /// Partitions.
    pub keys: u64,
    /// Rows, static ones counted.
    pub rows: u64,
    /// Bytes of data before compression.
    pub data_length: u64,
    /// Bytes of Data.db.
    pub stored_length: u64,
    /// Bytes of all components.
    pub bytes: u64,
    /// The smallest and the largest timestamp, in microseconds.
    pub timestamps: (i64, i64),
}

impl Writer {
    /// Begins the SSTable that `descriptor` names in `folder`. Nothing of that name may exist.
    pub fn new(
        folder: Arc<dyn Folder>,
        descriptor: &Descriptor,
        table: &Arc<Table>,
        options: WriterOptions,
    ) -> Result<Writer> {
        let version = descriptor.version;
        let mut pending = Pending::new(folder, descriptor)?;
        let encoder = Encoder::new(&options.header, table, version)?;
        let filter = FilterBuilder::new(options.expected_keys, options.bloom_filter_fp_chance)?;
        let order = KeyOrder::new(table.partitioner, &options.header.key_type);
        let data = pending.create(Component::Data)?;
        let data = match &options.compression {
            Some(parameters) => {
                DataWriter::compressed(data, pending.create(Component::CompressionInfo)?, parameters.clone())?
            }
            None => DataWriter::plain(data, pending.create(Component::Crc)?)?,
        };
        let parameters = IndexParameters {
            version,
            order: order.clone(),
            types: Arc::new(ClusteringTypes::new(&options.header.clustering)),
            block_size: options.column_index_size,
            min_index_interval: options.min_index_interval,
        };
        let index = IndexWriter::new(&parameters, |component| pending.create(component))?;
        Ok(Writer {
            descriptor: descriptor.clone(),
            table: table.clone(),
            options,
            last_key: order.decorate(&[]),
            order,
            encoder,
            data,
            index,
            filter,
            collector: Collector::new(ClusteringOrder::new(&table.clustering), version),
            row: Row::default(),
            marker: Marker::default(),
            failed: false,
            pending,
        })
    }

    /// Whether Data.db has so many bytes: to end an SSTable when it is large enough.
    pub fn has_stored(&mut self, limit: u64) -> Result<bool> {
        self.data.has_stored(limit)
    }

    /// Partitions so far.
    pub fn keys(&self) -> u64 {
        self.collector.keys()
    }

    /// Writes all partitions that the stream has yet, which have to come in the order of the table's partitioner and behind
    /// those that were written.
    pub fn append_all<S: PartitionStream + ?Sized>(&mut self, stream: &mut S) -> Result<()> {
        while stream.next_partition()? {
            self.append(stream)?;
        }
        Ok(())
    }

    /// The partition in which the stream stands. `false`: there is nothing in it, and nothing is written. After an error
    /// the SSTable can't be finished.
    pub fn append<S: PartitionStream + ?Sized>(&mut self, stream: &mut S) -> Result<bool> {
        if self.failed {
            return Err(Error::invalid("an SSTable can't be written on after an error"));
        }
        self.failed = true;
        let written = self.append_partition(stream)?;
        self.failed = false;
        Ok(written)
    }

    fn append_partition<S: PartitionStream + ?Sized>(&mut self, stream: &mut S) -> Result<bool> {
        let deletion = stream.deletion();
        let mut found = self.next(stream)?;
        if found == Unfiltered::End && deletion.is_live() && stream.static_row().is_empty() {
            return Ok(false);
        }
        let start = self.data.position();
        self.begin_partition(stream.key(), &deletion, stream.static_row())?;
        let (mut previous, mut open) = (start, None);
        while found != Unfiltered::End {
            let position = self.data.position();
            let buffer = self.data.buffer();
            let prefix = if found == Unfiltered::Row {
                self.encoder.row(&self.row, position - previous, buffer)?;
                self.collector.row(&self.row);
                (&self.row).into()
            } else {
                self.encoder.marker(&self.marker, position - previous, buffer)?;
                self.collector.marker(&self.marker);
                if self.marker.kind.closes() == open.is_none() {
                    return Err(Error::invalid("range tombstone markers that do not follow each other"));
                }
                open = self.marker.kind.opens().then_some(self.marker.start);
                (&self.marker).into()
            };
            self.index.unfiltered(&prefix, position, self.data.position(), open)?;
            self.data.pass_on()?;
            previous = position;
            found = self.next(stream)?;
        }
        if open.is_some() {
            return Err(Error::invalid("a range tombstone that is open where its partition ends"));
        }
        let end = self.data.position();
        self.encoder.end_of_partition(self.data.buffer());
        self.data.pass_on()?;
        self.index.end_partition(&deletion, end)?;
        let key = stream.key();
        self.collector.end_partition(&key.key, end + 1 - start);
        if let Some(filter) = &mut self.filter {
            filter.add(&key.key);
        }
        self.last_key.token = key.token;
        self.last_key.key.clone_from(&key.key);
        Ok(true)
    }

    /// What comes next of the partition; rows that hold nothing are passed over.
    #[inline]
    fn next<S: PartitionStream + ?Sized>(&mut self, stream: &mut S) -> Result<Unfiltered> {
        loop {
            let found = stream.next(&mut self.row, &mut self.marker)?;
            if found != Unfiltered::Row || !self.row.is_empty() {
                return Ok(found);
            }
        }
    }

    fn begin_partition(&mut self, key: &DecoratedKey, deletion: &DeletionTime, static_row: &Row) -> Result<()> {
        if self.collector.keys() > 0 && self.order.compare(&self.last_key, key).is_ge() {
            return Err(Error::invalid("a partition whose key is not behind that of the one before"));
        }
        let start = self.data.position();
        self.encoder.partition(&key.key, deletion, self.data.buffer())?;
        self.collector.begin_partition(deletion);
        self.index.begin_partition(key, start)?;
        if self.encoder.has_static_row() {
            self.encoder.static_row(static_row, self.data.buffer())?;
            self.collector.static_row(static_row);
        } else if !static_row.is_empty() {
            return Err(Error::invalid("a static row where the header has no static columns"));
        }
        self.data.pass_on()?;
        self.index.begin_rows(self.data.position());
        Ok(())
    }

    /// Writes what is left and gives the SSTable its name; `None` where there was no partition, and nothing is left.
    /// When it returns, the SSTable would survive a crash.
    pub fn finish(self) -> Result<Option<Written>> {
        let Writer {
            descriptor, table, options, data, index, filter, collector, last_key, failed, mut pending, ..
        } = self;
        if failed {
            return Err(Error::invalid("an SSTable can't be finished after an error"));
        }
        if collector.keys() == 0 {
            return Ok(None);
        }
        let WrittenData { digest, length, stored, ratio } = data.finish()?;
        index.finish()?;
        if let Some(filter) = filter {
            let mut out = Buffered::new(pending.create(Component::Filter)?);
            filter.write(&mut out)?;
            out.finish()?;
        }
        let Collected { stats, cardinality, keys } = collector.finish(ratio, &last_key.key);
        let (rows, timestamps) = (stats.total_rows as u64, (stats.min_timestamp, stats.max_timestamp));
        let statistics = Statistics {
            partitioner: table.partitioner.class_name().to_owned(),
            bloom_filter_fp_chance: options.bloom_filter_fp_chance,
            cardinality,
            stats,
            header: options.header,
        };
        pending.write(Component::Statistics, &statistics.write(descriptor.version)?)?;
        pending.write(Component::Digest, digest.text().as_bytes())?;
        let mut components = pending.components().to_vec();
        components.push(Component::Toc);
        pending.write(Component::Toc, Toc::text(&components).as_bytes())?;
        let bytes = pending.publish()?;
        Ok(Some(Written { descriptor, keys, rows, data_length: length, stored_length: stored, bytes, timestamps }))
    }
}
