//! What a reader wants of the partitions it goes through.

use std::ops::Bound;
use std::sync::Arc;

use crate::cql::Comparator;
use crate::rows::{Depth, Row, Slice};

/// Rows of each partition, their order, and which cells count.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The rows, from one clustering to another.
    pub slice: Slice,
    /// From the partition's end: the streams give their rows in that order.
    pub reversed: bool,
    /// `None`: all columns.
    pub queried: Option<Arc<Queried>>,
    /// Where the slice is one row, which none of several cells has to be put together: what is asked for of it.
    pub names: Option<Arc<Names>>,
    /// Which columns are looked at; of others a row may have no cells.
    pub depth: Depth,
}

/// Indexes of the columns that are asked for.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Places among the table's regular columns, ascending.
    pub regulars: Vec<u16>,
    /// Places among the table's static columns, ascending.
    pub statics: Vec<u16>,
}

/// The regular columns that a query asks for. Cells of others only tell that a row is there, and of these the server drops
/// those that are older than the row's liveness as it reads each SSTable; a row whose liveness has expired is gone then.
/// Follows DeserializationHelper.includes and ColumnFilter.
#[derive(Debug, Clone)]
pub struct Queried {
    /// One a regular column of the table, in storage order.
    pub columns: Box<[QueriedColumn]>,
}

/// What a query asks for of a column.
#[derive(Debug, Clone)]
pub enum QueriedColumn {
    /// All of it.
    Whole,
    /// Nothing of it. Of a multi-cell column all cells count even then.
    Not {
        /// Whether the column's elements are cells of their own.
        multi_cell: bool,
    },
    /// Elements of a multi-cell column by their paths.
    Paths(Comparator, Vec<PathRange>),
}

/// From one path to another.
pub type PathRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl Queried {
    /// Whether no cell can be left out.
    pub fn is_whole(&self) -> bool {
        self.columns.iter().all(|c| matches!(c, QueriedColumn::Whole | QueriedColumn::Not { multi_cell: true }))
    }

    /// Takes the cells out of a row that do not count.
    pub(super) fn strip(&self, row: &mut Row) {
        if row.liveness.is_empty() || row.cells.iter().all(|c| c.timestamp >= row.liveness.timestamp) {
            return;
        }
        let (liveness, bytes) = (row.liveness, &row.bytes);
        row.cells.retain(|cell| {
            cell.timestamp >= liveness.timestamp
                || match self.columns.get(usize::from(cell.column)) {
                    None | Some(QueriedColumn::Whole) => true,
                    Some(QueriedColumn::Not { multi_cell }) => *multi_cell,
                    Some(QueriedColumn::Paths(order, ranges)) => {
                        let path = cell.path.of(bytes);
                        ranges.iter().any(|(start, end)| {
                            let from = match start {
                                Bound::Included(start) => order.compare(path, start).is_ge(),
                                Bound::Excluded(start) => order.compare(path, start).is_gt(),
                                Bound::Unbounded => true,
                            };
                            from && match end {
                                Bound::Included(end) => order.compare(path, end).is_le(),
                                Bound::Excluded(end) => order.compare(path, end).is_lt(),
                                Bound::Unbounded => true,
                            }
                        })
                    }
                }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Cell, Liveness, NO_DELETION_TIME, Span};

    #[test]
    fn a_cell_that_is_not_asked_for_counts_when_it_is_not_older_than_its_row() {
        let cell = |column, timestamp| Cell {
            column,
            ttl: 0,
            timestamp,
            local_deletion_time: NO_DELETION_TIME,
            value: Span::default(),
            path: Span::default(),
        };
        let cells = vec![cell(0, 5), cell(1, 5), cell(1, 10), cell(2, 5)];
        let mut row = Row { cells, ..Row::default() };
        let queried = Queried {
            columns: Box::new([
                QueriedColumn::Whole,
                QueriedColumn::Not { multi_cell: false },
                QueriedColumn::Not { multi_cell: true },
            ]),
        };
        queried.strip(&mut row);
        assert_eq!(row.cells.len(), 4, "without a liveness all cells count");
        row.liveness = Liveness { timestamp: 10, ttl: 1, local_expiration_time: 11 };
        queried.strip(&mut row);
        let left: Vec<_> = row.cells.iter().map(|c| (c.column, c.timestamp)).collect();
        assert_eq!(left, [(0, 5), (1, 10), (2, 5)]);
    }
}
