//! A row or a range tombstone bound of a dump.
//!
//! ```text
//!   { "type": "row", "clustering": […], "liveness_info": {…}, "deletion_info": {…}, "cells": [ {…}, … ] }
//!   { "type": "static_block", … }        without clustering
//!   { "type": "range_tombstone_bound", "start" or "end": { "type": "inclusive", "clustering": […, "*"], "deletion_info": {…} } }
//!   { "type": "range_tombstone_boundary", "start": …, "end": … }
//!   cell: { "name", "path": […], "value" or "deletion_info", "tstamp", "ttl", "expires_at", "expired" }
//! ```
//! A cell without a timestamp or TTL of its own has that of the row.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use sstablefs::cql::{Comparator, Type, names, parse_text};
use sstablefs::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, RangeBound, Row, Span};
use sstablefs::schema::{Column, Table};

use super::dump_text::{Deletion, Place, array, deletion_info, int, micros, object, seconds, strings, text};
use super::json::{syntax, utf8};
use super::json_shape::{Fields, Shape, Value};
use super::json_value::JsonText;
use super::nested::since;
use super::row::Source;
use super::{Fault, InputOptions, shown};

/// The columns that a dump's rows may have, by name.
pub(super) struct Columns<'o> {
    statics: Kind<'o>,
    regulars: Kind<'o>,
}

struct Kind<'o> {
    columns: &'o [Column],
    by_name: HashMap<&'o str, usize>,
    /// Of the paths of cells, in columns that have several.
    orders: Vec<Option<Comparator>>,
}

impl<'o> Columns<'o> {
    pub(super) fn new(table: &'o Table) -> Self {
        Columns { statics: Kind::new(&table.statics), regulars: Kind::new(&table.regulars) }
    }
}

impl<'o> Kind<'o> {
    fn new(columns: &'o [Column]) -> Self {
        let order = |column: &Column| column.ty.path_type().map(|ty| Comparator::new(ty, false));
        Kind {
            columns,
            by_name: columns.iter().enumerate().map(|(i, c)| (c.name.as_str(), i)).collect(),
            orders: columns.iter().map(order).collect(),
        }
    }

    /// The column of a name; often it is the one of the cell before, or the next.
    #[inline]
    fn find(&self, name: &str, before: Option<&Cell>) -> Option<(usize, &'o Column)> {
        let guess = before.map_or(0, |cell| usize::from(cell.column));
        let is_it = |i: &usize| self.columns.get(*i).is_some_and(|c| c.name == name);
        let i = (guess..guess + 2).find(is_it).or_else(|| self.by_name.get(name).copied())?;
        Some((i, self.columns.get(i)?))
    }
}

/// What was found; a row is in the structure that was given.
pub(super) enum Unfiltered {
    Static,
    Row,
    Bound { start: Option<(RangeBound, DeletionTime)>, end: Option<(RangeBound, DeletionTime)> },
}

pub(super) fn parse(
    bytes: &[u8],
    options: &InputOptions,
    columns: &Columns<'_>,
    shape: &mut Shape,
    row: &mut Row,
) -> Result<Unfiltered, Fault> {
    let text = utf8(bytes)?;
    let place = Place::new(text);
    let fields = object(shape.read(text).map_err(|e| syntax(&e, bytes))?, &place)?;
    let Some(ty) = fields.find("type") else { return Err(Fault::new(0, "this object lacks \"type\"")) };
    let reader = RowReader { options, table: &options.table, columns, place: &place };
    match ty.raw() {
        "\"row\"" | "\"static_block\"" => {
            let is_static = ty.raw() == "\"static_block\"";
            reader.row(fields, is_static, row)?;
            Ok(if is_static { Unfiltered::Static } else { Unfiltered::Row })
        }
        "\"range_tombstone_bound\"" | "\"range_tombstone_boundary\"" => {
            let bound = |name: &str| fields.find(name).map(|bound| reader.bound(bound)).transpose();
            let (start, end) = (bound("start")?, bound("end")?);
            if start.is_none() && end.is_none() {
                return Err(Fault::new(0, "this range tombstone has neither \"start\" nor \"end\""));
            }
            Ok(Unfiltered::Bound { start, end })
        }
        other => Err(place.fault(other, format!("{} is no kind of row that a dump has", shown(other)))),
    }
}

struct RowReader<'a> {
    options: &'a InputOptions,
    table: &'a Table,
    columns: &'a Columns<'a>,
    place: &'a Place,
}

