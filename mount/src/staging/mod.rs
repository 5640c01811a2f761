//! The staging folders: files that are written into them are taken up as changes of the table.
//!
//! ```text
//!                write                        close, or rename to a plain name
//!   (no file) ----------> file in the folder ----------------------------------> taken up: gone from the folder
//!                                 ^                         |
//!                                 `-------------------------+ bad: stays, NAME.errors beside it, EINVAL
//! ```
//! What a file holds lies in a spool file without a name beside the table's journal, so that nothing is left of it when
//! the process dies, and no file is too large. [`Intake`] makes changes of it.
//!
//! A close is seen as a flush, which comes for each duplicate of a descriptor: `closing` decides what one means.
//! Names here are looked up anew each time, and files are read and written around the page cache, so that the kernel has
//! nothing that could be old.

mod closing;
mod descriptors;
mod file;
mod flusher;
mod folder;
mod log;
pub mod memory;
mod name;
mod nodes;
mod report;
mod rooms;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use sstablefs::{Error, Kind};
pub use sstablefs_render::parse::InputError;

pub use crate::access::Permissions;
use crate::path::TableName;

pub use folder::Changed;
pub use nodes::is_staged;
pub use rooms::{Set, Staging};

/// Why a text was not taken up. Nothing was changed by it.
#[derive(Debug)]
pub enum Refusal {
    /// It is wrong.
    Input(Vec<InputError>),
    /// It could not be taken up, though it may be right.
    Failed(Error),
}

/// What a text was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows that were written.
    pub rows: u64,
    /// Of partitions and ranges.
    pub deletions: u64,
    /// Its number; what is taken up later has a larger one.
    pub lot: u64,
    /// SSTables of the table that were written for it at once, so that nothing is left to flush.
    pub sstables: Vec<String>,
}

/// What a flush made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// The largest number of a lot that is in it.
    pub up_to: u64,
    /// The paths of their Data.db.
    pub sstables: Vec<String>,
}

/// Takes changes up for a table.
pub trait Intake: Send + Sync {
    /// A new file without a name, for bytes that are being written.
    fn spool(&self) -> sstablefs::Result<File>;

    /// All of the text or nothing. What is taken up survives a crash, and every read shows it, when this returns.
    fn take_up(&self, name: &str, text: &mut dyn Read) -> Result<Taken, Refusal>;

    /// Makes SSTables of the table of what was taken up so far.
    fn flush(&self) -> sstablefs::Result<Flushed>;

    /// Whether there is something to flush.
    fn is_pending(&self) -> bool;

    /// Whether there is so much that it should not wait.
    fn is_full(&self) -> bool;
}

/// Why a table takes nothing up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What stands in the way, and what to do.
    pub reason: String,
    /// The number that the system call gives.
    pub errno: i32,
}

/// The tables that can take something up.
pub trait Intakes: Send + Sync {
    /// Why the table takes nothing up, as far as it can be told without touching anything.
    fn refused(&self, table: &TableName) -> Option<Refused>;

    /// What takes changes up for a table, made when it is first needed.
    fn open(&self, table: &TableName) -> Result<Arc<dyn Intake>, Refused>;

    /// The folder whose permissions and free space count.
    fn folder(&self, table: &TableName) -> Option<PathBuf>;

    /// Tables for which something was taken up before, and not made into SSTables.
    fn unfinished(&self) -> Vec<TableName>;
}

/// What stat shows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// The number of the inode.
    pub ino: u64,
    /// In bytes.
    pub size: u64,
    /// `None`: sstablefs made it, and it shows what the table shows.
    pub permissions: Option<Permissions>,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Why something in a staging folder can't be done.
#[derive(Debug)]
pub enum StagingError {
    /// No such name.
    NoEntry,
    /// There is one of this name.
    Exists,
    /// What is asked for can't be done here.
    NotPermitted,
    /// Files that sstablefs writes itself.
    NoAccess,
    /// The text is wrong; see the file of its errors.
    BadInput,
    /// What is asked for makes no sense.
    Invalid,
    /// A handle or inode that was never given out.
    BadHandle,
    /// The table takes nothing up.
    Refused(Refused),
    /// The number that the system gave.
    System(i32),
}

impl StagingError {
    /// The number that the system call gives.
    pub fn errno(&self) -> i32 {
        match self {
            StagingError::NoEntry => libc::ENOENT,
            StagingError::Exists => libc::EEXIST,
            StagingError::NotPermitted => libc::EPERM,
            StagingError::NoAccess => libc::EACCES,
            StagingError::BadInput | StagingError::Invalid => libc::EINVAL,
            StagingError::BadHandle => libc::EBADF,
            StagingError::Refused(refused) => refused.errno,
            StagingError::System(errno) => *errno,
        }
    }
}

impl From<Refused> for StagingError {
    fn from(refused: Refused) -> Self {
        StagingError::Refused(refused)
    }
}

impl From<std::io::Error> for StagingError {
    fn from(e: std::io::Error) -> Self {
        StagingError::System(e.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<&Error> for StagingError {
    /// What the system said while something was written means the same to the one who writes.
    fn from(e: &Error) -> Self {
        StagingError::System(match (e.os_error(), e.kind()) {
            (Some(errno), _) => errno,
            (None, Kind::Busy) => libc::EBUSY,
            (None, Kind::Invalid) => libc::EINVAL,
            (None, _) => libc::EIO,
        })
    }
}
