//! Files written into staging folders of real tables: what is shown of them, and where they go.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::ingest::TargetOptions;
use sstablefs::table::{Database, Options};
use sstablefs_mount::access::Permissions;
use sstablefs_mount::path::{Request, TableName};
use sstablefs_mount::staging::Staging;
use sstablefs_mount::tree::Tree;
use sstablefs_mount::tree::engine::{EngineOptions, EngineTree, StagingOptions};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

/// A copy of some of testdata/.
struct World {
    folder: tempfile::TempDir,
    out: Option<PathBuf>,
    memtable: usize,
}

/// A mount of it, without a kernel.
struct Mount {
    tree: EngineTree,
    staging: Arc<Staging>,
}

impl World {
    fn new() -> Self {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
        let data = std::env::var_os("SSTABLEFS_TESTDATA").map_or_else(beside, PathBuf::from).join("oa/data");
        let folder = tempfile::tempdir().unwrap();
        for keyspace in ["system_schema", "places", "statics"] {
            copy(&data.join(keyspace), &folder.path().join("data").join(keyspace));
        }
        World { folder, out: None, memtable: 1 << 20 }
    }

    fn mount(&self) -> Mount {
        let database = Database::open(&[self.folder.path().join("data")], &Options::default()).unwrap();
        let tree = EngineTree::new(Arc::new(database), EngineOptions { now: None, csv: Default::default() });
        let tree = tree.with_staging(StagingOptions {
            target: TargetOptions { out: self.out.clone(), version: None },
            memtable: self.memtable,
            null_deletes: false,
            csv: None,
        });
        let staging = Staging::new(tree.intakes().unwrap());
        staging.recover();
        Mount { tree, staging }
    }
}

impl Mount {
    fn put(&self, table: &TableName, name: &str, text: &str) -> i32 {
        let handle = match self.staging.create(table, name, Permissions { uid: 0, gid: 0, mode: 0o644 }, true) {
            Ok((_, handle)) => handle,
            Err(e) => return e.errno(),
        };
        self.staging.write(handle, Some(0), text.as_bytes(), Some(1)).unwrap();
        let closed = self.staging.flush(handle, Some(1), 0);
        self.staging.release(handle);
        closed.err().map_or(0, |e| e.errno())
    }

