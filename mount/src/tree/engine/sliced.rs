//! A long text that is cut by token into slices, some of which are made ahead on other cores.
//!
//! ```text
//!   slice   0     1     2     3     4     5
//!                 ^reader     ^---^ made ahead, at most [`SLICE_TEXT`] of each; a longer one is gone on with by the reader
//! ```

use std::collections::VecDeque;

use sstablefs::Result;

use super::crew::{Crew, Pending};
use crate::content::{Producer, Source};

/// How much data a slice has, uncompressed and if tokens are spread evenly.
pub(super) const SLICE_DATA: u64 = 256 << 10;
/// How much text of a slice is made ahead.
const SLICE_TEXT: usize = 1 << 20;
/// How many slices one reader has made ahead.
const AHEAD: usize = 3;

/// What is cut into slices.
pub(super) trait Slices: Clone + Send + Sync + 'static {
    type Slice: Source<Producer: Counted>;

    fn count(&self) -> u64;

    /// The rows of a slice, each as one behind another, and nothing around them.
    fn slice(&self, slice: u64) -> Self::Slice;

    /// Appends what stands before the first row.
    fn open(&self, out: &mut Vec<u8>);

    /// Appends what stands behind the last row, when there were so many.
    fn close(&self, rows: u64, out: &mut Vec<u8>);

    /// How many bytes separate a row from one before it: the first of all goes without.
    fn separator(&self) -> usize;
}

pub(super) trait Counted {
    /// How many rows of its slice there were so far, whoever made the text of the first ones.
    fn rows(&self) -> u64;
}

type Making<S> = <<S as Slices>::Slice as Source>::Producer;
type At<S> = <<S as Slices>::Slice as Source>::Checkpoint;

#[derive(Clone)]
pub(super) struct Sliced<S> {
    slices: S,
    crew: Crew,
}

impl<S: Slices> Sliced<S> {
    pub(super) fn new(slices: S, crew: Crew) -> Self {
        Sliced { slices, crew }
    }
}

/// Text of the begin of a slice.
struct Piece<S: Slices> {
    text: Vec<u8>,
    rows: u64,
    /// Where the rest of the slice begins; `None`: there is no rest.
    rest: Result<Option<At<S>>>,
}

fn make<S: Slices>(slice: &S::Slice, text: Vec<u8>) -> Piece<S> {
    let mut piece = Piece { text, rows: 0, rest: Ok(None) };
    piece.rest = slice.start(None).and_then(|mut producer| {
        let more = producer.fill(&mut piece.text, SLICE_TEXT);
        piece.rows = producer.rows();
        Ok(more?.then(|| producer.checkpoint()))
    });
    piece
}

pub(super) struct SlicedAt<S: Slices> {
    slice: u64,
    within: Option<At<S>>,
    /// In the slices before.
    rows: u64,
}

impl<S: Slices> Clone for SlicedAt<S> {
    fn clone(&self) -> Self {
        SlicedAt { slice: self.slice, within: self.within.clone(), rows: self.rows }
    }
}

pub(super) struct SlicedText<S: Slices> {
    whole: Sliced<S>,
    /// The slice that comes next, or that `within` is of.
    slice: u64,
    within: Option<Making<S>>,
    /// Rows of the slices before that one.
    rows: u64,
    /// Of the slices behind that one.
    ahead: VecDeque<Pending<Piece<S>>>,
    opened: bool,
    /// Slices that were read since it was started: only who reads on and on is made ahead for.
    read: u64,
}

impl<S: Slices> Source for Sliced<S> {
    type Checkpoint = SlicedAt<S>;
    type Producer = SlicedText<S>;

    fn start(&self, from: Option<&SlicedAt<S>>) -> Result<SlicedText<S>> {
        let slice = from.map_or(0, |f| f.slice);
        let within = match from.and_then(|f| f.within.as_ref()) {
            Some(at) => Some(self.slices.slice(slice).start(Some(at))?),
            None => None,
        };
        Ok(SlicedText {
            whole: self.clone(),
            slice,
            within,
            rows: from.map_or(0, |f| f.rows),
            ahead: VecDeque::new(),
            opened: from.is_some(),
            read: 0,
        })
    }

    fn may_take_long(&self) -> bool {
        self.slices.slice(0).may_take_long()
    }
}

impl<S: Slices> SlicedText<S> {
    /// Appends more of the slice at hand, or of the next one.
    fn step(&mut self, out: &mut Vec<u8>, target: usize) -> Result<()> {
        if let Some(within) = &mut self.within {
            if !within.fill(out, target)? {
                self.rows += within.rows();
                self.next();
            }
            return Ok(());
        }
        let Some(mut pending) = self.ahead.pop_front() else {
            self.within = Some(self.whole.slices.slice(self.slice).start(None)?);
            return Ok(());
        };
        if !pending.is_made() && !pending.make() {
            // Somebody is at it: better to make one of those behind it than to wait.
            let _ = self.ahead.iter_mut().any(Pending::make);
        }
        let piece = pending.take();
        out.extend_from_slice(&piece.text);
        self.whole.crew.give_back(piece.text);
        match piece.rest? {
            Some(at) => self.within = Some(self.whole.slices.slice(self.slice).start(Some(&at))?),
            None => {
                self.rows += piece.rows;
                self.next();
            }
        }
        Ok(())
    }

    fn next(&mut self) {
        self.within = None;
        self.slice += 1;
        self.read += 1;
    }

    fn look_ahead(&mut self) {
        let behind = u64::from(self.within.is_some());
        while self.read > 0 && self.ahead.len() < AHEAD {
            let next = self.slice + behind + self.ahead.len() as u64;
            if next >= self.whole.slices.count() {
                return;
            }
            let slice = self.whole.slices.slice(next);
            let Some(pending) = self.whole.crew.begin(move |buffer| make::<S>(&slice, buffer)) else { return };
            self.ahead.push_back(pending);
        }
    }

    fn has_rows(&self) -> bool {
        self.rows > 0 || self.within.as_ref().is_some_and(|within| within.rows() > 0)
    }
}

impl<S: Slices> Producer for SlicedText<S> {
    type Checkpoint = SlicedAt<S>;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        if !self.opened {
            self.opened = true;
            self.whole.slices.open(out);
        }
        while out.len() < target {
            if self.slice == self.whole.slices.count() {
                self.whole.slices.close(self.rows, out);
                return Ok(false);
            }
            self.look_ahead();
            let (start, had_rows) = (out.len(), self.has_rows());
            let result = self.step(out, target);
            if !had_rows && out.len() > start {
                out.drain(start..start + self.whole.slices.separator().min(out.len() - start));
            }
            result?;
        }
        Ok(true)
    }

    fn checkpoint(&self) -> SlicedAt<S> {
        SlicedAt { slice: self.slice, within: self.within.as_ref().map(Producer::checkpoint), rows: self.rows }
    }
}
