//! How an SSTable is to be written.

use crate::error::Result;
use crate::schema::Table;
use crate::sstable::compression::CompressionParameters;
use crate::sstable::header::SerializationHeader;
use crate::sstable::index_writer::IndexParameters;
use crate::sstable::version::Version;

/// TableParams' default, but for LeveledCompactionStrategy.
const DEFAULT_FP_CHANCE: f64 = 0.01;
/// TableParams' default.
const DEFAULT_MIN_INDEX_INTERVAL: u32 = 128;

/// What an SSTable is written with, beside its rows.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// Columns and smallest values: what [`super::HeaderBuilder`] gives, or [`SerializationHeader::of_table`].
    pub header: SerializationHeader,
    /// `None`: not compressed.
    pub compression: Option<CompressionParameters>,
    /// The table's option: the chance that the bloom filter has a key that is not there. 1 is no filter.
    pub bloom_filter_fp_chance: f64,
    /// Decides the size of the bloom filter; a guess does.
    pub expected_keys: u64,
    /// Bytes of a partition's rows for each entry of its row index.
    pub column_index_size: u64,
    /// The table's option: how many keys each sample of Summary.db stands for.
    pub min_index_interval: u32,
}

impl WriterOptions {
    /// By the options of the table.
    pub fn of_table(table: &Table, version: Version, header: SerializationHeader, expected_keys: u64) -> Result<Self> {
        let interval = table.option_number("min_index_interval").filter(|n| *n >= 1.0);
        Ok(WriterOptions {
            header,
            compression: CompressionParameters::of_table(table)?,
            bloom_filter_fp_chance: table.option_number("bloom_filter_fp_chance").unwrap_or(DEFAULT_FP_CHANCE),
            expected_keys,
            column_index_size: IndexParameters::default_block_size(version.format()),
            min_index_interval: interval.map_or(DEFAULT_MIN_INDEX_INTERVAL, |n| n as u32),
        })
    }
}
