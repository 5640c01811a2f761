//! Whether a table's schema and an SSTable's header speak of the same columns. Follows
//! org.apache.cassandra.db.SerializationHeader.Component.toHeader, and AbstractType.isValueCompatibleWith for types that
//! may have been altered since.

use crate::cql::Type;
use crate::cql::names::cql_name;
use crate::error::{Error, Result};
use crate::schema::{Column, ColumnKind, Table};
use crate::sstable::{HeaderColumn, SerializationHeader};

/// Columns of the header that the schema neither has nor dropped: to be shown nevertheless. An error when schema and
/// header contradict each other.
pub(super) fn unknown_columns(table: &Table, header: &SerializationHeader) -> Result<Vec<Column>> {
    let key = table.partition_key_type();
    if !is_compatible(&key, &header.key_type) {
        return Err(contradiction(table, "the partition key", &key, &header.key_type));
    }
    if table.clustering.len() != header.clustering.len() {
        return Err(Error::schema(format!(
            "has {} clustering columns, but the schema of {}.{} has {}: {ADVICE}",
            header.clustering.len(),
            table.keyspace,
            table.name,
            table.clustering.len()
        )));
    }
    for (column, (ty, reversed)) in table.clustering.iter().zip(&header.clustering) {
        if !is_compatible(&column.ty, ty) {
            return Err(contradiction(table, &format!("the clustering column {}", column.name), &column.ty, ty));
        }
        if column.reversed != *reversed {
            let order = |reversed| if reversed { "descending" } else { "ascending" };
            return Err(Error::schema(format!(
                "the clustering column {} is {}, but {} in the schema of {}.{}: {ADVICE}",
                column.name,
                order(*reversed),
                order(column.reversed),
                table.keyspace,
                table.name
            )));
        }
    }
    let mut unknown = Vec::new();
    for (columns, kind) in [(&header.statics, ColumnKind::Static), (&header.regulars, ColumnKind::Regular)] {
        for column in columns {
            if let Some(column) = check_column(table, column, kind)? {
                unknown.push(column);
            }
        }
    }
    Ok(unknown)
}

const ADVICE: &str = "the schema is not that of this SSTable, name the right one with --schema";

fn contradiction(table: &Table, what: &str, schema: &Type, header: &Type) -> Error {
    Error::schema(format!(
        "{what} is of type {}, but {} in the schema of {}.{}: {ADVICE}",
        cql_name(header),
        cql_name(schema),
        table.keyspace,
        table.name
    ))
}

fn check_column(table: &Table, found: &HeaderColumn, kind: ColumnKind) -> Result<Option<Column>> {
    // By its name alone, as TableMetadata.getDroppedColumn: 3.0 did not keep which ones were static.
    let is_dropped = table.dropped.contains_key(&found.name);
    let Some(column) = table.column(&found.name) else {
        return Ok((!is_dropped).then(|| Column::new(&found.name, found.ty.clone(), kind)));
    };
    // Cells from before the drop are of the dropped column, whatever the one of the same name is now.
    if is_dropped || column.kind == kind && is_compatible(&column.ty, &found.ty) {
        return Ok(None);
    }
    if column.kind != kind {
        return Err(Error::schema(format!(
            "the column {} is {}, but not in the schema of {}.{}: {ADVICE}",
            found.name,
            if kind == ColumnKind::Static { "static" } else { "regular" },
            table.keyspace,
            table.name
        )));
    }
    Err(contradiction(table, &format!("the column {}", found.name), &column.ty, &found.ty))
}

