//! CREATE statements are printed as the DESCRIBE of Cassandra 5.0.6 prints them.

use sstablefs::schema::{Detail, ddl};

/// What `DESCRIBE KEYSPACE` printed.
const DESCRIBED: &str = include_str!("cql/describe.cql");
/// What `DESCRIBE TABLE … WITH INTERNALS` printed.
const INTERNALS: &str = include_str!("cql/internals.cql");

#[test]
fn a_keyspace_reads_and_prints_the_same() {
    let keyspaces = ddl::parse(DESCRIBED, None).unwrap();
    assert_eq!(keyspaces["Shop"].to_cql(Detail::Plain), DESCRIBED);
}

#[test]
fn dropped_columns_read_and_print_the_same() {
    let keyspaces = ddl::parse(INTERNALS, Some("Shop")).unwrap();
    let table = &keyspaces["Shop"].tables["simple"];
    assert_eq!(table.dropped.len(), 2);
    assert_eq!(table.to_cql(Detail::Internals) + "\n", INTERNALS);
}
