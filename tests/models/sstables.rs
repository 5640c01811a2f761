//! Streams of partitions as SSTables in memory, written and opened by the engine's own writer and reader.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::ingest::Memtable;
use sstablefs::rows::PartitionStream;
use sstablefs::schema::Table;
use sstablefs::sstable::{
    Codec, Component, CompressionParameters, Descriptor, Reader, SerializationHeader, SstableId, Statistics, Version,
    Writer, WriterOptions,
};
use sstablefs::storage::{MemoryFolder, MemorySource, Source};
use sstablefs::{Error, Result};

/// How an SSTable is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) version: Version,
    pub(crate) codec: Option<Codec>,
    pub(crate) chunk_length: u32,
    /// Small ones, so that a few rows have an index.
    pub(crate) column_index_size: u64,
    pub(crate) min_index_interval: u32,
    pub(crate) bloom_filter_fp_chance: f64,
}

/// `None` where there was nothing to write.
pub(crate) fn write<S: PartitionStream + ?Sized>(
    table: &Arc<Table>,
    form: Form,
    number: u32,
    header: SerializationHeader,
    stream: &mut S,
) -> Result<Option<Arc<Reader>>> {
    let version = form.version;
    let descriptor = Descriptor { dir: PathBuf::new(), version, id: SstableId::Sequence(number) };
    let folder = MemoryFolder::default();
    let options = WriterOptions {
        compression: form.codec.map(|codec| CompressionParameters {
            chunk_length: form.chunk_length,
            ..CompressionParameters::new(codec)
        }),
        column_index_size: form.column_index_size,
        min_index_interval: form.min_index_interval,
        bloom_filter_fp_chance: form.bloom_filter_fp_chance,
        ..WriterOptions::of_table(table, version, header, 100)?
    };
    let mut writer = Writer::new(Arc::new(folder.clone()), &descriptor, table, options)?;
    writer.append_all(stream)?;
    if writer.finish()?.is_none() {
        return Ok(None);
    }
    let open = |path: &Path| match path.to_str().and_then(|name| folder.bytes(name)) {
        Some(bytes) => Ok(Arc::new(MemorySource(bytes)) as Source),
        None => Err(Error::io(ErrorKind::NotFound.into(), path)),
    };
    let statistics = folder.bytes(&format!("{descriptor}-{}", Component::Statistics.name())).unwrap_or_default();
    let statistics = Arc::new(Statistics::parse(&statistics, version)?);
    let reader = Reader::open_through(&open, &descriptor, table, statistics)?;
    assert_eq!(reader.notes(), &[] as &[String]);
    Ok(Some(Arc::new(reader)))
}

/// The header that a memtable's changes need, and the changes in order.
pub(crate) fn flush(memtable: &mut Memtable, form: Form, number: u32) -> Result<Option<Arc<Reader>>> {
    let table = memtable.table().clone();
    let header = memtable.header().header(&table);
    write(&table, form, number, header, &mut memtable.sorted())
}
