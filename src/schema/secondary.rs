//! What hangs on a table: secondary indexes, and the base table of a materialized view. Follows
//! org.apache.cassandra.schema.IndexMetadata and ViewMetadata.

use std::collections::BTreeMap;

/// A secondary index. It has files of its own, which are not those of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Without quotes.
    pub name: String,
    /// `CREATE CUSTOM INDEX … USING`.
    pub is_custom: bool,
    /// `target` is what stands in the parentheses, `class_name` what stands behind USING.
    pub options: BTreeMap<String, String>,
}

/// What makes a table a materialized view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The table's name, in the same keyspace.
    pub base_table: String,
    /// `SELECT *`.
    pub includes_all_columns: bool,
    /// As it stands behind WHERE.
    pub where_clause: String,
    /// Its key has a column that is none of the base table's key: its rows are there only as long as that column is, so
    /// that without a liveness they are not (db.view.View.enforceStrictLiveness).
    pub strict_liveness: bool,
}