impl RowReader<'_> {
    fn row(&self, fields: Fields<'_>, is_static: bool, row: &mut Row) -> Result<(), Fault> {
        row.clear();
        let mut cells = None;
        for (name, value) in fields {
            match &*name {
                "clustering" => self.clustering(value, row)?,
                "liveness_info" => row.liveness = self.liveness(value)?,
                "deletion_info" => {
                    let deletion = deletion_info(value, self.place)?;
                    let Some(marked_for_delete_at) = deletion.marked else {
                        return Err(self.place.fault(value.raw(), "the deletion of a row lacks \"marked_deleted\""));
                    };
                    row.deletion = DeletionTime { marked_for_delete_at, local_deletion_time: deletion.local };
                }
                "cells" => cells = Some(value),
                "type" | "position" => {}
                other => {
                    return Err(self.place.fault(value.raw(), format!("a row of a dump has no \"{}\"", shown(other))));
                }
            }
        }
        let wanted = if is_static { 0 } else { self.table.clustering.len() };
        if row.clustering.len() != wanted {
            let reason = format!("the row has {} clustering values, the table {wanted}", row.clustering.len());
            return Err(Fault::new(0, reason));
        }
        if let Some(cells) = cells {
            for cell in array(cells, self.place)? {
                self.cell(cell, is_static, row)?;
            }
        }
        sort_cells(row, self.columns_of(is_static))
    }

    fn columns_of(&self, is_static: bool) -> &Kind<'_> {
        if is_static { &self.columns.statics } else { &self.columns.regulars }
    }

    fn liveness(&self, value: Value<'_>) -> Result<Liveness, Fault> {
        let mut liveness = Liveness::EMPTY;
        for (name, value) in object(value, self.place)? {
            let raw = value.raw();
            match &*name {
                "tstamp" => liveness.timestamp = micros(raw, self.place)?,
                "ttl" => liveness.ttl = int(raw, self.place)?,
                "expires_at" => liveness.local_expiration_time = seconds(raw, self.place)?,
                _ => {}
            }
        }
        if liveness.is_empty() {
            return Err(self.place.fault(value.raw(), "\"liveness_info\" lacks \"tstamp\""));
        }
        if liveness.is_expiring() != (liveness.local_expiration_time != NO_DELETION_TIME) {
            return Err(self.place.fault(value.raw(), "of \"ttl\" and \"expires_at\" only one is there"));
        }
        Ok(liveness)
    }

    /// Values of all clustering columns.
    fn clustering(&self, value: Value<'_>, row: &mut Row) -> Result<(), Fault> {
        let items = array(value, self.place)?;
        let count = items.clone().count();
        if count > self.table.clustering.len() {
            let reason = format!("there are {count} clustering values, the table has {}", self.table.clustering.len());
            return Err(self.place.fault(value.raw(), reason));
        }
        row.clustering.clear();
        for (item, column) in items.zip(&self.table.clustering) {
            let floating = matches!(column.ty, Type::Float | Type::Double);
            row.clustering.push(match item.raw() {
                "null" if !floating => Span::NULL,
                raw => self.value(&column.ty, &column.name, raw, &mut row.bytes)?,
            });
        }
        Ok(())
    }

    /// Appends a value to `out`; where it lies there.
    fn value(&self, ty: &Type, name: &str, raw: &str, out: &mut Vec<u8>) -> Result<Span, Fault> {
        let start = out.len();
        JsonText { raw, in_dump: true }
            .bytes(ty, out, &mut Vec::new())
            .map_err(|e| self.place.fault(raw, format!("column {}: {e}", names::identifier(name))))?;
        Ok(since(start, out))
    }

    fn bound(&self, bound: Value<'_>) -> Result<(RangeBound, DeletionTime), Fault> {
        let (mut inclusive, mut prefix, mut deletion) = (None, Vec::new(), None);
        for (name, value) in object(bound, self.place)? {
            match &*name {
                "type" => {
                    inclusive = match value.raw() {
                        "\"inclusive\"" => Some(true),
                        "\"exclusive\"" => Some(false),
                        other => return Err(self.place.fault(other, "a bound is \"inclusive\" or \"exclusive\"")),
                    };
                }
                "clustering" => prefix = self.prefix(value)?,
                "deletion_info" => deletion = Some(deletion_info(value, self.place)?),
                _ => {}
            }
        }
        match (inclusive, deletion) {
            (Some(inclusive), Some(Deletion { marked: Some(marked_for_delete_at), local: local_deletion_time })) => {
                Ok((RangeBound { prefix, inclusive }, DeletionTime { marked_for_delete_at, local_deletion_time }))
            }
            _ => Err(self
                .place
                .fault(bound.raw(), "a bound needs \"type\" and \"deletion_info\" with both of its times")),
        }
    }

    /// Values of a bound, which end with the first of the stars at the end.
    fn prefix(&self, value: Value<'_>) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let items: Vec<&str> = array(value, self.place)?.map(|item| item.raw()).collect();
        let stars = items.iter().rev().take_while(|raw| **raw == "\"*\"").count();
        let mut values = Vec::new();
        for (raw, column) in items[..items.len() - stars].iter().zip(&self.table.clustering) {
            let floating = matches!(column.ty, Type::Float | Type::Double);
            values.push(match *raw {
                "null" if !floating => None,
                raw => {
                    let mut bytes = Vec::new();
                    self.value(&column.ty, &column.name, raw, &mut bytes)?;
                    Some(bytes)
                }
            });
        }
        Ok(values)
    }

    fn cell(&self, cell: Value<'_>, is_static: bool, row: &mut Row) -> Result<(), Fault> {
        let (place, raw) = (self.place, cell.raw());
        let CellFields { name, path, value, deletion, tstamp, ttl, expires_at } = CellFields::of(object(cell, place)?);
        let Some(name_value) = name else { return Err(place.fault(raw, "a cell lacks \"name\"")) };
        let name = text(name_value.raw(), place)?;
        let name = cql_identifier(&name);
        let timestamp = tstamp.map(|time| micros(time.raw(), place)).transpose()?;
        let deletion = deletion.map(|deletion| deletion_info(deletion, place)).transpose()?;
        let Some((index, column)) = self.columns_of(is_static).find(&name, row.cells.last()) else {
            let written = timestamp.or(deletion.as_ref().and_then(|d| d.marked)).unwrap_or(row.liveness.timestamp);
            let gone = self.table.dropped.get(&*name).is_some_and(|dropped| written <= dropped.dropped_at);
            if gone {
                return Ok(());
            }
            let kind = if is_static { "static" } else { "regular" };
            let reason = format!("{}.{} has no {kind} column '{}'", self.table.keyspace, self.table.name, shown(&name));
            return Err(place.fault(name_value.raw(), reason));
        };
        if let Some(Deletion { marked: Some(marked_for_delete_at), local: local_deletion_time }) = deletion {
            if !column.ty.is_multi_cell() {
                return Err(place.fault(raw, format!("the column {name} has no elements to be deleted together")));
            }
            let deletion = DeletionTime { marked_for_delete_at, local_deletion_time };
            row.complex_deletions.push(ComplexDeletion { column: index as u16, deletion });
            return Ok(());
        }
        let own_timestamp = timestamp.is_some();
        let Some(timestamp) = timestamp.or((!row.liveness.is_empty()).then_some(row.liveness.timestamp)) else {
            return Err(place.fault(raw, "the cell lacks \"tstamp\", and the row has none"));
        };
        let (path, value_type) = match path {
            Some(path) => self.path(column, path, &mut row.bytes)?,
            None if column.ty.is_multi_cell() => {
                return Err(place.fault(raw, format!("a cell of the column {name} lacks \"path\"")));
            }
            None => (Span::default(), &column.ty),
        };
        let mut cell = Cell {
            column: index as u16,
            ttl: NO_TTL,
            timestamp,
            local_deletion_time: NO_DELETION_TIME,
            value: Span::default(),
            path,
        };
        match (value, deletion) {
            (Some(value), None) => {
                let raw = value.raw();
                cell.value = self.value(value_type, &name, raw, &mut row.bytes)?;
                let ttl = ttl.map(|ttl| int(ttl.raw(), place)).transpose()?;
                let expires = expires_at.map(|time| seconds(time.raw(), place)).transpose()?;
                match (ttl, expires) {
                    (Some(ttl), Some(expires)) => (cell.ttl, cell.local_deletion_time) = (ttl, expires),
                    (None, None) => self.inherit_ttl(&row.liveness, own_timestamp, &mut cell),
                    _ => return Err(place.fault(raw, "of \"ttl\" and \"expires_at\" only one is there")),
                }
            }
            (None, Some(deletion)) => cell.local_deletion_time = deletion.local,
            _ => return Err(place.fault(raw, "a cell has either \"value\" or \"deletion_info\"")),
        }
        row.cells.push(cell);
        Ok(())
    }

    /// The TTL of a cell for which none is printed.
    fn inherit_ttl(&self, liveness: &Liveness, own_timestamp: bool, cell: &mut Cell) {
        if !liveness.is_expiring() {
            return;
        }
        if !own_timestamp {
            (cell.ttl, cell.local_deletion_time) = (liveness.ttl, liveness.local_expiration_time);
        } else if liveness.ttl == self.options.default_ttl {
            cell.ttl = liveness.ttl;
            cell.local_deletion_time = cell.timestamp.div_euclid(1_000_000).saturating_add(liveness.ttl.into());
        }
    }

    /// Appends the path of a cell to `out`; where it lies there, and the type of the value.
    fn path<'c>(&self, column: &'c Column, path: Value<'_>, out: &mut Vec<u8>) -> Result<(Span, &'c Type), Fault> {
        let wrong = |reason: String| self.place.fault(path.raw(), format!("column {}: {reason}", column.name));
        let mut parts = strings(path, self.place)?;
        let count = parts.clone().count();
        let Some(part) = parts.next().filter(|_| count == 1) else {
            return Err(wrong(format!("a path of {count} parts")));
        };
        let part = part?;
        let start = out.len();
        let value_type = match (&column.ty, column.ty.path_type()) {
            (Type::User(user), Some(_)) => match user.fields.iter().position(|(name, _)| **name == *part) {
                Some(i) => {
                    out.extend_from_slice(&(i as u16).to_be_bytes());
                    &user.fields[i].1
                }
                None => return Err(wrong(format!("the type {} has no field {}", user.name, shown(&part)))),
            },
            (ty, Some(path_type)) => {
                match path_type {
                    Type::Text => out.extend_from_slice(part.as_bytes()),
                    _ => out.extend(parse_text(path_type, &part).map_err(|e| wrong(e.message().to_owned()))?),
                }
                ty.cell_value_type()
            }
            (_, None) => return Err(wrong("a column of single cells has no \"path\"".into())),
        };
        Ok((since(start, out), value_type))
    }
}

