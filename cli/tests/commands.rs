//! The command as a user runs it: output, exit codes, texts of errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sstablefs")).args(args).env("TZ", "UTC").env("LC_ALL", "C").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code and what is said on stderr.
fn failed(args: &[&str]) -> (i32, String) {
    let output = run(args);
    assert!(output.stdout.is_empty(), "{args:?} printed {}", text(&output.stdout));
    (output.status.code().unwrap(), text(&output.stderr))
}

fn succeeded(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A data directory and a Data file in it of each version.
fn versions() -> Vec<(PathBuf, PathBuf)> {
    let found = ["nb", "oa", "da"].map(|version| root().join(version).join("data"));
    let found = found.map(|data| {
        let mut tables: Vec<PathBuf> = Vec::new();
        for keyspace in fs::read_dir(&data).unwrap_or_else(|e| panic!("{}: {e}", data.display())) {
            tables.extend(fs::read_dir(keyspace.unwrap().path()).unwrap().map(|t| t.unwrap().path()));
        }
        tables.sort();
        let mut files = tables.iter().flat_map(|t| fs::read_dir(t).unwrap()).map(|f| f.unwrap().path());
        let file = files.find(|f| f.to_string_lossy().ends_with("-Data.db")).unwrap();
        (data, file)
    });
    found.to_vec()
}

#[test]
fn wrong_use_is_2_and_errors_are_1() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let empty = at("");
    let soon = vec!["info", "--now", "soon", &empty];
    for args in [vec!["info"], vec!["mount", &empty], vec!["query", &empty], vec!["bogus"], soon, vec![]] {
        assert_eq!(run(&args).status.code(), Some(2), "{args:?}");
    }
    fs::write(at("zz-1-big-Data.db"), "").unwrap();
    fs::write(at("notes.txt"), "").unwrap();
    fs::create_dir(at("nothing")).unwrap();
    for (args, expected) in [
        (["info", &at("missing")], "missing"),
        (["info", &at("nothing")], "name a Cassandra data directory"),
        (["schema", &at("nothing")], "name a Cassandra data directory"),
        (["info", &at("notes.txt")], "name a file that ends in -Data.db"),
        (["sstabledump", &at("notes.txt")], "nb-12-big-Data.db"),
        (["sstabledump", &at("zz-1-big-Data.db")], "version zz"),
        (["sstabledump", &at("oa-9-big-Data.db")], "oa-9-big-Data.db: "),
        (["info", &at("zz-1-big-Data.db")], "version zz"),
    ] {
        let (code, said) = failed(&args);
        assert!(code == 1 && said.starts_with("sstablefs: ") && said.contains(expected), "{args:?}: {code} {said}");
    }
}

#[test]
fn help_and_version() {
    let version = succeeded(&["--version"]);
    assert!(version.starts_with(concat!("sstablefs ", env!("CARGO_PKG_VERSION"))), "{version}");
    let commit = Command::new("git").args(["rev-parse", "--is-inside-work-tree"]).output();
    if commit.is_ok_and(|o| o.status.success()) {
        assert!(version.trim_end().ends_with(')'), "no commit in {version}");
    }
    assert!(text(&run(&[]).stderr).contains("Examples:\n  sstablefs mount "));
    assert!(succeeded(&["--help"]).contains("Exit status:"));
    for command in
        ["mount", "query", "sstabledump", "schema", "describe", "import", "info", "verify", "completions", "man"]
    {
        let help = succeeded(&[command, "--help"]);
        assert!(help.contains("Examples:"), "{command}");
        let examples = help.split("Examples:").nth(1).unwrap();
        let long = examples.lines().find(|line| line.chars().count() > 100);
        assert!(long.is_none() && !examples.contains("\n  nodetool import shop\n"), "{command}: {long:?}");
    }
}

#[test]
fn dumps_of_all_forms_agree() {
    for (_, file) in versions() {
        let file = file.to_str().unwrap();
        let whole: serde_json::Value = serde_json::from_str(&succeeded(&["sstabledump", file, "-t"])).unwrap();
        let lines = succeeded(&["sstabledump", file, "-l", "-t"]);
        let lines: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(whole.as_array().unwrap(), &lines);
        let keys: serde_json::Value = serde_json::from_str(&succeeded(&["sstabledump", file, "-e"])).unwrap();
        let of_partitions: Vec<_> = lines.iter().map(|p| p["partition"]["key"].clone()).collect();
        assert_eq!(keys.as_array().unwrap(), &of_partitions);

        let of = |keys: &serde_json::Value| -> Option<String> {
            let [only] = keys.as_array()?.as_slice() else { return None };
            only.as_str().filter(|key| !key.starts_with('-')).map(str::to_owned)
        };
        let Some(key) = of_partitions.iter().find_map(of) else { continue };
        let one = succeeded(&["sstabledump", file, "-l", "-t", "-k", &key]);
        assert_eq!(one.lines().count(), 1);
        let others = succeeded(&["sstabledump", file, "-l", "-t", "-x", &key]);
        assert_eq!(others.lines().count(), lines.len() - 1);
        let others: Vec<serde_json::Value> = others.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert!(others.iter().all(|p| p["partition"]["key"] != serde_json::json!([key])));
    }
}

