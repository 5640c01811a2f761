//! The flags of Cassandra's tools, beside what they print: `scripts/tools_test` compares that with the tools themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn table(version: &str, keyspace: &str, name: &str) -> PathBuf {
    let testdata = std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from);
    let folders = fs::read_dir(testdata.join(version).join("data").join(keyspace)).unwrap();
    let mut folders = folders.map(|entry| entry.unwrap().path());
    folders.find(|path| path.file_name().unwrap().to_str().unwrap().split('-').next() == Some(name)).unwrap()
}

fn run(args: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sstablefs"))
        .args(args)
        .arg(path)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn printed(args: &[&str], path: &Path) -> String {
    let output = run(args, path);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Without ANSI's colors.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

#[test]
fn colors_and_blocks_change_no_words() {
    for version in ["nb", "oa", "da"] {
        let table = table(version, "deletions", "overlaps");
        let text = printed(&["info", "-s"], &table);
        let colored = printed(&["info", "-s", "-c"], &table);
        assert!(colored.contains("\x1b[34mPartitioner\x1b[36m: \x1b[0m"), "{colored}");
        let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(trimmed(&plain(&colored)), trimmed(&text));
        let blocks = printed(&["info", "-s", "-u"], &table);
        assert!(text.is_ascii() && blocks.contains('▉'), "{blocks}");
        let without_bars =
            |text: &str| text.lines().map(|l| l.split(") ").next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(without_bars(&blocks), without_bars(&text));
    }
}

#[test]
fn timestamps_can_be_of_another_unit() {
    let table = table("oa", "deletions", "overlaps");
    let text = printed(&["info"], &table);
    assert_eq!(printed(&["info", "-t", "MICROSECONDS"], &table), text);
    let seconds = printed(&["info", "-t", "seconds"], &table);
    let both = seconds.lines().zip(text.lines()).filter(|(seconds, text)| seconds != text);
    let changed: BTreeSet<&str> = both.map(|(line, _)| line.split(": ").next().unwrap()).collect();
    let expected = ["Duration", "EncodingStats minTimestamp", "Maximum timestamp", "Minimum timestamp"];
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn verify_tells_of_each_partition() {
    let table = table("oa", "deletions", "partitions");
    let text = printed(&["verify", "-f", "-e", "-v", "-r"], &table);
    assert!(text.contains("-Data.db: checking Data.db, Index.db, Summary.db, "), "{text}");
    assert!(text.contains("\n  partition a at byte 0\n"), "{text}");
    let quick = printed(&["verify", "-q", "-v"], &table);
    let places =
        |text: &str| text.lines().filter(|l| l.starts_with("  partition ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(places(&quick), places(&text));
    assert!(places(&text).len() > 10 && places(&printed(&["verify"], &table)).is_empty());
}

#[test]
fn verify_says_that_it_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("partitions-00000000000000000000000000000001");
    fs::create_dir(&copy).unwrap();
    let mut files = Vec::new();
    for file in fs::read_dir(table("oa", "deletions", "partitions")).unwrap().map(|file| file.unwrap()) {
        let mut bytes = fs::read(file.path()).unwrap();
        if file.file_name().to_str().unwrap().ends_with("-Data.db") {
            *bytes.last_mut().unwrap() ^= 1;
        }
        fs::write(copy.join(file.file_name()), &bytes).unwrap();
        files.push((file.file_name(), bytes));
    }
    let output = run(&["verify", "-r"], &copy);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("verify changes no file"));
    assert!(files.iter().all(|(name, bytes)| fs::read(copy.join(name)).unwrap() == *bytes));
    assert_eq!(fs::read_dir(&copy).unwrap().count(), files.len());
    assert!(run(&["verify"], &copy).stderr.is_empty());
}

#[test]
fn names_in_place_of_paths_are_understood() {
    let output = run(&["sstableverify", "-e", "shop"], Path::new("orders"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("verify takes paths") && said.contains("DATA/shop/orders-ID"), "{said}");
}
