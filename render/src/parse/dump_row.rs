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

use serde_json::value::RawValue;
use sstablefs::cql::calendar::days_from_civil;
use sstablefs::cql::{Comparator, Type, names, parse_text};
use sstablefs::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, RangeBound, Row, Span};
use sstablefs::schema::{Column, Table};

use super::dump::DumpTarget;
use super::json::{syntax, utf8};
use super::json_value::{JsonText, Key, Object, string};
use super::row::Source;
use super::{Fault, InputOptions, shown};

/// Where values stand in the text of a record.
pub(super) struct Place {
    base: usize,
}

impl Place {
    pub(super) fn new(text: &str) -> Self {
        Place { base: text.as_ptr() as usize }
    }

    pub(super) fn fault(&self, at: &str, reason: impl Into<String>) -> Fault {
        Fault::new((at.as_ptr() as usize).saturating_sub(self.base), reason)
    }
}

/// What was found; a row is in the structure that was given.
pub(super) enum Unfiltered {
    Static,
    Row,
    Bound { start: Option<(RangeBound, DeletionTime)>, end: Option<(RangeBound, DeletionTime)> },
}

/// The two times of a deletion; a cell's has only the local one.
pub(super) struct Deletion {
    pub(super) marked: Option<i64>,
    pub(super) local: i64,
}

