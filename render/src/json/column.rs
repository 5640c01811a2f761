//! A static or regular column as JSON: one cell, or the cells of a collection or user type put together.

use sstablefs::cql::Type;
use sstablefs::rows::{Cell, Row};
use sstablefs::{Error, Result};

use crate::literal::Literal;
use crate::rows::CellIndex;
use crate::value::{JsonValue, separate};

pub(super) struct JsonColumn {
    /// Among the table's statics or regulars.
    index: usize,
    /// `, "name": `
    prefix: Literal,
    /// The same with `null` behind it.
    null: Literal,
    layout: Layout,
}

enum Layout {
    Simple(JsonValue),
    /// Elements are the cells' values.
    List(JsonValue),
    /// Elements are the cells' paths.
    Set(JsonValue),
    Map(JsonValue, JsonValue),
    /// Fields by the position in the cells' paths, each with the text before its value.
    User(Vec<(Vec<u8>, JsonValue)>),
}

impl Layout {
    fn new(ty: &Type) -> Self {
        if !ty.is_multi_cell() {
            return Layout::Simple(JsonValue::new(ty));
        }
        match ty {
            Type::List { element, .. } => Layout::List(JsonValue::new(element)),
            Type::Set { element, .. } => Layout::Set(JsonValue::new(element)),
            Type::Map { key, value, .. } => Layout::Map(JsonValue::new(key), JsonValue::new(value)),
            _ => match JsonValue::new(ty) {
                JsonValue::User(fields) => Layout::User(fields),
                other => Layout::Simple(other),
            },
        }
    }
}

impl JsonColumn {
    pub(super) fn new(index: usize, prefix: Vec<u8>, ty: &Type) -> Self {
        let null = [prefix.as_slice(), b"null"].concat().into();
        JsonColumn { index, prefix: prefix.into(), null, layout: Layout::new(ty) }
    }

    #[inline]
    pub(super) fn write_null(&self, out: &mut Vec<u8>) {
        self.null.write(out);
    }

    #[inline]
    pub(super) fn write(&self, row: &Row, index: &CellIndex, out: &mut Vec<u8>) -> Result<()> {
        let cells = index.cells(row, self.index);
        let Some(first) = cells.first() else {
            self.write_null(out);
            return Ok(());
        };
        self.prefix.write(out);
        match &self.layout {
            Layout::Simple(value) => value.write(row.value(first), out),
            layout => write_cells(layout, row, cells, out),
        }
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
            out.push(b'[');
            for (i, cell) in cells.iter().enumerate() {
                separate(i, out);
                element.write_element(row.path(cell), out)?;
            }
            out.push(b']');
        }
        Layout::Map(key, value) => {
            out.push(b'{');
            for (i, cell) in cells.iter().enumerate() {
                separate(i, out);
                key.write_key(row.path(cell), out)?;
                out.extend_from_slice(b": ");
                value.write_element(row.value(cell), out)?;
            }
            out.push(b'}');
        }
        Layout::User(fields) => {
            let mut cells = cells.iter().peekable();
            for (i, (prefix, value)) in fields.iter().enumerate() {
                out.extend_from_slice(prefix);
                match cells.peek() {
                    Some(cell) if field_position(row.path(cell))? == i => {
                        value.write(row.value(cell), out)?;
                        cells.next();
                    }
                    _ => out.extend_from_slice(b"null"),
                }
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// The cell path of a multi-cell user type: the position of the field as a smallint.
pub(crate) fn field_position(path: &[u8]) -> Result<usize> {
    match path {
        &[high, low] => Ok(usize::from(u16::from_be_bytes([high, low]))),
        _ => Err(Error::corrupt(format!("the path of a field of a user type has {} bytes instead of 2", path.len()))),
    }
}
