//! Imports that the system breaks off: they say why, and leave the table as it was.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROWS: usize = 20_000;

/// New SSTables go to a folder beside the data: into a table's own nothing is written while it can't be seen whether a
/// Cassandra has it open, and nobody may not see that of one that happens to run here.
struct Table {
    dir: tempfile::TempDir,
    folder: PathBuf,
}

impl Table {
    fn new() -> Table {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let folder = dir.path().join("out/ks/t");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(dir.path().join("data/ks/t-00000000000000000000000000000001")).unwrap();
        fs::write(
            dir.path().join("schema.cql"),
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
             CREATE TABLE ks.t (k int, c int, v text, PRIMARY KEY (k, c));",
        )
        .unwrap();
        let rows: String = (0..ROWS).map(|i| format!("{},{},value {}\n", i * 7919 % 97, i, i * 31)).collect();
        fs::write(dir.path().join("in.csv"), format!("k,c,v\n{rows}")).unwrap();
        Table { dir, folder }
    }

    /// Words behind the name of the program.
    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let path = |name: &str| self.dir.path().join(name).to_str().unwrap().to_owned();
        let mut all = vec!["import".into(), path("data"), "ks.t".into(), path("in.csv")];
        all.extend(["--schema".into(), path("schema.cql"), "--out".into(), path("out")]);
        all.extend(more.iter().map(|word| (*word).to_owned()));
        all
    }

    fn files(&self) -> Vec<String> {
        fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn check_failure(output: &Output, what: &str, table: &Table) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(what), "{text}");
    assert_eq!(table.files(), [""; 0], "{text}");
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sstablefs"))
}

/// The shell's limit for the size of a file, as a disk that is full sooner or later.
#[test]
fn files_that_can_not_grow() {
    for more in [&[][..], &["--memtable", "1"]] {
        let table = Table::new();
        let mut failures = 0;
        for blocks in [0, 1, 8, 64, 200, 400, 800, 100_000] {
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
            let mut command = Command::new("sh");
            command.args(["-c", &script, "sh"]).arg(program()).args(table.arguments(more));
            let output = command.output().unwrap();
            if output.status.success() {
                break;
            }
            check_failure(&output, "File too large", &table);
            failures += 1;
        }
        assert!((3..8).contains(&failures), "{failures} of 8");
        assert_eq!(table.files().len(), 8, "{:?}", table.files());
    }
}

#[test]
fn a_folder_that_may_not_be_written_to() {
    let table = Table::new();
    // The superuser may write everywhere; nobody must be able to run the program.
    let copy = table.dir.path().join("sstablefs");
    fs::copy(program(), &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(table.arguments(&[]));
    if fs::metadata(&table.folder).unwrap().uid() == 0 {
        command.uid(65534).gid(65534);
    }
    fs::set_permissions(&table.folder, fs::Permissions::from_mode(0o555)).unwrap();
    let output = command.output().unwrap();
    check_failure(&output, "Permission denied", &table);
    fs::set_permissions(&table.folder, fs::Permissions::from_mode(0o755)).unwrap();
}
