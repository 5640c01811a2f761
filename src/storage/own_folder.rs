//! A folder that sstablefs makes for itself inside another, and nobody else needs to see into.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, fchown, fstat, mkdirat, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::{directory, links};
use crate::error::{Error, Result};

/// Stays the one that it was when its name leads elsewhere.
#[derive(Debug)]
pub struct OwnFolder {
    path: PathBuf,
    above: OwnedFd,
    folder: OwnedFd,
}

/// So that whoever owns the table can go on with it. Only root can, and only root needs to.
fn give_to_owner_of(folder: &OwnedFd, file: &OwnedFd) {
    if let Ok(owner) = fstat(folder) {
        let _ = fchown(file, Some(Uid::from_raw(owner.st_uid)), Some(Gid::from_raw(owner.st_gid)));
    }
}

impl OwnFolder {
    /// The folder, made when there is none: for the owner of the folder around it, nobody else. An error when something else
    /// has the name, a link for one.
    pub fn make(path: &Path) -> Result<OwnFolder> {
        let invalid = || Error::invalid("is no name of a folder").in_file(path);
        let above = links::open_folder(path.parent().ok_or_else(invalid)?)?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(invalid)?;
        let failed = |e: Errno| Error::io(e.into(), path);
        let is_new = match mkdirat(&above, name, Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(e) => return Err(failed(e)),
        };
        let folder = match links::open_in(&above, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
            Ok(folder) => folder,
            // Another process has just removed it.
            Err(Errno::NOENT) => return Self::make(path),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let reason = "is in the way: sstablefs makes a folder of this name";
                return Err(Error::invalid(reason).in_file(path));
            }
            Err(e) => return Err(failed(e)),
        };
        if is_new {
            give_to_owner_of(&above, &folder);
        }
        Ok(OwnFolder { path: path.to_owned(), above, folder })
    }

    fn failed(&self, name: &str) -> impl FnOnce(Errno) -> Error {
        let path = self.path.join(name);
        move |e| Error::io(e.into(), path)
    }

    /// A file to be written, whether or not it is there; `None` when the folder has been removed.
    pub fn open_or_make(&self, name: &str) -> Result<Option<File>> {
        match links::open_in(&self.folder, name, OFlags::WRONLY | OFlags::CREATE, Mode::RUSR | Mode::WUSR) {
            Ok(file) => {
                give_to_owner_of(&self.folder, &file);
                Ok(Some(File::from(file)))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(self.failed(name)(e)),
        }
    }

    /// Whether a file is the one that has a name here.
    pub fn has(&self, name: &str, file: &File) -> Result<bool> {
        let metadata = file.metadata().map_err(|e| Error::io(e, self.path.join(name)))?;
        let named = statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW);
        Ok(named.is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (metadata.dev(), metadata.ino())))
    }

    /// What is in it.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = directory::entries(&self.folder).map_err(|e| Error::io(e.into(), &self.path))?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    /// Removes a folder in it, with all that is in there.
    pub fn remove_all(&self, name: &str) -> Result<()> {
        directory::remove_all(&self.folder, name).map_err(self.failed(name))
    }

    /// Removes it with its last file.
    pub fn remove_with(&self, name: &str) -> Result<()> {
        unlinkat(&self.folder, name, AtFlags::empty()).map_err(self.failed(name))?;
        match self.path.file_name().and_then(|name| name.to_str()) {
            Some(own) => unlinkat(&self.above, own, AtFlags::REMOVEDIR).map_err(self.failed("")),
            None => Ok(()),
        }
    }
}
