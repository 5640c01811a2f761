//! The part of an input that is in memory, and where in the text it stands.

use std::io::Read;

use super::{Fault, Output, Stop};

/// No record may be longer.
pub(super) const MAX_RECORD: usize = 256 << 20;
const READ: usize = 256 << 10;

/// Buffers the input from the record at hand on.
pub(super) struct Window<'r> {
    input: &'r mut dyn Read,
    progress: &'r mut dyn FnMut(u64),
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    /// Lines are counted up to here, not behind `start`.
    counted: usize,
    /// Of the byte at `counted`, from 0.
    line: u64,
    column: u64,
    consumed: u64,
}

impl<'r> Window<'r> {
    pub(super) fn new(input: &'r mut dyn Read, progress: &'r mut dyn FnMut(u64)) -> Self {
        let buffer = vec![0; READ];
        Window { input, progress, buffer, start: 0, end: 0, at_end: false, counted: 0, line: 0, column: 0, consumed: 0 }
    }

    /// Reads the first bytes, takes away a byte order mark and refuses what is no text at all.
    pub(super) fn begin(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
        while self.bytes().len() < 4 && self.more(out)? {}
        let reason = match self.bytes() {
            [0xef, 0xbb, 0xbf, ..] => {
                self.start += 3;
                self.counted += 3;
                self.consumed += 3;
                return Ok(());
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
                "the text is UTF-16: it must be UTF-8"
            }
            [0x1f, 0x8b, ..] => "the file is compressed with gzip: it must be plain text",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "the file is compressed with zstd: it must be plain text",
            [b'P', b'K', 3, 4, ..] => "the file is a zip archive or a spreadsheet: it must be plain text",
            [] => "the file is empty",
            _ => return Ok(()),
        };
        out.error(1, 1, reason.into())?;
        Err(Stop::Enough)
    }

    /// What is buffered, from the record at hand on.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing comes behind the buffered bytes.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Buffers more; `false` at the end of the input.
    pub(super) fn more(&mut self, out: &mut Output<'_>) -> Result<bool, Stop> {
        if self.at_end {
            return Ok(false);
        }
        let used = self.end - self.start;
        if used > MAX_RECORD {
            let (line, column) = self.place(0);
            out.error(line, column, format!("this row is longer than {} MiB", MAX_RECORD >> 20))?;
            return Err(Stop::Enough);
        }
        if self.start > 0 {
            (self.line, self.column) = self.count(self.start);
            self.counted = 0;
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, used);
        }
        // Twice the room each time, so that a long record is not looked at again for each piece.
        let wanted = READ.max(used * 2);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(n) => self.end += n.min(self.buffer.len() - self.end),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Stop::Read(error)),
            }
        }
        (self.progress)(self.consumed + (self.end - self.start) as u64);
        Ok(self.end > used)
    }

    /// Goes on behind `n` bytes.
    #[inline]
    pub(super) fn advance(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.consumed += n as u64;
    }

    /// Line and column, from 0, of a byte in the buffer.
    fn count(&self, at: usize) -> (u64, u64) {
        step(self.buffer.get(self.counted..at).unwrap_or_default(), self.line, self.column)
    }

    /// Line and column, from 1, of a byte in the buffer.
    pub(super) fn place(&self, offset: usize) -> (u64, u64) {
        let (line, column) = self.count((self.start + offset).min(self.end));
        (line + 1, column + 1)
    }

    /// Reports what is wrong at a byte of the record at hand.
    pub(super) fn fault(&self, fault: Fault, out: &mut Output<'_>) -> Result<(), Stop> {
        let (line, column) = self.place(fault.offset);
        out.error(line, column, fault.reason)
    }
}

/// Line and column behind `bytes`.
fn step(bytes: &[u8], line: u64, column: u64) -> (u64, u64) {
    let characters = |bytes: &[u8]| bytes.iter().filter(|&&b| b & 0xc0 != 0x80).count() as u64;
    match memchr::memrchr(b'\n', bytes) {
        Some(last) => {
            let lines = memchr::memchr_iter(b'\n', &bytes[..=last]).count() as u64;
            (line + lines, characters(&bytes[last + 1..]))
        }
        None => (line, column + characters(bytes)),
    }
}
