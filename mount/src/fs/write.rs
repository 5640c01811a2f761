//! Operations in staging folders, the only ones that change anything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::teller::Teller;
use super::{Fs, FsError, Open, ROOT, Stat};
use crate::path::{Kind, Request, TableName};
use crate::staging::{Attributes, Permissions, Set, Staging, is_staged};
use crate::tree::{Listing, ShortListing, Tree};

/// How much room there is, in blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub blocks: u64,
    /// That nobody uses.
    pub free: u64,
    /// That who is not root may use.
    pub available: u64,
    /// Inodes in all.
    pub files: u64,
    /// Inodes that nobody uses.
    pub files_free: u64,
    /// Bytes of a block.
    pub block: u32,
}

fn opened(handle: u64, write: bool) -> Open {
    Open { handle, direct: true, keep_cache: false, flush: write }
}

impl<T: Tree> Fs<T> {
    /// Whether there are staging folders.
    pub fn is_writable(&self) -> bool {
        self.staging.is_some()
    }

    /// Takes over what was taken up before and is in no SSTable of a table yet. To be called once, before anything is
    /// read.
    pub fn recover(&self) {
        if let Some(staging) = &self.staging {
            staging.recover();
        }
    }

    /// Makes SSTables of all that was taken up, and takes nothing up any more.
    pub fn finish(&self) {
        if let Some(staging) = &self.staging {
            staging.finish();
        }
    }

    pub(super) fn connect_staging(self: &Arc<Self>) {
        if let Some(staging) = &self.staging {
            let teller = parking_lot::Mutex::new(Teller::start(self));
            staging.connect(Box::new(move |table| teller.lock().tell(table)));
        }
    }

    pub(super) fn staging(&self) -> Result<&Staging, FsError> {
        self.staging.as_deref().ok_or(FsError::BadHandle)
    }

    /// The table whose staging folder `ino` is. Anything else can't be written to.
    fn staging_of(&self, ino: u64) -> Result<(&Staging, TableName), FsError> {
        if is_staged(ino) {
            return Err(FsError::NotDirectory);
        }
        match (self.inodes.request(ino)?, self.staging.as_deref()) {
            (Request::Staging(table), Some(staging)) => Ok((staging, table)),
            _ => Err(FsError::ReadOnly),
        }
    }

    /// Nothing is kept: it may be gone with the next close.
    fn stat_of(&self, staging: &Staging, attributes: &Attributes) -> Stat {
        let Permissions { uid, gid, mode } = self.staged_owner(staging, attributes);
        let Attributes { ino, size, modified, .. } = *attributes;
        Stat { ino, kind: Kind::File, size, uid, gid, mode, modified, valid: Duration::ZERO }
    }

    pub(super) fn lookup_staged(&self, table: &TableName, name: &str) -> Result<Stat, FsError> {
        let staging = self.staging()?;
        Ok(self.stat_of(staging, &staging.lookup(table, name)?))
    }

    pub(super) fn stat_staged(&self, ino: u64) -> Result<Stat, FsError> {
        let staging = self.staging()?;
        Ok(self.stat_of(staging, &staging.attributes(ino)?))
    }

    pub(super) fn open_staged(&self, ino: u64, write: bool) -> Result<Open, FsError> {
        Ok(opened(self.staging()?.open(ino, write)?, write))
    }

    pub(super) fn list_staged(&self, table: &TableName) -> Result<Box<dyn Listing>, FsError> {
        let names = self.staging()?.list(table).into_iter().map(|(name, _)| name);
        Ok(Box::new(ShortListing::of_files(names)))
    }

    pub(super) fn number_staged(&self, table: &TableName, name: &str) -> u64 {
        let number = |staging: &Staging| staging.number(table, name);
        self.staging.as_deref().and_then(number).unwrap_or(ROOT)
    }

