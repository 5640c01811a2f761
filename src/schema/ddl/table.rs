//! CREATE TABLE. Follows org.apache.cassandra.cql3.statements.schema.CreateTableStatement.

use std::sync::Arc;

use crate::Result;
use crate::cql::Type;
use crate::cql::lexer::Token;

use super::super::table::{Column, ColumnKind, Table, TableFlags};
use super::Script;
use super::options::Properties;

/// What CREATE TABLE says, before it is checked.
#[derive(Default)]
struct Definition {
    columns: Vec<ColumnDefinition>,
    partition_key: Vec<(Token, String)>,
    clustering: Vec<(Token, String)>,
}

pub(super) struct ColumnDefinition {
    pub(super) token: Token,
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) is_static: bool,
    is_primary_key: bool,
}

impl Script<'_, '_> {
    pub(super) fn create_table(&mut self) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let place = self.tokens.peek();
        let (keyspace, name) = self.qualified_name("a table")?;
        let definition = self.definition(&keyspace)?;
        let properties = self.properties()?;
        if if_not_exists && self.keyspaces.get(&keyspace).is_some_and(|k| k.tables.contains_key(&name)) {
            return Ok(());
        }
        if definition.partition_key.is_empty() {
            return Err(self.error(place, &format!("table {name} has no PRIMARY KEY")));
        }
        let mut table = Table::new(&keyspace, &name);
        self.fill_table(&mut table, definition, &properties)?;
        properties.set_table(&mut table);
        self.keyspace(&keyspace).tables.insert(name, Arc::new(table));
        Ok(())
    }

    fn definition(&mut self, keyspace: &str) -> Result<Definition> {
        let mut definition = Definition::default();
        self.tokens.expect_symbol("(")?;
        loop {
            let place = self.tokens.peek();
            if self.tokens.keywords(&["primary", "key"]) {
                if !definition.partition_key.is_empty() {
                    return Err(self.error(place, "a second PRIMARY KEY"));
                }
                (definition.partition_key, definition.clustering) = self.primary_key()?;
            } else {
                let column = self.column_definition(keyspace)?;
                if definition.columns.iter().any(|other| other.name == column.name) {
                    return Err(self.error(column.token, &format!("column {} is defined twice", column.name)));
                }
                if column.is_primary_key {
                    if !definition.partition_key.is_empty() {
                        return Err(self.error(column.token, "a second PRIMARY KEY"));
                    }
                    definition.partition_key.push((column.token, column.name.clone()));
                }
                definition.columns.push(column);
            }
            if self.tokens.symbol(")") {
                return Ok(definition);
            }
            if !self.tokens.symbol(",") {
                return Err(self.tokens.expected("',' or ')'"));
            }
        }
    }

    /// `name type [STATIC] [MASKED WITH …] [PRIMARY KEY]`
    pub(super) fn column_definition(&mut self, keyspace: &str) -> Result<ColumnDefinition> {
        let (token, name) = self.placed_name("a column")?;
        let ty = self.parse_type(keyspace)?;
        let mut column = ColumnDefinition { token, name, ty, is_static: false, is_primary_key: false };
        loop {
            if self.tokens.keyword("static") {
                column.is_static = true;
            } else if self.tokens.keywords(&["primary", "key"]) {
                column.is_primary_key = true;
            } else if self.tokens.keywords(&["masked", "with"]) {
                self.skip_mask()?;
            } else {
                return Ok(column);
            }
        }
    }

    /// `DEFAULT` or a function call. What is masked for a user is not masked here: files have no users.
    pub(super) fn skip_mask(&mut self) -> Result<()> {
        if self.tokens.keyword("default") {
            return Ok(());
        }
        self.tokens.qualified_name("a masking function")?;
        self.parenthesized().map(|_| ())
    }

    /// `(a, b)` or `((a, b), c)`: partition key and clustering columns.
    #[expect(clippy::type_complexity, reason = "a name is small, and used here only")]
    pub(super) fn primary_key(&mut self) -> Result<(Vec<(Token, String)>, Vec<(Token, String)>)> {
        self.tokens.expect_symbol("(")?;
        let mut partition_key = Vec::new();
        if self.tokens.symbol("(") {
            loop {
                partition_key.push(self.placed_name("a column")?);
                if self.tokens.symbol(")") {
                    break;
                }
                self.tokens.expect_symbol(",")?;
            }
        } else {
            partition_key.push(self.placed_name("a column")?);
        }
        let mut clustering = Vec::new();
        while self.tokens.symbol(",") {
            clustering.push(self.placed_name("a column")?);
        }
        self.tokens.expect_symbol(")")?;
        Ok((partition_key, clustering))
    }

    fn fill_table(&self, table: &mut Table, definition: Definition, properties: &Properties) -> Result<()> {
        let Definition { mut columns, partition_key, clustering } = definition;
        let is_counter = columns.iter().any(|c| c.ty == Type::Counter);
        for (token, name) in partition_key {
            let ty = self.take_key_column(&mut columns, token, &name)?;
            table.partition_key.push(Column::new(name, ty, ColumnKind::PartitionKey));
        }
        for (token, name) in clustering {
            let ty = self.take_key_column(&mut columns, token, &name)?;
            table.clustering.push(Column::new(name, ty, ColumnKind::Clustering));
        }
        // The clustering column that a static compact table makes up is named in its CLUSTERING ORDER.
        if !(properties.compact_storage && table.clustering.is_empty()) {
            self.set_clustering_order(table, properties)?;
        }
        table.flags.is_counter = is_counter;
        if properties.compact_storage {
            set_compact(table, &columns);
        }
        let all_static = properties.compact_storage && table.clustering.is_empty();
        for column in columns {
            if column.is_static && table.clustering.is_empty() && !properties.compact_storage {
                let message = format!("static column {} in a table without clustering columns", column.name);
                return Err(self.error(column.token, &message));
            }
            if is_counter && column.ty != Type::Counter {
                let message = format!("column {} is no counter, in a table with counters", column.name);
                return Err(self.error(column.token, &message));
            }
            if column.is_static || all_static {
                table.statics.push(Column::new(column.name, column.ty, ColumnKind::Static));
            } else {
                table.regulars.push(Column::new(column.name, column.ty, ColumnKind::Regular));
            }
        }
        if properties.compact_storage {
            add_hidden_columns(table);
        }
        table.sort_columns();
        Ok(())
    }

    fn take_key_column(&self, columns: &mut Vec<ColumnDefinition>, token: Token, name: &str) -> Result<Type> {
        let Some(at) = columns.iter().position(|c| c.name == name) else {
            return Err(
                self.error(token, &format!("column {name} of the PRIMARY KEY is not defined, or is in it twice"))
            );
        };
        let column = columns.remove(at);
        if column.ty.is_multi_cell() || column.ty == Type::Counter || column.is_static {
            let message = format!("column {name} can't be in the PRIMARY KEY: it is a counter, static or not frozen");
            return Err(self.error(token, &message));
        }
        Ok(column.ty)
    }

    pub(super) fn set_clustering_order(&self, table: &mut Table, properties: &Properties) -> Result<()> {
        for (token, name, descending) in &properties.clustering_order {
            match table.clustering.iter_mut().find(|c| c.name == *name) {
                Some(column) => column.reversed = *descending,
                None => return Err(self.error(*token, &format!("{name} is no clustering column"))),
            }
        }
        Ok(())
    }
}

