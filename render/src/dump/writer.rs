//! Partitions, rows and range tombstones in a dump.

use sstablefs::Result;
use sstablefs::cql::{Type, elements};
use sstablefs::rows::{BoundKind, DeletionTime, Marker, Row};
use sstablefs::schema::{Column, Table};

use super::cells::{DumpColumn, stored_value};
use super::layout::Layout;
use super::times::Times;
use super::{DumpForm, DumpOptions};
use crate::literal::Literal;
use crate::value::{JsonValue, TextValue, integer};

/// Writes the JSON forms.
pub(super) struct JsonDump {
    form: DumpForm,
    layout: Layout,
    times: Times,
    key: Vec<TextValue>,
    composite_key: bool,
    clustering: Vec<JsonValue>,
    statics: Vec<DumpColumn>,
    regulars: Vec<DumpColumn>,
    /// Partitions so far, and rows of the partition at hand.
    partitions: u64,
    rows: u64,
}

impl JsonDump {
    pub(super) fn new(table: &Table, options: &DumpOptions) -> Self {
        let layout = Layout::new(options.form != DumpForm::Lines);
        let key = match table.partition_key_type() {
            Type::Composite(types) => types,
            only => vec![only],
        };
        let composite_key = matches!(table.partition_key_type(), Type::Composite(_));
        let columns = |columns: &[Column]| columns.iter().map(|c| DumpColumn::new(c, &layout)).collect();
        JsonDump {
            form: options.form,
            times: Times::new(options),
            key: key.iter().map(TextValue::new).collect(),
            composite_key,
            clustering: table.clustering.iter().map(|c| stored_value(&c.ty)).collect(),
            statics: columns(&table.statics),
            regulars: columns(&table.regulars),
            layout,
            partitions: 0,
            rows: 0,
        }
    }

    pub(super) fn begin(&self, out: &mut Vec<u8>) {
        if self.form != DumpForm::Lines {
            out.push(b'[');
        }
    }

