//! Rows as text: a table's or a partition's, made while they are read.

use std::cell::RefCell;
use std::sync::Arc;

use sstablefs::merge::{At, LiveRows, Position};
use sstablefs::table::{ScanRange, View};
use sstablefs::{Error, Result};
use sstablefs_render::{CsvRows, CsvStyle, JsonRows, RowText};

use super::cache::Rendered;
use super::printers::Printers;
use super::sliced::Counted;
use crate::content::{Producer, Source};
use crate::path::Format;

/// A stretch of a table in one form, as of one moment.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) view: Arc<View>,
    pub(super) range: ScanRange,
    pub(super) format: Format,
    pub(super) csv: CsvStyle,
    /// Seconds since the epoch.
    pub(super) now: i64,
    /// Rows to be put between others: each as one behind another, and nothing around them.
    pub(super) is_part: bool,
    pub(super) printers: Arc<Printers>,
}

thread_local! {
    /// Memory for the text of a partition, which is used again.
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A partition's or a query's text up to this size is made when its size is asked for.
pub(super) const SHORT_PARTITION: usize = 1 << 20;
/// Larger ones are not kept.
const LARGEST_TEXT: usize = 256 << 10;

#[derive(Clone)]
pub(super) struct RowsAt {
    position: Position,
    wrote_rows: bool,
    rows: u64,
}

/// Writes live rows one behind the other.
struct Writer {
    text: Box<dyn RowText + Send>,
    format: Format,
    /// What stands before the first row was written.
    opened: bool,
    wrote_rows: bool,
    rows: u64,
    is_part: bool,
    /// The rows stand in a partition.
    in_partition: bool,
    /// A row of that partition was written.
    partition_has_row: bool,
}

pub(super) struct RowsText {
    rows: LiveRows,
    writer: Writer,
}

impl Rows {
    fn text(&self) -> Box<dyn RowText + Send> {
        match self.format {
            Format::Json | Format::JsonLines => Box::new(JsonRows::new(self.view.table())),
            Format::Csv => Box::new(CsvRows::new(self.view.table(), self.csv)),
        }
    }

    /// Appends what stands before the first row.
    pub(super) fn open(&self, out: &mut Vec<u8>) {
        open(self.format, &*self.text(), out);
    }

    /// Appends what stands behind the last row.
    pub(super) fn close(&self, out: &mut Vec<u8>) {
        close(self.format, out);
    }

    /// How many bytes separate a row from one before it, beside the end of a line.
    pub(super) fn separator(&self) -> usize {
        usize::from(self.format == Format::Json)
    }

    fn writer(&self) -> Writer {
        self.writer_with(self.text())
    }

    fn writer_with(&self, text: Box<dyn RowText + Send>) -> Writer {
        Writer {
            text,
            format: self.format,
            opened: self.is_part,
            wrote_rows: self.is_part,
            rows: 0,
            is_part: self.is_part,
            in_partition: false,
            partition_has_row: false,
        }
    }

    /// The text of the partition with this key when it has at most [`SHORT_PARTITION`] bytes; `None` when it has no row.
    pub(super) fn render_partition(&self, key: &[u8]) -> Result<Option<Rendered>> {
        let limit = SHORT_PARTITION;
        let Some(mut rows) = self.view.partition(key, self.now)? else { return Ok(None) };
        let mut writer = self.writer_with(self.printers.take(self.format).unwrap_or_else(|| self.text()));
        writer.enter(&rows)?;
        let rendered = TEXT.with_borrow_mut(|out| {
            out.clear();
            let more = writer.fill(&mut rows, out, limit + 1)?;
            let rendered =
                if more || out.len() > limit { Rendered::Long } else { Rendered::Whole(out.as_slice().into()) };
            if out.capacity() > LARGEST_TEXT {
                *out = Vec::new();
            }
            Ok::<_, Error>(rendered)
        })?;
        let found = writer.wrote_rows.then_some(rendered);
        self.printers.give_back(self.format, writer.text);
        Ok(found)
    }
}

impl Source for Rows {
    type Checkpoint = RowsAt;
    type Producer = RowsText;

    fn start(&self, from: Option<&RowsAt>) -> Result<RowsText> {
        let mut writer = self.writer();
        let rows = match from {
            None => self.view.rows(&self.range, self.now)?,
            Some(from) => {
                writer.opened = true;
                (writer.wrote_rows, writer.rows) = (from.wrote_rows, from.rows);
                writer.partition_has_row = matches!(from.position.at, At::Row(_));
                self.view.rows_after(&from.position, &self.range, self.now)?
            }
        };
        Ok(RowsText { rows, writer })
    }
}

/// What stands before the first row.
fn open(format: Format, text: &dyn RowText, out: &mut Vec<u8>) {
    match format {
        Format::Json => out.push(b'['),
        Format::JsonLines => {}
        Format::Csv => text.header(out),
    }
}

fn close(format: Format, out: &mut Vec<u8>) {
    match format {
        Format::Json => out.extend_from_slice(b"\n]\n"),
        Format::JsonLines | Format::Csv => {}
    }
}

impl Writer {
    /// Takes the partition that the rows stand at the start of.
    fn enter(&mut self, rows: &LiveRows) -> Result<()> {
        self.text.partition(&rows.key().key, rows.static_row())?;
        self.in_partition = true;
        Ok(())
    }

    /// Appends the next row; `false` when there is none.
    #[inline]
    fn next(&mut self, rows: &mut LiveRows, out: &mut Vec<u8>) -> Result<bool> {
        loop {
            if !self.in_partition {
                if !rows.next_partition()? {
                    return Ok(false);
                }
                self.enter(rows)?;
            }
            let start = out.len();
            if self.format == Format::Json {
                out.extend_from_slice(if self.wrote_rows { b",\n" } else { b"\n" });
            }
            let found = match rows.next_row()? {
                Some(row) => {
                    self.text.row(Some(row), out)?;
                    self.partition_has_row = true;
                    true
                }
                None => {
                    self.in_partition = false;
                    // A partition that has only static values is one row, too.
                    let only_static = !std::mem::take(&mut self.partition_has_row) && !rows.static_row().is_empty();
                    if only_static {
                        self.text.row(None, out)?;
                    }
                    only_static
                }
            };
            if found {
                if self.format == Format::JsonLines {
                    out.push(b'\n');
                }
                self.wrote_rows = true;
                self.rows += 1;
                return Ok(true);
            }
            out.truncate(start);
        }
    }

    fn fill(&mut self, rows: &mut LiveRows, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        if !self.opened {
            self.opened = true;
            open(self.format, &*self.text, out);
        }
        while out.len() < target {
            let good = out.len();
            match self.next(rows, out) {
                Ok(true) => {}
                Ok(false) => {
                    if !self.is_part {
                        close(self.format, out);
                    }
                    return Ok(false);
                }
                Err(e) => {
                    // A row that was written in part.
                    out.truncate(good);
                    return Err(e);
                }
            }
        }
        Ok(true)
    }
}

impl Producer for RowsText {
    type Checkpoint = RowsAt;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        self.writer.fill(&mut self.rows, out, target)
    }

    fn checkpoint(&self) -> RowsAt {
        RowsAt { position: self.rows.position(), wrote_rows: self.writer.wrote_rows, rows: self.writer.rows }
    }
}

impl Counted for RowsText {
    fn rows(&self) -> u64 {
        self.writer.rows
    }
}
