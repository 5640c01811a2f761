//! The SSTables of testdata/, or of the directory that SSTABLEFS_TESTDATA names: VERSION/data/KEYSPACE/TABLE/….

#![allow(dead_code, reason = "each test program uses a part of this file")]

use std::fs;
use std::path::{Path, PathBuf};

use sstablefs::sstable::{Component, Descriptor};

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
