//! Who may see what, as the kernel decides it for other users. These tests are root's.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use sstablefs::table::{Database, Options};
use sstablefs_mount::fs::{Fs, FsOptions};
use sstablefs_mount::fuse::{self, Mounted, SessionOptions};
use sstablefs_mount::tree::engine::{EngineOptions, EngineTree, StagingOptions};

use crate::changes::{TABLE, copy_table, until};

/// Runs as Cassandra; in its group; neither.
const CASSANDRA: u32 = 4711;
const GROUP: u32 = 4712;
const FRIEND: u32 = 4713;
const STRANGER: u32 = 4714;

struct World {
    folder: tempfile::TempDir,
    table: PathBuf,
    mounted: Option<Mounted>,
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What lies in a folder, and itself.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(all_below(&path)) } else { all.push(path) }
    }
    all
}

impl World {
    /// The files are Cassandra's, with these modes.
    fn new(shared: bool, folders: u32, files: u32) -> World {
        assert!(rustix::process::geteuid().is_root(), "only root can ask as other users");
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o755);
        let table = copy_table(folder.path());
        for path in all_below(&folder.path().join("data")) {
            chown(&path, Some(CASSANDRA), Some(GROUP)).unwrap();
            set_mode(&path, if path.is_dir() { folders } else { files });
        }
        let mountpoint = folder.path().join("mnt");
        fs::create_dir(&mountpoint).unwrap();
        let database = Database::open(&[folder.path().join("data")], &Options::default()).unwrap();
        let options = EngineOptions { now: Some(1_700_000_000), csv: Default::default() };
        let staging = StagingOptions {
            target: Default::default(),
            memtable: 8 << 20,
            null_deletes: false,
            csv: Default::default(),
        };
        let tree = EngineTree::new(Arc::new(database), options).with_staging(staging);
        let fs = Arc::new(Fs::new(tree, FsOptions { shared, ..FsOptions::default() }));
        let options = SessionOptions { source: "test".into(), allow_other: shared, threads: 4 };
        let mounted = Some(fuse::mount(&fs, &mountpoint, &options).unwrap());
        World { folder, table, mounted }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("mnt").join(path)
    }

    fn in_table(&self, path: &str) -> PathBuf {
        self.path(TABLE).join(path)
    }

    fn component(&self, name: &str) -> PathBuf {
        let mut files = all_below(&self.table).into_iter();
        files.find(|path| path.to_str().unwrap().ends_with(name)).unwrap()
    }

    /// `uid:gid mode` of a file of the mount.
    fn owner(&self, path: &str) -> String {
        let metadata = fs::metadata(self.path(path)).unwrap();
        format!("{}:{} {:o}", metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        crate::unmount(self.mounted.take().unwrap());
    }
}

/// What a shell says, or that it is not permitted. `$1` is the path.
fn ask(user: u32, group: u32, script: &str, path: &Path) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(path).uid(user).gid(group).env("LC_ALL", "C").current_dir("/");
    let output = crate::run(&mut shell);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match (output.status.success(), said.contains("Permission denied"), said.contains("Operation not permitted")) {
        (true, ..) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        (_, true, _) => "EACCES".to_owned(),
        (_, _, true) => "EPERM".to_owned(),
        _ => said,
    }
}

fn can_read(user: u32, group: u32, path: &Path) -> bool {
    match ask(user, group, "cat \"$1\" > /dev/null && echo read", path).as_str() {
        "read" => true,
        "EACCES" => false,
        other => panic!("{other}"),
    }
}

#[test]
fn only_who_mounts_it_enters_unless_it_is_shared() {
    let world = World::new(false, 0o755, 0o644);
    assert!(fs::metadata(world.in_table("rows.csv")).is_ok());
    for (user, group) in [(CASSANDRA, GROUP), (STRANGER, STRANGER)] {
        for path in [world.path(""), world.path("README.txt"), world.in_table("rows.csv")] {
            assert_eq!(ask(user, group, "stat \"$1\"", &path), "EACCES", "{}", path.display());
        }
    }
    drop(world);
    let world = World::new(true, 0o755, 0o644);
    for path in [world.path("README.txt"), world.in_table("rows.csv"), world.in_table("schema.cql")] {
        assert!(can_read(STRANGER, STRANGER, &path), "{}", path.display());
    }
}

