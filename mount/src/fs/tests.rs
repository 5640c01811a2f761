//! The file system on a tree in memory, without a kernel.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::path::{Format, TableName};
use crate::tree::memory::{File, MemoryTree};

fn fs_of(files: &[(&str, &str)]) -> Arc<Fs<MemoryTree>> {
    let tree = MemoryTree::new();
    for (path, text) in files {
        tree.put_text(path, text);
    }
    Arc::new(Fs::new(tree, FsOptions::default()))
}

fn walk(fs: &Fs<MemoryTree>, path: &str) -> Result<Stat, FsError> {
    let root = Stat {
        ino: ROOT,
        kind: Kind::Directory,
        size: 0,
        uid: 0,
        gid: 0,
        mode: 0o555,
        modified: SystemTime::UNIX_EPOCH,
        valid: VALID,
    };
    path.split('/').filter(|p| !p.is_empty()).try_fold(root, |at, name| fs.lookup(at.ino, name))
}

fn read(fs: &Fs<MemoryTree>, handle: u64, offset: u64, size: u32) -> Result<Vec<u8>, FsError> {
    let mut got = Vec::new();
    fs.read(handle, offset, size, &mut |bytes| got.extend_from_slice(bytes))?;
    Ok(got)
}

fn list(fs: &Fs<MemoryTree>, handle: u64, mut offset: u64, batch: usize) -> Vec<(String, u64)> {
    let mut names = Vec::new();
    loop {
        let mut room = batch;
        let before = names.len();
        fs.readdir(handle, offset, &mut |ino, next, _, name| {
            if room == 0 {
                return true;
            }
            room -= 1;
            offset = next;
            assert_ne!(ino, 0);
            names.push((name.to_owned(), next));
            false
        })
        .unwrap();
        if names.len() == before {
            return names;
        }
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Kernel for Told {
    fn forget_attributes(&self, ino: u64) {
        self.0.lock().push(format!("attributes {ino}"));
    }
    fn forget_content(&self, ino: u64) {
        self.0.lock().push(format!("content {ino}"));
    }
    fn forget_name(&self, parent: u64, name: &str) {
        self.0.lock().push(format!("name {parent} {name}"));
    }
}

#[test]
fn names_lead_to_files() {
    let fs = fs_of(&[("/README.txt", "hello\n"), ("/ks/t/json/a.json", "[]\n")]);
    assert_eq!(walk(&fs, "/README.txt").unwrap().size, 6);
    let stat = walk(&fs, "/ks/t/json/a.json").unwrap();
    assert_eq!((stat.kind, stat.size), (Kind::File, 3));
    assert_eq!(walk(&fs, "/ks/t").unwrap().kind, Kind::Directory);
    for (path, errno) in [
        ("/nothing", libc::ENOENT),
        ("/ks/t/json/b.json", libc::ENOENT),
        ("/ks/t/json/a.csv", libc::ENOENT),
        ("/README.txt/x", libc::ENOTDIR),
    ] {
        assert_eq!(walk(&fs, path).unwrap_err().errno(), errno, "{path}");
    }
    let open = fs.open(stat.ino, false).unwrap();
    assert!(!open.direct && open.keep_cache);
    assert_eq!(read(&fs, open.handle, 0, 100).unwrap(), b"[]\n");
    assert_eq!(read(&fs, open.handle, 1, 1).unwrap(), b"]");
    assert_eq!(read(&fs, open.handle, 3, 10).unwrap(), b"");
    fs.release(open.handle);
    assert_eq!(read(&fs, open.handle, 0, 1).unwrap_err().errno(), libc::EBADF);
    assert_eq!(fs.open(stat.ino, true).unwrap_err().errno(), libc::EROFS);
    assert_eq!(fs.open(walk(&fs, "/ks").unwrap().ino, false).unwrap_err().errno(), libc::EISDIR);
    assert_eq!(fs.opendir(stat.ino).unwrap_err().errno(), libc::ENOTDIR);
}

#[test]
fn an_open_file_keeps_what_it_showed() {
    let fs = fs_of(&[("/ks/t/json/a.json", "old")]);
    let told = Arc::new(Told::default());
    fs.connect(told.clone());
    let old = walk(&fs, "/ks/t/json/a.json").unwrap();
    let old_open = fs.open(old.ino, false).unwrap();
    fs.tree().put_text("/ks/t/json/a.json", "newer");

    // The kernel opens the number that it has: it must look again, and gets another one.
    assert_eq!(fs.open(old.ino, false).unwrap_err().errno(), libc::ESTALE);
    let new = walk(&fs, "/ks/t/json/a.json").unwrap();
    assert_ne!(new.ino, old.ino);
    let new_open = fs.open(new.ino, false).unwrap();
    assert_eq!(read(&fs, new_open.handle, 0, 10).unwrap(), b"newer");
    assert_eq!(read(&fs, old_open.handle, 0, 10).unwrap(), b"old");
    assert_eq!(fs.getattr(old.ino).unwrap().size, 3);
    assert_eq!(fs.getattr(new.ino).unwrap().size, 5);
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap().ino, new.ino);

    // Gone, and still readable by who has it open.
    fs.tree().remove("/ks/t/json/a.json");
    assert_eq!(read(&fs, new_open.handle, 1, 2).unwrap(), b"ew");
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap_err().errno(), libc::ENOENT);
    assert_eq!(told.0.lock().len(), 0);
}

