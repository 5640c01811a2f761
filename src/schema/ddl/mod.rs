//! Keyspaces, types and tables from CQL text: hand-written files, the output of DESCRIBE, and the `schema.cql` of a snapshot.
//! Follows the statements in org.apache.cassandra.cql3.statements.schema, and db.SchemaCQLHelper, which writes snapshots.
//!
//! ```text
//!   CREATE KEYSPACE | TYPE | TABLE | MATERIALIZED VIEW | INDEX      taken
//!   ALTER KEYSPACE | TYPE | TABLE, DROP, USE                        taken
//!   CREATE FUNCTION | TRIGGER | ROLE …, INSERT, GRANT …             skipped: they change no table
//! ```

mod alter;
mod index;
mod options;
mod table;
mod user_type;
mod view;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cql::lexer::Token;
use crate::cql::tokens::Tokens;
use crate::cql::{Type, UserType, names};
use crate::{Error, Result};

use super::table::{Keyspace, Table};
use options::Properties;

/// The keyspaces that CQL text defines. `default_keyspace` is that of names without one, until a USE.
///
/// [`Kind::Invalid`](crate::Kind::Invalid) with line and column for what Cassandra would refuse.
///
/// ```
/// # fn main() -> sstablefs::Result<()> {
/// let cql = "CREATE TABLE orders (id int, at timestamp, total decimal, PRIMARY KEY (id, at));";
/// let keyspaces = sstablefs::schema::ddl::parse(cql, Some("shop"))?;
/// let table = &keyspaces["shop"].tables["orders"];
/// assert_eq!(table.clustering[0].name, "at");
/// # Ok(())
/// # }
/// ```
pub fn parse(text: &str, default_keyspace: Option<&str>) -> Result<BTreeMap<String, Keyspace>> {
    let mut keyspaces = BTreeMap::new();
    apply(text, default_keyspace, &mut keyspaces)?;
    Ok(keyspaces)
}

/// Executes CQL text on keyspaces: what is already there may be altered, and is replaced by what is created again.
/// After an error the statements before the place of the error have been executed.
pub fn apply(text: &str, default_keyspace: Option<&str>, keyspaces: &mut BTreeMap<String, Keyspace>) -> Result<()> {
    let text = clean(text);
    let mut script = Script { tokens: Tokens::new(&text)?, keyspaces, used: default_keyspace.map(str::to_owned) };
    while !script.tokens.is_at_end() {
        if !script.tokens.symbol(";") {
            script.statement()?;
        }
    }
    Ok(())
}

/// Statements that define nothing that is shown.
const SKIPPED: [&str; 17] = [
    "insert",
    "update",
    "delete",
    "begin",
    "apply",
    "truncate",
    "select",
    "grant",
    "revoke",
    "list",
    "consistency",
    "serial",
    "tracing",
    "paging",
    "copy",
    "describe",
    "desc",
];

/// Things that are created, altered and dropped without changing any table.
const SKIPPED_OBJECTS: [&str; 6] = ["function", "aggregate", "trigger", "role", "user", "identity"];

struct Script<'a, 'k> {
    tokens: Tokens<'a>,
    keyspaces: &'k mut BTreeMap<String, Keyspace>,
    used: Option<String>,
}

impl Script<'_, '_> {
    fn statement(&mut self) -> Result<()> {
        if self.tokens.keyword("use") {
            self.used = Some(self.tokens.name("a keyspace")?);
        } else if self.tokens.keyword("create") {
            self.create()?;
        } else if self.tokens.keyword("alter") {
            self.alter()?;
        } else if self.tokens.keyword("drop") {
            self.drop()?;
        } else if SKIPPED.iter().any(|word| self.tokens.is_keyword(0, word)) {
            self.skip();
        } else {
            return Err(self.tokens.expected("CREATE, ALTER, DROP or USE"));
        }
        if self.tokens.is_at_end() { Ok(()) } else { self.tokens.expect_symbol(";") }
    }

    fn create(&mut self) -> Result<()> {
        // CREATE OR REPLACE FUNCTION
        if self.skipped_object() || self.tokens.is_keyword(0, "or") {
            self.skip();
            Ok(())
        } else if self.tokens.keyword("keyspace") || self.tokens.keyword("schema") {
            self.create_keyspace()
        } else if self.tokens.keyword("type") {
            self.create_type()
        } else if self.tokens.keyword("table") || self.tokens.keyword("columnfamily") {
            self.create_table()
        } else if self.tokens.keywords(&["materialized", "view"]) {
            self.create_view()
        } else if self.tokens.keyword("index") {
            self.create_index(false)
        } else if self.tokens.keywords(&["custom", "index"]) {
            self.create_index(true)
        } else {
            Err(self.tokens.expected("KEYSPACE, TYPE, TABLE, MATERIALIZED VIEW or INDEX"))
        }
    }

