//! Writes what the decoder reads: partitions, rows and markers of Data.db, in the layout that `mod.rs` shows.

use super::body_encoder;
use super::columns::Length;
use super::head;
use crate::bytes::vint;
use crate::error::{Error, Result};
use crate::rows::{DeletionTime, Marker, NO_DELETION_TIME, Row, Span};
use crate::schema::{Column, Table};
use crate::sstable::deletion_time::write_deletion_time;
use crate::sstable::header::{HeaderColumn, SerializationHeader};
use crate::sstable::version::Version;

/// A buffer that grew beyond this for one large row is given back.
const KEEP: usize = 1 << 20;

/// Encoding of one column of the header.
pub(super) struct ColumnEncoder {
    /// Index among the table's statics or regulars.
    pub(super) source: u16,
    pub(super) complex: bool,
    pub(super) length: Length,
}

/// The columns of static or of regular rows.
pub(super) struct ColumnSet {
    pub(super) columns: Vec<ColumnEncoder>,
    pub(super) has_complex: bool,
}

/// Smallest values, which those of rows are written relative to.
#[derive(Clone, Copy)]
pub(super) struct Minima {
    timestamp: i64,
    local_deletion_time: i64,
    ttl: i32,
    /// The latest time that the version can hold.
    latest: i64,
}

impl Minima {
    #[inline]
    pub(super) fn timestamp(&self, timestamp: i64, out: &mut Vec<u8>) {
        vint::write(timestamp.wrapping_sub(self.timestamp) as u64, out);
    }

    /// As an int that is extended by its sign: large differences wrap, as they do when they are read.
    #[inline]
    pub(super) fn local_deletion_time(&self, time: i64, out: &mut Vec<u8>) {
        let time = if time == NO_DELETION_TIME { time } else { time.min(self.latest) };
        vint::write(i64::from(time.wrapping_sub(self.local_deletion_time) as i32) as u64, out);
    }

    #[inline]
    pub(super) fn ttl(&self, ttl: i32, out: &mut Vec<u8>) {
        vint::write(i64::from(ttl.wrapping_sub(self.ttl)) as u64, out);
    }

    #[inline]
    pub(super) fn deletion_time(&self, deletion: &DeletionTime, out: &mut Vec<u8>) {
        self.timestamp(deletion.marked_for_delete_at, out);
        self.local_deletion_time(deletion.local_deletion_time, out);
    }
}

/// Encodes against one header. Everything is appended to `out`.
pub(crate) struct Encoder {
    clustering: Vec<Length>,
    statics: ColumnSet,
    regulars: ColumnSet,
    minima: Minima,
    version: Version,
    body: Vec<u8>,
}

impl Encoder {
    /// Rows have the columns of `table`; the header has all of those that occur.
    pub(crate) fn new(header: &SerializationHeader, table: &Table, version: Version) -> Result<Self> {
        if header.clustering.len() != table.clustering.len() {
            return Err(Error::schema("the header and the table have different numbers of clustering columns"));
        }
        let minima = Minima {
            timestamp: header.min_timestamp,
            local_deletion_time: header.min_local_deletion_time,
            ttl: header.min_ttl,
            latest: version.latest_deletion_time(),
        };
        Ok(Encoder {
            clustering: header.clustering.iter().map(|(ty, _)| Length::of(ty)).collect(),
            statics: ColumnSet::new(&header.statics, &table.statics)?,
            regulars: ColumnSet::new(&header.regulars, &table.regulars)?,
            minima,
            version,
            body: Vec::new(),
        })
    }

    pub(crate) fn has_static_row(&self) -> bool {
        !self.statics.columns.is_empty()
    }

    /// Key and deletion of a partition.
    pub(crate) fn partition(&self, key: &[u8], deletion: &DeletionTime, out: &mut Vec<u8>) -> Result<()> {
        let length = u16::try_from(key.len())
            .map_err(|_| Error::invalid(format!("a partition key of {} bytes: 65535 at most", key.len())))?;
        if deletion.marked_for_delete_at < 0 && !deletion.is_live() && self.version.has_uint_deletion_time() {
            return Err(Error::invalid(format!(
                "a partition deletion with timestamp {}: format {} can hold none before 1970, nb can",
                deletion.marked_for_delete_at, self.version
            )));
        }
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(key);
        write_deletion_time(deletion, self.version, out);
        Ok(())
    }

