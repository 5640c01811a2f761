//! Files written into staging folders, by programs and through the kernel.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirEntryExt, FileExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use sstablefs_mount::fs::{Fs, FsOptions};
use sstablefs_mount::fuse::{self, Mounted, SessionOptions};
use sstablefs_mount::path::TableName;
use sstablefs_mount::staging::Refused;
use sstablefs_mount::staging::memory::{MemoryIntake, MemoryIntakes};
use sstablefs_mount::tree::memory::MemoryTree;

struct Mount {
    fs: Arc<Fs<MemoryTree>>,
    intake: Arc<MemoryIntake>,
    mounted: Option<Mounted>,
    folder: tempfile::TempDir,
}

impl Mount {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (spools, point) = (folder.path().join("spools"), folder.path().join("mnt"));
        [&spools, &point].iter().for_each(|f| fs::create_dir(f).unwrap());
        Self::at(folder, spools)
    }

    fn at(folder: tempfile::TempDir, spools: PathBuf) -> Self {
        let intake = MemoryIntake::new(spools);
        let intakes = Arc::new(MemoryIntakes::default());
        let refused = Refused { reason: "it is a snapshot".into(), errno: libc::EROFS };
        let tables = [("t", Ok(intake.clone())), ("u", Err(refused))];
        intakes.tables.lock().extend(tables.map(|(name, intake)| (TableName::new("ks", name), intake)));
        let tree = MemoryTree::with_intakes(intakes);
        for table in ["t", "u"] {
            tree.put_text(&format!("/ks/{table}/info.json"), "{}");
        }
        let fs = Arc::new(Fs::new(tree, FsOptions::default()));
        let options = SessionOptions { source: "memory".into(), allow_other: false, threads: 4 };
        let mounted = fuse::mount(&fs, &folder.path().join("mnt"), &options).unwrap();
        Mount { fs, intake, mounted: Some(mounted), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("mnt/ks/t/staging").join(name)
    }

    /// What a shell says to a script in the staging folder, in which `$out` is a folder outside.
    fn run(&self, script: &str) -> bool {
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(script).current_dir(self.path("")).env("out", self.folder.path());
        let output = crate::run(&mut shell);
        output.status.success()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|n| n != "log.jsonl").collect();
        names.sort();
        names
    }

    /// Lines that were taken up since the last call.
    fn taken(&self) -> String {
        let lines = std::mem::take(&mut *self.intake.lines.lock());
        *self.intake.flushed.lock() = 0;
        lines.join(" ")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some(mounted) = self.mounted.take() {
            crate::unmount(mounted);
        }
    }
}

fn errno<T>(result: std::io::Result<T>) -> i32 {
    result.err().and_then(|e| e.raw_os_error()).unwrap_or(0)
}

#[test]
fn what_programs_do_is_taken_up() {
    let mount = Mount::new();
    fs::write(mount.folder.path().join("a"), "id\n1\n2\n").unwrap();
    fs::write(mount.folder.path().join("b"), "3\n4\n").unwrap();
    for (script, taken) in [
        ("cp $out/a a.csv", "1 2"),
        ("cp -p $out/a a.csv", "1 2"),
        ("cat $out/a > a.csv", "1 2"),
        ("echo id > a.csv; (echo id; echo 7) > a.csv", "7"),
        ("(cat $out/a; cat $out/b) > a.csv", "1 2 3 4"),
        ("{ cat $out/a; cat $out/b; } > a.csv", "1 2 3 4"),
        ("{ echo id; for i in 1 2 3; do echo \"$i$(true)\"; done; } > a.csv", "1 2 3"),
        ("exec 3> a.csv; echo id >&3; printf 1 >&3; echo 2 >&3; exec 3>&-", "12"),
        ("(printf 'id\\n1'; cat $out/b) > a.csv", "13 4"),
        ("printf 'id\\n1' > a.csv", "1"),
        ("dd if=$out/a of=a.csv bs=3", "1 2"),
        ("tar cf - -C $out a | tar xf - --transform s/a/a.csv/", "1 2"),
        ("cp $out/a .a.csv.Xy12 && mv .a.csv.Xy12 a.csv", "1 2"),
        // As an editor does it: a probe, a swap file, a backup, the file.
        (
            "touch 4913; rm 4913; echo swap > .a.csv.swp; cp $out/b a.csv; mv a.csv a.csv~; cp $out/a a.csv; rm .a.csv.swp a.csv~",
            "1 2",
        ),
        ("for i in 1 2 3 4 5 6 7 8; do (echo id; echo 1) > $i.csv & done; wait", "1 1 1 1 1 1 1 1"),
        ("(echo id; echo 1) >> a.csv", "1"),
        ("cp $out/a a.csv; truncate -s 0 b.csv; rm -f b.csv", "1 2"),
    ] {
        mount.run(script);
        // The last of several closes may be one that nobody waits for.
        let start = std::time::Instant::now();
        while mount.intake.lines.lock().join(" ") != taken && start.elapsed().as_secs() < 5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(mount.taken(), taken, "{script}");
        assert_eq!(mount.names(), [""; 0], "{script}");
    }
    let log = fs::read_to_string(mount.path("log.jsonl")).unwrap();
    assert!(log.lines().count() > 15 && log.contains("\"rows\":2"), "{log}");
}

