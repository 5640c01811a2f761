//! Rows of a query as text.

mod table;
mod text;

use sstablefs::Result;
use sstablefs::cql::Type;

use crate::value::{JsonValue, json_name};

pub use table::TableResult;
pub use text::{ResultForm, ResultText};

/// Renders each row as the object that SELECT JSON prints, without a line end.
pub struct JsonResult {
    columns: Vec<(Vec<u8>, JsonValue)>,
}

impl JsonResult {
    /// For columns of these names and types.
    pub fn new<'a>(columns: impl Iterator<Item = (&'a str, &'a Type)>) -> Self {
        let column = |(i, (name, ty)): (usize, (&str, &Type))| {
            let mut prefix = if i == 0 { b"{".to_vec() } else { b", ".to_vec() };
            json_name(name, &mut prefix);
            prefix.extend_from_slice(b": ");
            (prefix, JsonValue::new(ty))
        };
        JsonResult { columns: columns.enumerate().map(column).collect() }
    }

    /// Appends a row as an object: one value a column, `None` for null.
    pub fn row(&self, values: &[Option<Vec<u8>>], out: &mut Vec<u8>) -> Result<()> {
        for ((prefix, renderer), value) in self.columns.iter().zip(values) {
            out.extend_from_slice(prefix);
            renderer.write_or_null(value.as_deref(), out)?;
        }
        out.push(b'}');
        Ok(())
    }
}
