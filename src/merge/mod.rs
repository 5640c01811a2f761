//! Merging of ordered streams of partitions: which row comes next is decided in `live`, which of its versions
//! wins in `reconcile`. Sees only streams, never SSTables.

mod counter;
mod heap;
mod input;
mod live;
mod position;
mod reconcile;
mod unfiltered;
mod wanted;

pub use crate::rows::{PartitionStream, Unfiltered};
pub use counter::{Shard, ShardKind, shards, total};
pub use live::LiveRows;
pub use position::{At, Clustering, Position};
pub(crate) use reconcile::Reconciler;
pub use unfiltered::Merged;
pub use wanted::{Names, PathRange, Queried, QueriedColumn, Wanted};