#[test]
fn an_open_is_sent_back_once_at_most() {
    let fs = fs_of(&[("/ks/t/json/a.json", "1"), ("/ks/t/json/b.json", "1")]);
    let mut opens = Vec::new();
    let mut ino = walk(&fs, "/ks/t/json/a.json").unwrap().ino;
    for text in ["1", "22", "333", "4444", "55555"] {
        fs.tree().put_text("/ks/t/json/a.json", text);
        // Changed again between lookup and open, while somebody has every earlier version open.
        let open = fs.open(ino, false).or_else(|e| {
            assert_eq!(e.errno(), libc::ESTALE);
            let again = walk(&fs, "/ks/t/json/a.json").unwrap().ino;
            opens.push((fs.open(again, false).unwrap(), text.to_owned()));
            fs.tree().put_text("/ks/t/json/a.json", format!("{text}+"));
            ino = again;
            fs.open(again, false).or_else(|_| fs.open(walk(&fs, "/ks/t/json/a.json").unwrap().ino, false))
        });
        let open = open.unwrap();
        let text = String::from_utf8(read(&fs, open.handle, 0, 100).unwrap()).unwrap();
        opens.push((open, text));
    }
    assert!(opens.len() > 5, "{}", opens.len());
    for (open, text) in &opens {
        assert_eq!(read(&fs, open.handle, 0, 100).unwrap(), text.as_bytes());
    }
    // One that is open in another version, opened again after it was sent back, is read around the pages; also when others
    // have opened it in between (before, these used up that it had been sent back, and it was sent back twice).
    let ino = walk(&fs, "/ks/t/json/b.json").unwrap().ino;
    let first = fs.open(ino, false).unwrap();
    fs.tree().put_text("/ks/t/json/b.json", "new");
    assert_eq!(fs.open(ino, false).unwrap_err().errno(), libc::ESTALE);
    let other = fs.open(walk(&fs, "/ks/t/json/b.json").unwrap().ino, false).unwrap();
    fs.release(other.handle);
    for _ in 0..2 {
        let around = fs.open(ino, false).unwrap();
        assert!(around.direct && !around.keep_cache);
        assert_eq!(read(&fs, around.handle, 0, 100).unwrap(), b"new");
        fs.release(around.handle);
    }
    fs.release(first.handle);
}

