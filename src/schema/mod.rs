//! What a table looks like: its columns, keys and options. Built from CREATE TABLE text, from the rows of
//! system_schema, or from an SSTable's serialization header.

pub mod ddl;
mod options;
mod print;
mod secondary;
pub mod system;
mod table;

pub use crate::cql::Partitioner;
pub use print::{Detail, create_type, uuid};
pub use secondary::{Index, View};
pub use table::{Column, ColumnKind, DroppedColumn, Keyspace, Table, TableFlags};
