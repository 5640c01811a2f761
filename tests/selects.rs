//! SELECT: what its columns are called, which values it takes, what it refuses and where, what it would read. What is
//! called and taken here was asked of a server of 5.0.6.

#[path = "models/sstables.rs"]
mod sstables;

use std::sync::Arc;

use sstablefs::Kind;
use sstablefs::ingest::Memtable;
use sstablefs::query::{Explanation, Query, ReadKind, Reason, Statement};
use sstablefs::rows::{Cell, Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink, Span};
use sstablefs::schema::{Table, ddl};
use sstablefs::sstable::Version;
use sstablefs::table::View;
use sstables::{Form, flush};

fn table() -> Arc<Table> {
    let text = "CREATE TYPE ks.u (x int, y text);
        CREATE TABLE ks.t (k int, c int, v int, txt text, m map<text, int>, s set<int>, l list<int>, ud u, tu tuple<int, text>,
            vec vector<int, 2>, tv vector<text, 2>, fm frozen<map<text, int>>, fu frozen<u>, du duration, ts timestamp, d date,
            bl blob, uu uuid, i inet, de decimal, PRIMARY KEY (k, c));";
    ddl::parse(text, None).unwrap()["ks"].tables["t"].clone()
}

fn bind(statement: &str) -> sstablefs::Result<Query> {
    Statement::parse(statement)?.bind(&table())
}

#[test]
fn columns_are_called_as_cassandra_calls_them() {
    for (selected, names) in [
        ("-v", &["-v"][..]),
        ("- v", &["-v"]),
        ("v + 1", &["v + 1"]),
        ("v - -1", &["v - -1"]),
        ("(v + 1) * 2", &["(v + 1) * 2"]),
        ("v % 2, v / 2, v * 2", &["v % 2", "v / 2", "v * 2"]),
        ("m['a'], m['a'..'b'], m[..'a'], m['b'..]", &["m['a']", "m['a'..'b']", "m[..'a']", "m['b'..]"]),
        ("s[2], s[1..2]", &["s[2]", "s[1..2]"]),
        ("ud.x, ud.y", &["ud.x", "ud.y"]),
        ("(int)1, (text)'it''s'", &["(int)1", "(text)'it's'"]),
        ("(tuple<int, text>)(1, 'x')", &["(tuple<int, text>)(1, 'x')"]),
        ("(map<text, int>){'a': 1}, (set<int>){3, 1}", &["(map<text, int>){'a': 1}", "(set<int>){3, 1}"]),
        ("(list<int>)[1, 2]", &["(list<int>)[1, 2]"]),
        ("(int)null", &["(int)NULL"]),
        ("cast(v as text), cast(v as int), cast(ts as date)", &["cast(v as text)", "v", "cast(ts as date)"]),
        ("writetime(v), ttl(v), maxwritetime(v)", &["writetime(v)", "ttl(v)", "maxwritetime(v)"]),
        ("writetime(m['a']), writetime(ud.x)", &["writetime(m['a'])", "writetime(ud.x)"]),
        ("count(*), count(1), count(v), max(v)", &["count", "count", "system.count(v)", "system.max(v)"]),
        ("system.max(v), system.toDate(ts)", &["system.max(v)", "system.todate(ts)"]),
        ("token(k), to_json(m), tojson(s)", &["system.token(k)", "system.to_json(m)", "system.tojson(s)"]),
        ("(duration)P1Y2M, (duration)1mo2d, (duration)-P2W", &["(duration)P1Y2M", "(duration)1mo2d", "(duration)-P2W"]),
        (
            "(blob)0xff, (uuid)123e4567-e89b-12d3-a456-426614174000",
            &["(blob)0xff", "(uuid)123e4567-e89b-12d3-a456-426614174000"],
        ),
        ("(boolean)true, (float)NaN, (double)-Infinity", &["(boolean)true", "(float)NaN", "(double)-Infinity"]),
        ("v AS a, v AS \"B\", v AS C", &["a", "B", "c"]),
    ] {
        let query = bind(&format!("SELECT {selected} FROM ks.t")).unwrap_or_else(|e| panic!("{selected}: {e}"));
        let found: Vec<&str> = query.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(found, names, "{selected}");
    }
}

#[test]
fn values_are_taken_as_cassandra_takes_them() {
    for condition in [
        "c IN ()",
        "c IN (1, 2)",
        "m CONTAINS 1",
        "m CONTAINS KEY 'a'",
        "m['a'] = 1",
        "vec = [1, 2]",
        "tv = ['a', 'bc']",
        "tu = (1, 'q')",
        "tu = (1)",
        "fu = {x: 1, y: 'z'}",
        "fu = {}",
        "fm = {}",
        "fm = {'a': 1}",
        "du = P1M2DT3H",
        "du = 1mo2d3h",
        "du = -P2W",
        "bl = 0xFF",
        "uu = 123e4567-e89b-12d3-a456-426614174000",
        "i = '::1'",
        "v = (int)3",
        "v = (3)",
        "de = 5",
        "ts = 5",
    ] {
        let statement = format!("SELECT v FROM ks.t WHERE k = 1 AND {condition} ALLOW FILTERING");
        bind(&statement).unwrap_or_else(|e| panic!("{condition}: {e}"));
    }
}

