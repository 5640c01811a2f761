//! Whom new files belong to, and who may read them. These tests are root's.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use sstablefs::ingest::Lock;
use sstablefs::storage::{FileFolder, Folder};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// `uid:gid mode`
fn owner(path: &Path) -> String {
    let metadata = fs::symlink_metadata(path).unwrap();
    format!("{}:{} {:o}", metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}

#[test]
fn new_files_are_as_cassandra_would_make_them() {
    assert!(rustix::process::geteuid().is_root(), "only root can give files away");
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    chown(folder, Some(4711), Some(4712)).unwrap();
    let mut made = 0;
    let mut make = || {
        made += 1;
        let name = format!("{made}.tmp");
        drop(FileFolder::new(folder).create(&name).unwrap());
        owner(&folder.join(name))
    };
    for (mode, expected) in [(0o755, "644"), (0o750, "640"), (0o700, "600"), (0o775, "664"), (0o000, "600")] {
        set_mode(folder, mode);
        assert_eq!(make(), format!("4711:4712 {expected}"), "{mode:o}");
    }
    // Beside stricter SSTables it is as strict.
    set_mode(folder, 0o755);
    for (name, mode, expected) in [("oa-1-big-Data.db", 0o640, "640"), ("oa-2-big-Data.db", 0o604, "600")] {
        fs::write(folder.join(name), "").unwrap();
        set_mode(&folder.join(name), mode);
        assert_eq!(make(), format!("4711:4712 {expected}"), "{name}");
    }
}

#[test]
fn the_journal_is_for_the_owner_of_the_table_alone() {
    let root = tempfile::tempdir().unwrap();
    chown(root.path(), Some(4711), Some(4712)).unwrap();
    set_mode(root.path(), 0o777);
    let lock = Lock::take(root.path()).unwrap();
    let scratch = lock.scratch().unwrap();
    drop(FileFolder::new(lock.folder()).create("oa-1-big-Data.db").unwrap());
    for path in [lock.folder(), scratch.as_path()] {
        assert_eq!(owner(path), "4711:4712 700", "{}", path.display());
    }
    for name in ["lock", "oa-1-big-Data.db"] {
        assert_eq!(owner(&lock.folder().join(name)), "4711:4712 600", "{name}");
    }
}
