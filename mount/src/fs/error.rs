//! Every error becomes an errno here, by matches without a catch-all arm: a new kind of error can't be forgotten.

use std::fmt;

use sstablefs::{Error, Kind};

use crate::staging::StagingError;

/// Why a question of the kernel has no good answer.
#[derive(Debug)]
pub enum FsError {
    /// No such name, or what it named is gone.
    NoEntry,
    /// What the kernel knows under this inode has been replaced: it looks the name up again.
    Stale,
    /// A name below a file.
    NotDirectory,
    /// Longer than 255 bytes.
    NameTooLong,
    /// A folder where a file is needed.
    IsDirectory,
    /// An attempt to write.
    ReadOnly,
    /// A handle or inode that was never given out.
    BadHandle,
    /// Between two folders that have nothing in common.
    CrossFolder,
    /// Who asks may not know.
    NoAccess,
    /// What no staging folder can have.
    NotPermitted,
    /// Nothing has extended attributes.
    NoAttributes,
    /// From a staging folder.
    Staging(StagingError),
    /// From the SSTables: the log has more of it.
    Engine(Error),
}

impl FsError {
    /// The number that the system call gives.
    pub fn errno(&self) -> i32 {
        match self {
            FsError::NoEntry => libc::ENOENT,
            FsError::Stale => libc::ESTALE,
            FsError::NotDirectory => libc::ENOTDIR,
            FsError::NameTooLong => libc::ENAMETOOLONG,
            FsError::IsDirectory => libc::EISDIR,
            FsError::ReadOnly => libc::EROFS,
            FsError::BadHandle => libc::EBADF,
            FsError::CrossFolder => libc::EXDEV,
            FsError::NoAccess => libc::EACCES,
            FsError::NotPermitted => libc::EPERM,
            FsError::NoAttributes => libc::EOPNOTSUPP,
            FsError::Staging(e) => e.errno(),
            FsError::Engine(e) => engine_errno(e),
        }
    }
}

/// A name that does not exist never comes as an error of the engine: what it did not find is a file that it needs.
fn engine_errno(error: &Error) -> i32 {
    match error.kind() {
        Kind::Busy => libc::EBUSY,
        Kind::Corrupt | Kind::Unsupported | Kind::NotFound | Kind::Schema => libc::EIO,
        Kind::Invalid => libc::EINVAL,
        Kind::Io => match error.os_error() {
            // These say more about the machine than EIO does.
            Some(e @ (libc::EACCES | libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => e,
            Some(_) | None => libc::EIO,
        },
    }
}

impl From<StagingError> for FsError {
    fn from(e: StagingError) -> Self {
        FsError::Staging(e)
    }
}

impl From<Error> for FsError {
    fn from(e: Error) -> Self {
        FsError::Engine(e)
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FsError::NoEntry => f.write_str("no such file or directory"),
            FsError::Stale => f.write_str("replaced by a newer one"),
            FsError::NotDirectory => f.write_str("not a directory"),
            FsError::NameTooLong => f.write_str("the name is longer than 255 bytes"),
            FsError::IsDirectory => f.write_str("is a directory"),
            FsError::ReadOnly => f.write_str("read-only"),
            FsError::BadHandle => f.write_str("unknown file handle"),
            FsError::CrossFolder => f.write_str("in different folders"),
            FsError::NoAccess => f.write_str("the table may not be read by who asks"),
            FsError::NotPermitted => f.write_str("only files can be made here"),
            FsError::NoAttributes => f.write_str("no extended attributes"),
            FsError::Staging(e) => write!(f, "{e:?}"),
            FsError::Engine(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for FsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_engine() {
        let io = |code| Error::io(std::io::Error::from_raw_os_error(code), "x");
        for (error, errno) in [
            (Error::corrupt("c"), libc::EIO),
            (Error::unsupported("u"), libc::EIO),
            (Error::schema("s"), libc::EIO),
            (io(libc::ENOENT), libc::EIO),
            (io(libc::EMFILE), libc::EMFILE),
            (io(libc::EINVAL), libc::EIO),
            (Error::invalid("i"), libc::EINVAL),
        ] {
            assert_eq!(FsError::from(error).errno(), errno);
        }
    }
}