/// Whether a value of type `old` can be read as one of type `new`.
fn is_compatible(new: &Type, old: &Type) -> bool {
    use Type::*;
    let list =
        |new: &[Type], old: &[Type]| new.len() >= old.len() && new.iter().zip(old).all(|(n, o)| is_compatible(n, o));
    match (new, old) {
        (Blob, old) => !old.is_multi_cell(),
        (Text, Ascii) => true,
        (Varint, Int | BigInt | Timestamp | LegacyTimestamp) => true,
        (BigInt | Timestamp | LegacyTimestamp, BigInt | Timestamp | LegacyTimestamp) => true,
        (Date, Int) | (Time, BigInt) => true,
        (Uuid, TimeUuid) => true,
        (Custom(_), _) | (_, Custom(_)) => true,
        (List { element: n, multi_cell: a }, List { element: o, multi_cell: b })
        | (Set { element: n, multi_cell: a }, Set { element: o, multi_cell: b }) => a == b && is_compatible(n, o),
        (Map { key: k, value: n, multi_cell: a }, Map { key: l, value: o, multi_cell: b }) => {
            a == b && is_compatible(k, l) && is_compatible(n, o)
        }
        (Tuple(n), Tuple(o)) | (Composite(n), Composite(o)) => list(n, o),
        // Until 3.6 user types were always frozen and the header did not say so.
        (User(n), User(o)) => {
            n.fields.len() >= o.fields.len() && n.fields.iter().zip(&o.fields).all(|(n, o)| is_compatible(&n.1, &o.1))
        }
        (Tuple(n), User(o)) => {
            n.len() >= o.fields.len() && n.iter().zip(&o.fields).all(|(n, o)| is_compatible(n, &o.1))
        }
        (User(n), Tuple(o)) => n.fields.len() >= o.len() && n.fields.iter().zip(o).all(|(n, o)| is_compatible(&n.1, o)),
        (Vector { element: n, dimension: a }, Vector { element: o, dimension: b }) => a == b && is_compatible(n, o),
        (new, old) => new == old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SerializationHeader {
        SerializationHeader {
            min_timestamp: 0,
            min_local_deletion_time: 0,
            min_ttl: 0,
            key_type: Type::Text,
            clustering: vec![(Type::Int, true)],
            statics: vec![HeaderColumn { name: "s".to_owned(), ty: Type::Text }],
            regulars: vec![HeaderColumn { name: "v".to_owned(), ty: Type::Int }],
        }
    }

    fn table() -> Table {
        let mut table = Table::new("ks", "t");
        table.partition_key.push(Column::new("k", Type::Text, ColumnKind::PartitionKey));
        table.clustering.push(Column::new("c", Type::Int, ColumnKind::Clustering));
        table.clustering[0].reversed = true;
        table.statics.push(Column::new("s", Type::Text, ColumnKind::Static));
        table.regulars.push(Column::new("v", Type::Int, ColumnKind::Regular));
        table
    }

    fn refused(table: &Table) -> String {
        unknown_columns(table, &header()).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_name_both_sides() {
        assert!(unknown_columns(&table(), &header()).unwrap().is_empty());
        let mut other = table();
        other.regulars[0].ty = Type::Text;
        let text = refused(&other);
        assert!(
            text.contains("column v") && text.contains("int") && text.contains("text in the schema of ks.t"),
            "{text}"
        );
        let mut other = table();
        other.clustering.clear();
        assert!(refused(&other).contains("has 1 clustering columns, but the schema of ks.t has 0"));
        let mut other = table();
        other.clustering[0].reversed = false;
        assert!(refused(&other).contains("descending"));
        let mut other = table();
        other.partition_key[0].ty = Type::Int;
        assert!(refused(&other).contains("partition key"));
        let mut other = table();
        other.statics.clear();
        other.regulars.push(Column::new("s", Type::Text, ColumnKind::Regular));
        assert!(refused(&other).contains("column s is static"));
    }

    #[test]
    fn unknown_columns_are_shown_unless_dropped() {
        let mut other = table();
        other.regulars.clear();
        let unknown = unknown_columns(&other, &header()).unwrap();
        assert_eq!(unknown, [Column::new("v", Type::Int, ColumnKind::Regular)]);
        let dropped =
            crate::schema::DroppedColumn { name: "v".to_owned(), ty: Type::Int, is_static: false, dropped_at: 0 };
        other.dropped.insert("v".to_owned(), dropped);
        assert!(unknown_columns(&other, &header()).unwrap().is_empty());
        // Added again, as something else.
        other.regulars.push(Column::new("v", Type::Text, ColumnKind::Regular));
        assert!(unknown_columns(&other, &header()).unwrap().is_empty());
    }

    #[test]
    fn altered_types_are_compatible() {
        let set = |element| Type::Set { element: Box::new(element), multi_cell: true };
        assert!(is_compatible(&Type::Blob, &Type::Int) && !is_compatible(&Type::Int, &Type::Blob));
        assert!(is_compatible(&set(Type::Text), &set(Type::Ascii)));
        assert!(!is_compatible(&set(Type::Text), &set(Type::Text).freeze()));
        assert!(is_compatible(&Type::Tuple(vec![Type::Int, Type::Text]), &Type::Tuple(vec![Type::Int])));
        assert!(!is_compatible(&Type::Tuple(vec![Type::Int]), &Type::Tuple(vec![Type::Int, Type::Text])));
    }
}
