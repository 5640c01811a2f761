//! A mount that ends while another one has taken its place.

use std::fs::{self, File};
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sstablefs_mount::fs::{Fs, FsOptions};
use sstablefs_mount::fuse::{self, SessionOptions};
use sstablefs_mount::tree::memory::{File as TreeFile, MemoryTree};

#[test]
fn the_end_of_a_mount_leaves_the_next_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |text: &str| {
        let tree = MemoryTree::new();
        tree.put("/README.txt", TreeFile::Text(text.as_bytes().into()));
        let fs = Arc::new(Fs::new(tree, FsOptions::default()));
        let options = SessionOptions { source: "test".into(), allow_other: false, threads: 2 };
        fuse::mount(&fs, folder.path(), &options).unwrap()
    };
    let path = folder.path().join("README.txt");
    let first = mount("first");
    let mut open = File::open(&path).unwrap();
    let waiting = thread::spawn(move || first.wait());
    // Out of the tree of names, but there as long as the file is open.
    let lazily = crate::run(Command::new("fusermount3").args(["-u", "-z"]).arg(folder.path())).status;
    assert!(lazily.success());
    let second = mount("second");
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "first");
    drop(open);
    waiting.join().unwrap().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    crate::unmount(second);
    assert!(!path.exists());
}
