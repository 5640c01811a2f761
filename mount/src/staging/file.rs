//! A file that is written: its bytes, and what became of them so far.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::name;

/// More writers than this are not told apart.
const MANY_WRITERS: usize = 64;

/// Those who wrote, by the tables of descriptors that they belong to.
#[derive(Debug, Default)]
pub(super) struct Writers {
    known: Vec<u64>,
    others: bool,
}

impl Writers {
    fn add(&mut self, owner: Option<u64>) {
        match owner {
            Some(owner) if self.known.contains(&owner) => {}
            Some(owner) if self.known.len() < MANY_WRITERS => self.known.push(owner),
            Some(_) | None => self.others = true,
        }
    }

    pub(super) fn contains(&self, owner: u64) -> bool {
        self.others || self.known.contains(&owner)
    }

    fn clear(&mut self) {
        *self = Writers::default();
    }
}

/// What became of the bytes when they were looked at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    None,
    Taken,
    Bad,
    /// They were not whole when there were so many.
    Later(u64),
    /// They could not be taken up for a reason that is not theirs.
    Failed(i32),
    /// Some of them could not be kept: what is there is not what was written.
    Torn(i32),
}

#[derive(Debug)]
pub(super) struct State {
    /// Bytes at the front that were taken up.
    pub(super) taken: u64,
    /// Something was written since the verdict.
    pub(super) has_news: bool,
    /// Who wrote since something was taken up.
    pub(super) writers: Writers,
    pub(super) verdict: Verdict,
    /// Who wrote last has closed a descriptor since. (When none is left is told later than close returns.)
    pub(super) is_closed: bool,
    /// Somebody wants all of it to be in SSTables when it is closed.
    pub(super) is_synced: bool,
}

impl State {
    /// The whole file, which has `size` bytes, was taken up.
    pub(super) fn all_taken(&mut self, size: u64) {
        (self.taken, self.has_news, self.verdict) = (size, false, Verdict::Taken);
        self.writers.clear();
    }
}

pub(super) struct StagedFile {
    bytes: File,
    /// To be changed by who has the state only.
    size: AtomicU64,
    /// Held while it is written or taken up.
    pub(super) state: Mutex<State>,
}

impl StagedFile {
    pub(super) fn new(bytes: File) -> Self {
        let state = State {
            taken: 0,
            has_news: false,
            writers: Writers::default(),
            verdict: Verdict::None,
            is_closed: true,
            is_synced: false,
        };
        StagedFile { bytes, size: AtomicU64::new(0), state: Mutex::new(state) }
    }

