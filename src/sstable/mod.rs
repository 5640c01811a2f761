//! One SSTable: its files, each with its reader, and the doors for the modules below.

pub mod compression;
pub mod descriptor;
pub mod filter;
pub mod header;
pub mod statistics;
pub mod version;

pub use compression::{ChunkSums, Codec, CompressionInfo, DataSource};
pub use descriptor::{Component, Descriptor, SstableId};
pub use filter::BloomFilter;
pub use header::{HeaderColumn, SerializationHeader};
pub use statistics::Statistics;
pub use version::{Format, Version};
