//! A table's columns from the headers of its SSTables alone: for want of a schema, key columns get made-up names.
//! Follows org.apache.cassandra.tools.Util.metadataFromSSTable.

use crate::cql::Type;
use crate::error::{Error, Result};
use crate::schema::{Column, ColumnKind, Partitioner, Table, TableFlags};
use crate::sstable::{HeaderColumn, SerializationHeader, Statistics};

/// The table as sstabledump sees it: one key column `PartitionKey`, of a composite type where there are several, and
/// `clustering`, `clustering1`, `clustering2` …
pub fn dump_table(statistics: &Statistics) -> Result<Table> {
    let header = &statistics.header;
    let mut table = Table::new("keyspace", "table");
    table.partitioner = partitioner(statistics)?;
    table.partition_key.push(Column::new("PartitionKey", header.key_type.clone(), ColumnKind::PartitionKey));
    let name = |i: usize| if i == 0 { "clustering".to_owned() } else { format!("clustering{i}") };
    add_clustering(&mut table, header, name);
    add_columns(&mut table, header);
    Ok(table)
}

/// The table for a mount: `key`, or `key1`, `key2` … when the key is composite, and `clustering1`, `clustering2` …
pub(super) fn table(keyspace: &str, name: &str, headers: &[&SerializationHeader]) -> Result<Table> {
    let Some(first) = headers.first() else {
        return Err(Error::schema(format!("neither a schema nor an SSTable tells the columns of {keyspace}.{name}")));
    };
    let mut table = Table::new(keyspace, name);
    let taken: Vec<&str> = headers.iter().flat_map(|h| columns(h)).map(|(c, _)| c.name.as_str()).collect();
    let free = |mut name: String| {
        while taken.contains(&name.as_str()) {
            name.push('_');
        }
        name
    };
    let parts = match &first.key_type {
        Type::Composite(parts) => parts.as_slice(),
        only => std::slice::from_ref(only),
    };
    for (i, ty) in parts.iter().enumerate() {
        let name = if parts.len() == 1 { "key".to_owned() } else { format!("key{}", i + 1) };
        table.partition_key.push(Column::new(free(name), ty.clone(), ColumnKind::PartitionKey));
    }
    add_clustering(&mut table, first, |i| free(format!("clustering{}", i + 1)));
    for header in headers {
        add_columns(&mut table, header);
    }
    Ok(table)
}

/// The token order of an SSTable's partitions.
pub(super) fn partitioner(statistics: &Statistics) -> Result<Partitioner> {
    Partitioner::from_class_name(&statistics.partitioner)
        .ok_or_else(|| Error::unsupported(format!("the partitioner {} is not known", statistics.partitioner)))
}

fn add_clustering(table: &mut Table, header: &SerializationHeader, name: impl Fn(usize) -> String) {
    for (i, (ty, reversed)) in header.clustering.iter().enumerate() {
        let mut column = Column::new(name(i), ty.clone(), ColumnKind::Clustering);
        column.reversed = *reversed;
        table.clustering.push(column);
    }
}

fn columns(header: &SerializationHeader) -> impl Iterator<Item = (&HeaderColumn, ColumnKind)> {
    let statics = header.statics.iter().map(|c| (c, ColumnKind::Static));
    statics.chain(header.regulars.iter().map(|c| (c, ColumnKind::Regular)))
}

/// Adds the columns that the table does not have.
fn add_columns(table: &mut Table, header: &SerializationHeader) {
    for (column, kind) in columns(header) {
        if table.column(&column.name).is_none() {
            add_column(table, Column::new(&column.name, column.ty.clone(), kind));
        }
    }
    table.sort_columns();
}

pub(super) fn add_column(table: &mut Table, column: Column) {
    let counts = match &column.ty {
        Type::Map { value, .. } => **value == Type::Counter,
        ty => *ty == Type::Counter,
    };
    table.flags = TableFlags { is_counter: table.flags.is_counter || counts, ..table.flags };
    match column.kind {
        ColumnKind::Static => table.statics.push(column),
        _ => table.regulars.push(column),
    }
}