#[test]
fn files_have_the_owner_and_the_mode_of_the_sstables() {
    let world = World::new(true, 0o750, 0o640);
    let key = fs::read_dir(world.in_table("json")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let key = format!("{TABLE}/json/{key}");
    let explained = format!("cql/SELECT * FROM {}.explain.json", TABLE.replace('/', "."));
    for file in ["rows.json", "rows.csv", "info.json", "schema.cql", "where/@limit=1/count"] {
        assert_eq!(world.owner(&format!("{TABLE}/{file}")), format!("{CASSANDRA}:{GROUP} 440"), "{file}");
    }
    for file in [key.as_str(), "README.txt", "deletions/schema.cql", "cql/README.txt", &explained] {
        assert_eq!(world.owner(file), format!("{CASSANDRA}:{GROUP} 440"), "{file}");
    }
    for folder in ["", "cql", "deletions", TABLE] {
        assert_eq!(world.owner(folder), format!("{CASSANDRA}:{GROUP} 550"), "{folder}");
    }
    for folder in ["json", "where", "where/@limit=1", "sstables"] {
        assert_eq!(world.owner(&format!("{TABLE}/{folder}")), format!("{CASSANDRA}:{GROUP} 550"), "{folder}");
    }
    // Staging is as the table's folder: its owner may write.
    assert_eq!(world.owner(&format!("{TABLE}/staging")), format!("{CASSANDRA}:{GROUP} 750"));
    for path in [world.in_table("rows.csv"), world.path(&key), world.path("README.txt"), world.path(&explained)] {
        assert!(can_read(CASSANDRA, STRANGER, &path) && can_read(FRIEND, GROUP, &path), "{}", path.display());
        assert!(!can_read(STRANGER, STRANGER, &path), "{}", path.display());
    }
}

#[test]
fn one_stricter_file_is_enough() {
    let world = World::new(true, 0o755, 0o644);
    let rows = world.in_table("rows.csv");
    assert!(can_read(STRANGER, STRANGER, &rows));
    let shown = || world.owner(&format!("{TABLE}/rows.csv"));
    // A mode that changes is seen within a second or two.
    for component in ["-Data.db", "-Statistics.db", "-Index.db"] {
        set_mode(&world.component(component), 0o600);
        until("the stricter mode", || shown() == format!("{CASSANDRA}:{GROUP} 400"));
        assert!(!can_read(STRANGER, STRANGER, &rows) && can_read(CASSANDRA, GROUP, &rows));
        set_mode(&world.component(component), 0o644);
        until("the first mode again", || can_read(STRANGER, STRANGER, &rows));
    }
    // Two owners: nobody but root is both.
    chown(world.component("-Data.db"), Some(FRIEND), Some(GROUP)).unwrap();
    set_mode(&world.component("-Data.db"), 0o600);
    until("nobody's", || shown() == format!("0:{GROUP} 400"));
    assert!(!can_read(FRIEND, GROUP, &rows) && !can_read(CASSANDRA, GROUP, &rows));
    set_mode(&world.component("-Data.db"), 0o640);
    until("the group's", || can_read(FRIEND, GROUP, &rows) && can_read(CASSANDRA, GROUP, &rows));
    chown(world.component("-Data.db"), Some(CASSANDRA), Some(GROUP)).unwrap();
    // A folder above that lets nobody through.
    set_mode(&world.component("-Data.db"), 0o644);
    set_mode(world.table.parent().unwrap(), 0o700);
    until("a closed folder", || shown() == format!("{CASSANDRA}:{GROUP} 400"));
    assert!(!can_read(STRANGER, STRANGER, &rows) && can_read(CASSANDRA, GROUP, &rows));
    // The names of the tables are no secret of the root's, the examples of the README would be.
    assert!(!can_read(STRANGER, STRANGER, &world.path("README.txt")));
    assert!(can_read(STRANGER, STRANGER, &world.path("system_schema/tables/rows.csv")));
}

#[test]
fn examples_do_not_tell_keys_of_tables_that_are_not_for_all() {
    let world = World::new(true, 0o755, 0o644);
    let readme = || fs::read_to_string(world.path("README.txt")).unwrap();
    assert!(readme().contains(&format!("cat {TABLE}/json/")), "{}", readme());
    set_mode(&world.component("-Data.db"), 0o600);
    until("no key of the table", || !readme().contains(&format!("cat {TABLE}/json/")));
    assert!(can_read(STRANGER, STRANGER, &world.path("README.txt")));
}

#[test]
fn a_statement_tells_nothing_of_a_table_to_those_who_may_not_read_it() {
    let world = World::new(true, 0o755, 0o644);
    let statement = world.path(&format!("cql/SELECT count(*) FROM {}.csv", TABLE.replace('/', ".")));
    let size = |user, group| ask(user, group, "stat -c %s \"$1\"", &statement);
    assert!(can_read(STRANGER, STRANGER, &statement));
    set_mode(&world.component("-Data.db"), 0o640);
    until("the stricter mode", || size(STRANGER, STRANGER) == "EACCES");
    // Also when somebody else has just asked for it.
    for _ in 0..5 {
        assert!(can_read(FRIEND, GROUP, &statement));
        assert_eq!(size(STRANGER, STRANGER), "EACCES");
        assert!(size(CASSANDRA, STRANGER).parse::<u64>().is_ok());
    }
}

#[test]
fn staging_is_for_those_who_may_write_to_the_folder_of_the_table() {
    let world = World::new(true, 0o775, 0o644);
    let put = |user, group, name: &str| ask(user, group, "echo x > \"$1\"", &world.in_table("staging").join(name));
    assert_eq!(put(STRANGER, STRANGER, ".a"), "EACCES");
    assert_eq!((put(FRIEND, GROUP, ".b"), put(CASSANDRA, STRANGER, ".c")), (String::new(), String::new()));
    // What somebody writes is theirs.
    assert_eq!(world.owner(&format!("{TABLE}/staging/.b")), format!("{FRIEND}:{GROUP} 644"));
    let file = world.in_table("staging/.b");
    assert_eq!(ask(CASSANDRA, STRANGER, "chmod 600 \"$1\"", &file), "EPERM");
    assert_eq!(ask(FRIEND, GROUP, "chmod 600 \"$1\"", &file), "");
    assert!(!can_read(CASSANDRA, GROUP, &file) && can_read(FRIEND, GROUP, &file));
    assert_eq!(ask(CASSANDRA, GROUP, "echo y >> \"$1\"", &file), "EACCES");
    // What is wrong with it may quote it.
    assert_eq!(ask(FRIEND, GROUP, "umask 077; echo x > \"$1\"", &world.in_table("staging/bad.csv")), "");
    until("what is wrong with it", || world.in_table("staging/bad.csv.errors").exists());
    assert_eq!(world.owner(&format!("{TABLE}/staging/bad.csv.errors")), format!("{FRIEND}:{GROUP} 400"));
    assert_eq!(world.owner(&format!("{TABLE}/staging/log.jsonl")), format!("{CASSANDRA}:{GROUP} 444"));
    // Nobody but the folder's owner writes any more.
    set_mode(&world.table, 0o755);
    let mut tries = 0;
    until("a folder that is closed", || {
        tries += 1;
        put(FRIEND, GROUP, &format!(".{tries}")) == "EACCES"
    });
    assert_eq!(put(CASSANDRA, GROUP, ".e"), "");
}

/// An access control list: everybody may read it, but not the stranger, whom the mode alone would let in.
fn without_the_stranger() -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, NOBODY), (2, 0, STRANGER), (4, 4, NOBODY), (16, 4, NOBODY), (32, 4, NOBODY)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        list.extend(tag.to_le_bytes().into_iter().chain(rights.to_le_bytes()).chain(id.to_le_bytes()));
    }
    list
}

#[test]
fn an_access_control_list_keeps_out_whom_the_mode_lets_in() {
    let world = World::new(true, 0o755, 0o644);
    let (rows, data) = (world.in_table("rows.csv"), world.component("-Data.db"));
    assert!(can_read(STRANGER, STRANGER, &rows));
    let list = without_the_stranger();
    rustix::fs::setxattr(&data, "system.posix_acl_access", &list, rustix::fs::XattrFlags::empty())
        .expect("the folder of temporary files has access control lists");
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o644);
    until("the list counts", || !can_read(STRANGER, STRANGER, &rows));
    assert!(can_read(CASSANDRA, GROUP, &rows));
}
