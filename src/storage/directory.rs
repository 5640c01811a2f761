//! Folders of the operating system.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, Kind, Result};

/// A name in a folder. Links count as what they lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
}

/// What tells a changed file or folder from an unchanged one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When its content was last changed.
    pub modified: SystemTime,
    /// In bytes.
    pub len: u64,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// 0 where files have no numbers.
    inode: u64,
}

impl Stamp {
    /// Milliseconds since the epoch, as java.io.File.lastModified.
    pub fn modified_millis(&self) -> i64 {
        self.modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
    }
}

/// The names in a folder, in their own order. Names that are not UTF-8 are left out: Cassandra writes none.
pub fn list(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(e, folder))? {
        let entry = entry.map_err(|e| Error::io(e, folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_dir = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()).is_ok_and(|m| m.is_dir()),
            Ok(kind) => kind.is_dir(),
            // Deleted since the folder was read.
            Err(_) => continue,
        };
        entries.push(Entry { name, is_dir });
    }
    entries.sort_unstable();
    Ok(entries)
}

/// The stamp of a file or folder; links are followed.
pub fn stamp(path: &Path) -> Result<Stamp> {
    let metadata = fs::metadata(path).map_err(|e| Error::io(e, path))?;
    let modified = metadata.modified().map_err(|e| Error::io(e, path))?;
    Ok(Stamp { modified, len: metadata.len(), is_dir: metadata.is_dir(), inode: inode(&metadata) })
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// The stamp, or `None` when there is nothing of that name.
pub fn stamp_if_exists(path: &Path) -> Result<Option<Stamp>> {
    match stamp(path) {
        Ok(stamp) => Ok(Some(stamp)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The absolute path without links.
pub fn canonical(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(|e| Error::io(e, path))
}
