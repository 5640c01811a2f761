//! What a path asks for.
//!
//! ```text
//! /README.txt
//! /cql/README.txt   STATEMENT.json   STATEMENT.jsonl   STATEMENT.csv   STATEMENT.explain.json
//! /KEYSPACE/schema.cql
//! /KEYSPACE/TABLE/schema.cql  info.json  rows.json  rows.jsonl  rows.csv
//! /KEYSPACE/TABLE/json/KEY.json   jsonl/KEY.jsonl   csv/KEY.csv
//! /KEYSPACE/TABLE/where/README.txt   STEP/…/rows.json  rows.jsonl  rows.csv  count  explain.json
//! /KEYSPACE/TABLE/sstables/ID/dump.json  dump.jsonl  metadata.json
//! /KEYSPACE/TABLE/staging/   what is in it is not asked for by requests: see `staging`
//! ```

use std::fmt;
use std::sync::Arc;

use super::names::{Answer, DumpForm, Format, TableName};
use super::step::Steps;

/// What a node of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It can be listed.
    Directory,
    /// It can be read.
    File,
}

/// What a path asks for: each node of the tree has one, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// The mount's own folder.
    Root,
    /// `README.txt` of the mount.
    Readme,
    /// The folder in which a file's name is a statement.
    Statements,
    /// `README.txt` beside the statements.
    StatementsReadme,
    /// The statement as it is in the name.
    Statement(Arc<str>, Answer),
    /// The folder of a keyspace.
    Keyspace(Arc<str>),
    /// `schema.cql` of a keyspace.
    KeyspaceSchema(Arc<str>),
    /// The folder of a table.
    Table(TableName),
    /// `schema.cql` of a table.
    TableSchema(TableName),
    /// `info.json` of a table.
    TableInfo(TableName),
    /// `rows.json`, `rows.jsonl` or `rows.csv`.
    Rows(TableName, Format),
    /// The folder with a file for each key.
    Keys(TableName, Format),
    /// One of its files, by its name without the extension.
    Partition(TableName, Format, Arc<str>),
    /// A folder of predicates: `where` has none.
    Where(TableName, Steps),
    /// `README.txt` in `where`.
    WhereReadme(TableName),
    /// What the predicates on the path select.
    Selected(TableName, Steps, Answer),
    /// The folder with a folder for each SSTable.
    SSTables(TableName),
    /// The folder of one SSTable, by its identifier.
    SSTable(TableName, Arc<str>),
    /// `dump.json` or `dump.jsonl` of an SSTable.
    Dump(TableName, Arc<str>, DumpForm),
    /// `metadata.json` of an SSTable.
    Metadata(TableName, Arc<str>),
    /// The folder to write into.
    Staging(TableName),
}

const README: &str = "README.txt";
const SCHEMA: &str = "schema.cql";
const INFO: &str = "info.json";
const WHERE: &str = "where";
const SSTABLES: &str = "sstables";
const METADATA: &str = "metadata.json";
const STAGING: &str = "staging";
const STATEMENTS: &str = "cql";
/// The folder of a keyspace that is called as the folder of statements.
const KEYSPACE_CQL: &str = "%63ql";

impl Request {
    /// Whether it is a folder or a file.
    pub fn kind(&self) -> Kind {
        match self {
            Request::Root
            | Request::Statements
            | Request::Keyspace(_)
            | Request::Table(_)
            | Request::Keys(..)
            | Request::Where(..)
            | Request::SSTables(_)
            | Request::SSTable(..)
            | Request::Staging(_) => Kind::Directory,
            _ => Kind::File,
        }
    }

    /// What `name` in this folder asks for; `None` when no such name can be.
    pub fn child(&self, name: &str) -> Option<Request> {
        match self {
            Request::Root => Some(match name {
                README => Request::Readme,
                STATEMENTS => Request::Statements,
                KEYSPACE_CQL => Request::Keyspace(STATEMENTS.into()),
                _ => Request::Keyspace(name.into()),
            }),
            Request::Statements if name == README => Some(Request::StatementsReadme),
            Request::Statements => {
                let (statement, extension) = name.rsplit_once('.')?;
                match statement.strip_suffix(".explain") {
                    Some(explained) if extension == Format::Json.extension() => {
                        Some(Request::Statement(explained.into(), Answer::Explain))
                    }
                    _ => Some(Request::Statement(statement.into(), Answer::Rows(Format::of_extension(extension)?))),
                }
            }
            Request::Keyspace(keyspace) if name == SCHEMA => Some(Request::KeyspaceSchema(keyspace.clone())),
            Request::Keyspace(keyspace) => Some(Request::Table(TableName::new(keyspace, name))),
            Request::Table(table) => Self::in_table(table, name),
            Request::Keys(table, format) => {
                let stem = name.strip_suffix(format.extension())?.strip_suffix('.')?;
                Some(Request::Partition(table.clone(), *format, stem.into()))
            }
            Request::Where(table, steps) if name == README && steps.is_empty() => {
                Some(Request::WhereReadme(table.clone()))
            }
            Request::Where(table, steps) => match Answer::ALL.into_iter().find(|a| a.file_name() == name) {
                Some(answer) => Some(Request::Selected(table.clone(), steps.clone(), answer)),
                None => Some(Request::Where(table.clone(), steps.and(name)?)),
            },
            Request::SSTables(table) => Some(Request::SSTable(table.clone(), name.into())),
            Request::SSTable(table, id) if name == METADATA => Some(Request::Metadata(table.clone(), id.clone())),
            Request::SSTable(table, id) => {
                let form = DumpForm::ALL.into_iter().find(|f| f.file_name() == name)?;
                Some(Request::Dump(table.clone(), id.clone(), form))
            }
            _ => None,
        }
    }