#[test]
fn a_bad_file_fails_its_close() {
    let mount = Mount::new();
    fs::write(mount.folder.path().join("bad"), "id\n1\nbad\n").unwrap();
    for script in ["cp $out/bad a.csv", "cat $out/bad > a.csv", "(cat $out/bad; true) > a.csv; [ ! -e a.csv.errors ]"] {
        assert!(!mount.run(script), "{script}");
        assert_eq!(mount.names(), ["a.csv", "a.csv.errors"], "{script}");
        assert!(fs::read_to_string(mount.path("a.csv.errors")).unwrap().contains("line 3, column 1: bad"));
        assert_eq!(fs::read_to_string(mount.path("a.csv")).unwrap(), "id\n1\nbad\n");
        assert!(mount.run("rm a.csv"));
        assert_eq!(mount.names(), [""; 0]);
    }
    assert!(!mount.run("cp $out/bad .x; mv .x a.csv"));
    assert_eq!((mount.names().join(" "), mount.taken()), (".x a.csv.errors".to_owned(), String::new()));
    assert!(mount.run("(echo id; echo 2) > .x && mv .x a.csv"));
    assert_eq!((mount.names().join(" "), mount.taken()), (String::new(), "2".to_owned()));
}

#[test]
fn a_writer_that_is_killed_has_not_closed() {
    let mount = Mount::new();
    mount.run("(echo id; echo 1; exec sleep 60) > a.csv & sleep 0.2; kill -9 $!; wait; sleep 0.1");
    // The writer of the lines was a subshell that became sleep: the one that was killed.
    assert_eq!((mount.taken(), mount.names().join(" ")), (String::new(), "a.csv a.csv.errors".to_owned()));
}

#[test]
fn files_are_written_and_read_anywhere() {
    let mount = Mount::new();
    let path = mount.path(".a");
    let file = fs::File::options().create_new(true).read(true).write(true).open(&path).unwrap();
    file.write_all_at(b"world", 6).unwrap();
    file.write_all_at(b"hello ", 0).unwrap();
    let mut appending = fs::File::options().append(true).open(&path).unwrap();
    appending.write_all(b"!").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "hello world!");
    file.set_len(5).unwrap();
    assert_eq!((fs::metadata(&path).unwrap().len(), fs::read_to_string(&path).unwrap().as_str()), (5, "hello"));
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mtime(), 0);
    file.sync_all().unwrap();
    assert!(fs::metadata(mount.path("")).unwrap().permissions().mode() & 0o700 == 0o700);
    let big: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
    fs::write(mount.path(".b"), &big).unwrap();
    assert!(fs::read(mount.path(".b")).unwrap() == big);
    let inodes: Vec<u64> = fs::read_dir(mount.path("")).unwrap().map(|e| e.unwrap().ino()).collect();
    assert!(inodes.contains(&fs::metadata(&path).unwrap().ino()), "{inodes:?}");
}

