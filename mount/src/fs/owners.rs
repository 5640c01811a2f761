//! Whom files and folders belong to, and who may have them. The kernel checks what is told here: the mount has the option
//! default_permissions.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access as Wanted, access};

use super::{Fs, FsError, Stat};
use crate::access::{Permissions, Person};
use crate::path::{Kind, Request, TableName};
use crate::staging::{Attributes, Staging};
use crate::tree::Tree;

/// Permissions of a folder for everybody, and of one where nobody can remove another's files.
const FOLDER_MODE: u32 = 0o1777;

impl<T: Tree> Fs<T> {
    pub(super) fn with_owner(&self, request: &Request, mut stat: Stat) -> Stat {
        if let (Request::Staging(table), Some(staging)) = (request, &self.staging)
            && let Some(Permissions { uid, gid, mode }) = self.of_staging_folder(staging, table)
        {
            return Stat { uid, gid, mode, ..stat };
        }
        let access = self.tree.access(request);
        (stat.uid, stat.gid) = (access.uid, access.gid);
        stat.mode = if stat.kind == Kind::Directory { access.folder_mode() } else { access.mode };
        stat
    }

    /// Those of the folder that SSTables go to.
    fn of_staging_folder(&self, staging: &Staging, table: &TableName) -> Option<Permissions> {
        let folder = staging.table_folder(table)?;
        let metadata = fs::metadata(&folder).ok()?;
        let mode = (metadata.mode() & FOLDER_MODE) as u16;
        let all = Permissions { uid: metadata.uid(), gid: metadata.gid(), mode };
        // By an access control list, or a right of the process.
        let by_other_means = !all.allow(&self.me, 0o3) && can_write(&folder);
        Some(if by_other_means { Permissions { uid: self.me.uid, mode: 0o700, ..all } } else { all })
    }

    /// What is kept of a staged file. Those that sstablefs makes are for all who may read the table.
    pub(super) fn staged_owner(&self, staging: &Staging, attributes: &Attributes) -> Permissions {
        attributes.permissions.unwrap_or_else(|| {
            let table = staging.table_of(attributes.ino);
            let access = table.map(|table| self.tree.access(&Request::Table(table)));
            access.unwrap_or(Permissions { uid: self.me.uid, gid: 0, mode: 0o400 })
        })
    }

    /// Whether a name in the folder may tell something to those who may enter it, though not read what it stands for: the
    /// size of what a statement answers does.
    pub fn guards(&self, parent: u64) -> bool {
        self.options.shared && matches!(self.inodes.request(parent), Ok(Request::Statements))
    }

    /// Whether `person` may know of the name.
    pub fn admit(&self, parent: u64, name: &str, person: &Person) -> Result<(), FsError> {
        let request = self.inodes.request(parent)?.child(name).ok_or(FsError::NoEntry)?;
        if self.tree.access(&request).admits(person) { Ok(()) } else { Err(FsError::NoAccess) }
    }

    /// Whether each lookup has to be asked for.
    pub(super) fn is_guarded(&self, ino: u64) -> bool {
        self.options.shared && matches!(self.inodes.request(ino), Ok(Request::Statement(..)))
    }
}

fn can_write(folder: &Path) -> bool {
    access(folder, Wanted::WRITE_OK | Wanted::EXEC_OK).is_ok()
}