    /// What is written next comes behind other partitions.
    pub(super) fn resume(&mut self) {
        self.partitions = 1;
    }

    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if self.form != DumpForm::Lines {
            self.layout.end_lines(0, self.partitions == 0, out);
        }
    }

    fn key(&self, key: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if self.composite_key && key.is_empty() {
            self.layout.list_empty.write(out);
            return Ok(());
        }
        self.layout.list_open.write(out);
        let mut part = |i: usize, value: &[u8]| -> Result<()> {
            if i > 0 {
                self.layout.list_comma.write(out);
            }
            out.push(b'"');
            self.key[i].write_in_json(value, out)?;
            out.push(b'"');
            Ok(())
        };
        if self.composite_key {
            for (i, component) in elements::components(key).take(self.key.len()).enumerate() {
                let (value, end) = component?;
                part(i, value)?;
                if end != 0 {
                    break;
                }
            }
        } else {
            part(0, key)?;
        }
        self.layout.list_close.write(out);
        Ok(())
    }

    /// Appends an element of the array of keys.
    pub(super) fn key_alone(&mut self, key: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(if self.partitions == 0 { b" " } else { b", " });
        self.partitions += 1;
        self.key(key, out)
    }

    /// Begins a partition; `position` is that of the scan behind its head and static row.
    pub(super) fn partition(
        &mut self,
        key: &[u8],
        position: u64,
        deletion: DeletionTime,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if self.partitions > 0 {
            out.push(if self.form == DumpForm::Lines { b'\n' } else { b',' });
        }
        self.partitions += 1;
        self.rows = 0;
        self.layout.line(1, out);
        self.layout.partition_open.write(out);
        self.key(key, out)?;
        self.layout.partition_position.write(out);
        integer(position as i64, out);
        if !deletion.is_live() {
            self.layout.partition_deletion.write(out);
            self.times.deletion(&deletion, &self.layout, out);
        }
        self.layout.partition_rows.write(out);
        Ok(())
    }

    pub(super) fn end_partition(&self, out: &mut Vec<u8>) {
        self.layout.end_lines(2, self.rows == 0, out);
        self.layout.end_object(1, out);
    }

    fn separate(&mut self, out: &mut Vec<u8>) {
        if self.rows > 0 {
            out.push(b',');
        }
        self.rows += 1;
    }

    pub(super) fn static_row(&mut self, row: &Row, position: u64, out: &mut Vec<u8>) -> Result<()> {
        self.separate(out);
        self.layout.static_open.write(out);
        integer(position as i64, out);
        self.row_body(row, &self.statics, out)
    }

    pub(super) fn row(&mut self, row: &Row, position: u64, out: &mut Vec<u8>) -> Result<()> {
        self.separate(out);
        self.layout.row_open.write(out);
        integer(position as i64, out);
        if !row.clustering.is_empty() {
            self.layout.row_clustering.write(out);
            self.clustering(|i| Some(row.clustering_value(i)), out)?;
        }
        self.row_body(row, &self.regulars, out)
    }

    /// The values of a clustering or of its prefix; what a prefix does not have is `"*"`.
    fn clustering<'a>(&self, value: impl Fn(usize) -> Option<Option<&'a [u8]>>, out: &mut Vec<u8>) -> Result<()> {
        self.layout.list_open.write(out);
        for (i, renderer) in self.clustering.iter().enumerate() {
            if i > 0 {
                self.layout.list_comma.write(out);
            }
            match value(i) {
                Some(value) => renderer.write_or_null(value, out)?,
                None => out.extend_from_slice(b"\"*\""),
            }
        }
        self.layout.list_close.write(out);
        Ok(())
    }

    fn row_body(&self, row: &Row, columns: &[DumpColumn], out: &mut Vec<u8>) -> Result<()> {
        let JsonDump { layout, times, .. } = self;
        let liveness = &row.liveness;
        if !liveness.is_empty() {
            layout.row_liveness.write(out);
            times.micros(liveness.timestamp, out);
            out.push(b'"');
            if liveness.is_expiring() {
                let expired = liveness.local_expiration_time < times.now;
                times.expiry(liveness.ttl, liveness.local_expiration_time, expired, layout, out);
            }
            layout.inline_close.write(out);
        }
        if !row.deletion.is_live() {
            layout.row_deletion.write(out);
            times.deletion(&row.deletion, layout, out);
        }
        layout.row_cells.write(out);
        let mut first = true;
        let mut separate = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            layout.line(5, out);
        };
        let mut deletions = row.complex_deletions.iter().peekable();
        for cell in &row.cells {
            while let Some(deletion) = deletions.next_if(|d| d.column <= cell.column) {
                if let Some(column) = columns.get(usize::from(deletion.column)) {
                    separate(out);
                    column.deletion(deletion, layout, times, out);
                }
            }
            if let Some(column) = columns.get(usize::from(cell.column)) {
                separate(out);
                column.cell(row, cell, liveness, (layout, times), out)?;
            }
        }
        for deletion in deletions {
            if let Some(column) = columns.get(usize::from(deletion.column)) {
                separate(out);
                column.deletion(deletion, layout, times, out);
            }
        }
        layout.end_lines(4, first, out);
        layout.end_object(3, out);
        Ok(())
    }

    pub(super) fn marker(&mut self, marker: &Marker, out: &mut Vec<u8>) -> Result<()> {
        self.separate(out);
        let layout = &self.layout;
        match marker.kind {
            BoundKind::ExclusiveEndInclusiveStart | BoundKind::InclusiveEndExclusiveStart => {
                let inclusive_start = marker.kind == BoundKind::ExclusiveEndInclusiveStart;
                layout.boundary_open.write(out);
                self.bound(&layout.bound_start, inclusive_start, marker, &marker.start, out)?;
                self.bound(&layout.bound_end, !inclusive_start, marker, &marker.end, out)?;
            }
            BoundKind::InclusiveStart | BoundKind::ExclusiveStart => {
                layout.bound_open.write(out);
                let inclusive = marker.kind == BoundKind::InclusiveStart;
                self.bound(&layout.bound_start, inclusive, marker, &marker.start, out)?;
            }
            BoundKind::InclusiveEnd | BoundKind::ExclusiveEnd => {
                layout.bound_open.write(out);
                let inclusive = marker.kind == BoundKind::InclusiveEnd;
                self.bound(&layout.bound_end, inclusive, marker, &marker.end, out)?;
            }
        }
        layout.end_object(3, out);
        Ok(())
    }

    fn bound(
        &self,
        open: &Literal,
        inclusive: bool,
        marker: &Marker,
        deletion: &DeletionTime,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        open.write(out);
        out.extend_from_slice(if inclusive { b"inclusive\"" } else { b"exclusive\"" });
        if !marker.clustering.is_empty() {
            self.layout.bound_clustering.write(out);
            self.clustering(|i| (i < marker.clustering.len()).then(|| marker.clustering_value(i)), out)?;
        }
        self.layout.bound_deletion.write(out);
        self.times.deletion(deletion, &self.layout, out);
        self.layout.bound_close.write(out);
        Ok(())
    }
}
