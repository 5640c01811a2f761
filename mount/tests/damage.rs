//! Damaged SSTables through the file system: what is read is right as far as it goes, or it is an error that info.json
//! tells of, and other tables are not touched by it. Never are rows missing in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::table::{Database, Options};
use sstablefs_mount::fs::{Fs, FsError, FsOptions, ROOT};
use sstablefs_mount::tree::engine::{EngineOptions, EngineTree};
use sstablefs_render::CsvStyle;

const VERSIONS: [&str; 3] = ["nb", "oa", "da"];
const KEYSPACE: &str = "sizes";
/// Tables of one or more SSTables, compressed and not, with one and with many partitions and slices.
const TABLES: [&str; 4] = ["wide", "wide_plain", "large_cells", "many_columns"];
/// As older releases wrote them.
const OLD_VERSIONS: [&str; 8] = ["ma", "mb", "mc", "md", "me", "na", "nb40", "nb41"];
const OLD_TABLES: [&str; 2] = ["wide", "codecs"];

/// Version, keyspace and table.
fn cases() -> Vec<(&'static str, &'static str, &'static str)> {
    let new = VERSIONS.iter().flat_map(|version| TABLES.map(|table| (*version, KEYSPACE, table)));
    let old = OLD_VERSIONS.iter().flat_map(|version| OLD_TABLES.map(|table| (*version, "legacy", table)));
    new.chain(old).collect()
}

struct Damaged {
    fs: Arc<Fs<EngineTree>>,
    _folder: tempfile::TempDir,
}

fn table_folder(version: &str, keyspace: &str, table: &str) -> PathBuf {
    let keyspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(version).join("data").join(keyspace);
    let mut found = fs::read_dir(&keyspace).unwrap_or_else(|e| panic!("{}: {e}", keyspace.display()));
    let is_table = |path: &Path| path.file_name().unwrap().to_string_lossy().rsplit_once('-').unwrap().0 == table;
    found.find_map(|e| Some(e.unwrap().path()).filter(|p| is_table(p))).unwrap()
}

/// A copy of a table, changed by `damage`, which is given each component's name and bytes.
fn open(version: &str, table: &str, damage: impl Fn(&str, &mut Vec<u8>) -> bool) -> Damaged {
    open_of(version, KEYSPACE, table, damage)
}

fn open_of(version: &str, keyspace: &str, table: &str, damage: impl Fn(&str, &mut Vec<u8>) -> bool) -> Damaged {
    let source = table_folder(version, keyspace, table);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join(keyspace).join(source.file_name().unwrap());
    fs::create_dir_all(&target).unwrap();
    let mut damaged = 0;
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut bytes = fs::read(&path).unwrap();
            damaged += usize::from(damage(&name, &mut bytes));
            fs::write(target.join(&name), bytes).unwrap();
        }
    }
    assert!(damaged > 0 || version.is_empty(), "nothing was damaged in {version} {table}");
    let database = Database::open(&[folder.path().to_owned()], &Options::default()).unwrap();
    let now = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/oa/expected/now")).unwrap();
    let options = EngineOptions { now: Some(now.trim().parse().unwrap()), csv: CsvStyle::default() };
    Damaged {
        fs: Arc::new(Fs::new(EngineTree::new(Arc::new(database), options), FsOptions::default())),
        _folder: folder,
    }
}

impl Damaged {
    /// Reads a file as cat does; what was read before an error, too.
    fn read(&self, path: &[&str]) -> (Vec<u8>, Result<(), FsError>) {
        let mut got = Vec::new();
        let result = self.read_into(path, &mut got);
        (got, result)
    }

    fn names(&self, path: &[&str]) -> Vec<String> {
        let ino = path.iter().fold(ROOT, |ino, name| self.fs.lookup(ino, name).unwrap().ino);
        let handle = self.fs.opendir(ino).unwrap();
        let mut names = Vec::new();
        let mut add = |_, _, _, name: &str| {
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
            false
        };
        self.fs.readdir(handle, 0, &mut add).unwrap();
        self.fs.releasedir(handle);
        names
    }

