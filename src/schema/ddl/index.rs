//! CREATE INDEX: kept for the schema that is shown. Follows CreateIndexStatement and IndexMetadata.

use std::collections::BTreeMap;

use crate::Result;

use super::super::secondary::Index;
use super::Script;

impl Script<'_, '_> {
    /// Behind `CREATE [CUSTOM] INDEX`.
    pub(super) fn create_index(&mut self, is_custom: bool) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let name = if self.tokens.is_keyword(0, "on") { None } else { Some(self.tokens.qualified_name("an index")?.1) };
        self.tokens.expect_keyword("on")?;
        let place = self.tokens.peek();
        let (keyspace, table) = self.qualified_name("a table")?;
        let target = self.parenthesized()?;
        let mut index = Index { name: name.unwrap_or_default(), is_custom, options: BTreeMap::new() };
        if self.tokens.keyword("using") {
            let class = self.tokens.advance();
            index.is_custom = true;
            index.options.insert("class_name".to_owned(), self.tokens.unquoted(class).into_owned());
        }
        index.options.extend(self.properties()?.index_options());
        if index.name.is_empty() {
            index.name = self.free_index_name(&keyspace, &default_name(&table, &target));
        }
        index.options.insert("target".to_owned(), target);
        let Some(known) = self.table_mut(&keyspace, &table) else {
            return Err(self.error(place, &format!("unknown table {keyspace}.{table}")));
        };
        match known.indexes.iter_mut().find(|other| other.name == index.name) {
            Some(_) if if_not_exists => {}
            Some(other) => *other = index,
            None => known.indexes.push(index),
        }
        known.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// KeyspaceMetadata.findAvailableIndexName
    fn free_index_name(&self, keyspace: &str, base: &str) -> String {
        let tables = || self.keyspaces.get(keyspace).into_iter().flat_map(|k| k.tables.values());
        let is_taken = |name: &str| tables().flat_map(|table| &table.indexes).any(|index| index.name == name);
        let numbered = (1..).map(|i| format!("{base}_{i}"));
        std::iter::once(base.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// What stands between parentheses that come next, as it is written. The index on system.paxos has nothing there.
    pub(super) fn parenthesized(&mut self) -> Result<String> {
        self.tokens.expect_symbol("(")?;
        let first = self.tokens.peek();
        let mut open = 1;
        loop {
            if self.tokens.is_at_end() {
                return Err(self.tokens.expected("')'"));
            }
            open = if self.tokens.is_symbol(0, "(") { open + 1 } else { open };
            open = if self.tokens.is_symbol(0, ")") { open - 1 } else { open };
            let last = self.tokens.advance();
            if open == 0 {
                let text = self.tokens.source_between(first, last);
                return Ok(text.strip_suffix(')').unwrap_or(text).trim().to_owned());
            }
        }
    }
}

/// IndexMetadata.generateDefaultIndexName: of `c`, `values(c)`, or several columns, in which only the table's name counts.
fn default_name(table: &str, target: &str) -> String {
    let column = target.split_once('(').map_or(target, |(_, inner)| inner.trim_end_matches(')'));
    let column = if column.contains(',') { "" } else { column };
    let name = if column.is_empty() { format!("{table}_idx") } else { format!("{table}_{column}_idx") };
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}
