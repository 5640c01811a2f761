//! The cells of one column in a dump.

use sstablefs::Result;
use sstablefs::cql::{Type, names};
use sstablefs::rows::{Cell, ComplexDeletion, Liveness, Row};
use sstablefs::schema::Column;

use super::layout::Layout;
use super::writer::Times;
use crate::json::field_position;
use crate::value::{JsonValue, TextValue, integer, json_escape, json_string};

/// What a column decides of the text of its cells.
pub(super) struct DumpColumn {
    /// From the brace that begins a cell to the end of the column's name.
    open: Vec<u8>,
    /// For a column of single cells, also what stands before the value.
    open_value: Vec<u8>,
    layout: CellLayout,
}

enum CellLayout {
    Simple(JsonValue),
    Collection {
        path: TextValue,
        value: JsonValue,
    },
    /// By field: its name within a JSON string, and its values.
    User(Vec<(Vec<u8>, JsonValue)>),
}

/// sstabledump prints the stored form of a counter as if it were its value: the first eight bytes.
pub(super) fn stored_value(ty: &Type) -> JsonValue {
    JsonValue::new(if *ty == Type::Counter { &Type::BigInt } else { ty })
}

impl DumpColumn {
    pub(super) fn new(column: &Column, layout: &Layout) -> Self {
        let mut open = layout.inline_open.to_vec();
        open.extend_from_slice(if layout.inline_open.len() > 1 { b"\"name\" : " } else { b"\"name\":" });
        json_string(&names::identifier(&column.name), &mut open);
        let open_value = [open.as_slice(), &layout.value].concat();
        let layout = match &column.ty {
            Type::User(user) if user.multi_cell => CellLayout::User(
                user.fields
                    .iter()
                    .map(|(name, ty)| {
                        let mut text = Vec::new();
                        json_escape(name, &mut text);
                        (text, stored_value(ty))
                    })
                    .collect(),
            ),
            ty => match ty.path_type() {
                Some(path) => {
                    CellLayout::Collection { path: TextValue::new(path), value: stored_value(ty.cell_value_type()) }
                }
                None => CellLayout::Simple(stored_value(ty)),
            },
        };
        DumpColumn { open, open_value, layout }
    }

    /// Appends the deletion of all earlier cells of the column.
    pub(super) fn deletion(&self, deletion: &ComplexDeletion, layout: &Layout, times: &Times, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.open);
        out.extend_from_slice(&layout.deletion_info);
        times.deletion(&deletion.deletion, layout, out);
        out.extend_from_slice(layout.inline_close);
    }

    #[inline]
    pub(super) fn cell(
        &self,
        row: &Row,
        cell: &Cell,
        liveness: &Liveness,
        (layout, times): (&Layout, &Times),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let tombstone = cell.is_tombstone();
        let value = match &self.layout {
            CellLayout::Simple(value) => {
                out.extend_from_slice(if tombstone { &self.open } else { &self.open_value });
                Some(value)
            }
            CellLayout::Collection { path, value } => {
                self.open_path(layout, out);
                let mut text = Vec::new();
                path.write(row.path(cell), &mut text)?;
                json_escape(&String::from_utf8_lossy(&text), out);
                close_path(layout, tombstone, out);
                Some(value)
            }
            CellLayout::User(fields) => {
                self.open_path(layout, out);
                let field = fields.get(field_position(row.path(cell))?);
                out.extend_from_slice(field.map_or(&[], |(name, _)| name));
                close_path(layout, tombstone, out);
                field.map(|(_, value)| value)
            }
        };
        if tombstone {
            out.extend_from_slice(&layout.tombstone);
            times.seconds(cell.local_deletion_time, out);
            out.push(b'"');
            out.extend_from_slice(layout.inline_close);
        } else {
            match value {
                Some(value) => value.write(row.value(cell), out)?,
                None => JsonValue::Blob.write(row.value(cell), out)?,
            }
        }
        if liveness.is_empty() || cell.timestamp != liveness.timestamp {
            out.extend_from_slice(if tombstone { &layout.tombstone_tstamp } else { &layout.tstamp });
            times.micros(cell.timestamp, out);
            out.push(b'"');
        }
        if cell.is_expiring() && (liveness.is_empty() || cell.ttl != liveness.ttl) {
            let expired = cell.local_deletion_time <= times.now;
            times.expiry(cell.ttl, cell.local_deletion_time, expired, layout, out);
        }
        out.extend_from_slice(if tombstone { &layout.tombstone_close } else { layout.inline_close });
        Ok(())
    }

    fn open_path(&self, layout: &Layout, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.open);
        out.extend_from_slice(&layout.path);
        out.extend_from_slice(layout.list_open);
        out.push(b'"');
    }
}

fn close_path(layout: &Layout, tombstone: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(layout.list_close);
    if !tombstone {
        out.extend_from_slice(&layout.value);
    }
}

impl Times {
    /// `"ttl"` and what belongs to it, behind other fields.
    pub(super) fn expiry(&self, ttl: i32, time: i64, expired: bool, layout: &Layout, out: &mut Vec<u8>) {
        out.extend_from_slice(&layout.ttl);
        integer(ttl.into(), out);
        out.extend_from_slice(&layout.expires_at);
        self.seconds(time, out);
        out.push(b'"');
        out.extend_from_slice(&layout.expired);
        out.extend_from_slice(if expired { b"true" } else { b"false" });
    }
}