    /// Where the header has static columns each partition has a static row, if only an empty one.
    pub(crate) fn static_row(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<()> {
        self.any_row(row, head::IS_STATIC, 0, out)
    }

    /// `previous`: the bytes from the start of what stands before, the partition's own for its first, to this row's.
    #[inline]
    pub(crate) fn row(&mut self, row: &Row, previous: u64, out: &mut Vec<u8>) -> Result<()> {
        self.any_row(row, 0, previous, out)
    }

    #[inline]
    fn any_row(&mut self, row: &Row, kind: u8, previous: u64, out: &mut Vec<u8>) -> Result<()> {
        let is_static = kind == head::IS_STATIC;
        let set = if is_static { &self.statics } else { &self.regulars };
        self.body.clear();
        vint::write(previous, &mut self.body);
        let mut flags = body_encoder::write(row, set, &self.minima, &mut self.body)?;
        let shadowable = !row.deletion.is_live() && row.shadowable;
        let extended = kind | if shadowable { head::HAS_SHADOWABLE_DELETION } else { 0 };
        if extended != 0 {
            flags |= head::EXTENSION_FLAG;
        }
        out.push(flags);
        if extended != 0 {
            out.push(extended);
        }
        if !is_static {
            if row.clustering.len() != self.clustering.len() {
                return Err(Error::invalid(format!(
                    "a row of {} clustering values in a table of {}",
                    row.clustering.len(),
                    self.clustering.len()
                )));
            }
            write_values(&row.clustering, &row.bytes, &self.clustering, out)?;
        }
        vint::write(self.body.len() as u64, out);
        out.extend_from_slice(&self.body);
        if self.body.capacity() > KEEP {
            self.body = Vec::new();
        }
        Ok(())
    }

    pub(crate) fn marker(&mut self, marker: &Marker, previous: u64, out: &mut Vec<u8>) -> Result<()> {
        let Some(lengths) = self.clustering.get(..marker.clustering.len()) else {
            return Err(Error::invalid("a range bound with more values than there are clustering columns"));
        };
        out.extend_from_slice(&[head::IS_MARKER, marker.kind as u8]);
        out.extend_from_slice(&(marker.clustering.len() as u16).to_be_bytes());
        write_values(&marker.clustering, &marker.bytes, lengths, out)?;
        self.body.clear();
        vint::write(previous, &mut self.body);
        if marker.kind.closes() {
            self.minima.deletion_time(&marker.end, &mut self.body);
        }
        if marker.kind.opens() {
            self.minima.deletion_time(&marker.start, &mut self.body);
        }
        vint::write(self.body.len() as u64, out);
        out.extend_from_slice(&self.body);
        Ok(())
    }

    pub(crate) fn end_of_partition(&self, out: &mut Vec<u8>) {
        out.push(head::END_OF_PARTITION);
    }
}

impl ColumnSet {
    fn new(header: &[HeaderColumn], columns: &[Column]) -> Result<Self> {
        let mut encoders: Vec<ColumnEncoder> = Vec::with_capacity(header.len());
        for column in header {
            let source = columns.iter().position(|c| c.name == column.name);
            let source = source.and_then(|i| u16::try_from(i).ok()).ok_or_else(|| {
                Error::schema(format!("the header has a column {} that the table does not have", column.name))
            })?;
            if encoders.last().is_some_and(|last| last.source >= source) {
                return Err(Error::schema(format!("the header has column {} in another order", column.name)));
            }
            let complex = column.ty.is_multi_cell();
            encoders.push(ColumnEncoder {
                source,
                complex,
                length: if complex { Length::Vint } else { Length::of(&column.ty) },
            });
        }
        Ok(ColumnSet { has_complex: encoders.iter().any(|c| c.complex), columns: encoders })
    }
}

/// Values of a clustering, as `head::read_values` reads them.
#[inline]
fn write_values(values: &[Span], bytes: &[u8], lengths: &[Length], out: &mut Vec<u8>) -> Result<()> {
    for (values, lengths) in values.chunks(32).zip(lengths.chunks(32)) {
        let states = values.iter().enumerate().fold(0u64, |states, (i, value)| {
            let state = if value.is_null() { 2 } else { u64::from(value.len == 0) };
            states | state << (2 * i)
        });
        vint::write(states, out);
        for (value, length) in values.iter().zip(lengths) {
            if !value.is_null() && value.len > 0 {
                write_value(value.of(bytes), *length, out)?;
            }
        }
    }
    Ok(())
}

/// A value that is not empty, with its length unless the type has a fixed one.
#[inline]
pub(super) fn write_value(value: &[u8], length: Length, out: &mut Vec<u8>) -> Result<()> {
    match length {
        Length::Vint => vint::write(value.len() as u64, out),
        Length::Fixed(n) if n as usize == value.len() => {}
        Length::Fixed(n) => {
            return Err(Error::invalid(format!("a value of {} bytes of a type of {n} bytes", value.len())));
        }
    }
    out.extend_from_slice(value);
    Ok(())
}