/// Where Cassandra says no, too. The place is that of the condition's part that is wrong.
#[test]
fn what_is_refused_says_where() {
    for (statement, expected) in [
        ("SELECT v FROM ks.t WHERE vec = [1, 2, 3]", "column 32: the vector has 2 elements, this has 3"),
        ("SELECT v FROM ks.t WHERE tu = (1, 'q', 2)", "column 31: the tuple has 2 elements, this has 3"),
        ("SELECT v FROM ks.t WHERE bl = 0xF", "column 31: expected a value of type blob, which this is not"),
        ("SELECT v FROM ks.t WHERE v = 'x'", "column 30: expected a value of type int, which this is not"),
        ("SELECT v FROM ks.t WHERE txt = 5", "column 32: expected a value of type text, which this is not"),
        ("SELECT v FROM ks.t WHERE v = 1.5", "column 30: expected a value of type int, which this is not"),
        ("SELECT v FROM ks.t WHERE v = true", "column 30: expected a value of type int, which this is not"),
        ("SELECT v FROM ks.t WHERE d = ''", "column 30: expected a value of type date, which this is not"),
        ("SELECT v FROM ks.t WHERE fu = {1: 2}", "column 32: expected a field's name"),
        ("SELECT v FROM ks.t WHERE fu = {q: 2}", "column 32: the type u has no field q"),
        ("SELECT v FROM ks.t WHERE fm = {'a': null}", "column 37: null can't be in a map"),
        ("SELECT v FROM ks.t WHERE c IN 5", "column 31: expected '(' and the values of IN, found 5"),
        ("SELECT v FROM ks.t WHERE c ~ 5", "column 28: unexpected character '~'"),
        (
            "SELECT v FROM ks.t WHERE c",
            "column 27: expected =, !=, <, <=, >, >=, IN, CONTAINS, CONTAINS KEY or LIKE, found the end of the text",
        ),
        (
            "SELECT v FROM ks.t WHERE (k, c) CONTAINS 1",
            "column 26: several columns at once can be compared or be IN a list, nothing else",
        ),
        ("SELECT v FROM ks.t LIMIT 0", "column 26: expected a number of rows from 1 to 2147483647, found 0"),
        (
            "SELECT v FROM ks.t LIMIT 2147483648",
            "column 26: expected a number of rows from 1 to 2147483647, found 2147483648",
        ),
        ("SELECT m[..] FROM ks.t", "column 12: expected a column, a function or a value, found ]"),
        ("SELECT FROM ks.t", "column 8: "),
        ("SELECT v ks.t", "column 10: expected ',' or FROM, found ks"),
        ("DELETE FROM ks.t", "column 1: expected SELECT, the only statement that is answered, found DELETE"),
        (
            "SELECT v FROM ks.t WHERE k = 1 OR c = 1",
            "column 32: expected AND, GROUP BY, ORDER BY, LIMIT or the end of the statement, found OR",
        ),
        (
            "SELECT v FROM ks.t OR",
            "column 20: expected WHERE, GROUP BY, ORDER BY, LIMIT or the end of the statement, found OR",
        ),
        ("SELECT {1, 2 FROM ks.t", "column 14: expected ',' or '}', found FROM"),
    ] {
        let error = bind(statement).expect_err(statement);
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("line 1, {expected}")), "{statement}\nexpected {expected}\ngot      {text}");
    }
    // The server refuses these, too, each in its own words.
    let refused = [
        "SELECT [1, 2], {1, 2} FROM ks.t",
        "SELECT {'a': 1} FROM ks.t",
        "SELECT null FROM ks.t",
        "SELECT '2024' FROM ks.t",
        "SELECT v FROM ks.t WHERE v = null",
        "SELECT v FROM ks.t WHERE c IN (null, 2)",
        "SELECT v FROM ks.t ORDER BY c",
        "SELECT system.now() IS NOT NULL FROM ks.t",
    ];
    let taken: Vec<&str> = refused.into_iter().filter(|s| !bind(s).is_err_and(|e| e.kind() == Kind::Invalid)).collect();
    assert_eq!(taken, [""; 0]);
}

/// However deep or long: an error, and no end of the stack.
#[test]
fn depth_and_length_have_a_limit() {
    let many = |part: &str| part.repeat(5000);
    for statement in [
        format!("SELECT {}v{} FROM ks.t", many("("), many(")")),
        format!("SELECT {}v FROM ks.t", many("- ")),
        format!("SELECT v{} FROM ks.t", many(" + v")),
        format!("SELECT ud{} FROM ks.t", many(".x")),
        format!("SELECT v FROM ks.t WHERE {}k = 1{}", many("("), many(")")),
        format!("SELECT {} FROM ks.t", many("[")),
        format!("SELECT '{}' FROM ks.t", "x".repeat(1 << 20)),
    ] {
        let error = bind(&statement).expect_err("too deep").to_string();
        let known = ["nested too deeply", "too many operators in a row", "is longer than 1048576 bytes"];
        assert!(known.iter().any(|text| error.contains(text)), "{}", &error[..error.len().min(200)]);
    }
}