#[test]
fn what_can_not_be() {
    let mount = Mount::new();
    let above = mount.folder.path().join("mnt/ks/t");
    fs::write(mount.path(".a"), "x").unwrap();
    for (expected, found) in [
        (libc::EPERM, errno(fs::create_dir(mount.path("d")))),
        (libc::EPERM, errno(std::os::unix::fs::symlink("a", mount.path("l")))),
        (libc::EPERM, errno(fs::hard_link(mount.path(".a"), mount.path("l")))),
        (libc::EROFS, errno(fs::create_dir(above.join("d")))),
        (libc::EROFS, errno(fs::write(above.join("info.json"), "x"))),
        (libc::EROFS, errno(fs::write(above.join("new"), "x"))),
        (libc::EROFS, errno(fs::remove_file(above.join("info.json")))),
        (libc::EROFS, errno(fs::rename(mount.path(".a"), above.join("x")))),
        (libc::EACCES, errno(fs::write(mount.path("log.jsonl"), "x"))),
        (libc::EPERM, errno(fs::remove_file(mount.path("log.jsonl")))),
        (libc::ENOENT, errno(fs::read(mount.path("none")))),
        (libc::EROFS, errno(fs::write(above.join("../u/staging/a.csv"), "id\n"))),
    ] {
        assert_eq!(found, expected, "{}", std::io::Error::from_raw_os_error(found));
    }
    let other = above.join("../u/staging");
    let names: Vec<_> = fs::read_dir(&other).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["README.txt"]);
    assert!(fs::read_to_string(other.join("README.txt")).unwrap().contains("it is a snapshot"));
}

#[test]
fn flushes_are_asked_for() {
    let mount = Mount::new();
    let flushed = || *mount.intake.flushed.lock();
    assert!(mount.run("cp /dev/stdin a.csv <<< $'id\\n1'"));
    assert!(mount.run("touch .flush"));
    assert_eq!((flushed(), mount.names().len()), (1, 0));
    let mut file = fs::File::create(mount.path("b.csv")).unwrap();
    file.write_all(b"id\n2\n").unwrap();
    file.sync_all().unwrap();
    drop(file);
    assert_eq!(flushed(), 2);
    assert!(mount.run("(echo id; echo 3) > c.csv"));
    mount.fs.finish();
    assert_eq!(flushed(), 3);
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (spools, point) = (folder.path().join("spools"), folder.path().join("mnt"));
    [&spools, &point].iter().for_each(|f| fs::create_dir(f).unwrap());
    let mounted = crate::run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(&spools));
    assert!(mounted.status.success(), "a small tmpfs needs root");
    {
        let mount = Mount::at(folder, spools.clone());
        let line = "0123456789\n".repeat(20_000);
        let mut file = fs::File::create(mount.path("a.csv")).unwrap();
        file.write_all(b"id\n").unwrap();
        let mut failed = 0;
        for _ in 0..5 {
            failed = failed.max(errno(file.write_all(line.as_bytes())));
        }
        assert_eq!(failed, libc::ENOSPC);
        // What is there could be read, but it is not what was written.
        // SAFETY: the descriptor was taken out of what owned it, and nothing else has it.
        let closed = unsafe { libc::close(std::os::fd::IntoRawFd::into_raw_fd(file)) };
        assert_eq!((closed, errno::<()>(Err(std::io::Error::last_os_error()))), (-1, libc::ENOSPC));
        assert_eq!((mount.taken(), mount.names().join(" ")), (String::new(), "a.csv".to_owned()));
        fs::remove_file(mount.path("a.csv")).unwrap();
        assert!(mount.run("(echo id; echo 1) > a.csv"));
        assert_eq!((mount.taken(), mount.names().len()), ("1".to_owned(), 0));
    }
    assert!(crate::run(Command::new("umount").arg(&spools)).status.success());
    let _ = fs::remove_dir_all(spools.parent().unwrap());
}
