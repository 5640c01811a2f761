//! The rows of a whole table: cut by token into slices, some of which are made ahead on other cores.
//!
//! ```text
//!   slice   0     1     2     3     4     5
//!                 ^reader     ^---^ made ahead, at most [`SLICE_TEXT`] of each; a longer one is gone on with by the reader
//! ```

use std::collections::VecDeque;

use sstablefs::Result;
use sstablefs::table::TokenSlices;

use super::crew::{Crew, Pending};
use super::rows::{Rows, RowsAt, RowsText};
use crate::content::{Producer, Source};

/// How much data a slice has, uncompressed and if tokens are spread evenly.
pub(super) const SLICE_DATA: u64 = 256 << 10;
/// How much text of a slice is made ahead.
const SLICE_TEXT: usize = 1 << 20;
/// How many slices one reader has made ahead.
const AHEAD: usize = 3;

#[derive(Clone)]
pub(super) struct WholeTable {
    /// Of all partitions.
    rows: Rows,
    slices: TokenSlices,
    crew: Crew,
}

impl WholeTable {
    pub(super) fn new(rows: Rows, crew: Crew, slice_data: u64) -> Self {
        let data = rows.view.sstables().iter().map(|s| s.data().len()).sum();
        let slices = TokenSlices::new(rows.view.key_order(), data, slice_data);
        WholeTable { rows, slices, crew }
    }

    fn slice(&self, slice: u64) -> Rows {
        Rows { range: self.slices.range(slice), is_part: true, ..self.rows.clone() }
    }
}

/// Text of the begin of a slice.
struct Piece {
    text: Vec<u8>,
    /// Where the rest of the slice begins; `None`: there is no rest.
    rest: Result<Option<RowsAt>>,
}

fn make(rows: &Rows, mut text: Vec<u8>) -> Piece {
    let made = rows.start(None).and_then(|mut producer| {
        let more = producer.fill(&mut text, SLICE_TEXT)?;
        Ok(more.then(|| producer.checkpoint()))
    });
    Piece { text, rest: made }
}

#[derive(Clone)]
pub(super) struct WholeAt {
    slice: u64,
    within: Option<RowsAt>,
    wrote_rows: bool,
}

pub(super) struct WholeText {
    table: WholeTable,
    /// The slice that comes next, or that `within` is of.
    slice: u64,
    within: Option<RowsText>,
    /// Of the slices behind that one.
    ahead: VecDeque<Pending<Piece>>,
    opened: bool,
    wrote_rows: bool,
    /// Slices that were read since it was started: only who reads on and on is made ahead for.
    read: u64,
}

impl Source for WholeTable {
    type Checkpoint = WholeAt;
    type Producer = WholeText;

    fn start(&self, from: Option<&WholeAt>) -> Result<WholeText> {
        let slice = from.map_or(0, |f| f.slice);
        let within = match from.and_then(|f| f.within.as_ref()) {
            Some(at) => Some(self.slice(slice).start(Some(at))?),
            None => None,
        };
        Ok(WholeText {
            table: self.clone(),
            slice,
            within,
            ahead: VecDeque::new(),
            opened: from.is_some(),
            wrote_rows: from.is_some_and(|f| f.wrote_rows),
            read: 0,
        })
    }
}

impl WholeText {
    /// Appends more of the slice at hand, or of the next one.
    fn step(&mut self, out: &mut Vec<u8>, target: usize) -> Result<()> {
        if let Some(within) = &mut self.within {
            if !within.fill(out, target)? {
                self.within = None;
                self.slice += 1;
                self.read += 1;
            }
            return Ok(());
        }
        let Some(mut pending) = self.ahead.pop_front() else {
            self.within = Some(self.table.slice(self.slice).start(None)?);
            return Ok(());
        };
        if !pending.is_made() && !pending.make() {
            // Somebody is at it: better to make one of those behind it than to wait.
            let _ = self.ahead.iter_mut().any(Pending::make);
        }
        let piece = pending.take();
        out.extend_from_slice(&piece.text);
        self.table.crew.give_back(piece.text);
        match piece.rest? {
            Some(at) => self.within = Some(self.table.slice(self.slice).start(Some(&at))?),
            None => {
                self.slice += 1;
                self.read += 1;
            }
        }
        Ok(())
    }

    fn look_ahead(&mut self) {
        let behind = u64::from(self.within.is_some());
        while self.read > 0 && self.ahead.len() < AHEAD {
            let next = self.slice + behind + self.ahead.len() as u64;
            if next >= self.table.slices.count() {
                return;
            }
            let rows = self.table.slice(next);
            let Some(pending) = self.table.crew.begin(move |buffer| make(&rows, buffer)) else { return };
            self.ahead.push_back(pending);
        }
    }
}

impl Producer for WholeText {
    type Checkpoint = WholeAt;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        if !self.opened {
            self.opened = true;
            self.table.rows.open(out);
        }
        while out.len() < target {
            if self.slice == self.table.slices.count() {
                self.table.rows.close(out);
                return Ok(false);
            }
            self.look_ahead();
            let start = out.len();
            let result = self.step(out, target);
            if !self.wrote_rows && out.len() > start {
                self.wrote_rows = true;
                self.table.rows.begin_first(out, start);
            }
            result?;
        }
        Ok(true)
    }

    fn checkpoint(&self) -> WholeAt {
        let within = self.within.as_ref().map(Producer::checkpoint);
        WholeAt { slice: self.slice, within, wrote_rows: self.wrote_rows }
    }
}