/// Before, such an open was stale: the kernel looked the name up once more, and gave ESTALE when that open, too, came to
/// nothing.
#[test]
fn a_file_that_went_between_lookup_and_open_is_not_there() {
    let fs = fs_of(&[("/ks/t/json/a.json", "old")]);
    let ino = walk(&fs, "/ks/t/json/a.json").unwrap().ino;
    fs.open(ino, false).unwrap();
    fs.tree().put_text("/ks/t/json/a.json", "newer");
    assert_eq!(fs.open(ino, false).unwrap_err().errno(), libc::ESTALE);
    let again = walk(&fs, "/ks/t/json/a.json").unwrap().ino;
    fs.tree().remove("/ks/t/json/a.json");
    assert_eq!(fs.open(again, false).unwrap_err().errno(), libc::ENOENT);
    assert_eq!(fs.getattr(again).unwrap_err().errno(), libc::ENOENT);
    assert_eq!(fs.getattr(ino).unwrap().size, 3, "who has it open sees it still");
}

#[test]
fn a_changed_file_that_nobody_has_open_keeps_its_number() {
    let fs = fs_of(&[("/README.txt", "old")]);
    let told = Arc::new(Told::default());
    fs.connect(told.clone());
    let stat = walk(&fs, "/README.txt").unwrap();
    let open = fs.open(stat.ino, false).unwrap();
    fs.release(open.handle);
    fs.tree().put_text("/README.txt", "newer");
    let open = fs.open(stat.ino, false).unwrap();
    assert!(!open.keep_cache, "the kernel's pages are old");
    assert_eq!(*told.0.lock(), [format!("content {}", stat.ino)]);
    assert_eq!(fs.getattr(stat.ino).unwrap().size, 5);
    assert!(fs.open(stat.ino, false).unwrap().keep_cache);

    fs.release(open.handle);
    told.0.lock().clear();
    fs.changed(|r| *r == Request::Readme);
    assert!(told.0.lock().contains(&format!("name {ROOT} README.txt")), "{:?}", told.0.lock());
}

/// Opens a file while the kernel drops its pages, as another process may.
#[derive(Default)]
struct Meanwhile {
    fs: OnceLock<Weak<Fs<MemoryTree>>>,
    opened: Mutex<Vec<Open>>,
}

impl Meanwhile {
    fn open(&self, ino: u64) {
        let fs = self.fs.get().unwrap().upgrade().unwrap();
        self.opened.lock().push(fs.open(ino, false).unwrap());
    }
}

impl Kernel for Meanwhile {
    fn forget_attributes(&self, ino: u64) {
        self.open(ino);
    }
    fn forget_content(&self, ino: u64) {
        self.open(ino);
    }
    fn forget_name(&self, _: u64, _: &str) {}
}

/// Before, a read of the first one could end where the file had ended before, or give NULs up to there: while the kernel
/// drops something, it takes no size.
#[test]
fn nobody_reads_pages_while_some_are_dropped() {
    let fs = fs_of(&[("/README.txt", "old")]);
    let kernel = Arc::new(Meanwhile::default());
    fs.connect(kernel.clone());
    kernel.fs.set(Arc::downgrade(&fs)).unwrap();
    let ino = walk(&fs, "/README.txt").unwrap().ino;
    fs.tree().put_text("/README.txt", "newer");

    let first = fs.open(ino, false).unwrap();
    let meanwhile = kernel.opened.lock()[0];
    assert!(meanwhile.direct && !first.direct, "{meanwhile:?}");
    let later = fs.open(ino, false).unwrap();
    assert!(later.keep_cache && kernel.opened.lock().len() == 1, "nothing is dropped under those who read");
    fs.changed(|_| true);
    assert_eq!(kernel.opened.lock().len(), 1);
    for open in [first, meanwhile, later] {
        assert_eq!(read(&fs, open.handle, 0, 10).unwrap(), b"newer");
        fs.release(open.handle);
    }

    fs.changed(|_| true);
    let meanwhile = kernel.opened.lock()[1];
    assert!(meanwhile.direct);
    fs.release(meanwhile.handle);
    assert!(fs.open(ino, false).unwrap().keep_cache);
}

