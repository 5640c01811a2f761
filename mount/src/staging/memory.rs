//! Takes up lines in memory, for tests of what stands above an [`Intake`].

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use parking_lot::Mutex;
use sstablefs::{Error, Result};

use super::{Flushed, InputError, Intake, Intakes, Refusal, Refused, Taken};
use crate::path::TableName;

/// A table whose text is a line with the word `id`, and lines that are all good but those with the word `bad` and those
/// that begin with a quote.
#[derive(Default)]
pub struct MemoryIntake {
    /// Lines that were taken up, without headers.
    pub lines: Mutex<Vec<String>>,
    /// Of those, how many were flushed.
    pub flushed: Mutex<usize>,
    lots: Mutex<u64>,
    /// The error that taking up ends with, unless 0.
    pub failing: AtomicI32,
    spools: PathBuf,
}

impl MemoryIntake {
    /// `spools`: a folder for what is written.
    pub fn new(spools: PathBuf) -> Arc<Self> {
        Arc::new(MemoryIntake { spools, ..MemoryIntake::default() })
    }

    fn fail(&self) -> Result<()> {
        match self.failing.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(Error::io(std::io::Error::from_raw_os_error(errno), "memory")),
        }
    }
}

fn failed(e: &std::io::Error) -> Error {
    Error::io(std::io::Error::from_raw_os_error(e.raw_os_error().unwrap_or(libc::EIO)), "spool")
}

impl Intake for MemoryIntake {
    fn spool(&self) -> Result<File> {
        let path = self.spools.join("spool");
        let file = File::options().create_new(true).read(true).write(true).open(&path).map_err(|e| failed(&e))?;
        std::fs::remove_file(path).map_err(|e| failed(&e))?;
        Ok(file)
    }

    fn take_up(&self, _: &str, text: &mut dyn Read) -> std::result::Result<Taken, Refusal> {
        let mut whole = String::new();
        text.read_to_string(&mut whole).map_err(|e| Refusal::Failed(failed(&e)))?;
        self.fail().map_err(Refusal::Failed)?;
        let mut lines = whole.lines();
        let error = |line: usize, reason: &str| InputError { line: line as u64, column: 1, reason: reason.into() };
        if lines.next() != Some("id") {
            return Err(Refusal::Input(vec![error(1, "no header")]));
        }
        let mut errors = Vec::new();
        for (i, line) in whole.lines().enumerate().skip(1) {
            if line.starts_with('"') {
                errors.push(error(i + 1, "the quote that begins here has no end"));
                break;
            }
            if line.contains("bad") {
                errors.push(error(i + 1, "bad"));
            }
        }
        if !errors.is_empty() {
            return Err(Refusal::Input(errors));
        }
        let new: Vec<String> = lines.map(str::to_owned).collect();
        let mut lots = self.lots.lock();
        *lots += 1;
        let taken = Taken { rows: new.len() as u64, lot: *lots, ..Taken::default() };
        self.lines.lock().extend(new);
        Ok(taken)
    }

    fn flush(&self) -> Result<Flushed> {
        self.fail()?;
        let lots = self.lots.lock();
        let all = self.lines.lock().len();
        *self.flushed.lock() = all;
        Ok(Flushed { up_to: *lots, sstables: vec![format!("oa-{lots}-big")] })
    }

    fn is_pending(&self) -> bool {
        let flushed = *self.flushed.lock();
        flushed < self.lines.lock().len()
    }

    fn is_full(&self) -> bool {
        false
    }
}

/// Tables with what takes files up for each, or why nothing does.
#[derive(Default)]
pub struct MemoryIntakes {
    /// What each table answers.
    pub tables: Mutex<HashMap<TableName, std::result::Result<Arc<MemoryIntake>, Refused>>>,
}

impl Intakes for MemoryIntakes {
    fn refused(&self, table: &TableName) -> Option<Refused> {
        self.tables.lock().get(table)?.as_ref().err().cloned()
    }

    fn open(&self, table: &TableName) -> std::result::Result<Arc<dyn Intake>, Refused> {
        match self.tables.lock().get(table) {
            Some(Ok(intake)) => Ok(intake.clone()),
            Some(Err(refused)) => Err(refused.clone()),
            None => Err(Refused { reason: "there is no such table".into(), errno: libc::EROFS }),
        }
    }

    fn folder(&self, table: &TableName) -> Option<PathBuf> {
        self.tables.lock().get(table)?.as_ref().ok().map(|intake| intake.spools.clone())
    }

    fn unfinished(&self) -> Vec<TableName> {
        Vec::new()
    }
}
