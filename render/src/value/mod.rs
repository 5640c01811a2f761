//! One CQL value to text, in the three forms that Cassandra and its tools print.
//!
//! A renderer is built once from the type of a column, then called for each value: it holds what the type decides
//! (names of fields, quoting, nesting) and appends to a buffer without allocating.

mod address;
mod csv;
mod elements;
mod escape;
mod json;
mod literal;
mod number;
mod scan;
mod text;
mod time;

pub use csv::CsvValue;

pub(crate) use elements::counter_total;
pub(crate) use escape::{csv_escapes, csv_plain, csv_special};
pub use escape::{hex, json_escape, json_string, json_text};
pub use json::JsonValue;
pub(crate) use json::{json_name, separate};
pub use literal::CqlLiteral;
pub use number::{double, float, integer};
pub use sstablefs::cql::parse_text;
pub use text::TextValue;
pub use time::{instant, iso_timestamp};
