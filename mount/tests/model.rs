//! The file system against a small model, under random operations of several threads, without a kernel.
//!
//! Each thread has a table of its own, of which its model knows everything; they share the file system with its inodes, handles and
//! caches, and one large file. SSTABLEFS_MODEL_CASES is the number of cases, SSTABLEFS_MODEL_SEED a number or `random`.

#[path = "../../tests/models/runner.rs"]
mod runner;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use sstablefs_mount::access::Permissions;
use sstablefs_mount::fs::{Fs, FsError, FsOptions, Kernel, ROOT, Stat};
use sstablefs_mount::path::TableName;
use sstablefs_mount::staging::memory::{MemoryIntake, MemoryIntakes};
use sstablefs_mount::tree::Size;
use sstablefs_mount::tree::memory::{File, MemoryTree};

const THREADS: usize = 4;
const CASES: u32 = 300;
/// Of the file that all read.
const SHARED: usize = 300_000;

#[derive(Debug, Clone)]
enum Step {
    /// A file is there, with a text of this length, or another one than before.
    Put {
        name: u8,
        length: usize,
        size: u8,
    },
    Remove {
        name: u8,
    },
    Lookup {
        name: u8,
    },
    Open {
        name: u8,
    },
    Read {
        handle: u8,
        offset: usize,
        size: usize,
    },
    Close {
        handle: u8,
    },
    /// A listing in batches, beginning again at an entry that was seen.
    List {
        batch: usize,
        back: u8,
    },
    Shared {
        offset: usize,
        size: usize,
    },
    Refresh,
    Stage {
        name: u8,
        hidden: bool,
        lines: u8,
        bad: bool,
    },
    Rename {
        from: u8,
        to: u8,
        replace: bool,
    },
    Unlink {
        name: u8,
    },
    ListStaging,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = || 0..5u8;
    let step = prop_oneof![
        3 => (name(), 0..3000usize, 0..3u8).prop_map(|(name, length, size)| Step::Put { name, length, size }),
        1 => name().prop_map(|name| Step::Remove { name }),
        3 => name().prop_map(|name| Step::Lookup { name }),
        4 => name().prop_map(|name| Step::Open { name }),
        6 => (any::<u8>(), 0..3200usize, 0..2000usize).prop_map(|(handle, offset, size)| Step::Read { handle, offset, size }),
        1 => any::<u8>().prop_map(|handle| Step::Close { handle }),
        2 => (1..4usize, any::<u8>()).prop_map(|(batch, back)| Step::List { batch, back }),
        3 => (0..SHARED + 5000, 1..40_000usize).prop_map(|(offset, size)| Step::Shared { offset, size }),
        1 => Just(Step::Refresh),
        3 => (name(), any::<bool>(), 0..4u8, prop::bool::weighted(0.3))
            .prop_map(|(name, hidden, lines, bad)| Step::Stage { name, hidden, lines, bad }),
        3 => (name(), name(), any::<bool>()).prop_map(|(from, to, replace)| Step::Rename { from, to, replace }),
        2 => name().prop_map(|name| Step::Unlink { name }),
        1 => Just(Step::ListStaging),
    ];
    vec(step, 1..60)
}

/// A kernel that keeps nothing.
struct Forgetful;

impl Kernel for Forgetful {
    fn forget_attributes(&self, _: u64) {}
    fn forget_content(&self, _: u64) {}
    fn forget_name(&self, _: u64, _: &str) {}
}

type Memory = Fs<MemoryTree>;

fn walk(fs: &Memory, path: &str) -> Result<Stat, FsError> {
    let mut ino = ROOT;
    let mut stat = None;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let found = fs.lookup(ino, name)?;
        ino = found.ino;
        stat = Some(found);
    }
    Ok(stat.expect("a path has names"))
}

/// What the kernel does on ESTALE: it looks again.
fn open(fs: &Memory, path: &str) -> Result<u64, FsError> {
    let stat = walk(fs, path)?;
    match fs.open(stat.ino, false) {
        Ok(open) => Ok(open.handle),
        Err(e) if e.errno() == libc::ESTALE => Ok(fs.open(walk(fs, path)?.ino, false)?.handle),
        Err(e) => Err(e),
    }
}

