//! Writes the body of a row, in the layout that `body.rs` shows.

use super::body::{CELL_DELETED, CELL_EMPTY_VALUE, CELL_EXPIRING, CELL_ROW_TIMESTAMP, CELL_ROW_TTL};
use super::encoder::{ColumnEncoder, ColumnSet, Minima, write_value};
use super::head;
use crate::bytes::vint;
use crate::error::{Error, Result};
use crate::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, Row};

/// Appends all of the body but the size of the previous unfiltered; returns the row's flags.
#[inline]
pub(super) fn write(row: &Row, set: &ColumnSet, minima: &Minima, out: &mut Vec<u8>) -> Result<u8> {
    let mut flags = 0;
    let liveness = &row.liveness;
    if !liveness.is_empty() {
        flags |= head::HAS_TIMESTAMP;
        minima.timestamp(liveness.timestamp, out);
        if liveness.is_expiring() {
            flags |= head::HAS_TTL;
            minima.ttl(liveness.ttl, out);
            minima.local_deletion_time(liveness.local_expiration_time, out);
        }
    }
    if !row.deletion.is_live() {
        flags |= head::HAS_DELETION;
        minima.deletion_time(&row.deletion, out);
    }
    let plain = !set.has_complex && row.complex_deletions.is_empty();
    if plain && row.cells.len() == set.columns.len() {
        flags |= head::HAS_ALL_COLUMNS;
        for (column, cell) in set.columns.iter().zip(&row.cells) {
            if column.source != cell.column {
                return Err(unknown(cell.column));
            }
            write_cell(row, cell, column, liveness, minima, out)?;
        }
        return Ok(flags);
    }

    let present = count_present(row, set)?;
    if present == set.columns.len() {
        flags |= head::HAS_ALL_COLUMNS;
    } else {
        write_subset(row, set, present, out);
    }
    let has_deletion = !row.complex_deletions.is_empty();
    if has_deletion {
        flags |= head::HAS_COMPLEX_DELETION;
    }
    for_each(row, set, |_, column, cells, deletion| {
        if column.complex {
            if has_deletion {
                minima.deletion_time(&deletion.map_or(DeletionTime::LIVE, |d| d.deletion), out);
            }
            vint::write(cells.len() as u64, out);
        }
        cells.iter().try_for_each(|cell| write_cell(row, cell, column, liveness, minima, out))
    })?;
    Ok(flags)
}

/// Calls `f` with each column of which the row has something.
fn for_each<'a>(
    row: &'a Row,
    set: &'a ColumnSet,
    mut f: impl FnMut(usize, &'a ColumnEncoder, &'a [Cell], Option<&'a ComplexDeletion>) -> Result<()>,
) -> Result<()> {
    let (mut cells, mut deletions) = (&row.cells[..], &row.complex_deletions[..]);
    for (i, column) in set.columns.iter().enumerate() {
        let n = cells.iter().take_while(|c| c.column == column.source).count();
        let (mine, rest) = cells.split_at(n);
        cells = rest;
        let mut deletion = None;
        if column.complex
            && let Some((first, rest)) = deletions.split_first()
            && first.column == column.source
        {
            (deletion, deletions) = (Some(first), rest);
        }
        if !mine.is_empty() || deletion.is_some() {
            f(i, column, mine, deletion)?;
        }
    }
    match (cells.first(), deletions.first()) {
        (Some(cell), _) => Err(unknown(cell.column)),
        (_, Some(deletion)) => Err(unknown(deletion.column)),
        _ => Ok(()),
    }
}

fn unknown(column: u16) -> Error {
    Error::invalid(format!("a row has column {column} twice, or out of order, or the header does not have it"))
}

/// The number of columns of which the row has something; an error where it can't be encoded.
fn count_present(row: &Row, set: &ColumnSet) -> Result<usize> {
    let mut present = 0;
    for_each(row, set, |_, column, cells, _| {
        present += 1;
        if column.complex || cells.len() == 1 { Ok(()) } else { Err(unknown(column.source)) }
    })?;
    Ok(present)
}

/// Which columns are missing (Columns.Serializer.serializeSubset).
fn write_subset(row: &Row, set: &ColumnSet, present: usize, out: &mut Vec<u8>) {
    let total = set.columns.len();
    if total < 64 {
        let mut missing = (1u64 << total) - 1;
        visit(row, set, |i| missing &= !(1 << i));
        vint::write(missing, out);
        return;
    }
    vint::write((total - present) as u64, out);
    if present < total / 2 {
        visit(row, set, |i| vint::write(i as u64, out));
        return;
    }
    let mut next = 0;
    visit(row, set, |i| {
        (next..i).for_each(|missing| vint::write(missing as u64, out));
        next = i + 1;
    });
    (next..total).for_each(|missing| vint::write(missing as u64, out));
}

/// Calls `f` with the index of each column of which the row, which [`count_present`] has seen, has something.
fn visit(row: &Row, set: &ColumnSet, mut f: impl FnMut(usize)) {
    let all = for_each(row, set, |i, _, _, _| {
        f(i);
        Ok(())
    });
    debug_assert!(all.is_ok());
}

#[inline]
fn write_cell(
    row: &Row,
    cell: &Cell,
    column: &ColumnEncoder,
    liveness: &Liveness,
    minima: &Minima,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut flags = 0;
    let value = row.value(cell);
    if value.is_empty() {
        flags |= CELL_EMPTY_VALUE;
    }
    let (deleted, expiring) = (cell.is_tombstone(), cell.is_expiring());
    if deleted {
        flags |= CELL_DELETED;
    } else if expiring {
        flags |= CELL_EXPIRING;
    }
    if !liveness.is_empty() && cell.timestamp == liveness.timestamp {
        flags |= CELL_ROW_TIMESTAMP;
    }
    if expiring && cell.ttl == liveness.ttl && cell.local_deletion_time == liveness.local_expiration_time {
        flags |= CELL_ROW_TTL;
    }
    out.push(flags);
    if flags & CELL_ROW_TIMESTAMP == 0 {
        minima.timestamp(cell.timestamp, out);
    }
    if flags & CELL_ROW_TTL == 0 {
        if deleted || expiring {
            minima.local_deletion_time(cell.local_deletion_time, out);
        }
        if expiring {
            minima.ttl(cell.ttl, out);
        }
    }
    if column.complex {
        let path = row.path(cell);
        vint::write(path.len() as u64, out);
        out.extend_from_slice(path);
    }
    if !value.is_empty() {
        write_value(value, column.length, out)?;
    }
    Ok(())
}
