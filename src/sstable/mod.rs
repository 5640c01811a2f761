//! One SSTable: its files, each with its reader, and the doors for the modules below.

pub mod big;
pub mod bti;
pub mod compression;
mod data;
mod data_index;
mod deletion_time;
pub mod descriptor;
pub mod digest;
mod extent;
pub mod filter;
pub mod header;
pub mod index;
mod index_writer;
mod pages;
pub mod prefix;
mod read;
mod reader;
mod scanner;
pub mod statistics;
pub mod toc;
pub mod version;

pub use compression::{ChunkSums, Codec, CompressionInfo, DataSource};
pub use deletion_time::{LONGEST_DELETION_TIME, read_deletion_time, write_deletion_time};
pub use descriptor::{Component, Descriptor, SstableId};
pub use digest::Digest;
pub use extent::Cost;
pub use filter::BloomFilter;
pub use header::{HeaderColumn, SerializationHeader};
pub use index::{IndexEntry, IndexIter, PartitionIndex, RowBlock, RowIndex, RowIndexHandle};
pub use index_writer::{IndexParameters, IndexWriter};
pub use prefix::{Bound, ClusteringPrefix, ClusteringTypes};
pub use reader::{Entries, Presence, Reader, read_statistics};
pub use scanner::Scanner;
pub use statistics::Statistics;
pub use toc::Toc;
pub use version::{Format, Version};
