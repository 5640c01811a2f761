//! CQL SELECT on a table's view: a statement is parsed, bound to the schema, planned and executed as a stream of rows.
//!
//! ALLOW FILTERING is accepted and never needed.

mod aggregate;
mod ast;
mod bind;
mod cells;
mod decimal;
mod execute;
mod explain;
mod expr;
mod filter;
mod find;
mod functions;
mod group;
mod literal;
mod name;
mod number;
mod parse;
mod parse_term;
mod plan;
mod prepare;
mod queried;
mod reading;
mod real;
mod texts;

pub use execute::{ResultRow, ResultRows};
pub use explain::{Explanation, ReadKind, Reason, SstablePlan};
pub use prepare::{Query, ResultColumn};
pub use texts::Texts;

use std::sync::Arc;

use crate::cql::{DecoratedKey, Token, Type};
use crate::error::Result;
use crate::rows::Row;
use crate::schema::Table;

/// A statement whose syntax is right.
#[derive(Debug, Clone)]
pub struct Statement {
    text: String,
    select: ast::Select,
}

impl Statement {
    /// Takes a SELECT apart. [`Kind::Invalid`](crate::Kind::Invalid) with line, column and what was expected where it is none;
    /// tables and columns are looked up later. Follows cql3.Parser and cql3.statements.SelectStatement.
    pub fn parse(text: &str) -> Result<Statement> {
        Ok(Statement { text: text.to_owned(), select: parse::parse(text)? })
    }

    /// The keyspace, if it is named.
    pub fn keyspace(&self) -> Option<&str> {
        self.select.keyspace.as_deref()
    }

    /// The table's name, without quotes.
    pub fn table(&self) -> &str {
        &self.select.table
    }

    /// An error that points at the table's name.
    pub fn error_at_table(&self, message: &str) -> crate::Error {
        literal::Site(&self.text).at(self.select.at.start, message)
    }

    /// Checks names and types against the table that it is about. [`Kind::Invalid`](crate::Kind::Invalid) with line and column
    /// for what Cassandra refuses; what it wants ALLOW FILTERING for is answered. Functions that make text of values need
    /// [`Query::with_texts`].
    pub fn bind(&self, table: &Arc<Table>) -> Result<Query> {
        Query::bind(&self.text, &self.select, table)
    }
}

/// What a term without columns comes to, as a value of a type.
fn constant(site: literal::Site<'_>, term: &ast::Term, ty: &Type) -> Result<Option<Vec<u8>>> {
    let table = Table::new("", "");
    let mut binder = bind::Binder { site, table: &table, aggregates: None };
    let expr = binder.expr(term, Some(ty))?;
    let (key, row) = (DecoratedKey { token: Token::Key, key: Vec::new() }, Row::default());
    let current = expr::Current {
        key: &key,
        key_columns: 1,
        static_row: &row,
        row: None,
        now: 0,
        aggregates: &[],
        texts: &texts::NoTexts,
    };
    let Some(value) = expr.eval(&current)? else { return Ok(None) };
    if expr.ty == *ty {
        return Ok(Some(value.into_owned()));
    }
    if !(number::is_number(&expr.ty) && number::is_number(ty)) {
        return Err(site.error(term, "the value is not of the type that it is compared with"));
    }
    functions::cast(&expr.ty, &value, ty, &texts::NoTexts)
}
