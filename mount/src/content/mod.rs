//! What is in a file: bytes by offset, made while they are read.
//!
//! Text of any length passes through in bounded memory. [`Stream`] keeps a window of what was made last, so that
//! sequential readers and the kernel's read-ahead (several requests at a time, in any order) go on where they are, and
//! `Checkpoints` from which it starts again for a seek backwards. `Active` bounds how many streams are being made at
//! a time, however many files are open.

mod active;
mod checkpoints;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sstablefs::Result;

pub use active::Active;
pub(crate) use checkpoints::Checkpoints;
pub use stream::{Limits, Stream};

/// The bytes of an open file.
pub trait Content: Send + Sync {
    /// Hands up to `size` bytes at `offset` to `sink`, once; fewer only at the end, or before damage in a file whose
    /// size nobody was told.
    fn read(&self, offset: u64, size: usize, sink: &mut dyn FnMut(&[u8])) -> Result<()>;

    /// The exact size, which may mean to make all of it.
    fn measure(&self) -> Result<u64>;

    /// The exact size when it is known without work.
    fn known_size(&self) -> Option<u64>;

    /// Whether a read may be long without an answer, so that nobody else should have to wait behind it.
    fn may_take_long(&self) -> bool {
        false
    }

    /// The same bytes for another reader, who does not disturb the others' place.
    fn reopen(&self) -> Arc<dyn Content>;
}

/// Bytes in memory.
#[derive(Debug, Clone)]
pub struct Fixed(pub Arc<[u8]>);

impl Content for Fixed {
    fn read(&self, offset: u64, size: usize, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(size).min(self.0.len());
        sink(&self.0[start..end]);
        Ok(())
    }

    fn measure(&self) -> Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn known_size(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn reopen(&self) -> Arc<dyn Content> {
        Arc::new(self.clone())
    }
}

/// Text that can be made from the start or from any checkpoint, always the same.
pub trait Source: Send + Sync + 'static {
    /// What is kept to begin there again.
    type Checkpoint: Clone + Send + 'static;
    /// What makes the text.
    type Producer: Producer<Checkpoint = Self::Checkpoint>;

    /// Begins to make the text, from its start or from a checkpoint of the same text.
    fn start(&self, from: Option<&Self::Checkpoint>) -> Result<Self::Producer>;

    /// See [`Content::may_take_long`].
    fn may_take_long(&self) -> bool {
        false
    }
}

/// Text being made.
pub trait Producer: Send + 'static {
    /// As [`Source::Checkpoint`].
    type Checkpoint;

    /// Appends text until `out` is at least `target` bytes long; `false` when there is no more. What was appended
    /// before an error is good.
    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool>;

    /// From where to go on behind all that was appended.
    fn checkpoint(&self) -> Self::Checkpoint;
}
