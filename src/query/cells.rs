//! writetime, maxwritetime and ttl of columns and of parts of them, and slices of collections. Follows
//! org.apache.cassandra.cql3.selection.ColumnTimestamps, ElementsSelector and FieldSelector.

use std::borrow::Cow;
use std::ops::Range;

use super::expr::{Current, Expr, ExprKind, Source, Value};
use super::literal;
use crate::cql::{Comparator, Type, elements};
use crate::error::Result;
use crate::rows::Cell;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    WriteTime,
    MaxWriteTime,
    Ttl,
}

/// Times of a column's cells, or of some of them.
enum Times {
    None,
    /// Of the one cell that a value, or all its parts, are in.
    One(Option<i64>),
    Many(Vec<Option<i64>>),
}

pub(super) fn evaluate<'a>(what: What, of: &'a Expr, row: &Current<'a>) -> Result<Value<'a>> {
    let write = |time: i64| match what {
        What::Ttl => (time as i32).to_be_bytes().to_vec(),
        _ => time.to_be_bytes().to_vec(),
    };
    let value = match times(what, of, row)? {
        Times::None => None,
        Times::One(time) => time.map(write),
        Times::Many(times) if what == What::MaxWriteTime => times.into_iter().flatten().max().map(write),
        Times::Many(times) if times.is_empty() => None,
        Times::Many(times) => {
            let mut list = (times.len() as u32).to_be_bytes().to_vec();
            list.extend(literal::fields(&times.into_iter().map(|time| time.map(write)).collect::<Vec<_>>()));
            Some(list)
        }
    };
    Ok(value.map(Cow::Owned))
}

fn times(what: What, of: &Expr, row: &Current<'_>) -> Result<Times> {
    match &of.kind {
        ExprKind::Column(source, ty) => Ok(of_column(what, *source, ty, row)),
        ExprKind::Field(inner, i) => {
            if of.eval(row)?.is_none() {
                return Ok(Times::None);
            }
            Ok(at(times(what, inner, row)?, *i))
        }
        ExprKind::Element(inner, key) => {
            let (Some(value), Some(key)) = (inner.eval(row)?, key.eval(row)?) else { return Ok(Times::None) };
            Ok(match places(&inner.ty, &value, Some(&key), Some(&key))? {
                found if found.is_empty() => Times::None,
                found => at(times(what, inner, row)?, found.start),
            })
        }
        ExprKind::Slice(inner, from, to) => {
            let Some(value) = inner.eval(row)? else { return Ok(Times::None) };
            let found = places(&inner.ty, &value, from.as_deref(), to.as_deref())?;
            if found.is_empty() {
                return Ok(Times::None);
            }
            Ok(match times(what, inner, row)? {
                Times::Many(times) => Times::Many(times.get(found).unwrap_or_default().to_vec()),
                other => other,
            })
        }
        _ => Ok(Times::None),
    }
}

fn at(times: Times, i: usize) -> Times {
    match times {
        Times::Many(times) => times.get(i).map_or(Times::None, |time| Times::One(*time)),
        other => other,
    }
}

fn of_column(what: What, source: Source, ty: &Type, row: &Current<'_>) -> Times {
    let Some((cells_of, cells)) = row.cells(source) else { return Times::None };
    let time = |cell: &Cell| match what {
        What::Ttl => {
            let left = cell.local_deletion_time.saturating_sub(row.now);
            (cell.is_expiring() && left >= 0).then_some(left.min(i32::MAX.into()))
        }
        _ => Some(cell.timestamp),
    };
    if !ty.is_multi_cell() {
        return Times::One(time(&cells[0]));
    }
    if let Type::User(user) = ty {
        // One for each field, also for those that are null.
        let mut times = vec![None; user.fields.len()];
        for cell in cells {
            if let Ok(position) = cells_of.path(cell).try_into().map(u16::from_be_bytes)
                && let Some(place) = times.get_mut(usize::from(position))
            {
                *place = time(cell);
            }
        }
        return Times::Many(times);
    }
    Times::Many(cells.iter().map(time).collect())
}

/// Keys or elements of a collection, which are in their order.
fn keys<'a>(ty: &Type, value: &'a [u8]) -> Result<(Comparator, Vec<&'a [u8]>)> {
    let (key, map) = match ty {
        Type::Map { key, .. } => (&**key, true),
        Type::Set { element, .. } => (&**element, false),
        other => (other, false),
    };
    let parts = if map { elements::map(value)? } else { elements::list(value)? };
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let step = if map { 2 } else { 1 };
    Ok((Comparator::new(key, false), parts.into_iter().step_by(step).map(Option::unwrap_or_default).collect()))
}

/// Which elements of a collection lie between two, both included.
fn places(ty: &Type, value: &[u8], from: Option<&[u8]>, to: Option<&[u8]>) -> Result<Range<usize>> {
    let (order, keys) = keys(ty, value)?;
    let start = from.map_or(0, |from| keys.partition_point(|key| order.compare(key, from).is_lt()));
    let end = to.map_or(keys.len(), |to| keys.partition_point(|key| order.compare(key, to).is_le()));
    Ok(start..end.max(start))
}

/// The elements of a collection between two. Of one with cells of its own nothing is null, not an empty collection.
pub(super) fn slice<'a>(of: &Expr, value: &[u8], from: Option<&[u8]>, to: Option<&[u8]>) -> Result<Value<'a>> {
    let found = places(&of.ty, value, from, to)?;
    let multi_cell = matches!(&of.kind, ExprKind::Column(_, ty) if ty.is_multi_cell());
    if found.is_empty() && multi_cell {
        return Ok(None);
    }
    let per = if matches!(of.ty, Type::Map { .. }) { 2 } else { 1 };
    let parts = if per == 2 { elements::map(value)? } else { elements::list(value)? };
    let parts = parts.skip(found.start * per).take(found.len() * per);
    let parts = parts.map(|part| part.map(Option::unwrap_or_default)).collect::<Result<Vec<_>>>()?;
    Ok(Some(Cow::Owned(literal::collection(&parts, per))))
}
