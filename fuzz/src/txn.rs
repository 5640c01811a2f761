//! Transaction logs and the names in a table's folders: which SSTables are live.
//!
//! ```text
//!   u8 how │ names of files, a line each │ logs * (0 │ name of the log, a line │ its records)
//! ```
//!
//! A name or log whose first byte is '2' lies in the second of two folders. `how`: bit 0 makes the checksums of records right. `@1`
//! and `@2` at the beginning of a record's path are the folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use sstablefs::table::discover::{TableDir, is_data_file};
use sstablefs::table::listing::Listing;

/// Names the folder in which the files are made.
pub const SCRATCH: &str = "SSTABLEFS_FUZZ_SCRATCH";

/// More only makes each run slow.
const FILES: usize = 40;

/// Of all files, in milliseconds.
const MODIFIED: u64 = 1_700_000_000_123;

/// What Cassandra writes, and what it would not.
pub const SEEDS: [&str; 8] = [
    "\x01oa-4-big-Data.db\noa-4-big-TOC.txt\noa-6-big-Data.db\0oa_txn_compaction_4d3c-e1.log\nADD:[@1/oa-6-big-,0,1][0]\nREMOVE:[@1/oa-4-big-,1700000000123,2][0]\nCOMMIT:[,0,0][0]\n",
    "\x01oa-4-big-Data.db\noa-4-big-TOC.txt\noa-6-big-Data.db\0oa_txn_compaction_4d3c-e1.log\nADD:[@1/oa-6-big-,0,1][0]\nREMOVE:[@1/oa-4-big-,1700000000123,2][0]\n",
    "\x01oa-6-big-Data.db\0nb_txn_flush_a.log\nADD:[@1/oa-6-big-,0,1][0]\nABORT:[,0,0][0]\n",
    "\x00oa-6-big-Data.db\0nb_txn_flush_a.log\nADD:[/d/ks/t/oa-6-big-,0,8][3902295935]\nCOMMIT:[,0,0][2613697770]\n",
    "\x01oa-1-big-Data.db\n2oa-2-big-Data.db\0txn_flush_a.log\nADD:[@1/oa-1-big-,0,1][0]\nADD:[@2/oa-2-big-,0,1][0]\n\x002txn_flush_a.log\nADD:[@1/oa-1-big-,0,1][0]\nADD:[@2/oa-2-big-,0,1][0]\nCOMMIT:[,0,0][0]\n",
    "\x01da-3gv1_1fwu_0bqk02cqmpo85tyrtm-bti-Data.db\nda-3gv1_1fwu_0bqk02cqmpo85tyrtm-bti-SAI+aa.db\nks-t-ka-4-Data.db\ntmp-la-3-big-Data.db\0bti-da_txn_write_x.log\nREMOVE:[/other/da-3gv1_1fwu_0bqk02cqmpo85tyrtm-bti-,1,-2147483648][0]\nREMOVE:[/other/da-3gv1_1fwu_0bqk02cqmpo85tyrtm-bti-,-9223372036854775808,2147483647][0]\n",
    "\x01oa-1-big-Data.db\0oa_txn_compaction_1.log\nREMOVE:[,5,1][0]\nCOMMIT:[,0,0][0]\nCOMMIT:[,0,0][0]\nUNKNOWN:[a,1,2][3]\nadd:[oa-1-,0,1][0]\n",
    "\x00\0oa_txn_a_b.log\nCOMMIT:[,0,0][2613697770]",
];

struct Folders([TableDir; 2]);

static FOLDERS: LazyLock<Folders> = LazyLock::new(|| {
    let scratch = std::env::var_os(SCRATCH).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = scratch.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", scratch.display()));
    Folders([1, 2].map(|disk| {
        let path = scratch.join(format!("fuzz-{}-{disk}", std::process::id()));
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (keyspace, table) = ("ks".to_owned(), "t".to_owned());
        TableDir { keyspace, table, path, id: None, data_dir: None, copy: false, only: None }
    }))
});

