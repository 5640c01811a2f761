//! Walks the unfiltereds of Data.db, one partition behind the other.

use std::sync::Arc;

use super::body::{self, Columns};
use super::columns::Layout;
use super::head::{self, Head, HeadError};
use super::window::Window;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::rows::{BoundKind, DeletionTime, Depth, Marker, Row, Span, Unfiltered};
use crate::sstable::compression::DataSource;
use crate::sstable::deletion_time::{LONGEST_DELETION_TIME, read_deletion_time};

/// Spans are 32 bits wide: a row larger than this is refused.
const LARGEST_ROW: u64 = u32::MAX as u64 / 2;

pub(crate) struct Decoder {
    window: Window,
    layout: Arc<Layout>,
    head: Head,
    /// Clustering spans of the head last read.
    clustering: Vec<Span>,
    /// How many of the regular columns are decoded at once, and in the end.
    first: usize,
    all: usize,
}

impl Decoder {
    pub(crate) fn new(source: Arc<DataSource>, layout: Arc<Layout>) -> Self {
        let head = Head { flags: 0, extended: 0, bound: BoundKind::InclusiveStart, len: 0, body: 0 };
        let all = layout.regulars.columns.len();
        Decoder { window: Window::new(source), layout, head, clustering: Vec::new(), first: all, all }
    }

    pub(crate) fn decode_to(&mut self, depth: Depth) {
        self.first = self.layout.regulars.until(depth.first);
        self.all = self.layout.regulars.until(depth.all);
    }

    /// Decodes what was left out of a row: up to the depth, or everything.
    pub(crate) fn complete(&self, row: &mut Row, everything: bool) -> Result<()> {
        let set = &self.layout.regulars;
        let until = if everything { set.columns.len() } else { self.all };
        body::complete(row, Columns { layout: &self.layout, set, until })
    }

    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.window.at_end()
    }

    pub(crate) fn seek(&mut self, position: u64) -> Result<()> {
        self.window.seek(position)
    }

    /// Reads a partition's key and deletion time, and its static row where the header has static columns. `row` is left
    /// empty where there is none.
    pub(crate) fn partition(&mut self, key: &mut Vec<u8>, static_row: &mut Row) -> Result<DeletionTime> {
        self.window.ensure(2)?;
        let len = Cursor::new(self.window.available()).u16()?;
        self.window.ensure(2 + usize::from(len))?;
        key.clear();
        key.extend_from_slice(Cursor::new(self.window.available()).short_bytes()?);
        self.window.advance(2 + usize::from(len));
        let deletion = self.partition_deletion()?;
        static_row.clear();
        if self.layout.has_static_row() {
            self.read_head()?;
            if self.head.flags & (head::END_OF_PARTITION | head::IS_MARKER) != 0
                || self.head.extended & head::IS_STATIC == 0
            {
                return Err(self.window.error("no static row where the header has static columns"));
            }
            self.row(static_row, true)?;
        }
        Ok(deletion)
    }

    fn partition_deletion(&mut self) -> Result<DeletionTime> {
        let left = self.window.len() - self.window.position();
        self.window.ensure(left.min(LONGEST_DELETION_TIME as u64) as usize)?;
        let mut cursor = Cursor::with_base(self.window.available(), self.window.position());
        let deletion = read_deletion_time(&mut cursor, self.layout.version)?.ok_or_else(|| cursor.truncated())?;
        let n = cursor.position();
        self.window.advance(n);
        Ok(deletion)
    }

    /// Fills `row` or `marker` with the next unfiltered of the partition. Rows of which nothing is left but data of
    /// dropped columns are passed over.
    #[inline]
    pub(crate) fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        loop {
            self.read_head()?;
            if self.head.flags & head::END_OF_PARTITION != 0 {
                self.window.advance(1);
                return Ok(Unfiltered::End);
            }
            if self.head.flags & head::IS_MARKER != 0 {
                self.marker(marker)?;
                return Ok(Unfiltered::Marker);
            }
            if self.head.extended & head::IS_STATIC != 0 {
                return Err(self.window.error("a static row among the rows of a partition"));
            }
            self.row(row, false)?;
            if !row.is_empty() {
                return Ok(Unfiltered::Row);
            }
        }
    }

    /// Passes over what is left of the partition without decoding it.
    pub(crate) fn skip_partition(&mut self) -> Result<()> {
        loop {
            self.read_head()?;
            if self.head.flags & head::END_OF_PARTITION != 0 {
                self.window.advance(1);
                return Ok(());
            }
            self.window.skip((self.head.len as u64).saturating_add(self.head.body))?;
        }
    }

    #[inline]
    fn read_head(&mut self) -> Result<()> {
        loop {
            match head::read(self.window.available(), &self.layout, &mut self.clustering) {
                Ok(head) => {
                    self.head = head;
                    return Ok(());
                }
                Err(HeadError::Truncated) => self.window.more()?,
                Err(HeadError::Corrupt(message)) => return Err(self.window.error(message)),
            }
        }
    }

    /// Makes the whole unfiltered available and returns its length.
    #[inline]
    fn whole(&mut self) -> Result<usize> {
        let len = (self.head.len as u64).saturating_add(self.head.body);
        if len > LARGEST_ROW {
            return Err(self.window.error(format!("a row of {len} bytes")));
        }
        self.window.ensure(len as usize)?;
        Ok(len as usize)
    }

    #[inline]
    fn row(&mut self, row: &mut Row, is_static: bool) -> Result<()> {
        let len = self.whole()?;
        let base = self.window.position();
        row.clear();
        row.bytes.extend_from_slice(&self.window.available()[..len]);
        row.clustering.extend_from_slice(&self.clustering);
        let layout = &*self.layout;
        let (set, until) = if is_static { (&layout.statics, usize::MAX) } else { (&layout.regulars, self.first) };
        body::read(row, &self.head, Columns { layout, set, until }, base)?;
        self.window.advance(len);
        Ok(())
    }

    fn marker(&mut self, marker: &mut Marker) -> Result<()> {
        let len = self.whole()?;
        let base = self.window.position();
        marker.kind = self.head.bound;
        marker.clustering.clear();
        marker.clustering.extend_from_slice(&self.clustering);
        marker.bytes.clear();
        marker.bytes.extend_from_slice(&self.window.available()[..len]);
        let mut cursor = Cursor::with_base(&marker.bytes, base);
        cursor.seek(self.head.len)?;
        cursor.vint()?; // size of the previous unfiltered
        let first = self.layout.deletion_time(&mut cursor)?;
        (marker.end, marker.start) = match marker.kind {
            kind if kind.is_boundary() => (first, self.layout.deletion_time(&mut cursor)?),
            kind if kind.opens() => (DeletionTime::LIVE, first),
            _ => (first, DeletionTime::LIVE),
        };
        self.window.advance(len);
        Ok(())
    }

    /// Adds where the decoder stands to an error that does not know it.
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.at(self.window.position())
    }
}
