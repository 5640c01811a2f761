//! Files that are written: made under a name, appended to, synced, renamed into place. Behind two small traits, so that
//! tests can make any of these steps fail and a platform without files can supply its own.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;

/// A file that is being written, from its beginning to its end.
pub trait Output: Send {
    /// Writes behind what is there.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// Bytes appended so far.
    fn len(&self) -> u64;

    /// Whether nothing was appended.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns when all that was appended would survive a crash.
    fn sync(&mut self) -> Result<()>;
}

/// A folder in which files are made. Names are those of files right in it.
pub trait Folder: Send + Sync {
    /// For messages, and to open for reading what was written.
    fn path(&self) -> &Path;

    /// Makes an empty file; an error when there is one of that name.
    fn create(&self, name: &str) -> Result<Box<dyn Output>>;

    /// An error when `to` exists. Survives a crash only after [`Folder::sync`].
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// An error when there is no such file.
    fn remove(&self, name: &str) -> Result<()>;

    /// Whether there is a file of the name.
    fn exists(&self, name: &str) -> Result<bool>;

    /// Names of the files, in order.
    fn list(&self) -> Result<Vec<String>>;

    /// Returns when the names as they are now would survive a crash.
    fn sync(&self) -> Result<()>;
}

/// Where folders are.
pub trait Disk: Send + Sync {
    /// A folder that exists.
    fn folder(&self, path: &Path) -> Arc<dyn Folder>;
}

/// Collects small writes: encoders append to one reused buffer, which goes to the output when it is large enough.
pub struct Buffered {
    output: Box<dyn Output>,
    buffer: Vec<u8>,
}

/// Length from which on the buffer is passed on.
const FULL: usize = 64 << 10;

impl Buffered {
    /// In front of an output that nothing was appended to.
    pub fn new(output: Box<dyn Output>) -> Self {
        Buffered { output, buffer: Vec::new() }
    }

    /// Where the next byte will stand.
    #[inline]
    pub fn position(&self) -> u64 {
        self.output.len() + self.buffer.len() as u64
    }

    /// To append to, and nothing else; then call [`Buffered::pass_on`].
    #[inline]
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer when it is full.
    #[inline]
    pub fn pass_on(&mut self) -> Result<()> {
        if self.buffer.len() < FULL { Ok(()) } else { self.flush() }
    }

    /// Keeps bytes for later, or passes on what has come together.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.pass_on()
    }

    /// Passes on what was kept. It is not yet safe from a crash.
    pub fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.output.append(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes what is left and syncs; how many bytes it came to. Only then are they safe from a crash.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.output.sync()?;
        Ok(self.output.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FileFolder, MemoryFolder};

    fn try_out(folder: &dyn Folder) {
        let mut file = folder.create("b.tmp").unwrap();
        file.append(b"one ").unwrap();
        file.append(b"two").unwrap();
        file.sync().unwrap();
        assert_eq!(file.len(), 7);
        assert!(folder.create("b.tmp").is_err(), "made twice");
        folder.create("a").unwrap();
        assert!(folder.rename("b.tmp", "a").is_err(), "renamed over a file");
        folder.rename("b.tmp", "b").unwrap();
        assert_eq!(folder.list().unwrap(), ["a", "b"]);
        assert!(folder.exists("b").unwrap() && !folder.exists("b.tmp").unwrap());
        folder.remove("a").unwrap();
        assert!(folder.remove("a").is_err());
        folder.sync().unwrap();
        assert_eq!(folder.list().unwrap(), ["b"]);
        let mut file = Buffered::new(folder.create("c").unwrap());
        for i in 0..100_000u32 {
            assert_eq!(file.position(), u64::from(i) * 4);
            file.buffer().extend_from_slice(&i.to_be_bytes());
            file.pass_on().unwrap();
        }
        assert_eq!(file.finish().unwrap(), 400_000);
    }

    #[test]
    fn folders_of_files_and_of_memory_do_the_same() {
        let dir = tempfile::tempdir().unwrap();
        try_out(&FileFolder::new(dir.path()));
        assert_eq!(std::fs::read(dir.path().join("b")).unwrap(), b"one two");
        let memory = MemoryFolder::default();
        try_out(&memory);
        assert_eq!(memory.bytes("b").unwrap(), b"one two");
        assert_eq!(memory.bytes("c").unwrap(), std::fs::read(dir.path().join("c")).unwrap());
    }
}
