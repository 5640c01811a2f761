//! Statistics.db: the metadata of an SSTable. Follows org.apache.cassandra.io.sstable.metadata.MetadataSerializer.
//!
//! ```text
//!   i32 n │ [CRC32 of n] │ n * (i32 type, i32 offset) │ [CRC32 of n and the table] │ n * (part │ [CRC32 of it])
//!
//!   0 validation   UTF partitioner class │ f64 false positive chance of the bloom filter
//!   1 compaction   i32 length │ HyperLogLog++ of the partition keys
//!   2 stats        see stats.rs
//!   3 header       see ../header.rs
//! ```
//!
//! The checksums are there from version na on.

pub mod cardinality;
mod collector;
mod histogram;
mod sketch;
mod stats;
mod stats_writer;
mod tombstones;

pub use collector::{Collected, Collector};
pub use histogram::EstimatedHistogram;
pub use stats::{ClusteringBound, CommitLogPosition, CoveredClustering, Stats};

use super::header::SerializationHeader;
use super::version::Version;
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// Statistics.db holds histograms, types and a few keys; more than this is not one.
pub const LARGEST_STATISTICS: u64 = 64 << 20;

/// Statistics.db: the validation, compaction, stats and header components (MetadataSerializer).
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Java class name.
    pub partitioner: String,
    /// The table's option when the SSTable was written; -1 where it is not known.
    pub bloom_filter_fp_chance: f64,
    /// Serialized HyperLogLog++ of the partition keys; empty when there is none.
    pub cardinality: Vec<u8>,
    /// Histograms, times and flags.
    pub stats: Stats,
    /// What Data.db is encoded against.
    pub header: SerializationHeader,
}

impl Statistics {
    /// `data` is the whole file. [`Kind::Corrupt`](crate::Kind::Corrupt) with the byte, also where a checksum (na and later) is
    /// wrong.
    pub fn parse(data: &[u8], version: Version) -> Result<Statistics> {
        let [validation, compaction, stats, header] = components(data, version)?;
        let missing = |what| Error::corrupt(format!("it has no {what} metadata"));

        let mut cursor = validation.ok_or_else(|| missing("validation"))?;
        let at = cursor.offset();
        let partitioner = String::from_utf8(cursor.short_bytes()?.to_vec())
            .map_err(|_| Error::corrupt("the name of the partitioner is not UTF-8").at(at))?;
        let bloom_filter_fp_chance = cursor.f64()?;

        let cardinality = match compaction {
            Some(mut cursor) => cursor.int_bytes()?.unwrap_or_default().to_vec(),
            None => Vec::new(),
        };
        let stats = Stats::parse(&mut stats.ok_or_else(|| missing("stats"))?, version)?;
        let mut header = SerializationHeader::parse(&mut header.ok_or_else(|| missing("serialization header"))?)?;
        header.freeze_user_types(version);
        Ok(Statistics { partitioner, bloom_filter_fp_chance, cardinality, stats, header })
    }
}

impl Statistics {
    /// The whole file, for versions from na on.
    pub fn write(&self, version: Version) -> Result<Vec<u8>> {
        if !version.has_metadata_checksum() {
            return Err(Error::unsupported(format!("SSTables of version {version} can not be written")));
        }
        let class = self.partitioner.as_bytes();
        let mut validation = (class.len() as u16).to_be_bytes().to_vec();
        validation.extend_from_slice(class);
        validation.extend_from_slice(&self.bloom_filter_fp_chance.to_be_bytes());
        let mut compaction = (self.cardinality.len() as i32).to_be_bytes().to_vec();
        compaction.extend_from_slice(&self.cardinality);
        let (mut stats, mut header) = (Vec::new(), Vec::new());
        self.stats.write(version, &self.header.clustering, &mut stats)?;
        self.header.write(&mut header);
        let components = [validation, compaction, stats, header];

        let count = (components.len() as u32).to_be_bytes();
        let mut crc = crc32fast::Hasher::new();
        crc.update(&count);
        let mut out = count.to_vec();
        out.extend_from_slice(&crc.clone().finalize().to_be_bytes());
        let toc_start = out.len();
        let mut offset = toc_start + components.len() * 8 + 4;
        for (kind, component) in components.iter().enumerate() {
            out.extend_from_slice(&(kind as u32).to_be_bytes());
            out.extend_from_slice(&(offset as u32).to_be_bytes());
            offset += component.len() + 4;
        }
        crc.update(&out[toc_start..]);
        out.extend_from_slice(&crc.finalize().to_be_bytes());
        for component in &components {
            out.extend_from_slice(component);
            out.extend_from_slice(&crc32fast::hash(component).to_be_bytes());
        }
        Ok(out)
    }
}

/// The bytes of each component, checksums compared and cut off. They may stand in any order.
fn components(data: &[u8], version: Version) -> Result<[Option<Cursor<'_>>; 4]> {
    let checksum = version.has_metadata_checksum();
    let mut cursor = Cursor::new(data);
    let count = cursor.u32()?;
    if checksum {
        check(&data[..4], &mut cursor, "the number of components")?;
    }
    let toc_start = cursor.position();
    let mut toc = Vec::new();
    for _ in 0..count {
        let at = cursor.offset();
        let (kind, offset) = (cursor.u32()? as usize, cursor.u32()? as usize);
        if kind >= COMPONENT_NAMES.len() || toc.iter().any(|&(_, k)| k == kind) || offset > data.len() {
            return Err(Error::corrupt(format!("component {kind} is said to be at byte {offset}")).at(at));
        }
        toc.push((offset, kind));
    }
    if checksum {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&data[..4]);
        crc.update(&data[toc_start..cursor.position()]);
        check_sum(crc.finalize(), &mut cursor, "the table of contents")?;
    }
    let body = cursor.position();
    toc.sort_unstable();
    let mut found = [None; COMPONENT_NAMES.len()];
    for (i, &(start, kind)) in toc.iter().enumerate() {
        let end = toc.get(i + 1).map_or(data.len(), |next| next.0);
        if start < body {
            return Err(Error::corrupt(format!("component {kind} overlaps the table of contents")).at(start as u64));
        }
        let mut component = Cursor::with_base(&data[start..end], start as u64);
        if checksum {
            let bytes = component.take(component.remaining().saturating_sub(4))?;
            check(bytes, &mut component, COMPONENT_NAMES[kind])?;
            component = Cursor::with_base(bytes, start as u64);
        }
        found[kind] = Some(component);
    }
    Ok(found)
}

/// By the number of the component.
const COMPONENT_NAMES: [&str; 4] =
    ["the validation metadata", "the compaction metadata", "the stats metadata", "the serialization header"];

fn check(bytes: &[u8], cursor: &mut Cursor<'_>, what: &str) -> Result<()> {
    check_sum(crc32fast::hash(bytes), cursor, what)
}

fn check_sum(actual: u32, cursor: &mut Cursor<'_>, what: &str) -> Result<()> {
    let at = cursor.offset();
    let expected = cursor.u32()?;
    if actual != expected {
        return Err(Error::corrupt(format!(
            "the checksum of {what} is {actual:08x} and should be {expected:08x}: the file is damaged"
        ))
        .at(at));
    }
    Ok(())
}
