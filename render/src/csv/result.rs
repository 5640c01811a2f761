//! Rows of a query as CSV lines.

use sstablefs::Result;
use sstablefs::cql::Type;

use super::comma;
use super::field::{CsvStyle, FieldWriter};
use crate::value::CsvValue;

/// Renders each row as a line of CSV, its line end included.
pub struct CsvResult {
    header: Vec<u8>,
    columns: Vec<CsvValue>,
    fields: FieldWriter,
}

impl CsvResult {
    /// For columns of these names and types, in a style.
    pub fn new<'a>(columns: impl Iterator<Item = (&'a str, &'a Type)>, style: CsvStyle) -> Self {
        let mut fields = FieldWriter::new(style);
        let mut header = Vec::new();
        let mut renderers = Vec::new();
        for (i, (name, ty)) in columns.enumerate() {
            comma(i, &mut header);
            fields.text(name.as_bytes(), &mut header);
            renderers.push(CsvValue::new(ty));
        }
        header.push(b'\n');
        CsvResult { header, columns: renderers, fields }
    }

    /// Appends the names of the columns, and a line end.
    pub fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header);
    }

    /// Appends a row: one value a column, `None` for null.
    pub fn row(&mut self, values: &[Option<Vec<u8>>], out: &mut Vec<u8>) -> Result<()> {
        for (i, (renderer, value)) in self.columns.iter().zip(values).enumerate() {
            comma(i, out);
            if let Some(value) = value {
                self.fields.value(renderer, value, out)?;
            }
        }
        out.push(b'\n');
        Ok(())
    }
}
