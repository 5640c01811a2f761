//! ALTER KEYSPACE and ALTER TABLE. Follows AlterTableStatement, and the ALTER lines that a snapshot's schema.cql has for
//! dropped columns (TableMetadata.appendDropColumns).

use crate::Result;
use crate::cql::lexer::{Token, TokenKind};

use super::super::table::{Column, ColumnKind, DroppedColumn, Table};
use super::Script;
use super::table::ColumnDefinition;

/// When a column was dropped, where the text does not say: after all that can be in a file.
const UNKNOWN_DROP_TIME: i64 = i64::MAX;

impl Script<'_, '_> {
    pub(super) fn alter(&mut self) -> Result<()> {
        if self.skipped_object() {
            self.skip();
            Ok(())
        } else if self.tokens.keyword("keyspace") || self.tokens.keyword("schema") {
            self.if_exists();
            let name = self.tokens.name("a keyspace")?;
            let properties = self.properties()?;
            properties.set_keyspace(self.keyspace(&name));
            Ok(())
        } else if self.tokens.keyword("type") {
            self.alter_type()
        } else if self.tokens.keyword("table")
            || self.tokens.keyword("columnfamily")
            || self.tokens.keywords(&["materialized", "view"])
        {
            self.alter_table()
        } else {
            Err(self.tokens.expected("KEYSPACE, TYPE, TABLE or MATERIALIZED VIEW"))
        }
    }

    fn alter_table(&mut self) -> Result<()> {
        let if_exists = self.if_exists();
        let place = self.tokens.peek();
        let (keyspace, name) = self.qualified_name("a table")?;
        let Some(table) = self.table_mut(&keyspace, &name) else {
            if if_exists {
                self.skip();
                return Ok(());
            }
            return Err(self.error(place, &format!("unknown table {keyspace}.{name}")));
        };
        let mut table = table.clone();
        if self.tokens.keyword("add") {
            self.add_columns(&mut table)?;
        } else if self.tokens.keywords(&["drop", "compact", "storage"]) {
            table.flags.is_dense = false;
            table.flags.is_super = false;
            table.flags.is_compound = true;
        } else if self.tokens.keyword("drop") {
            self.drop_columns(&mut table)?;
        } else if self.tokens.keyword("rename") {
            self.rename_columns(&mut table)?;
        } else if self.tokens.is_keyword(0, "with") {
            self.properties()?.set_table(&mut table);
        } else if self.tokens.keyword("alter") {
            // ALTER COLUMN … MASKED WITH or DROP MASKED; types can't be altered.
            self.skip();
        } else {
            return Err(self.tokens.expected("ADD, DROP, RENAME or WITH"));
        }
        if let Some(known) = self.table_mut(&keyspace, &name) {
            *known = table;
        }
        Ok(())
    }

    fn add_columns(&mut self, table: &mut Table) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let in_parentheses = self.tokens.symbol("(");
        loop {
            let column = self.column_definition(&table.keyspace)?;
            if table.column(&column.name).is_none() {
                add_column(table, column);
            } else if !if_not_exists {
                return Err(self.error(column.token, &format!("column {} is already there", column.name)));
            }
            if !self.tokens.symbol(",") {
                break;
            }
        }
        if in_parentheses {
            self.tokens.expect_symbol(")")?;
        }
        table.sort_columns();
        Ok(())
    }

    fn drop_columns(&mut self, table: &mut Table) -> Result<()> {
        let if_exists = self.if_exists();
        let in_parentheses = self.tokens.symbol("(");
        let mut names = vec![self.placed_name("a column")?];
        while self.tokens.symbol(",") {
            names.push(self.placed_name("a column")?);
        }
        if in_parentheses {
            self.tokens.expect_symbol(")")?;
        }
        let mut dropped_at = UNKNOWN_DROP_TIME;
        if self.tokens.keywords(&["using", "timestamp"]) {
            dropped_at = self.timestamp()?;
        }
        for (token, name) in names {
            if !drop_column(table, &name, dropped_at) && !if_exists {
                let message = format!("there is no column {name} that can be dropped");
                return Err(self.error(token, &message));
            }
        }
        Ok(())
    }

    fn timestamp(&mut self) -> Result<i64> {
        let first = self.tokens.peek();
        self.tokens.symbol("-");
        let token: Token = self.tokens.peek();
        let number = self.tokens.source_between(first, token).parse();
        match number {
            Ok(number) if token.kind == TokenKind::Integer => {
                self.tokens.advance();
                Ok(number)
            }
            _ => Err(self.tokens.expected("a timestamp in microseconds")),
        }
    }

    fn rename_columns(&mut self, table: &mut Table) -> Result<()> {
        let if_exists = self.if_exists();
        loop {
            let (token, from) = self.placed_name("a column")?;
            self.tokens.expect_keyword("to")?;
            let to = self.tokens.name("a column")?;
            let is_known = table.column(&from).is_some();
            let mut keys = table.partition_key.iter_mut().chain(&mut table.clustering);
            match keys.find(|column| column.name == from) {
                Some(column) => column.name = to,
                None if if_exists && !is_known => {}
                None => {
                    let message = format!("{from} is no column of the PRIMARY KEY: others can't be renamed");
                    return Err(self.error(token, &message));
                }
            }
            if !self.tokens.keyword("and") {
                return Ok(());
            }
        }
    }
}

fn add_column(table: &mut Table, column: ColumnDefinition) {
    // Without a time of the drop there is no telling old cells from new ones: show them all.
    if table.dropped.get(&column.name).is_some_and(|dropped| dropped.dropped_at == UNKNOWN_DROP_TIME) {
        table.dropped.remove(&column.name);
    }
    if column.is_static {
        table.statics.push(Column::new(column.name, column.ty, ColumnKind::Static));
    } else {
        table.regulars.push(Column::new(column.name, column.ty, ColumnKind::Regular));
    }
}

fn drop_column(table: &mut Table, name: &str, dropped_at: i64) -> bool {
    let columns = [&mut table.statics, &mut table.regulars];
    for columns in columns {
        if let Some(at) = columns.iter().position(|c| c.name == name) {
            let Column { name, ty, kind, .. } = columns.remove(at);
            let is_static = kind == ColumnKind::Static;
            table.dropped.insert(name.clone(), DroppedColumn { name, ty, is_static, dropped_at });
            return true;
        }
    }
    false
}
