//! What the fuzz targets do with an input. A target proves that no input makes a panic, an endless loop, a stack overflow, or
//! memory beyond a bound that is tied to its length.

mod bound;
pub mod checksums;
pub mod compression;
pub mod cql;
pub mod input;
pub mod parts;
pub mod paths;
pub mod schema;
pub mod small;
pub mod sstable;
pub mod statistics;
pub mod tables;
pub mod txn;
pub mod values;

pub use bound::bounded;
