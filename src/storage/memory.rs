//! Bytes in memory: tests, and platforms that hand files over as buffers.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::ReadAt;
use super::output::{Folder, Output};
use crate::error::{Error, Result};

/// A file in memory.
#[derive(Debug, Clone, Default)]
pub struct MemorySource(pub Vec<u8>);

impl ReadAt for MemorySource {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let n = buf.len().min(self.0.len() - start);
        buf[..n].copy_from_slice(&self.0[start..start + n]);
        Ok(n)
    }
}

/// A folder whose files are in memory. Clones are the same folder.
#[derive(Clone, Default)]
pub struct MemoryFolder(Arc<Mutex<BTreeMap<String, File>>>);

type File = Arc<Mutex<Vec<u8>>>;

impl MemoryFolder {
    /// What is in a file.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().get(name).map(|file| file.lock().clone())
    }
}

struct MemoryOutput(File);

impl Output for MemoryOutput {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.lock().extend_from_slice(bytes);
        Ok(())
    }

    fn len(&self) -> u64 {
        self.0.lock().len() as u64
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}

fn missing(name: &str) -> Error {
    Error::io(io::ErrorKind::NotFound.into(), name)
}

fn taken(name: &str) -> Error {
    Error::io(io::ErrorKind::AlreadyExists.into(), name)
}

impl Folder for MemoryFolder {
    fn path(&self) -> &Path {
        Path::new("")
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        let mut files = self.0.lock();
        if files.contains_key(name) {
            return Err(taken(name));
        }
        let file = File::default();
        files.insert(name.to_owned(), file.clone());
        Ok(Box::new(MemoryOutput(file)))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut files = self.0.lock();
        if files.contains_key(to) {
            return Err(taken(to));
        }
        let file = files.remove(from).ok_or_else(|| missing(from))?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.lock().remove(name).map(|_| ()).ok_or_else(|| missing(name))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        Ok(self.0.lock().contains_key(name))
    }

    fn list(&self) -> Result<Vec<String>> {
        Ok(self.0.lock().keys().cloned().collect())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
