//! The SSTables of testdata/, or of the directory that SSTABLEFS_TESTDATA names: VERSION/data/KEYSPACE/TABLE/….

#![allow(dead_code, reason = "each test program uses a part of this file")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::cql::{Partitioner, Type};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs::sstable::{Component, Descriptor, HeaderColumn, Statistics};

pub(crate) fn root() -> PathBuf {
    std::env::var_os("SSTABLEFS_TESTDATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), PathBuf::from)
}

/// Every SSTable, in a stable order. Panics when there is none: a test that reads nothing proves nothing.
pub(crate) fn sstables() -> Vec<Descriptor> {
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort_by_key(|d| d.component(Component::Data));
    assert!(!found.is_empty(), "no SSTables below {}", root().display());
    found
}

fn walk(dir: &Path, found: &mut Vec<Descriptor>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if let Some((descriptor, Component::Data)) = Descriptor::parse(&path).unwrap() {
            found.push(descriptor);
        }
    }
}

/// Each version's name with the time at which Cassandra was asked for its answers.
pub(crate) fn versions() -> Vec<(String, i64)> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(now) = fs::read_to_string(path.join("expected/now")) {
            versions.push((path.file_name().unwrap().to_str().unwrap().to_owned(), now.trim().parse().unwrap()));
        }
    }
    versions.sort();
    assert!(!versions.is_empty(), "no versions below {}", root().display());
    versions
}

/// A table with the columns of an SSTable's header.
pub(crate) fn table(statistics: &Statistics) -> Arc<Table> {
    let header = &statistics.header;
    let mut table = Table::new("ks", "t");
    table.partitioner = Partitioner::from_class_name(&statistics.partitioner).unwrap();
    let key = match &header.key_type {
        Type::Composite(types) => types.clone(),
        one => vec![one.clone()],
    };
    let named = |i: usize, ty: Type, kind| Column::new(format!("{kind:?}{i}"), ty, kind);
    table.partition_key = key.into_iter().enumerate().map(|(i, ty)| named(i, ty, ColumnKind::PartitionKey)).collect();
    for (i, (ty, reversed)) in header.clustering.iter().enumerate() {
        let column = named(i, ty.clone(), ColumnKind::Clustering);
        table.clustering.push(Column { reversed: *reversed, ..column });
    }
    let columns =
        |columns: &[HeaderColumn], kind| columns.iter().map(|c| Column::new(&*c.name, c.ty.clone(), kind)).collect();
    table.statics = columns(&header.statics, ColumnKind::Static);
    table.regulars = columns(&header.regulars, ColumnKind::Regular);
    table.sort_columns();
    Arc::new(table)
}
