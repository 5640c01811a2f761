//! No path leads out of DATA: symbolic links, and what is put in the place of a file, are refused and said.

mod copied;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sstablefs::Kind;
use sstablefs::ingest::{Journal, Lock, TargetOptions};
use sstablefs::storage::{FileFolder, FileSource, Folder};
use sstablefs::table::{Database, Options};

const KEYSPACE: &str = "deletions";
const TABLE: &str = "overlaps";

struct World {
    _root: tempfile::TempDir,
    root: PathBuf,
    /// Of the table, in `data`.
    table: PathBuf,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let table = copied::copy_table(KEYSPACE, TABLE, &root);
        World { _root: dir, root, table }
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    fn open(&self) -> Database {
        Database::open(&[self.data()], &Options::default()).unwrap()
    }

    /// How many SSTables are read, and what is said.
    fn read(&self) -> (usize, String) {
        let database = self.open();
        let store = database.table(KEYSPACE, TABLE).unwrap();
        let sstables = store.view().map_or(0, |view| view.sstables().len());
        let problems = database.problems().into_iter().chain(store.problems()).map(|e| format!("{e}\n")).collect();
        (sstables, problems)
    }

    /// Moves it out of DATA and leaves a link.
    fn link(&self, path: &Path) {
        let outside = self.root.join("outside");
        fs::create_dir_all(&outside).unwrap();
        let to = outside.join(path.file_name().unwrap());
        fs::rename(path, &to).unwrap();
        symlink(to, path).unwrap();
    }

    fn unlink(&self, path: &Path) {
        fs::remove_file(path).unwrap();
        fs::rename(self.root.join("outside").join(path.file_name().unwrap()), path).unwrap();
    }

    /// The SSTable's file with that end.
    fn component(&self, end: &str) -> PathBuf {
        let mut names: Vec<_> = fs::read_dir(&self.table).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names.into_iter().find(|path| path.to_str().unwrap().ends_with(end)).unwrap()
    }
}

const SAID: &str = "is a symbolic link, and none is followed";

#[test]
fn components_that_are_links_are_not_read() {
    let world = World::new();
    let (all, said) = world.read();
    assert!(all > 1 && said.is_empty(), "{said}");
    for end in ["-Data.db", "-Statistics.db", "-Index.db", "-Filter.db", "-CompressionInfo.db", "-Summary.db"] {
        let path = world.component(end);
        world.link(&path);
        let (read, said) = world.read();
        assert_eq!(read, all - 1, "{end}");
        assert!(said.contains(SAID) && said.contains(path.to_str().unwrap()), "{end}: {said}");
        // Where it leads does not matter.
        fs::remove_file(&path).unwrap();
        symlink(world.root.join("nowhere"), &path).unwrap();
        assert_eq!(world.read().0, all - 1, "{end}");
        world.unlink(&path);
    }
    assert_eq!(world.read(), (all, String::new()));
}

#[test]
fn folders_that_are_links_are_not_entered() {
    let world = World::new();
    let (table, keyspace) = (world.table.clone(), world.data().join(KEYSPACE));
    for path in [&table, &keyspace] {
        world.link(path);
        let database = world.open();
        assert!(database.table(KEYSPACE, TABLE).is_none(), "{}", path.display());
        let said: String = database.problems().iter().map(|e| format!("{e}\n")).collect();
        assert!(said.contains(SAID) && said.contains(path.to_str().unwrap()), "{said}");
        world.unlink(path);
    }
    // A link may be given, though.
    let way = world.root.join("way");
    for (given, keyspaces) in [(world.data(), 2), (table.clone(), 1), (world.component("-Data.db"), 1)] {
        let _ = fs::remove_file(&way);
        symlink(&given, &way).unwrap();
        let database = Database::open(std::slice::from_ref(&way), &Options::default()).unwrap();
        assert_eq!(database.keyspaces().len(), keyspaces, "{}", given.display());
        assert!(!database.table(KEYSPACE, TABLE).unwrap().view().unwrap().sstables().is_empty());
    }
    // A snapshot whose folder is a link, with nothing else there.
    let snapshot = table.join("snapshots/s");
    copied::copy_files(&table, &snapshot);
    fs::write(snapshot.join("schema.cql"), "").unwrap();
    world.link(&snapshot.join("schema.cql"));
    let database = Database::open(std::slice::from_ref(&snapshot), &Options::default()).unwrap();
    assert!(database.problems().iter().any(|e| e.message().contains(SAID)), "{:?}", database.problems());
}