fn read(fs: &Memory, handle: u64, offset: usize, size: usize) -> Result<Vec<u8>, FsError> {
    let mut found = Vec::new();
    fs.read(handle, offset as u64, size as u32, &mut |bytes| found.extend_from_slice(bytes))?;
    Ok(found)
}

fn part(text: &[u8], offset: usize, size: usize) -> &[u8] {
    let start = offset.min(text.len());
    &text[start..(start + size).min(text.len())]
}

fn list(fs: &Memory, ino: u64, batch: usize, back: u8) -> Result<Vec<String>, FsError> {
    let handle = fs.opendir(ino)?;
    let (mut seen, mut offset, mut jumped) = (Vec::<(String, u64)>::new(), 0, false);
    loop {
        let (before, mut room) = (seen.len(), batch);
        fs.readdir(handle, offset, &mut |_, next, _, name| {
            if room == 0 {
                return true;
            }
            room -= 1;
            seen.push((name.to_owned(), next));
            false
        })?;
        if seen.len() == before {
            break;
        }
        // Once, back to behind an entry that was seen.
        let keep = if jumped { seen.len() } else { 1 + usize::from(back) % seen.len() };
        jumped = true;
        seen.truncate(keep);
        offset = seen[keep - 1].1;
    }
    fs.releasedir(handle);
    Ok(seen.into_iter().map(|(name, _)| name).filter(|name| name != "." && name != "..").collect())
}

fn text(thread: usize, serial: usize, length: usize) -> Vec<u8> {
    let line = format!("{thread}.{serial} ");
    line.bytes().cycle().take(length).collect()
}

/// One thread's table, as it has to be.
struct Model<'a> {
    fs: &'a Memory,
    thread: usize,
    serial: usize,
    files: BTreeMap<String, Arc<[u8]>>,
    open: Vec<(u64, Arc<[u8]>)>,
    /// What lies in staging: the text of kept and of refused files.
    staged: BTreeMap<String, Vec<u8>>,
    taken: Vec<String>,
    shared: u64,
}

fn errno<T>(result: &Result<T, FsError>) -> i32 {
    result.as_ref().err().map_or(0, FsError::errno)
}

macro_rules! same {
    ($expected:expr, $found:expr, $($what:tt)*) => {
        let (expected, found) = (&$expected, &$found);
        if expected != found {
            return Err(format!("{}:\n  model {expected:?}\n  mount {found:?}", format!($($what)*)));
        }
    };
}

