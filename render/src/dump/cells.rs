//! The cells of one column in a dump.

use sstablefs::Result;
use sstablefs::cql::{Type, names};
use sstablefs::rows::{Cell, ComplexDeletion, Liveness, Row};
use sstablefs::schema::Column;

use super::layout::Layout;
use super::times::Times;
use crate::json::field_position;
use crate::literal::Literal;
use crate::value::{JsonValue, TextValue, json_escape, json_string};

/// What a column decides of the text of its cells.
pub(super) struct DumpColumn {
    /// From the brace that begins a cell to the end of the column's name, and on to what comes first behind it.
    open: Literal,
    open_value: Literal,
    open_path: Literal,
    open_deletion: Literal,
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
        let mut open = Vec::new();
        layout.cell_name.write(&mut open);
        json_string(&names::identifier(&column.name), &mut open);
        let behind = |texts: &[&Literal]| {
            let mut text = open.clone();
            texts.iter().for_each(|t| t.write(&mut text));
            Literal::from(text)
        };
        let open_value = behind(&[&layout.value]);
        let open_path = behind(&[&layout.path]);
        let open_deletion = behind(&[&layout.deletion_info, &layout.marked_deleted]);
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
        DumpColumn { open: open.into(), open_value, open_path, open_deletion, layout }
    }

    /// Appends the deletion of all earlier cells of the column.
    pub(super) fn deletion(&self, deletion: &ComplexDeletion, layout: &Layout, times: &Times, out: &mut Vec<u8>) {
        self.open_deletion.write(out);
        times.deletion_behind(&deletion.deletion, layout, out);
        layout.inline_close.write(out);
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
                if tombstone { &self.open } else { &self.open_value }.write(out);
                Some(value)
            }
            CellLayout::Collection { path, value } => {
                self.open_path.write(out);
                path.write_in_json(row.path(cell), out)?;
                close_path(layout, tombstone, out);
                Some(value)
            }
            CellLayout::User(fields) => {
                self.open_path.write(out);
                let field = fields.get(field_position(row.path(cell))?);
                out.extend_from_slice(field.map_or(&[], |(name, _)| name));
                close_path(layout, tombstone, out);
                field.map(|(_, value)| value)
            }
        };
        if tombstone {
            layout.tombstone.write(out);
            times.seconds(cell.local_deletion_time, out);
            out.push(b'"');
            layout.inline_close.write(out);
        } else {
            match value {
                Some(value) => value.write(row.value(cell), out)?,
                None => JsonValue::Blob.write(row.value(cell), out)?,
            }
        }
        if liveness.is_empty() || cell.timestamp != liveness.timestamp {
            if tombstone { &layout.tombstone_tstamp } else { &layout.tstamp }.write(out);
            times.micros(cell.timestamp, out);
            out.push(b'"');
        }
        if cell.is_expiring() && (liveness.is_empty() || cell.ttl != liveness.ttl) {
            let expired = cell.local_deletion_time <= times.now;
            times.expiry(cell.ttl, cell.local_deletion_time, expired, layout, out);
        }
        if tombstone { &layout.tombstone_close } else { &layout.inline_close }.write(out);
        Ok(())
    }
}

#[inline]
fn close_path(layout: &Layout, tombstone: bool, out: &mut Vec<u8>) {
    if tombstone { &layout.path_close } else { &layout.path_close_value }.write(out);
}