    fn drop(&mut self) -> Result<()> {
        if self.skipped_object() {
            self.skip();
            return Ok(());
        }
        if self.tokens.keyword("keyspace") || self.tokens.keyword("schema") {
            self.if_exists();
            let name = self.tokens.name("a keyspace")?;
            self.keyspaces.remove(&name);
        } else if self.tokens.keyword("type") {
            self.if_exists();
            let (keyspace, name) = self.qualified_name("a type")?;
            if let Some(keyspace) = self.keyspaces.get_mut(&keyspace) {
                keyspace.types.retain(|ty| ty.name != name);
            }
        } else if self.tokens.keyword("table")
            || self.tokens.keyword("columnfamily")
            || self.tokens.keywords(&["materialized", "view"])
        {
            self.if_exists();
            let (keyspace, name) = self.qualified_name("a table")?;
            if let Some(keyspace) = self.keyspaces.get_mut(&keyspace) {
                keyspace.tables.remove(&name);
            }
        } else if self.tokens.keyword("index") {
            self.if_exists();
            let (keyspace, name) = self.qualified_name("an index")?;
            if let Some(keyspace) = self.keyspaces.get_mut(&keyspace) {
                keyspace.tables.values_mut().for_each(|t| Arc::make_mut(t).indexes.retain(|index| index.name != name));
            }
        } else {
            return Err(self.tokens.expected("KEYSPACE, TYPE, TABLE, MATERIALIZED VIEW or INDEX"));
        }
        Ok(())
    }

    fn create_keyspace(&mut self) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let name = self.tokens.name("a keyspace")?;
        let properties = self.properties()?;
        if if_not_exists && self.keyspaces.contains_key(&name) {
            return Ok(());
        }
        properties.set_keyspace(self.keyspace(&name));
        Ok(())
    }

    fn skipped_object(&self) -> bool {
        SKIPPED_OBJECTS.iter().any(|word| self.tokens.is_keyword(0, word))
    }

    /// Goes on to the end of the statement.
    fn skip(&mut self) {
        while !self.tokens.is_at_end() && !self.tokens.is_symbol(0, ";") {
            self.tokens.advance();
        }
    }

    fn if_not_exists(&mut self) -> bool {
        self.tokens.keywords(&["if", "not", "exists"])
    }

    fn if_exists(&mut self) -> bool {
        self.tokens.keywords(&["if", "exists"])
    }

    /// Keyspace and name of a table or type.
    fn qualified_name(&mut self, what: &str) -> Result<(String, String)> {
        let token = self.tokens.peek();
        match self.tokens.qualified_name(what)? {
            (Some(keyspace), name) => Ok((keyspace, name)),
            (None, name) => match &self.used {
                Some(keyspace) => Ok((keyspace.clone(), name)),
                None => {
                    let message = format!("no keyspace for {name}: write KEYSPACE.{name}, or USE KEYSPACE; before it");
                    Err(self.tokens.error(token, &message))
                }
            },
        }
    }

    /// The keyspace, made if need be: files with only tables are common.
    fn keyspace(&mut self, name: &str) -> &mut Keyspace {
        self.keyspaces.entry(name.to_owned()).or_insert_with(|| Keyspace {
            name: name.to_owned(),
            durable_writes: true,
            ..Keyspace::default()
        })
    }

    /// The type that comes next, with the user types of the keyspace.
    fn parse_type(&mut self, keyspace: &str) -> Result<Type> {
        let types: &[Arc<UserType>] = self.keyspaces.get(keyspace).map_or(&[], |keyspace| &keyspace.types);
        names::parse_tokens(&mut self.tokens, &|name| types.iter().find(|ty| ty.name == name).cloned())
    }

    fn properties(&mut self) -> Result<Properties> {
        Properties::parse(&mut self.tokens)
    }

    fn table_mut(&mut self, keyspace: &str, name: &str) -> Option<&mut Table> {
        self.keyspaces.get_mut(keyspace)?.tables.get_mut(name).map(Arc::make_mut)
    }

    /// A name with its place, for errors about it later.
    fn placed_name(&mut self, what: &str) -> Result<(Token, String)> {
        Ok((self.tokens.peek(), self.tokens.name(what)?))
    }

    fn error(&self, token: Token, message: &str) -> Error {
        self.tokens.error(token, message)
    }
}

