//! Table metadata. Follows org.apache.cassandra.schema.TableMetadata and ColumnMetadata.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::secondary::{Index, View};
use crate::cql::{Partitioner, Type, UserType};

/// A keyspace: replication options, user types and tables by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyspace {
    pub name: String,
    pub durable_writes: bool,
    pub replication: BTreeMap<String, String>,
    /// In an order in which each type comes after those that it uses.
    pub types: Vec<Arc<UserType>>,
    pub tables: BTreeMap<String, Arc<Table>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnKind {
    PartitionKey,
    Clustering,
    Regular,
    Static,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub ty: Type,
    pub kind: ColumnKind,
    /// For a clustering column: ordered from the largest value down (CLUSTERING ORDER BY … DESC, ReversedType).
    pub reversed: bool,
}

impl Column {
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
    pub name: String,
    pub ty: Type,
    pub is_static: bool,
    /// Microseconds since the epoch.
    pub dropped_at: i64,
}

/// What system_schema.tables keeps in `flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFlags {
    pub is_super: bool,
    pub is_counter: bool,
    pub is_dense: bool,
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
    pub keyspace: String,
    pub name: String,
    pub id: [u8; 16],
    pub partition_key: Vec<Column>,
    pub clustering: Vec<Column>,
    /// In storage order.
    pub statics: Vec<Column>,
    /// In storage order.
    pub regulars: Vec<Column>,
    /// By column name: the latest drop of each.
    pub dropped: BTreeMap<String, DroppedColumn>,
    pub flags: TableFlags,
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

    pub fn is_counter(&self) -> bool {
        self.flags.is_counter
    }

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