    fn in_table(table: &TableName, name: &str) -> Option<Request> {
        let table = table.clone();
        match name {
            SCHEMA => Some(Request::TableSchema(table)),
            INFO => Some(Request::TableInfo(table)),
            WHERE => Some(Request::Where(table, Steps::default())),
            SSTABLES => Some(Request::SSTables(table)),
            STAGING => Some(Request::Staging(table)),
            _ => match Format::of_extension(name) {
                Some(format) => Some(Request::Keys(table, format)),
                None => Format::of_rows_name(name).map(|format| Request::Rows(table, format)),
            },
        }
    }

    /// The folder that it is in; the root is in itself.
    pub fn parent(&self) -> Request {
        match self {
            Request::Root | Request::Readme | Request::Statements | Request::Keyspace(_) => Request::Root,
            Request::StatementsReadme | Request::Statement(..) => Request::Statements,
            Request::KeyspaceSchema(keyspace) => Request::Keyspace(keyspace.clone()),
            Request::Table(table) => Request::Keyspace(table.keyspace().into()),
            Request::TableSchema(table)
            | Request::TableInfo(table)
            | Request::Rows(table, _)
            | Request::Keys(table, _)
            | Request::SSTables(table)
            | Request::Staging(table) => Request::Table(table.clone()),
            Request::Partition(table, format, _) => Request::Keys(table.clone(), *format),
            Request::Where(table, steps) => match steps.parent() {
                Some(steps) => Request::Where(table.clone(), steps),
                None => Request::Table(table.clone()),
            },
            Request::WhereReadme(table) => Request::Where(table.clone(), Steps::default()),
            Request::Selected(table, steps, _) => Request::Where(table.clone(), steps.clone()),
            Request::SSTable(table, _) => Request::SSTables(table.clone()),
            Request::Dump(table, id, _) | Request::Metadata(table, id) => Request::SSTable(table.clone(), id.clone()),
        }
    }

    /// Its name in that folder.
    pub fn write_name(&self, out: &mut String) {
        match self {
            Request::Root => {}
            Request::Readme | Request::StatementsReadme | Request::WhereReadme(_) => out.push_str(README),
            Request::Statements => out.push_str(STATEMENTS),
            Request::Statement(statement, answer) => {
                out.push_str(statement);
                out.push('.');
                out.push_str(answer.extension());
            }
            Request::Keyspace(keyspace) if **keyspace == *STATEMENTS => out.push_str(KEYSPACE_CQL),
            Request::Keyspace(keyspace) => out.push_str(keyspace),
            Request::KeyspaceSchema(_) | Request::TableSchema(_) => out.push_str(SCHEMA),
            Request::Table(table) => out.push_str(table.table()),
            Request::TableInfo(_) => out.push_str(INFO),
            Request::Rows(_, format) => out.push_str(format.rows_name()),
            Request::Keys(_, format) => out.push_str(format.extension()),
            Request::Partition(_, format, stem) => {
                out.push_str(stem);
                out.push('.');
                out.push_str(format.extension());
            }
            Request::Where(_, steps) => out.push_str(steps.last().unwrap_or(WHERE)),
            Request::Selected(_, _, answer) => out.push_str(answer.file_name()),
            Request::SSTables(_) => out.push_str(SSTABLES),
            Request::Staging(_) => out.push_str(STAGING),
            Request::SSTable(_, id) => out.push_str(id),
            Request::Dump(_, _, form) => out.push_str(form.file_name()),
            Request::Metadata(..) => out.push_str(METADATA),
        }
    }

