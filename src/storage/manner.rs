//! Whom a new file belongs to, and who may read it: as if Cassandra had made it.
//!
//! Cassandra is the one who made the folder. Its umask gave the folder its mode, and gives a file the same without the
//! right to execute. SSTables in the folder that are stricter make new ones so, too.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, fchmod, fchown, fstat, statat};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::directory;

const OWNER: u32 = 0o600;
const GROUP: u32 = 0o060;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Manner {
    pub(super) fn of(folder: &OwnedFd) -> rustix::io::Result<Manner> {
        let stat = fstat(folder)?;
        let mut mode = stat.st_mode & 0o666;
        for entry in directory::entries(folder)?.iter().filter(|e| e.name.ends_with("-Data.db")) {
            match statat(folder, &entry.name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(data) if FileType::from_raw_mode(data.st_mode) == FileType::RegularFile => mode &= data.st_mode,
                // A link, or gone.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(Manner { uid: stat.st_uid, gid: stat.st_gid, mode: mode | OWNER })
    }

    /// To a file that was made for its owner alone. Only root can give it to another owner: whoever else runs this keeps
    /// it, and where it can't be of the folder's group, that has no right to it.
    pub(super) fn give(&self, file: &OwnedFd) -> rustix::io::Result<()> {
        let now = fstat(file)?;
        let mut mode = self.mode;
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let is_given = (now.st_uid, now.st_gid) == (self.uid, self.gid) || fchown(file, Some(uid), Some(gid)).is_ok();
        if !is_given && now.st_gid != self.gid && fchown(file, None, Some(gid)).is_err() {
            mode &= !GROUP | (self.mode & 0o006) << 3;
        }
        match fchmod(file, Mode::from_raw_mode(mode)) {
            // A file system without modes.
            Err(Errno::PERM | Errno::OPNOTSUPP) => Ok(()),
            result => result,
        }
    }
}
