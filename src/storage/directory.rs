//! Folders of the operating system. No link is followed in them: see `links`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat, unlinkat};

use super::links;
use crate::error::{Error, Kind, Result};

pub use super::links::REFUSED as LINK_REFUSED;

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Whatever it leads to.
    pub is_link: bool,
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
    entries(&links::open_folder(folder)?).map_err(|e| Error::io(e.into(), folder))
}

pub(super) fn entries(folder: &OwnedFd) -> rustix::io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => match statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                // Deleted since the folder was read.
                Err(_) => continue,
            },
            kind => kind,
        };
        let (is_dir, is_link) = (kind == FileType::Directory, kind == FileType::Symlink);
        entries.push(Entry { name: name.to_owned(), is_dir, is_link });
    }
    entries.sort_unstable();
    Ok(entries)
}

/// Of a link itself, not of what it leads to.
pub fn stamp(path: &Path) -> Result<Stamp> {
    let metadata = fs::symlink_metadata(path).map_err(|e| Error::io(e, path))?;
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

/// Removes a folder with all that is in it; nothing when there is none.
pub(crate) fn remove_all(above: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    let folder = match links::open_in(above, name, OFlags::RDONLY | OFlags::DIRECTORY, rustix::fs::Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        folder => folder?,
    };
    for entry in entries(&folder)? {
        match entry.is_dir {
            true => remove_all(&folder, &entry.name)?,
            false => unlinkat(&folder, &entry.name, AtFlags::empty())?,
        }
    }
    unlinkat(above, name, AtFlags::REMOVEDIR)
}
