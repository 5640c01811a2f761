//! The model of data as Cassandra has it: rows, cells, liveness, deletions, range tombstones. Pure values,
//! independent of how a file stores them.

mod deletion;
mod row;

pub use deletion::{DeletionTime, Liveness, NO_DELETION_TIME, NO_TIMESTAMP, NO_TTL};
pub use row::{BoundKind, Cell, ComplexDeletion, Marker, Row, Span};
