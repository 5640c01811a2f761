//! What sstablemetadata tells about an SSTable. Follows
//! org.apache.cassandra.tools.SSTableMetadataViewer.

mod bars;
mod date;
mod histogram;
mod json;
mod overview;
mod page;
mod scan;
mod text;

use std::sync::Arc;

use sstablefs::cql::{KeyOrder, Partitioner, Token};
use sstablefs::sstable::statistics::{ClusteringBound, cardinality};
use sstablefs::sstable::{Component, CompressionInfo, Descriptor, Reader, Statistics, read_statistics};
use sstablefs::storage::FileSource;
use sstablefs::table::inferred;
use sstablefs::{Kind, Result};

use sstablefs_render::KeyNames;
use sstablefs_render::value::TextValue;

pub use bars::{BarStyle, to_bars};
pub use json::to_json;
pub use overview::Overview;
pub use page::to_html;
pub use scan::{Leader, Scan};
pub use text::{TextStyle, to_text};

/// What the files of an SSTable say about it.
pub struct Metadata {
    /// Where its files are and what they are called.
    pub descriptor: Descriptor,
    /// What Statistics.db says.
    pub statistics: Arc<Statistics>,
    /// Name of the compressor's class; `None` when the data is not compressed.
    pub compressor: Option<&'static str>,
    /// Token and text of the first key and of the last.
    pub range: Option<[(String, String); 2]>,
    /// What all rows say, where they were read.
    pub scan: Option<Scan>,
    /// Estimated number of partition keys.
    pub cardinality: Option<u64>,
}

/// What does not stand in the files.
pub struct Surroundings<'a> {
    /// Seconds since the epoch: what could be dropped now.
    pub now: i64,
    /// Seconds by which local time is ahead of UTC at a time.
    pub utc_offset: &'a dyn Fn(i64) -> i64,
    /// What the clients of the table count in.
    pub timestamps: TimeUnit,
}

/// What a cell's timestamp counts. Cassandra takes any number; its own are microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeUnit {
    Nanoseconds,
    #[default]
    Microseconds,
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl TimeUnit {
    /// Microseconds of so many units, as far as they go.
    pub(crate) fn micros(self, time: i64) -> i64 {
        let factor = match self {
            TimeUnit::Nanoseconds => return time.div_euclid(1000),
            TimeUnit::Microseconds => 1,
            TimeUnit::Milliseconds => 1000,
            TimeUnit::Seconds => 1_000_000,
            TimeUnit::Minutes => 60_000_000,
            TimeUnit::Hours => 3_600_000_000,
            TimeUnit::Days => 86_400_000_000,
        };
        time.saturating_mul(factor)
    }
}

impl Metadata {
    /// Reads Statistics.db, and what else is small. An error says what can't be read.
    pub fn read(descriptor: &Descriptor) -> Result<Metadata> {
        let statistics = Arc::new(read_statistics(descriptor)?);
        let path = descriptor.component(Component::CompressionInfo);
        let compressor = match FileSource::open(&path) {
            Ok(file) => {
                let info = CompressionInfo::open(Arc::new(file), descriptor.version).map_err(|e| e.in_file(&path))?;
                Some(info.codec.class_name())
            }
            Err(e) if e.kind() == Kind::NotFound => None,
            Err(e) => return Err(e),
        };
        let range = key_range(descriptor, &statistics)?;
        let cardinality = cardinality::estimate(&statistics.cardinality)
            .map_err(|e| e.in_file(descriptor.component(Component::Statistics)))?;
        Ok(Metadata { descriptor: descriptor.clone(), statistics, compressor, range, cardinality, scan: None })
    }

    fn droppable_tombstones(&self, now: i64) -> f64 {
        let stats = &self.statistics.stats;
        let cells = stats.cells_per_partition.mean().saturating_mul(stats.cells_per_partition.count());
        if cells > 0 { histogram::sum_up_to(&stats.tombstone_drop_times, now) / cells as f64 } else { 0.0 }
    }

    /// The smallest and largest clustering, `ALL` when they are not known or there is no clustering.
    fn covered_clustering(&self) -> Result<String> {
        let Some(covered) = &self.statistics.stats.covered_clustering else { return Ok("ALL".to_owned()) };
        let is_unbounded = covered.start.values.is_empty() && covered.end.values.is_empty();
        // The newer form is printed as it stands.
        if is_unbounded && !self.descriptor.version.has_improved_min_max() {
            return Ok("ALL".to_owned());
        }
        let is_inclusive = |bound: &ClusteringBound| {
            use sstablefs::rows::BoundKind::{InclusiveEnd, InclusiveStart};
            matches!(bound.kind, InclusiveStart | InclusiveEnd)
        };
        Ok(format!(
            "{}{}, {}{}",
            if is_inclusive(&covered.start) { '[' } else { '(' },
            self.bound(&covered.start)?,
            self.bound(&covered.end)?,
            if is_inclusive(&covered.end) { ']' } else { ')' },
        ))
    }

    fn bound(&self, bound: &ClusteringBound) -> Result<String> {
        let mut text = Vec::new();
        for (i, (value, (ty, _))) in bound.values.iter().zip(&self.statistics.header.clustering).enumerate() {
            if i > 0 {
                text.push(b':');
            }
            match value {
                Some(value) => TextValue::new(ty).write(value, &mut text)?,
                None => text.extend_from_slice(b"null"),
            }
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn key_range(descriptor: &Descriptor, statistics: &Arc<Statistics>) -> Result<Option<[(String, String); 2]>> {
    let stats = &statistics.stats;
    let keys = match (&stats.first_key, &stats.last_key) {
        (Some(first), Some(last)) => Some((first.clone(), last.clone())),
        _ => {
            // Before 5.0 only the index tells.
            let table = Arc::new(inferred::dump_table(statistics)?);
            let reader = Reader::open_with(descriptor, &table, statistics.clone())?;
            reader.index().map(|index| index.first_last()).map(|(first, last)| (first.to_vec(), last.to_vec()))
        }
    };
    let Some((first, last)) = keys else { return Ok(None) };
    let partitioner = Partitioner::from_class_name(&statistics.partitioner).unwrap_or_default();
    let order = KeyOrder::new(partitioner, &statistics.header.key_type);
    let names = KeyNames::of_type(statistics.header.key_type.clone());
    let describe = |key: &[u8]| -> Result<(String, String)> {
        let mut text = Vec::new();
        names.write_text(key, &mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let token = match (order.token(key), partitioner) {
            (Token::Key, Partitioner::ByteOrdered) => key.iter().map(|b| format!("{b:02x}")).collect(),
            (Token::Key, _) => text.clone(),
            (token, _) => token.to_string(),
        };
        Ok((token, text))
    };
    Ok(Some([describe(&first)?, describe(&last)?]))
}