/// COMPACT STORAGE with clustering columns is dense: no column but one of any name. Without, it is static: each column
/// is a cell of that name, which in the storage is the clustering of a row of its own.
fn set_compact(table: &mut Table, columns: &[ColumnDefinition]) {
    table.flags = TableFlags {
        is_dense: !table.clustering.is_empty(),
        is_compound: table.clustering.len() > 1,
        is_counter: columns.iter().any(|c| c.ty == Type::Counter),
        is_super: false,
    };
}

fn add_hidden_columns(table: &mut Table) {
    let value_type = if table.flags.is_counter { Type::Counter } else { Type::Blob };
    if !table.flags.is_dense {
        let clustering = free_name(table, (1..).map(|i: u32| format!("column{i}")));
        table.clustering.push(Column::new(clustering, Type::Text, ColumnKind::Clustering));
        let value = free_value_name(table);
        table.regulars.push(Column::new(value, value_type, ColumnKind::Regular));
    } else if table.regulars.is_empty() {
        let value = free_value_name(table);
        table.regulars.push(Column::new(value, Type::Empty, ColumnKind::Regular));
    }
}

fn free_value_name(table: &Table) -> String {
    free_name(table, (0..).map(|i: u32| if i == 0 { "value".to_owned() } else { format!("value{i}") }))
}

fn free_name(table: &Table, mut candidates: impl Iterator<Item = String>) -> String {
    candidates.find(|name| table.column(name).is_none()).unwrap_or_default()
}
