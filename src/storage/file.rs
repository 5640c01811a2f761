//! Files of the operating system.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::ReadAt;
use crate::error::{Error, Result};

/// An open file. It stays readable when the name is deleted.
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(e, path))?;
        let metadata = file.metadata().map_err(|e| Error::io(e, path))?;
        if !metadata.is_file() {
            return Err(Error::invalid("not a regular file").in_file(path));
        }
        Ok(FileSource { file, len: metadata.len() })
    }
}

impl ReadAt for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buf, offset) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                other => return other,
            }
        }
    }
}
