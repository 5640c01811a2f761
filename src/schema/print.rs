//! CREATE statements in the form of `DESCRIBE`. Follows the appendCqlTo methods of TableMetadata, ViewMetadata,
//! KeyspaceMetadata, IndexMetadata and UserType in org.apache.cassandra.

use std::fmt::Write;

use super::options::{self, map_literal};
use super::{Column, Keyspace, Table};
use crate::cql::UserType;
use crate::cql::names::{cql_name, identifier as id, string_literal};

/// What a table's statement tells beside what `DESCRIBE` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// As `DESCRIBE`.
    Plain,
    /// As `DESCRIBE … WITH INTERNALS` and the schema.cql of snapshots: the id and the dropped columns too.
    Internals,
}

impl Keyspace {
    /// The statements that make the keyspace with all that is in it, in an order in which they can be run.
    pub fn to_cql(&self, detail: Detail) -> String {
        let mut statements = vec![self.create_keyspace()];
        statements.extend(self.types.iter().map(|t| create_type(t)));
        let (views, tables): (Vec<_>, Vec<_>) = self.tables.values().partition(|t| t.view.is_some());
        statements.extend(tables.into_iter().chain(views).map(|t| t.to_cql(detail)));
        statements.join("\n\n") + "\n"
    }

    /// Its CREATE KEYSPACE statement, as DESCRIBE prints it.
    pub fn create_keyspace(&self) -> String {
        // The class comes first.
        let class = self.replication.get_key_value("class").into_iter();
        let others = self.replication.iter().filter(|(key, _)| *key != "class");
        let replication = map_literal(class.chain(others).map(|(k, v)| (k.as_str(), string_literal(v))));
        let (name, durable) = (id(&self.name), self.durable_writes);
        format!("CREATE KEYSPACE {name} WITH replication = {replication}  AND durable_writes = {durable};")
    }
}

/// The CREATE TYPE statement, as DESCRIBE prints it.
pub fn create_type(ty: &UserType) -> String {
    let fields: Vec<String> = ty.fields.iter().map(|(name, ty)| format!("    {} {}", id(name), cql_name(ty))).collect();
    format!("CREATE TYPE {}.{} (\n{}\n);", id(&ty.keyspace), id(&ty.name), fields.join(",\n"))
}

impl Table {
    /// CREATE TABLE or CREATE MATERIALIZED VIEW, and the indexes.
    pub fn to_cql(&self, detail: Detail) -> String {
        let mut text = match self.view {
            Some(_) => self.create_view(detail),
            None => self.create_table(detail),
        };
        for index in &self.indexes {
            let option = |name: &str| index.options.get(name).map_or("", String::as_str);
            let kind = if index.is_custom { "CUSTOM INDEX" } else { "INDEX" };
            let _ = write!(
                text,
                "\n\nCREATE {kind} {} ON {} ({})",
                id(&index.name),
                self.qualified_name(),
                option("target")
            );
            if index.is_custom {
                let _ = write!(text, " USING {}", string_literal(option("class_name")));
                let others = index.options.iter().filter(|(k, _)| !matches!(k.as_str(), "target" | "class_name"));
                let others = map_literal(others.map(|(k, v)| (k.as_str(), string_literal(v))));
                if others != "{}" {
                    let _ = write!(text, " WITH OPTIONS = {others}");
                }
            }
            text.push(';');
        }
        text
    }

    fn qualified_name(&self) -> String {
        format!("{}.{}", id(&self.keyspace), id(&self.name))
    }

    fn create_table(&self, detail: Detail) -> String {
        let name = self.qualified_name();
        if self.is_compact() {
            return format!(
                "/*\nNot valid CQL: {name} was made by Thrift or WITH COMPACT STORAGE, this only shows its columns.\n\n{}\n*/",
                self.create_table_text(detail)
            );
        }
        self.create_table_text(detail)
    }

    /// Made with COMPACT STORAGE, or by Thrift.
    fn is_compact(&self) -> bool {
        self.flags.is_super || self.flags.is_dense || !self.flags.is_compound
    }

    /// A compact table without clustering in CQL: its columns are kept as static ones.
    fn is_static_compact(&self) -> bool {
        !self.flags.is_super && !self.flags.is_dense && !self.flags.is_compound
    }

