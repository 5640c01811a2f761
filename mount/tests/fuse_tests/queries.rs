//! Queries as paths, through the kernel.

use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::process::Command;

use super::changes::{Mount, TABLE, until};

fn errno(path: &std::path::Path) -> Option<i32> {
    fs::read(path).err().and_then(|e| e.raw_os_error())
}

#[test]
fn questions_are_answered() {
    let mount = Mount::new();
    let all = mount.read("rows.jsonl");
    assert_eq!(mount.read("where/rows.jsonl"), all);
    assert_eq!(mount.read("where/count"), format!("{}\n", all.lines().count()));
    let of_one: Vec<&str> = all.lines().filter(|l| l.starts_with("{\"k\": 1,")).collect();
    assert!(!of_one.is_empty());
    assert_eq!(mount.read("where/k=1/rows.jsonl"), of_one.join("\n") + "\n");
    assert_eq!(mount.read("where/@limit=1/k=1/rows.jsonl"), format!("{}\n", of_one[0]));
    assert_eq!(mount.read("where/k=1/@limit=1/rows.jsonl"), format!("{}\n", of_one[0]));
    let size = fs::metadata(mount.path("where/k=1/rows.jsonl")).unwrap().len();
    assert_eq!(size as usize, mount.read("where/k=1/rows.jsonl").len(), "a short answer has its size");
    let statement = |name: &str| mount.folder.path().join("mnt/cql").join(name);
    let table = TABLE.replace('/', ".");
    let answer = fs::read_to_string(statement(&format!("SELECT * FROM {table} WHERE k = 1.jsonl"))).unwrap();
    assert_eq!(answer, mount.read("where/k=1/rows.jsonl"));
    // '/' and '%' are encoded, and may be where they need not.
    let answer = fs::read_to_string(statement(&format!("SELECT 7%2F2 AS %22%25%22 FROM {table} LIMIT 1.csv"))).unwrap();
    assert_eq!(answer, "%\n3\n");
    let explained = mount.read("where/k=1/explain.json");
    assert!(explained.contains("\"statement\": \"SELECT * FROM deletions.overlaps WHERE k = 1\""), "{explained}");
}

#[test]
fn wrong_questions_have_an_errno() {
    let mount = Mount::new();
    for (path, expected) in [
        ("where/nosuch=1/rows.json", libc::ENOENT),
        ("where/k=x/count", libc::ENOENT),
        ("where/k=1/README.txt", libc::ENOENT),
        ("where/k", libc::ENOENT),
        ("where/k=1", libc::EISDIR),
        ("where/k=1/rows.csv/k=2", libc::ENOTDIR),
        ("../../cql/SELECT nosuch FROM overlaps.csv", libc::ENOENT),
        ("../../cql/INSERT INTO overlaps (k) VALUES (1).csv", libc::EINVAL),
        ("../../cql/SELECT * FROM overlaps.txt", libc::ENOENT),
    ] {
        assert_eq!(errno(&mount.path(path)), Some(expected), "{path}");
    }
    for long in [format!("where/k={}/count", "1".repeat(254)), format!("../../cql/SELECT {}.csv", "a".repeat(245))] {
        assert_eq!(errno(&mount.path(&long)), Some(libc::ENAMETOOLONG), "{long}");
    }
    let deep = format!("where/{}count", "k=1/".repeat(65));
    assert_eq!(errno(&mount.path(&deep)), Some(libc::ENOENT));
    let write = fs::write(mount.path("where/k=1/rows.csv"), "x").unwrap_err();
    assert_eq!(write.raw_os_error(), Some(libc::EROFS));
    assert!(mount.read("where/nosuch=1/explain.json").contains("no column nosuch"));
    let listed: Vec<_> = fs::read_dir(mount.path("where/nosuch=1")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(listed, ["explain.json"]);
}

#[test]
fn a_walk_comes_to_an_end() {
    let mount = Mount::new();
    fs::read_to_string(mount.path("where/k=1/@limit=1/count")).unwrap();
    let found = crate::run(Command::new("timeout").arg("60").arg("find").arg(mount.folder.path().join("mnt")));
    let found = String::from_utf8(found.stdout).unwrap();
    let asked: Vec<&str> = found.lines().filter(|l| l.contains("overlaps/where") || l.contains("/cql")).collect();
    assert_eq!(asked.len(), 9, "{asked:#?}");
}

#[test]
fn an_answer_follows_the_data() {
    let mount = Mount::new();
    let sstable = mount.an_sstable();
    let statement = format!("../../cql/SELECT count(*) FROM {}.csv", TABLE.replace('/', "."));
    let files = ["where/rows.csv", "where/@select=k,writetime(v)/rows.jsonl", "where/count", &statement];
    let all = || files.map(|f| mount.read(f));
    let both = all();
    assert_eq!(all(), both);
    let open = fs::File::open(mount.path(files[1])).unwrap();
    mount.switch(&sstable, false);
    let one = all();
    for i in 0..files.len() {
        assert_ne!(one[i], both[i], "{}", files[i]);
    }
    let mut old = vec![0; both[1].len()];
    open.read_exact_at(&mut old, 0).unwrap();
    assert_eq!(String::from_utf8(old).unwrap(), both[1], "the open file");
    for (there, texts) in [(true, &both), (false, &one)] {
        mount.switch(&sstable, there);
        // A stat asks the kernel alone: it must have been told.
        until("the sizes that stat shows", || {
            files.iter().zip(texts).all(|(f, t)| fs::metadata(mount.path(f)).unwrap().len() == t.len() as u64)
        });
    }
}

#[test]
fn readers_of_one_question_do_not_disturb_each_other() {
    let mount = Mount::new();
    let text = mount.read("where/k>0/rows.json");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (mount, text) = (&mount, &text);
            scope.spawn(move || {
                for i in 0..40 {
                    let mut file = fs::File::open(mount.path("where/k>0/rows.json")).unwrap();
                    let mut part = vec![0; (7 * i + thread) % text.len()];
                    file.read_exact(&mut part).unwrap();
                    assert_eq!(part, text.as_bytes()[..part.len()]);
                }
            });
        }
    });
}
