//! Rows as CSV: what `cqlsh COPY … TO … WITH HEADER=true` prints.

mod column;
mod field;
mod result;

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::rows::Row;
use sstablefs::schema::{Column, Table};

pub use self::field::CsvStyle;
pub use self::result::CsvResult;

use self::column::CsvColumn;
use self::field::FieldWriter;
use crate::rows::{CellIndex, RowText, Shown, key_parts};
use crate::value::CsvValue;

/// Renders each row as a line of CSV, its line end included.
///
/// Columns stand in COPY's order: the key, then static and regular ones together by name.
pub struct CsvRows {
    header: Vec<u8>,
    key: Vec<CsvValue>,
    clustering: Vec<CsvValue>,
    others: Vec<Other>,
    cells: CellIndex,
    static_cells: CellIndex,
    fields: FieldWriter,
    /// Text of the partition at hand.
    key_text: Vec<u8>,
    static_text: Vec<u8>,
}

struct Other {
    column: CsvColumn,
    /// For a static column, where its text begins and ends in `static_text`.
    static_span: Option<(usize, usize)>,
}

impl CsvRows {
    /// For rows of the table, in a style.
    pub fn new(table: &Arc<Table>, style: CsvStyle) -> Self {
        let shown = Shown::new(table);
        let mut fields = FieldWriter::new(style);
        let statics = shown.statics.iter().map(|&i| (i, &table.statics[i], true));
        let regulars = shown.regulars.iter().map(|&i| (i, &table.regulars[i], false));
        let mut others: Vec<(usize, &Column, bool)> = statics.chain(regulars).collect();
        others.sort_by(|a, b| a.1.name.as_bytes().cmp(b.1.name.as_bytes()));

        let keys = shown.key.iter().chain(shown.clustering);
        let names = keys.map(|c| &c.name).chain(others.iter().map(|(_, c, _)| &c.name));
        let mut header = Vec::new();
        for (i, name) in names.enumerate() {
            comma(i, &mut header);
            fields.text(name.as_bytes(), &mut header);
        }
        header.push(b'\n');
        let values = |columns: &[Column]| columns.iter().map(|c| CsvValue::new(&c.ty)).collect();
        CsvRows {
            header,
            key: values(shown.key),
            clustering: values(shown.clustering),
            others: others
                .into_iter()
                .map(|(i, c, is_static)| Other {
                    column: CsvColumn::new(i, &c.ty),
                    static_span: is_static.then_some((0, 0)),
                })
                .collect(),
            cells: CellIndex::new(table.regulars.len()),
            static_cells: CellIndex::new(table.statics.len()),
            fields,
            key_text: Vec::new(),
            static_text: Vec::new(),
        }
    }
}

fn comma(i: usize, out: &mut Vec<u8>) {
    if i > 0 {
        out.push(b',');
    }
}

impl RowText for CsvRows {
    fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header);
    }

    fn partition(&mut self, key: &[u8], static_row: &Row) -> Result<()> {
        let CsvRows { key: columns, key_text, static_text, static_cells, others, fields, .. } = self;
        key_text.clear();
        key_parts(key, columns.len(), |i, value| {
            comma(i, key_text);
            fields.value(&columns[i], value, key_text)
        })?;
        static_text.clear();
        static_cells.fill(static_row);
        for other in others {
            if let Some(span) = &mut other.static_span {
                let start = static_text.len();
                other.column.write(static_row, static_cells, fields, static_text)?;
                *span = (start, static_text.len());
            }
        }
        Ok(())
    }

    fn row(&mut self, row: Option<&Row>, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.key_text);
        for (i, value) in self.clustering.iter().enumerate() {
            out.push(b',');
            if let Some(bytes) = row.and_then(|row| row.clustering_value(i)) {
                self.fields.value(value, bytes, out)?;
            }
        }
        if let Some(row) = row {
            self.cells.fill(row);
        }
        for other in &self.others {
            out.push(b',');
            match (other.static_span, row) {
                (Some((start, end)), _) => out.extend_from_slice(&self.static_text[start..end]),
                (None, Some(row)) => other.column.write(row, &self.cells, &mut self.fields, out)?,
                (None, None) => {}
            }
        }
        out.push(b'\n');
        Ok(())
    }
}
