//! How far something is: on a terminal after a second, and nowhere else. And what becomes of messages that nobody reads.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Longer than what is waited for before anything is shown.
const LONGER: Duration = Duration::from_millis(1500);
const TOO_LONG: Duration = Duration::from_secs(60);

fn testdata() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstablefs"));
    command.args(args).env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color").stdin(Stdio::null());
    command
}

/// A terminal with 100 columns: what is read of it, and what a program writes to.
fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(&theirs, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (File::from(ours), theirs.into())
}

/// What appears on a terminal until it has `part`, or until the program has ended.
fn shown(mut terminal: File, part: &str) -> String {
    let (started, mut text, mut buffer) = (Instant::now(), String::new(), [0; 4096]);
    while !text.contains(part) {
        assert!(started.elapsed() < TOO_LONG, "{text:?} does not have {part:?}");
        match terminal.read(&mut buffer) {
            Ok(count) if count > 0 => text += &String::from_utf8_lossy(&buffer[..count]),
            // Linux says so of a terminal that nobody has open any more.
            Ok(_) | Err(_) => break,
        }
    }
    text
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Lets time pass for a program that is too quick for it.
fn pause(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    thread::sleep(Duration::from_millis(150));
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    thread::sleep(LONGER);
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
}

/// The output of a program whose reader does not read until something is shown. No pipe: beside that nothing would be.
fn with_slow_reader(args: &[&str], no_color: &str) -> (String, Vec<u8>) {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    let (screen, stderr) = terminal();
    let mut command = command(args);
    command.env("NO_COLOR", no_color).stdout(Stdio::from(OwnedFd::from(writer))).stderr(stderr);
    let mut child = command.spawn().unwrap();
    drop(command);
    let text = shown(screen, " left");
    let mut output = Vec::new();
    reader.read_to_end(&mut output).unwrap();
    assert!(child.wait().unwrap().success());
    (text, output)
}

fn table(keyspace: &str, name: &str) -> PathBuf {
    let folders = fs::read_dir(testdata().join("oa/data").join(keyspace)).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().split('-').next() == Some(name);
    folders.into_iter().find(is_it).unwrap()
}

/// An SSTable whose dump is larger than what a socket holds, as are the rows of its table.
fn large() -> PathBuf {
    let files = fs::read_dir(table("sizes", "wide")).unwrap().map(|entry| entry.unwrap());
    let data = files.filter(|file| file.file_name().to_str().unwrap().ends_with("-Data.db"));
    data.max_by_key(|file| file.metadata().unwrap().len()).unwrap().path()
}

/// Percent, an estimate and no colors; the escape sequences are those of the cursor.
fn is_progress(text: &str) -> bool {
    text.contains('%')
        && text.contains(" left")
        && !text
            .split("\x1b[")
            .skip(1)
            .any(|s| s.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'))
}

#[test]
fn dump_and_query_show_how_far_they_are() {
    let (data, file) = (testdata().join("oa/data"), large());
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    for args in [
        vec!["sstabledump", file],
        vec!["sstabledump", "-l", file],
        vec!["query", data, "SELECT * FROM sizes.wide", "-o", "jsonl"],
    ] {
        let quiet = command(&args).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&quiet.stderr), "", "{args:?} beside a pipe");
        for no_color in ["", "1"] {
            let (text, output) = with_slow_reader(&args, no_color);
            assert!(is_progress(&text), "{args:?}: {text:?}");
            assert!(output == quiet.stdout, "{args:?} prints something else when it is watched");
        }
    }
}

#[test]
fn verify_shows_how_far_it_is() {
    let data: Vec<PathBuf> = ["nb", "oa", "da"].map(|version| testdata().join(version).join("data")).to_vec();
    let mut args = vec!["verify"];
    args.extend(data.iter().map(|path| path.to_str().unwrap()));
    let (screen, stderr) = terminal();
    // All of it on the terminal, which is where programs have colors.
    let stdout = stderr.try_clone().unwrap();
    let child = command(&args).env_remove("NO_COLOR").stdout(stdout).stderr(stderr).spawn().unwrap();
    pause(&child);
    let text = shown(screen, " left");
    end(child);
    assert!(is_progress(&text) && text.contains("verifying"), "{text:?}");
}

#[test]
fn import_shows_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, out) = (folder.path().join("new.csv"), folder.path().join("out"));
    let mut text = String::from("p0,c0,v\n");
    (0..1_000_000).for_each(|i| text += &format!("2024-01-{:02},{},7\n", i % 28 + 1, i % 30_000));
    fs::write(&csv, text).unwrap();
    let data = testdata().join("oa/data");
    let args = ["import", data.to_str().unwrap(), "keys.p1c1", csv.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let (screen, stderr) = terminal();
    let child = command(&args).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    pause(&child);
    let text = shown(screen, " left");
    end(child);
    assert!(is_progress(&text) && text.contains("read"), "{text:?}");
}

#[test]
fn what_comes_from_a_pipe_has_no_percent() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (testdata().join("oa/data"), folder.path().join("out"));
    let args = ["import", data.to_str().unwrap(), "keys.p1c1", "-", "--out", out.to_str().unwrap()];
    let (screen, stderr) = terminal();
    let mut command = command(&args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    drop(command);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"p0,c0,v\n").unwrap();
    let writer = thread::spawn(move || {
        thread::sleep(LONGER + Duration::from_millis(500));
        stdin.write_all(b"2024-01-01,1,7\n").unwrap();
    });
    let text = shown(screen, "1 rows and");
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(text.contains("read") && !text.contains('%'), "{text:?}");
}

#[test]
fn short_work_and_other_places_show_nothing() {
    let folder = table("sizes", "tiny");
    let folder = folder.to_str().unwrap();
    for args in [["verify", folder], ["info", folder]] {
        let (screen, stderr) = terminal();
        let mut command = command(&args);
        let mut child = command.stdout(tempfile::tempfile().unwrap()).stderr(stderr).spawn().unwrap();
        drop(command);
        assert!(child.wait().unwrap().success());
        assert_eq!(shown(screen, "%"), "", "{args:?}");
        let piped = self::command(&args).stderr(Stdio::piped()).output().unwrap();
        assert!(piped.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn nothing_is_shown_beside_a_pipe() {
    let file = large();
    let (screen, stderr) = terminal();
    let mut command = command(&["sstabledump", file.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    drop(command);
    thread::sleep(LONGER);
    child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(shown(screen, "%"), "");
}

#[test]
fn messages_that_nobody_reads_are_no_crash() {
    let data = testdata().join("oa/data");
    let missing = data.join("missing");
    let missing = missing.to_str().unwrap();
    for args in [
        vec!["info", missing],
        vec!["verify", missing],
        vec!["query", missing, "SELECT * FROM a.b"],
        vec!["schema", missing],
    ] {
        let mut child = command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{args:?}");
    }
    // Work goes on all the same.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let args = ["import", data.to_str().unwrap(), "keys.p1c1", "-", "--out", out.to_str().unwrap()];
    let mut child = command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    match child.stdin.take().unwrap().write_all(b"p0,c0,v\n2024-01-01,1,7\n") {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => panic!("{e}"),
        _ => {}
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("-Data.db"));
}
