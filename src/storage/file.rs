//! Files of the operating system.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ReadAt;
use super::directory;
use super::output::{Disk, Folder, Output};
use crate::error::{Error, Result};

/// An open file. It stays readable when the name is deleted.
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens a regular file; anything else is [`Kind::Invalid`](crate::Kind::Invalid).
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

/// A folder of the operating system, which exists.
pub struct FileFolder(PathBuf);

impl FileFolder {
    /// Files below the path, which has to be there when they are made.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        FileFolder(path.into())
    }
}

/// The folders of the operating system.
pub struct FileDisk;

impl Disk for FileDisk {
    fn folder(&self, path: &Path) -> Arc<dyn Folder> {
        Arc::new(FileFolder::new(path))
    }
}

struct FileOutput {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Output for FileOutput {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| Error::io(e, &self.path))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::io(e, &self.path))
    }
}

impl Folder for FileFolder {
    fn path(&self) -> &Path {
        &self.0
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        let path = self.0.join(name);
        let file = File::create_new(&path).map_err(|e| Error::io(e, &path))?;
        Ok(Box::new(FileOutput { file, path, len: 0 }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let path = self.0.join(to);
        if self.exists(to)? {
            return Err(Error::io(io::ErrorKind::AlreadyExists.into(), path));
        }
        fs::rename(self.0.join(from), &path).map_err(|e| Error::io(e, path))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        fs::remove_file(&path).map_err(|e| Error::io(e, path))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        let path = self.0.join(name);
        match path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io(e, path)),
        }
    }

    fn list(&self) -> Result<Vec<String>> {
        Ok(directory::list(&self.0)?.into_iter().filter(|e| !e.is_dir).map(|e| e.name).collect())
    }

    fn sync(&self) -> Result<()> {
        File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(|e| Error::io(e, &self.0))
    }
}