    /// Makes a file in a staging folder and opens it. `exclusive`: there must not be one of the name.
    pub fn create(&self, parent: u64, name: &str, new: Permissions, exclusive: bool) -> Result<(Stat, Open), FsError> {
        let (staging, table) = self.staging_of(parent)?;
        let (attributes, handle) = staging.create(&table, name, new, exclusive)?;
        Ok((self.stat_of(staging, &attributes), opened(handle, true)))
    }

    /// Why no folder, link or special file can be made.
    pub fn refuse_node(&self, parent: u64) -> FsError {
        match self.staging_of(parent) {
            Ok(_) => FsError::NotPermitted,
            Err(e) => e,
        }
    }

    /// The error for whoever asks for extended attributes.
    pub fn refuse_xattr(&self, ino: u64) -> FsError {
        if is_staged(ino) { FsError::NoAttributes } else { FsError::ReadOnly }
    }

    /// Writes all of `data` at `offset` of a staged file, or at its end for `None`. `owner` is the writer's table of descriptors.
    pub fn write(&self, handle: u64, offset: Option<u64>, data: &[u8], owner: Option<u64>) -> Result<(), FsError> {
        Ok(self.staging()?.write(handle, offset, data, owner)?)
    }

    /// Changes attributes of a staged file and tells what they are then; [`FsError::ReadOnly`] for any other.
    pub fn setattr(&self, ino: u64, set: &Set) -> Result<Stat, FsError> {
        if !is_staged(ino) {
            return Err(FsError::ReadOnly);
        }
        let staging = self.staging()?;
        Ok(self.stat_of(staging, &staging.set(ino, set)?))
    }

    /// Whether [`Self::flush`] or [`Self::release`] may take long.
    pub fn has_work(&self, handle: u64) -> bool {
        is_staged(handle) && self.staging.as_ref().is_some_and(|staging| staging.has_work(handle))
    }

    /// `process` has closed a descriptor, of the table `owner`.
    pub fn flush(&self, handle: u64, owner: u64, process: u32) -> Result<(), FsError> {
        if is_staged(handle) { Ok(self.staging()?.flush(handle, Some(owner), process)?) } else { Ok(()) }
    }

    /// Returns when what was taken up is in SSTables.
    pub fn fsync(&self, handle: u64) -> Result<(), FsError> {
        if is_staged(handle) { Ok(self.staging()?.sync(handle)?) } else { Ok(()) }
    }

    /// Renames a staged file, which may be taken up by that. `replace`: there may be one of the new name.
    pub fn rename(&self, from: (u64, &str), to: (u64, &str), replace: bool) -> Result<(), FsError> {
        let (staging, table) = self.staging_of(from.0)?;
        let (_, other) = self.staging_of(to.0)?;
        if table != other {
            return Err(FsError::CrossFolder);
        }
        Ok(staging.rename(&table, from.1, to.1, replace)?)
    }

    /// Removes a staged file, which is then never taken up; [`FsError::ReadOnly`] outside of staging folders.
    pub fn unlink(&self, parent: u64, name: &str) -> Result<(), FsError> {
        let (staging, table) = self.staging_of(parent)?;
        Ok(staging.unlink(&table, name)?)
    }

    /// The room for what is written; none where nothing can be.
    pub fn room(&self, ino: u64) -> Room {
        let table = match &self.staging {
            Some(staging) if is_staged(ino) => staging.table_of(ino),
            _ => match self.inodes.request(ino) {
                Ok(Request::Staging(table)) => Some(table),
                Ok(_) | Err(_) => None,
            },
        };
        let folder = table.and_then(|table| self.staging.as_ref()?.table_folder(&table));
        folder.and_then(|folder| room(&folder)).unwrap_or_default()
    }
}

fn room(folder: &Path) -> Option<Room> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(Room {
        blocks: found.f_blocks,
        free: found.f_bfree,
        available: found.f_bavail,
        files: found.f_files,
        files_free: found.f_ffree,
        block: u32::try_from(found.f_frsize).ok()?,
    })
}
