//! `sstabledump -d`: a line for each partition deletion, static row, row and range tombstone marker, as the toString of
//! Cassandra's classes shows them.

use sstablefs::Result;
use sstablefs::cql::Type;
use sstablefs::rows::{BoundKind, Cell, DeletionTime, Marker, Row};
use sstablefs::schema::{Column, Table};

use crate::json::field_position;
use crate::value::{CqlLiteral, TextValue, counter_total, hex, integer};

pub(super) struct DebugDump {
    key: TextValue,
    clustering: Vec<(CqlLiteral, TextValue)>,
    statics: Vec<DebugColumn>,
    regulars: Vec<DebugColumn>,
    /// `[key]@`
    prefix: Vec<u8>,
}

struct DebugColumn {
    name: String,
    kind: CellKind,
}

enum CellKind {
    Simple(TextValue),
    Counter,
    Collection(TextValue, TextValue),
    /// The whole type is asked for the text of a field's value: what it makes of that.
    User(TextValue),
}

impl DebugColumn {
    fn new(column: &Column) -> Self {
        let kind = match &column.ty {
            Type::Counter => CellKind::Counter,
            ty @ Type::User(_) if ty.is_multi_cell() => CellKind::User(TextValue::new(ty)),
            ty => match ty.path_type() {
                Some(path) => CellKind::Collection(TextValue::new(path), TextValue::new(ty.cell_value_type())),
                None => CellKind::Simple(TextValue::new(ty)),
            },
        };
        DebugColumn { name: column.name.clone(), kind }
    }
}

impl DebugDump {
    pub(super) fn new(table: &Table) -> Self {
        let columns = |columns: &[Column]| columns.iter().map(DebugColumn::new).collect();
        DebugDump {
            key: TextValue::new(&table.partition_key_type()),
            clustering: table.clustering.iter().map(|c| (CqlLiteral::new(&c.ty), TextValue::new(&c.ty))).collect(),
            statics: columns(&table.statics),
            regulars: columns(&table.regulars),
            prefix: Vec::new(),
        }
    }

    pub(super) fn partition(
        &mut self,
        key: &[u8],
        position: u64,
        deletion: DeletionTime,
        static_row: &Row,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.prefix.clear();
        self.prefix.push(b'[');
        self.key.write(key, &mut self.prefix)?;
        self.prefix.extend_from_slice(b"]@");
        if !deletion.is_live() {
            self.line(position, out);
            deletion_time(&deletion, out);
            out.push(b'\n');
        }
        if !static_row.is_empty() {
            self.line(position, out);
            row_start(static_row, out);
            out.extend_from_slice(b"STATIC");
            self.cells(static_row, &self.statics, out)?;
        }
        Ok(())
    }

    fn line(&self, position: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix);
        integer(position as i64, out);
        out.push(b' ');
    }

    pub(super) fn row(&self, row: &Row, position: u64, out: &mut Vec<u8>) -> Result<()> {
        self.line(position, out);
        row_start(row, out);
        for (i, (literal, _)) in self.clustering.iter().enumerate() {
            comma(i, out);
            literal.write(row.clustering_value(i), out)?;
        }
        self.cells(row, &self.regulars, out)
    }

    fn cells(&self, row: &Row, columns: &[DebugColumn], out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(b" | ");
        let mut first = true;
        for (index, column) in columns.iter().enumerate() {
            let cells = row.column_cells(index as u16);
            let deletion = row.complex_deletions.iter().find(|d| usize::from(d.column) == index);
            if cells.is_empty() && deletion.is_none() {
                continue;
            }
            comma(usize::from(!std::mem::take(&mut first)), out);
            if let Some(deletion) = deletion {
                out.extend_from_slice(format!("del({})=", column.name).as_bytes());
                deletion_time(&deletion.deletion, out);
            }
            let complex = !matches!(column.kind, CellKind::Simple(_) | CellKind::Counter);
            for cell in cells {
                comma(usize::from(complex), out);
                column.cell(row, cell, out)?;
            }
        }
        out.push(b'\n');
        Ok(())
    }

    pub(super) fn marker(&self, marker: &Marker, position: u64, out: &mut Vec<u8>) -> Result<()> {
        self.line(position, out);
        out.extend_from_slice(b"Marker ");
        out.extend_from_slice(match marker.kind {
            BoundKind::ExclusiveEnd => b"EXCL_END_BOUND",
            BoundKind::InclusiveStart => b"INCL_START_BOUND",
            BoundKind::ExclusiveEndInclusiveStart => b"EXCL_END_INCL_START_BOUNDARY",
            BoundKind::InclusiveEndExclusiveStart => b"INCL_END_EXCL_START_BOUNDARY",
            BoundKind::InclusiveEnd => b"INCL_END_BOUND",
            BoundKind::ExclusiveStart => b"EXCL_START_BOUND",
        });
        out.push(b'(');
        for (i, (_, text)) in self.clustering.iter().take(marker.clustering.len()).enumerate() {
            comma(i, out);
            match marker.clustering_value(i) {
                Some(value) => text.write(value, out)?,
                None => out.extend_from_slice(b"null"),
            }
        }
        out.extend_from_slice(b")@");
        if marker.kind.closes() {
            times(&marker.end, out);
        }
        if marker.kind.is_boundary() {
            out.push(b'-');
        }
        if marker.kind.opens() {
            times(&marker.start, out);
        }
        out.push(b'\n');
        Ok(())
    }
}

