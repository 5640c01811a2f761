//! A dump in pieces: reads an SSTable's partitions and appends their text until there is enough of it.

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
use sstablefs::schema::Table;

use super::debug::DebugDump;
use super::writer::JsonDump;
use super::{DumpForm, DumpOptions};

/// Which partitions are left out, by their keys.
type Excluded = Box<dyn FnMut(&[u8]) -> bool + Send>;

/// Renders what a scan of an SSTable finds.
///
/// The table must be the one that the SSTable's own header describes: a dump shows also what the schema has dropped.
pub struct DumpStream<S> {
    stream: S,
    /// Position in the data of what the stream reads next.
    position_of: fn(&S) -> u64,
    form: DumpForm,
    json: JsonDump,
    debug: DebugDump,
    excluded: Option<Excluded>,
    row: Row,
    marker: Marker,
    state: State,
    /// Where the last row ended, in the debug form.
    debug_position: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Between,
    InPartition,
}

impl<S: PartitionStream> DumpStream<S> {
    /// A dump of the partitions of a stream; `position_of` tells where in Data.db the one begins that the stream has
    /// entered.
    pub fn new(stream: S, position_of: fn(&S) -> u64, table: &Arc<Table>, options: &DumpOptions) -> Self {
        DumpStream {
            stream,
            position_of,
            form: options.form,
            json: JsonDump::new(table, options),
            debug: DebugDump::new(table),
            excluded: None,
            row: Row::default(),
            marker: Marker::default(),
            state: State::Start,
            debug_position: 0,
        }
    }

    /// Leaves out partitions: `-x`.
    pub fn exclude(&mut self, excluded: impl FnMut(&[u8]) -> bool + Send + 'static) {
        self.excluded = Some(Box::new(excluded));
    }

    /// Goes on behind partitions that were dumped before: nothing stands in front of the first one that is found.
    pub fn resume(&mut self) {
        self.state = State::Between;
        self.json.resume();
    }

    /// Whether what was appended ends with a whole partition, or nothing was.
    pub fn is_between(&self) -> bool {
        self.state != State::InPartition
    }

    /// The stream, to be placed elsewhere between two partitions: `-k`.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Appends text until `out` has `enough` bytes or the stream ends; `false` when it has ended.
    pub fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        self.begin(out);
        while out.len() < enough {
            match self.state {
                State::InPartition => self.next(out)?,
                _ => {
                    if !self.next_partition(out)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Appends what stands behind the last partition.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        if self.form != DumpForm::Debug {
            self.json.end(out);
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.state == State::Start {
            self.state = State::Between;
            if self.form != DumpForm::Debug {
                self.json.begin(out);
            }
        }
    }

    fn next_partition(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        loop {
            if !self.stream.next_partition()? {
                return Ok(false);
            }
            let key = &self.stream.key().key;
            if !self.excluded.as_mut().is_some_and(|excluded| excluded(key)) {
                break;
            }
        }
        // What is printed as the position of a partition is that behind its head and static row.
        let position = (self.position_of)(&self.stream);
        let DumpStream { stream, json, debug, .. } = self;
        let key = &stream.key().key;
        let static_row = stream.static_row();
        match self.form {
            DumpForm::Keys => {
                json.key_alone(key, out)?;
                return Ok(true);
            }
            DumpForm::Debug => debug.partition(key, position, stream.deletion(), static_row, out)?,
            DumpForm::Array | DumpForm::Lines => {
                json.partition(key, position, stream.deletion(), out)?;
                if !static_row.is_empty() {
                    json.static_row(static_row, position, out)?;
                }
            }
        }
        self.debug_position = position;
        self.state = State::InPartition;
        Ok(true)
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let position = (self.position_of)(&self.stream);
        let found = self.stream.next(&mut self.row, &mut self.marker)?;
        match (found, self.form) {
            (Unfiltered::End, form) => {
                self.state = State::Between;
                if form != DumpForm::Debug {
                    self.json.end_partition(out);
                }
                return Ok(());
            }
            (Unfiltered::Row, DumpForm::Debug) => self.debug.row(&self.row, self.debug_position, out)?,
            (Unfiltered::Marker, DumpForm::Debug) => self.debug.marker(&self.marker, self.debug_position, out)?,
            (Unfiltered::Row, _) => self.json.row(&self.row, position, out)?,
            (Unfiltered::Marker, _) => self.json.marker(&self.marker, out)?,
        }
        self.debug_position = (self.position_of)(&self.stream);
        Ok(())
    }
}
