//! Path text to request and back. Purely about text: whether a keyspace, a table or a key exists is for the tree to say.

mod names;
mod percent;
mod request;
mod step;

pub use names::{Answer, DumpForm, Format, TableName};
pub use percent::{decode, encode};
pub use request::{Kind, Request};
pub use step::{Operator, Step, Steps};
