//! One SSTable as sstabledump prints it.

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::schema::Table;
use sstablefs::sstable::{Reader, Scanner};
use sstablefs::table::inferred;
use sstablefs_render::{self as render, DumpOptions, DumpStream};

use crate::content::{Producer, Source};
use crate::path::DumpForm;

#[derive(Clone)]
pub(super) struct Dump {
    reader: Arc<Reader>,
    table: Arc<Table>,
    options: DumpOptions,
}

impl Dump {
    /// Of an SSTable of a table; `now` decides what is expired.
    pub(super) fn new(sstable: &Reader, form: DumpForm, now: i64) -> Result<Self> {
        // A dump also shows what the schema has dropped: it is read as its own header says.
        let table = Arc::new(inferred::dump_table(sstable.statistics())?);
        let reader = Reader::open_with(sstable.descriptor(), &table, sstable.statistics().clone())?;
        let options = match form {
            DumpForm::Array => DumpOptions { form: render::DumpForm::Array, raw_times: false, now },
            DumpForm::Lines => DumpOptions { form: render::DumpForm::Lines, raw_times: true, now },
        };
        Ok(Dump { reader: Arc::new(reader), table, options })
    }
}

/// A partition, and how much of its text was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct DumpAt {
    position: u64,
    made: usize,
    /// It is the first: what stands in front of it was made, too.
    first: bool,
}

pub(super) struct DumpText {
    stream: DumpStream<Scanner>,
    at: DumpAt,
    /// To be passed over.
    skip: usize,
}

impl Source for Dump {
    type Checkpoint = DumpAt;
    type Producer = DumpText;

    fn start(&self, from: Option<&DumpAt>) -> Result<DumpText> {
        let start = from.map_or(0, |from| from.position);
        let scanner = self.reader.scan(start, u64::MAX)?;
        let mut stream = DumpStream::new(scanner, Scanner::position, &self.table, &self.options);
        let first = from.is_none_or(|from| from.first);
        if !first {
            stream.resume();
        }
        let at = DumpAt { position: start, made: 0, first };
        Ok(DumpText { stream, at, skip: from.map_or(0, |from| from.made) })
    }
}

impl DumpText {
    /// One step; `false` at the end.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let before = out.len();
        let result = self.stream.fill(out, before + 1);
        if !matches!(result, Ok(true)) {
            if result.is_ok() {
                self.stream.end(out);
            } else {
                out.truncate(before);
            }
            return result;
        }
        let position = self.stream.stream().partition_position();
        if position != self.at.position {
            self.at = DumpAt { position, made: 0, first: false };
        }
        self.at.made += out.len() - before;
        Ok(true)
    }
}

impl Producer for DumpText {
    type Checkpoint = DumpAt;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        let start = out.len();
        let mut more = true;
        while self.skip > 0 && more {
            more = self.step(out)?;
            let surplus = self.skip.min(out.len() - start);
            out.drain(start..start + surplus);
            self.skip -= surplus;
        }
        while more && out.len() < target {
            more = self.step(out)?;
        }
        Ok(more)
    }

    fn checkpoint(&self) -> DumpAt {
        self.at
    }
}
