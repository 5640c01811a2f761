//! Checks one SSTable: each component by itself, against its checksums and against the others. Finds what
//! org.apache.cassandra.io.sstable.format.SortedTableVerifier finds, and goes on behind a fault where it can.
//!
//! The columns are those of the SSTable's own header: what the schema has dropped is checked, too.

mod blocks;
mod data;
mod entries;
mod files;
mod partition;
mod stats;
mod summary;
mod values;

use std::path::Path;
use std::sync::Arc;

use super::compression::{ChunkSums, CompressionInfo, DataSource};
use super::descriptor::{Component, Descriptor};
use super::filter::BloomFilter;
use super::prefix::ClusteringTypes;
use super::reader::{LARGEST_FILTER, read_statistics};
use super::statistics::Statistics;
use super::version::Version;
use crate::cql::{KeyOrder, Partitioner, Token, Type};
use crate::error::{Error, Kind};
use crate::schema::{Column, ColumnKind, Table};
use crate::storage::{FileSource, Source, read_all};

/// Something that is wrong with an SSTable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file that it is in.
    pub component: Component,
    /// In the component's file.
    pub offset: Option<u64>,
    /// In the data as it is uncompressed.
    pub position: Option<u64>,
    /// Of the partition that it is in, as serialized.
    pub key: Option<Vec<u8>>,
    /// What is wrong, as a sentence without the place.
    pub reason: String,
}

/// Is told what is found, while it is.
pub trait Watch {
    /// Something is damaged. Called at the place where it is found, so in no order of bytes.
    fn fault(&mut self, fault: Fault);

    /// Something to know that is no damage.
    fn note(&mut self, note: String);

    /// A partition that will be looked at, and where it begins in the data as it is uncompressed.
    fn partition(&mut self, _key: &[u8], _position: u64) {}

    /// How much is done, from 0 to 1.
    fn progress(&mut self, _part: f64) {}
}

/// How much is checked.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Only checksums and indexes: no row is decoded.
    pub quick: bool,
    /// An SSTable of another version than the newest that Cassandra writes is a fault.
    pub check_version: bool,
    /// Where there are any, all partitions have to be in one of these ranges: behind the first token, up to the second.
    pub token_ranges: Vec<(i64, i64)>,
}

/// What was read of an SSTable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Partitions that were read to their ends.
    pub partitions: u64,
    /// Rows that were decoded, static ones counted.
    pub rows: u64,
    /// Faults that were told.
    pub faults: u64,
}

/// Checks an SSTable. `schema`: what tells frozen user types in SSTables of before 3.6, which do not, and which options
/// Summary.db was made for.
pub fn verify(
    descriptor: &Descriptor,
    schema: Option<&Table>,
    options: &VerifyOptions,
    watch: &mut dyn Watch,
) -> Verified {
    let mut findings = Findings { descriptor, watch, faults: 0 };
    let mut verified = Verified::default();
    check(&mut findings, schema, options, &mut verified);
    verified.faults = findings.faults;
    verified
}

/// Where faults go.
struct Findings<'a> {
    descriptor: &'a Descriptor,
    watch: &'a mut dyn Watch,
    faults: u64,
}

impl Findings<'_> {
    fn add(&mut self, fault: Fault) {
        self.faults += 1;
        self.watch.fault(fault);
    }

    fn fault(&mut self, component: Component, offset: Option<u64>, reason: impl Into<String>) {
        self.add(Fault { component, offset, position: None, key: None, reason: reason.into() });
    }

    /// An error of the component, unless it names the file of another.
    fn error(&mut self, component: Component, error: &Error) {
        self.fault(component_of(error).unwrap_or(component), error.offset(), error.message());
    }

    fn note(&mut self, note: impl Into<String>) {
        self.watch.note(note.into());
    }

    /// Opens a component; `None` where there is none.
    fn open(&mut self, component: Component) -> Option<Source> {
        match FileSource::open(&self.descriptor.component(component)) {
            Ok(file) => Some(Arc::new(file)),
            Err(e) if e.kind() == Kind::NotFound => None,
            Err(e) => {
                self.error(component, &e);
                None
            }
        }
    }
}

fn component_of(error: &Error) -> Option<Component> {
    let name = error.file()?.file_name()?.to_str()?;
    Component::from_name(name.rsplit('-').next()?)
}

/// What all checks of rows share.
struct Subject<'a> {
    options: &'a VerifyOptions,
    version: Version,
    statistics: &'a Statistics,
    table: Table,
    order: KeyOrder,
    clustering: Arc<ClusteringTypes>,
    data: Arc<DataSource>,
    /// Of the table, where the schema tells it.
    min_index_interval: Option<f64>,
    filter: Option<BloomFilter>,
    /// Where in the file chunks begin that can't be read; not all where there are very many.
    bad_chunks: std::collections::HashSet<u64>,
}