    /// The table that it is about; which one a statement is about is for the tree to say.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Request::Root
            | Request::Readme
            | Request::Statements
            | Request::StatementsReadme
            | Request::Statement(..)
            | Request::Keyspace(_)
            | Request::KeyspaceSchema(_) => None,
            Request::Table(table)
            | Request::TableSchema(table)
            | Request::TableInfo(table)
            | Request::Rows(table, _)
            | Request::Keys(table, _)
            | Request::Partition(table, ..)
            | Request::Where(table, _)
            | Request::WhereReadme(table)
            | Request::Selected(table, ..)
            | Request::SSTables(table)
            | Request::SSTable(table, _)
            | Request::Dump(table, ..)
            | Request::Metadata(table, _)
            | Request::Staging(table) => Some(table),
        }
    }

    /// Whether there is no end of such names: what is kept for each has to be bounded.
    pub fn is_one_of_many(&self) -> bool {
        match self {
            Request::Partition(..) | Request::Statement(..) => true,
            Request::Where(_, steps) | Request::Selected(_, steps, _) => !steps.is_empty(),
            _ => false,
        }
    }

    /// About how many bytes its own text takes.
    pub fn weight(&self) -> usize {
        match self {
            Request::Partition(_, _, stem) => stem.len(),
            Request::Statement(statement, _) => statement.len(),
            // As text, and taken apart.
            Request::Where(_, steps) | Request::Selected(_, steps, _) => 2 * steps.bytes(),
            _ => 0,
        }
    }

    /// The entries of a folder that are the same in each folder of its kind.
    pub fn fixed_children(&self) -> Vec<Request> {
        match self {
            Request::Root => vec![Request::Readme, Request::Statements],
            Request::Statements => vec![Request::StatementsReadme],
            Request::Keyspace(keyspace) => vec![Request::KeyspaceSchema(keyspace.clone())],
            Request::Table(table) => {
                let mut all = vec![Request::TableSchema(table.clone()), Request::TableInfo(table.clone())];
                all.extend(Format::ALL.map(|f| Request::Rows(table.clone(), f)));
                all.extend(Format::ALL.map(|f| Request::Keys(table.clone(), f)));
                all.push(Request::Where(table.clone(), Steps::default()));
                all.push(Request::SSTables(table.clone()));
                all
            }
            Request::Where(table, steps) => {
                let readme = steps.is_empty().then(|| Request::WhereReadme(table.clone()));
                let answer = |a| Request::Selected(table.clone(), steps.clone(), a);
                readme.into_iter().chain(Answer::ALL.map(answer)).collect()
            }
            Request::SSTable(table, id) => {
                let mut all = Vec::from(DumpForm::ALL.map(|f| Request::Dump(table.clone(), id.clone(), f)));
                all.push(Request::Metadata(table.clone(), id.clone()));
                all
            }
            _ => Vec::new(),
        }
    }
}

/// The path below the mount point.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Request::Root {
            return f.write_str("/");
        }
        let parent = self.parent();
        if parent != Request::Root {
            write!(f, "{parent}")?;
        }
        let mut name = String::from("/");
        self.write_name(&mut name);
        f.write_str(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<Request> {
        path.split('/').filter(|p| !p.is_empty()).try_fold(Request::Root, |at, name| at.child(name))
    }

    #[test]
    fn paths_and_requests_go_both_ways() {
        let mut open = vec![Request::Root];
        let mut seen = 0;
        while let Some(request) = open.pop() {
            seen += 1;
            let path = request.to_string();
            assert_eq!(parse(&path).as_ref(), Some(&request), "{path}");
            let named: &[&str] = match request {
                Request::Root => &["ks", "T2", "%63ql"],
                Request::Keyspace(_) => &["cql", "T2"],
                Request::Table(_) => &["staging"],
                Request::Statements => &["SELECT * FROM a.b.c.json", "x.explain.csv", "x.explain.json", ".csv"],
                Request::Where(_, ref steps) if steps.is_empty() => &["a=1", "count=%2F", "@limit=3"],
                Request::Where(_, ref steps) if steps.len() < 3 => &["a in (1,2)"],
                Request::Keys(_, Format::Json) => &["a:b.json", ".json", "x.json.json"],
                Request::SSTables(_) => &["12", "3gl2_0vk3_1nk3a2k7", "other-12"],
                _ => &[],
            };
            let fixed = request.fixed_children();
            assert!(request.kind() == Kind::Directory || fixed.is_empty());
            open.extend(fixed);
            open.extend(named.iter().filter_map(|n| request.child(n)));
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn what_a_path_asks_for() {
        let table = TableName::new("shop", "orders");
        assert_eq!(parse("/shop/orders/rows.jsonl"), Some(Request::Rows(table.clone(), Format::JsonLines)));
        assert_eq!(
            parse("/shop/orders/json/a.json.json"),
            Some(Request::Partition(table.clone(), Format::Json, "a.json".into()))
        );
        assert_eq!(
            parse("/shop/orders/sstables/7/dump.jsonl"),
            Some(Request::Dump(table.clone(), "7".into(), DumpForm::Lines))
        );
        let explained = Request::Statement("SELECT 1".into(), Answer::Explain);
        assert_eq!(parse("/cql/SELECT 1.explain.json"), Some(explained));
        assert_eq!(parse("/cql/schema.cql"), None);
        assert_eq!(parse("/%63ql/schema.cql"), Some(Request::KeyspaceSchema("cql".into())));
        let steps = Steps::default().and("a=1").unwrap();
        assert_eq!(parse("/shop/orders/where/a=1/count"), Some(Request::Selected(table.clone(), steps, Answer::Count)));
        for no in [
            "/shop/orders/where/a",
            "/shop/orders/where/a=1/README.txt",
            "/shop/orders/where/rows.txt",
            "/shop/orders/json/a.csv",
            "/shop/orders/json/json",
            "/shop/orders/rows.xml",
            "/README.txt/x",
        ] {
            assert_eq!(parse(no), None, "{no}");
        }
    }
}
