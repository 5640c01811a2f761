//! The folder in which a table's new data is made ready, and the lock that lets one process at a time do so.
//!
//! ```text
//! TABLE/.sstablefs/lock           held while somebody may write
//! TABLE/.sstablefs/scratch/       what only matters while it is made; emptied when the lock is taken
//! TABLE/.sstablefs/oa-1-big-…     accepted, to become SSTables of the table with the next flush
//! ```
//! Cassandra takes a folder whose name begins with a dot for one of a secondary index, and looks into none that it has
//! not made.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{self, OwnFolder};

/// Name of the folder.
pub const FOLDER: &str = ".sstablefs";
const LOCK: &str = "lock";
const SCRATCH: &str = "scratch";

/// Holds a table's folder for writing, against other sstablefs: there is one at a time. Dropped, it lets go.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    folder: OwnFolder,
    _file: File,
}

impl Lock {
    /// Takes it, or fails at once with [`Kind::Busy`](crate::Kind::Busy) when another process has it.
    pub fn take(table_folder: &Path) -> Result<Lock> {
        let path = table_folder.join(FOLDER);
        loop {
            let folder = OwnFolder::make(&path)?;
            // Whoever had it before has removed the folder.
            let Some(file) = folder.open_or_make(LOCK)? else { continue };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let busy = Error::busy("another sstablefs is writing to this table: end it first");
                    return Err(busy.in_file(path.join(LOCK)));
                }
                Err(TryLockError::Error(e)) => return Err(Error::io(e, path.join(LOCK))),
            }
            if !folder.has(LOCK, &file)? {
                continue;
            }
            folder.remove_all(SCRATCH)?;
            return Ok(Lock { path, folder, _file: file });
        }
    }

    /// Whether another process has it.
    pub fn is_taken(table_folder: &Path) -> bool {
        let held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        storage::open_plain(&table_folder.join(FOLDER).join(LOCK)).is_ok_and(held)
    }

    /// Where accepted data lies.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// A folder for what need not outlive the lock.
    pub fn scratch(&self) -> Result<PathBuf> {
        OwnFolder::make(&self.path.join(SCRATCH))?;
        Ok(self.path.join(SCRATCH))
    }
}

impl Drop for Lock {
    /// Leaves nothing behind, unless there is accepted data.
    fn drop(&mut self) {
        let _ = self.folder.remove_all(SCRATCH);
        if self.folder.names().is_ok_and(|names| names == [LOCK]) {
            let _ = self.folder.remove_with(LOCK);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
