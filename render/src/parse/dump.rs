//! Partitions from the JSON of sstabledump. Follows org.apache.cassandra.tools.JsonTransformer.
//!
//! ```text
//!   { "table kind": …, "partition": { "key": ["1", "a"], "position": 0, "deletion_info": {…} }, "rows": [ {…}, … ] }
//! ```
//! in an array, or one a line (`-l`). Times are dates or, with `-t`, numbers. A partition is read row by row.
//!
//! Some things a dump does not say. Where row and cell have different timestamps and no TTL is printed for the cell, it has
//! either none or that of the row: the latter is assumed in tables with that very default TTL. Floats that are no numbers
//! print as null, and are read as NaN.

use sstablefs::cql::{Type, parse_text};
use sstablefs::rows::{DeletionTime, RangeBound, Row};
use sstablefs::schema::Table;

use super::dump_row::{Columns, Unfiltered};
use super::dump_text::{Deletion, Place, deletion_info, object, strings};
use super::json::{broken, elements, end, peek, syntax, utf8, value_length};
use super::json_shape::{Shape, Value};
use super::row::{check_key, push_key_part};
use super::window::Window;
use super::{Fault, InputOptions, Output, Stop, shown};

pub(super) fn read(window: &mut Window<'_>, options: &InputOptions, out: &mut Output<'_>) -> Result<(), Stop> {
    let mut reader = Partitions::new(options);
    match peek(window, out)? {
        Some(b'[') => window.advance(1),
        _ => {
            while let Some(first) = peek(window, out)? {
                if first != b'{' {
                    return broken(window, out, "the object of a partition");
                }
                reader.partition(window, out)?;
            }
            return Ok(());
        }
    }
    let mut first = true;
    loop {
        match peek(window, out)? {
            Some(b']') => {
                window.advance(1);
                return end(window, out);
            }
            Some(b',') if !first => window.advance(1),
            Some(_) if first => {}
            _ => return broken(window, out, "',' or ']'"),
        }
        first = false;
        reader.partition(window, out)?;
    }
}

struct Partitions<'o> {
    options: &'o InputOptions,
    columns: Columns<'o>,
    shape: Shape,
    key_types: Vec<Type>,
    composite: bool,
    key: Vec<u8>,
    has_key: bool,
    /// Start of a range tombstone whose end is yet to come.
    open: Option<(RangeBound, DeletionTime)>,
    row: Row,
}

impl<'o> Partitions<'o> {
    fn new(options: &'o InputOptions) -> Self {
        let table: &'o Table = &options.table;
        let (key_types, composite) = match table.partition_key_type() {
            Type::Composite(types) => (types, true),
            only => (vec![only], false),
        };
        Partitions {
            options,
            columns: Columns::new(table),
            shape: Shape::default(),
            key_types,
            composite,
            key: Vec::new(),
            has_key: false,
            open: None,
            row: Row::default(),
        }
    }

    /// Reads one partition's object, of which the rows are taken one by one.
    fn partition(&mut self, window: &mut Window<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
        if peek(window, out)? != Some(b'{') {
            return broken(window, out, "the object of a partition");
        }
        window.advance(1);
        (self.has_key, self.open) = (false, None);
        let (mut has_partition, mut has_rows) = (false, false);
        let mut first = true;
        loop {
            match peek(window, out)? {
                Some(b'}') => break,
                Some(b',') if !first => {
                    window.advance(1);
                    peek(window, out)?;
                }
                Some(_) if first => {}
                _ => return broken(window, out, "',' or '}'"),
            }
            first = false;
            if window.bytes().first() != Some(&b'"') {
                return broken(window, out, "a name in quotes");
            }
            let length = value_length(window, out)?;
            let name = window.bytes()[..length].to_vec();
            window.advance(length);
            if peek(window, out)? != Some(b':') {
                return broken(window, out, "':'");
            }
            window.advance(1);
            let begin = peek(window, out)?;
            match name.as_slice() {
                b"\"partition\"" => {
                    has_partition = true;
                    let length = value_length(window, out)?;
                    if let Err(fault) = self.head(&window.bytes()[..length], out)? {
                        window.fault(fault, out)?;
                    }
                    window.advance(length);
                }
                b"\"rows\"" if !has_partition => {
                    window.fault(Fault::new(0, "the object \"partition\" must come before \"rows\""), out)?;
                    return Err(Stop::Enough);
                }
                b"\"rows\"" if begin == Some(b'[') => {
                    has_rows = true;
                    window.advance(1);
                    elements(window, out, |window, length, out| {
                        match self.unfiltered(&window.bytes()[..length], out)? {
                            Ok(()) => Ok(()),
                            Err(fault) => window.fault(fault, out),
                        }
                    })?;
                    if self.open.is_some() {
                        window.fault(Fault::new(0, "the partition ends within a range tombstone"), out)?;
                    }
                }
                b"\"table kind\"" | b"\"rows\"" => {
                    let length = value_length(window, out)?;
                    window.advance(length);
                }
                other => {
                    let name = String::from_utf8_lossy(other);
                    window.fault(Fault::new(0, format!("{} is nothing that a dump has", shown(&name))), out)?;
                    let length = value_length(window, out)?;
                    window.advance(length);
                }
            }
        }
        if !has_partition || !has_rows {
            let lacking = if has_partition { "rows" } else { "partition" };
            window
                .fault(Fault::new(0, format!("this object lacks \"{lacking}\": it is no partition of a dump")), out)?;
        }
        window.advance(1);
        Ok(())
    }