/// The fields of a cell that matter; of those that are there twice the first.
#[derive(Default)]
struct CellFields<'a> {
    name: Option<Value<'a>>,
    path: Option<Value<'a>>,
    value: Option<Value<'a>>,
    deletion: Option<Value<'a>>,
    tstamp: Option<Value<'a>>,
    ttl: Option<Value<'a>>,
    expires_at: Option<Value<'a>>,
}

impl<'a> CellFields<'a> {
    fn of(fields: Fields<'a>) -> Self {
        let mut cell = CellFields::default();
        for (name, value) in fields {
            let field = match &*name {
                "name" => &mut cell.name,
                "path" => &mut cell.path,
                "value" => &mut cell.value,
                "deletion_info" => &mut cell.deletion,
                "tstamp" => &mut cell.tstamp,
                "ttl" => &mut cell.ttl,
                "expires_at" => &mut cell.expires_at,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        cell
    }
}

/// Brings cells and deletions into the order of this table's columns, which need not be that of the dumped SSTable.
fn sort_cells(row: &mut Row, kind: &Kind<'_>) -> Result<(), Fault> {
    row.complex_deletions.sort_by_key(|d| d.column);
    if row.complex_deletions.windows(2).any(|pair| pair[0].column == pair[1].column) {
        return Err(Fault::new(0, "a column has two deletions in one row"));
    }
    let Row { cells, bytes, .. } = row;
    let compare = |a: &Cell, b: &Cell| -> Ordering {
        a.column.cmp(&b.column).then_with(|| match kind.orders.get(usize::from(a.column)) {
            Some(Some(order)) => order.compare(a.path.of(bytes), b.path.of(bytes)),
            _ => Ordering::Equal,
        })
    };
    if cells.windows(2).all(|pair| compare(&pair[0], &pair[1]).is_lt()) {
        return Ok(());
    }
    cells.sort_by(compare);
    match cells.windows(2).find(|pair| compare(&pair[0], &pair[1]).is_eq()) {
        Some(pair) => {
            let name = kind.columns.get(usize::from(pair[0].column)).map_or("", |c| c.name.as_str());
            Err(Fault::new(0, format!("the column {name} has two cells for the same element in one row")))
        }
        None => Ok(()),
    }
}

/// A name as CQL has it, with the quotes of those that need them.
fn cql_identifier(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => Cow::Borrowed(text),
    }
}
