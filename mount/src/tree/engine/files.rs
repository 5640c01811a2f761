//! Files whose text is made from data: short ones are made whole and kept, long ones are streamed.

use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use sstablefs::cql::DecoratedKey;
use sstablefs::table::ScanRange;
use sstablefs::{Kind as ErrorKind, Result};

use super::ahead::Place;
use super::cache::{Known, Rendered};
use super::dump::Dump;
use super::epoch::Moment;
use super::kept::{Keep, Kept};
use super::later::Later;
use super::query::QueryText;
use super::query_slices::QuerySlices;
use super::rows::{Rows, SHORT_PARTITION};
use super::sliced::SLICE_DATA;
use super::whole::WholeTable;
use super::{EngineTree, keys};
use crate::content::{Content, Fixed, Limits, Producer, Source, Stream};
use crate::path::{Answer, DumpForm, Format, Kind, Request, TableName};
use crate::tree::{Attributes, Size};

/// A table, SSTable or query whose Data files have together at most so many bytes, and whose text has at most so many, is, too.
const SHORT_DATA: u64 = 256 << 10;
const SHORT_TEXT: usize = 4 << 20;

/// A file as of a moment.
pub(super) struct MadeFile {
    text: Text,
    moment: Moment,
    pub(super) version: u64,
    modified: SystemTime,
    /// Of the Data files that it is made from.
    bytes: u64,
}

enum Text {
    Table(Rows),
    Partition(Rows, DecoratedKey),
    Dump(Dump),
    Query(QueryText, Keep),
}

/// The whole text when it has at most `limit` bytes.
fn render(source: &impl Source, limit: usize) -> Result<Rendered> {
    let mut out = Vec::new();
    let more = source.start(None)?.fill(&mut out, limit + 1)?;
    Ok(if more || out.len() > limit { Rendered::Long } else { Rendered::Whole(out.into()) })
}

impl MadeFile {
    pub(super) fn attributes(&self, known: &Known) -> Attributes {
        let size = match (known, &self.text) {
            (Known::Text(text), _) => Size::Exact(text.len() as u64),
            (Known::Long, Text::Partition(..)) => Size::OnDemand,
            (Known::Long | Known::Read(_), _) => Size::Open,
        };
        Attributes { kind: Kind::File, size, modified: self.modified, version: self.version }
    }

    /// `None` for a partition without rows, and for a query that can't be planned: they are no files.
    pub(super) fn render(&self) -> Result<Option<Rendered>> {
        let is_short = self.bytes <= SHORT_DATA;
        // What stands before damage can be read from a long one.
        let short_text = |rendered: Result<Rendered>| Ok(Some(rendered.unwrap_or(Rendered::Long)));
        match &self.text {
            Text::Partition(rows, key) => rows.render_partition(&key.key),
            Text::Table(rows) if is_short => short_text(render(rows, SHORT_TEXT)),
            Text::Dump(dump) if is_short => short_text(render(dump, SHORT_TEXT)),
            Text::Query(query, _) => match query.cost() {
                Ok(bytes) if bytes <= SHORT_DATA => short_text(render(query, SHORT_PARTITION)),
                Err(e) if e.kind() == ErrorKind::Invalid => Ok(None),
                Ok(_) | Err(_) => Ok(Some(Rendered::Long)),
            },
            Text::Table(_) | Text::Dump(_) => Ok(Some(Rendered::Long)),
        }
    }

    /// The content of a long one.
    pub(super) fn stream(self, tree: &EngineTree) -> Arc<dyn Content> {
        let (limits, active) = (Limits::default(), tree.active.clone());
        match self.text {
            Text::Table(rows) => {
                let table = WholeTable::new(rows, tree.crew.clone(), SLICE_DATA);
                Stream::new(table, limits, active, true)
            }
            Text::Partition(rows, _) => Stream::new(rows, limits, active, false),
            Text::Dump(dump) => Stream::new(dump, limits, active, true),
            Text::Query(query, keep) => match QuerySlices::new(&query, &tree.crew, SLICE_DATA) {
                Some(slices) => Stream::new(Kept::new(slices, keep), limits, active, true),
                None => Stream::new(Kept::new(query, keep), limits, active, true),
            },
        }
    }
}

impl EngineTree {
    /// What a file is made from; `None` when it does not exist or is another kind of file.
    pub(super) fn file(&self, request: &Request) -> Result<Option<MadeFile>> {
        match request {
            Request::Rows(table, format) => self.rows_file(table, *format, None),
            Request::Partition(table, format, stem) => self.rows_file(table, *format, Some(stem)),
            Request::Dump(table, id, form) => self.dump_file(table, id, *form),
            Request::Statement(_, answer) | Request::Selected(_, _, answer) if *answer != Answer::Explain => {
                let Some(question) = self.question(request)? else { return Ok(None) };
                let text = self.query_text(&question, *answer);
                let keep = Keep::new(&self.cache, request, question.moment.version);
                Ok(Some(Self::made(&question.moment, Text::Query(text, keep), 0)))
            }
            _ => Ok(None),
        }
    }