    /// Takes key and deletion of a partition.
    fn head(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<Result<(), Fault>, Stop> {
        let deletion = match self.parse_head(bytes) {
            Ok(deletion) => deletion,
            Err(fault) => return Ok(Err(fault)),
        };
        self.has_key = true;
        if let Some(deletion) = deletion {
            out.summary.deletions += 1;
            if let Some(sink) = out.sink() {
                sink.partition_deletion(&self.key, deletion)?;
            }
        }
        Ok(Ok(()))
    }

    fn parse_head(&mut self, bytes: &[u8]) -> Result<Option<DeletionTime>, Fault> {
        let text = utf8(bytes)?;
        let place = Place::new(text);
        let mut shape = std::mem::take(&mut self.shape);
        let deletion = match shape.read(text) {
            Ok(head) => self.take_head(head, &place),
            Err(e) => Err(syntax(&e, bytes)),
        };
        self.shape = shape;
        deletion
    }

    fn take_head(&mut self, head: Value<'_>, place: &Place) -> Result<Option<DeletionTime>, Fault> {
        let mut deletion = None;
        self.key.clear();
        for (name, value) in object(head, place)? {
            match &*name {
                "key" => self.parse_key(value, place)?,
                "deletion_info" => match deletion_info(value, place)? {
                    Deletion { marked: Some(marked_for_delete_at), local: local_deletion_time } => {
                        deletion = Some(DeletionTime { marked_for_delete_at, local_deletion_time });
                    }
                    _ => return Err(place.fault(value.raw(), "the deletion of a partition lacks \"marked_deleted\"")),
                },
                _ => {}
            }
        }
        check_key(&self.key).map_err(|reason| Fault::new(0, reason))?;
        Ok(deletion)
    }

    fn parse_key(&mut self, key: Value<'_>, place: &Place) -> Result<(), Fault> {
        let wrong = |reason: String| place.fault(key.raw(), reason);
        let parts = strings(key, place)?;
        let count = parts.clone().count();
        if count != self.key_types.len() {
            return Err(wrong(format!("the key has {count} parts, that of the table {}", self.key_types.len())));
        }
        for (part, ty) in parts.zip(&self.key_types) {
            let value = parse_text(ty, &part?).map_err(|e| wrong(e.message().to_owned()))?;
            push_key_part(&value, !self.composite, &mut self.key).map_err(wrong)?;
        }
        Ok(())
    }

    /// Takes a row or one end of a range tombstone.
    fn unfiltered(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Result<Result<(), Fault>, Stop> {
        let found = match super::dump_row::parse(bytes, self.options, &self.columns, &mut self.shape, &mut self.row) {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        match found {
            Unfiltered::Static | Unfiltered::Row => {
                out.summary.rows += 1;
                if self.has_key
                    && let Some(sink) = out.sink()
                {
                    match found {
                        Unfiltered::Static => sink.static_row(&self.key, &self.row)?,
                        _ => sink.row(&self.key, &self.row)?,
                    }
                }
            }
            Unfiltered::Bound { start, end } => {
                if let Some((bound, _)) = end {
                    let Some((begin, deletion)) = self.open.take() else {
                        return Ok(Err(Fault::new(0, "a range tombstone ends here that has no start")));
                    };
                    out.summary.deletions += 1;
                    if self.has_key
                        && let Some(sink) = out.sink()
                    {
                        sink.range_tombstone(&self.key, &begin, &bound, deletion)?;
                    }
                }
                if let Some(start) = start {
                    if self.open.is_some() {
                        return Ok(Err(Fault::new(0, "a range tombstone begins here within another one")));
                    }
                    self.open = Some(start);
                }
            }
        }
        Ok(Ok(()))
    }
}
