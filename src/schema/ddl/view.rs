//! CREATE MATERIALIZED VIEW: a table with columns of another. Follows CreateViewStatement.

use std::sync::Arc;

use crate::Result;
use crate::cql::Type;
use crate::cql::lexer::Token;

use super::super::secondary::View;
use super::super::table::{Column, ColumnKind, Table};
use super::Script;

impl Script<'_, '_> {
    pub(super) fn create_view(&mut self) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let (keyspace, name) = self.qualified_name("a view")?;
        self.tokens.expect_keyword("as")?;
        self.tokens.expect_keyword("select")?;
        let mut selected = Vec::new();
        if !self.tokens.symbol("*") {
            selected.push(self.placed_name("a column or '*'")?);
            while self.tokens.symbol(",") {
                selected.push(self.placed_name("a column")?);
            }
        }
        self.tokens.expect_keyword("from")?;
        let base_place = self.tokens.peek();
        let (base_keyspace, base_name) = self.qualified_name("the view's table")?;
        let mut where_clause = "";
        if self.tokens.keyword("where") {
            let first = self.tokens.peek();
            while !(self.tokens.is_keyword(0, "primary") && self.tokens.is_keyword(1, "key")) {
                if self.tokens.is_at_end() || self.tokens.is_symbol(0, ";") {
                    return Err(self.tokens.expected("PRIMARY KEY"));
                }
                let last = self.tokens.advance();
                where_clause = self.tokens.source_between(first, last);
            }
        }
        let where_clause = where_clause.to_owned();
        self.tokens.expect_keyword("primary")?;
        self.tokens.expect_keyword("key")?;
        let (partition_key, clustering) = self.primary_key()?;
        let properties = self.properties()?;

        let base = self.keyspaces.get(&base_keyspace).and_then(|k| k.tables.get(&base_name)).cloned();
        let Some(base) = base else {
            let message =
                format!("the view's table {base_keyspace}.{base_name} is not known: its CREATE TABLE must come first");
            return Err(self.error(base_place, &message));
        };
        let mut view = Table::new(&keyspace, &name);
        for (token, column) in partition_key {
            let ty = self.base_type(&base, token, &column)?;
            view.partition_key.push(Column::new(column, ty, ColumnKind::PartitionKey));
        }
        for (token, column) in clustering {
            let ty = self.base_type(&base, token, &column)?;
            view.clustering.push(Column::new(column, ty, ColumnKind::Clustering));
        }
        self.set_clustering_order(&mut view, &properties)?;
        let includes_all_columns = selected.is_empty();
        if includes_all_columns {
            selected.extend(base.all_columns().map(|column| (base_place, column.name.clone())));
        }
        for (token, column) in selected {
            let ty = self.base_type(&base, token, &column)?;
            if view.column(&column).is_none() {
                view.regulars.push(Column::new(column, ty, ColumnKind::Regular));
            }
        }
        view.sort_columns();
        let strict_liveness = view.key_columns() > base.key_columns();
        view.view = Some(View { base_table: base_name, includes_all_columns, where_clause, strict_liveness });
        properties.set_table(&mut view);
        let tables = &mut self.keyspace(&keyspace).tables;
        if !(if_not_exists && tables.contains_key(&name)) {
            tables.insert(name, Arc::new(view));
        }
        Ok(())
    }

    fn base_type(&self, base: &Table, token: Token, name: &str) -> Result<Type> {
        match base.column(name) {
            Some(column) => Ok(column.ty.clone()),
            None => Err(self.error(token, &format!("{}.{} has no column {name}", base.keyspace, base.name))),
        }
    }
}
