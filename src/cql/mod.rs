//! CQL types: their names in CQL and in Java, the order of their values, partitioner tokens, and the
//! grammar of CQL statements. Knows bytes of values, nothing of files.

pub mod types;

pub use types::{Type, UserType};
