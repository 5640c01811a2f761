//! ALTER and DROP, indexes and views: what each makes of the schema, and where a wrong one is wrong. What they do is what
//! the classes of org.apache.cassandra.cql3.statements.schema do.

use std::collections::BTreeMap;

use sstablefs::cql::{Type, names::cql_name};
use sstablefs::schema::{Detail, Keyspace, Table, ddl};

const TYPES: &str = "CREATE TYPE ks.inner (a int, b text);
CREATE TYPE ks.outer (i frozen<inner>, n int);
CREATE TABLE ks.t (k int, c int, s text static, u inner, o frozen<outer>, l list<frozen<inner>>, e set<frozen<inner>>,
    m map<frozen<inner>, frozen<inner>>, tu tuple<inner, int>, v vector<frozen<inner>, 2>, PRIMARY KEY (k, c));";

fn after(script: &str) -> BTreeMap<String, Keyspace> {
    let text = format!("{TYPES}\n{script}");
    ddl::parse(&text, Some("ks")).unwrap_or_else(|e| panic!("{e}\n{script}"))
}

fn table(script: &str) -> Table {
    (*after(script)["ks"].tables["t"]).clone()
}

fn error(script: &str) -> String {
    let text = format!("{TYPES}\n{script}");
    let error = ddl::parse(&text, Some("ks")).expect_err(script).to_string();
    // The lines before are the same in all.
    let (place, reason) = error.split_once(": ").unwrap();
    let line: usize = place.split([' ', ',']).nth(1).unwrap().parse().unwrap();
    assert_eq!(line, 5, "{script}: {error}");
    let column = place.rsplit(' ').next().unwrap();
    format!("{column}: {}", reason.lines().next().unwrap())
}

fn fields(ty: &Type) -> String {
    let Type::User(user) = ty else { panic!("{ty:?}") };
    user.fields.iter().map(|(name, ty)| format!("{name} {}", cql_name(ty))).collect::<Vec<_>>().join(", ")
}

/// The user type within a type.
fn inner_of(ty: &Type) -> &Type {
    match ty {
        Type::List { element, .. } | Type::Set { element, .. } | Type::Vector { element, .. } => element,
        Type::Tuple(types) => &types[0],
        Type::User(outer) if outer.name == "outer" => &outer.fields[0].1,
        other => other,
    }
}

/// UserType.withUpdatedUserType reaches every place of the type.
#[test]
fn an_altered_type_is_altered_wherever_it_is_used() {
    let table = table("ALTER TYPE inner ADD c int; ALTER TYPE ks.inner RENAME a TO b AND b TO a;");
    for column in ["u", "o", "l", "e", "tu", "v"] {
        let ty = &table.column(column).unwrap().ty;
        assert_eq!(fields(inner_of(ty)), "b int, a text, c int", "{column}");
    }
    let Type::Map { key, value, .. } = &table.column("m").unwrap().ty else { panic!() };
    assert_eq!((fields(key), fields(value)), ("b int, a text, c int".to_owned(), "b int, a text, c int".to_owned()));
    // Frozen or not as before.
    assert!(table.column("u").unwrap().ty.is_multi_cell() && !table.column("o").unwrap().ty.is_multi_cell());
    assert_eq!(cql_name(&table.column("l").unwrap().ty), "list<frozen<inner>>");
}

#[test]
fn conditions_of_alter_and_drop() {
    let unchanged = table("");
    for script in [
        "ALTER TYPE IF EXISTS missing ADD x int;",
        "ALTER TYPE inner ADD IF NOT EXISTS a bigint;",
        "ALTER TYPE inner RENAME IF EXISTS x TO y;",
        "ALTER TABLE IF EXISTS missing ADD x int;",
        "ALTER TABLE t ADD IF NOT EXISTS u int;",
        "ALTER TABLE t DROP IF EXISTS x;",
        "ALTER TABLE t RENAME IF EXISTS x TO y;",
        "ALTER TABLE t ALTER u MASKED WITH DEFAULT;",
        "ALTER ROLE r WITH LOGIN = true;",
        "ALTER KEYSPACE ks WITH durable_writes = true;",
        "CREATE TABLE IF NOT EXISTS t (other int PRIMARY KEY);",
        "CREATE TYPE IF NOT EXISTS inner (x int);",
        "CREATE KEYSPACE IF NOT EXISTS ks WITH durable_writes = false;",
        "DROP FUNCTION IF EXISTS f;",
        "DROP TABLE IF EXISTS missing; DROP TYPE IF EXISTS missing; DROP INDEX IF EXISTS missing; DROP KEYSPACE IF EXISTS missing;",
    ] {
        assert_eq!(table(script), unchanged, "{script}");
    }
}