/// A partition of many blocks, and some small ones.
fn view() -> View {
    let mut table =
        (*ddl::parse("CREATE TABLE ks.t (k int, c int, v text, m map<text, int>, PRIMARY KEY (k, c))", None).unwrap()
            ["ks"]
            .tables["t"])
            .clone();
    table.sort_columns();
    let table = Arc::new(table);
    let mut memtable = Memtable::new(&table);
    for k in 0..20i32 {
        for c in 0..if k == 7 { 5000i32 } else { 5 } {
            let mut row = Row::default();
            let clustering = row.store(&c.to_be_bytes());
            row.clustering.push(clustering);
            row.liveness = Liveness { timestamp: 1, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
            let value = row.store(format!("value {c} of {k}").as_bytes());
            let column = table.regulars.iter().position(|c| c.name == "v").unwrap() as u16;
            row.cells.push(Cell {
                column,
                ttl: NO_TTL,
                timestamp: 1,
                local_deletion_time: NO_DELETION_TIME,
                value,
                path: Span::default(),
            });
            memtable.row(&k.to_be_bytes(), &row).unwrap();
        }
    }
    let form = Form {
        version: Version::OA,
        codec: None,
        chunk_length: 1 << 16,
        column_index_size: 1 << 10,
        min_index_interval: 4,
        bloom_filter_fp_chance: 0.01,
    };
    let form = Form { codec: Some(sstablefs::sstable::Codec::Lz4), chunk_length: 1 << 12, ..form };
    let reader = flush(&mut memtable, form, 1).unwrap().unwrap();
    View::new(table, vec![reader])
}

fn explain(view: &View, condition: &str) -> Explanation {
    let statement = Statement::parse(&format!("SELECT * FROM ks.t WHERE {condition}")).unwrap();
    statement.bind(view.table()).unwrap().explain(view, 0).unwrap()
}

/// Relations are shown as they could be written, and what is read is no more than it needs.
#[test]
fn explanations_say_what_is_read_of_a_partition() {
    let view = view();
    let chunks = |condition: &str| explain(&view, condition).total().chunks;
    let whole = chunks("k = 7");
    assert!(whole > 20, "{whole}");
    let (all, small) = (chunks("v = 'x'"), chunks("k = 3"));
    assert!(all >= whole && small == 1, "{all} {small}");
    for (condition, most) in [
        ("k = 7 AND c < 100", 3),
        ("k = 7 AND c >= 4990", 3),
        ("k = 7 AND c > 2000 AND c < 2020", 4),
        ("k = 7 AND c > 2000 AND c < 3500", whole / 2),
        ("k = 7 AND c IN (1, 4999)", 4),
        ("k = 7 AND c < 0", 2),
        ("k = 7 AND c > 10000", 2),
    ] {
        let found = chunks(condition);
        assert!(found <= most, "{condition}: {found} of {whole} chunks");
    }
    let found =
        explain(&view, "k = 7 AND (c) > (5) AND v != 'it''s' AND m CONTAINS 1 AND m CONTAINS KEY 'a' AND m['b'] >= 2");
    assert_eq!(found.read, ReadKind::Keys);
    assert!(found.slice && !found.reversed && !found.sorts);
    assert_eq!(found.indexed, ["k = 7", "(c) > (5)"]);
    assert_eq!(found.filter, ["v != 'it''s'", "m CONTAINS 1", "m CONTAINS KEY 'a'", "m['b'] >= 2"]);
    let found = explain(&view, "k IN (1, 7, 100) AND c <= 5");
    assert_eq!((found.keys, found.sstables[0].partitions), (Some(3), Some(2)));
    let absent = explain(&view, "k = 100");
    assert!(
        matches!(absent.sstables[0].reason, Reason::BloomFilter | Reason::NotInIndex) && absent.sstables_read() == 0
    );
}

#[test]
fn explanations_say_what_is_read_of_a_range() {
    let view = view();
    let token = |k: i32| match view.key_order().token(&k.to_be_bytes()) {
        sstablefs::cql::Token::Murmur3(token) => token,
        other => panic!("{other:?}"),
    };
    let whole = explain(&view, "v = 'x'");
    assert_eq!(whole.read, ReadKind::FullScan);
    let seven = token(7);
    let chunks = |condition: &str| {
        let found = explain(&view, condition);
        assert_eq!(found.read, ReadKind::TokenRange, "{condition}");
        found.total().chunks
    };
    let only = chunks(&format!("token(k) >= {seven} AND token(k) <= {seven}"));
    let (before, from) = (chunks(&format!("token(k) < {seven}")), chunks(&format!("token(k) >= {seven}")));
    let behind = chunks(&format!("token(k) > {seven}"));
    assert!(only > 20 && before < 3 && behind < 3 && from >= only, "{only} {before} {from} {behind}");
    let nothing = explain(&view, "token(k) > 5 AND token(k) < 5");
    assert_eq!(nothing.total().chunks, 0);
}
