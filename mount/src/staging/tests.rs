//! What closes, renames and failures lead to, without a kernel.

use std::sync::Arc;

use super::closing::{Closing, Step, at_flush, at_release};
use super::file::{StagedFile, Verdict};
use super::memory::{MemoryIntake, MemoryIntakes};
use super::*;

const A: u64 = 1;
const B: u64 = 2;
const NEW: Permissions = Permissions { uid: 0, gid: 0, mode: 0o644 };

struct World {
    _spools: tempfile::TempDir,
    intake: Arc<MemoryIntake>,
    staging: Arc<Staging>,
    table: TableName,
}

impl World {
    fn new() -> Self {
        let spools = tempfile::tempdir().unwrap();
        let intake = MemoryIntake::new(spools.path().to_owned());
        let intakes = Arc::new(MemoryIntakes::default());
        let table = TableName::new("ks", "t");
        intakes.tables.lock().insert(table.clone(), Ok(intake.clone()));
        World { _spools: spools, intake, staging: Staging::new(intakes), table }
    }

    fn create(&self, name: &str) -> u64 {
        self.staging.create(&self.table, name, NEW, false).unwrap().1
    }

    fn write(&self, handle: u64, text: &str, owner: u64) {
        self.staging.write(handle, None, text.as_bytes(), Some(owner)).unwrap();
    }

    /// As a process does that nothing is known of.
    fn close(&self, handle: u64, owner: u64) -> i32 {
        let result = self.staging.flush(handle, Some(owner), 0);
        self.staging.release(handle);
        result.err().map_or(0, |e| e.errno())
    }

    fn put(&self, name: &str, text: &str) -> i32 {
        let handle = self.create(name);
        self.write(handle, text, A);
        self.close(handle, A)
    }

    fn names(&self) -> Vec<String> {
        self.staging.list(&self.table).into_iter().map(|(name, _)| name).filter(|n| n != "log.jsonl").collect()
    }

    fn text(&self, name: &str) -> String {
        let ino = self.staging.lookup(&self.table, name).unwrap().ino;
        let handle = self.staging.open(ino, false).unwrap();
        let mut out = String::new();
        self.staging.read(handle, 0, 1 << 20, &mut |b| out.push_str(std::str::from_utf8(b).unwrap())).unwrap();
        self.staging.release(handle);
        self.staging.forget(ino, 1);
        out
    }

    fn rename(&self, from: &str, to: &str) -> i32 {
        self.staging.rename(&self.table, from, to, true).err().map_or(0, |e| e.errno())
    }

    fn lines(&self) -> String {
        self.intake.lines.lock().join(" ")
    }
}

