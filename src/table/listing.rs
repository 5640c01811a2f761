//! Which SSTables of a table are live: complete, not being written, not replaced. Follows
//! org.apache.cassandra.db.lifecycle.LogAwareFileLister, and does not trust a folder that changes while it is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::discover::{TableDir, is_data_file, old_version};
use super::txn::{Log, OnDisk, Record, RecordKind, is_log_name};
use crate::error::{Error, Kind, Result};
use crate::sstable::Format;
use crate::sstable::temporary_of;
use crate::sstable::version::refusal;
use crate::storage::directory::{self, Stamp};
use crate::storage::{self, FileSource};

/// A live SSTable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LiveSstable {
    /// The folder that it lies in.
    pub dir: PathBuf,
    /// `oa-1-big-Data.db`.
    pub data_file: String,
    /// `Data.db`, `Index.db` …: the files that are there, in order.
    pub components: Vec<String>,
}

/// The live SSTables of a table's folders.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Folder by folder.
    pub sstables: Vec<LiveSstable>,
    /// What can't be read or is not taken, each with its file.
    pub problems: Vec<Error>,
    fingerprint: Fingerprint,
}

/// No transaction log is anywhere near this long.
const LOG_LIMIT: u64 = 64 << 20;
/// A folder that never rests is taken as it is at last.
const ATTEMPTS: u32 = 50;
/// File systems date changes to a few milliseconds: a folder that changed as recently as that before it was listed
/// may have changed again behind the listing without another date.
const DATE_GRAIN: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
struct Fingerprint {
    stamps: BTreeMap<PathBuf, Option<Stamp>>,
    reliable: bool,
}

impl Listing {
    /// Lists the folders again and again until two passes see the same, so that what is seen is one state: between
    /// two listings a flush or compaction may finish, and its old files go.
    pub fn read(dirs: &[TableDir]) -> Result<Listing> {
        let mut before = None;
        let mut attempt = 0;
        loop {
            let started = SystemTime::now();
            let pass = Pass::read(dirs)?;
            attempt += 1;
            if before.as_ref() == Some(&pass) || attempt == ATTEMPTS {
                return Ok(pass.classify(dirs, started));
            }
            if attempt > 1 {
                std::thread::sleep(Duration::from_millis(4));
            }
            before = Some(pass);
        }
    }

    /// Whether the folders are surely as they were. Costs a few system calls.
    pub fn is_current(&self) -> bool {
        self.fingerprint.reliable
            && self.fingerprint.stamps.iter().all(|(path, stamp)| directory::stamp(path).ok() == *stamp)
    }
}

/// What one pass over the folders saw.
#[derive(Debug, PartialEq)]
struct Pass {
    /// For each folder the names of its files.
    files: Vec<BTreeSet<String>>,
    /// Transaction logs by name: the folders that have a replica, and its text.
    logs: BTreeMap<String, Vec<(usize, String)>>,
    stamps: BTreeMap<PathBuf, Option<Stamp>>,
}

impl Pass {
    fn read(dirs: &[TableDir]) -> Result<Pass> {
        let mut pass = Pass { files: Vec::new(), logs: BTreeMap::new(), stamps: BTreeMap::new() };
        for dir in dirs {
            pass.stamps.insert(dir.path.clone(), directory::stamp(&dir.path).ok());
            let entries = match directory::list(&dir.path) {
                Ok(entries) => entries,
                // A table that is dropped while it is shown.
                Err(e) if e.kind() == Kind::NotFound => Vec::new(),
                Err(e) => return Err(e),
            };
            pass.files.push(entries.into_iter().filter(|e| !e.is_dir).map(|e| e.name).collect());
        }
        for (i, (dir, files)) in dirs.iter().zip(&pass.files).enumerate() {
            for name in files.iter().filter(|n| is_log_name(n)) {
                let path = dir.path.join(name);
                let text = match read_text(&path) {
                    // One that is gone again was completed: the next pass tells.
                    Err(e) if e.kind() == Kind::NotFound => String::new(),
                    text => text?,
                };
                pass.stamps.insert(path.clone(), directory::stamp(&path).ok());
                pass.logs.entry(name.clone()).or_default().push((i, text));
            }
        }
        Ok(pass)
    }