    pub(super) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(super) fn read(&self, offset: u64, size: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let left = self.size().saturating_sub(offset);
        out.resize(usize::try_from(left).unwrap_or(usize::MAX).min(size), 0);
        let mut filled = 0;
        while filled < out.len() {
            match self.bytes.read_at(&mut out[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        out.truncate(filled);
        Ok(())
    }

    /// Writes at `offset`, or at the end.
    pub(super) fn write(&self, offset: Option<u64>, data: &[u8], owner: Option<u64>) -> io::Result<()> {
        let state = &mut *self.state.lock();
        let size = self.size();
        let offset = offset.unwrap_or(size);
        let Some(end) = offset.checked_add(data.len() as u64).filter(|end| *end <= i64::MAX as u64) else {
            return Err(io::Error::from_raw_os_error(libc::EFBIG));
        };
        if data.is_empty() {
            return Ok(());
        }
        state.writers.add(owner);
        (state.has_news, state.is_closed) = (true, false);
        if offset < state.taken {
            // Another text than the one that was taken up.
            state.taken = 0;
        }
        if let Err(e) = self.bytes.write_all_at(data, offset) {
            state.verdict = Verdict::Torn(e.raw_os_error().unwrap_or(libc::EIO));
            // What was written of it is no part of the file.
            if offset <= size {
                let _ = self.bytes.set_len(size);
            }
            return Err(e);
        }
        self.size.store(size.max(end), Ordering::Release);
        Ok(())
    }

    pub(super) fn truncate(&self, length: u64, owner: Option<u64>) -> io::Result<()> {
        let state = &mut *self.state.lock();
        let size = self.size();
        if length > i64::MAX as u64 {
            return Err(io::Error::from_raw_os_error(libc::EFBIG));
        }
        self.bytes.set_len(length)?;
        self.size.store(length, Ordering::Release);
        if length == 0 {
            state.writers.clear();
            (state.taken, state.has_news, state.verdict) = (0, false, Verdict::None);
        } else if length != size {
            if length < state.taken {
                state.taken = 0;
            }
            state.writers.add(owner);
            state.has_news = true;
        }
        Ok(())
    }

    /// Gives the room back that the bytes take; nobody reads them any more.
    pub(super) fn clear(&self) {
        let _state = self.state.lock();
        self.size.store(0, Ordering::Release);
        // The room is free at the latest when the file is dropped.
        let _ = self.bytes.set_len(0);
    }

    /// What was not taken up yet. `name` says what kind of text it is.
    pub(super) fn text(&self, name: &str, taken: u64) -> io::Result<Text<'_>> {
        let mut text = Text { file: self, header_end: 0, from: taken, at: 0 };
        if taken == 0 || !name::is_csv(name) {
            text.at = taken;
            return Ok(text);
        }
        text.header_end = self.header_end()?.min(taken);
        // A last line without its end goes on in what came behind it.
        let mut around = Vec::new();
        self.read(taken - 1, 2, &mut around)?;
        if !matches!(around[..], [b'\n' | b'\r', ..] | [_, b'\n' | b'\r']) {
            text.from = self.line_start(taken)?.max(text.header_end);
        }
        Ok(text)
    }

    /// Whether the last byte ends a line.
    pub(super) fn ends_line(&self) -> io::Result<bool> {
        let mut last = Vec::new();
        self.read(self.size().saturating_sub(1), 1, &mut last)?;
        Ok(matches!(last[..], [b'\n' | b'\r']))
    }

    /// The end of the first line that is not empty.
    fn header_end(&self) -> io::Result<u64> {
        let (mut at, mut quoted, mut seen) = (0, false, false);
        let mut piece = Vec::new();
        loop {
            self.read(at, PIECE, &mut piece)?;
            if piece.is_empty() {
                return Ok(at);
            }
            for (i, byte) in piece.iter().enumerate() {
                match byte {
                    b'"' => quoted = !quoted,
                    b'\n' if !quoted && seen => return Ok(at + i as u64 + 1),
                    b'\n' | b'\r' | b' ' | b'\t' => {}
                    _ => seen = true,
                }
            }
            at += piece.len() as u64;
        }
    }

    fn line_start(&self, end: u64) -> io::Result<u64> {
        let mut end = end;
        let mut piece = Vec::new();
        while end > 0 {
            let start = end.saturating_sub(PIECE as u64);
            self.read(start, (end - start) as usize, &mut piece)?;
            if let Some(at) = piece.iter().rposition(|b| *b == b'\n') {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }
}

const PIECE: usize = 64 << 10;

/// A staged file's text: all of it, or the header and what is behind the part that was taken up.
pub(super) struct Text<'a> {
    file: &'a StagedFile,
    header_end: u64,
    from: u64,
    at: u64,
}

impl Text<'_> {
    /// How many lines of the file stand in front of the given line of the text and are no part of it.
    pub(super) fn skipped_lines(&self, line: u64) -> io::Result<u64> {
        if line <= self.line_ends(0, self.header_end)? { Ok(0) } else { self.line_ends(self.header_end, self.from) }
    }

    /// How many lines the text has.
    pub(super) fn lines(&self) -> io::Result<u64> {
        let ends = self.line_ends(0, self.header_end)? + self.line_ends(self.from, self.file.size())?;
        Ok(ends + u64::from(!self.file.ends_line()?))
    }

    fn line_ends(&self, from: u64, to: u64) -> io::Result<u64> {
        let (mut at, mut lines, mut piece) = (from, 0, Vec::new());
        while at < to {
            self.file.read(at, PIECE.min(usize::try_from(to - at).unwrap_or(PIECE)), &mut piece)?;
            if piece.is_empty() {
                break;
            }
            lines += piece.iter().filter(|b| **b == b'\n').count() as u64;
            at += piece.len() as u64;
        }
        Ok(lines)
    }
}

impl Read for Text<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.header_end {
            self.at = self.at.max(self.from);
        }
        let end = if self.at < self.header_end { self.header_end } else { self.file.size() };
        let most = usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(out.len());
        let read = self.file.bytes.read_at(&mut out[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> StagedFile {
        let file = StagedFile::new(tempfile::tempfile().unwrap());
        file.write(Some(0), text.as_bytes(), None).unwrap();
        file
    }

    fn rest(file: &StagedFile, name: &str, taken: usize) -> String {
        let mut out = String::new();
        file.text(name, taken as u64).unwrap().read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn the_text_that_is_left_has_the_header() {
        let whole = "\nid,\"a\nb\"\n1,2\n3,4\n5,6";
        let csv = file(whole);
        assert_eq!(rest(&csv, "a.csv", 0), whole);
        assert_eq!(rest(&csv, "a.csv", whole.find("3,").unwrap()), "\nid,\"a\nb\"\n3,4\n5,6");
        assert_eq!(rest(&csv, "a.csv", whole.find(",4").unwrap()), "\nid,\"a\nb\"\n3,4\n5,6", "a line that went on");
        assert_eq!(rest(&csv, "a.csv", whole.find("\n3,").unwrap()), "\nid,\"a\nb\"\n\n3,4\n5,6", "it had ended");
        assert_eq!(rest(&csv, "a.csv", whole.find("1,").unwrap()), whole);
        assert_eq!(rest(&file("{}\n{} "), "a.json", 3), "{} ");
        let text = csv.text("a.csv", whole.find("3,").unwrap() as u64).unwrap();
        assert_eq!([1, 3, 4, 5].map(|line| text.skipped_lines(line).unwrap()), [0, 0, 1, 1]);
    }

    #[test]
    fn another_text_than_the_one_that_was_taken_up() {
        let file = file("abcdef");
        file.state.lock().taken = 4;
        file.write(None, b"gh", Some(1)).unwrap();
        file.write(Some(4), b"x", Some(1)).unwrap();
        assert_eq!((file.state.lock().taken, file.size()), (4, 8));
        file.write(Some(3), b"x", Some(1)).unwrap();
        assert_eq!(file.state.lock().taken, 0);
        file.state.lock().taken = 4;
        file.truncate(3, None).unwrap();
        assert_eq!(file.state.lock().taken, 0);
        assert!(file.state.lock().has_news);
        file.truncate(0, None).unwrap();
        assert!(!file.state.lock().has_news);
        let mut out = Vec::new();
        file.read(0, 10, &mut out).unwrap();
        assert!(out.is_empty());
        assert_eq!(file.write(Some(u64::MAX), b"x", None).unwrap_err().raw_os_error(), Some(libc::EFBIG));
        assert_eq!(file.truncate(u64::MAX, None).unwrap_err().raw_os_error(), Some(libc::EFBIG));
    }
}
