//! Rows and values of the engine as text and back: JSON as SELECT JSON prints it, CSV as cqlsh COPY TO, the JSON of
//! sstabledump; and keys as file names.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod csv;
pub mod dump;
pub mod explain;
pub mod json;
mod literal;
pub mod name;
pub mod parse;
pub mod result;
mod rows;
mod texts;
pub mod value;

pub use csv::{CsvRows, CsvStyle};
pub use dump::{DumpForm, DumpOptions, DumpStream};
pub use explain::{explain_json, explain_text};
pub use json::JsonRows;
pub use name::KeyNames;
pub use result::{ResultForm, ResultText};
pub use rows::RowText;
pub use texts::bind;