fn check(findings: &mut Findings<'_>, schema: Option<&Table>, options: &VerifyOptions, verified: &mut Verified) {
    let descriptor = findings.descriptor;
    let version = descriptor.version;
    if options.check_version && version != Version::OA && version != Version::DA {
        findings.fault(Component::Data, None, format!("is of version {version}, which is not the latest"));
    }
    let listed = files::check_toc(findings);
    let data = findings.open(Component::Data);
    if let Some(data) = &data {
        files::check_digest(findings, data);
    }
    findings.watch.progress(0.2);
    let statistics = match read_statistics(descriptor) {
        Ok(statistics) => Some(statistics),
        Err(e) => {
            findings.error(Component::Statistics, &e);
            None
        }
    };
    let filter = read_filter(findings, statistics.as_ref());
    let info = findings.open(Component::CompressionInfo);
    let is_compressed = info.is_some()
        || listed.is_some_and(|toc| toc.has(Component::CompressionInfo))
        || statistics.as_ref().is_some_and(|s| s.stats.compression_ratio >= 0.0);
    if is_compressed && info.is_none() {
        findings.fault(Component::CompressionInfo, None, "is missing: without it the data can't be read");
    }
    let info = info.map(|source| CompressionInfo::open(source, version));
    if let Some(Err(e)) = &info {
        findings.error(Component::CompressionInfo, e);
    }
    let sums = if is_compressed { None } else { findings.open(Component::Crc) }.map(ChunkSums::open);
    if let Some(Err(e)) = &sums {
        findings.error(Component::Crc, e);
    }
    let data = match (data, info, is_compressed) {
        (Some(file), Some(Ok(info)), _) => Some(DataSource::compressed(file, info)),
        (Some(file), None, false) => Some(DataSource::plain(file, sums.and_then(Result::ok))),
        (None, ..) => {
            findings.fault(Component::Data, None, "is missing");
            None
        }
        _ => None,
    };
    let mut bad_chunks = std::collections::HashSet::new();
    if let Some(data) = &data {
        files::check_chunks(findings, data, &mut bad_chunks);
    }
    findings.watch.progress(0.5);
    let (Some(statistics), Some(data)) = (statistics, data.map(Arc::new)) else { return };
    files::check_columns(findings, &statistics, schema);
    let partitioner = Partitioner::from_class_name(&statistics.partitioner);
    // Reading goes by the last part of the name; Cassandra compares all of it.
    if partitioner.is_none_or(|known| known.class_name() != statistics.partitioner) {
        let reason = format!("the partitioner {} is not known", statistics.partitioner);
        findings.fault(Component::Statistics, None, reason);
    }
    let Some(partitioner) = partitioner else { return };
    let subject = Subject {
        options,
        version,
        order: KeyOrder::new(partitioner, &statistics.header.key_type),
        clustering: Arc::new(ClusteringTypes::new(&statistics.header.clustering)),
        table: table_of(&statistics, partitioner, schema),
        statistics: &statistics,
        data,
        min_index_interval: schema.and_then(|table| table.option_number("min_index_interval")),
        filter,
        bad_chunks,
    };
    data::check(findings, &subject, verified);
    findings.watch.progress(1.0);
}

/// The table as the header has it.
fn table_of(statistics: &Statistics, partitioner: Partitioner, schema: Option<&Table>) -> Table {
    let header = &statistics.header;
    let mut table = Table::new("", "");
    table.partitioner = partitioner;
    table.partition_key.push(Column::new("key", header.key_type.clone(), ColumnKind::PartitionKey));
    for (ty, reversed) in &header.clustering {
        let column = Column::new("clustering", ty.clone(), ColumnKind::Clustering);
        table.clustering.push(Column { reversed: *reversed, ..column });
    }
    let known = |name: &str| schema.and_then(|s| s.column(name)).map(|c| &c.ty);
    let columns = [(&header.statics, ColumnKind::Static), (&header.regulars, ColumnKind::Regular)];
    for (columns, kind) in columns {
        for column in columns {
            let ty = match (&column.ty, known(&column.name)) {
                (Type::User(_), Some(known @ Type::User(_))) => known.clone(),
                (own, _) => own.clone(),
            };
            let to = if kind == ColumnKind::Static { &mut table.statics } else { &mut table.regulars };
            to.push(Column::new(&column.name, ty, kind));
        }
    }
    table.sort_columns();
    table
}

fn read_filter(findings: &mut Findings<'_>, statistics: Option<&Statistics>) -> Option<BloomFilter> {
    let path = findings.descriptor.component(Component::Filter);
    let Some(source) = findings.open(Component::Filter) else {
        // A table with bloom_filter_fp_chance = 1 has none.
        if statistics.is_some_and(|s| s.bloom_filter_fp_chance < 1.0) {
            findings.note("Filter.db is missing: each lookup goes to the index");
        }
        return None;
    };
    if source.len() > LARGEST_FILTER {
        findings.note(format!("Filter.db is not checked: it has {} bytes", source.len()));
        return None;
    }
    match read_filter_file(&source, &path, findings.descriptor.version) {
        Ok(filter) => Some(filter),
        Err(e) => {
            findings.error(Component::Filter, &e);
            None
        }
    }
}

fn read_filter_file(source: &Source, path: &Path, version: Version) -> crate::Result<BloomFilter> {
    let bytes = read_all(&**source, LARGEST_FILTER).map_err(|e| Error::io(e, path))?;
    BloomFilter::parse(&bytes, version)
}

impl Subject<'_> {
    /// Whether a token is in the ranges that were asked for; a range may go over the end of the ring.
    fn is_in_ranges(&self, token: Token) -> bool {
        let Token::Murmur3(token) = token else { return true };
        let inside = |&(left, right): &(i64, i64)| match left < right {
            true => token > left && token <= right,
            false => token > left || token <= right,
        };
        let ranges = &self.options.token_ranges;
        ranges.is_empty() || ranges.iter().any(inside)
    }
}
