//! The model of data as Cassandra has it: rows, cells, liveness, deletions, range tombstones. Pure values,
//! independent of how a file stores them.

mod change;
mod deletion;
mod order;
mod row;
mod slice;
mod stream;

pub use change::{RangeBound, Sink};
pub use deletion::{DeletionTime, EXPIRED_LIVENESS_TTL, Liveness, NO_DELETION_TIME, NO_TIMESTAMP, NO_TTL};
pub use order::{ClusteringOrder, Place};
pub use row::{BoundKind, Cell, ComplexDeletion, Marker, Row, Span, Undecoded};
pub use slice::{Slice, SliceBound};
pub use stream::{Depth, PartitionStream, Unfiltered};
