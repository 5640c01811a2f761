//! A disk that fails at any step of taking changes up and flushing them, or loses power there: nothing accepted is lost,
//! nothing else is shown, and nothing is left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard};

use sstablefs::ingest::{Journal, Loader, LoaderOptions, TargetOptions};
use sstablefs::rows::{Cell, Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink, Span};
use sstablefs::storage::{Disk, FileDisk, Folder, Output};
use sstablefs::table::{Database, Options, ScanRange, TableStore};
use sstablefs::{Error, Result};

/// ENOSPC.
const NO_SPACE: i32 = 28;

/// What happens at the step that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// It fails, and what comes behind works.
    Once,
    /// Half of what is to be written is.
    Short,
    /// It fails, as does all that comes behind.
    Dead,
}

/// A change of names that a loss of power undoes.
enum Change {
    Created(PathBuf),
    Renamed(PathBuf, PathBuf),
    /// Kept under the second name.
    Removed(PathBuf, PathBuf),
}

#[derive(Default)]
struct State {
    /// Steps that work before the fault.
    left: Option<usize>,
    fault: Option<Fault>,
    /// Bytes that would survive, of files that have others.
    synced: BTreeMap<PathBuf, u64>,
    /// By folder, in order.
    changes: Vec<(PathBuf, Change)>,
    removed: usize,
}

/// Files of the system, as long as nothing fails.
#[derive(Clone)]
struct Faulty {
    state: Arc<Mutex<State>>,
    attic: PathBuf,
}

impl Faulty {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Counts a step that changes something.
    fn step(&self) -> Result<Option<Fault>> {
        let state = &mut *self.state();
        let (Some(left), Some(fault)) = (state.left, state.fault) else { return Ok(None) };
        if left > 0 {
            state.left = Some(left - 1);
            return Ok(None);
        }
        if fault != Fault::Dead {
            state.left = None;
        }
        if fault == Fault::Short { Ok(Some(fault)) } else { Err(full()) }
    }

    /// For steps that are done or not.
    fn whole_step(&self) -> Result<()> {
        match self.step()? {
            Some(_) => Err(full()),
            None => Ok(()),
        }
    }

    /// What is on the disk after a loss of power. `keep`: whether a change of names in a folder had reached it, and
    /// whether that was the last change.
    fn lose_power(&self, keep: impl Fn(&Path, bool) -> bool) {
        let state = &mut *self.state();
        (state.left, state.fault) = (None, None);
        for (path, length) in std::mem::take(&mut state.synced) {
            fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        }
        for (i, (folder, change)) in std::mem::take(&mut state.changes).into_iter().rev().enumerate() {
            match change {
                _ if keep(&folder, i == 0) => {}
                // One whose later name was kept.
                Change::Created(path) if !path.exists() => {}
                Change::Created(path) => fs::remove_file(path).unwrap(),
                Change::Renamed(from, to) => fs::rename(to, from).unwrap(),
                Change::Removed(path, kept) => {
                    fs::create_dir_all(&folder).unwrap();
                    fs::rename(kept, path).unwrap();
                }
            }
        }
    }
}

fn full() -> Error {
    Error::io(std::io::Error::from_raw_os_error(NO_SPACE), "planted")
}

struct FaultyFolder(Faulty, Arc<dyn Folder>);

struct FaultyOutput(Faulty, Box<dyn Output>, PathBuf);

impl Disk for Faulty {
    fn folder(&self, path: &Path) -> Arc<dyn Folder> {
        Arc::new(FaultyFolder(self.clone(), FileDisk.folder(path)))
    }
}

impl FaultyFolder {
    fn note(&self, change: Change) {
        self.0.state().changes.push((self.path().to_owned(), change));
    }
}

