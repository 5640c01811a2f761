//! What every form of rows as text shares: the order of columns, and finding the cells of a column.

use sstablefs::cql::Type;
use sstablefs::cql::elements;
use sstablefs::rows::{Cell, Row};
use sstablefs::schema::{Column, Table};
use sstablefs::{Error, Result};

/// Turns live rows into text, one object or line a row.
///
/// The order of calls: `header` once, then for each partition `partition` once and `row` for each of its rows.
pub trait RowText {
    /// Appends what stands before the first row.
    fn header(&self, out: &mut Vec<u8>);

    /// Takes the key and the static row of the partition whose rows follow. Their text is made here, once.
    fn partition(&mut self, key: &[u8], static_row: &Row) -> Result<()>;

    /// Appends a row; `None` is the row of a partition that has only static values.
    fn row(&mut self, row: Option<&Row>, out: &mut Vec<u8>) -> Result<()>;
}

/// Columns of a table that SELECT * shows, by where their values are found.
pub(crate) struct Shown<'a> {
    pub(crate) key: &'a [Column],
    pub(crate) clustering: &'a [Column],
    /// Indexes into the table's statics and regulars, in the order of SELECT *.
    pub(crate) statics: Vec<usize>,
    pub(crate) regulars: Vec<usize>,
}

impl<'a> Shown<'a> {
    /// As TableMetadata.allColumnsInSelectOrder. Tables of the time before CQL hide what their storage made up: those
    /// with static columns only their clustering and regular ones, dense ones an empty value.
    pub(crate) fn new(table: &'a Table) -> Self {
        let flags = table.flags;
        let static_compact = !flags.is_super && !flags.is_dense && !flags.is_compound;
        let empty_value = matches!(table.regulars.as_slice(), [only] if only.ty == Type::Empty);
        let statics = Table::select_order(&table.statics);
        if static_compact && !table.statics.is_empty() {
            return Shown { key: &table.partition_key, clustering: &[], statics, regulars: Vec::new() };
        }
        let regulars = if empty_value { Vec::new() } else { Table::select_order(&table.regulars) };
        Shown { key: &table.partition_key, clustering: &table.clustering, statics, regulars }
    }
}

/// Calls `each` with the bytes of each partition key column.
pub(crate) fn key_parts(key: &[u8], columns: usize, mut each: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
    if columns == 1 {
        return each(0, key);
    }
    let mut found = 0;
    for (i, part) in elements::components(key).take(columns).enumerate() {
        each(i, part?.0)?;
        found = i + 1;
    }
    if found < columns {
        return Err(Error::corrupt(format!("a partition key has {found} parts and the table {columns} key columns")));
    }
    Ok(())
}

/// Where the cells of each column begin in the row at hand: filled once a row, asked once a column.
#[derive(Debug)]
pub(crate) struct CellIndex {
    starts: Vec<u32>,
}

impl CellIndex {
    pub(crate) fn new(columns: usize) -> Self {
        CellIndex { starts: vec![0; columns + 1] }
    }

    #[inline]
    pub(crate) fn fill(&mut self, row: &Row) {
        let mut column = 0;
        for (i, cell) in row.cells.iter().enumerate() {
            while column <= usize::from(cell.column) && column < self.starts.len() {
                self.starts[column] = i as u32;
                column += 1;
            }
        }
        self.starts[column..].fill(row.cells.len() as u32);
    }

    #[inline]
    pub(crate) fn cells<'r>(&self, row: &'r Row, column: usize) -> &'r [Cell] {
        let (start, end) = (self.starts[column] as usize, self.starts[column + 1] as usize);
        row.cells.get(start..end).unwrap_or(&[])
    }
}
