//! How the data of a table is compressed. Follows org.apache.cassandra.schema.CompressionParams.

use std::collections::BTreeMap;

use super::codec::Codec;
use crate::error::{Error, Result};
use crate::schema::Table;

const DEFAULT_CHUNK_LENGTH: u32 = 16 << 10;
const LARGEST_CHUNK: u32 = 1 << 28;

/// How data is to be compressed: the table's option `compression` (CompressionParams).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressionParameters {
    /// What compresses the chunks.
    pub codec: Codec,
    /// Bytes of a chunk before it is compressed: a power of two.
    pub chunk_length: u32,
    /// A chunk that compresses to this or more is stored as it is.
    pub max_compressed_length: u32,
    /// What the table's option says for the compressor itself, as it is put into CompressionInfo.db.
    pub options: BTreeMap<String, String>,
}

impl CompressionParameters {
    /// The defaults of a table for a compressor.
    pub fn new(codec: Codec) -> Self {
        CompressionParameters {
            codec,
            chunk_length: DEFAULT_CHUNK_LENGTH,
            max_compressed_length: i32::MAX as u32,
            options: BTreeMap::new(),
        }
    }

    /// By the table's option; `None` for a table that is not compressed. A table without the option has LZ4, as one
    /// that was created without it.
    pub fn of_table(table: &Table) -> Result<Option<Self>> {
        if !table.options.contains_key("compression") {
            return Ok(Some(Self::new(Codec::Lz4)));
        }
        Self::from_options(table.option_map("compression"))
            .map_err(|e| e.context(format!("the compression of {}.{}", table.keyspace, table.name)))
    }

    /// From the entries of `compression = {…}`, also in the words of 3.x.
    pub fn from_options(mut options: BTreeMap<String, String>) -> Result<Option<Self>> {
        let enabled = options.remove("enabled").is_none_or(|text| text.eq_ignore_ascii_case("true"));
        let old_class = options.remove("sstable_compression");
        let class = options.remove("class").or(old_class).filter(|class| !class.is_empty());
        options.remove("crc_check_chance");
        let chunk = options.remove("chunk_length_in_kb").or(options.remove("chunk_length_kb"));
        let ratio = options.remove("min_compress_ratio");
        let Some(class) = class.filter(|_| enabled) else { return Ok(None) };

        let wrong = |name: &str, value: &str| Error::invalid(format!("{name} can not be {value:?}"));
        let mut parameters = Self::new(Codec::from_class_name(&class)?);
        if let Some(text) = chunk {
            let length = text.parse::<u32>().ok().and_then(|kib| kib.checked_mul(1024));
            parameters.chunk_length = length
                .filter(|n| n.is_power_of_two() && *n <= LARGEST_CHUNK)
                .ok_or_else(|| wrong("chunk_length_in_kb", &text))?;
        }
        if let Some(text) = ratio {
            let ratio = text.parse::<f64>().ok().filter(|r| *r == 0.0 || *r >= 1.0);
            let longest =
                f64::from(parameters.chunk_length) / ratio.ok_or_else(|| wrong("min_compress_ratio", &text))?;
            parameters.max_compressed_length = longest.min(f64::from(i32::MAX)).ceil() as u32;
        }
        parameters.options = options;
        Ok(Some(parameters))
    }

    /// The compressor's level, where it has one and the option says it.
    pub(super) fn level(&self) -> Result<Option<i32>> {
        let Some(text) = self.options.get("compression_level") else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Error::invalid(format!("compression_level can not be {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(literal: &str) -> Result<Option<CompressionParameters>> {
        let mut table = Table::new("k", "t");
        table.options.insert("compression".to_owned(), literal.to_owned());
        CompressionParameters::of_table(&table)
    }

    #[test]
    fn options_of_all_versions() {
        let lz4 = parse("{'chunk_length_in_kb': '4', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}");
        let lz4 = lz4.unwrap().unwrap();
        assert_eq!((lz4.codec, lz4.chunk_length, lz4.max_compressed_length), (Codec::Lz4, 4096, i32::MAX as u32));
        let old = parse("{'sstable_compression': 'SnappyCompressor', 'chunk_length_kb': '64'}").unwrap().unwrap();
        assert_eq!((old.codec, old.chunk_length), (Codec::Snappy, 65536));
        let zstd = "{'class': 'ZstdCompressor', 'compression_level': '-3', 'min_compress_ratio': '1.1'}";
        let zstd = parse(zstd).unwrap().unwrap();
        assert_eq!((zstd.level().unwrap(), zstd.max_compressed_length), (Some(-3), 14895));
        for none in ["{'enabled': 'false'}", "{'sstable_compression': ''}", "{}"] {
            assert_eq!(parse(none).unwrap(), None, "{none}");
        }
        for bad in ["'chunk_length_in_kb': '3'", "'chunk_length_in_kb': 'x'", "'min_compress_ratio': '0.5'"] {
            assert!(parse(&format!("{{'class': 'LZ4Compressor', {bad}}}")).is_err(), "{bad}");
        }
    }
}
