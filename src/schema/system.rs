//! Keyspaces and tables from the rows of system_schema, which is how a Cassandra node keeps its schema. Follows
//! org.apache.cassandra.schema.SchemaKeyspace. Columns that other versions do not have may be missing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::options;
use super::{Column, ColumnKind, DroppedColumn, Index, Keyspace, Table, TableFlags, View};
use crate::cql::{Type, UserType, elements, names};
use crate::error::{Error, Result};

/// One row of a system_schema table: the values that are not null, by column.
#[derive(Debug, Clone, Default)]
pub struct SystemRow(pub HashMap<String, Vec<u8>>);

/// Rows of the tables of system_schema that are called like the fields.
#[derive(Debug, Clone, Default)]
pub struct SystemRows {
    /// Name and replication of each.
    pub keyspaces: Vec<SystemRow>,
    /// Name, id, flags and options of each; not the views.
    pub tables: Vec<SystemRow>,
    /// Of tables and views: kind, position, type and clustering order of each.
    pub columns: Vec<SystemRow>,
    /// Name, type and time of each drop.
    pub dropped_columns: Vec<SystemRow>,
    /// Of each user type: names and types of the fields.
    pub types: Vec<SystemRow>,
    /// As `tables`, and what each is a view of.
    pub views: Vec<SystemRow>,
    /// Of each: its table, kind and options.
    pub indexes: Vec<SystemRow>,
}

/// The tables of system_schema that [`SystemRows`] needs, each with its key columns behind the partition key
/// `keyspace_name`. Their other columns differ between versions, and stand in the SSTables.
pub const SYSTEM_TABLES: [(&str, &[&str]); 7] = [
    ("keyspaces", &[]),
    ("tables", &["table_name"]),
    ("columns", &["table_name", "column_name"]),
    ("dropped_columns", &["table_name", "column_name"]),
    ("types", &["type_name"]),
    ("views", &["view_name"]),
    ("indexes", &["table_name", "index_name"]),
];

impl SystemRows {
    /// The rows of one of [`SYSTEM_TABLES`].
    pub fn of(&mut self, table: &str) -> Option<&mut Vec<SystemRow>> {
        Some(match table {
            "keyspaces" => &mut self.keyspaces,
            "tables" => &mut self.tables,
            "columns" => &mut self.columns,
            "dropped_columns" => &mut self.dropped_columns,
            "types" => &mut self.types,
            "views" => &mut self.views,
            "indexes" => &mut self.indexes,
            _ => return None,
        })
    }

    /// The schema. A table that makes no sense is left out and named in the problems.
    pub fn build(&self) -> (Vec<Keyspace>, Vec<Error>) {
        let mut problems = Vec::new();
        let mut keyspaces = Vec::new();
        for row in &self.keyspaces {
            match self.keyspace(row, &mut problems) {
                Ok(keyspace) => keyspaces.push(keyspace),
                Err(e) => problems.push(e.context("system_schema.keyspaces")),
            }
        }
        keyspaces.sort_by(|a, b| a.name.cmp(&b.name));
        (keyspaces, problems)
    }

    fn keyspace(&self, row: &SystemRow, problems: &mut Vec<Error>) -> Result<Keyspace> {
        let name = row.text("keyspace_name")?;
        let in_keyspace = |rows: &[SystemRow]| -> Vec<SystemRow> {
            let name = name.as_bytes();
            rows.iter().filter(|r| r.get("keyspace_name").is_some_and(|k| k == name)).cloned().collect()
        };
        let mut replication = row.text_map("replication")?;
        if let Some(class) = replication.get_mut("class") {
            let short = class.strip_prefix("org.apache.cassandra.locator.").map(str::to_owned);
            *class = short.unwrap_or(std::mem::take(class));
        }
        let mut types = Types::default();
        for row in in_keyspace(&self.types) {
            match raw_type(&row) {
                Ok(raw) => types.missing.push(raw),
                Err(e) => problems.push(e.context(format!("a type of {name} in system_schema.types"))),
            }
        }
        problems.extend(types.build(&name));
        let mut keyspace = Keyspace {
            name: name.clone(),
            durable_writes: row.boolean("durable_writes").unwrap_or(true),
            replication,
            types: Vec::new(),
            tables: BTreeMap::new(),
        };
        let columns = in_keyspace(&self.columns);
        let dropped = in_keyspace(&self.dropped_columns);
        let indexes = in_keyspace(&self.indexes);
        let tables = in_keyspace(&self.tables).into_iter().map(|r| (r, "table_name"));
        let views = in_keyspace(&self.views).into_iter().map(|r| (r, "view_name"));
        for (row, name_column) in tables.chain(views) {
            let table_name = row.text(name_column)?;
            let of_table = |rows: &[SystemRow]| -> Vec<SystemRow> {
                let name = table_name.as_bytes();
                rows.iter().filter(|r| r.get("table_name").is_some_and(|t| t == name)).cloned().collect()
            };
            let parts = Parts { columns: of_table(&columns), dropped: of_table(&dropped), indexes: of_table(&indexes) };
            match parts.table(&name, &table_name, &row, name_column == "view_name", &types) {
                Ok(mut table) => {
                    let own_columns = table.key_columns();
                    if let Some(view) = &mut table.view {
                        let base = keyspace.tables.get(&view.base_table);
                        view.strict_liveness = base.is_none_or(|base| own_columns > base.key_columns());
                    }
                    keyspace.tables.insert(table_name, Arc::new(table));
                }
                Err(e) => problems.push(e.context(format!("{name}.{table_name} in system_schema"))),
            }
        }
        keyspace.types = types.declared;
        Ok(keyspace)
    }
}

