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

use super::dump::DumpTarget;
use super::dump_text::{Deletion, Place, array, deletion_info, int, micros, object, seconds, strings, text};
use super::json::{syntax, utf8};
use super::json_value::{JsonText, Object};
use super::nested::since;
use super::row::Source;
use super::{Fault, InputOptions, shown};

/// What was found; a row is in the structure that was given.
pub(super) enum Unfiltered {
    Static,
    Row,
    Bound { start: Option<(RangeBound, DeletionTime)>, end: Option<(RangeBound, DeletionTime)> },
}

pub(super) fn parse(
    bytes: &[u8],
    options: &InputOptions,
    columns: &HashMap<&str, DumpTarget>,
    row: &mut Row,
) -> Result<Unfiltered, Fault> {
    let text = utf8(bytes)?;
    let place = Place::new(text);
    let object = Object::parse(text).map_err(|e| syntax(&e, bytes))?;
    let field = |wanted: &str| object.0.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
    let Some(ty) = field("type") else { return Err(Fault::new(0, "this object lacks \"type\"")) };
    let reader = RowReader { options, table: &options.table, columns, place: &place };
    match ty {
        "\"row\"" | "\"static_block\"" => {
            let is_static = ty == "\"static_block\"";
            reader.row(&object, is_static, row)?;
            Ok(if is_static { Unfiltered::Static } else { Unfiltered::Row })
        }
        "\"range_tombstone_bound\"" | "\"range_tombstone_boundary\"" => {
            let bound = |raw: Option<&str>| raw.map(|raw| reader.bound(raw)).transpose();
            let (start, end) = (bound(field("start"))?, bound(field("end"))?);
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
    columns: &'a HashMap<&'a str, DumpTarget>,
    place: &'a Place,
}

impl RowReader<'_> {
    fn row(&self, object: &Object<'_>, is_static: bool, row: &mut Row) -> Result<(), Fault> {
        row.clear();
        let mut cells = None;
        for (name, raw) in &object.0 {
            match &**name {
                "clustering" => self.clustering(raw, row)?,
                "liveness_info" => row.liveness = self.liveness(raw)?,
                "deletion_info" => {
                    let deletion = deletion_info(raw, self.place)?;
                    let Some(marked_for_delete_at) = deletion.marked else {
                        return Err(self.place.fault(raw, "the deletion of a row lacks \"marked_deleted\""));
                    };
                    row.deletion = DeletionTime { marked_for_delete_at, local_deletion_time: deletion.local };
                }
                "cells" => cells = Some(*raw),
                "type" | "position" => {}
                other => {
                    return Err(self.place.fault(raw, format!("a row of a dump has no \"{}\"", shown(other))));
                }
            }
        }
        let wanted = if is_static { 0 } else { self.table.clustering.len() };
        if row.clustering.len() != wanted {
            let reason = format!("the row has {} clustering values, the table {wanted}", row.clustering.len());
            return Err(Fault::new(0, reason));
        }
        if let Some(cells) = cells {
            for raw in array(cells, self.place)? {
                self.cell(raw, is_static, row)?;
            }
        }
        let columns = if is_static { &self.table.statics } else { &self.table.regulars };
        sort_cells(row, columns)
    }

    fn liveness(&self, raw: &str) -> Result<Liveness, Fault> {
        let mut liveness = Liveness::EMPTY;
        for (name, raw) in object(raw, self.place)?.0 {
            match &*name {
                "tstamp" => liveness.timestamp = micros(raw, self.place)?,
                "ttl" => liveness.ttl = int(raw, self.place)?,
                "expires_at" => liveness.local_expiration_time = seconds(raw, self.place)?,
                _ => {}
            }
        }
        if liveness.is_empty() {
            return Err(self.place.fault(raw, "\"liveness_info\" lacks \"tstamp\""));
        }
        if liveness.is_expiring() != (liveness.local_expiration_time != NO_DELETION_TIME) {
            return Err(self.place.fault(raw, "of \"ttl\" and \"expires_at\" only one is there"));
        }
        Ok(liveness)
    }

    /// Values of all clustering columns.
    fn clustering(&self, raw: &str, row: &mut Row) -> Result<(), Fault> {
        let items = array(raw, self.place)?;
        if items.len() > self.table.clustering.len() {
            let reason =
                format!("there are {} clustering values, the table has {}", items.len(), self.table.clustering.len());
            return Err(self.place.fault(raw, reason));
        }
        row.clustering.clear();
        for (raw, column) in items.into_iter().zip(&self.table.clustering) {
            let floating = matches!(column.ty, Type::Float | Type::Double);
            row.clustering.push(match raw {
                "null" if !floating => Span::NULL,
                _ => self.value(&column.ty, &column.name, raw, &mut row.bytes)?,
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

    fn bound(&self, raw: &str) -> Result<(RangeBound, DeletionTime), Fault> {
        let (mut inclusive, mut prefix, mut deletion) = (None, Vec::new(), None);
        for (name, raw) in object(raw, self.place)?.0 {
            match &*name {
                "type" => {
                    inclusive = match raw {
                        "\"inclusive\"" => Some(true),
                        "\"exclusive\"" => Some(false),
                        other => return Err(self.place.fault(other, "a bound is \"inclusive\" or \"exclusive\"")),
                    };
                }
                "clustering" => prefix = self.prefix(raw)?,
                "deletion_info" => deletion = Some(deletion_info(raw, self.place)?),
                _ => {}
            }
        }
        match (inclusive, deletion) {
            (Some(inclusive), Some(Deletion { marked: Some(marked_for_delete_at), local: local_deletion_time })) => {
                Ok((RangeBound { prefix, inclusive }, DeletionTime { marked_for_delete_at, local_deletion_time }))
            }
            _ => Err(self.place.fault(raw, "a bound needs \"type\" and \"deletion_info\" with both of its times")),
        }
    }

    /// Values of a bound, which end with the first of the stars at the end.
    fn prefix(&self, raw: &str) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let items = array(raw, self.place)?;
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

    fn cell(&self, raw: &str, is_static: bool, row: &mut Row) -> Result<(), Fault> {
        let place = self.place;
        let fields = object(raw, place)?;
        let field = |wanted: &str| fields.0.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
        let Some(name_raw) = field("name") else { return Err(place.fault(raw, "a cell lacks \"name\"")) };
        let name = text(name_raw, place)?;
        let name = cql_identifier(&name);
        let timestamp = match field("tstamp") {
            Some(raw) => Some(micros(raw, place)?),
            None => None,
        };
        let deletion = field("deletion_info").map(|raw| deletion_info(raw, place)).transpose()?;
        let (index, column) = match (self.columns.get(&*name), is_static) {
            (Some(DumpTarget::Static(i)), true) => (*i, &self.table.statics[*i]),
            (Some(DumpTarget::Regular(i)), false) => (*i, &self.table.regulars[*i]),
            _ => {
                let written = timestamp.or(deletion.as_ref().and_then(|d| d.marked)).unwrap_or(row.liveness.timestamp);
                let gone = self.table.dropped.get(&*name).is_some_and(|dropped| written <= dropped.dropped_at);
                if gone {
                    return Ok(());
                }
                let kind = if is_static { "static" } else { "regular" };
                let reason =
                    format!("{}.{} has no {kind} column '{}'", self.table.keyspace, self.table.name, shown(&name));
                return Err(place.fault(name_raw, reason));
            }
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
        let (path, value_type) = match field("path") {
            Some(raw) => self.path(column, raw, &mut row.bytes)?,
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
        match (field("value"), deletion) {
            (Some(raw), None) => {
                cell.value = self.value(value_type, &name, raw, &mut row.bytes)?;
                let ttl = field("ttl").map(|raw| int(raw, place)).transpose()?;
                let expires = field("expires_at").map(|raw| seconds(raw, place)).transpose()?;
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
    fn path<'c>(&self, column: &'c Column, raw: &str, out: &mut Vec<u8>) -> Result<(Span, &'c Type), Fault> {
        let parts = strings(raw, self.place)?;
        let wrong = |reason: String| self.place.fault(raw, format!("column {}: {reason}", column.name));
        let [part] = parts.as_slice() else { return Err(wrong(format!("a path of {} parts", parts.len()))) };
        let start = out.len();
        let value_type = match (&column.ty, column.ty.path_type()) {
            (Type::User(user), Some(_)) => match user.fields.iter().position(|(name, _)| *name == *part) {
                Some(i) => {
                    out.extend_from_slice(&(i as u16).to_be_bytes());
                    &user.fields[i].1
                }
                None => return Err(wrong(format!("the type {} has no field {}", user.name, shown(part)))),
            },
            (ty, Some(path_type)) => {
                match path_type {
                    Type::Text => out.extend_from_slice(part.as_bytes()),
                    _ => out.extend(parse_text(path_type, part).map_err(|e| wrong(e.message().to_owned()))?),
                }
                ty.cell_value_type()
            }
            (_, None) => return Err(wrong("a column of single cells has no \"path\"".into())),
        };
        Ok((since(start, out), value_type))
    }
}

/// Brings cells and deletions into the order of this table's columns, which need not be that of the dumped SSTable.
fn sort_cells(row: &mut Row, columns: &[Column]) -> Result<(), Fault> {
    row.complex_deletions.sort_by_key(|d| d.column);
    if row.complex_deletions.windows(2).any(|pair| pair[0].column == pair[1].column) {
        return Err(Fault::new(0, "a column has two deletions in one row"));
    }
    let in_order = |a: &Cell, b: &Cell| match columns.get(usize::from(a.column)).and_then(|c| c.ty.path_type()) {
        _ if a.column != b.column => a.column < b.column,
        Some(ty) => Comparator::new(ty, false).compare(row.path(a), row.path(b)).is_lt(),
        None => false,
    };
    if row.cells.windows(2).all(|pair| in_order(&pair[0], &pair[1])) {
        return Ok(());
    }
    let orders: Vec<Option<Comparator>> =
        columns.iter().map(|c| c.ty.path_type().map(|ty| Comparator::new(ty, false))).collect();
    let Row { cells, bytes, .. } = row;
    let compare = |a: &Cell, b: &Cell| -> Ordering {
        a.column.cmp(&b.column).then_with(|| match orders.get(usize::from(a.column)) {
            Some(Some(order)) => order.compare(a.path.of(bytes), b.path.of(bytes)),
            _ => Ordering::Equal,
        })
    };
    cells.sort_by(compare);
    match cells.windows(2).find(|pair| compare(&pair[0], &pair[1]).is_eq()) {
        Some(pair) => {
            let name = columns.get(usize::from(pair[0].column)).map_or("", |c| c.name.as_str());
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
