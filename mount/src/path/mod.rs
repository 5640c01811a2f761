//! Path text to request and back. Purely about text: whether a keyspace, a table or a key exists is for the tree to say.

mod request;

pub use request::{DumpForm, Format, Kind, Request, TableName};
