//! Dumps and answers that are made in slices by several threads.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sstablefs(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sstablefs")).args(args).env("TZ", "UTC").output().unwrap()
}

const KEYS: usize = 900;

/// An SSTable of a few slices; some partitions are larger than a slice.
fn table(folder: &Path, format: &str) -> PathBuf {
    let schema = folder.join("schema.cql");
    fs::write(
        &schema,
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
         CREATE TABLE k.t (a int, b int, c text, PRIMARY KEY (a, b));",
    )
    .unwrap();
    let mut csv = String::from("a,b,c\n");
    for a in 0..KEYS {
        for b in 0..if a % 300 == 7 { 1500 } else { 4 } {
            writeln!(csv, "{a},{b},{}", "some text of the row ".repeat(8)).unwrap();
        }
    }
    let input = folder.join("rows.csv");
    fs::write(&input, csv).unwrap();
    let data = folder.join("data");
    fs::create_dir_all(data.join("k/t-00000000000000000000000000000001")).unwrap();
    let [schema, input, data] = [&schema, &input, &data].map(|p| p.to_str().unwrap());
    let done = sstablefs(&["import", data, "k.t", input, "--schema", schema, "--format", format]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let files = fs::read_dir(folder.join("data/k/t-00000000000000000000000000000001")).unwrap();
    let mut files = files.map(|f| f.unwrap().path()).filter(|f| f.to_string_lossy().ends_with("-Data.db"));
    files.next().unwrap()
}

#[test]
fn slices_together_are_the_partitions_one_by_one() {
    for format in ["oa", "da"] {
        let folder = tempfile::tempdir().unwrap();
        let file = table(folder.path(), format);
        assert!(fs::metadata(&file).unwrap().len() > 20_000);
        let keys: Vec<String> = (0..KEYS).map(|k| k.to_string()).collect();
        for form in [&["-l"][..], &[], &["-d"], &["-l", "-x", "5", "-x", "17"]] {
            let whole = [&["sstabledump", file.to_str().unwrap()], form].concat();
            let one_by_one = keys.iter().flat_map(|key| ["-k", key]);
            let one_by_one: Vec<&str> = whole.iter().copied().chain(one_by_one).collect();
            let (whole, one_by_one) = (sstablefs(&whole), sstablefs(&one_by_one));
            assert!(whole.status.success() && one_by_one.status.success());
            assert!(whole.stdout.len() > 1_000_000 && whole.stdout == one_by_one.stdout, "{format} {form:?}");
        }
    }
}

/// With a limit an answer is made as a whole.
#[test]
fn slices_of_an_answer_are_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path(), "oa");
    let data = folder.path().join("data");
    let schema = folder.path().join("schema.cql");
    let ask = |statement: &str, output: &str| {
        let [data, schema] = [&data, &schema].map(|p| p.to_str().unwrap());
        let answer = sstablefs(&["query", data, statement, "-o", output, "--schema", schema]);
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        answer.stdout
    };
    let statements = ["* FROM k.t", "a, b FROM k.t WHERE b > 1490", "DISTINCT a FROM k.t", "a FROM k.t WHERE b < 0"];
    for statement in statements.map(|s| format!("SELECT {s}")).into_iter().chain(["SELECT JSON * FROM k.t".into()]) {
        for output in ["json", "jsonl", "csv"] {
            let whole = ask(&format!("{statement} LIMIT 1000000"), output);
            assert!(ask(&statement, output) == whole, "{statement} as {output}");
            let lines = whole.iter().filter(|b| **b == b'\n').count();
            assert!(lines > 20 || statement.contains("< 0"), "{statement} as {output}: {lines} lines");
        }
    }
}

/// The index has no checksum. Where it leads astray all of the data is dumped nevertheless.
#[test]
fn a_damaged_index_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = table(folder.path(), "oa");
    let index = PathBuf::from(file.to_str().unwrap().replace("-Data.db", "-Index.db"));
    let args = ["sstabledump", "-l", file.to_str().unwrap()];
    let (good, bytes) = (sstablefs(&args), fs::read(&index).unwrap());
    let mut same = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x11;
        fs::write(&index, damaged).unwrap();
        let dump = sstablefs(&args);
        assert!(dump.stdout == good.stdout || !dump.status.success(), "byte {at} of the index");
        same += usize::from(dump.stdout == good.stdout);
    }
    assert!(same >= 50, "{same} of 60");
}