    fn classify(self, dirs: &[TableDir], started: SystemTime) -> Listing {
        let mut problems = Vec::new();
        let mut hidden: BTreeSet<(usize, &str)> = BTreeSet::new();
        let logs: Vec<_> = self
            .logs
            .iter()
            .map(|(name, replicas)| {
                let texts: Vec<String> = replicas.iter().map(|(_, text)| text.clone()).collect();
                (Log::read(&texts, |record| self.on_disk(dirs, record)), name, replicas)
            })
            .collect();
        for (log, name, replicas) in &logs {
            let mut problem = log.problem.clone();
            let replaced = if log.completed {
                Some(if log.committed() { RecordKind::Remove } else { RecordKind::Add })
            } else if problem.is_some() {
                None
            } else if self.all_present(dirs, log, replicas) {
                Some(RecordKind::Add)
            } else {
                problem = Some("is not finished, but files that it would replace are gone".to_owned());
                None
            };
            if let Some(kind) = replaced {
                for record in log.valid(kind) {
                    let prefix = record.split_path().1;
                    hidden.extend(folders(dirs, record, replicas).into_iter().map(|i| (i, prefix)));
                }
            }
            if let Some(problem) = problem {
                let what = if replaced.is_none() { "old and new SSTables are read" } else { "the rest of it counts" };
                let path = replicas.first().map(|(i, _)| dirs[*i].path.join(name)).unwrap_or_default();
                problems.push(Error::corrupt(format!("transaction log: {problem}; {what}")).in_file(path));
            }
        }
        let mut sstables = Vec::new();
        for (i, (dir, files)) in dirs.iter().zip(&self.files).enumerate() {
            live_in(dir, files, |prefix| hidden.contains(&(i, prefix)), &mut sstables, &mut problems);
        }
        let quiet =
            |s: &Option<Stamp>| s.is_some_and(|s| started.duration_since(s.modified).is_ok_and(|age| age > DATE_GRAIN));
        let reliable = self.stamps.values().all(quiet);
        Listing { sstables, problems, fingerprint: Fingerprint { stamps: self.stamps, reliable } }
    }

    fn on_disk(&self, dirs: &[TableDir], record: &Record) -> Option<OnDisk> {
        let (folder, prefix) = record.split_path();
        let i = dirs.iter().position(|d| d.path == Path::new(folder))?;
        let mut disk = OnDisk::default();
        for name in self.with_prefix(i, prefix) {
            let Ok(stamp) = directory::stamp(&dirs[i].path.join(name)) else { continue };
            let time = stamp.modified_millis();
            disk.files += 1;
            disk.newest_with_statistics = disk.newest_with_statistics.max(time);
            if !name.ends_with("-Statistics.db") && !name.ends_with(".tmp") {
                disk.newest = disk.newest.max(time);
            }
        }
        Some(disk)
    }

    fn with_prefix<'a>(&'a self, dir: usize, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.files[dir].range(prefix.to_owned()..).map(String::as_str).take_while(move |n| n.starts_with(prefix))
    }

    fn all_present(&self, dirs: &[TableDir], log: &Log, replicas: &[(usize, String)]) -> bool {
        log.valid(RecordKind::Remove).all(|record| {
            let prefix = record.split_path().1;
            let count: usize =
                folders(dirs, record, replicas).iter().map(|i| self.with_prefix(*i, prefix).count()).sum();
            count >= record.files.max(0) as usize
        })
    }
}

/// The folders that a record speaks of: the one it names or, in a copy of the data directory, those with the log.
/// (The id of an SSTable is unique among the disks of a node.)
fn folders(dirs: &[TableDir], record: &Record, replicas: &[(usize, String)]) -> Vec<usize> {
    let folder = Path::new(record.split_path().0);
    match dirs.iter().position(|d| d.path == folder) {
        Some(i) => vec![i],
        None => replicas.iter().map(|(i, _)| *i).collect(),
    }
}

