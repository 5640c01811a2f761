//! A tree in memory, mounted: what the kernel makes of it.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sstablefs_mount::fs::{Fs, FsOptions};
use sstablefs_mount::fuse::{self, Mounted, SessionOptions};
use sstablefs_mount::path::Request;
use sstablefs_mount::tree::Size;
use sstablefs_mount::tree::memory::{File, MemoryTree};

struct Mount {
    fs: Arc<Fs<MemoryTree>>,
    mounted: Option<Mounted>,
    folder: tempfile::TempDir,
}

impl Mount {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fs = Arc::new(Fs::new(MemoryTree::new(), FsOptions::default()));
        let options = SessionOptions { source: "memory".into(), allow_other: false, threads: 4 };
        let mounted = fuse::mount(&fs, folder.path(), &options).unwrap();
        Mount { fs, mounted: Some(mounted), folder }
    }

    fn tree(&self) -> &MemoryTree {
        self.fs.tree()
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        crate::unmount(self.mounted.take().unwrap());
        assert!(fs::read_dir(self.folder.path()).unwrap().next().is_none(), "still mounted");
    }
}

fn text(length: usize) -> Arc<[u8]> {
    (0..length).map(|i| (i / 7 * 31 % 251) as u8).collect()
}

#[test]
fn files_are_read_and_measured() {
    let mount = Mount::new();
    let big = text(5_000_000);
    mount.tree().put_text("/README.txt", "hello\n");
    mount.tree().put_text("/ks/t/json/a:b.json", &big);
    mount.tree().put("/ks/t/json/large.json", File::Made(big.clone(), Size::OnDemand));
    mount.tree().put("/ks/t/rows.json", File::Made(big.clone(), Size::Open));
    assert_eq!(fs::read_to_string(mount.path("README.txt")).unwrap(), "hello\n");
    for (path, size) in [("ks/t/json/a:b.json", big.len()), ("ks/t/json/large.json", big.len()), ("ks/t/rows.json", 0)]
    {
        assert_eq!(fs::metadata(mount.path(path)).unwrap().len(), size as u64, "{path}");
        assert!(fs::read(mount.path(path)).unwrap() == *big, "{path}");
        let file = fs::File::open(mount.path(path)).unwrap();
        let mut at = 12345;
        for i in 0..200 {
            let mut part = vec![0; 1000 + i * 37];
            file.read_exact_at(&mut part, at as u64).unwrap();
            assert!(part == big[at..at + part.len()], "{path} at {at}");
            at = at * 31 % 4_900_000;
        }
    }
    let mut file = fs::File::open(mount.path("ks/t/json/large.json")).unwrap();
    assert_eq!(file.seek(SeekFrom::End(-4)).unwrap(), big.len() as u64 - 4);
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).unwrap();
    assert!(tail == big[big.len() - 4..]);
    let missing = fs::read(mount.path("ks/t/json/none.json")).unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT));
    let write = fs::write(mount.path("README.txt"), "x").unwrap_err();
    assert_eq!(write.raw_os_error(), Some(libc::EROFS));
}

#[test]
fn folders_are_listed() {
    let mount = Mount::new();
    for i in 0..3000 {
        mount.tree().put_text(&format!("/ks/t/csv/key number {i:05}.csv"), "x");
    }
    let names = |path: &str| {
        let entries = fs::read_dir(mount.path(path)).unwrap().map(|e| e.unwrap());
        let mut names: Vec<_> =
            entries.map(|e| (e.file_name().into_string().unwrap(), e.metadata().unwrap().ino())).collect();
        names.sort();
        names
    };
    let keys = names("ks/t/csv");
    assert_eq!(keys.len(), 3000);
    assert_eq!(keys[17].0, "key number 00017.csv");
    assert_eq!(names("").iter().map(|n| n.0.as_str()).collect::<Vec<_>>(), ["ks"]);
    assert_eq!(names("ks/t").iter().map(|n| n.0.as_str()).collect::<Vec<_>>(), ["csv"]);
}

