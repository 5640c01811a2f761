//! Rows and values of the engine as text and back: JSON as SELECT JSON prints it, CSV as cqlsh COPY TO, the JSON of
//! sstabledump; and keys as file names.
//!
//! The rows of a table as JSON lines:
//!
//! ```
//! use sstablefs::table::{Database, Options, ScanRange};
//! use sstablefs_render::{JsonRows, RowText};
//!
//! # fn main() -> sstablefs::Result<()> {
//! let database = Database::open(&["../testdata/oa/data".into()], &Options::default())?;
//! let view = database.table("keys", "p1c1").expect("a table of the tests").view()?;
//! let mut text = JsonRows::new(view.table());
//! let mut out = Vec::new();
//! let mut rows = view.rows(&ScanRange::ALL, 1_800_000_000)?;
//! while rows.next_partition()? {
//!     text.partition(&rows.key().key, rows.static_row())?;
//!     while let Some(row) = rows.next_row()? {
//!         text.row(Some(row), &mut out)?;
//!         out.push(b'\n');
//!     }
//! }
//! let out = String::from_utf8_lossy(&out);
//! assert!(out.contains(r#"{"p0": "1970-01-01 00:00:00.000Z", "c0": 300, "s": [1, 2], "t": "row 2", "v": 2}"#));
//! # Ok(())
//! # }
//! ```
//!
//! A SELECT as CSV:
//!
//! ```
//! use std::sync::Arc;
//!
//! use sstablefs::query::Statement;
//! use sstablefs_render::{CsvStyle, ResultForm, ResultText, bind};
//! # use sstablefs::table::{Database, Options};
//!
//! # fn main() -> sstablefs::Result<()> {
//! # let database = Database::open(&["../testdata/oa/data".into()], &Options::default())?;
//! let statement = Statement::parse("SELECT max(v), count(*) FROM keys.p1c1")?;
//! let (_, store) = statement.find(&database)?;
//! let view = store.view()?;
//! let query = Arc::new(bind(&statement, view.table())?);
//! let mut text = ResultText::new(&query, ResultForm::Csv(CsvStyle::default()));
//! let mut out = Vec::new();
//! text.begin(&mut out);
//! let mut rows = query.run(&view, 1_800_000_000)?;
//! while let Some(row) = rows.next_row()? {
//!     text.row(&row, &mut out)?;
//! }
//! text.end(&mut out);
//! assert_eq!(String::from_utf8_lossy(&out), "system.max(v),count\n8,7\n");
//! # Ok(())
//! # }
//! ```

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
