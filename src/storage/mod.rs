//! Access to files: positioned reads and appending writes behind small traits, so that tests can damage what is read,
//! fail what is written, and a platform without files can supply its own.

pub mod directory;
mod file;
mod links;
mod manner;
mod memory;
mod output;
mod own_folder;
pub mod processes;

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;

pub use file::{FileDisk, FileFolder, FileSource, open_plain, unnamed_file};
pub use memory::{MemoryFolder, MemorySource};
pub use output::{Buffered, Disk, Folder, Output};
pub use own_folder::OwnFolder;

/// Bytes that can be read at any position. Implementations are shared between threads.
pub trait ReadAt: Send + Sync {
    /// Length in bytes when it was opened.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads up to `buf.len()` bytes at `offset`; fewer only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Reads exactly `buf.len()` bytes.
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    buf = &mut buf[n..];
                    offset += n as u64;
                }
            }
        }
        Ok(())
    }
}

/// Bytes that are read by position, shared by all who read them.
pub type Source = Arc<dyn ReadAt>;

/// How a file is opened by its path.
pub type Open<'a> = &'a dyn Fn(&Path) -> Result<Source>;

/// Opens a file of this system.
pub fn open_file(path: &Path) -> Result<Source> {
    Ok(Arc::new(FileSource::open(path)?))
}

/// The whole of a source that is known to be small; `limit` bounds the memory that a hostile file can ask for.
pub fn read_all(source: &dyn ReadAt, limit: u64) -> io::Result<Vec<u8>> {
    if source.len() > limit {
        return Err(io::Error::other(format!("{} bytes long, more than the {limit} that are read", source.len())));
    }
    let mut data = vec![0; source.len() as usize];
    source.read_exact_at(&mut data, 0)?;
    Ok(data)
}
