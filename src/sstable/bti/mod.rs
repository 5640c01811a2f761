//! The index of the bti format: tries of byte-comparable keys. Partitions.db leads to partitions, Rows.db to blocks of
//! rows in the large ones.

mod node;
mod partitions;
mod rows;
mod trie;
mod trie_writer;
mod writer;

pub use partitions::{BtiEntries, BtiIndex};
pub use rows::BtiRows;
pub(super) use writer::BtiIndexWriter;
