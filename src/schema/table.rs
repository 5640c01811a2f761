//! Table metadata. Follows org.apache.cassandra.schema.TableMetadata and ColumnMetadata.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::secondary::{Index, View};
use crate::cql::{Partitioner, Type, UserType};

/// A keyspace: replication options, user types and tables by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyspace {
    /// Without quotes.
    pub name: String,
    /// Whether writes go to the commit log.
    pub durable_writes: bool,
    /// Options by name; `class` is the strategy.
    pub replication: BTreeMap<String, String>,
    /// In an order in which each type comes after those that it uses.
    pub types: Vec<Arc<UserType>>,
    /// Tables and materialized views by name.
    pub tables: BTreeMap<String, Arc<Table>>,
}

/// What a column is in its table's primary key, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnKind {
    /// A part of the partition key.
    PartitionKey,
    /// A part of the clustering.
    Clustering,
    /// One value a row.
    Regular,
    /// One value a partition.
    Static,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Without quotes.
    pub name: String,
    /// Of its values; whether each element is a cell of its own, the type knows.
    pub ty: Type,
    /// Which part of the table it belongs to.
    pub kind: ColumnKind,
    /// For a clustering column: ordered from the largest value down (CLUSTERING ORDER BY … DESC, ReversedType).
    pub reversed: bool,
}

impl Column {
    /// A column that is not reversed.
    pub fn new(name: impl Into<String>, ty: Type, kind: ColumnKind) -> Self {
        Column { name: name.into(), ty, kind, reversed: false }
    }

    /// The order of columns of one kind in rows and headers (ColumnMetadata.compareTo): simple before complex, then by
    /// the bytes of the name, of which the first is compared as signed.
    pub fn storage_order(&self, other: &Column) -> Ordering {
        let key = |c: &Column| (c.ty.is_multi_cell(), c.name.bytes().next().map_or(0, |b| b ^ 0x80));
        key(self).cmp(&key(other)).then_with(|| self.name.as_bytes().cmp(other.name.as_bytes()))
    }
}

/// A column that ALTER TABLE … DROP removed: its cells up to the drop are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedColumn {
    /// Without quotes.
    pub name: String,
    /// As system_schema.dropped_columns has it: tuples in place of user types.
    pub ty: Type,
    /// Whether it was a static column.
    pub is_static: bool,
    /// Microseconds since the epoch.
    pub dropped_at: i64,
}

/// What system_schema.tables keeps in `flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFlags {
    /// Made with Thrift: a super column family.
    pub is_super: bool,
    /// All regular columns are counters.
    pub is_counter: bool,
    /// COMPACT STORAGE without names of columns in the cells.
    pub is_dense: bool,
    /// Cells are named by composites: all tables that are not COMPACT STORAGE, and some that are.
    pub is_compound: bool,
}

impl Default for TableFlags {
    fn default() -> Self {
        TableFlags { is_super: false, is_counter: false, is_dense: false, is_compound: true }
    }
}

/// A table or a materialized view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name of its keyspace, without quotes.
    pub keyspace: String,
    /// Without quotes.
    pub name: String,
    /// A UUID: its digits stand in the folder's name behind the table's. Zeros where it is not known.
    pub id: [u8; 16],
    /// In the order of the key; at least one in a sound table.
    pub partition_key: Vec<Column>,
    /// In the order in which rows are sorted by them.
    pub clustering: Vec<Column>,
    /// In storage order.
    pub statics: Vec<Column>,
    /// In storage order.
    pub regulars: Vec<Column>,
    /// By column name: the latest drop of each.
    pub dropped: BTreeMap<String, DroppedColumn>,
    /// Which sort of table the older releases take it for.
    pub flags: TableFlags,
    /// How partitions are ordered: Murmur3 but for system tables and old clusters.
    pub partitioner: Partitioner,
    /// Table options by name as in CREATE TABLE … WITH, each a CQL literal (`'text'`, `0.01`, `{'class': '…'}`).
    pub options: BTreeMap<String, String>,
    /// Secondary indexes, by name.
    pub indexes: Vec<Index>,
    /// Of a materialized view: what it is a view of.
    pub view: Option<View>,
}

