//! The staging folder of one table: its names, and how its files are taken up.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::closing::{Closing, Step, at_flush, at_release};
use super::file::{StagedFile, State, Verdict};
use super::log::Log;
use super::name::{self, Meaning};
use super::nodes::{Body, Node, Nodes, Place};
use super::{InputError, Intake, Intakes, Permissions, Refusal, Refused, StagingError, report};
use crate::path::TableName;

/// How long to wait for another process that is about to end.
const BUSY: Duration = Duration::from_secs(1);
/// How long to wait when a flush has failed.
const AGAIN: Duration = Duration::from_secs(30);
const BUSY_STEP: Duration = Duration::from_millis(50);

/// Hears of a table that holds something else than before.
pub type Changed = Box<dyn Fn(&TableName) + Send + Sync>;

/// What the folders share.
pub(super) struct Shared {
    pub(super) intakes: Arc<dyn Intakes>,
    pub(super) nodes: Nodes,
    /// Told when what a table holds is different.
    pub(super) changed: OnceLock<Changed>,
}

enum Opened {
    Not,
    Yes(Arc<dyn Intake>),
    /// For good.
    Ended,
}

pub(super) struct Folder {
    table: TableName,
    shared: Arc<Shared>,
    intake: Mutex<Opened>,
    /// Never held while a file's state is waited for: who has that may wait for this.
    names: Mutex<BTreeMap<String, Arc<Node>>>,
    log: Arc<Mutex<Log>>,
    log_node: Arc<Node>,
    /// When something was taken up last.
    pub(super) active: Mutex<Instant>,
}

impl Folder {
    pub(super) fn new(table: &TableName, shared: &Arc<Shared>) -> Arc<Self> {
        let log = Arc::<Mutex<Log>>::default();
        Arc::new(Folder {
            table: table.clone(),
            shared: shared.clone(),
            intake: Mutex::new(Opened::Not),
            names: Mutex::default(),
            log_node: shared.nodes.make(table, name::LOG, Body::Log(log.clone()), None),
            log,
            active: Mutex::new(Instant::now()),
        })
    }

    fn make(&self, name: &str, body: Body, permissions: Option<Permissions>) -> Arc<Node> {
        self.shared.nodes.make(&self.table, name, body, permissions)
    }

    /// Why nothing is taken up.
    fn refused(&self) -> Option<Refused> {
        match &*self.intake.lock() {
            Opened::Not => self.shared.intakes.refused(&self.table),
            Opened::Yes(_) => None,
            Opened::Ended => Some(ended()),
        }
    }

    pub(super) fn intake(&self) -> Result<Arc<dyn Intake>, Refused> {
        self.intake_within(BUSY)
    }

    /// Waits so long for another process.
    pub(super) fn intake_within(&self, patience: Duration) -> Result<Arc<dyn Intake>, Refused> {
        let deadline = Instant::now() + patience;
        let mut intake = self.intake.lock();
        loop {
            match &*intake {
                Opened::Yes(intake) => return Ok(intake.clone()),
                Opened::Ended => return Err(ended()),
                Opened::Not => {}
            }
            match self.shared.intakes.open(&self.table) {
                Ok(opened) => *intake = Opened::Yes(opened),
                Err(refused) if refused.errno == libc::EBUSY && Instant::now() < deadline => {
                    std::thread::sleep(BUSY_STEP);
                }
                Err(refused) => {
                    tracing::warn!(table = %self.table, "staging: {}", refused.reason);
                    return Err(refused);
                }
            }
        }
    }

