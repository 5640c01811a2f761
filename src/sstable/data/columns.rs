//! From the columns of an SSTable's header to those of the table: how the cells of each are decoded and where they go.

use crate::cql::Type;
use crate::error::{Error, Result};
use crate::schema::{Column, Table};
use crate::sstable::header::{HeaderColumn, SerializationHeader};
use crate::sstable::version::Version;

/// How the length of a value is found (AbstractType.valueLengthIfFixed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Fixed(u32),
    Vint,
}

impl Length {
    pub(super) fn of(ty: &Type) -> Self {
        match ty.fixed_length() {
            Some(n) => Length::Fixed(n as u32),
            None => Length::Vint,
        }
    }
}

/// Decoding of one column of the header.
#[derive(Debug, Clone)]
pub(crate) struct ColumnDecoder {
    /// Index among the table's statics or regulars; `None` when the table has dropped it.
    pub(super) target: Option<u16>,
    pub(super) complex: bool,
    pub(super) length: Length,
    /// Cells up to this timestamp were dropped with the column (DeserializationHelper.isDropped).
    pub(super) dropped_at: Option<i64>,
}

/// The columns of static or of regular rows.
#[derive(Debug, Clone)]
pub(crate) struct ColumnSet {
    pub(super) columns: Vec<ColumnDecoder>,
    /// Whether decoded cells already stand in the table's order.
    pub(super) sorted: bool,
    /// No column is complex, dropped or unknown.
    pub(super) plain: bool,
}

/// What is constant for all rows of an SSTable.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(super) clustering: Vec<Length>,
    pub(super) statics: ColumnSet,
    pub(super) regulars: ColumnSet,
    pub(super) min_timestamp: i64,
    pub(super) min_local_deletion_time: i64,
    pub(super) min_ttl: i32,
    pub(super) version: Version,
}

impl Layout {
    pub(crate) fn new(header: &SerializationHeader, table: &Table, version: Version) -> Result<Self> {
        if header.clustering.len() != table.clustering.len() {
            return Err(Error::schema(format!(
                "the SSTable has {} clustering columns, the schema of {}.{} has {}",
                header.clustering.len(),
                table.keyspace,
                table.name,
                table.clustering.len()
            )));
        }
        Ok(Layout {
            clustering: header.clustering.iter().map(|(ty, _)| Length::of(ty)).collect(),
            statics: ColumnSet::new(&header.statics, &table.statics, table, version)?,
            regulars: ColumnSet::new(&header.regulars, &table.regulars, table, version)?,
            min_timestamp: header.min_timestamp,
            min_local_deletion_time: header.min_local_deletion_time,
            min_ttl: header.min_ttl,
            version,
        })
    }

    pub(crate) fn has_static_row(&self) -> bool {
        !self.statics.columns.is_empty()
    }
}

impl ColumnSet {
    /// How many of the columns have to be decoded for the first `depth` of the table's.
    pub(super) fn until(&self, depth: usize) -> usize {
        let wanted = |column: &ColumnDecoder| column.target.is_some_and(|target| usize::from(target) < depth);
        if self.sorted { self.columns.iter().rposition(wanted).map_or(0, |last| last + 1) } else { self.columns.len() }
    }

    fn new(header: &[HeaderColumn], columns: &[Column], table: &Table, version: Version) -> Result<Self> {
        if header.len() > usize::from(u16::MAX) {
            return Err(Error::unsupported(format!("{} columns", header.len())));
        }
        let mut decoders = Vec::with_capacity(header.len());
        for column in header {
            let target = columns.iter().position(|c| c.name == column.name);
            let dropped = table.dropped.get(&column.name);
            if target.is_none() && dropped.is_none() {
                return Err(Error::schema(format!(
                    "the SSTable has a column {} that the schema of {}.{} neither has nor dropped",
                    column.name, table.keyspace, table.name
                )));
            }
            let complex = match (target.and_then(|i| columns.get(i)).map(|c| &c.ty), &column.ty) {
                // Old headers do not tell frozen user types from others.
                (Some(known @ Type::User(_)), Type::User(_)) if !version.has_metadata_checksum() => {
                    known.is_multi_cell()
                }
                (_, own) => own.is_multi_cell(),
            };
            decoders.push(ColumnDecoder {
                target: target.map(|i| i as u16),
                complex,
                // The values of a multi-cell column are written as of the collection's own type, which has no fixed length.
                length: if complex { Length::Vint } else { Length::of(&column.ty) },
                dropped_at: dropped.map(|d| d.dropped_at),
            });
        }
        let targets: Vec<u16> = decoders.iter().filter_map(|d| d.target).collect();
        Ok(ColumnSet {
            sorted: targets.is_sorted(),
            plain: decoders.iter().all(|d| d.target.is_some() && !d.complex && d.dropped_at.is_none()),
            columns: decoders,
        })
    }
}
