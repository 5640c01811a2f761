//! Merging of ordered streams of partitions: which row comes next is decided in [`live`], which of its versions
//! wins in [`reconcile`]. Sees only streams, never SSTables.

mod counter;
mod heap;
mod live;
mod reconcile;
mod unfiltered;

pub use crate::rows::{PartitionStream, Unfiltered};
pub use counter::{Shard, ShardKind, shards, total};
pub use live::{At, Clustering, LiveRows, Position};
pub(crate) use reconcile::Reconciler;
pub use unfiltered::Merged;
