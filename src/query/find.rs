//! Which table a statement is about.

use std::sync::Arc;

use super::Statement;
use crate::error::Result;
use crate::table::{Database, TableStore};

impl Statement {
    /// The table that it names, with its keyspace, which may be left out where only one has a table of that name.
    pub fn find(&self, database: &Database) -> Result<(String, Arc<TableStore>)> {
        let name = self.table();
        let mut keyspaces: Vec<String> = match self.keyspace() {
            Some(keyspace) => vec![keyspace.to_owned()],
            None => database.keyspaces().into_iter().filter(|k| database.table(k, name).is_some()).collect(),
        };
        match (keyspaces.pop(), keyspaces.is_empty()) {
            (Some(keyspace), true) => match database.table(&keyspace, name) {
                Some(store) => Ok((keyspace, store)),
                None => Err(self.no_such_table(database, &keyspace)),
            },
            (Some(last), false) => {
                let several = format!("{}, {last}", keyspaces.join(", "));
                Err(self.error_at_table(&format!("{name} is in several keyspaces, name one: {several}")))
            }
            (None, _) => Err(self.error_at_table(&format!("there is no table {name}"))),
        }
    }

    fn no_such_table(&self, database: &Database, keyspace: &str) -> crate::Error {
        let tables = database.tables(keyspace);
        self.error_at_table(&match tables.is_empty() {
            true => format!("there is no keyspace {keyspace}; there are {}", database.keyspaces().join(", ")),
            false => format!("the keyspace {keyspace} has no table {}; it has {}", self.table(), tables.join(", ")),
        })
    }
}