#[test]
fn an_open_file_keeps_its_text_and_a_new_open_sees_the_new_one() {
    let mount = Mount::new();
    let (old, new) = (text(500_000), vec![b'n'; 300_000]);
    for (path, size) in
        [("ks/t/json/a.json", None), ("ks/t/json/b.json", Some(Size::OnDemand)), ("ks/t/rows.csv", Some(Size::Open))]
    {
        let put = |bytes: &[u8]| {
            let file = size.map_or(File::Text(bytes.into()), |s| File::Made(bytes.into(), s));
            mount.tree().put(&format!("/{path}"), file);
        };
        put(&old);
        let file = fs::File::open(mount.path(path)).unwrap();
        let mut start = vec![0; 1000];
        file.read_exact_at(&mut start, 0).unwrap();
        put(&new);
        assert!(fs::read(mount.path(path)).unwrap() == new, "{path}: a new open");
        let mut rest = vec![0; 500_000];
        file.read_exact_at(&mut rest, 0).unwrap();
        assert!(rest == *old, "{path}: the old handle");
        drop(file);
        put(&old);
        assert!(fs::read(mount.path(path)).unwrap() == *old, "{path}: changed again");
        if size != Some(Size::Open) {
            put(b"12345");
            mount.fs.changed(|r| matches!(r, Request::Partition(..)));
            assert_eq!(fs::metadata(mount.path(path)).unwrap().len(), 5, "{path}: taken back");
        }
    }
}

/// Before, a file that changed and went again and again gave ESTALE to one open of some thousands.
#[test]
fn files_that_change_and_go_are_there_or_not() {
    let mount = Mount::new();
    let names = ["a", "b", "c"];
    let version = |n: usize| format!("{n:0width$}", width = 5 + n % 40);
    let (stop, opens) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    for name in names {
                        match fs::File::open(mount.path("ks/t/json").join(name).with_extension("json")) {
                            Ok(mut file) => {
                                let mut text = String::new();
                                file.metadata().unwrap();
                                file.read_to_string(&mut text).unwrap();
                                assert_eq!(text, version(text.parse().unwrap()));
                            }
                            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::NotFound, "{e}"),
                        }
                        opens.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let until = Instant::now() + Duration::from_secs(2);
        for n in 0.. {
            let file = format!("/ks/t/json/{}.json", names[n % names.len()]);
            if n / names.len() % 3 == 2 {
                mount.tree().remove(&file);
            } else {
                mount.tree().put_text(&file, version(n));
            }
            if Instant::now() > until {
                break;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(opens.into_inner() > 100);
}

#[test]
fn damage_stays_local() {
    let mount = Mount::new();
    mount.tree().put("/ks/t/rows.json", File::Damaged(text(100_000), 70_000));
    mount.tree().put_text("/ks/t/info.json", "{}");
    let mut got = Vec::new();
    let error = fs::File::open(mount.path("ks/t/rows.json")).unwrap().read_to_end(&mut got).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EIO));
    assert!(got == text(100_000)[..70_000]);
    assert_eq!(fs::read(mount.path("ks/t/info.json")).unwrap(), b"{}");
}

#[test]
fn nobody_waits_behind_a_read_that_takes_long() {
    let mount = Mount::new();
    let lock = Arc::new(parking_lot::RwLock::new(()));
    let answer: Arc<[u8]> = (*b"17\n").into();
    for i in 0..8 {
        mount.tree().put(&format!("/ks/t/where/a={i}/count"), File::Held(answer.clone(), lock.clone()));
    }
    mount.tree().put_text("/README.txt", "hello\n");
    let held = lock.write();
    std::thread::scope(|scope| {
        // More than there are threads that answer.
        for i in 0..8 {
            let (path, answer) = (mount.path(&format!("ks/t/where/a={i}/count")), &answer);
            scope.spawn(move || assert!(fs::read(path).unwrap() == **answer));
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
        let (send, receive) = std::sync::mpsc::channel();
        let path = mount.path("README.txt");
        scope.spawn(move || send.send(fs::read(path).unwrap()));
        let read = receive.recv_timeout(std::time::Duration::from_secs(5));
        drop(held);
        assert_eq!(read.as_deref(), Ok(b"hello\n".as_slice()), "another file, meanwhile");
    });
}

#[test]
fn many_readers_at_a_time() {
    let mount = Mount::new();
    let big = text(3_000_000);
    for i in 0..8 {
        let size = if i % 2 == 0 { Size::Open } else { Size::OnDemand };
        mount.tree().put(&format!("/ks/t/json/{i}.json"), File::Made(big.clone(), size));
    }
    let read = |path: &Path| assert!(fs::read(path).unwrap() == *big);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let mount = &mount;
            scope
                .spawn(move || (0..8).for_each(|i| read(&mount.path(&format!("ks/t/json/{}.json", (i + thread) % 8)))));
        }
    });
}