/// Takes away what keeps the output of tools from being CQL; blanks keep every other character in its place.
///
/// DESCRIBE and snapshots put a table with COMPACT STORAGE into a comment, under a warning that it is only an approximation;
/// it is all there is, and enough to read the table. cqlsh prints a warning about versions in front of its output.
fn clean(text: &str) -> Cow<'_, str> {
    const WARNINGS: [&str; 2] = ["/*\nWarning: Table ", "/*\nNot valid CQL: "];
    let blank = |part: &str| part.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect::<String>();
    let mut out = String::new();
    let mut rest = text;
    if text.starts_with("WARNING: cqlsh ") {
        let (first, others) = text.split_at(text.find('\n').unwrap_or(text.len()));
        out.push_str(&blank(first));
        rest = others;
    }
    while let Some(start) = WARNINGS.iter().filter_map(|warning| rest.find(warning)).min() {
        let (before, comment) = rest.split_at(start);
        let (comment, behind) = comment.split_at(comment.find("*/").unwrap_or(comment.len()));
        out.push_str(before);
        let body = comment.find("\nCREATE TABLE ").filter(|_| comment.contains("COMPACT STORAGE"));
        rest = match body.map(|at| comment.split_at(at)) {
            Some((head, body)) => {
                out.push_str(&blank(head));
                out.push_str(body);
                out.push_str(&blank(behind.get(..2).unwrap_or_default()));
                behind.get(2..).unwrap_or_default()
            }
            None => {
                out.push_str(comment);
                behind
            }
        };
    }
    if out.is_empty() {
        return text.into();
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ColumnKind;

    fn error(text: &str) -> String {
        parse(text, None).expect_err("an error is expected").to_string()
    }

    fn names(columns: &[crate::schema::Column]) -> Vec<&str> {
        columns.iter().map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn errors_show_the_place_and_what_belongs_there() {
        assert_eq!(
            error("CREATE TABLE ks.t (\n\tk int PRIMARY KEY,\n\tv lst<int>\n);"),
            "line 3, column 4: lst takes no parameters; list, set, map, tuple, vector and frozen do\n    \tv lst<int>\n    \t  ^"
        );
        assert_eq!(
            error("CREATE TABLE ks.t (k int PRIMARY KEY v int)"),
            "line 1, column 38: expected ',' or ')', found v\n    CREATE TABLE ks.t (k int PRIMARY KEY v int)\n    \
             \u{20}                                    ^"
        );
        assert!(error("CREATE TABLE t (k int PRIMARY KEY)").contains("no keyspace for t: write KEYSPACE.t"));
        assert!(error("CREATE TABLE ks.t (k int)").starts_with("line 1, column 14: table t has no PRIMARY KEY"));
        assert!(error("CREATE TABLE ks.t (k int, PRIMARY KEY (k, c))").contains("column c of the PRIMARY KEY"));
        assert!(error("CREATE TABLE ks.t (k foo PRIMARY KEY)").contains("column 22: unknown type foo"));
        assert!(error("CREATE TABLE ks.t (select int PRIMARY KEY)").contains("the keyword select"));
        assert!(error("CREATE TABLE ks.t (k int PRIMARY KEY").contains("found the end of the text"));
        assert!(error("CREATE TABLE ks.t (k int PRIMARY KEY) WITH comment = 'a").contains("this ' has no end"));
        assert!(error("/* no end").contains("comment has no end"));
        assert!(error("CREATE TABLE ks.größe (k int PRIMARY KEY)").contains("column 19: unexpected character 'ö'"));
        assert!(error("HELLO;").contains("expected CREATE, ALTER, DROP or USE, found HELLO"));
        assert!(error("ALTER TABLE ks.t DROP a").contains("unknown table ks.t"));
        let deep = format!("CREATE TABLE ks.t (k {}int{} PRIMARY KEY)", "frozen<".repeat(9999), ">".repeat(9999));
        assert!(error(&deep).contains("nested too deeply"));
    }

    #[test]
    fn a_script_is_executed_in_order() {
        let text = "-- comment\n// another\n/* one more; */
            CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}
                AND durable_writes = false;
            USE shop;
            CREATE TYPE addr (street text, tags list<int>);
            CREATE TABLE orders (id int, day date, total decimal, a addr, old text static, PRIMARY KEY (id, day));
            CREATE CUSTOM INDEX i ON orders (total) USING 'sai' WITH OPTIONS = {'x': '1'};
            CREATE FUNCTION f (x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return x; // ' $$;
            INSERT INTO orders (id, day) VALUES (1, '2024-01-01');
            ALTER TABLE orders DROP old USING TIMESTAMP 1700000000000000;
            ALTER TABLE orders ADD (old text static, note text MASKED WITH mask_inner(1, null));
            ALTER TABLE orders RENAME day TO \"Day\";
            ALTER TYPE addr ADD zip int;
            ALTER TABLE orders WITH comment = 'c' AND gc_grace_seconds = 7;
            CREATE MATERIALIZED VIEW by_total AS SELECT id, \"Day\", note FROM orders
                WHERE total IS NOT NULL AND id IS NOT NULL PRIMARY KEY (total, id, \"Day\")
                WITH CLUSTERING ORDER BY (id DESC, \"Day\" ASC);
            CREATE TABLE gone (k int PRIMARY KEY); DROP TABLE IF EXISTS gone;;
            CREATE TABLE other.t (k int PRIMARY KEY)";
        let keyspaces = parse(text, None).unwrap();
        assert_eq!(keyspaces.keys().collect::<Vec<_>>(), ["other", "shop"]);
        let shop = &keyspaces["shop"];
        assert!(!shop.durable_writes && keyspaces["other"].durable_writes);
        assert_eq!(shop.replication["replication_factor"], "3");
        assert_eq!(shop.tables.keys().collect::<Vec<_>>(), ["by_total", "orders"]);

        let orders = &shop.tables["orders"];
        assert_eq!(names(&orders.clustering), ["Day"]);
        assert_eq!(names(&orders.statics), ["old"]);
        assert_eq!(names(&orders.regulars), ["note", "total", "a"]);
        assert_eq!(orders.dropped["old"].dropped_at, 1_700_000_000_000_000);
        assert_eq!(orders.options["comment"], "'c'");
        assert_eq!(orders.options["gc_grace_seconds"], "7");
        let [index] = orders.indexes.as_slice() else { panic!("{:?}", orders.indexes) };
        assert!(index.is_custom && index.name == "i" && index.options["target"] == "total");
        assert!(index.options["class_name"] == "sai" && index.options["x"] == "1");
        let Type::User(a) = &orders.regulars[2].ty else { panic!("{:?}", orders.regulars[2]) };
        assert!(a.multi_cell);
        assert_eq!(a.fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["street", "tags", "zip"]);
        assert!(!a.fields[1].1.is_multi_cell(), "frozen where it is used");
        assert!(shop.types[0].fields[1].1.is_multi_cell(), "and as declared where it is declared");

        let view = &shop.tables["by_total"];
        let definition = view.view.as_ref().unwrap();
        assert_eq!((definition.base_table.as_str(), definition.includes_all_columns), ("orders", false));
        assert_eq!(definition.where_clause, "total IS NOT NULL AND id IS NOT NULL");
        assert_eq!(names(&view.partition_key), ["total"]);
        assert_eq!(view.clustering.iter().map(|c| c.reversed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(names(&view.regulars), ["note"]);
        assert!(view.all_columns().all(|c| c.kind != ColumnKind::Static));
    }

    #[test]
    fn what_tools_print_is_read() {
        let text = "WARNING: cqlsh was built against 5.0.0, but this server is 5.0.6.\n\n/*\nWarning: Table ks.v is virtual\nVIRTUAL \
                    TABLE ks.v (k int)\n*/\n/*\nWarning: Table ks.t omitted\n(not)\n\nCREATE TABLE ks.t (\n    k int,\n    v int,\n    \
                    PRIMARY KEY (k)\n) WITH COMPACT STORAGE\n    AND CLUSTERING ORDER BY (column1 ASC);\n*/\nFOO";
        let mut keyspaces = BTreeMap::new();
        let error = apply(text, None, &mut keyspaces).unwrap_err().to_string();
        assert!(error.starts_with("line 18, column 1: expected CREATE"), "{error}");
        let table = &keyspaces["ks"].tables["t"];
        assert_eq!(names(&table.clustering), ["column1"]);
        assert_eq!(names(&table.statics), ["v"]);
        assert_eq!(names(&table.regulars), ["value"]);
        // Printed by this program and read again.
        let again = parse(&table.to_cql(crate::schema::Detail::Internals), None).unwrap();
        assert_eq!(names(&again["ks"].tables["t"].statics), ["v"]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        let text = "CREATE TYPE k.a (x int); CREATE TABLE k.t (\"k\" map<int, text>, v 'x', PRIMARY KEY ((k), v)) \
                    WITH a = {'b': -0x1e} AND CLUSTERING ORDER BY (v DESC); ALTER TABLE k.t DROP (a, b) USING TIMESTAMP -1;";
        for cut in 0..text.len() {
            let _ = parse(&text[..cut], Some("k"));
            let _ = parse(&text[cut..], None);
            for replacement in ["", "'", "\"", "<", ")", "é", "1e", "--", "/*", "$$", "\0"] {
                let _ = parse(&format!("{}{replacement}{}", &text[..cut], &text[cut + 1..]), None);
            }
        }
    }
}