impl Model<'_> {
    fn path(&self, name: u8) -> String {
        format!("/ks/t{}/json/{name}.json", self.thread)
    }

    fn staging(&self) -> Result<u64, String> {
        walk(self.fs, &format!("/ks/t{}/staging", self.thread)).map(|stat| stat.ino).map_err(|e| format!("{e:?}"))
    }

    /// Ends in `~` where it is only kept.
    fn staged_name(name: u8, hidden: bool) -> String {
        if hidden { format!(".s{name}.csv") } else { format!("s{name}.csv") }
    }

    fn either(&self, name: u8) -> String {
        let hidden = Self::staged_name(name, true);
        if self.staged.contains_key(&hidden) { hidden } else { Self::staged_name(name, false) }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Put { name, length, size } => {
                self.serial += 1;
                let text: Arc<[u8]> = text(self.thread, self.serial, length).into();
                let file = match size {
                    0 => File::Text(text.clone()),
                    1 => File::Made(text.clone(), Size::Open),
                    _ => File::Made(text.clone(), Size::OnDemand),
                };
                self.fs.tree().put(&self.path(name), file);
                self.files.insert(self.path(name), text);
            }
            Step::Remove { name } => {
                self.fs.tree().remove(&self.path(name));
                self.files.remove(&self.path(name));
            }
            Step::Lookup { name } => {
                let found = walk(self.fs, &self.path(name));
                let expected = if self.files.contains_key(&self.path(name)) { 0 } else { libc::ENOENT };
                same!(expected, errno(&found), "lookup of {}", self.path(name));
                if let Ok(stat) = found {
                    self.fs.forget(stat.ino, 1);
                }
            }
            Step::Open { name } => {
                let opened = open(self.fs, &self.path(name));
                match self.files.get(&self.path(name)) {
                    Some(text) => {
                        same!(0, errno(&opened), "open of {}", self.path(name));
                        self.open.extend(opened.ok().map(|handle| (handle, text.clone())));
                    }
                    None => {
                        same!(libc::ENOENT, errno(&opened), "open of {}", self.path(name));
                    }
                }
            }
            Step::Read { handle, offset, size } => {
                let Some((handle, text)) = self.open.get(usize::from(handle) % self.open.len().max(1)) else {
                    return Ok(());
                };
                let found = read(self.fs, *handle, offset, size).map_err(|e| format!("{e:?}"))?;
                same!(part(text, offset, size), &found[..], "{size} bytes at {offset}");
            }
            Step::Close { handle } => {
                if !self.open.is_empty() {
                    let (handle, _) = self.open.swap_remove(usize::from(handle) % self.open.len());
                    self.fs.release(handle);
                    same!(libc::EBADF, errno(&read(self.fs, handle, 0, 1)), "read behind the close");
                }
            }
            Step::List { batch, back } => {
                let folder = walk(self.fs, &format!("/ks/t{}/json", self.thread));
                if self.files.is_empty() {
                    same!(libc::ENOENT, errno(&folder), "a folder without files");
                    return Ok(());
                }
                let ino = folder.map_err(|e| format!("{e:?}"))?.ino;
                let names = list(self.fs, ino, batch, back).map_err(|e| format!("{e:?}"))?;
                let expected = self.files.keys().map(|path| path.rsplit('/').next().expect("a name").to_owned());
                same!(expected.collect::<Vec<_>>(), names, "listing in batches of {batch}, {back}");
            }
            Step::Shared { offset, size } => {
                let found = read(self.fs, self.shared, offset, size).map_err(|e| format!("{e:?}"))?;
                let shared = text(9, 9, SHARED);
                same!(part(&shared, offset, size), &found[..], "the shared file, {size} bytes at {offset}");
            }
            Step::Refresh => self.fs.changed(|_| true),
            Step::Stage { name, hidden, lines, bad } => {
                return self.stage(&Self::staged_name(name, hidden), lines, bad);
            }
            Step::Rename { from, to, replace } => return self.rename(from, to, replace),
            Step::Unlink { name } => {
                let name = self.either(name);
                let removed = self.fs.unlink(self.staging()?, &name);
                let expected = if self.staged.remove(&name).is_some() { 0 } else { libc::ENOENT };
                same!(expected, errno(&removed), "unlink of {name}");
            }
            Step::ListStaging => {
                let names = list(self.fs, self.staging()?, 2, 1).map_err(|e| format!("{e:?}"))?;
                let names: Vec<&String> =
                    names.iter().filter(|n| !n.ends_with(".errors") && *n != "log.jsonl").collect();
                same!(self.staged.keys().collect::<Vec<_>>(), names, "staging");
            }
        }
        Ok(())
    }

    /// What closing or naming a file makes of its text.
    fn judge(&mut self, name: &str, text: Vec<u8>) -> i32 {
        let all = String::from_utf8_lossy(&text).into_owned();
        if all.contains("bad") {
            self.staged.insert(name.to_owned(), text);
            return libc::EINVAL;
        }
        self.taken.extend(all.lines().skip(1).map(str::to_owned));
        0
    }

    fn stage(&mut self, name: &str, lines: u8, bad: bool) -> Result<(), String> {
        let folder = self.staging()?;
        // Written anew, as `cp` does.
        if self.staged.remove(name).is_some() {
            same!(0, errno(&self.fs.unlink(folder, name)), "unlink of {name} before it is written again");
        }
        let created = self.fs.create(folder, name, Permissions { uid: 0, gid: 0, mode: 0o644 }, true);
        same!(0, errno(&created), "create of {name}");
        let Ok((_, open)) = created else { return Ok(()) };
        let mut text = "id\n".to_owned();
        for _ in 0..lines {
            self.serial += 1;
            text += &format!("{}.{}\n", self.thread, self.serial);
        }
        if bad {
            text += "bad\n";
        }
        let (first, second) = text.as_bytes().split_at(text.len() / 2);
        // The second half first: the kernel writes pages in any order.
        for (offset, bytes) in [(first.len(), second), (0, first)] {
            let written = self.fs.write(open.handle, Some(offset as u64), bytes, Some(1));
            same!(0, errno(&written), "write of {name}");
        }
        let closed = self.fs.flush(open.handle, 1, 0);
        self.fs.release(open.handle);
        let expected = if name.starts_with('.') {
            self.staged.insert(name.to_owned(), text.into_bytes());
            0
        } else {
            self.judge(name, text.into_bytes())
        };
        same!(expected, errno(&closed), "close of {name}");
        Ok(())
    }

    fn rename(&mut self, from: u8, to: u8, replace: bool) -> Result<(), String> {
        let (from, to) = (Self::staged_name(from, true), Self::staged_name(to, false));
        let folder = self.staging()?;
        let renamed = self.fs.rename((folder, &from), (folder, &to), replace);
        let expected = if !self.staged.contains_key(&from) {
            libc::ENOENT
        } else if !replace && self.staged.contains_key(&to) {
            libc::EEXIST
        } else {
            let text = self.staged[&from].clone();
            let judged = self.judge(&from, text);
            // Bad text stays where it is, and so does what it was to replace.
            if judged == 0 {
                self.staged.remove(&from);
                self.staged.remove(&to);
            }
            judged
        };
        same!(expected, errno(&renamed), "rename of {from} to {to}, replace {replace}");
        Ok(())
    }
}