/// Before, the size of the version that is read around the pages cut the other one short.
#[test]
fn a_number_that_is_open_in_two_versions_has_the_size_of_its_pages() {
    let fs = fs_of(&[("/ks/t/json/a.json", "longer")]);
    let ino = walk(&fs, "/ks/t/json/a.json").unwrap().ino;
    fs.open(ino, false).unwrap();
    fs.tree().put_text("/ks/t/json/a.json", "new");
    assert_eq!(fs.open(ino, false).unwrap_err().errno(), libc::ESTALE);
    assert!(fs.open(ino, false).unwrap().direct);
    assert_eq!(fs.getattr(ino).unwrap().size, 6);
}

#[test]
fn what_was_told_is_not_looked_at_again() {
    let fs = fs_of(&[("/ks/t/json/a.json", "old")]);
    let looks = || fs.tree().looks();
    let stat = walk(&fs, "/ks/t/json/a.json").unwrap();
    assert_eq!(looks(), 1);
    let open = fs.open(stat.ino, false).unwrap();
    assert_eq!(read(&fs, open.handle, 0, 10).unwrap(), b"old");
    assert_eq!(fs.getattr(stat.ino).unwrap().size, 3);
    fs.release(open.handle);
    assert_eq!(fs.getattr(stat.ino).unwrap(), stat);
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap(), stat);
    let open = fs.open(stat.ino, false).unwrap();
    assert!(open.keep_cache && !open.direct);
    fs.release(open.handle);
    assert_eq!(looks(), 1, "nothing changed");

    fs.tree().put_text("/ks/t/json/a.json", "newer");
    let open = fs.open(stat.ino, false).unwrap();
    assert_eq!((looks(), open.keep_cache), (2, false), "changed");
    assert_eq!(read(&fs, open.handle, 0, 10).unwrap(), b"newer");
    fs.release(open.handle);
    assert_eq!((fs.getattr(stat.ino).unwrap().size, looks()), (5, 2));
    fs.tree().remove("/ks/t/json/a.json");
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap_err().errno(), libc::ENOENT);
    assert_eq!(fs.open(stat.ino, false).unwrap_err().errno(), libc::ENOENT);

    fs.tree().put_text("/ks/t/json/a.json", "new");
    let before = looks();
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap().size, 3);
    fs.forget(stat.ino, 3);
    assert_eq!(fs.inodes.told(&fs.inodes.request(stat.ino).unwrap_or(Request::Root)), None, "forgotten with the node");
    assert_eq!(walk(&fs, "/ks/t/json/a.json").unwrap().size, 3);
    assert_eq!(looks(), before + 2);
}

#[test]
fn sizes_cost_work_only_when_somebody_asks() {
    let fs = fs_of(&[]);
    let text: Arc<[u8]> = vec![b'x'; 300_000].into();
    fs.tree().put("/ks/t/json/big.json", File::Made(text.clone(), Size::OnDemand));
    fs.tree().put("/ks/t/rows.json", File::Made(text.clone(), Size::Open));

    let stat = walk(&fs, "/ks/t/json/big.json").unwrap();
    assert_eq!((stat.size, stat.valid), (0, Duration::ZERO));
    assert_eq!(fs.getattr(stat.ino).unwrap().size, 300_000);
    assert_eq!(walk(&fs, "/ks/t/json/big.json").unwrap().size, 300_000, "known by now");
    let open = fs.open(stat.ino, false).unwrap();
    assert!(open.direct);
    assert_eq!(read(&fs, open.handle, 299_990, 100).unwrap().len(), 10);

    let rows = walk(&fs, "/ks/t/rows.json").unwrap();
    assert_eq!((rows.size, rows.valid), (0, VALID));
    assert_eq!(fs.getattr(rows.ino).unwrap().size, 0);
    let open = fs.open(rows.ino, false).unwrap();
    assert!(open.direct);
    assert_eq!(read(&fs, open.handle, 0, 10).unwrap().len(), 10);
    assert_eq!(fs.getattr(rows.ino).unwrap().size, 0);

    let exact = Fs::new(fs.tree().clone(), FsOptions { exact_sizes: true, ..FsOptions::default() });
    let rows = walk(&exact, "/ks/t/rows.json").unwrap();
    assert_eq!(exact.getattr(rows.ino).unwrap().size, 300_000);
}

