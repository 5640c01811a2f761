//! A table whose SSTables come and go while it is mounted.

use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sstablefs::table::{Database, Options};
use sstablefs_mount::fs::{Fs, FsOptions};
use sstablefs_mount::fuse::{self, Mounted, SessionOptions};
use sstablefs_mount::tree::engine::{EngineOptions, EngineTree};

/// A copy of one table of testdata/ that has several SSTables, mounted.
pub(crate) struct Mount {
    pub(crate) folder: tempfile::TempDir,
    table: PathBuf,
    mounted: Option<Mounted>,
}

pub(crate) const TABLE: &str = "deletions/overlaps";

/// Copies the table, with what tells its schema, to `data` in the folder; returns where the table lies.
pub(crate) fn copy_table(folder: &Path) -> PathBuf {
    let (keyspace, table) = TABLE.split_once('/').unwrap();
    super::copied::copy_table(keyspace, table, folder)
}

impl Mount {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let table = copy_table(folder.path());
        fs::create_dir(folder.path().join("mnt")).unwrap();
        let database = Database::open(&[folder.path().join("data")], &Options::default()).unwrap();
        // A time at which nothing expires between two reads.
        let options = EngineOptions { now: Some(1_700_000_000), csv: Default::default() };
        let tree = EngineTree::new(Arc::new(database), options);
        let fs = Arc::new(Fs::new(tree, FsOptions::default()));
        let options = SessionOptions { source: "test".into(), allow_other: false, threads: 4 };
        let mounted = fuse::mount(&fs, &folder.path().join("mnt"), &options).unwrap();
        Mount { table, mounted: Some(mounted), folder }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("mnt").join(TABLE).join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    /// Moves the files of an SSTable away, or back.
    pub(crate) fn switch(&self, prefix: &str, there: bool) {
        let away = self.folder.path().join("away");
        fs::create_dir_all(&away).unwrap();
        let (from, to) = if there { (&away, &self.table) } else { (&self.table, &away) };
        let mut names: Vec<_> = fs::read_dir(from).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.retain(|n| n.to_str().unwrap().starts_with(prefix));
        // The data file first when it goes and last when it comes, so that the SSTable is there as a whole or not.
        names.sort_by_key(|n| n.to_str().unwrap().ends_with("-Data.db") == there);
        assert!(!names.is_empty());
        names.iter().for_each(|n| fs::rename(from.join(n), to.join(n)).unwrap());
    }

    pub(crate) fn an_sstable(&self) -> String {
        let names = fs::read_dir(&self.table).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut prefixes: Vec<String> = names.filter_map(|n| n.strip_suffix("Data.db").map(str::to_owned)).collect();
        prefixes.sort();
        assert!(prefixes.len() > 1, "{prefixes:?}");
        prefixes.remove(0)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        crate::unmount(self.mounted.take().unwrap());
    }
}

pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_open_file_keeps_its_sstables_and_a_new_open_sees_the_new_ones() {
    let mount = Mount::new();
    let both = mount.read("rows.jsonl");
    let listed = |folder: &str| fs::read_dir(mount.path(folder)).unwrap().count();
    let sstables = listed("sstables");
    let open = fs::File::open(mount.path("rows.jsonl")).unwrap();
    let sstable = mount.an_sstable();
    mount.switch(&sstable, false);

    let one = mount.read("rows.jsonl");
    assert_ne!(one, both, "a new open sees what is there now");
    assert_eq!(listed("sstables"), sstables - 1);
    let mut old = vec![0; both.len()];
    open.read_exact_at(&mut old, 0).unwrap();
    assert_eq!(String::from_utf8(old).unwrap(), both, "the open file");
    drop(open);
    mount.switch(&sstable, true);
    assert_eq!(mount.read("rows.jsonl"), both, "all is back");

    // A stat asks the kernel alone: it must have been told.
    for (there, text) in [(false, &one), (true, &both)] {
        mount.switch(&sstable, there);
        until("the size that stat shows", || {
            fs::metadata(mount.path("rows.jsonl")).unwrap().len() == text.len() as u64
        });
    }
    assert_eq!(listed("sstables"), sstables);
}

#[test]
fn readers_see_one_state_or_the_other() {
    let mount = Mount::new();
    let sstable = mount.an_sstable();
    let files = ["rows.jsonl", "rows.csv", "rows.json"];
    let states = [true, false, true].map(|there| {
        if fs::read_dir(&mount.table).unwrap().any(|e| e.unwrap().file_name().to_str().unwrap().starts_with(&sstable))
            != there
        {
            mount.switch(&sstable, there);
        }
        files.map(|f| mount.read(f))
    });
    assert_eq!(states[0], states[2]);
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|i| {
                let (mount, states, end) = (&mount, &states, &end);
                scope.spawn(move || {
                    let mut reads = 0;
                    while !end.load(Ordering::Relaxed) {
                        let f = (i + reads) % files.len();
                        let text = mount.read(files[f]);
                        assert!(text == states[0][f] || text == states[1][f], "{}: a mixture\n{text}", files[f]);
                        for entry in fs::read_dir(mount.path("json")).unwrap() {
                            // A key that has gone since is no file any more; whatever is there is whole.
                            if let Ok(text) = fs::read_to_string(entry.unwrap().path()) {
                                assert!(text.starts_with("[\n{") && text.ends_with("}\n]\n"), "{text}");
                            }
                        }
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        for i in 0..60 {
            mount.switch(&sstable, i % 2 == 1);
            std::thread::sleep(Duration::from_millis(17));
        }
        end.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().map(|r| r.join().unwrap()).sum::<usize>() > 10);
    });
}

#[test]
fn killed_readers_leave_the_mount_usable() {
    let mount = Mount::new();
    let text = mount.read("rows.csv");
    for round in 0..10 {
        let readers: Vec<_> = (0..6)
            .map(|_| {
                let mut grep = Command::new("grep");
                grep.arg("-r").arg("no such text").arg(mount.path(".")).stdout(Stdio::null()).stderr(Stdio::null());
                crate::start(&mut grep)
            })
            .collect();
        std::thread::sleep(Duration::from_millis(3 * round));
        for mut reader in readers {
            reader.kill().unwrap();
            reader.wait().unwrap();
        }
        assert_eq!(mount.read("rows.csv"), text);
    }
}

#[test]
fn a_table_that_is_deleted_under_the_mount_leaves_the_rest() {
    let mount = Mount::new();
    let mut open = fs::File::open(mount.path("rows.csv")).unwrap();
    let text = mount.read("rows.csv");
    fs::remove_dir_all(&mount.table).unwrap();
    let mut rest = String::new();
    open.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, text, "the open file");
    drop(open);
    until("the folder of the table is gone", || !mount.path("").exists());
    let schema = mount.folder.path().join("mnt/system_schema/tables/rows.jsonl");
    assert!(fs::read_to_string(schema).unwrap().contains("overlaps"));
}
