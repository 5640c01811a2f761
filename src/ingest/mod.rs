//! Writing: changes are gathered, ordered and merged, and become SSTables.

mod memtable;
mod range_record;
mod ranges;
mod record;
mod sorted;
mod target;

pub use memtable::{Extent, Memtable};
pub use sorted::Sorted;
pub use target::{Target, TargetOptions};
