//! The folder in which a table's new data is made ready, and the lock that lets one process at a time do so.
//!
//! ```text
//! TABLE/.sstablefs/lock           held while somebody may write
//! TABLE/.sstablefs/scratch/       what only matters while it is made; emptied when the lock is taken
//! TABLE/.sstablefs/oa-1-big-…     accepted, to become SSTables of the table with the next flush
//! ```
//! Cassandra takes a folder whose name begins with a dot for one of a secondary index, and looks into none that it has
//! not made.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Name of the folder.
pub const FOLDER: &str = ".sstablefs";

/// Holds a table's folder for writing, against other sstablefs: there is one at a time. Dropped, it lets go.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _file: File,
}

impl Lock {
    /// Fails at once when another process has it.
    pub fn take(table_folder: &Path) -> Result<Lock> {
        let folder = table_folder.join(FOLDER);
        loop {
            match fs::create_dir(&folder) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(Error::io(e, &folder)),
                _ => {}
            }
            let path = folder.join("lock");
            let file = match File::options().create(true).truncate(false).write(true).open(&path) {
                // Whoever had it before has removed the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                file => file.map_err(|e| Error::io(e, &path))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::busy("another sstablefs is writing to this table: end it first").in_file(&path));
                }
                Err(TryLockError::Error(e)) => return Err(Error::io(e, &path)),
            }
            let inode = |m: fs::Metadata| (m.dev(), m.ino());
            let ours = file.metadata().map(inode).map_err(|e| Error::io(e, &path))?;
            if fs::metadata(&path).map(inode).ok() != Some(ours) {
                continue;
            }
            let lock = Lock { folder, _file: file };
            lock.remove_scratch()?;
            return Ok(lock);
        }
    }

    /// Where accepted data lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder for what need not outlive the lock.
    pub fn scratch(&self) -> Result<PathBuf> {
        let scratch = self.folder.join("scratch");
        fs::create_dir_all(&scratch).map_err(|e| Error::io(e, &scratch))?;
        Ok(scratch)
    }

    fn remove_scratch(&self) -> Result<()> {
        let scratch = self.folder.join("scratch");
        match fs::remove_dir_all(&scratch) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io(e, &scratch)),
            _ => Ok(()),
        }
    }
}

impl Drop for Lock {
    /// Leaves nothing behind, unless there is accepted data.
    fn drop(&mut self) {
        let _ = self.remove_scratch();
        let only_lock =
            fs::read_dir(&self.folder).is_ok_and(|mut names| names.all(|n| n.is_ok_and(|n| n.file_name() == "lock")));
        if only_lock {
            let _ = fs::remove_file(self.folder.join("lock"));
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        assert_eq!(Lock::take(dir.path()).unwrap_err().kind(), crate::Kind::Busy);
        fs::write(lock.scratch().unwrap().join("x"), "").unwrap();
        drop(lock);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let lock = Lock::take(dir.path()).unwrap();
        fs::write(lock.folder().join("oa-1-big-Data.db"), "").unwrap();
        drop(lock);
        let lock = Lock::take(dir.path()).unwrap();
        assert!(lock.folder().join("oa-1-big-Data.db").exists());
    }
}
