//! Path text to request and back. Purely about text: whether a keyspace, a table or a key exists is for the tree to say.

mod names;
mod percent;
mod request;
mod step;

pub use names::{Answer, DumpForm, Format, TableName};
pub use percent::{decode, encode};
pub use request::{Kind, Request};
pub use step::{Operator, Step, Steps};

/// A blank of CQL; those of Unicode are text.
pub fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
