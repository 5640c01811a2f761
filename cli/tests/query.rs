//! `sstablefs query` on the test data: what a real Cassandra printed for the same statements, and texts of errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata"), PathBuf::from)
}

/// Standard output, or what was said on stderr.
fn query(data: &Path, now: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sstablefs"))
        .args(["query", data.to_str().unwrap(), statement, "--output", "jsonl", "--now", now.trim()])
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn data() -> PathBuf {
    root().join("oa/data")
}

fn answer(statement: &str) -> Result<String, String> {
    query(&data(), &fs::read_to_string(root().join("oa/expected/now")).unwrap(), statement)
}

fn gunzip(path: &Path) -> String {
    let output = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn select_all_is_what_cassandra_printed() {
    let mut compared = 0;
    for keyspace in ["keys", "statics", "collections", "deletions"] {
        for table in fs::read_dir(root().join("oa/expected").join(keyspace)).unwrap() {
            let table = table.unwrap();
            let name = table.file_name().into_string().unwrap();
            let expected = gunzip(&table.path().join("select.jsonl.gz"));
            let got = answer(&format!("SELECT JSON * FROM {keyspace}.\"{name}\"")).unwrap();
            let differs = expected.lines().zip(got.lines()).find(|(a, b)| a != b && !same_floats(a, b));
            assert_eq!(differs, None, "{keyspace}.{name}");
            assert_eq!(expected.lines().count(), got.lines().count(), "{keyspace}.{name}");
            compared += expected.lines().count();
        }
    }
    assert!(compared > 1000, "{compared} rows compared");
}

/// The server may print one digit more of a float than is needed.
fn same_floats(a: &str, b: &str) -> bool {
    let numbers = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    numbers(a) == numbers(b)
}

#[test]
fn an_aggregate_of_no_rows_is_one_row() {
    let got = answer("SELECT count(*) FROM system_schema.keyspaces WHERE keyspace_name = 'no such'").unwrap();
    assert_eq!(got, "{\"count\": 0}\n");
}

#[test]
fn errors_point_at_the_place() {
    let cases = [
        ("SELECT FROM t", "expected a column, found the keyword FROM"),
        ("INSERT INTO t (a) VALUES (1)", "expected SELECT, the only statement that is answered, found INSERT"),
        ("SELECT * FROM system_schema.keyspaces WHER a = 1", "expected WHERE, GROUP BY, ORDER BY, LIMIT or the end"),
        ("SELECT * FROM system_schema.keyspaces LIMIT 0", "expected a number of rows"),
        ("SELECT nope FROM system_schema.keyspaces", "has no column nope; it has keyspace_name"),
        ("SELECT * FROM system_schema.nope", "has no table nope"),
        ("SELECT * FROM nowhere.t", "there is no keyspace nowhere"),
        ("SELECT * FROM system_schema.keyspaces WHERE durable_writes = 5", "expected a value of type boolean"),
        ("SELECT * FROM system_schema.keyspaces ORDER BY keyspace_name", "ORDER BY needs the partition key"),
        ("SELECT count(*) FROM system_schema.keyspaces PER PARTITION LIMIT 1", "PER PARTITION LIMIT has no place"),
        ("SELECT * FROM system_schema.keyspaces WHERE durable_writes = true AND durable_writes = true", "already"),
        ("SELECT sum(keyspace_name) FROM system_schema.keyspaces", "sum takes numbers"),
        ("SELECT 5 FROM system_schema.keyspaces", "this value's type is not clear"),
        ("SELECT (durable_writes) FROM system_schema.keyspaces", "parentheses around one value"),
        ("SELECT floor(durable_writes, 1h) FROM system_schema.keyspaces", "floor takes a timestamp"),
        ("SELECT mask_inner(keyspace_name) FROM system_schema.keyspaces", "mask_inner takes a text"),
        ("SELECT keyspace_name[1] FROM system_schema.keyspaces", "only maps and sets have elements"),
        ("SELECT replication[..] FROM system_schema.keyspaces", "expected a column, a function or a value"),
        (
            "SELECT count(*) FROM system_schema.keyspaces GROUP BY durable_writes",
            "GROUP BY takes columns of the primary",
        ),
        ("SELECT writetime(keyspace_name) FROM system_schema.keyspaces", "not in the primary key"),
    ];
    for (statement, expected) in cases {
        let error = answer(statement).unwrap_err();
        assert!(error.contains(expected), "{statement}: {error}");
        assert!(error.contains("line 1, column ") && error.ends_with("^\n"), "{statement}: {error}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for open in ["(", "[", "{", "- ", "abs("] {
        let statement = format!("SELECT {} FROM t", open.repeat(30_000));
        assert!(answer(&statement).unwrap_err().contains("deep"), "{open}");
    }
    let statement = format!("SELECT * FROM t WHERE {}", "(".repeat(30_000));
    assert!(answer(&statement).unwrap_err().contains("deep"));
}

#[test]
fn explain_says_what_would_be_read() {
    let explain = |statement: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_sstablefs"))
            .args(["query", data().to_str().unwrap(), statement, "--explain", "--output", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let key = explain(
        "SELECT * FROM system_schema.tables WHERE keyspace_name = 'keys' AND table_name > 'a' AND id = 00000000-0000-0000-0000-000000000000",
    );
    assert_eq!((&key["read"], &key["keys"], &key["slice"]), (&"keys".into(), &1.into(), &true.into()));
    assert_eq!(key["indexed"], serde_json::json!(["keyspace_name = 'keys'", "table_name > 'a'"]));
    assert_eq!(key["filter"], serde_json::json!(["id = 00000000-0000-0000-0000-000000000000"]));
    let absent = explain("SELECT * FROM system_schema.tables WHERE keyspace_name = 'no such'");
    assert_eq!((&absent["total"]["sstables_read"], &absent["total"]["bytes"]), (&0.into(), &0.into()));
    let all = explain("SELECT * FROM system_schema.tables");
    assert_eq!(all["read"], "full scan");
    assert!(all["total"]["bytes"].as_u64() >= key["total"]["bytes"].as_u64());
}

#[test]
fn in_lists_of_clusterings_give_each_row_once() {
    let select =
        |tail: &str| answer(&format!("SELECT c, d FROM sizes.wide WHERE k = 'small' AND c IN (7, 3, 7, 5){tail}"));
    let row = |c: u32| format!("{{\"c\": {c}, \"d\": \"d\"}}\n");
    assert_eq!(select("").unwrap(), row(3) + &row(5) + &row(7));
    assert_eq!(select(" ORDER BY c DESC").unwrap(), row(7) + &row(5) + &row(3));
    assert_eq!(select(" PER PARTITION LIMIT 2").unwrap(), row(3) + &row(5));
}

#[test]
fn token_bounds_that_exclude_each_other_give_nothing() {
    assert_eq!(answer("SELECT k FROM sizes.wide WHERE token(k) > 5 AND token(k) < 3").unwrap(), "");
}

#[test]
fn functions_have_the_values_of_the_server() {
    let one = |selected: &str| answer(&format!("SELECT {selected} AS x FROM sizes.wide WHERE k = 'small' LIMIT 1"));
    // What a server printed for the same.
    for (selected, expected) in [
        ("mask_inner(k, 1, 1)", "\"s***l\""),
        ("mask_default(c)", "0"),
        ("mask_hash(k, 'MD5')", "\"0xeb5c1399a871211c7e7ed732d15e3a8b\""),
        ("to_json(d)", "\"\\\"d\\\"\""),
        ("CAST(c AS text)", "\"0\""),
        ("exp((decimal) 1)", "2.7182818284590452353602874713527"),
        ("log10((decimal) 2)", "0.30102999566398119521373889472449"),
        ("(decimal) 1 / (decimal) 3", "0.33333333333333333333333333333333"),
    ] {
        assert_eq!(one(selected).unwrap(), format!("{{\"x\": {expected}}}\n"), "{selected}");
    }
}

/// What the server named the columns (random statements on a counter table).
#[test]
fn a_cast_of_a_counter_has_a_name_of_its_own() {
    let text = answer("SELECT JSON CAST(m AS bigint), CAST(c AS int) FROM statics.counted LIMIT 1").unwrap();
    assert!(text.starts_with("{\"cast(m as bigint)\": "), "{text}");
    assert!(text.contains(", \"c\": "), "{text}");
}

#[test]
fn a_statement_can_be_given_as_cqlsh_takes_it() {
    let (data, statement) = (data(), "SELECT count(*) FROM keys.p1c1");
    let data = data.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("count.cql");
    fs::write(&file, format!("{statement};\n")).unwrap();
    let file = file.to_str().unwrap();
    for args in
        [vec![data, statement], vec!["-e", statement, data], vec![data, "--execute", statement], vec!["-f", file, data]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_sstablefs")).arg("query").args(&args).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("\n     7\n"), "{args:?}: {output:?}");
    }
}