fn check(cases: &[Vec<Step>]) -> Result<(), String> {
    let spools = tempfile::tempdir().map_err(|e| e.to_string())?;
    let intakes = MemoryIntakes::default();
    let mut of_thread = HashMap::new();
    for thread in 0..THREADS {
        let folder = spools.path().join(format!("t{thread}"));
        std::fs::create_dir(&folder).map_err(|e| e.to_string())?;
        let intake = MemoryIntake::new(folder);
        intakes.tables.lock().insert(TableName::new("ks", &format!("t{thread}")), Ok(intake.clone()));
        of_thread.insert(thread, intake);
    }
    let tree = MemoryTree::with_intakes(Arc::new(intakes));
    for thread in 0..THREADS {
        tree.put_text(&format!("/ks/t{thread}/schema.cql"), "CREATE");
    }
    tree.put("/ks/t0/rows.json", File::Made(text(9, 9, SHARED).into(), Size::Open));
    let fs = Arc::new(Fs::new(tree, FsOptions::default()));
    fs.connect(Arc::new(Forgetful));
    std::thread::scope(|scope| {
        let handles: Vec<_> = cases
            .iter()
            .enumerate()
            .map(|(thread, steps)| {
                let (fs, intake) = (&fs, &of_thread[&thread]);
                scope.spawn(move || {
                    let shared = open(fs, "/ks/t0/rows.json").map_err(|e| format!("{e:?}"))?;
                    let mut model = Model {
                        fs,
                        thread,
                        serial: 0,
                        files: BTreeMap::new(),
                        open: Vec::new(),
                        staged: BTreeMap::new(),
                        taken: Vec::new(),
                        shared,
                    };
                    for (at, step) in steps.iter().enumerate() {
                        model.step(step).map_err(|e| format!("thread {thread}, step {at}, {step:?}: {e}"))?;
                    }
                    same!(model.taken, *intake.lines.lock(), "thread {thread}: lines that were taken up");
                    Ok(())
                })
            })
            .collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| "a panic".to_owned())?)
    })
}

#[test]
fn every_answer_is_that_of_the_model() {
    runner::run("mount", CASES, &vec(steps(), THREADS), |steps| check(&steps));
}