#[test]
fn what_becomes_a_link_later_is_not_followed() {
    let world = World::new();
    let database = world.open();
    let store = database.table(KEYSPACE, TABLE).unwrap();
    let before = store.view().unwrap().sstables().len();
    assert!(before > 1);
    // As one who may write to the folder above does it, between a look and the next.
    let outside = world.root.join("outside");
    fs::rename(&world.table, &outside).unwrap();
    symlink(&outside, &world.table).unwrap();
    let refreshed = store.refresh();
    let said = format!("{refreshed:?} {:?}", store.problems());
    assert!(said.contains(SAID), "{said}");
    for (path, kind) in
        [(world.component("-Data.db"), Kind::Unsupported), (world.table.join("none"), Kind::Unsupported)]
    {
        assert_eq!(FileSource::open(&path).err().map(|e| e.kind()), Some(kind), "{}", path.display());
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let world = World::new();
    let all = world.read().0;
    for (end, put) in [("-Data.db", "mkfifo"), ("-Statistics.db", "mkfifo"), ("-Filter.db", "mkdir")] {
        let path = world.component(end);
        fs::rename(&path, world.root.join("kept")).unwrap();
        assert!(Command::new(put).arg(&path).status().unwrap().success());
        let started = Instant::now();
        let (read, said) = world.read();
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(read, all - 1, "{end}: {said}");
        assert!(said.contains(path.to_str().unwrap()), "{end}: {said}");
        let _ = if put == "mkdir" { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        fs::rename(world.root.join("kept"), &path).unwrap();
    }
    assert_eq!(FileSource::open(Path::new("/dev/zero")).err().map(|e| e.kind()), Some(Kind::Invalid));
}

#[test]
fn nothing_is_written_through_a_link() {
    let world = World::new();
    let outside = world.root.join("outside");
    fs::create_dir(&outside).unwrap();
    let is_untouched = || fs::read_dir(&outside).unwrap().count() == 0;
    // The folder of the journal, its lock, its scratch folder.
    let own = world.table.join(".sstablefs");
    symlink(&outside, &own).unwrap();
    let database = world.open();
    let store = database.table(KEYSPACE, TABLE).unwrap();
    let error = Journal::open(&store, &TargetOptions::default()).err().unwrap();
    assert!(error.to_string().contains("is in the way") && is_untouched(), "{error}");
    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    symlink(outside.join("lock"), own.join("lock")).unwrap();
    assert!(Lock::take(&world.table).is_err() && is_untouched());
    fs::remove_file(own.join("lock")).unwrap();
    fs::write(outside.join("kept"), "").unwrap();
    symlink(&outside, own.join("scratch")).unwrap();
    assert!(Lock::take(&world.table).is_err() && outside.join("kept").exists());
    fs::remove_file(own.join("scratch")).unwrap();
    fs::remove_file(outside.join("kept")).unwrap();
    // A record of a flush that is a link.
    fs::write(world.root.join("record"), "oa-1-big\n").unwrap();
    symlink(world.root.join("record"), own.join("flush")).unwrap();
    assert!(Journal::open(&store, &TargetOptions::default()).is_err());
    fs::remove_file(own.join("flush")).unwrap();
    // The folder of the table, replaced while it is written to.
    let folder = FileFolder::new(&world.table);
    folder.create("a").unwrap();
    fs::rename(&world.table, world.root.join("moved")).unwrap();
    symlink(&outside, &world.table).unwrap();
    folder.create("b").unwrap();
    folder.rename("b", "c").unwrap();
    assert!(is_untouched() && world.root.join("moved/c").exists());
    assert!(FileFolder::new(&world.table).create("d").is_err() && is_untouched());
    assert!(Lock::take(&world.table).is_err() && is_untouched());
    // Below --out.
    let out = world.root.join("out");
    fs::create_dir_all(&out).unwrap();
    symlink(&outside, out.join(KEYSPACE)).unwrap();
    let options = TargetOptions { out: Some(out), version: None };
    let error = Journal::open(&store, &options).err().unwrap();
    assert!(error.to_string().contains("leads out of"), "{error}");
}