    fn read_into(&self, path: &[&str], got: &mut Vec<u8>) -> Result<(), FsError> {
        let mut ino = ROOT;
        for name in path {
            ino = self.fs.lookup(ino, name)?.ino;
        }
        let open = self.fs.open(ino, false)?;
        loop {
            let before = got.len();
            self.fs.read(open.handle, before as u64, 128 << 10, &mut |bytes| got.extend_from_slice(bytes))?;
            if got.len() == before {
                self.fs.release(open.handle);
                return Ok(());
            }
        }
    }
}

/// Reads the table's files; returns how many could be read to their end and how many failed.
fn check(keyspace: &str, table: &str, right: &[u8], damaged: &Damaged, what: &str) -> (usize, usize) {
    let (mut whole, mut failed) = (0, 0);
    let statement = format!("SELECT * FROM {keyspace}.{table}.jsonl");
    let files: [&[&str]; 3] =
        [&[keyspace, table, "rows.jsonl"], &[keyspace, table, "where", "rows.jsonl"], &["cql", &statement]];
    for file in files {
        let what = format!("{table} {what} {file:?}");
        let (text, result) = damaged.read(file);
        assert!(right.starts_with(&text), "{what}: wrong rows");
        match result {
            Ok(()) => {
                assert_eq!(text.len(), right.len(), "{what}: rows are missing, and no error says so");
                whole += 1;
            }
            Err(e) => {
                failed += 1;
                let (info, result) = damaged.read(&[keyspace, table, "info.json"]);
                result.unwrap();
                let info = String::from_utf8(info).unwrap();
                let told = e.to_string().replace('"', "\\\"");
                assert!(info.contains(&told), "{what}: info.json does not tell of {told}:\n{info}");
            }
        }
    }
    (whole, failed)
}

#[test]
fn damaged_data_is_never_wrong_in_silence() {
    let (mut whole, mut failed) = (0, 0);
    for (version, keyspace, table) in cases() {
        let intact = open_of(version, keyspace, table, |_, _| true);
        let (right, result) = intact.read(&[keyspace, table, "rows.jsonl"]);
        result.unwrap();
        assert!(right.len() > 1000, "{version} {table}: {} bytes", right.len());
        for eighth in 0..8 {
            // The largest Data file: the one of the first flush.
            let is_target = |name: &str| name.ends_with("-1-big-Data.db") || name.ends_with("-1-bti-Data.db");
            let place = |len: usize| len * eighth / 8 + len / 17;
            let flipped = open_of(version, keyspace, table, |name, bytes| {
                let hit = is_target(name);
                if hit {
                    let at = place(bytes.len());
                    bytes[at] ^= 0x20;
                }
                hit
            });
            let cut = open_of(version, keyspace, table, |name, bytes| {
                let hit = is_target(name);
                if hit {
                    bytes.truncate(place(bytes.len()));
                }
                hit
            });
            for (damaged, what) in [(&flipped, "flipped"), (&cut, "cut")] {
                let counts = check(keyspace, table, &right, damaged, &format!("{version} {what} at {eighth}/8"));
                whole += counts.0;
                failed += counts.1;
            }
        }
    }
    assert!(failed > 800, "only {failed} of {} reads met the damage", whole + failed);
}