#[test]
fn what_alter_and_drop_do() {
    let altered = after(
        "ALTER KEYSPACE ks WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3} AND durable_writes = false;
         ALTER SCHEMA other WITH durable_writes = false;
         CREATE TYPE gone (x int); DROP TYPE ks.gone;
         CREATE TYPE again (x int); CREATE TYPE again (y text);
         CREATE TABLE gone (k int PRIMARY KEY); DROP COLUMNFAMILY gone;
         CREATE INDEX first ON t (u); CREATE INDEX second ON t (l); DROP INDEX ks.first;
         CREATE KEYSPACE lost; DROP KEYSPACE lost; DROP SCHEMA IF EXISTS nothing;
         ALTER COLUMNFAMILY t DROP (l, e) USING TIMESTAMP 5; ALTER TABLE t DROP tu; ALTER TABLE t ADD tu tuple<inner, int>;
         ALTER TABLE t RENAME k TO \"K\" AND c TO d;",
    );
    let ks = &altered["ks"];
    assert!(!ks.durable_writes && !altered["other"].durable_writes && !altered.contains_key("lost"));
    assert_eq!(ks.replication["dc1"], "3");
    assert_eq!(ks.types.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["inner", "outer", "again"]);
    assert_eq!(ks.types[2].fields[0].0, "y");
    assert_eq!(ks.tables.keys().collect::<Vec<_>>(), ["t"]);
    let table = &ks.tables["t"];
    assert_eq!(table.indexes.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["second"]);
    assert_eq!((table.partition_key[0].name.as_str(), table.clustering[0].name.as_str()), ("K", "d"));
    assert!(table.column("l").is_none() && table.column("e").is_none());
    assert_eq!((table.dropped["l"].dropped_at, table.dropped["e"].dropped_at), (5, 5));
    // When it was dropped is not known: nothing of it may be hidden.
    assert!(table.column("tu").is_some() && !table.dropped.contains_key("tu"));
}

/// AlterTableStatement.DropCompactStorage: what was hidden becomes visible, and nothing moves in the files.
#[test]
fn compact_storage_is_dropped() {
    let compact = "CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c)) WITH COMPACT STORAGE;";
    let is_compact = |table: &Table| table.to_cql(Detail::Plain).contains("COMPACT STORAGE");
    assert!(is_compact(&table(compact)));
    let dropped = table(&format!("{compact} ALTER TABLE t DROP COMPACT STORAGE;"));
    assert!(!is_compact(&dropped) && dropped.flags.is_compound);
    assert_eq!(dropped.column("v").unwrap().ty, Type::Int);
}

/// CreateIndexStatement.generateIndexName, KeyspaceMetadata.findAvailableIndexName.
#[test]
fn indexes_without_a_name_get_that_of_cassandra() {
    let table = table(
        "CREATE INDEX ON t (u); CREATE INDEX ON t (u); CREATE INDEX IF NOT EXISTS t_u_idx ON t (s);
         CREATE INDEX ON t (values(l)); CREATE CUSTOM INDEX ON t (e, c) USING 'sai' WITH OPTIONS = {'x': 'y'};
         CREATE INDEX named ON t (e); CREATE INDEX named ON t (full(o));",
    );
    let found: Vec<_> = table.indexes.iter().map(|i| (i.name.as_str(), i.options["target"].as_str())).collect();
    let expected =
        [("named", "full(o)"), ("t_idx", "e, c"), ("t_l_idx", "values(l)"), ("t_u_idx", "u"), ("t_u_idx_1", "u")];
    assert_eq!(found, expected);
    let text = table.to_cql(Detail::Plain);
    assert!(text.contains("CREATE CUSTOM INDEX t_idx ON ks.t (e, c) USING 'sai' WITH OPTIONS = {'x': 'y'};"), "{text}");
}

#[test]
fn a_view_has_what_it_selects() {
    let view = "CREATE MATERIALIZED VIEW v AS SELECT * FROM t WHERE c IS NOT NULL AND k IS NOT NULL PRIMARY KEY (c, k)";
    let keyspaces = after(view);
    let found = &keyspaces["ks"].tables["v"];
    assert_eq!(found.regulars.len(), 8, "all but the key: {:?}", found.regulars);
    // Its key has no column that the table's has not.
    assert!(!found.view.as_ref().unwrap().strict_liveness);
    let other = format!("{view}; CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT s FROM t PRIMARY KEY (k, c);");
    assert_eq!(after(&other)["ks"].tables["v"].regulars.len(), 8);
    assert!(!after(&format!("{view}; DROP MATERIALIZED VIEW v;"))["ks"].tables.contains_key("v"));
}

