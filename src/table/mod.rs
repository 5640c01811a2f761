//! A table in its folders: which SSTables are live, and a snapshot of them to read.

pub mod discover;
pub mod listing;
mod txn;