pub fn run(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let mut parts = text.split('\0');
    let mut files = Files::default();
    for name in parts.next().unwrap_or_default().lines() {
        files.make(name, "");
    }
    let mut named = String::new();
    for log in parts {
        let (name, records) = log.split_once('\n').unwrap_or((log, ""));
        let records: Vec<String> = records.split('\n').map(|line| record(line, how & 1 != 0)).collect();
        let records = records.join("\n");
        named.push_str(&records);
        files.make(name, &records);
    }
    check(&files, &named);
}

/// What holds whatever the names and logs are.
fn check(files: &Files, named: &str) {
    let Ok(listing) = Listing::read(&FOLDERS.0) else { return };
    let listed: BTreeSet<PathBuf> = listing.sstables.iter().map(|s| s.dir.join(&s.data_file)).collect();
    assert_eq!(listed.len(), listing.sstables.len(), "an SSTable is listed twice");
    let data: BTreeSet<PathBuf> = files.0.iter().filter(|path| is_data_file(name_of(path))).cloned().collect();
    assert!(listed.is_subset(&data), "{:?} is not there", listed.difference(&data));
    // Without a log that names it, nothing hides an SSTable.
    for path in data.difference(&listed) {
        let name = name_of(path);
        let prefix = name.strip_suffix("Data.db").unwrap_or(name);
        assert!(named.contains(prefix) || name.starts_with("tmp"), "{} is left out", path.display());
    }
    for sstable in &listing.sstables {
        assert!(sstable.components.iter().any(|component| component == "Data.db"));
    }
    let again = Listing::read(&FOLDERS.0).map(|listing| listing.sstables);
    assert_eq!(again.ok().as_ref(), Some(&listing.sstables));
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A line with the folder in its path, and the checksum that Cassandra would give it.
fn record(line: &str, right: bool) -> String {
    let mut line = line.to_owned();
    for (i, dir) in FOLDERS.0.iter().enumerate() {
        line = line.replace(&format!(":[@{}", i + 1), &format!(":[{}", dir.path.display()));
    }
    match (right, with_checksum(&line)) {
        (true, Some(line)) => line,
        _ => line,
    }
}

fn with_checksum(line: &str) -> Option<String> {
    let (head, _) = line.rsplit_once("][")?;
    let (kind, fields) = head.split_once(":[")?;
    let fields: Vec<&str> = fields.split(',').collect();
    let [path, time, files] = fields[..] else { return None };
    let kind = kind.to_ascii_uppercase();
    let (path, time, files) = match kind.as_str() {
        "COMMIT" | "ABORT" => ("", 0, 0),
        "ADD" => (path, 0, files.parse().ok()?),
        _ => (path, time.parse::<i64>().ok()?, files.parse::<i32>().ok()?),
    };
    let mut crc = crc32fast::Hasher::new();
    for bytes in [path.as_bytes(), kind.as_bytes()] {
        crc.update(bytes);
    }
    for number in [time as i32, (time >> 32) as i32, files] {
        crc.update(&number.to_be_bytes());
    }
    Some(format!("{head}][{}]", crc.finalize()))
}

/// Files of an input, which are gone behind it.
#[derive(Default)]
struct Files(BTreeSet<PathBuf>);

impl Files {
    fn make(&mut self, name: &str, text: &str) {
        let (disk, name) = match name.strip_prefix('2') {
            Some(name) => (1, name),
            None => (0, name),
        };
        if name.is_empty() || name.contains('/') || matches!(name, "." | "..") || self.0.len() == FILES {
            return;
        }
        let path = FOLDERS.0[disk].path.join(name);
        // One that is too long for the file system is none.
        let Ok(mut file) = fs::File::create(&path) else { return };
        self.0.insert(path);
        let _ = std::io::Write::write_all(&mut file, text.as_bytes());
        let _ = file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(MODIFIED));
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