fn read_text(path: &Path) -> Result<String> {
    let source = FileSource::open(path)?;
    let bytes = storage::read_all(&source, LOG_LIMIT).map_err(|e| Error::io(e, path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Groups the files of a folder by SSTable.
fn live_in(
    dir: &TableDir,
    files: &BTreeSet<String>,
    is_hidden: impl Fn(&str) -> bool,
    sstables: &mut Vec<LiveSstable>,
    problems: &mut Vec<Error>,
) {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in files {
        if let Some(version) = old_version(name) {
            problems.push(Error::unsupported(refusal(version, Format::Big)).in_file(dir.path.join(name)));
        }
        if name.ends_with(".tmp") || name.split('-').count() != 4 || name.starts_with("tmp") {
            continue;
        }
        let Some(end) = name.rfind('-') else { continue };
        let (prefix, component) = name.split_at(end + 1);
        let known = component.ends_with(".db") || component == "TOC.txt" || component.starts_with("Digest.");
        if known && !component.starts_with("SAI") {
            groups.entry(prefix).or_default().push(component.to_owned());
        }
    }
    for (prefix, components) in groups {
        if is_hidden(prefix) {
            continue;
        }
        let data_file = format!("{prefix}Data.db");
        if dir.only.as_ref().is_some_and(|only| *only != data_file) {
            continue;
        }
        if !is_data_file(&data_file) {
            continue;
        }
        if !components.iter().any(|c| c == "Data.db") {
            if files.contains(&temporary_of(&data_file)) {
                continue;
            }
            let text = format!("is missing, though {prefix}{} is there: there is nothing to read", components[0]);
            problems.push(Error::not_found(text).in_file(dir.path.join(&data_file)));
            continue;
        }
        sstables.push(LiveSstable { dir: dir.path.clone(), data_file, components });
    }
}

#[cfg(test)]
mod tests {
    use super::super::discover;
    use super::super::txn::testing;
    use super::*;
    use std::fs;

    const TABLE: &str = "d/ks/t-e030bf40e9cb11f19fff0dc7fc239b5c";

    struct Folder(tempfile::TempDir, PathBuf);

    impl Folder {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let table = root.path().canonicalize().unwrap().join(TABLE);
            fs::create_dir_all(&table).unwrap();
            Folder(root, table)
        }

        fn sstable(&self, prefix: &str) {
            for component in ["Data.db", "Statistics.db", "TOC.txt"] {
                fs::write(self.1.join(format!("{prefix}{component}")), "").unwrap();
            }
        }

        fn record(&self, kind: RecordKind, prefix: &str) -> String {
            let time = fs::metadata(self.1.join(format!("{prefix}Data.db"))).unwrap().modified().unwrap();
            let millis = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64;
            let millis = if kind == RecordKind::Remove { millis } else { 0 };
            testing::line(kind, &format!("{}/{prefix}", self.1.display()), millis, 3)
        }

        fn log(&self, lines: &[String]) {
            fs::write(self.1.join("oa_txn_compaction_x.log"), lines.concat()).unwrap();
        }

        fn listing(&self) -> Listing {
            let dirs = discover::find(&[self.0.path().join("d")]).unwrap().dirs;
            Listing::read(&dirs).unwrap()
        }

        fn live(&self) -> Vec<String> {
            self.listing().sstables.into_iter().map(|s| s.data_file).collect()
        }
    }

    fn commit() -> String {
        testing::line(RecordKind::Commit, "", 0, 0)
    }

    const OLD: &str = "oa-1-big-";
    const NEW: &str = "oa-2-big-";

    #[test]
    fn only_sstables_count() {
        let folder = Folder::new();
        folder.sstable(OLD);
        for name in [
            "oa-1-big-SAI+aa+GroupComplete.db",
            "oa-1-big-Statistics.db.tmp",
            "manifest.json",
            "oa-3-big-Index.db",
            "tmp-la-3-big-Data.db",
            "ks-t-ka-4-Data.db",
        ] {
            fs::write(folder.1.join(name), "").unwrap();
        }
        let listing = folder.listing();
        assert_eq!(listing.sstables.len(), 1);
        assert_eq!(listing.sstables[0].components, ["Data.db", "Statistics.db", "TOC.txt"]);
        let problems: Vec<String> = listing.problems.iter().map(Error::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().any(|p| p.contains("ks-t-ka-4-Data.db") && p.contains("ka (big) is of Cassandra 2.1")));
        assert!(problems.iter().any(|p| p.contains("oa-3-big-Data.db") && p.contains("missing")));
    }

    #[test]
    fn transactions_decide() {
        let folder = Folder::new();
        folder.sstable(OLD);
        folder.sstable(NEW);
        assert_eq!(folder.live(), ["oa-1-big-Data.db", "oa-2-big-Data.db"]);
        let (add, remove) = (folder.record(RecordKind::Add, NEW), folder.record(RecordKind::Remove, OLD));
        let cases: [(&[String], &[&str]); 5] = [
            (std::slice::from_ref(&add), &["oa-1-big-Data.db"]),
            (&[add.clone(), remove.clone()], &["oa-1-big-Data.db"]),
            (&[add.clone(), remove.clone(), commit()], &["oa-2-big-Data.db"]),
            (&[add.clone(), remove.clone(), commit()[..9].to_owned()], &["oa-1-big-Data.db"]),
            (&[add.clone(), remove.clone(), testing::line(RecordKind::Abort, "", 0, 0)], &["oa-1-big-Data.db"]),
        ];
        for (lines, expected) in cases {
            folder.log(lines);
            let listing = folder.listing();
            let live: Vec<&str> = listing.sstables.iter().map(|s| s.data_file.as_str()).collect();
            assert_eq!(live, expected, "{lines:?}");
            assert!(listing.problems.is_empty(), "{lines:?}: {:?}", listing.problems);
        }
        // Half of the old files are deleted already.
        fs::remove_file(folder.1.join("oa-1-big-TOC.txt")).unwrap();
        folder.log(&[add.clone(), remove.clone(), commit()]);
        assert_eq!(folder.live(), ["oa-2-big-Data.db"]);
        // That can't be without a commit: nothing is left out, and it is said.
        folder.log(&[add, remove]);
        let listing = folder.listing();
        assert_eq!(listing.sstables.len(), 2);
        assert!(listing.problems[0].to_string().contains("oa_txn_compaction_x.log"), "{:?}", listing.problems);
    }

    /// Taken for an empty one, it would show old and new SSTables at once.
    #[test]
    fn a_log_that_can_not_be_read_is_an_error() {
        let folder = Folder::new();
        folder.sstable(OLD);
        folder.sstable(NEW);
        let log = folder.1.join("oa_txn_compaction_x.log");
        let read = || Listing::read(&discover::find(&[folder.0.path().join("d")]).unwrap().dirs);
        std::os::unix::fs::symlink("elsewhere.log", &log).unwrap();
        assert!(read().unwrap_err().to_string().contains("oa_txn_compaction_x.log"));
        fs::remove_file(&log).unwrap();
        fs::File::create(&log).unwrap().set_len(LOG_LIMIT + 1).unwrap();
        assert!(read().unwrap_err().to_string().contains("oa_txn_compaction_x.log"));
        fs::remove_file(&log).unwrap();
        assert_eq!(read().unwrap().sstables.len(), 2);
    }

    #[test]
    fn files_put_back_from_a_backup_stay() {
        let folder = Folder::new();
        folder.sstable(OLD);
        folder.sstable(NEW);
        let other_time = testing::line(RecordKind::Remove, &format!("{}/{OLD}", folder.1.display()), 1000, 3);
        folder.log(&[folder.record(RecordKind::Add, NEW), other_time, commit()]);
        let listing = folder.listing();
        assert_eq!(listing.sstables.len(), 2);
        assert_eq!(listing.problems.len(), 1);
    }

    #[test]
    fn a_copied_directory_keeps_its_transactions() {
        let folder = Folder::new();
        folder.sstable(OLD);
        folder.sstable(NEW);
        let path = |prefix: &str| format!("/var/lib/cassandra/data/ks/t-e030bf40e9cb11f19fff0dc7fc239b5c/{prefix}");
        let (add, remove) = (
            testing::line(RecordKind::Add, &path(NEW), 0, 3),
            testing::line(RecordKind::Remove, &path(OLD), 1_600_000_000_000, 3),
        );
        folder.log(&[add.clone(), remove.clone()]);
        assert_eq!(folder.live(), ["oa-1-big-Data.db"]);
        folder.log(&[add, remove, commit()]);
        assert_eq!(folder.live(), ["oa-2-big-Data.db"]);
    }

    #[test]
    fn changes_are_noticed() {
        let folder = Folder::new();
        folder.sstable(OLD);
        folder.log(&[]);
        std::thread::sleep(2 * DATE_GRAIN);
        let listing = folder.listing();
        assert!(listing.is_current());
        folder.log(&[commit()]);
        assert!(!listing.is_current());
        std::thread::sleep(2 * DATE_GRAIN);
        let listing = folder.listing();
        assert!(listing.is_current());
        folder.sstable(NEW);
        assert!(!listing.is_current());
        // Too soon behind a change to be sure.
        assert!(!folder.listing().is_current());
    }
}
