//! The tables that texts are about: those of the test data, which the environment names.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use sstablefs::schema::{Table, ddl};
use sstablefs::table::{Database, Options};

/// Names the data directory.
pub const DATA: &str = "SSTABLEFS_FUZZ_DATA";

static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let path = std::env::var_os(DATA).map(PathBuf::from).unwrap_or_else(|| panic!("{DATA} names no data directory"));
    let database = Database::open(&[path], &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    Arc::new(database)
});

pub fn database() -> &'static Arc<Database> {
    &DATABASE
}

/// With columns of every type, to write rows of.
const RICH: &str = "
CREATE TYPE ks.inner (a int, b frozen<list<text>>);
CREATE TYPE ks.udt (x int, \"Y z\" text, i frozen<inner>);
CREATE TABLE ks.rich (k1 text, k2 int, c1 text, c2 timestamp, st text static, sm map<text, int> static,
    a ascii, b bigint, bl blob, bo boolean, d date, de decimal, dou double, du duration, f float, i inet, n int, si smallint,
    t text, ti time, ts timestamp, tu timeuuid, ty tinyint, u uuid, v varint,
    l list<int>, m map<text, frozen<list<int>>>, s set<text>, fl frozen<list<text>>, fm frozen<map<int, uuid>>,
    tup tuple<int, text, tuple<float, inet>>, ud udt, fu frozen<udt>, vec vector<float, 3>, vt vector<text, 2>,
    PRIMARY KEY ((k1, k2), c1, c2)) WITH CLUSTERING ORDER BY (c1 ASC, c2 DESC);
CREATE TABLE ks.small (k int PRIMARY KEY, v text);
";

static RICH_TABLES: LazyLock<Vec<Arc<Table>>> = LazyLock::new(|| {
    let keyspaces = ddl::parse(RICH, None).unwrap_or_else(|e| panic!("{e}"));
    keyspaces["ks"].tables.values().cloned().collect()
});

pub fn rich() -> &'static [Arc<Table>] {
    &RICH_TABLES
}
