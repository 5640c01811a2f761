//! A whole SSTable as a dump, made on all cores.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use sstablefs::schema::Table;
use sstablefs::sstable::{Reader, Scanner};
use sstablefs::table::TokenSlices;
use sstablefs::{Error, Result};
use sstablefs_render::{DumpForm, DumpOptions, DumpStream};

use crate::Failure;
use crate::in_order::{Joined, Spare, in_order};
use crate::progress::Part;

/// How much data a slice has, uncompressed.
const SLICE_DATA: u64 = 256 << 10;
/// So much text is made before it is handed on.
const TEXT: usize = 256 << 10;

pub(crate) struct WholeDump<'a> {
    pub(crate) reader: &'a Arc<Reader>,
    pub(crate) table: &'a Arc<Table>,
    pub(crate) options: &'a DumpOptions,
    /// Which partitions are left out.
    pub(crate) exclude: &'a (dyn Fn(&mut DumpStream<Scanner>) + Sync),
    pub(crate) spare: Spare,
    pub(crate) part: Part,
}

/// What becomes of a slice, in this order.
enum Message {
    /// Where its first partition begins in the data.
    From(u64),
    Text(Vec<u8>),
    /// Where its last partition ends.
    To(u64),
    /// It can't be read, from a partition on that begins at the position; `None` in the midst of one.
    Failed(Option<u64>, Error),
}

impl WholeDump<'_> {
    fn stream(&self, scanner: Scanner) -> DumpStream<Scanner> {
        let mut dump = DumpStream::new(scanner, Scanner::position, self.table, self.options);
        (self.exclude)(&mut dump);
        dump
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut frame = self.stream(self.reader.scan(0, 0)?);
        let mut text = Vec::new();
        frame.fill(&mut text, usize::MAX)?;
        out.write_all(&text)?;
        let mut writer = Joined::new(out, usize::from(self.options.form != DumpForm::Debug));
        match self.slices(&mut writer)? {
            Ending::Complete => {}
            Ending::Wanting(position) => self.rest(position, &mut writer)?,
        }
        if writer.wrote() {
            frame.resume();
        }
        text.clear();
        frame.end(&mut text);
        out.write_all(&text)?;
        Ok(out.flush()?)
    }

    /// Prints slice after slice as long as each begins where the one before it ended: the index that leads to them has no
    /// checksum.
    fn slices(&self, writer: &mut Joined<'_, impl Write>) -> Result<Ending, Failure> {
        let data = self.reader.data().len();
        let slices = TokenSlices::new(self.reader.key_order(), data, SLICE_DATA);
        let mut position = 0;
        let done = in_order(
            slices.count(),
            || None,
            |kept, slice, messages| self.make(kept, &slices, slice, messages),
            |_, message| match message {
                Message::From(start) if start != position => Err(Stop::Wanting(position)),
                Message::From(_) => Ok(()),
                Message::To(end) => {
                    position = end;
                    self.part.set(end, data);
                    Ok(())
                }
                Message::Text(text) => {
                    writer.write(&text).map_err(|e| Stop::Failure(e.into()))?;
                    self.spare.give_back(text);
                    Ok(())
                }
                Message::Failed(Some(at), _) => Err(Stop::Wanting(at)),
                Message::Failed(None, e) => Err(Stop::Failure(e.into())),
            },
        );
        match done {
            Ok(()) if position == data => Ok(Ending::Complete),
            Ok(()) => Ok(Ending::Wanting(position)),
            Err(Stop::Wanting(position)) => Ok(Ending::Wanting(position)),
            Err(Stop::Failure(e)) => Err(e),
        }
    }

    fn make(
        &self,
        kept: &mut Option<DumpStream<Scanner>>,
        slices: &TokenSlices,
        slice: u64,
        messages: &SyncSender<Message>,
    ) {
        let range = slices.range(slice);
        let scanner = match self.reader.scan_range(&range.start, &range.end) {
            Ok(Some(scanner)) => scanner,
            Ok(None) => return,
            // The index is damaged: what follows the slice before this one is to be read without it.
            Err(_) => return drop(messages.send(Message::From(u64::MAX))),
        };
        if messages.send(Message::From(scanner.position())).is_err() {
            return;
        }
        let dump = match kept {
            Some(dump) => {
                *dump.stream() = scanner;
                dump
            }
            None => kept.insert(self.stream(scanner)),
        };
        dump.resume();
        loop {
            let mut text = self.spare.take();
            let more = dump.fill(&mut text, TEXT);
            if !text.is_empty() && messages.send(Message::Text(text)).is_err() {
                return;
            }
            let last = match more {
                Ok(true) => continue,
                Ok(false) => Message::To(dump.stream().position()),
                Err(e) => Message::Failed(dump.is_between().then(|| dump.stream().partition_position()), e),
            };
            return drop(messages.send(last));
        }
    }

    /// Prints the partitions from a position on, one behind the other as they lie in the data.
    fn rest(&self, position: u64, writer: &mut Joined<'_, impl Write>) -> Result<(), Failure> {
        let mut dump = self.stream(self.reader.scan(position, self.reader.data().len())?);
        dump.resume();
        let mut text = Vec::new();
        loop {
            let more = dump.fill(&mut text, TEXT);
            writer.write(&text)?;
            text.clear();
            self.part.set(dump.stream().position(), self.reader.data().len());
            if !more? {
                return Ok(());
            }
        }
    }
}

enum Ending {
    Complete,
    /// What begins here was not printed.
    Wanting(u64),
}

enum Stop {
    Wanting(u64),
    Failure(Failure),
}