    /// That which is open; it is not opened for this.
    pub(super) fn opened(&self) -> Option<Arc<dyn Intake>> {
        match &*self.intake.lock() {
            Opened::Yes(intake) => Some(intake.clone()),
            Opened::Not | Opened::Ended => None,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Node>> {
        if let Some(node) = self.names.lock().get(name) {
            return Some(node.clone());
        }
        match name {
            name::LOG if self.refused().is_none() => Some(self.log_node.clone()),
            name::README => {
                let text = report::refused(&self.refused()?.reason);
                Some(self.make(name, Body::Text(text), None))
            }
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self.names.lock().iter().map(|(n, node)| (n.clone(), node.ino)).collect();
        match self.refused() {
            None => all.push((name::LOG.into(), self.log_node.ino)),
            Some(_) => all.push((name::README.into(), self.log_node.ino ^ 1 << 61)),
        }
        all
    }

    /// A new file, or the one that has the name.
    pub(super) fn create(&self, name: &str, new: Permissions, exclusive: bool) -> Result<Arc<Node>, StagingError> {
        match name::meaning(name) {
            Meaning::Own => return Err(StagingError::NoAccess),
            Meaning::Flush => {
                self.flush()?;
                return Ok(self.make(name, Body::Flush, Some(new)));
            }
            Meaning::Plain | Meaning::Kept => {}
        }
        let spool = self.intake()?.spool().map_err(|e| StagingError::from(&e))?;
        let names = &mut *self.names.lock();
        if let Some(node) = names.get(name) {
            return if exclusive { Err(StagingError::Exists) } else { Ok(node.clone()) };
        }
        names.remove(&name::errors(name));
        let node = self.make(name, Body::File(StagedFile::new(spool)), Some(new));
        names.insert(name.to_owned(), node.clone());
        Ok(node)
    }

    pub(super) fn unlink(&self, name: &str) -> Result<(), StagingError> {
        let mut names = self.names.lock();
        let Some(node) = names.remove(name) else {
            return Err(match name::meaning(name) {
                Meaning::Own => StagingError::NotPermitted,
                Meaning::Flush | Meaning::Plain | Meaning::Kept => StagingError::NoEntry,
            });
        };
        node.place.lock().1 = Place::Removed;
        names.remove(&name::errors(name));
        drop(names);
        release_room(&node);
        Ok(())
    }

    pub(super) fn rename(&self, from: &str, to: &str, replace: bool) -> Result<(), StagingError> {
        let meaning = name::meaning(to);
        if matches!(meaning, Meaning::Own | Meaning::Flush) || name::meaning(from) == Meaning::Own {
            return Err(StagingError::NotPermitted);
        }
        let node = self.names.lock().get(from).cloned().ok_or(StagingError::NoEntry)?;
        let Body::File(file) = &node.body else { return Err(StagingError::NotPermitted) };
        if !replace && self.names.lock().contains_key(to) {
            return Err(StagingError::Exists);
        }
        if from == to {
            return Ok(());
        }
        let state = &mut *file.state.lock();
        // Who has it open writes more, and closes it under the new name.
        let is_whole = state.is_closed && file.size() > 0;
        if meaning == Meaning::Plain && is_whole {
            if let Verdict::Torn(errno) = state.verdict {
                return Err(StagingError::System(errno));
            }
            self.take_up(&node, file, state, to, true)?;
            // What had the name is replaced by nothing.
            return match self.unlink(to) {
                Err(StagingError::NoEntry) | Ok(()) => Ok(()),
                Err(e) => Err(e),
            };
        }
        let mut names = self.names.lock();
        if names.get(from).is_none_or(|now| !Arc::ptr_eq(now, &node)) {
            return Err(StagingError::NoEntry);
        }
        names.remove(from);
        names.remove(&name::errors(from));
        node.place.lock().0 = to.to_owned();
        let replaced = names.insert(to.to_owned(), node.clone());
        if let Some(replaced) = &replaced {
            replaced.place.lock().1 = Place::Removed;
        }
        names.remove(&name::errors(to));
        drop(names);
        if let Some(replaced) = replaced {
            release_room(&replaced);
        }
        Ok(())
    }

    /// A descriptor was closed.
    pub(super) fn at_flush(&self, node: &Arc<Node>, closing: &Closing<'_>) -> Result<(), StagingError> {
        let Body::File(file) = &node.body else { return Ok(()) };
        let state = &mut *file.state.lock();
        state.is_closed |= closing.owner.is_none_or(|owner| state.writers.contains(owner));
        let (name, place) = node.name();
        if place == Place::Removed || name::meaning(&name) != Meaning::Plain {
            return match state.verdict {
                Verdict::Torn(errno) => Err(StagingError::System(errno)),
                _ => Ok(()),
            };
        }
        match at_flush(state, file.size(), closing) {
            Step::Nothing => Ok(()),
            Step::StillBad => Err(StagingError::BadInput),
            Step::Fail(errno) => Err(StagingError::System(errno)),
            Step::GiveUp => {
                (state.has_news, state.verdict) = (false, Verdict::None);
                let reason = "its writer was killed before it closed it";
                self.log.lock().failed(&name, file.size(), reason.into());
                self.put_errors(node, &name, format!("{name} was not taken up: {reason}\n"));
                Err(StagingError::System(libc::EINTR))
            }
            Step::TakeUp { last } => self.take_up(node, file, state, &name, last),
        }
    }

    /// Whether closing a descriptor means work.
    pub(super) fn has_work(node: &Node) -> bool {
        match &node.body {
            Body::File(file) => file.size() > 0 && file.state.try_lock().is_none_or(|state| state.has_news),
            Body::Text(_) | Body::Log(_) | Body::Flush => false,
        }
    }

    /// The last descriptor of an open is gone.
    pub(super) fn at_release(&self, node: &Arc<Node>) {
        let Body::File(file) = &node.body else { return };
        if node.writers.load(Ordering::Acquire) == 0 {
            let state = &mut *file.state.lock();
            let (name, place) = node.name();
            let step = at_release(state, file.size());
            if place != Place::Removed && name::meaning(&name) == Meaning::Plain && step != Step::Nothing {
                // It is in the log, and beside the file.
                let _ = self.take_up(node, file, state, &name, true);
            }
        }
        release_room(node);
    }

    pub(super) fn sync(&self, node: &Node) -> Result<(), StagingError> {
        let Body::File(file) = &node.body else { return Ok(()) };
        let state = &mut *file.state.lock();
        if let Verdict::Torn(errno) = state.verdict {
            return Err(StagingError::System(errno));
        }
        state.is_synced = true;
        if state.verdict == Verdict::Taken && !state.has_news { self.flush() } else { Ok(()) }
    }

    /// Makes SSTables of all that was taken up.
    pub(super) fn flush(&self) -> Result<(), StagingError> {
        let Some(intake) = self.opened().filter(|intake| intake.is_pending()) else { return Ok(()) };
        match intake.flush() {
            Ok(flushed) => {
                tracing::info!(table = %self.table, "staging: made {}", flushed.sstables.join(", "));
                self.log.lock().flushed(flushed);
                self.tell();
                Ok(())
            }
            Err(e) => {
                tracing::error!(table = %self.table, "staging: what was taken up stays in the journal: {e}");
                *self.active.lock() = Instant::now() + AGAIN;
                Err(StagingError::from(&e))
            }
        }
    }

    /// Flushes, and takes nothing up any more.
    pub(super) fn finish(&self) {
        let before = std::mem::replace(&mut *self.intake.lock(), Opened::Ended);
        if let Opened::Yes(intake) = before
            && intake.is_pending()
            && let Err(e) = intake.flush()
        {
            tracing::error!(table = %self.table, "staging: what was taken up waits for the next mount: {e}");
        }
    }

    /// All that is new in the file, or nothing. `last`: when not, what is not whole is left for later.
    fn take_up(
        &self,
        node: &Arc<Node>,
        file: &StagedFile,
        state: &mut State,
        name: &str,
        last: bool,
    ) -> Result<(), StagingError> {
        if !last && name::is_csv(name) && !file.ends_line()? {
            state.verdict = Verdict::Later(file.size());
            return Ok(());
        }
        let intake = self.intake()?;
        let bytes = file.size() - state.taken.min(file.size());
        let mut text = file.text(name, state.taken)?;
        match intake.take_up(name, &mut text) {
            Ok(taken) => {
                if !last && taken.rows == 0 && taken.deletions == 0 {
                    state.verdict = Verdict::Later(file.size());
                    return Ok(());
                }
                state.all_taken(file.size());
                self.log.lock().taken(name, bytes, taken);
                self.was_taken(node, name);
                *self.active.lock() = Instant::now();
                self.tell();
                if std::mem::take(&mut state.is_synced) || intake.is_full() {
                    // What was taken up is safe all the same; the next flush tries again.
                    let _ = self.flush();
                }
                Ok(())
            }
            Err(Refusal::Input(mut errors)) => {
                if !last && (!name::is_csv(name) || is_unfinished(&errors, text.lines()?)) {
                    state.verdict = Verdict::Later(file.size());
                    return Ok(());
                }
                for error in &mut errors {
                    error.line += text.skipped_lines(error.line)?;
                }
                (state.has_news, state.verdict) = (false, Verdict::Bad);
                self.was_bad(node, name, bytes, &errors);
                Err(StagingError::BadInput)
            }
            Err(Refusal::Failed(e)) => {
                tracing::error!(table = %self.table, "staging: {name}: {e}");
                let error = StagingError::from(&e);
                (state.has_news, state.verdict) = (false, Verdict::Failed(error.errno()));
                self.log.lock().failed(name, bytes, e.to_string());
                self.show(node);
                Err(error)
            }
        }
    }

    /// Takes the file out of the folder.
    fn was_taken(&self, node: &Arc<Node>, name: &str) {
        let names = &mut *self.names.lock();
        let mut place = node.place.lock();
        if names.get(&place.0).is_some_and(|now| Arc::ptr_eq(now, node)) {
            names.remove(&place.0);
        }
        names.remove(&name::errors(&place.0));
        names.remove(&name::errors(name));
        if place.1 == Place::Folder {
            *place = (name.to_owned(), Place::Taken);
        }
    }

    fn was_bad(&self, node: &Arc<Node>, name: &str, bytes: u64, errors: &[InputError]) {
        let first = errors.first().map_or_else(String::new, ToString::to_string);
        tracing::info!(table = %self.table, "staging: {name} was not taken up: {first}");
        self.log.lock().bad(name, bytes, errors.len(), first);
        self.show(node);
        self.put_errors(node, name, report::report(name, errors));
    }

    /// Gives a file its name again, unless another has it now.
    fn show(&self, node: &Arc<Node>) {
        let names = &mut *self.names.lock();
        let mut place = node.place.lock();
        if place.1 == Place::Taken && !names.contains_key(&place.0) {
            place.1 = Place::Folder;
            names.insert(place.0.clone(), node.clone());
        }
    }

    /// Says what is wrong with a file to those who may read it.
    fn put_errors(&self, of: &Node, name: &str, text: String) {
        let permissions = of.permissions().map(|p| Permissions { mode: p.mode & 0o444, ..p });
        let name = name::errors(name);
        let node = self.make(&name, Body::Text(text), permissions);
        self.names.lock().insert(name, node);
    }

    fn tell(&self) {
        if let Some(changed) = self.shared.changed.get() {
            changed(&self.table);
        }
    }

    /// Removes what was said of a file that is written anew.
    pub(super) fn was_emptied(&self, node: &Node) {
        let (name, place) = node.name();
        if place == Place::Folder {
            self.names.lock().remove(&name::errors(&name));
        }
    }
}

fn ended() -> Refused {
    Refused { reason: "it is being unmounted".into(), errno: libc::EROFS }
}

/// Nobody will read a file again that has neither a name nor a descriptor.
fn release_room(node: &Node) {
    if let Body::File(file) = &node.body
        && node.place.lock().1 != Place::Folder
        && node.handles.load(Ordering::Acquire) == 0
    {
        file.clear();
    }
}

/// Whether all that is wrong with CSV may be so because the end is missing.
fn is_unfinished(errors: &[InputError], lines: u64) -> bool {
    errors.iter().all(|error| error.line >= lines || error.reason.ends_with("has no end"))
}
