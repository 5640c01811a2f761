//! What a path asks for.
//!
//! ```text
//! /README.txt
//! /KEYSPACE/schema.cql
//! /KEYSPACE/TABLE/schema.cql  info.json  rows.json  rows.jsonl  rows.csv
//! /KEYSPACE/TABLE/json/KEY.json   jsonl/KEY.jsonl   csv/KEY.csv
//! /KEYSPACE/TABLE/sstables/ID/dump.json  dump.jsonl  metadata.json
//! ```

use std::fmt;
use std::sync::Arc;

/// The form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    Json,
    JsonLines,
    Csv,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Json, Format::JsonLines, Format::Csv];

    /// The folder's name and the file's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
        }
    }

    fn rows_name(self) -> &'static str {
        match self {
            Format::Json => "rows.json",
            Format::JsonLines => "rows.jsonl",
            Format::Csv => "rows.csv",
        }
    }
}

/// The form of a dump of one SSTable: one array as sstabledump prints it, or a partition a line as with `-l`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DumpForm {
    Array,
    Lines,
}

impl DumpForm {
    pub const ALL: [DumpForm; 2] = [DumpForm::Array, DumpForm::Lines];

    fn file_name(self) -> &'static str {
        match self {
            DumpForm::Array => "dump.json",
            DumpForm::Lines => "dump.jsonl",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TableName(Arc<(Box<str>, Box<str>)>);

impl TableName {
    pub fn new(keyspace: &str, table: &str) -> Self {
        TableName(Arc::new((keyspace.into(), table.into())))
    }

    pub fn keyspace(&self) -> &str {
        &self.0.0
    }

    pub fn table(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.keyspace(), self.table())
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Directory,
    File,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    Root,
    Readme,
    Keyspace(Arc<str>),
    KeyspaceSchema(Arc<str>),
    Table(TableName),
    TableSchema(TableName),
    TableInfo(TableName),
    Rows(TableName, Format),
    /// The folder with a file for each key.
    Keys(TableName, Format),
    /// One of its files, by its name without the extension.
    Partition(TableName, Format, Box<str>),
    SSTables(TableName),
    /// The folder of one SSTable, by its identifier.
    SSTable(TableName, Arc<str>),
    Dump(TableName, Arc<str>, DumpForm),
    Metadata(TableName, Arc<str>),
}

const README: &str = "README.txt";
const SCHEMA: &str = "schema.cql";
const INFO: &str = "info.json";
const SSTABLES: &str = "sstables";
const METADATA: &str = "metadata.json";

impl Request {
    pub fn kind(&self) -> Kind {
        match self {
            Request::Root
            | Request::Keyspace(_)
            | Request::Table(_)
            | Request::Keys(..)
            | Request::SSTables(_)
            | Request::SSTable(..) => Kind::Directory,
            Request::Readme
            | Request::KeyspaceSchema(_)
            | Request::TableSchema(_)
            | Request::TableInfo(_)
            | Request::Rows(..)
            | Request::Partition(..)
            | Request::Dump(..)
            | Request::Metadata(..) => Kind::File,
        }
    }

    /// What `name` in this folder asks for; `None` when no such name can be.
    pub fn child(&self, name: &str) -> Option<Request> {
        match self {
            Request::Root if name == README => Some(Request::Readme),
            Request::Root => Some(Request::Keyspace(name.into())),
            Request::Keyspace(keyspace) if name == SCHEMA => Some(Request::KeyspaceSchema(keyspace.clone())),
            Request::Keyspace(keyspace) => Some(Request::Table(TableName::new(keyspace, name))),
            Request::Table(table) => Self::in_table(table, name),
            Request::Keys(table, format) => {
                let stem = name.strip_suffix(format.extension())?.strip_suffix('.')?;
                Some(Request::Partition(table.clone(), *format, stem.into()))
            }
            Request::SSTables(table) => Some(Request::SSTable(table.clone(), name.into())),
            Request::SSTable(table, id) if name == METADATA => Some(Request::Metadata(table.clone(), id.clone())),
            Request::SSTable(table, id) => {
                let form = DumpForm::ALL.into_iter().find(|f| f.file_name() == name)?;
                Some(Request::Dump(table.clone(), id.clone(), form))
            }
            Request::Readme
            | Request::KeyspaceSchema(_)
            | Request::TableSchema(_)
            | Request::TableInfo(_)
            | Request::Rows(..)
            | Request::Partition(..)
            | Request::Dump(..)
            | Request::Metadata(..) => None,
        }
    }

    fn in_table(table: &TableName, name: &str) -> Option<Request> {
        match name {
            SCHEMA => Some(Request::TableSchema(table.clone())),
            INFO => Some(Request::TableInfo(table.clone())),
            SSTABLES => Some(Request::SSTables(table.clone())),
            _ => Format::ALL.into_iter().find_map(|format| {
                if name == format.rows_name() {
                    Some(Request::Rows(table.clone(), format))
                } else if name == format.extension() {
                    Some(Request::Keys(table.clone(), format))
                } else {
                    None
                }
            }),
        }
    }

    /// The folder that it is in; the root is in itself.
    pub fn parent(&self) -> Request {
        match self {
            Request::Root | Request::Readme | Request::Keyspace(_) => Request::Root,
            Request::KeyspaceSchema(keyspace) => Request::Keyspace(keyspace.clone()),
            Request::Table(table) => Request::Keyspace(table.keyspace().into()),
            Request::TableSchema(table)
            | Request::TableInfo(table)
            | Request::Rows(table, _)
            | Request::Keys(table, _)
            | Request::SSTables(table) => Request::Table(table.clone()),
            Request::Partition(table, format, _) => Request::Keys(table.clone(), *format),
            Request::SSTable(table, _) => Request::SSTables(table.clone()),
            Request::Dump(table, id, _) | Request::Metadata(table, id) => Request::SSTable(table.clone(), id.clone()),
        }
    }

    /// Its name in that folder.
    pub fn write_name(&self, out: &mut String) {
        match self {
            Request::Root => {}
            Request::Readme => out.push_str(README),
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
            Request::SSTables(_) => out.push_str(SSTABLES),
            Request::SSTable(_, id) => out.push_str(id),
            Request::Dump(_, _, form) => out.push_str(form.file_name()),
            Request::Metadata(..) => out.push_str(METADATA),
        }
    }

    /// The table that it is about.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Request::Root | Request::Readme | Request::Keyspace(_) | Request::KeyspaceSchema(_) => None,
            Request::Table(table)
            | Request::TableSchema(table)
            | Request::TableInfo(table)
            | Request::Rows(table, _)
            | Request::Keys(table, _)
            | Request::Partition(table, ..)
            | Request::SSTables(table)
            | Request::SSTable(table, _)
            | Request::Dump(table, ..)
            | Request::Metadata(table, _) => Some(table),
        }
    }

