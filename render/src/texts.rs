//! The texts of values that a query needs for to_json and CAST.

use sstablefs::cql::Type;
use sstablefs::query::{Query, Statement, Texts};
use sstablefs::schema::Table;
use sstablefs::{Error, Result};
use std::sync::Arc;

use crate::value::{JsonValue, TextValue, integer};

struct Rendered;

impl Texts for Rendered {
    fn json(&self, ty: &Type, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        JsonValue::new(ty).write(value, out)
    }

    fn plain(&self, ty: &Type, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match ty {
            Type::Counter => {
                let value = value.try_into().map_err(|_| Error::corrupt("the value of a counter has not 8 bytes"))?;
                integer(i64::from_be_bytes(value), out);
                Ok(())
            }
            _ => TextValue::new(ty).write(value, out),
        }
    }
}

/// Checks a statement against its table, and gives it the texts of values that some functions need.
pub fn bind(statement: &Statement, table: &Arc<Table>) -> Result<Query> {
    Ok(statement.bind(table)?.with_texts(&Rendered))
}