    fn text(&self, request: &Request) -> String {
        let content = self.tree.open(request).unwrap().unwrap().content;
        let mut text = Vec::new();
        content.read(0, 64 << 20, &mut |bytes| text.extend_from_slice(bytes)).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn rows(&self, table: &TableName) -> String {
        self.text(&Request::Rows(table.clone(), sstablefs_mount::path::Format::JsonLines))
    }

    fn sstables(&self, table: &TableName) -> usize {
        let mut listing = self.tree.list(&Request::SSTables(table.clone())).unwrap().unwrap();
        let (mut count, mut name) = (0, String::new());
        while listing.next(&mut name).unwrap().is_some() {
            count += 1;
        }
        count
    }

    fn info(&self, table: &TableName) -> serde_json::Value {
        serde_json::from_str(&self.text(&Request::TableInfo(table.clone()))).unwrap()
    }

    fn names(&self, table: &TableName) -> Vec<String> {
        self.staging.list(table).into_iter().map(|(name, _)| name).collect()
    }
}

fn leveled() -> TableName {
    TableName::new("places", "leveled")
}

const ROW: &str = r#"{"k": 7000001, "v": "from a file"}"#;

#[test]
fn what_was_taken_up_is_shown_at_once_and_in_an_sstable_later() {
    let (world, table) = (World::new(), leveled());
    let mount = world.mount();
    let (sstables, rows) = (mount.sstables(&table), mount.rows(&table).lines().count());
    assert_eq!(mount.put(&table, "a.csv", "k,v\n7000001,from a file\n"), 0);
    assert_eq!(mount.put(&table, "b.json", r#"[{"k": 7000002, "v": "another"}]"#), 0);
    assert_eq!(mount.put(&table, "c.csv", "k,v\nno number,x\n"), libc::EINVAL);
    assert!(mount.rows(&table).contains(ROW), "{}", mount.rows(&table));
    assert_eq!((mount.rows(&table).lines().count(), mount.sstables(&table)), (rows + 2, sstables));
    assert_eq!(mount.info(&table)["pending"]["rows"], 2);
    mount.staging.finish();
    assert_eq!((mount.rows(&table).lines().count(), mount.sstables(&table)), (rows + 2, sstables + 1));
    assert_eq!(mount.info(&table)["pending"]["rows"], 0);
}

#[test]
fn the_next_mount_takes_over_what_was_taken_up() {
    let (world, table) = (World::new(), leveled());
    let mount = world.mount();
    assert_eq!(mount.put(&table, "a.csv", "k,v\n7000001,from a file\n"), 0);
    let sstables = mount.sstables(&table);
    while Arc::strong_count(&mount.staging) > 1 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(mount);
    let mount = world.mount();
    assert!(mount.rows(&table).contains(ROW));
    assert_eq!(mount.sstables(&table), sstables);
    mount.staging.finish();
    assert!(mount.rows(&table).contains(ROW));
    assert_eq!(mount.sstables(&table), sstables + 1);
}

#[test]
fn a_file_larger_than_the_memory_becomes_an_sstable_at_once() {
    let (world, table) = (World { memtable: 64 << 10, ..World::new() }, leveled());
    let mount = world.mount();
    let sstables = mount.sstables(&table);
    let rows: String = (0..20_000).map(|i| format!("{},value {i}\n", 8_000_000 + i)).collect();
    assert_eq!(mount.put(&table, "a.csv", &format!("k,v\n{rows}")), 0);
    assert_eq!((mount.sstables(&table), mount.info(&table)["pending"]["rows"].as_i64()), (sstables + 1, Some(0)));
    assert_eq!(mount.rows(&table).lines().filter(|l| l.contains("\"value ")).count(), 20_000);
}

#[test]
fn sstables_below_out_are_shown() {
    let out = tempfile::tempdir().unwrap();
    let (world, table) = (World { out: Some(out.path().to_owned()), ..World::new() }, leveled());
    let folder = out.path().join("places/leveled");
    let mount = world.mount();
    let sstables = mount.sstables(&table);
    assert_eq!(mount.put(&table, "a.csv", "k,v\n7000001,from a file\n"), 0);
    let flush = mount.staging.create(&table, ".flush", Permissions { uid: 0, gid: 0, mode: 0o644 }, false).unwrap().1;
    mount.staging.release(flush);
    assert!(mount.rows(&table).contains(ROW));
    assert_eq!(mount.sstables(&table), sstables + 1);
    assert!(fs::read_dir(&folder).unwrap().any(|e| e.unwrap().file_name().to_str().unwrap().ends_with("-Data.db")));
    mount.staging.finish();
    while Arc::strong_count(&mount.staging) > 1 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(mount);
    assert!(world.mount().rows(&table).contains(ROW), "a later mount with the same --out");
}

/// Components of SSTables below a folder that are open here and deleted.
fn deleted_and_open(folder: &Path) -> Vec<PathBuf> {
    let open = fs::read_dir("/proc/self/fd").unwrap().filter_map(|e| fs::read_link(e.unwrap().path()).ok());
    open.filter(|path| path.starts_with(folder) && path.to_string_lossy().ends_with(".db (deleted)")).collect()
}

/// Before, they stayed open until somebody looked at the table: nothing watches the folder below --out.
#[test]
fn what_a_flush_has_merged_is_closed() {
    let (mut world, table) = (World::new(), leveled());
    world.out = Some(world.folder.path().join("out"));
    let mount = world.mount();
    assert_eq!(mount.put(&table, "a.csv", "k,v\n7000001,from a file\n"), 0);
    assert_eq!(mount.put(&table, "b.csv", "k,v\n7000002,from a file\n"), 0);
    assert!(mount.rows(&table).contains(ROW));
    let flush = mount.staging.create(&table, ".flush", Permissions { uid: 0, gid: 0, mode: 0o644 }, false).unwrap().1;
    mount.staging.release(flush);
    assert_eq!(deleted_and_open(world.folder.path()), [] as [PathBuf; 0]);
}

#[test]
fn where_nothing_is_taken_up() {
    let (world, table) = (World::new(), leveled());
    let (mount, other) = (world.mount(), world.mount());
    assert_eq!(mount.put(&table, ".kept", "x"), 0);
    let refused = |mount: &Mount, table: &TableName| {
        assert_eq!(mount.names(table), ["README.txt"], "{table}");
        mount.put(table, "a.csv", "k,v\n1,1\n")
    };
    assert_eq!(refused(&other, &table), libc::EBUSY);
    assert_eq!(other.rows(&table), mount.rows(&table), "reading goes on");
    assert_eq!(refused(&mount, &TableName::new("statics", "counted")), libc::EROFS);
    assert_eq!(refused(&mount, &TableName::new("system_schema", "tables")), libc::EROFS);
    mount.staging.finish();
    drop(mount);
    assert_eq!(other.put(&table, "a.csv", "k,v\n7000001,from a file\n"), 0, "when the first is gone");
}

#[test]
fn nothing_is_left_of_a_folder_that_was_only_looked_at() {
    let (world, table) = (World::new(), leveled());
    let mount = world.mount();
    assert_eq!(mount.names(&table), ["log.jsonl"]);
    let of_ours = |folder: &Path| {
        let tables = fs::read_dir(folder.join("data/places")).unwrap().map(|e| e.unwrap().path().join(".sstablefs"));
        tables.filter(|f| f.exists()).count()
    };
    assert_eq!(of_ours(world.folder.path()), 0);
    assert_eq!(mount.put(&table, "a.csv", "k,v\n7000001,x\n"), 0);
    assert_eq!(of_ours(world.folder.path()), 1);
    mount.staging.finish();
    drop(mount);
    let start = std::time::Instant::now();
    while of_ours(world.folder.path()) > 0 {
        // Who flushes in the background lets go.
        assert!(start.elapsed().as_secs() < 10);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