#[test]
fn a_good_file_is_taken_up_and_gone() {
    let world = World::new();
    assert_eq!(world.put("a.csv", "id\n1\n2"), 0);
    assert_eq!((world.lines().as_str(), world.names().len()), ("1 2", 0));
    let log = world.text("log.jsonl");
    assert!(log.contains(r#""file":"a.csv""#) && log.contains(r#""rows":2"#), "{log}");
}

#[test]
fn a_bad_file_stays_with_its_errors_until_it_is_good() {
    let world = World::new();
    assert_eq!(world.put("a.csv", "id\n1\nbad\n3\nbad\n"), libc::EINVAL);
    assert_eq!((world.lines().as_str(), world.names()), ("", vec!["a.csv".to_owned(), "a.csv.errors".into()]));
    let errors = world.text("a.csv.errors");
    assert!(errors.contains("2 errors") && errors.contains("line 3, column 1: bad\nline 5,"), "{errors}");
    assert_eq!(world.text("a.csv"), "id\n1\nbad\n3\nbad\n");
    // What can't be written.
    let ino = world.staging.lookup(&world.table, "a.csv.errors").unwrap().ino;
    assert_eq!(world.staging.open(ino, true).unwrap_err().errno(), libc::EACCES);
    // Mended as an editor does it in place.
    let ino = world.staging.lookup(&world.table, "a.csv").unwrap().ino;
    let handle = world.staging.open(ino, true).unwrap();
    world.staging.set(ino, &Set { size: Some(0), ..Set::default() }).unwrap();
    assert_eq!(world.names(), ["a.csv"]);
    world.write(handle, "id\n7\n", B);
    assert_eq!(world.close(handle, B), 0);
    assert_eq!((world.lines().as_str(), world.names().len()), ("7", 0));
}

#[test]
fn an_early_close_does_no_harm() {
    let world = World::new();
    let handle = world.create("a.csv");
    world.staging.flush(handle, Some(A), 0).unwrap();
    assert_eq!(world.names(), ["a.csv"], "an empty file stays");
    world.write(handle, "id\n1\n", A);
    assert_eq!(world.close(handle, A), 0);
    assert_eq!(world.lines(), "1");
    // An empty one that nobody writes to.
    let handle = world.create("b.csv");
    assert_eq!(world.close(handle, A), 0);
    assert_eq!(world.names(), ["b.csv"]);
}

#[test]
fn what_comes_behind_a_close_is_taken_up_by_the_next() {
    let world = World::new();
    let handle = world.create("a.csv");
    world.write(handle, "id\n1\n2\n", A);
    world.staging.flush(handle, Some(A), 0).unwrap();
    assert_eq!((world.lines().as_str(), world.names().len()), ("1 2", 0));
    world.write(handle, "3\n", B);
    world.staging.flush(handle, Some(B), 0).unwrap();
    world.staging.flush(handle, Some(A), 0).unwrap();
    assert_eq!(world.lines(), "1 2 3");
    // A bad part has its lines counted in the whole file, and the file is back.
    world.write(handle, "4\nbad\n", B);
    assert_eq!(world.staging.flush(handle, Some(B), 0).unwrap_err().errno(), libc::EINVAL);
    assert_eq!(world.names(), ["a.csv", "a.csv.errors"]);
    assert!(world.text("a.csv.errors").contains("line 6, column 1"), "{}", world.text("a.csv.errors"));
    assert_eq!((world.close(handle, B), world.lines().as_str()), (libc::EINVAL, "1 2 3"), "said again");
}

#[test]
fn a_line_that_was_not_whole_is_taken_up_again() {
    let world = World::new();
    let handle = world.create("a.csv");
    world.write(handle, "id\n1\n2", A);
    world.staging.flush(handle, Some(A), 0).unwrap();
    world.write(handle, "3\n4\n", A);
    assert_eq!((world.close(handle, A), world.lines().as_str()), (0, "1 2 23 4"));
}

#[test]
fn kept_names_are_taken_up_when_they_are_renamed() {
    let world = World::new();
    assert_eq!(world.put(".a.csv.Xy", "id\n1\n"), 0);
    assert_eq!(world.put("b.csv~", "id\nbad\n"), 0);
    assert_eq!((world.lines().as_str(), world.names().len()), ("", 2));
    assert_eq!(world.rename("b.csv~", "b.csv"), libc::EINVAL);
    assert_eq!(world.names(), [".a.csv.Xy", "b.csv.errors", "b.csv~"], "the old name stays");
    assert_eq!(world.put("a.csv", "id\nbad\n"), libc::EINVAL);
    assert_eq!(world.rename(".a.csv.Xy", "a.csv"), 0);
    assert_eq!((world.lines().as_str(), world.names()), ("1", vec!["b.csv.errors".to_owned(), "b.csv~".into()]));
    // A plain one becomes a backup.
    assert_eq!(world.put("c.csv", "id\nbad\n"), libc::EINVAL);
    assert_eq!((world.rename("c.csv", "c.csv~"), world.rename("none", "c.csv")), (0, libc::ENOENT));
    assert_eq!(world.names(), ["b.csv.errors", "b.csv~", "c.csv~"]);
    assert_eq!(world.staging.rename(&world.table, "b.csv~", "c.csv~", false).unwrap_err().errno(), libc::EEXIST);
    assert_eq!(world.rename("b.csv~", "log.jsonl"), libc::EPERM);
    assert_eq!(world.rename("b.csv~", "c.csv~"), 0);
    assert_eq!(world.names(), ["b.csv.errors", "c.csv~"]);
}

#[test]
fn a_file_that_is_renamed_while_it_is_written_is_taken_up_by_its_close() {
    let world = World::new();
    let handle = world.create(".a");
    world.write(handle, "id\n1\n2", A);
    assert_eq!(world.rename(".a", "a.csv"), 0);
    world.write(handle, "2\n", A);
    assert_eq!((world.close(handle, A), world.lines().as_str(), world.names().len()), (0, "1 22", 0));
}

#[test]
fn a_rename_takes_up_what_was_closed_though_its_release_is_late() {
    let world = World::new();
    let handle = world.create(".a");
    world.write(handle, "id\n1\n", A);
    world.staging.flush(handle, Some(A), 0).unwrap();
    assert_eq!((world.rename(".a", "a.csv"), world.lines().as_str()), (0, "1"));
    world.staging.release(handle);
    assert_eq!(world.lines(), "1");
}

#[test]
fn a_removed_file_is_not_taken_up() {
    let world = World::new();
    let handle = world.create("a.csv");
    world.write(handle, "id\n1\n", A);
    world.staging.unlink(&world.table, "a.csv").unwrap();
    assert_eq!((world.close(handle, A), world.lines().as_str(), world.names().len()), (0, "", 0));
    assert_eq!(world.staging.unlink(&world.table, "log.jsonl").unwrap_err().errno(), libc::EPERM);
    assert_eq!(world.staging.unlink(&world.table, "a.csv").unwrap_err().errno(), libc::ENOENT);
}

#[test]
fn a_failure_of_the_system_leaves_all_as_it_was() {
    let world = World::new();
    world.intake.failing.store(libc::ENOSPC, std::sync::atomic::Ordering::Release);
    assert_eq!(world.put("a.csv", "id\n1\n"), libc::ENOSPC);
    assert_eq!((world.lines().as_str(), world.names()), ("", vec!["a.csv".to_owned()]));
    world.intake.failing.store(0, std::sync::atomic::Ordering::Release);
    assert_eq!((world.rename("a.csv", "b.csv"), world.lines().as_str(), world.names().len()), (0, "1", 0));
}

#[test]
fn nodes_are_freed() {
    let world = World::new();
    let (attributes, handle) = world.staging.create(&world.table, "a.csv", NEW, true).unwrap();
    world.write(handle, "id\n1\n", A);
    assert_eq!(world.close(handle, A), 0);
    assert!(world.staging.lookup(&world.table, "a.csv").is_err());
    assert_eq!(world.staging.attributes(attributes.ino).unwrap().size, 0, "its room was given back");
    world.staging.forget(attributes.ino, 1);
    assert_eq!(world.staging.known_nodes(), 0);
}

#[test]
fn flushes() {
    let world = World::new();
    let flushed = || *world.intake.flushed.lock();
    world.put("a.csv", "id\n1\n");
    assert_eq!(flushed(), 0);
    let handle = world.create(".flush");
    assert_eq!((flushed(), world.close(handle, A)), (1, 0));
    // fsync before the close that takes it up, and behind it.
    let handle = world.create("b.csv");
    world.write(handle, "id\n2\n", A);
    world.staging.sync(handle).unwrap();
    assert_eq!((flushed(), world.close(handle, A), flushed()), (1, 0, 2));
    world.put("c.csv", "id\n3\n");
    let start = std::time::Instant::now();
    while flushed() < 3 {
        assert!(start.elapsed().as_secs() < 20, "a quiet time");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    world.put("d.csv", "id\n4\n");
    world.staging.finish();
    assert_eq!(flushed(), 4);
    assert_eq!(world.staging.create(&world.table, "e.csv", NEW, false).unwrap_err().errno(), libc::EROFS);
}

#[test]
fn what_a_close_means() {
    let closing = |owner, elsewhere: bool, killed: bool, file: &StagedFile| {
        let by = Closing { owner: Some(owner), is_open_elsewhere: &|| elsewhere, is_killed: &|| killed };
        at_flush(&file.state.lock(), file.size(), &by)
    };
    let file = StagedFile::new(tempfile::tempfile().unwrap());
    assert_eq!(closing(A, false, false, &file), Step::Nothing, "nothing written");
    file.write(None, b"0123456789", Some(A)).unwrap();
    assert_eq!(closing(A, false, false, &file), Step::TakeUp { last: true });
    assert_eq!(closing(A, true, false, &file), Step::TakeUp { last: false });
    assert_eq!(closing(B, true, false, &file), Step::Nothing, "a child goes that has not written");
    assert_eq!(closing(B, false, false, &file), Step::TakeUp { last: true }, "the last one has not written");
    assert_eq!(closing(A, true, true, &file), Step::GiveUp);
    // Not read again for each piece.
    file.state.lock().verdict = Verdict::Later(10);
    file.write(None, b"0", Some(A)).unwrap();
    assert_eq!(closing(A, true, false, &file), Step::Nothing);
    file.write(None, b"123456789", Some(A)).unwrap();
    assert_eq!(closing(A, true, false, &file), Step::TakeUp { last: false });
    assert_eq!(at_release(&file.state.lock(), file.size()), Step::TakeUp { last: true });
    file.state.lock().verdict = Verdict::Torn(libc::ENOSPC);
    assert_eq!(closing(A, false, false, &file), Step::Fail(libc::ENOSPC));
    assert_eq!(at_release(&file.state.lock(), file.size()), Step::Nothing);
}
