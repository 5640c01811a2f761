//! The words of paths: formats and the names of tables.

use std::fmt;
use std::sync::Arc;

/// The form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// An array, as SELECT JSON prints its rows.
    Json,
    /// An object a line.
    JsonLines,
    /// As cqlsh COPY TO prints it.
    Csv,
}

impl Format {
    /// All that there are, in the order in which they are listed.
    pub const ALL: [Format; 3] = [Format::Json, Format::JsonLines, Format::Csv];

    /// The folder's name and the file's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
        }
    }

    pub(super) fn rows_name(self) -> &'static str {
        match self {
            Format::Json => "rows.json",
            Format::JsonLines => "rows.jsonl",
            Format::Csv => "rows.csv",
        }
    }

    pub(super) fn of_extension(extension: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|f| f.extension() == extension)
    }

    pub(super) fn of_rows_name(name: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|f| f.rows_name() == name)
    }
}

/// What is asked about a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The rows themselves.
    Rows(Format),
    /// How many rows there are.
    Count,
    /// What it would read, or why it can't be.
    Explain,
}

impl Answer {
    /// All that there are, in the order in which they are listed.
    pub const ALL: [Answer; 5] = [
        Answer::Rows(Format::Json),
        Answer::Rows(Format::JsonLines),
        Answer::Rows(Format::Csv),
        Answer::Count,
        Answer::Explain,
    ];

    /// Its file in a folder of predicates.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Answer::Rows(format) => format.rows_name(),
            Answer::Count => "count",
            Answer::Explain => "explain.json",
        }
    }

    /// What stands behind a statement and a dot.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Answer::Rows(format) => format.extension(),
            Answer::Count | Answer::Explain => self.file_name(),
        }
    }
}

/// The form of a dump of one SSTable: one array as sstabledump prints it, or a partition a line as with `-l`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DumpForm {
    /// `dump.json`
    Array,
    /// `dump.jsonl`
    Lines,
}

impl DumpForm {
    /// All that there are, in the order in which they are listed.
    pub const ALL: [DumpForm; 2] = [DumpForm::Array, DumpForm::Lines];

    pub(super) fn file_name(self) -> &'static str {
        match self {
            DumpForm::Array => "dump.json",
            DumpForm::Lines => "dump.jsonl",
        }
    }
}

/// Keyspace and table. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TableName(Arc<(Box<str>, Box<str>)>);

impl TableName {
    /// By names without quotes.
    pub fn new(keyspace: &str, table: &str) -> Self {
        TableName(Arc::new((keyspace.into(), table.into())))
    }

    /// Its name, without quotes.
    pub fn keyspace(&self) -> &str {
        &self.0.0
    }

    /// Its name, without quotes.
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
