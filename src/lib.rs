//! The engine of sstablefs: reads Apache Cassandra SSTables, merges them, and answers with rows.
//!
//! From a data directory to rows, as a SELECT of Cassandra 5.0.6 gives them:
//!
//! ```
//! use std::sync::Arc;
//!
//! use sstablefs::query::Statement;
//! use sstablefs::table::{Database, Options};
//!
//! # fn main() -> sstablefs::Result<()> {
//! let database = Database::open(&["testdata/oa/data".into()], &Options::default())?;
//! let statement = Statement::parse("SELECT c0, v FROM keys.p1c1 WHERE c0 >= 3")?;
//! let (_, store) = statement.find(&database)?;
//! let view = store.view()?; // a fixed set of SSTables
//! let query = Arc::new(statement.bind(view.table())?);
//! let now = 1_800_000_000; // seconds since the epoch: what has expired then is not there
//! let mut rows = query.run(&view, now)?;
//! let mut count = 0;
//! while rows.next_row()?.is_some() {
//!     count += 1;
//! }
//! assert_eq!(count, 5);
//! # Ok(())
//! # }
//! ```
//!
//! Rows of a whole table without a statement are [`table::View::rows`], one SSTable as it is [`sstable::Reader`]. The crate
//! `sstablefs-render` makes text of them.
//!
//! What holds everywhere: timestamps are microseconds since the epoch, local deletion and expiration times seconds, TTLs
//! seconds. Keys and values are the bytes that Cassandra serializes. An [`Error`] has a [`Kind`], a text, and where it is known the
//! file and the byte; data that is damaged is [`Kind::Corrupt`] and never a panic.
//!
//! Modules in the order in which they may import each other: a module uses only what stands above it.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

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
