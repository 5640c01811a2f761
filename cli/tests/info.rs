//! `sstablefs info` against what sstablemetadata printed of the same files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    entries.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Above this Cassandra corrects the estimate of keys with tables of its own: within one percent of ours.
const CORRECTED: f64 = 10_000.0;

/// Without the path, what depends on the time of asking, and the order of columns, which is that of a HashMap.
fn comparable(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|l| !l.starts_with("SSTable: ") && !l.starts_with("Estimated droppable"));
    let lines = lines.map(|line| match line.split_once(": ") {
        Some((head @ ("StaticColumns" | "RegularColumns"), columns)) => {
            let mut columns: Vec<&str> = columns.split(", ").collect();
            columns.sort_unstable();
            format!("{head}: {}", columns.join(", "))
        }
        Some((head @ "Estimated cardinality", keys)) if keys.parse().is_ok_and(|keys: f64| keys > CORRECTED) => {
            format!("{head}: {:.1e}", keys.parse::<f64>().unwrap_or(f64::NAN))
        }
        _ => line.trim_end().to_owned(),
    });
    lines.filter(|l| !l.is_empty()).collect()
}

#[test]
fn info_is_what_sstablemetadata_prints() {
    let mut versions = 0;
    for version in folders(&root()).into_iter().filter(|v| v.join("expected/now").exists()) {
        let mut compared = 0;
        for expected in folders(&version.join("expected")).iter().flat_map(|keyspace| folders(keyspace)) {
            for file in fs::read_dir(&expected).unwrap().map(|f| f.unwrap().path()) {
                let Some(id) = name(&file).strip_suffix(".metadata.txt.gz").map(str::to_owned) else { continue };
                let text = gunzip(&file);
                let keyspace = version.join("data").join(name(expected.parent().unwrap()));
                let tables =
                    folders(&keyspace).into_iter().filter(|t| name(t).split('-').next() == Some(&name(&expected)));
                let mut files = tables.flat_map(|t| fs::read_dir(t).unwrap()).map(|f| f.unwrap().path());
                let data = files.find(|f| name(f).ends_with("-Data.db") && name(f).split('-').nth(1) == Some(&id));
                let data = data.unwrap_or_else(|| panic!("{}: no such SSTable", file.display()));
                let output =
                    Command::new(env!("CARGO_BIN_EXE_sstablefs")).arg("info").arg(&data).env("TZ", "UTC").output();
                let output = output.unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                let ours = String::from_utf8(output.stdout).unwrap();
                assert_eq!(comparable(&ours), comparable(&text), "{}", data.display());
                compared += 1;
            }
        }
        // An upgraded node's are those of other versions.
        assert!(compared > 3 || version.ends_with("mixed"), "{}: {compared} SSTables compared", version.display());
        versions += 1;
    }
    assert!(versions > 3, "{versions} versions");
}
