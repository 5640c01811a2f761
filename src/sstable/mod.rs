//! One SSTable: its files, each with its reader, and the doors for the modules below.

pub mod compression;
mod data;
mod data_index;
pub mod descriptor;
pub mod filter;
pub mod header;
mod index;
mod reader;
mod scanner;
pub mod statistics;
pub mod version;

pub use compression::{ChunkSums, Codec, CompressionInfo, DataSource};
pub use data_index::DataEntries as Entries;
pub use descriptor::{Component, Descriptor, SstableId};
pub use filter::BloomFilter;
pub use header::{HeaderColumn, SerializationHeader};
pub use index::{IndexEntry, RowBlock};
pub use reader::{Reader, read_statistics};
pub use scanner::Scanner;
pub use statistics::Statistics;
pub use version::{Format, Version};