/// The rows that belong to one table.
struct Parts {
    columns: Vec<SystemRow>,
    dropped: Vec<SystemRow>,
    indexes: Vec<SystemRow>,
}

impl Parts {
    fn table(&self, keyspace: &str, name: &str, row: &SystemRow, is_view: bool, types: &Types) -> Result<Table> {
        let mut table = Table::new(keyspace, name);
        table.id = row.uuid("id")?;
        if !is_view {
            let flags = row.text_list("flags")?;
            let has = |flag: &str| flags.iter().any(|f| f.eq_ignore_ascii_case(flag));
            table.flags = TableFlags {
                is_super: has("super"),
                is_counter: has("counter"),
                is_dense: has("dense"),
                is_compound: has("compound"),
            };
        } else {
            table.view = Some(View {
                base_table: row.text("base_table_name")?,
                includes_all_columns: row.boolean("include_all_columns").unwrap_or(false),
                where_clause: row.text("where_clause")?,
                strict_liveness: true,
            });
        }
        table.options = options::from_row(row, is_view)?;
        let mut keys: Vec<(i32, Column)> = Vec::new();
        for row in &self.columns {
            let (position, column) = column(row, types)?;
            match column.kind {
                ColumnKind::Static => table.statics.push(column),
                ColumnKind::Regular => table.regulars.push(column),
                ColumnKind::PartitionKey | ColumnKind::Clustering => keys.push((position, column)),
            }
        }
        keys.sort_by_key(|(position, column)| (column.kind, *position));
        for (_, column) in keys {
            match column.kind {
                ColumnKind::PartitionKey => table.partition_key.push(column),
                _ => table.clustering.push(column),
            }
        }
        if table.partition_key.is_empty() {
            return Err(Error::schema("no partition key column: it was dropped or altered at the same time elsewhere"));
        }
        for row in &self.dropped {
            let column = dropped_column(row, types)?;
            table.dropped.insert(column.name.clone(), column);
        }
        for row in &self.indexes {
            let is_custom = row.text("kind")?.eq_ignore_ascii_case("custom");
            table.indexes.push(Index { name: row.text("index_name")?, is_custom, options: row.text_map("options")? });
        }
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        store_super_columns(&mut table);
        table.sort_columns();
        Ok(table)
    }
}

/// A dense table of super columns is stored with a map whose name is empty, which 3.0 and 4.0 show. 3.11 makes a clustering
/// column of its keys and a column of its values, beside it (SuperColumnCompatibility).
fn store_super_columns(table: &mut Table) {
    let is_dense = table.flags.is_super && table.flags.is_dense;
    if is_dense && table.clustering.len() == 2 && table.regulars.iter().any(|c| c.name.is_empty()) {
        table.clustering.truncate(1);
        table.regulars.retain(|c| c.name.is_empty());
    }
}

fn column(row: &SystemRow, types: &Types) -> Result<(i32, Column)> {
    let name = match row.get("column_name_bytes") {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => row.text("column_name")?,
    };
    let text = row.text("type")?;
    let ty = types.parse(&text).map_err(|e| e.context(format!("column {name}")))?;
    let kind = match row.text("kind")?.as_str() {
        "partition_key" => ColumnKind::PartitionKey,
        "clustering" => ColumnKind::Clustering,
        "static" => ColumnKind::Static,
        "regular" => ColumnKind::Regular,
        other => return Err(Error::schema(format!("column {name} is of kind {other}"))),
    };
    // Keys hold frozen values, whatever the text says.
    let ty = if kind < ColumnKind::Regular { ty.freeze() } else { ty };
    let mut column = Column::new(name, ty, kind);
    column.reversed = row.text("clustering_order").is_ok_and(|order| order.eq_ignore_ascii_case("desc"));
    Ok((row.int("position").unwrap_or(-1), column))
}

