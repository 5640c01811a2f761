//! Files of rows: short ones are made whole and kept, long ones are streamed.

use std::ops::Bound;
use std::time::SystemTime;

use sstablefs::Result;
use sstablefs::cql::DecoratedKey;
use sstablefs::table::ScanRange;

use super::cache::Known;
use super::rows::{Rendered, Rows};
use super::{EngineTree, keys};
use crate::path::{Format, Kind, Request, TableName};
use crate::tree::{Attributes, Size};

/// A partition's text up to this size is made when its size is asked for.
const SHORT_PARTITION: usize = 1 << 20;
/// A table whose Data files have together at most so many bytes, and whose text has at most so many, is, too.
const SHORT_TABLE_DATA: u64 = 256 << 10;
const SHORT_TABLE: usize = 4 << 20;

/// A file of rows as of a moment.
pub(super) struct RowsFile {
    pub(super) rows: Rows,
    version: u64,
    modified: SystemTime,
    /// The partition that it is about.
    key: Option<DecoratedKey>,
    /// Of the table's Data files.
    bytes: u64,
}

impl RowsFile {
    pub(super) fn attributes(&self, known: &Known) -> Attributes {
        let size = match (known, &self.key) {
            (Known::Text(text), _) => Size::Exact(text.len() as u64),
            (Known::Long, Some(_)) => Size::OnDemand,
            (Known::Long, None) => Size::Open,
        };
        Attributes { kind: Kind::File, size, modified: self.modified, version: self.version }
    }
}

impl EngineTree {
    /// What a file of rows is made from; `None` when it does not exist or is another kind of file.
    pub(super) fn file(&self, request: &Request) -> Result<Option<RowsFile>> {
        match request {
            Request::Rows(table, format) => self.rows_file(table, *format, None),
            Request::Partition(table, format, stem) => self.rows_file(table, *format, Some(stem)),
            Request::Root
            | Request::Readme
            | Request::Keyspace(_)
            | Request::KeyspaceSchema(_)
            | Request::Table(_)
            | Request::TableSchema(_)
            | Request::TableInfo(_)
            | Request::Keys(..)
            | Request::SSTables(_)
            | Request::SSTable(..)
            | Request::Dump(..)
            | Request::Metadata(..) => Ok(None),
        }
    }

    fn rows_file(&self, table: &TableName, format: Format, stem: Option<&str>) -> Result<Option<RowsFile>> {
        let Some(moment) = self.moment(table)? else { return Ok(None) };
        let mut range = ScanRange::ALL;
        let mut key = None;
        if let Some(stem) = stem {
            let Some(found) = keys::find(&moment, stem, format)? else { return Ok(None) };
            range = ScanRange { start: Bound::Included(found.clone()), end: Bound::Included(found.clone()) };
            key = Some(found);
        }
        let view = moment.epoch.view.clone();
        let rows = Rows { view, range, format, csv: self.options.csv, now: moment.now };
        let (modified, bytes) = (moment.epoch.modified, moment.epoch.bytes);
        Ok(Some(RowsFile { rows, version: moment.version, modified, key, bytes }))
    }

    /// The text of a short one, or that it is long; `None` for a partition without rows.
    pub(super) fn known(&self, request: &Request, file: &RowsFile) -> Result<Option<Known>> {
        if let Some(known) = self.cache.get(request, file.version) {
            return Ok(Some(known));
        }
        let rendered = match &file.key {
            Some(key) => match file.rows.render_partition(&key.key, SHORT_PARTITION)? {
                Some(rendered) => rendered,
                None => return Ok(None),
            },
            None if file.bytes > SHORT_TABLE_DATA => Rendered::Long,
            // What stands before damage can be read from a long one.
            None => file.rows.render(SHORT_TABLE).unwrap_or(Rendered::Long),
        };
        let known = match rendered {
            Rendered::Whole(text) => Known::Text(text.into()),
            Rendered::Long => Known::Long,
        };
        self.cache.put(request, file.version, known.clone());
        Ok(Some(known))
    }
}
