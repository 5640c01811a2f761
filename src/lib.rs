//! The engine of sstablefs: reads Apache Cassandra SSTables, merges them, and answers with rows.
//!
//! Modules in the order in which they may import each other: a module uses only what stands above it.

pub mod bytes;
pub mod cql;
pub mod error;
pub mod ingest;
pub mod merge;
pub mod query;
pub mod rows;
pub mod schema;
pub mod sstable;
pub mod storage;
pub mod table;
mod worker;

pub use error::{Error, Kind, Result};