#[test]
fn info_knows_every_sstable() {
    for (data, file) in versions() {
        let all: serde_json::Value =
            serde_json::from_str(&succeeded(&["info", "-o", "json", data.to_str().unwrap()])).unwrap();
        for table in all.as_array().unwrap() {
            for sstable in table["sstables"].as_array().unwrap() {
                assert!(sstable["first"]["key"].is_string() && sstable["estimated_cardinality"].as_u64() > Some(0));
            }
        }
        let prefix = file.to_str().unwrap().strip_suffix("-Data.db").unwrap().to_owned();
        let shown = succeeded(&["info", &format!("{prefix}-Data.db")]);
        let name = Path::new(&prefix).file_name().unwrap().to_str().unwrap();
        assert!(shown.lines().next().unwrap().ends_with(name) && shown.contains("\nIsTransient: "), "{shown}");
        let one: serde_json::Value =
            serde_json::from_str(&succeeded(&["info", "-o", "json", file.to_str().unwrap()])).unwrap();
        assert_eq!(one["version"], name[..2]);
    }
}

#[test]
fn a_printed_schema_can_be_used() {
    for (data, _) in versions() {
        let data = data.to_str().unwrap();
        for flag in ["--full", "--internals"] {
            let printed = succeeded(&["schema", data, flag]);
            assert!(printed.contains("CREATE KEYSPACE "));
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("schema.cql");
            fs::write(&file, &printed).unwrap();
            assert_eq!(succeeded(&["schema", data, flag, "--schema", file.to_str().unwrap()]), printed);
        }
    }
}

#[test]
fn a_reader_that_stops_is_no_error() {
    let (_, file) = versions().remove(0);
    let mut child = Command::new(env!("CARGO_BIN_EXE_sstablefs"))
        .args(["sstabledump", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn schema_and_import_as_json() {
    for (data, _) in versions() {
        let at = data.to_str().unwrap();
        let tables: serde_json::Value = serde_json::from_str(&succeeded(&["schema", "-o", "json", at])).unwrap();
        let table = tables.as_array().unwrap().iter().find(|t| t["table"] == "p1c1").unwrap();
        assert_eq!(
            table["columns"][0],
            serde_json::json!({"name": "p0", "type": "timestamp", "kind": "partition_key", "descending": false})
        );
        assert_eq!(table["columns"][1]["descending"], true);
        assert!(table["cql"].as_str().unwrap().starts_with("CREATE TABLE keys.p1c1"));
        let folder = tempfile::tempdir().unwrap();
        let (file, out) = (folder.path().join("new.csv"), folder.path().join("out"));
        fs::write(&file, "p0,c0,v\n2024-01-01,1,7\n2024-01-01,2,8\n").unwrap();
        let args = ["import", at, "keys.p1c1", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "-o", "json"];
        let done: serde_json::Value = serde_json::from_str(&succeeded(&args)).unwrap();
        assert_eq!((&done["rows"], &done["sstables"][0]["partitions"]), (&2.into(), &1.into()));
        assert!(Path::new(done["sstables"][0]["data"].as_str().unwrap()).is_file());
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = succeeded(&["completions", shell]);
        assert!(script.contains("sstabledump") && script.contains("gc-grace-seconds"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    assert_eq!(succeeded(&["man", at]), "");
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(page("sstablefs.1").contains("Exit status:"));
    assert!(page("sstablefs-query.1").contains("SSTABLEFS-QUERY"));
    assert!(page("sstablefs-mount.1").contains("\n.nf\n") && page("sstablefs-mount.1").contains("\n.fi\n"));
    assert_eq!(run(&["man", &format!("{at}/missing")]).status.code(), Some(1));
}

#[test]
fn info_draws_the_same_for_terminals_and_browsers() {
    for (data, _) in versions() {
        let data = data.join("deletions");
        let data = data.to_str().unwrap();
        let known: serde_json::Value = serde_json::from_str(&succeeded(&["info", "-o", "json", data])).unwrap();
        let (bars, html) = (succeeded(&["info", "-o", "bars", data]), succeeded(&["info", "-o", "html", data]));
        assert!(bars.is_ascii(), "no locale is set");
        assert!(html.ends_with("</html>\n") && !html.contains("http"), "a page that needs nothing else");
        for table in known.as_array().unwrap() {
            let title = format!("deletions.{}", table["table"].as_str().unwrap());
            assert!(bars.contains(&title) && html.contains(&title), "{title}");
        }
    }
}