impl Folder for FaultyFolder {
    fn path(&self) -> &Path {
        self.1.path()
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        self.0.whole_step()?;
        let output = self.1.create(name)?;
        let path = self.path().join(name);
        self.note(Change::Created(path.clone()));
        Ok(Box::new(FaultyOutput(self.0.clone(), output, path)))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.0.whole_step()?;
        self.1.rename(from, to)?;
        let (from, to) = (self.path().join(from), self.path().join(to));
        let synced = self.0.state().synced.remove(&from);
        self.0.state().synced.extend(synced.map(|length| (to.clone(), length)));
        self.note(Change::Renamed(from, to));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.whole_step()?;
        let path = self.path().join(name);
        if !self.1.exists(name)? {
            return self.1.remove(name);
        }
        let kept = {
            let state = &mut *self.0.state();
            state.synced.remove(&path);
            state.removed += 1;
            self.0.attic.join(state.removed.to_string())
        };
        fs::rename(&path, &kept).unwrap();
        self.note(Change::Removed(path, kept));
        Ok(())
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.1.exists(name)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.1.list()
    }

    fn sync(&self) -> Result<()> {
        self.0.whole_step()?;
        self.0.state().changes.retain(|(folder, _)| folder != self.path());
        Ok(())
    }
}

impl Output for FaultyOutput {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let short = self.0.step()?.is_some();
        let length = self.1.len();
        self.0.state().synced.entry(self.2.clone()).or_insert(length);
        self.1.append(if short { &bytes[..bytes.len() / 2] } else { bytes })?;
        if short { Err(full()) } else { Ok(()) }
    }

    fn len(&self) -> u64 {
        self.1.len()
    }

    fn sync(&mut self) -> Result<()> {
        self.0.whole_step()?;
        self.0.state().synced.remove(&self.2);
        Ok(())
    }
}

const OPTIONS: LoaderOptions = LoaderOptions { memtable: 1 << 20, max_size: None };
const NOW: i64 = 2_000_000_000;
const LOTS: i32 = 2;
const ROWS: i32 = 40;

/// A table of (k int, c int, v text) without SSTables.
struct Table {
    folder: PathBuf,
    store: Arc<TableStore>,
    disk: Faulty,
    _dir: tempfile::TempDir,
}

impl Table {
    fn new() -> Table {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data/ks/t-00000000000000000000000000000001");
        let (schema, attic) = (dir.path().join("schema.cql"), dir.path().join("attic"));
        [&folder, &attic].iter().for_each(|f| fs::create_dir_all(f).unwrap());
        fs::write(
            &schema,
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
             CREATE TABLE ks.t (k int, c int, v text, PRIMARY KEY (k, c));",
        )
        .unwrap();
        let database = Database::open(&[dir.path().join("data")], &Options { schema: vec![schema] }).unwrap();
        let store = database.table("ks", "t").unwrap();
        Table { folder, store, disk: Faulty { state: Arc::default(), attic }, _dir: dir }
    }

    fn journal(&self) -> Result<Journal> {
        Journal::open_on(Arc::new(self.disk.clone()), &self.store, &TargetOptions::default())
    }

    fn arm(&self, left: usize, fault: Fault) {
        let state = &mut *self.disk.state();
        (state.left, state.fault) = (Some(left), Some(fault));
    }

    fn disarm(&self) {
        let state = &mut *self.disk.state();
        (state.left, state.fault) = (None, None);
    }

    /// Whether the fault has not come.
    fn is_armed(&self) -> bool {
        self.disk.state().left.is_some_and(|left| left > 0)
    }

    /// The lots of which rows are shown; each whole or not at all.
    fn lots(&self) -> Vec<i32> {
        let number = |bytes: &[u8]| i32::from_be_bytes(bytes.try_into().unwrap());
        let view = self.store.view().unwrap();
        let mut rows = view.rows(&ScanRange::ALL, NOW).unwrap();
        let mut found = BTreeMap::<i32, i32>::new();
        while rows.next_partition().unwrap() {
            let key = number(&rows.key().key);
            while let Some(row) = rows.next_row().unwrap() {
                let c = number(row.clustering_value(0).unwrap());
                assert_eq!((key, row.value(&row.cells[0])), (c % 7, text(c).as_bytes()));
                *found.entry(c / ROWS).or_default() += 1;
            }
        }
        assert!(found.values().all(|rows| *rows == ROWS), "{found:?}");
        found.into_keys().collect()
    }

