//! A file whose text is made while it is read.
//!
//! ```text
//!   0 ........ C ........ C ........ C ........ C ..[=========window=========]      C: a checkpoint
//!                                                   ^window_start            ^ the producer stands here
//! ```
//! A read inside the window is a copy; one behind it moves the producer forward; one before it starts a producer at the
//! nearest checkpoint.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use sstablefs::{Error, Result};

use super::active::{Active, Park};
use super::checkpoints::Checkpoints;
use super::{Content, Producer, Source};

/// Sizes in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How much is made at a time.
    pub step: usize,
    /// How much of what was read stays, for requests that arrive out of order.
    pub keep: usize,
    /// The least distance between checkpoints.
    pub spacing: u64,
    /// The number of checkpoints.
    pub checkpoints: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { step: 256 << 10, keep: 512 << 10, spacing: 1 << 20, checkpoints: 128 }
    }
}

/// A text that is made while it is read, and can be read from anywhere.
pub struct Stream<S: Source> {
    source: Arc<S>,
    limits: Limits,
    active: Active,
    /// Whether what stands before damage may be given out as a short read: only where the kernel does not take a short
    /// read for the end of the file, which is with direct I/O.
    short_reads: bool,
    this: Weak<Self>,
    /// Shared by all who read the same text. Taken after `state`, for moments only.
    marks: Arc<Mutex<Marks<S::Checkpoint>>>,
    state: Mutex<State<S>>,
}

/// What is known about the text, wherever one reads it.
struct Marks<C> {
    checkpoints: Checkpoints<C>,
    /// The size, when the end has been seen.
    end: Option<u64>,
}

struct State<S: Source> {
    producer: Option<S::Producer>,
    window: Vec<u8>,
    window_start: u64,
    /// Where the last producer stood when it was given up.
    parked: Option<(u64, S::Checkpoint)>,
}

impl<S: Source> State<S> {
    fn window_end(&self) -> u64 {
        self.window_start + self.window.len() as u64
    }

    /// The bytes from `start` to `end` when the window has them.
    fn slice(&self, start: u64, end: u64) -> Option<&[u8]> {
        let from = start.checked_sub(self.window_start)?;
        let to = end.checked_sub(self.window_start)?;
        self.window.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }

    /// Forgets the window's bytes before `position`, when they are worth the move of the rest.
    fn trim(&mut self, position: u64, step: usize) {
        let surplus = position.saturating_sub(self.window_start).min(self.window.len() as u64) as usize;
        if surplus == self.window.len() {
            self.window.clear();
        } else if surplus >= step {
            self.window.drain(..surplus);
        } else {
            return;
        }
        self.window_start += surplus as u64;
    }
}

impl<S: Source> Stream<S> {
    /// Text of a source, of which no more is kept than the limits say.
    pub fn new(source: S, limits: Limits, active: Active, short_reads: bool) -> Arc<Self> {
        let checkpoints = Checkpoints::new(limits.checkpoints, limits.spacing);
        let marks = Arc::new(Mutex::new(Marks { checkpoints, end: None }));
        Self::with(Arc::new(source), limits, active, short_reads, marks)
    }

    fn with(
        source: Arc<S>,
        limits: Limits,
        active: Active,
        short_reads: bool,
        marks: Arc<Mutex<Marks<S::Checkpoint>>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Stream {
            source,
            limits,
            active,
            short_reads,
            this: this.clone(),
            marks,
            state: Mutex::new(State { producer: None, window: Vec::new(), window_start: 0, parked: None }),
        })
    }

    fn end(&self) -> Option<u64> {
        self.marks.lock().end
    }

    /// Puts a producer at or before `position`, with the window ending where it stands.
    fn place(&self, state: &mut State<S>, position: u64) -> Result<()> {
        let near = |place: Option<&(u64, S::Checkpoint)>| place.filter(|p| p.0 <= position).cloned();
        let from = near(self.marks.lock().checkpoints.before(position));
        let from = near(state.parked.as_ref()).filter(|p| from.as_ref().is_none_or(|f| f.0 < p.0)).or(from);
        let start = from.as_ref().map_or(0, |f| f.0);
        let standing = state.producer.is_some();
        if standing && position >= state.window_start && start <= state.window_end() {
            return Ok(());
        }
        self.active.enter(self.this.clone());
        state.producer = None;
        let producer = self.source.start(from.as_ref().map(|f| &f.1))?;
        if start != state.window_end() || position < state.window_start {
            state.window.clear();
            state.window_start = start;
        }
        state.producer = Some(producer);
        state.parked = None;
        Ok(())
    }

    /// Makes the next piece; bytes before `keep_from` may go.
    fn advance(&self, state: &mut State<S>, keep_from: u64) -> Result<()> {
        let Some(producer) = &mut state.producer else {
            return Err(Error::invalid("a stream without a producer"));
        };
        let before = state.window.len();
        let more = match producer.fill(&mut state.window, before + self.limits.step) {
            Ok(true) if state.window.len() == before => Err(Error::invalid("no text was made, and no end reached")),
            other => other,
        };
        let position = state.window_start + state.window.len() as u64;
        match more {
            Ok(true) => {
                let mut marks = self.marks.lock();
                if marks.checkpoints.wants(position) {
                    marks.checkpoints.add(position, producer.checkpoint());
                }
            }
            Ok(false) => {
                self.marks.lock().end = Some(position);
                state.producer = None;
            }
            Err(e) => {
                // It does not stand at a known place any more.
                state.producer = None;
                return Err(e);
            }
        }
        // Each time all that is kept is moved: not for every piece.
        state.trim(keep_from.min(position), self.limits.step * 4);
        Ok(())
    }
}

impl<S: Source> Content for Stream<S> {
    fn read(&self, offset: u64, size: usize, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        let state = &mut *self.state.lock();
        let until = offset.saturating_add(size as u64);
        loop {
            let until = self.end().map_or(until, |end| until.min(end));
            if offset >= until {
                sink(&[]);
                return Ok(());
            }
            if let Some(bytes) = state.slice(offset, until) {
                sink(bytes);
                return Ok(());
            }
            let keep_from = offset.saturating_sub(self.limits.keep as u64);
            if let Err(e) = self.place(state, offset).and_then(|()| self.advance(state, keep_from)) {
                // What was made before the damage is good.
                let good = until.min(state.window_end());
                match state.slice(offset, good) {
                    Some(bytes) if good == until || self.short_reads && !bytes.is_empty() => sink(bytes),
                    _ => return Err(e),
                }
                return Ok(());
            }
        }
    }

    fn measure(&self) -> Result<u64> {
        let state = &mut *self.state.lock();
        loop {
            if let Some(end) = self.end() {
                return Ok(end);
            }
            let known = self.marks.lock().checkpoints.before(u64::MAX).map_or(0, |c| c.0).max(state.window_end());
            self.place(state, known)?;
            self.advance(state, known)?;
        }
    }

    fn known_size(&self) -> Option<u64> {
        self.end()
    }

    fn may_take_long(&self) -> bool {
        self.source.may_take_long()
    }

    fn reopen(&self) -> Arc<dyn Content> {
        Self::with(self.source.clone(), self.limits, self.active.clone(), self.short_reads, self.marks.clone())
    }
}

impl<S: Source> Park for Stream<S> {
    fn park(&self) -> bool {
        let Some(mut state) = self.state.try_lock() else { return false };
        let end = state.window_end();
        if let Some(producer) = state.producer.take() {
            state.parked = Some((end, producer.checkpoint()));
        }
        state.window = Vec::new();
        state.window_start = end;
        true
    }
}