fn dropped_column(row: &SystemRow, types: &Types) -> Result<DroppedColumn> {
    let name = row.text("column_name")?;
    let ty = types.parse(&row.text("type")?).map_err(|e| e.context(format!("dropped column {name}")))?;
    let millis = row.long("dropped_time")?;
    let is_static = row.text("kind").is_ok_and(|kind| kind == "static");
    Ok(DroppedColumn { name, ty, is_static, dropped_at: millis.saturating_mul(1000) })
}

/// Name, and names and types of the fields.
type RawType = (String, Vec<(String, String)>);

fn raw_type(row: &SystemRow) -> Result<RawType> {
    let fields = row.text_list("field_names")?.into_iter().zip(row.text_list("field_types")?).collect();
    Ok((row.text("type_name")?, fields))
}

/// The user types of a keyspace.
#[derive(Default)]
struct Types {
    missing: Vec<RawType>,
    /// As they were created: fields that hold collections may not be called frozen, although they are.
    declared: Vec<Arc<UserType>>,
    /// As columns hold them.
    used: Vec<Arc<UserType>>,
}

impl Types {
    /// Builds each type behind those that it uses.
    fn build(&mut self, keyspace: &str) -> Vec<Error> {
        loop {
            let (before, mut problems) = (self.missing.len(), Vec::new());
            for (name, fields) in std::mem::take(&mut self.missing) {
                let parsed: Result<Vec<(String, Type)>> =
                    fields.iter().map(|(field, text)| Ok((field.clone(), self.parse(text)?))).collect();
                match parsed {
                    Ok(declared) => {
                        let ty = UserType {
                            keyspace: keyspace.to_owned(),
                            name,
                            fields: declared.iter().map(|(field, ty)| (field.clone(), ty.freeze())).collect(),
                            multi_cell: true,
                        };
                        self.declared.push(Arc::new(UserType { fields: declared, ..ty.clone() }));
                        self.used.push(Arc::new(ty));
                    }
                    Err(e) => {
                        problems.push(e.context(format!("type {keyspace}.{name}")));
                        self.missing.push((name, fields));
                    }
                }
            }
            if self.missing.is_empty() || self.missing.len() == before {
                return problems;
            }
        }
    }

    fn parse(&self, text: &str) -> Result<Type> {
        names::parse(text, &|name| self.used.iter().find(|t| t.name == name).cloned())
    }
}

impl SystemRow {
    /// The value of a column as serialized; `None` where it is null.
    pub fn get(&self, column: &str) -> Option<&[u8]> {
        self.0.get(column).map(Vec::as_slice)
    }

    fn need(&self, column: &str) -> Result<&[u8]> {
        self.get(column).ok_or_else(|| Error::schema(format!("{column} is null")))
    }

    fn fixed<const N: usize>(&self, column: &str) -> Result<[u8; N]> {
        let bytes = self.need(column)?;
        bytes.try_into().map_err(|_| Error::corrupt(format!("{column} has {} bytes, not {N}", bytes.len())))
    }

    pub(super) fn text(&self, column: &str) -> Result<String> {
        text(self.need(column)?)
    }

    pub(super) fn int(&self, column: &str) -> Result<i32> {
        self.fixed(column).map(i32::from_be_bytes)
    }

    fn long(&self, column: &str) -> Result<i64> {
        self.fixed(column).map(i64::from_be_bytes)
    }

    pub(super) fn double(&self, column: &str) -> Result<f64> {
        self.fixed(column).map(f64::from_be_bytes)
    }

    pub(super) fn boolean(&self, column: &str) -> Result<bool> {
        self.fixed(column).map(|[b]: [u8; 1]| b != 0)
    }

    fn uuid(&self, column: &str) -> Result<[u8; 16]> {
        self.fixed(column)
    }

    /// A frozen list or set of texts; none when it is null.
    fn text_list(&self, column: &str) -> Result<Vec<String>> {
        let Some(bytes) = self.get(column) else { return Ok(Vec::new()) };
        elements::list(bytes)?.map(|element| text(element?.unwrap_or_default())).collect()
    }

    /// A frozen map of texts; none when it is null.
    pub(super) fn text_map(&self, column: &str) -> Result<BTreeMap<String, String>> {
        let pairs = self.map(column)?;
        pairs.into_iter().map(|(key, value)| Ok((key, text(value)?))).collect()
    }

    /// A frozen map from text.
    pub(super) fn map(&self, column: &str) -> Result<BTreeMap<String, &[u8]>> {
        let mut map = BTreeMap::new();
        let Some(bytes) = self.get(column) else { return Ok(map) };
        let mut elements = elements::map(bytes)?;
        while let Some(key) = elements.next() {
            let value = elements.next().transpose()?.flatten().unwrap_or_default();
            map.insert(text(key?.unwrap_or_default())?, value);
        }
        Ok(map)
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::corrupt("a text in system_schema is not UTF-8"))
}