    /// Files of the table's folder, with those in the journal's.
    fn files(&self) -> Vec<String> {
        let names = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).into_iter().flatten();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
        };
        let mut all = names(&self.folder);
        all.extend(names(&self.folder.join(".sstablefs")).into_iter().map(|name| format!(".sstablefs/{name}")));
        all.sort();
        all
    }

    /// Opened again, it shows what was accepted, and makes one SSTable of it.
    fn check_accepted(&self, accepted: &[i32], what: &str) {
        let mut journal = self.journal().unwrap();
        // One that was refused may be there when its names were the last that was done.
        let shown = self.lots();
        let refused = accepted.len() as i32;
        assert!(shown == accepted || shown == [accepted, &[refused]].concat(), "{what}: {shown:?}");
        journal.flush().unwrap();
        assert_eq!(self.lots(), shown, "{what}");
        drop(journal);
        if shown.is_empty() {
            assert_eq!(self.files(), [""; 0], "{what}");
        } else {
            self.check_end(&shown, what);
        }
    }

    /// With one SSTable and nothing else, all of whose rows are shown.
    fn check_end(&self, lots: &[i32], what: &str) {
        let files = self.files();
        assert_eq!(files.iter().filter(|name| name.ends_with("-Data.db")).count(), 1, "{what}: {files:?}");
        assert_eq!(files.len(), 8, "{what}: {files:?}");
        self.store.refresh().unwrap();
        assert_eq!(self.lots(), lots, "{what}");
    }
}

fn text(c: i32) -> String {
    format!("value {c}").repeat(c as usize % 5)
}