#[test]
fn damage_is_eio_for_that_file() {
    let fs = fs_of(&[("/ks/t/info.json", "{}")]);
    fs.tree().put("/ks/t/rows.csv", File::Damaged(vec![b'x'; 1000].into(), 600));
    let open = fs.open(walk(&fs, "/ks/t/rows.csv").unwrap().ino, false).unwrap();
    assert_eq!(read(&fs, open.handle, 0, 1000).unwrap().len(), 600);
    assert_eq!(read(&fs, open.handle, 600, 1000).unwrap_err().errno(), libc::EIO);
    assert_eq!(walk(&fs, "/ks/t/info.json").unwrap().size, 2);
}

#[test]
fn folders_are_listed_in_pieces_of_any_size_and_from_any_place() {
    let paths: Vec<String> = (0..57).map(|i| format!("/ks/t/json/key{i:02}.json")).collect();
    let fs = fs_of(&paths.iter().map(|p| (p.as_str(), "")).collect::<Vec<_>>());
    let ino = walk(&fs, "/ks/t/json").unwrap().ino;
    let handle = fs.opendir(ino).unwrap();
    let all = list(&fs, handle, 0, usize::MAX);
    assert_eq!(all.len(), 59);
    assert_eq!((all[0].0.as_str(), all[1].0.as_str(), all[2].0.as_str()), (".", "..", "key00.json"));
    for batch in [1, 2, 3, 10, 58, 59, 60] {
        assert_eq!(list(&fs, handle, 0, batch), all, "{batch} at a time");
    }
    for i in [5, 58, 3, 40, 0] {
        assert_eq!(list(&fs, handle, all[i].1, 7), all[i + 1..], "from behind {i}");
    }
    // What is listed after rewinddir is what exists then.
    fs.tree().put_text("/ks/t/json/zzz.json", "");
    assert_eq!(list(&fs, handle, 10, 7), all[10..]);
    assert_eq!(list(&fs, handle, 0, 7).len(), 60);
    fs.releasedir(handle);
}

#[test]
fn a_listing_and_a_stat_give_the_same_number() {
    let fs = fs_of(&[("/README.txt", ""), ("/ks/t/info.json", ""), ("/ks/schema.cql", "")]);
    let handle = fs.opendir(ROOT).unwrap();
    fs.readdir(handle, 0, &mut |ino, _, kind, name| {
        if !name.starts_with('.') {
            let stat = walk(&fs, name).unwrap();
            assert_eq!((ino, kind), (stat.ino, stat.kind));
        }
        false
    })
    .unwrap();
}

#[test]
fn forgotten_nodes_are_freed() {
    let fs = fs_of(&[("/ks/t/json/a.json", "1"), ("/ks/t/json/b.json", "2")]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut at = ROOT;
        for name in ["ks", "t", "json", "a.json"] {
            at = fs.lookup(at, name).unwrap().ino;
            seen.push(at);
        }
    }
    let open = fs.open(seen[3], false).unwrap();
    fs.tree().put_text("/ks/t/json/a.json", "new");
    seen.push(walk(&fs, "/ks/t/json/a.json").unwrap().ino);
    // The walk looked three folders up again.
    seen.extend_from_within(0..3);
    for ino in seen {
        fs.forget(ino, 1);
    }
    assert_eq!(fs.inodes.len(), 1, "the open one");
    assert_eq!(read(&fs, open.handle, 0, 9).unwrap(), b"1");
    fs.release(open.handle);
    assert_eq!(fs.inodes.len(), 0);
}

