//! Whether the values of rows are ones of their types. Follows org.apache.cassandra.schema.ColumnMetadata.validateCell and
//! org.apache.cassandra.db.context.CounterContext.validateContext.

use crate::cql::{Type, validate};
use crate::error::{Error, Result};
use crate::rows::{Cell, Row};
use crate::schema::{Column, Table};
use crate::sstable::prefix::ClusteringPrefix;

/// Id, clock and count.
const COUNTER_SHARD: usize = 16 + 8 + 8;

pub(super) struct Values<'a> {
    table: &'a Table,
}

impl<'a> Values<'a> {
    pub(super) fn new(table: &'a Table) -> Values<'a> {
        Values { table }
    }

    /// What is wrong with a clustering.
    pub(super) fn check_clustering(&self, prefix: &ClusteringPrefix<'_>) -> Option<String> {
        for (i, (span, column)) in prefix.values.iter().zip(&self.table.clustering).enumerate() {
            // No bytes are a value of any type there.
            if span.is_null() || span.len == 0 {
                continue;
            }
            if let Err(e) = validate(&column.ty, span.of(prefix.bytes)) {
                return Some(format!("clustering value {} is not of its type: {}", i + 1, e.message()));
            }
        }
        None
    }

    /// What is wrong with the first bad cell of a row.
    pub(super) fn check_row(&self, row: &Row, is_static: bool) -> Option<String> {
        let columns = if is_static { &self.table.statics } else { &self.table.regulars };
        for cell in &row.cells {
            let Some(column) = columns.get(usize::from(cell.column)) else { continue };
            if let Err(e) = check_cell(column, row, cell) {
                return Some(format!("the column {}: {}", column.name, e.message()));
            }
        }
        None
    }
}

fn check_cell(column: &Column, row: &Row, cell: &Cell) -> Result<()> {
    let value = row.value(cell);
    let path = row.path(cell);
    let own = check_path(&column.ty, path)?;
    if cell.is_tombstone() {
        return if value.is_empty() { Ok(()) } else { Err(Error::corrupt("a tombstone with a value")) };
    }
    match own {
        Type::Counter => check_counter(value),
        ty => validate(ty, value),
    }
}

/// The type of the cell's value, after a look at its path.
fn check_path<'t>(ty: &'t Type, path: &[u8]) -> Result<&'t Type> {
    match ty {
        Type::List { element, multi_cell: true } => {
            let is_time_uuid = path.len() == 16;
            is_time_uuid
                .then_some(&**element)
                .ok_or_else(|| Error::corrupt("the id of a list element is not a timeuuid"))
        }
        Type::Set { element, multi_cell: true } => validate(element, path).map(|()| &Type::Empty),
        Type::Map { key, value, multi_cell: true } => validate(key, path).map(|()| &**value),
        Type::User(user) if user.multi_cell => {
            let field = path.try_into().ok().map(|index| usize::from(u16::from_be_bytes(index)));
            let field = field.and_then(|index| user.fields.get(index));
            field.map(|(_, ty)| ty).ok_or_else(|| Error::corrupt("a field that the user type does not have"))
        }
        ty => Ok(ty),
    }
}

fn check_counter(context: &[u8]) -> Result<()> {
    let bad = || Error::corrupt(format!("{} bytes are no counter", context.len()));
    let Some(count) = context.first_chunk::<2>() else { return if context.is_empty() { Ok(()) } else { Err(bad()) } };
    let head = 2 + 2 * usize::from(i16::from_be_bytes(*count).unsigned_abs());
    let shards = context.len().checked_sub(head).ok_or_else(bad)?;
    if shards.is_multiple_of(COUNTER_SHARD) { Ok(()) } else { Err(bad()) }
}