fn put(loader: &mut Loader, lot: i32) -> Result<()> {
    for c in (lot * ROWS..(lot + 1) * ROWS).rev() {
        let mut row = Row::default();
        let clustering = row.store(&c.to_be_bytes());
        row.clustering.push(clustering);
        row.liveness = Liveness { timestamp: 1000, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
        let (value, path) = (row.store(text(c).as_bytes()), Span::default());
        let local_deletion_time = NO_DELETION_TIME;
        row.cells.push(Cell { column: 0, ttl: NO_TTL, timestamp: 1000, local_deletion_time, value, path });
        loader.row(&(c % 7).to_be_bytes(), &row)?;
    }
    Ok(())
}

fn accept(journal: &mut Journal, lot: i32, options: LoaderOptions) -> Result<()> {
    let mut loader = journal.loader(options)?;
    put(&mut loader, lot)?;
    journal.accept(loader).map(|_| ())
}

/// Takes lots up, each of which has to be taken if the one before was; returns those that were.
fn take_up(journal: &mut Journal) -> Vec<i32> {
    (0..LOTS).filter(|lot| accept(journal, *lot, OPTIONS).is_ok()).collect()
}

#[test]
fn a_step_that_fails_loses_nothing_and_can_be_tried_again() {
    for fault in [Fault::Once, Fault::Short] {
        for step in 0.. {
            let what = format!("{fault:?} at step {step}");
            let table = Table::new();
            let mut journal = table.journal().unwrap();
            table.arm(step, fault);
            let accepted = take_up(&mut journal);
            assert_eq!(table.lots(), accepted, "{what}");
            if let Err(e) = journal.flush() {
                assert_eq!(e.os_error(), Some(NO_SPACE), "{what}: {e}");
            }
            assert_eq!(table.lots(), accepted, "{what}");
            let over = table.is_armed();
            // What was refused is given again.
            for lot in (0..LOTS).filter(|lot| !accepted.contains(lot)) {
                accept(&mut journal, lot, OPTIONS).unwrap();
            }
            journal.flush().unwrap();
            let all: Vec<i32> = (0..LOTS).collect();
            assert_eq!(table.lots(), all, "{what}");
            let two = accepted.len() < all.len() && !accepted.is_empty();
            drop(journal);
            // Removes what could not be removed.
            drop(table.journal().unwrap());
            assert_eq!(table.lots(), all, "{what}");
            let files = table.files();
            assert!(files.iter().all(|name| name.starts_with("oa-")), "{what}: {files:?}");
            assert!(files.len() == 8 || two && files.len() == 16, "{what}: {files:?}");
            if over {
                assert!(step > 100, "only {step} steps");
                break;
            }
        }
    }
}

#[test]
fn a_loss_of_power_at_any_step_loses_nothing_accepted() {
    type Kept = fn(&Path, bool) -> bool;
    // Which names had reached the disk by themselves.
    let kept: [(&str, Kept); 5] = [
        ("no names", |_, _| false),
        ("all names", |_, _| true),
        ("those of the journal", |folder, _| folder.ends_with(".sstablefs")),
        ("those of the table", |folder, _| !folder.ends_with(".sstablefs")),
        ("the last one", |_, last| last),
    ];
    for (name, kept) in kept {
        for step in 0.. {
            let what = format!("power lost at step {step}, {name} kept");
            let table = Table::new();
            let mut journal = table.journal().unwrap();
            table.arm(step, Fault::Dead);
            let accepted = take_up(&mut journal);
            assert_eq!(table.lots(), accepted, "{what}");
            let _ = journal.flush();
            assert_eq!(table.lots(), accepted, "{what}");
            let over = table.is_armed();
            drop(journal);
            table.disk.lose_power(kept);

            table.check_accepted(&accepted, &what);
            if over {
                assert!(step > 100, "only {step} steps");
                break;
            }
        }
    }
}

#[test]
fn a_loss_of_power_behind_a_crash_loses_nothing_accepted() {
    for step in 0.. {
        let what = format!("ended at step {step}, then power lost");
        let table = Table::new();
        let mut journal = table.journal().unwrap();
        table.arm(step, Fault::Dead);
        let accepted = take_up(&mut journal);
        let _ = journal.flush();
        let over = table.is_armed();
        drop(journal);
        // The next process sees names that have not reached the disk.
        table.disarm();
        drop(table.journal().unwrap());
        table.disk.lose_power(|_, _| false);
        table.check_accepted(&accepted, &what);
        if over {
            assert!(step > 100, "only {step} steps");
            break;
        }
    }
}

#[test]
fn what_does_not_fit_in_memory_is_there_whole_or_not_at_all() {
    let options = LoaderOptions { memtable: 3 << 10, max_size: None };
    for step in 0.. {
        let what = format!("step {step}");
        let table = Table::new();
        let mut journal = table.journal().unwrap();
        accept(&mut journal, 0, OPTIONS).unwrap();
        table.arm(step, Fault::Once);
        let taken = accept(&mut journal, 1, options);
        let over = table.is_armed();
        let expected: &[i32] = if taken.is_ok() { &[0, 1] } else { &[0] };
        assert_eq!(table.lots(), expected, "{what}");
        let files = table.files();
        let of_table = files.iter().filter(|name| !name.starts_with(".sstablefs")).count();
        assert_eq!(of_table, if taken.is_ok() { 8 } else { 0 }, "{what}: {files:?}");
        let scratch = table.folder.join(".sstablefs/scratch");
        let runs = fs::read_dir(scratch.join("1")).map_or(0, |names| names.count());
        // One whose removal failed stays with the lock.
        assert!(runs == 0 || taken.is_ok() && runs < 8, "{what}: {runs} files of runs are left");
        drop(journal);
        assert!(!scratch.exists(), "{what}");
        if over {
            assert!(step > 50 && taken.is_ok(), "only {step} steps");
            break;
        }
    }
}