/// Forgets as the kernel does.
struct Forgetful(Weak<Fs<MemoryTree>>, Mutex<usize>);

impl Kernel for Forgetful {
    fn forget_attributes(&self, _: u64) {}
    fn forget_content(&self, _: u64) {}
    fn forget_name(&self, parent: u64, name: &str) {
        let fs = self.0.upgrade().unwrap();
        // Not when the folder was forgotten first, and with it what is in it.
        let Ok(folder) = fs.inodes.request(parent) else { return };
        let mut request = folder.child(name);
        // With a folder goes what is in it.
        let mut below = ["@limit=1", "count"].iter();
        while let Some(at) = request {
            fs.forget(inodes::number(&at), 1);
            *self.1.lock() += 1;
            request = below.next().and_then(|name| at.child(name));
        }
    }
}

#[test]
fn nodes_do_not_grow_with_the_number_of_files_that_were_looked_at() {
    let fs = fs_of(&[]);
    for i in 0..3 * inodes::MANY {
        fs.tree().put_text(&format!("/ks/t/json/{i}.json"), "x");
    }
    let folder = walk(&fs, "/ks/t/json").unwrap().ino;
    let kernel = Arc::new(Forgetful(Arc::downgrade(&fs), Mutex::new(0)));
    let open = fs.open(fs.lookup(folder, "0.json").unwrap().ino, false).unwrap();
    fs.connect(kernel.clone());
    for i in 1..3 * inodes::MANY {
        fs.lookup(folder, &format!("{i}.json")).unwrap();
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while fs.inodes.len() > inodes::MANY && std::time::Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(fs.inodes.len() <= inodes::MANY && *kernel.1.lock() >= 2 * inodes::MANY, "{}", fs.inodes.len());
    assert_eq!(read(&fs, open.handle, 0, 5).unwrap(), b"x");
}

#[test]
fn nodes_do_not_grow_with_the_number_of_queries_that_were_asked() {
    let fs = fs_of(&[("/cql/SELECT 1.csv", "x")]);
    let count = 2 * inodes::MANY;
    for i in 0..count {
        fs.tree().put_text(&format!("/ks/t/where/k={i}/@limit=1/count"), "1");
    }
    let folder = walk(&fs, "/ks/t/where").unwrap().ino;
    let kernel = Arc::new(Forgetful(Arc::downgrade(&fs), Mutex::new(0)));
    fs.connect(kernel.clone());
    for i in 0..count {
        let step = fs.lookup(folder, &format!("k={i}")).unwrap().ino;
        // The kernel may have forgotten it meanwhile: then it asks again.
        let _ = fs.lookup(step, "@limit=1").and_then(|limit| fs.lookup(limit.ino, "count"));
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while fs.inodes.len() > inodes::MANY && std::time::Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(fs.inodes.len() <= inodes::MANY, "{}", fs.inodes.len());
}

/// Before, it stayed as large as it had ever been.
#[test]
fn memory_of_more_nodes_than_are_kept_is_given_back() {
    let (inodes, table) = (Inodes::default(), TableName::new("ks", "t"));
    let attributes =
        Attributes { kind: Kind::File, size: Size::Exact(1), modified: SystemTime::UNIX_EPOCH, version: 1 };
    let request = |i: usize| Request::Partition(table.clone(), Format::Json, i.to_string().into());
    let numbers: Vec<u64> = (0..3 * inodes::MANY).map(|i| inodes.look_up(&request(i), &attributes)).collect();
    assert!(inodes.room() > 2 * inodes::MANY);
    numbers[1..].iter().for_each(|ino| inodes.forget(*ino, 1));
    assert!(inodes.room() <= 2 * inodes::MANY && inodes.len() == 1, "{}", inodes.room());
}
