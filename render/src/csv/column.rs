//! A static or regular column as a CSV field: one cell, or the cells of a collection or user type put together.

use sstablefs::Result;
use sstablefs::cql::Type;
use sstablefs::rows::{Cell, Row};

use super::field::FieldWriter;
use crate::json::field_position;
use crate::rows::CellIndex;
use crate::value::{CsvValue, separate};

pub(super) struct CsvColumn {
    /// Among the table's statics or regulars.
    index: usize,
    layout: Layout,
    /// Nothing in the texts of its elements has to be escaped.
    plain: bool,
}

enum Layout {
    Simple(CsvValue),
    /// Elements are the cells' values.
    List(CsvValue),
    /// Elements are the cells' paths.
    Set(CsvValue),
    Map(CsvValue, CsvValue),
    /// Fields by the position in the cells' paths, each with the text before its value.
    User(Vec<(Vec<u8>, CsvValue)>),
}

impl CsvColumn {
    pub(super) fn new(index: usize, ty: &Type) -> Self {
        let layout = match ty {
            ty if !ty.is_multi_cell() => Layout::Simple(CsvValue::new(ty)),
            Type::List { element, .. } => Layout::List(CsvValue::new(element)),
            Type::Set { element, .. } => Layout::Set(CsvValue::new(element)),
            Type::Map { key, value, .. } => Layout::Map(CsvValue::new(key), CsvValue::new(value)),
            ty => match CsvValue::new(ty) {
                CsvValue::User(fields) => Layout::User(fields),
                other => Layout::Simple(other),
            },
        };
        let plain = match &layout {
            Layout::Simple(_) | Layout::User(_) => false,
            Layout::List(element) | Layout::Set(element) => element.is_plain(),
            Layout::Map(key, value) => key.is_plain() && value.is_plain(),
        };
        CsvColumn { index, layout, plain }
    }

    /// Appends the column's field; nothing when it is null.
    #[inline]
    pub(super) fn write(
        &self,
        row: &Row,
        index: &CellIndex,
        fields: &mut FieldWriter,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let cells = index.cells(row, self.index);
        let Some(first) = cells.first() else { return Ok(()) };
        if let Layout::Simple(value) = &self.layout {
            return fields.value(value, row.value(first), out);
        }
        let start = out.len();
        // Elements are joined by commas.
        let several = match &self.layout {
            Layout::User(fields) => fields.len() > 1,
            _ => cells.len() > 1,
        };
        if several {
            out.push(b'"');
            write_cells(&self.layout, row, cells, out)?;
            fields.finish_quoted(start, self.plain, out);
        } else {
            write_cells(&self.layout, row, cells, out)?;
            fields.finish(start, out);
        }
        Ok(())
    }
}

fn write_cells(layout: &Layout, row: &Row, cells: &[Cell], out: &mut Vec<u8>) -> Result<()> {
    match layout {
        Layout::Simple(_) => {}
        Layout::List(element) => {
            out.push(b'[');
            for (i, cell) in cells.iter().enumerate() {
                separate(i, out);
                element.write_element(row.value(cell), out)?;
            }
            out.push(b']');
        }
        Layout::Set(element) => {
            out.push(b'{');
            for (i, cell) in cells.iter().enumerate() {
                separate(i, out);
                element.write_element(row.path(cell), out)?;
            }
            out.push(b'}');
        }
        Layout::Map(key, value) => {
            out.push(b'{');
            for (i, cell) in cells.iter().enumerate() {
                separate(i, out);
                key.write_element(row.path(cell), out)?;
                out.extend_from_slice(b": ");
                value.write_element(row.value(cell), out)?;
            }
            out.push(b'}');
        }
        Layout::User(fields) => {
            let mut cells = cells.iter().peekable();
            for (i, (prefix, value)) in fields.iter().enumerate() {
                out.extend_from_slice(prefix);
                if let Some(cell) = cells.peek()
                    && field_position(row.path(cell))? == i
                {
                    value.write(row.value(cell), true, out)?;
                    cells.next();
                }
            }
            out.push(b'}');
        }
    }
    Ok(())
}
