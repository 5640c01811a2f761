//! A moving window on the uncompressed bytes of Data.db.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sstable::compression::DataSource;

/// A buffer that grew beyond this for one large row is given back when the row is done.
const KEEP: usize = 1 << 20;

/// Chunks are decoded one behind the other into one reused buffer, so that what is asked for is contiguous also over
/// the border of chunks.
pub(crate) struct Window {
    source: Arc<DataSource>,
    buffer: Vec<u8>,
    /// Start of what is not consumed yet.
    start: usize,
    /// Position in the uncompressed data of the buffer's first byte.
    base: u64,
}

impl Window {
    pub(crate) fn new(source: Arc<DataSource>) -> Self {
        Window { source, buffer: Vec::new(), start: 0, base: 0 }
    }

    /// Position of the next byte in the uncompressed data.
    #[inline]
    pub(crate) fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Length of the uncompressed data.
    pub(crate) fn len(&self) -> u64 {
        self.source.len()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.position() >= self.len()
    }

    /// Decoded bytes that are not consumed.
    #[inline]
    pub(crate) fn available(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    #[inline]
    pub(crate) fn advance(&mut self, n: usize) {
        debug_assert!(n <= self.buffer.len() - self.start);
        self.start = (self.start + n).min(self.buffer.len());
    }

    pub(crate) fn seek(&mut self, position: u64) -> Result<()> {
        if position > self.len() {
            return Err(self
                .error(format!("a position behind the end of the data ({} bytes)", self.len()))
                .at(position));
        }
        if position >= self.base && position <= self.base + self.buffer.len() as u64 {
            self.start = (position - self.base) as usize;
            return Ok(());
        }
        self.buffer.clear();
        self.start = 0;
        self.base = position;
        if position == self.len() {
            return Ok(());
        }
        let (chunk, _) = self.source.read_chunk(position, &mut self.buffer)?;
        self.base = chunk;
        self.start = (position - chunk) as usize;
        Ok(())
    }

    /// Moves on by `n` bytes without decoding chunks that lie wholly within them.
    pub(crate) fn skip(&mut self, n: u64) -> Result<()> {
        self.seek(self.position().saturating_add(n))
    }

    /// Makes at least `n` bytes available.
    #[inline]
    pub(crate) fn ensure(&mut self, n: usize) -> Result<()> {
        if self.buffer.len() - self.start >= n { Ok(()) } else { self.fill(n) }
    }

    #[cold]
    fn fill(&mut self, n: usize) -> Result<()> {
        if n as u64 > self.len() - self.position() {
            return Err(self.error("the data ends in the middle of a partition"));
        }
        while self.available().len() < n {
            self.more()?;
        }
        Ok(())
    }

    /// Adds the next chunk to what is available.
    pub(crate) fn more(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start.., 0);
            self.buffer.truncate(self.buffer.len() - self.start);
            self.base += self.start as u64;
            self.start = 0;
        }
        if self.buffer.capacity() > KEEP && self.buffer.len() < KEEP / 4 {
            self.buffer.shrink_to(KEEP / 2);
        }
        let end = self.base + self.buffer.len() as u64;
        if end >= self.len() {
            return Err(self.error("the data ends in the middle of a partition"));
        }
        let before = self.buffer.len();
        let (chunk, len) = self.source.read_chunk(end, &mut self.buffer)?;
        if chunk != end || len == 0 || self.buffer.len() != before + len {
            return Err(self.error("chunks that do not follow each other"));
        }
        Ok(())
    }

    /// A `Corrupt` error at the next byte.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::corrupt(message).at(self.position())
    }
}
