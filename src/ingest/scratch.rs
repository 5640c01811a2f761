//! Files that need not survive a crash.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::storage::{Folder, Output};

/// A folder of files in which nothing is synced.
pub(super) struct Unsynced(pub(super) Arc<dyn Folder>);

struct UnsyncedOutput(Box<dyn Output>);

impl Folder for Unsynced {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        Ok(Box::new(UnsyncedOutput(self.0.create(name)?)))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name)
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.0.exists(name)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.0.list()
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

impl Output for UnsyncedOutput {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.append(bytes)
    }

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}