pub(super) fn parse(
    bytes: &[u8],
    options: &InputOptions,
    columns: &HashMap<&str, DumpTarget>,
    row: &mut Row,
) -> Result<Unfiltered, Fault> {
    let text = utf8(bytes)?;
    let place = Place::new(text);
    let object: Object<'_> = serde_json::from_str(text).map_err(|e| syntax(&e, bytes))?;
    let field = |wanted: &str| object.0.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
    let Some(ty) = field("type") else { return Err(Fault::new(0, "this object lacks \"type\"")) };
    let reader = RowReader { options, table: &options.table, columns, place: &place };
    match ty.get() {
        "\"row\"" | "\"static_block\"" => {
            let is_static = ty.get() == "\"static_block\"";
            reader.row(&object, is_static, row)?;
            Ok(if is_static { Unfiltered::Static } else { Unfiltered::Row })
        }
        "\"range_tombstone_bound\"" | "\"range_tombstone_boundary\"" => {
            let bound = |raw: Option<&RawValue>| raw.map(|raw| reader.bound(raw)).transpose();
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
                "clustering" => {
                    let values = self.clustering(raw)?;
                    for (i, value) in values.into_iter().enumerate() {
                        if i == row.clustering.len() {
                            let span = value.map_or(Span::NULL, |bytes| row.store(&bytes));
                            row.clustering.push(span);
                        }
                    }
                }
                "liveness_info" => row.liveness = self.liveness(raw)?,
                "deletion_info" => {
                    let deletion = deletion_info(raw, self.place)?;
                    let Some(marked_for_delete_at) = deletion.marked else {
                        return Err(self.place.fault(raw.get(), "the deletion of a row lacks \"marked_deleted\""));
                    };
                    row.deletion = DeletionTime { marked_for_delete_at, local_deletion_time: deletion.local };
                }
                "cells" => cells = Some(*raw),
                "type" | "position" => {}
                other => {
                    return Err(self.place.fault(raw.get(), format!("a row of a dump has no \"{}\"", shown(other))));
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

    fn liveness(&self, raw: &RawValue) -> Result<Liveness, Fault> {
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
            return Err(self.place.fault(raw.get(), "\"liveness_info\" lacks \"tstamp\""));
        }
        if liveness.is_expiring() != (liveness.local_expiration_time != NO_DELETION_TIME) {
            return Err(self.place.fault(raw.get(), "of \"ttl\" and \"expires_at\" only one is there"));
        }
        Ok(liveness)
    }

    /// Values of clustering columns; those of a prefix end with the first of the stars at the end.
    fn clustering(&self, raw: &RawValue) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let items = array(raw, self.place)?;
        if items.len() > self.table.clustering.len() {
            let reason =
                format!("there are {} clustering values, the table has {}", items.len(), self.table.clustering.len());
            return Err(self.place.fault(raw.get(), reason));
        }
        let values = items.iter().zip(&self.table.clustering).map(|(raw, column)| {
            let floating = matches!(column.ty, Type::Float | Type::Double);
            if raw.get() == "null" && !floating {
                return Ok(None);
            }
            self.value(&column.ty, &column.name, raw).map(Some)
        });
        values.collect()
    }

    fn value(&self, ty: &Type, name: &str, raw: &RawValue) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        JsonText { raw: raw.get(), in_dump: true }
            .bytes(ty, &mut bytes, &mut Vec::new())
            .map_err(|e| self.place.fault(raw.get(), format!("column {}: {e}", names::identifier(name))))?;
        Ok(bytes)
    }

    fn bound(&self, raw: &RawValue) -> Result<(RangeBound, DeletionTime), Fault> {
        let (mut inclusive, mut prefix, mut deletion) = (None, Vec::new(), None);
        for (name, raw) in object(raw, self.place)?.0 {
            match &*name {
                "type" => {
                    inclusive = match raw.get() {
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
            _ => {
                Err(self.place.fault(raw.get(), "a bound needs \"type\" and \"deletion_info\" with both of its times"))
            }
        }
    }

    fn prefix(&self, raw: &RawValue) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let items = array(raw, self.place)?;
        let stars = items.iter().rev().take_while(|raw| raw.get() == "\"*\"").count();
        let mut values = Vec::new();
        for (raw, column) in items[..items.len() - stars].iter().zip(&self.table.clustering) {
            let floating = matches!(column.ty, Type::Float | Type::Double);
            values.push(match raw.get() {
                "null" if !floating => None,
                _ => Some(self.value(&column.ty, &column.name, raw)?),
            });
        }
        Ok(values)
    }

    fn cell(&self, raw: &RawValue, is_static: bool, row: &mut Row) -> Result<(), Fault> {
        let place = self.place;
        let fields = object(raw, place)?;
        let field = |wanted: &str| fields.0.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
        let Some(name_raw) = field("name") else { return Err(place.fault(raw.get(), "a cell lacks \"name\"")) };
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
                return Err(place.fault(name_raw.get(), reason));
            }
        };
        if let Some(Deletion { marked: Some(marked_for_delete_at), local: local_deletion_time }) = deletion {
            if !column.ty.is_multi_cell() {
                return Err(place.fault(raw.get(), format!("the column {name} has no elements to be deleted together")));
            }
            let deletion = DeletionTime { marked_for_delete_at, local_deletion_time };
            row.complex_deletions.push(ComplexDeletion { column: index as u16, deletion });
            return Ok(());
        }
        let own_timestamp = timestamp.is_some();
        let Some(timestamp) = timestamp.or((!row.liveness.is_empty()).then_some(row.liveness.timestamp)) else {
            return Err(place.fault(raw.get(), "the cell lacks \"tstamp\", and the row has none"));
        };
        let (path, value_type) = match field("path") {
            Some(raw) => self.path(column, raw)?,
            None if column.ty.is_multi_cell() => {
                return Err(place.fault(raw.get(), format!("a cell of the column {name} lacks \"path\"")));
            }
            None => (Vec::new(), column.ty.clone()),
        };
        let mut cell = Cell {
            column: index as u16,
            ttl: NO_TTL,
            timestamp,
            local_deletion_time: NO_DELETION_TIME,
            value: Span::default(),
            path: row.store(&path),
        };
        match (field("value"), deletion) {
            (Some(raw), None) => {
                let value = self.value(&value_type, &name, raw)?;
                cell.value = row.store(&value);
                let ttl = field("ttl").map(|raw| int(raw, place)).transpose()?;
                let expires = field("expires_at").map(|raw| seconds(raw, place)).transpose()?;
                match (ttl, expires) {
                    (Some(ttl), Some(expires)) => (cell.ttl, cell.local_deletion_time) = (ttl, expires),
                    (None, None) => self.inherit_ttl(&row.liveness, own_timestamp, &mut cell),
                    _ => return Err(place.fault(raw.get(), "of \"ttl\" and \"expires_at\" only one is there")),
                }
            }
            (None, Some(deletion)) => cell.local_deletion_time = deletion.local,
            _ => return Err(place.fault(raw.get(), "a cell has either \"value\" or \"deletion_info\"")),
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

    /// The path of a cell and the type of its value.
    fn path(&self, column: &Column, raw: &RawValue) -> Result<(Vec<u8>, Type), Fault> {
        let parts = strings(raw, self.place)?;
        let wrong = |reason: String| self.place.fault(raw.get(), format!("column {}: {reason}", column.name));
        let [part] = parts.as_slice() else { return Err(wrong(format!("a path of {} parts", parts.len()))) };
        match (&column.ty, column.ty.path_type()) {
            (Type::User(user), Some(_)) => match user.fields.iter().position(|(name, _)| *name == *part) {
                Some(i) => Ok(((i as u16).to_be_bytes().to_vec(), user.fields[i].1.clone())),
                None => Err(wrong(format!("the type {} has no field {}", user.name, shown(part)))),
            },
            (ty, Some(path_type)) => {
                let path = parse_text(path_type, part).map_err(|e| wrong(e.message().to_owned()))?;
                Ok((path, ty.cell_value_type().clone()))
            }
            (_, None) => Err(wrong("a column of single cells has no \"path\"".into())),
        }
    }
}

/// Brings cells and deletions into the order of this table's columns, which need not be that of the dumped SSTable.
fn sort_cells(row: &mut Row, columns: &[Column]) -> Result<(), Fault> {
    row.complex_deletions.sort_by_key(|d| d.column);
    if row.complex_deletions.windows(2).any(|pair| pair[0].column == pair[1].column) {
        return Err(Fault::new(0, "a column has two deletions in one row"));
    }
    if row.cells.windows(2).all(|pair| pair[0].column < pair[1].column) {
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

pub(super) fn deletion_info(raw: &RawValue, place: &Place) -> Result<Deletion, Fault> {
    let (mut marked, mut local) = (None, None);
    for (name, raw) in object(raw, place)?.0 {
        match &*name {
            "marked_deleted" => marked = Some(micros(raw, place)?),
            "local_delete_time" => local = Some(seconds(raw, place)?),
            _ => {}
        }
    }
    match local {
        Some(local) => Ok(Deletion { marked, local }),
        None => Err(place.fault(raw.get(), "\"deletion_info\" lacks \"local_delete_time\"")),
    }
}

fn object<'a>(raw: &'a RawValue, place: &Place) -> Result<Object<'a>, Fault> {
    serde_json::from_str(raw.get()).map_err(|_| place.fault(raw.get(), "this must be an object"))
}

fn array<'a>(raw: &'a RawValue, place: &Place) -> Result<Vec<&'a RawValue>, Fault> {
    serde_json::from_str(raw.get()).map_err(|_| place.fault(raw.get(), "this must be an array"))
}

