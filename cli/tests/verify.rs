//! `sstablefs verify`: what it says, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sstablefs")).arg("verify").args(args).output().unwrap()
}

fn said(args: &[&str]) -> (i32, String) {
    let output = run(args);
    assert!(output.stderr.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// A copy of a golden table, and the prefixes of its SSTables in order.
struct Copy {
    folder: tempfile::TempDir,
    prefixes: Vec<String>,
}

impl Copy {
    fn of(version: &str, keyspace: &str, table: &str) -> Copy {
        let tables = root().join(version).join("data").join(keyspace);
        let named = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().rsplit_once('-').unwrap().0 == table;
        let source = fs::read_dir(&tables).unwrap().map(|e| e.unwrap().path()).find(named).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut prefixes = Vec::new();
        for file in fs::read_dir(source).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            fs::copy(&file, folder.path().join(name)).unwrap();
            prefixes.extend(name.strip_suffix("Data.db").map(str::to_owned));
        }
        prefixes.sort();
        Copy { folder, prefixes }
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn file(&self, sstable: usize, component: &str) -> PathBuf {
        self.folder.path().join(format!("{}{component}", self.prefixes[sstable]))
    }

    fn flip(&self, sstable: usize, component: &str, at: usize) {
        let path = self.file(sstable, component);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 0x10;
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn sound_tables_are_said_to_be() {
    for version in ["nb", "oa", "da"] {
        let copy = Copy::of(version, "sizes", "wide");
        let (code, text) = said(&[copy.path()]);
        assert_eq!(code, 0, "{text}");
        let sound = text.lines().filter(|line| line.contains("-Data.db: ok, ")).count();
        assert_eq!(sound, copy.prefixes.len(), "{text}");
        let one = copy.file(0, "Data.db");
        let (code, text) = said(&["-q", one.to_str().unwrap()]);
        assert!(code == 0 && text.lines().count() == 1 && text.contains(": ok, "), "{text}");
    }
}

#[test]
fn damage_is_told_with_its_place_and_the_others_are_checked() {
    for version in ["nb", "oa", "da"] {
        let copy = Copy::of(version, "sizes", "wide");
        assert!(copy.prefixes.len() > 1, "{version}: one SSTable only");
        copy.flip(0, "Data.db", 100);
        let (code, text) = said(&[copy.path()]);
        let lines: Vec<&str> = text.lines().collect();
        let damaged = format!("{}: damaged", copy.file(0, "Data.db").canonicalize().unwrap().display());
        assert!(code == 1 && lines.contains(&damaged.as_str()), "{text}");
        assert!(lines.iter().any(|l| l.starts_with("  Data.db, byte ") && l.contains("checksum")), "{text}");
        assert!(text.contains("Data.db: ok, "), "{text}");
        assert_eq!(*lines.last().unwrap(), format!("{} SSTables, 1 of them damaged", copy.prefixes.len()));

        let (code, text) = said(&["-o", "json", copy.path()]);
        let all: Value = serde_json::from_str(&text).unwrap();
        let of = |status: &str| all.as_array().unwrap().iter().filter(|s| s["status"] == status).count();
        assert_eq!((code, of("damaged"), of("ok")), (1, 1, copy.prefixes.len() - 1), "{text}");
        let damaged = all.as_array().unwrap().iter().find(|s| s["status"] == "damaged").unwrap();
        assert_eq!(damaged["faults"][0]["component"], "Data.db");
        assert_eq!(damaged["fault_count"], damaged["faults"].as_array().unwrap().len());
    }
}

#[test]
fn every_component_is_checked_and_needed() {
    for (version, components) in [
        ("oa", &["Statistics.db", "Index.db", "Summary.db", "Filter.db", "CompressionInfo.db", "Digest.crc32"][..]),
        ("da", &["Statistics.db", "Partitions.db", "Rows.db", "Filter.db", "CompressionInfo.db", "Digest.crc32"]),
    ] {
        for component in components {
            let copy = Copy::of(version, "sizes", "wide");
            fs::remove_file(copy.file(0, component)).unwrap();
            let (code, text) = said(&[copy.path()]);
            assert!(code == 1 && text.contains(&format!("  {component}: is missing")), "{version} {component}: {text}");
            let copy = Copy::of(version, "sizes", "wide");
            fs::write(copy.file(0, component), "").unwrap();
            let (code, text) = said(&[copy.path()]);
            assert!(code == 1 && text.contains(&format!("  {component}")), "{version} {component}: {text}");
        }
    }
}

#[test]
fn versions_and_tokens_are_checked_when_asked_for() {
    let copy = Copy::of("nb", "sizes", "wide");
    let (code, text) = said(&["-c", copy.path()]);
    assert!(code == 1 && text.contains("is of version nb, which is not the latest"), "{text}");
    let copy = Copy::of("oa", "sizes", "wide");
    assert_eq!(said(&["-c", copy.path()]).0, 0);
    assert_eq!(said(&["-t", "-9223372036854775808,9223372036854775807", copy.path()]).0, 0);
    let (code, text) = said(&["--token_range", "5,6", "-t", "-7,-6", copy.path()]);
    assert!(code == 1 && text.contains("is outside of the ranges that were given"), "{text}");
}

#[test]
fn what_is_no_sstable_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["-t", "5", &path("")]).status.code(), Some(2));
    let missing = run(&[&path("missing")]);
    assert!(missing.status.code() == Some(1) && !missing.stderr.is_empty());
    fs::write(path("ka-1-big-Data.db"), "").unwrap();
    let (code, text) = said(&[&path("ka-1-big-Data.db")]);
    assert!(code == 1 && text.contains("not checked: SSTable version ka (big) is of Cassandra 2.1"), "{text}");
}

/// With the schema of the same data directory, whose columns and options are compared, too.
#[test]
fn all_golden_cases_are_sound() {
    let mut versions = 0;
    for version in fs::read_dir(root()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("expected/now").exists())
    {
        let (code, text) = said(&[version.join("data").to_str().unwrap()]);
        let faults: Vec<&str> = text.lines().filter(|line| !line.contains(": ok, ")).take(20).collect();
        assert_eq!(code, 0, "{}: {faults:#?}", version.display());
        versions += 1;
    }
    assert!(versions > 8, "{versions} versions");
}
