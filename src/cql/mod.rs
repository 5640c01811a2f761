//! CQL types: their names in CQL and in Java, the order of their values, partitioner tokens, and the
//! grammar of CQL statements. Knows bytes of values, nothing of files.

pub mod byte_comparable;
pub mod calendar;
pub mod compare;
mod decimal;
pub mod elements;
pub mod java;
pub mod lexer;
mod murmur;
pub mod names;
mod parse_text;
pub mod token;
pub mod tokens;
pub mod types;
mod validate;

pub use compare::Comparator;
pub use murmur::murmur3_128;
pub use parse_text::parse_text;
pub use token::{DecoratedKey, KeyOrder, Partitioner, Token};
pub use types::{Type, UserType};
pub use validate::validate;
