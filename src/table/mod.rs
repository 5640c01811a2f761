//! A table in its folders: which SSTables are live, and a snapshot of them to read.

pub mod discover;
mod keys;
pub mod listing;
mod txn;
mod view;

pub use keys::KeyStream;
pub use view::{PartitionRows, ScanRange, View};