impl Table {
    /// A table without columns or options.
    pub fn new(keyspace: impl Into<String>, name: impl Into<String>) -> Self {
        Table {
            keyspace: keyspace.into(),
            name: name.into(),
            id: [0; 16],
            partition_key: Vec::new(),
            clustering: Vec::new(),
            statics: Vec::new(),
            regulars: Vec::new(),
            dropped: BTreeMap::new(),
            flags: TableFlags::default(),
            partitioner: Partitioner::default(),
            options: BTreeMap::new(),
            indexes: Vec::new(),
            view: None,
        }
    }

    /// Puts static and regular columns into storage order: to be called when all were added.
    pub fn sort_columns(&mut self) {
        self.statics.sort_by(Column::storage_order);
        self.regulars.sort_by(Column::storage_order);
    }

    /// The entries of an option that is a map of strings, as `compression` and `caching`; none where it has no such option.
    pub fn option_map(&self, name: &str) -> BTreeMap<String, String> {
        super::options::map_entries(self.options.get(name).map_or("", String::as_str))
    }

    /// An option that is a number.
    pub fn option_number(&self, name: &str) -> Option<f64> {
        self.options.get(name)?.trim_matches('\'').parse().ok()
    }

    /// Whether its regular columns are counters.
    pub fn is_counter(&self) -> bool {
        self.flags.is_counter
    }

    /// The column of this name, without quotes, of any kind.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.all_columns().find(|c| c.name == name)
    }

    /// How many columns the primary key has.
    pub fn key_columns(&self) -> usize {
        self.partition_key.len() + self.clustering.len()
    }

    /// Keys, clustering, statics, regulars.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        self.partition_key.iter().chain(&self.clustering).chain(&self.statics).chain(&self.regulars)
    }

    /// The user types in its columns, each behind those that it uses.
    pub fn user_types(&self) -> Vec<Arc<UserType>> {
        fn collect(ty: &Type, found: &mut Vec<Arc<UserType>>) {
            match ty {
                Type::List { element, .. } | Type::Set { element, .. } | Type::Vector { element, .. } => {
                    collect(element, found);
                }
                Type::Map { key, value, .. } => {
                    collect(key, found);
                    collect(value, found);
                }
                Type::Tuple(parts) | Type::Composite(parts) => parts.iter().for_each(|t| collect(t, found)),
                Type::User(user) => {
                    user.fields.iter().for_each(|(_, t)| collect(t, found));
                    if !found.iter().any(|f| f.keyspace == user.keyspace && f.name == user.name) {
                        found.push(user.clone());
                    }
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        self.all_columns().for_each(|c| collect(&c.ty, &mut found));
        found
    }

    /// The type of the whole partition key: its only column's, or the composite of several.
    pub fn partition_key_type(&self) -> Type {
        match self.partition_key.as_slice() {
            [only] => only.ty.clone(),
            many => Type::Composite(many.iter().map(|c| c.ty.clone()).collect()),
        }
    }

    /// Indexes into `statics` or `regulars` in the order of `SELECT *` (Columns.selectOrderIterator): simple and complex
    /// columns merged by name, names compared as signed bytes.
    pub fn select_order(columns: &[Column]) -> Vec<usize> {
        let signed = |c: &Column| c.name.bytes().map(|b| b as i8).collect::<Vec<_>>();
        let (mut simple, mut complex): (Vec<usize>, Vec<usize>) =
            (0..columns.len()).partition(|&i| !columns[i].ty.is_multi_cell());
        simple.reverse();
        complex.reverse();
        let mut order = Vec::with_capacity(columns.len());
        while let (Some(&s), Some(&c)) = (simple.last(), complex.last()) {
            let from = if signed(&columns[s]) <= signed(&columns[c]) { &mut simple } else { &mut complex };
            order.extend(from.pop());
        }
        order.extend(simple.into_iter().rev());
        order.extend(complex.into_iter().rev());
        order
    }
}
