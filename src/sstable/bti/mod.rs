//! The index of the bti format: tries of byte-comparable keys. Partitions.db leads to partitions, Rows.db to blocks of
//! rows in the large ones.

mod node;
mod partitions;
mod rows;
mod trie;

pub use partitions::{BtiEntries, BtiIndex};
pub use rows::BtiRows;
