//! A table in its folders: which SSTables are live, and a snapshot of them to read.

mod agreement;
mod database;
pub mod discover;
pub mod inferred;
mod keys;
pub mod listing;
mod newest;
mod parallel;
mod slice;
mod store;
mod token_slices;
mod txn;
mod view;

pub use database::{Database, Options};
pub use keys::KeyStream;
pub use slice::Candidate;
pub use store::TableStore;
pub use token_slices::TokenSlices;
pub use view::{PartitionRows, ScanRange, View};