    fn create_table_text(&self, detail: Detail) -> String {
        let shows_dropped = detail == Detail::Internals;
        let is_readded = |c: &&Column| shows_dropped && self.dropped.contains_key(&c.name);
        let only_key = self.partition_key.len() == 1 && (self.clustering.is_empty() || self.is_static_compact());
        let mut lines = Vec::new();
        for column in self.create_order().into_iter().filter(|c| !is_readded(c)) {
            let primary = if only_key && self.partition_key.contains(column) { " PRIMARY KEY" } else { "" };
            lines.push(format!("    {}{primary}", self.definition(column)));
        }
        if shows_dropped {
            for dropped in self.dropped.values() {
                let is_static = if dropped.is_static { " static" } else { "" };
                lines.push(format!("    {} {}{is_static}", id(&dropped.name), cql_name(&dropped.ty)));
            }
        }
        if !only_key {
            lines.push(format!("    {}", self.primary_key()));
        }
        let mut text = format!("CREATE TABLE {} (\n{}\n)", self.qualified_name(), lines.join(",\n"));
        text.push_str(&self.with(detail));
        text.push(';');
        if shows_dropped {
            for dropped in self.dropped.values() {
                let (table, name) = (self.qualified_name(), id(&dropped.name));
                let _ = write!(text, "\nALTER TABLE {table} DROP {name} USING TIMESTAMP {};", dropped.dropped_at);
                if let Some(column) = self.column(&dropped.name) {
                    let _ = write!(text, "\nALTER TABLE {table} ADD {};", self.definition(column));
                }
            }
        }
        text
    }

    fn create_order(&self) -> Vec<&Column> {
        let keys = self.partition_key.iter();
        match self.is_static_compact() {
            true => keys.chain(&self.statics).collect(),
            false => keys.chain(&self.clustering).chain(&self.statics).chain(&self.regulars).collect(),
        }
    }

    fn definition(&self, column: &Column) -> String {
        let is_static = column.kind == super::ColumnKind::Static && !self.is_static_compact();
        let is_static = if is_static { " static" } else { "" };
        format!("{} {}{is_static}", id(&column.name), cql_name(&column.ty))
    }

    fn primary_key(&self) -> String {
        let names = |columns: &[Column]| columns.iter().map(|c| id(&c.name)).collect::<Vec<_>>().join(", ");
        let mut key = names(&self.partition_key);
        if self.partition_key.len() > 1 {
            key = format!("({key})");
        }
        if !self.clustering.is_empty() {
            let _ = write!(key, ", {}", names(&self.clustering));
        }
        format!("PRIMARY KEY ({key})")
    }

    /// ` WITH …`, or nothing when there is nothing to tell.
    fn with(&self, detail: Detail) -> String {
        let mut parts = Vec::new();
        if self.is_compact() && self.view.is_none() {
            parts.push("COMPACT STORAGE".to_owned());
        }
        if detail == Detail::Internals && self.id != [0; 16] {
            parts.push(format!("ID = {}", uuid(&self.id)));
        }
        if !self.clustering.is_empty() && !self.is_static_compact() {
            let order = |c: &Column| format!("{} {}", id(&c.name), if c.reversed { "DESC" } else { "ASC" });
            let order: Vec<String> = self.clustering.iter().map(order).collect();
            parts.push(format!("CLUSTERING ORDER BY ({})", order.join(", ")));
        }
        let others = self.options.keys().map(String::as_str).filter(|name| !options::ORDER.contains(name));
        for name in options::ORDER.into_iter().chain(others) {
            if let Some(value) = self.options.get(name) {
                parts.push(format!("{name} = {value}"));
            }
        }
        if parts.is_empty() { String::new() } else { format!(" WITH {}", parts.join("\n    AND ")) }
    }

    fn create_view(&self, detail: Detail) -> String {
        let Some(view) = &self.view else { return String::new() };
        let selected = if view.includes_all_columns {
            "*".to_owned()
        } else {
            let order = Table::select_order(&self.regulars);
            let regulars = order.iter().filter_map(|&i| self.regulars.get(i));
            let columns = self.partition_key.iter().chain(&self.clustering).chain(regulars);
            columns.map(|c| id(&c.name)).collect::<Vec<_>>().join(", ")
        };
        format!(
            "CREATE MATERIALIZED VIEW {} AS\n    SELECT {selected}\n    FROM {}.{}\n    WHERE {}\n    {}\n{};",
            self.qualified_name(),
            id(&self.keyspace),
            id(&view.base_table),
            view.where_clause,
            self.primary_key(),
            self.with(detail),
        )
    }
}

/// 8-4-4-4-12 hexadecimal digits.
pub fn uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}
