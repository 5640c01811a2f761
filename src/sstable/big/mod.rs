//! The index of the big format: Index.db with an entry for each partition, Summary.db with a sample of its keys.

mod entry;
mod index;
mod rows;
mod summary;
mod writer;

pub use index::{BigEntries, BigIndex};
pub use rows::BigRows;
pub use summary::Summary;
pub(super) use writer::BigIndexWriter;
