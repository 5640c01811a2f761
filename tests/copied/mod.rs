//! A table of testdata/, or of the directory that SSTABLEFS_TESTDATA names, copied for a test to change.

#![allow(dead_code, reason = "each test program uses a part of this file")]

use std::fs;
use std::path::{Path, PathBuf};

/// Copies a table of version oa, with what tells its schema, to `data` in the folder; returns where the table lies.
pub(crate) fn copy_table(keyspace: &str, table: &str, folder: &Path) -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let beside = || above.map(|dir| dir.join("testdata")).find(|dir| dir.is_dir()).expect("testdata");
    let data = std::env::var_os("SSTABLEFS_TESTDATA").map_or_else(beside, PathBuf::from).join("oa/data");
    let mut at = None;
    for keyspace in ["system_schema", keyspace] {
        for entry in fs::read_dir(data.join(keyspace)).unwrap_or_else(|e| panic!("{}: {e}", data.display())) {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap().to_str().unwrap();
            let to = folder.join("data").join(keyspace).join(name);
            let is_it = name.split('-').next() == Some(table);
            if keyspace == "system_schema" || is_it {
                copy_files(&from, &to);
            }
            if is_it {
                at = Some(to);
            }
        }
    }
    at.expect("the table")
}

/// Without folders in it.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