impl DebugColumn {
    fn cell(&self, row: &Row, cell: &Cell, out: &mut Vec<u8>) -> Result<()> {
        out.push(b'[');
        out.extend_from_slice(self.name.as_bytes());
        let value = row.value(cell);
        if let CellKind::Counter = self.kind
            && !cell.is_tombstone()
        {
            out.push(b'=');
            integer(counter_total(value)?, out);
            out.extend_from_slice(b" ts=");
            integer(cell.timestamp, out);
            out.push(b']');
            return Ok(());
        }
        if let CellKind::Collection(path, _) = &self.kind {
            out.push(b'[');
            path.write(row.path(cell), out)?;
            out.push(b']');
        }
        out.push(b'=');
        if cell.is_tombstone() {
            out.extend_from_slice(b"<tombstone>");
        } else {
            let start = out.len();
            let written = match &self.kind {
                CellKind::Simple(text) | CellKind::Collection(_, text) => text.write(value, out),
                CellKind::User(text) => field_position(row.path(cell)).and_then(|_| text.write(value, out)),
                CellKind::Counter => Ok(()),
            };
            if written.is_err() {
                out.truncate(start);
                out.extend_from_slice(b"0x");
                hex(value, out);
            }
        }
        out.extend_from_slice(b" ts=");
        integer(cell.timestamp, out);
        if cell.is_expiring() {
            out.extend_from_slice(b" ttl=");
            integer(cell.ttl.into(), out);
        }
        if cell.is_expiring() || cell.is_tombstone() {
            out.extend_from_slice(b" ldt=");
            integer(cell.local_deletion_time, out);
        }
        out.push(b']');
        Ok(())
    }
}

fn comma(i: usize, out: &mut Vec<u8>) {
    if i > 0 {
        out.extend_from_slice(b", ");
    }
}

fn times(deletion: &DeletionTime, out: &mut Vec<u8>) {
    integer(deletion.marked_for_delete_at, out);
    out.push(b'/');
    integer(deletion.local_deletion_time, out);
}

fn deletion_time(deletion: &DeletionTime, out: &mut Vec<u8>) {
    out.extend_from_slice(b"deletedAt=");
    integer(deletion.marked_for_delete_at, out);
    out.extend_from_slice(b", localDeletion=");
    integer(deletion.local_deletion_time, out);
}

/// `Row[info=[ts=…] ]: `
fn row_start(row: &Row, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Row[info=[ts=");
    integer(row.liveness.timestamp, out);
    if row.liveness.is_expiring() {
        out.extend_from_slice(b" ttl=");
        integer(row.liveness.ttl.into(), out);
        out.extend_from_slice(b", let=");
        integer(row.liveness.local_expiration_time, out);
    }
    out.push(b']');
    if !row.deletion.is_live() {
        out.extend_from_slice(b" del=");
        deletion_time(&row.deletion, out);
        if row.shadowable {
            out.extend_from_slice(b"(shadowable)");
        }
    }
    out.extend_from_slice(b" ]: ");
}
