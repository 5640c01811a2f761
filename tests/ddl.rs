//! CREATE TABLE text against what Cassandra makes of it, and the `schema.cql` text that Cassandra writes, in tables that
//! scripts/oracle/SchemaTables.java printed. `SSTABLEFS_CQL_TABLES=DIR` reads a larger ddl.txt than that in tests/cql.

use std::path::PathBuf;

use sstablefs::cql::{Type, java};
use sstablefs::schema::{Table, ddl};

struct Case {
    statement: Option<String>,
    types: String,
    columns: String,
    flags: String,
    schema: String,
}

fn cases() -> Vec<Case> {
    let dir = std::env::var_os("SSTABLEFS_CQL_TABLES").map_or_else(|| PathBuf::from("tests/cql"), PathBuf::from);
    let text = std::fs::read_to_string(dir.join("ddl.txt")).unwrap();
    let mut cases = Vec::new();
    let mut parts = text.split_terminator('@').peekable();
    // Text before the first mark.
    parts.next();
    while let Some(head) = parts.next() {
        let mut part = |name: &str| {
            let part = parts.next().unwrap();
            part.strip_prefix(name).unwrap_or_else(|| panic!("{name} expected: {part}")).trim().to_owned()
        };
        let (columns, flags, schema) = (part("columns"), part("flags"), part("schema"));
        let (kind, body) = head.split_once('\n').unwrap();
        let types = body.split("CREATE TABLE").next().unwrap().to_owned();
        let statement = (kind == "table").then(|| body.to_owned());
        cases.push(Case { statement, types, columns, flags, schema });
    }
    assert!(cases.len() >= 10);
    cases
}

fn only_table(text: &str) -> Table {
    let keyspaces = ddl::parse(text, None).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let table = keyspaces["ks"].tables.values().next().unwrap();
    (**table).clone()
}

fn columns(table: &Table) -> String {
    let mut lines = Vec::new();
    let groups = [
        ("partition", &table.partition_key),
        ("clustering", &table.clustering),
        ("static", &table.statics),
        ("regular", &table.regulars),
    ];
    for (kind, columns) in groups {
        lines.extend(columns.iter().map(|c| format!("{kind}\t{}\t{}", c.name, java::name(&c.ty, c.reversed))));
    }
    for dropped in table.dropped.values() {
        let kind = if dropped.is_static { "static" } else { "regular" };
        let ty = java::name(&dropped.ty, false);
        lines.push(format!("dropped\t{}\t{ty}\t{kind}\t{}", dropped.name, dropped.dropped_at));
    }
    lines.join("\n")
}

/// Inside vectors Cassandra leaves collections unfrozen in memory, but not in a file.
fn normal(columns: &str) -> String {
    let line = |line: &str| {
        let parts: Vec<String> = line
            .split('\t')
            .map(|part| match java::parse(part) {
                Ok((ty, reversed)) if part.contains("VectorType") => java::name(&ty, reversed),
                _ => part.to_owned(),
            })
            .collect();
        parts.join("\t")
    };
    columns.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn flags(table: &Table) -> String {
    let set = [
        (table.flags.is_compound, "compound"),
        (table.flags.is_counter, "counter"),
        (table.flags.is_dense, "dense"),
        (table.flags.is_super, "super"),
    ];
    let id = u128::from_be_bytes(table.id);
    let id = format!("{id:032x}");
    let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    set.iter().filter(|(on, _)| *on).map(|(_, name)| *name).chain([id.as_str()]).collect::<Vec<_>>().join(" ")
}

#[test]
fn statements_make_the_tables_that_cassandra_makes() {
    for case in cases() {
        let Some(statement) = &case.statement else { continue };
        let table = only_table(statement);
        assert_eq!(columns(&table), normal(&case.columns), "{statement}");
        assert_eq!(flags(&table), case.flags, "{statement}");
    }
}

#[test]
fn cassandras_own_schema_text_is_read_back() {
    for case in cases() {
        let table = only_table(&format!("{}\n{}", case.types, case.schema));
        let is_static_compact = !table.flags.is_dense && !table.flags.is_compound;
        assert_eq!(columns(&table), normal(&case.columns), "{}", case.schema);
        assert_eq!(flags(&table), case.flags, "{is_static_compact}");
        // Options are kept in the form in which Cassandra prints them.
        assert!(table.options.len() >= 17);
        for (name, value) in &table.options {
            let line = format!(" {name} = {value}");
            assert!(case.schema.contains(&line), "{line}\n{}", case.schema);
        }
    }
}

#[test]
fn a_key_column_without_values_has_the_empty_type() {
    let table = only_table("CREATE TABLE ks.t (k int, c int, PRIMARY KEY (k, c)) WITH COMPACT STORAGE;");
    assert_eq!(table.regulars[0].name, "value");
    assert_eq!(table.regulars[0].ty, Type::Empty);
}