    fn rows_file(&self, table: &TableName, format: Format, stem: Option<&str>) -> Result<Option<MadeFile>> {
        let Some(moment) = self.moment(table)? else { return Ok(None) };
        let text = match stem {
            None => Text::Table(self.rows(&moment, format, ScanRange::ALL)),
            Some(stem) => {
                let Some(key) = keys::find(&moment, stem, format)? else { return Ok(None) };
                Text::Partition(self.partition(&moment, format, &key), key)
            }
        };
        Ok(Some(Self::made(&moment, text, moment.epoch.bytes)))
    }

    pub(super) fn rows(&self, moment: &Moment, format: Format, range: ScanRange) -> Rows {
        Rows {
            view: moment.epoch.view.clone(),
            range,
            format,
            csv: self.options.csv,
            now: moment.now,
            is_part: false,
            printers: moment.epoch.printers.clone(),
        }
    }

    fn partition(&self, moment: &Moment, format: Format, key: &DecoratedKey) -> Rows {
        let only = || Bound::Included(key.clone());
        self.rows(moment, format, ScanRange { start: only(), end: only() })
    }

    /// Hears that somebody looks at a file.
    pub(super) fn look_at(&self, request: &Request, file: &MadeFile) {
        if let (Request::Partition(table, format, _), Text::Partition(_, key)) = (request, &file.text) {
            let place = Place { table: table.clone(), format: *format, version: file.version };
            let make = |key: &DecoratedKey| self.partition(&file.moment, *format, key);
            self.ahead.note(place, &file.moment, key, request, make);
        }
    }

    /// `None` when an SSTable's files were not found because it has been compacted away since it was looked up.
    pub(super) fn unless_gone<T>(&self, table: &TableName, id: &str, made: Result<T>) -> Result<Option<T>> {
        match made {
            Err(e) if e.kind() == ErrorKind::NotFound => match self.moment(table)? {
                Some(moment) if moment.epoch.sstable(id).is_some() => Err(e),
                _ => Ok(None),
            },
            made => made.map(Some),
        }
    }

    fn dump_file(&self, table: &TableName, id: &str, form: DumpForm) -> Result<Option<MadeFile>> {
        let Some(moment) = self.moment(table)? else { return Ok(None) };
        let Some(sstable) = moment.epoch.sstable(id) else { return Ok(None) };
        let Some(dump) = self.unless_gone(table, id, Dump::new(&sstable, form, moment.now))? else { return Ok(None) };
        Ok(Some(Self::made(&moment, Text::Dump(dump), sstable.data().len())))
    }

    fn made(moment: &Moment, text: Text, bytes: u64) -> MadeFile {
        MadeFile { text, moment: moment.clone(), version: moment.version, modified: moment.epoch.modified, bytes }
    }

    /// The content of a file that was found to have this size in this version.
    pub(super) fn content_again(&self, request: &Request, file: MadeFile, size: Size) -> Arc<dyn Content> {
        match (size, self.cache.get(request, file.version)) {
            (_, Some(Known::Text(text) | Known::Read(text))) => Arc::new(Fixed(text)),
            (Size::Exact(size), _) => {
                let version = file.version;
                Arc::new(Later::new(request, version, size, &self.cache, Box::new(move || file.render())))
            }
            (Size::OnDemand | Size::Open, known) => {
                if known.is_none() {
                    self.cache.put(request, file.version, Known::Long);
                }
                file.stream(self)
            }
        }
    }

    /// The version that a file shows now, where its data alone tells it.
    pub(super) fn version(&self, request: &Request) -> Result<Option<u64>> {
        match request {
            Request::Rows(table, _) | Request::Partition(table, ..) | Request::Dump(table, ..) => {
                Ok(self.moment(table)?.map(|moment| moment.version))
            }
            _ => Ok(None),
        }
    }

    /// The text of a short one, or that it is long; `None` for what is no file.
    pub(super) fn known(&self, request: &Request, file: &MadeFile) -> Result<Option<Known>> {
        let kept = || self.cache.get(request, file.version);
        let on_the_way = || {
            self.ahead.wait(request, file.version);
            kept()
        };
        if let Some(known) = kept().or_else(on_the_way) {
            return Ok(Some(known));
        }
        let known = match file.render()? {
            None => return Ok(None),
            Some(rendered) => Known::from(rendered),
        };
        self.cache.put(request, file.version, known.clone());
        Ok(Some(known))
    }
}