/// Indexes have no checksum: a lookup may miss what is there, but what it finds is the partition asked for.
#[test]
fn a_damaged_index_never_leads_to_other_rows() {
    let (mut right_ones, mut missed, mut failed) = (0, 0, 0);
    for version in VERSIONS {
        for table in ["many_columns", "wide", "tiny"] {
            let intact = open(version, table, |_, _| true);
            let (rows, result) = intact.read(&[KEYSPACE, table, "rows.jsonl"]);
            result.unwrap();
            let keys: Vec<String> = intact.names(&[KEYSPACE, table, "jsonl"]).into_iter().step_by(7).take(40).collect();
            let texts: Vec<Vec<u8>> = keys.iter().map(|k| intact.read(&[KEYSPACE, table, "jsonl", k]).0).collect();
            assert!(texts.iter().all(|t| !t.is_empty()) && !texts.is_empty());
            for part in 0..24 {
                let damaged = open(version, table, |name, bytes| {
                    let hit = name.contains("-1-") && (name.ends_with("Index.db") || name.ends_with("Partitions.db"));
                    if hit {
                        let at = bytes.len() * part / 24;
                        bytes[at] ^= 1 << (part % 8);
                    }
                    hit
                });
                let (text, result) = damaged.read(&[KEYSPACE, table, "rows.jsonl"]);
                assert!(rows.starts_with(&text), "{version} {table} damaged at {part}/24: wrong rows");
                let short = text.len() < rows.len();
                assert!(!short || result.is_err(), "{version} {table} damaged at {part}/24: missing rows");
                for (key, right) in keys.iter().zip(&texts) {
                    match damaged.read(&[KEYSPACE, table, "jsonl", key]) {
                        (text, Ok(())) => {
                            assert!(text == *right, "{version} {table} damaged at {part}/24: {key} has other rows");
                            right_ones += 1;
                        }
                        (_, Err(FsError::NoEntry)) => missed += 1,
                        (_, Err(_)) => failed += 1,
                    }
                }
            }
        }
    }
    assert!(missed + failed > 20 && right_ones > 1000, "{right_ones} right, {missed} missed, {failed} failed");
}

/// Its rows and deletions would be missing from the merge.
#[test]
fn an_unreadable_sstable_is_no_reason_for_wrong_rows() {
    for version in VERSIONS {
        let damaged = open(version, "wide", |name, bytes| {
            let hit = name.contains("-1-") && name.ends_with("Statistics.db");
            if hit {
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
            }
            hit
        });
        let (text, result) = damaged.read(&[KEYSPACE, "wide", "rows.jsonl"]);
        assert!(text.is_empty() && matches!(result, Err(FsError::Engine(_))), "{version}: {result:?}");
        let ids = damaged.names(&[KEYSPACE, "wide", "sstables"]);
        assert_eq!(ids.len(), 1, "{version}: {ids:?}");
        let (dump, result) = damaged.read(&[KEYSPACE, "wide", "sstables", &ids[0], "dump.jsonl"]);
        result.unwrap();
        assert!(!dump.is_empty());
        let (info, result) = damaged.read(&[KEYSPACE, "wide", "info.json"]);
        result.unwrap();
        assert!(String::from_utf8(info).unwrap().contains("Statistics.db: the checksum"));
    }
}

#[test]
fn a_lost_component_costs_only_what_it_is_needed_for() {
    for (version, keyspace, table) in cases() {
        let (right, result) = open_of(version, keyspace, table, |_, _| true).read(&[keyspace, table, "rows.jsonl"]);
        result.unwrap();
        for component in ["Filter.db", "Summary.db", "Index.db", "Partitions.db", "Digest.crc32", "TOC.txt", "CRC.db"] {
            let folder = open_of(version, keyspace, table, |_, _| true);
            let mut lost = 0;
            for entry in walk(folder._folder.path()) {
                if entry.to_string_lossy().ends_with(component) {
                    fs::remove_file(&entry).unwrap();
                    lost += 1;
                }
            }
            if lost == 0 {
                continue;
            }
            let (text, result) = folder.read(&[keyspace, table, "rows.jsonl"]);
            result.unwrap_or_else(|e| panic!("{version} {table} without {component}: {e}"));
            assert!(text == right, "{version} {table} without {component}: other rows");
        }
    }
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
