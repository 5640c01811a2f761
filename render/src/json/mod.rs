//! Rows as JSON objects: what SELECT JSON prints.

mod column;

pub(crate) use self::column::field_position;

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::rows::Row;
use sstablefs::schema::{Column, Table};

use self::column::JsonColumn;
use crate::literal::Literal;
use crate::rows::{CellIndex, RowText, Shown, key_parts};
use crate::value::{JsonValue, json_name};

/// Renders each row as the object that SELECT JSON * returns for it, without a line end.
pub struct JsonRows {
    key: Vec<(Literal, JsonValue)>,
    clustering: Vec<(Literal, JsonValue)>,
    statics: Vec<JsonColumn>,
    regulars: Vec<JsonColumn>,
    cells: CellIndex,
    static_cells: CellIndex,
    /// Text of the partition at hand: from the opening brace to the last key column.
    key_text: Vec<u8>,
    static_text: Vec<u8>,
}

impl JsonRows {
    /// For rows of the table.
    pub fn new(table: &Arc<Table>) -> Self {
        let shown = Shown::new(table);
        let mut first = true;
        let mut prefix = |column: &Column| {
            let mut text = if std::mem::take(&mut first) { b"{".to_vec() } else { b", ".to_vec() };
            json_name(&column.name, &mut text);
            text.extend_from_slice(b": ");
            text
        };
        let key = shown.key.iter().map(|c| (prefix(c).into(), JsonValue::new(&c.ty))).collect();
        let clustering = shown.clustering.iter().map(|c| (prefix(c).into(), JsonValue::new(&c.ty))).collect();
        let mut columns = |order: &[usize], all: &[Column]| {
            order.iter().map(|&i| JsonColumn::new(i, prefix(&all[i]), &all[i].ty)).collect()
        };
        JsonRows {
            key,
            clustering,
            statics: columns(&shown.statics, &table.statics),
            regulars: columns(&shown.regulars, &table.regulars),
            cells: CellIndex::new(table.regulars.len()),
            static_cells: CellIndex::new(table.statics.len()),
            key_text: Vec::new(),
            static_text: Vec::new(),
        }
    }
}

impl RowText for JsonRows {
    fn header(&self, _out: &mut Vec<u8>) {}

    fn partition(&mut self, key: &[u8], static_row: &Row) -> Result<()> {
        let JsonRows { key: columns, key_text, static_text, static_cells, statics, .. } = self;
        key_text.clear();
        key_parts(key, columns.len(), |i, value| {
            let (prefix, renderer) = &columns[i];
            prefix.write(key_text);
            renderer.write(value, key_text)
        })?;
        static_text.clear();
        if statics.is_empty() {
            return Ok(());
        }
        static_cells.fill(static_row);
        for column in statics {
            column.write(static_row, static_cells, static_text)?;
        }
        Ok(())
    }

    fn row(&mut self, row: Option<&Row>, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.key_text);
        for (i, (prefix, value)) in self.clustering.iter().enumerate() {
            prefix.write(out);
            value.write_or_null(row.and_then(|row| row.clustering_value(i)), out)?;
        }
        out.extend_from_slice(&self.static_text);
        match row {
            Some(row) => {
                self.cells.fill(row);
                for column in &self.regulars {
                    column.write(row, &self.cells, out)?;
                }
            }
            None => self.regulars.iter().for_each(|column| column.write_null(out)),
        }
        out.push(b'}');
        Ok(())
    }
}