#[test]
fn what_is_wrong_says_where() {
    for (script, expected) in [
        ("CREATE TYPE d (x int, x text)", "23: field x is defined twice"),
        ("CREATE TYPE d (x int; y int)", "21: expected ',' or ')', found ;"),
        ("ALTER TYPE missing ADD x int", "12: unknown type ks.missing"),
        ("ALTER TYPE inner ADD a bigint", "22: field a is already there"),
        ("ALTER TYPE inner RENAME x TO y", "25: unknown field x"),
        ("ALTER TYPE inner DROP a", "18: expected ADD or RENAME, found DROP"),
        ("ALTER FOO x", "7: expected KEYSPACE, TYPE, TABLE or MATERIALIZED VIEW, found FOO"),
        ("ALTER TABLE t FOO", "15: expected ADD, DROP, RENAME or WITH, found FOO"),
        ("ALTER TABLE t ADD u int", "19: column u is already there"),
        ("ALTER TABLE t DROP k", "20: there is no column k that can be dropped"),
        ("ALTER TABLE t DROP (u, x)", "24: there is no column x that can be dropped"),
        ("ALTER TABLE t DROP u USING TIMESTAMP 'x'", "38: expected a timestamp in microseconds, found 'x'"),
        ("ALTER TABLE t RENAME u TO w", "22: u is no column of the PRIMARY KEY: others can't be renamed"),
        ("ALTER TABLE t RENAME IF EXISTS u TO w", "32: u is no column of the PRIMARY KEY: others can't be renamed"),
        ("DROP FOO x", "6: expected KEYSPACE, TYPE, TABLE, MATERIALIZED VIEW or INDEX, found FOO"),
        ("CREATE FOO x", "8: expected KEYSPACE, TYPE, TABLE, MATERIALIZED VIEW or INDEX, found FOO"),
        ("CREATE INDEX ON missing (x)", "17: unknown table ks.missing"),
        ("CREATE INDEX ON t (x", "21: expected ')', found the end of the text"),
        (
            "CREATE MATERIALIZED VIEW w AS SELECT k FROM missing PRIMARY KEY (k)",
            "45: the view's table ks.missing is not known: its CREATE TABLE must come first",
        ),
        ("CREATE MATERIALIZED VIEW w AS SELECT x FROM t PRIMARY KEY (k, c)", "38: ks.t has no column x"),
        ("CREATE MATERIALIZED VIEW w AS SELECT k FROM t WHERE k IS NOT NULL;", "66: expected PRIMARY KEY, found ;"),
        ("CREATE TABLE d (k int PRIMARY KEY, PRIMARY KEY (k))", "36: a second PRIMARY KEY"),
        ("CREATE TABLE d (k int PRIMARY KEY, c int PRIMARY KEY)", "36: a second PRIMARY KEY"),
        ("CREATE TABLE d (k int PRIMARY KEY, k text)", "36: column k is defined twice"),
        (
            "CREATE TABLE d (k int PRIMARY KEY, s int static)",
            "36: static column s in a table without clustering columns",
        ),
        (
            "CREATE TABLE d (k int PRIMARY KEY, n counter, i int)",
            "47: column i is no counter, in a table with counters",
        ),
        (
            "CREATE TABLE d (k list<int> PRIMARY KEY)",
            "17: column k can't be in the PRIMARY KEY: it is a counter, static or not frozen",
        ),
        ("CREATE TABLE d (k int PRIMARY KEY) WITH CLUSTERING ORDER BY (x ASC)", "62: x is no clustering column"),
        ("CREATE TABLE d (k int PRIMARY KEY) WITH id = 5", "46: a table id is a UUID"),
        ("CREATE TABLE d (k int PRIMARY KEY) WITH id = {'a': 'b'}", "46: a table id is a UUID"),
        ("CREATE TABLE d (k int PRIMARY KEY) WITH comment = -'a'", "52: expected a number, found 'a'"),
        (
            "CREATE TABLE d (k int PRIMARY KEY) WITH comment = (",
            "51: expected a value: text in single quotes, a number, true, false or {'key': 'value'}, found (",
        ),
    ] {
        assert_eq!(error(script), expected, "{script}");
    }
}

/// Options of extensions are blobs, and stay what they are.
#[test]
fn options_are_printed_as_describe_prints_them() {
    let table = table(
        "ALTER TABLE t WITH extensions = {'a': 0x01FF, 'b': 'it''s'} AND gc_grace_seconds = -1 AND cdc = TRUE AND comment = 'it''s';",
    );
    assert_eq!(table.options["extensions"], "{'a': 0x01FF, 'b': 'it''s'}");
    assert_eq!(table.options["gc_grace_seconds"], "-1");
    assert_eq!(table.options["cdc"], "true");
    assert_eq!(table.options["comment"], "'it''s'");
}