/// An array of strings.
pub(super) fn strings<'a>(raw: &'a RawValue, place: &Place) -> Result<Vec<Cow<'a, str>>, Fault> {
    let keys: Vec<Key<'a>> =
        serde_json::from_str(raw.get()).map_err(|_| place.fault(raw.get(), "this must be an array of strings"))?;
    Ok(keys.into_iter().map(|Key(text)| text).collect())
}

/// A string, or the text of a number.
fn text<'a>(raw: &'a RawValue, place: &Place) -> Result<Cow<'a, str>, Fault> {
    let found = string(raw.get()).map_err(|reason| place.fault(raw.get(), reason))?;
    Ok(found.unwrap_or(Cow::Borrowed(raw.get())))
}

fn int(raw: &RawValue, place: &Place) -> Result<i32, Fault> {
    let positive = raw.get().parse().ok().filter(|ttl| *ttl > 0);
    positive.ok_or_else(|| place.fault(raw.get(), "a TTL must be a positive number"))
}

/// A time in microseconds. Of times before 1970 a dump counts the fraction upwards from the whole seconds, which are cut
/// towards zero; of those that do not fit into nanoseconds the fraction is lost, but for the greatest and the least.
fn micros(raw: &RawValue, place: &Place) -> Result<i64, Fault> {
    let text = text(raw, place)?;
    let parsed = match text.parse::<i64>() {
        Ok(number) => Some(number),
        Err(_) => instant(&text).and_then(|(seconds, nanos)| {
            match seconds {
                _ if nanos % 1000 == 0 => {}
                s if s == i64::MAX / 1_000_000 => return Some(i64::MAX),
                s if s == i64::MIN / 1_000_000 => return Some(i64::MIN + 1),
                _ => {}
            }
            let whole = if seconds < 0 && nanos > 0 { seconds - 1 } else { seconds };
            whole.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
        }),
    };
    match parsed {
        Some(i64::MIN) | None => Err(place.fault(raw.get(), format!("'{}' is no time", shown(&text)))),
        Some(micros) => Ok(micros),
    }
}

fn seconds(raw: &RawValue, place: &Place) -> Result<i64, Fault> {
    let text = text(raw, place)?;
    let parsed = text.parse::<i64>().ok().or_else(|| instant(&text).map(|(seconds, _)| seconds));
    parsed.ok_or_else(|| place.fault(raw.get(), format!("'{}' is no time", shown(&text))))
}

/// Seconds and nanoseconds of what java.time.Instant prints.
fn instant(text: &str) -> Option<(i64, u32)> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (sign, date) = match date.as_bytes().first()? {
        b'-' => (-1, &date[1..]),
        b'+' => (1, &date[1..]),
        _ => (1, date),
    };
    let number = |text: &str, limit: i64| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<i64>().ok().filter(|n| *n <= limit) } else { None }
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let days = days_from_civil(number(year, 1_000_000_000)? * sign, number(month, 12)?, number(day, 31)?);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 23)?, number(parts.next()?, 59)?);
    let seconds = number(parts.next().unwrap_or("0"), 59)?;
    let nanos = match fraction.len() {
        0 => 0,
        n @ 1..=9 => number(fraction, 999_999_999)? * 10i64.pow(9 - n as u32),
        _ => return None,
    };
    Some((days * 86_400 + hours * 3600 + minutes * 60 + seconds, nanos as u32))
}