    /// The entries of a folder that are the same in each folder of its kind.
    pub fn fixed_children(&self) -> Vec<Request> {
        match self {
            Request::Root => vec![Request::Readme],
            Request::Keyspace(keyspace) => vec![Request::KeyspaceSchema(keyspace.clone())],
            Request::Table(table) => {
                let mut all = vec![Request::TableSchema(table.clone()), Request::TableInfo(table.clone())];
                all.extend(Format::ALL.map(|f| Request::Rows(table.clone(), f)));
                all.extend(Format::ALL.map(|f| Request::Keys(table.clone(), f)));
                all.push(Request::SSTables(table.clone()));
                all
            }
            Request::SSTable(table, id) => {
                let mut all = Vec::from(DumpForm::ALL.map(|f| Request::Dump(table.clone(), id.clone(), f)));
                all.push(Request::Metadata(table.clone(), id.clone()));
                all
            }
            Request::Keys(..)
            | Request::SSTables(_)
            | Request::Readme
            | Request::KeyspaceSchema(_)
            | Request::TableSchema(_)
            | Request::TableInfo(_)
            | Request::Rows(..)
            | Request::Partition(..)
            | Request::Dump(..)
            | Request::Metadata(..) => Vec::new(),
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
                Request::Root | Request::Keyspace(_) => &["ks", "T2"],
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
            Some(Request::Dump(table, "7".into(), DumpForm::Lines))
        );
        for no in ["/shop/orders/json/a.csv", "/shop/orders/json/json", "/shop/orders/rows.xml", "/README.txt/x"] {
            assert_eq!(parse(no), None, "{no}");
        }
    }
}
