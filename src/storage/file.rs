//! Files of the operating system.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, fsync, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;

use super::ReadAt;
use super::manner::Manner;
use super::output::{Disk, Folder, Output};
use super::{directory, links};
use crate::error::{Error, Result};

/// An open file. It stays readable when the name is deleted.
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Follows no link, and waits for nobody: what is in the place of a file may be a pipe.
    pub fn open(path: &Path) -> Result<Self> {
        open_with_length(path).map(|(file, len)| FileSource { file, len })
    }
}

/// Opens a file for reading. See [`FileSource::open`].
pub fn open_plain(path: &Path) -> Result<File> {
    open_with_length(path).map(|(file, _)| file)
}

fn open_with_length(path: &Path) -> Result<(File, u64)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(links::open(path, flags, Mode::empty())?);
    let metadata = file.metadata().map_err(|e| Error::io(e, path))?;
    if !metadata.is_file() {
        return Err(Error::invalid("not a regular file").in_file(path));
    }
    Ok((file, metadata.len()))
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

/// A file without a name, to be written and read: nothing is left of it when it is closed.
pub fn unnamed_file(folder: &Path) -> Result<File> {
    match links::open(folder, OFlags::RDWR | OFlags::TMPFILE, Mode::RUSR | Mode::WUSR) {
        Err(e)
            if matches!(
                e.os_error().map(Errno::from_raw_os_error),
                Some(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL)
            ) => {}
        file => return file.map(File::from),
    }
    without_its_name(folder)
}

/// For file systems on which every file begins with a name.
fn without_its_name(folder: &Path) -> Result<File> {
    let folder_of = FileFolder::new(folder);
    let mut number = 0;
    loop {
        let name = format!("spool-{number}");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        match links::open_in(folder_of.folder()?, &name, flags, Mode::RUSR | Mode::WUSR) {
            Err(Errno::EXIST) => number += 1,
            file => {
                let file = file.map_err(|e| Error::io(e.into(), folder.join(&name)))?;
                folder_of.remove(&name)?;
                return Ok(File::from(file));
            }
        }
    }
}

/// A folder of the operating system, which exists. It is opened once: whatever gets its name later is another.
pub struct FileFolder {
    path: PathBuf,
    opened: OnceLock<(OwnedFd, Manner)>,
}

impl FileFolder {
    /// Files below the path, which has to be there when they are made.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        FileFolder { path: path.into(), opened: OnceLock::new() }
    }

    fn opened(&self) -> Result<&(OwnedFd, Manner)> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let folder = links::open_folder(&self.path)?;
        let manner = Manner::of(&folder).map_err(|e| Error::io(e.into(), &self.path))?;
        Ok(self.opened.get_or_init(|| (folder, manner)))
    }

    fn folder(&self) -> Result<&OwnedFd> {
        Ok(&self.opened()?.0)
    }

    fn failed(&self, name: &str) -> impl FnOnce(Errno) -> Error {
        let path = self.path.join(name);
        move |errno| Error::io(errno.into(), path)
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
        &self.path
    }

    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        let (folder, manner) = self.opened()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = links::open_in(folder, name, flags, Mode::RUSR | Mode::WUSR).map_err(self.failed(name))?;
        manner.give(&file).map_err(self.failed(name))?;
        Ok(Box::new(FileOutput { file: File::from(file), path: self.path.join(name), len: 0 }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let folder = self.folder()?;
        let renamed = match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            // A file system that can't see to it.
            Err(Errno::INVAL | Errno::NOSYS) if self.exists(to)? => Err(Errno::EXIST),
            Err(Errno::INVAL | Errno::NOSYS) => renameat(folder, from, folder, to),
            renamed => renamed,
        };
        renamed.map_err(self.failed(to))
    }

    fn remove(&self, name: &str) -> Result<()> {
        unlinkat(self.folder()?, name, AtFlags::empty()).map_err(self.failed(name))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        match statat(self.folder()?, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(self.failed(name)(e)),
        }
    }

    fn list(&self) -> Result<Vec<String>> {
        let entries = directory::entries(self.folder()?).map_err(|e| Error::io(e.into(), &self.path))?;
        Ok(entries.into_iter().filter(|e| !e.is_dir).map(|e| e.name).collect())
    }

    fn sync(&self) -> Result<()> {
        fsync(self.folder()?).map_err(|e| Error::io(e.into(), &self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Seek, Write};

    use super::*;
    use crate::storage::OwnFolder;

    #[test]
    fn files_without_names_leave_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("spool-0"), "another's").unwrap();
        for make in [unnamed_file, without_its_name] {
            let mut file = make(dir.path()).unwrap();
            file.write_all(b"text").unwrap();
            file.rewind().unwrap();
            let mut read = String::new();
            file.read_to_string(&mut read).unwrap();
            assert_eq!(read, "text");
            let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, ["spool-0"]);
        }
        assert_eq!(fs::read_to_string(dir.path().join("spool-0")).unwrap(), "another's");
        assert!(without_its_name(&dir.path().join("not there")).is_err());
    }
    #[test]
    fn what_the_system_refuses_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert!(FileFolder::new(dir.path()).exists(&"x".repeat(300)).is_err());
        assert!(OwnFolder::make(Path::new("/proc/sstablefs")).is_err(), "the kernel's");
        let path = dir.path().join("own");
        let own = OwnFolder::make(&path).unwrap();
        fs::create_dir(path.join("folder")).unwrap();
        assert!(own.open_or_make("folder").is_err());
        fs::remove_dir_all(&path).unwrap();
        assert!(own.open_or_make("file").unwrap().is_none(), "removed by another process");
        // Paths may begin where the program runs.
        assert!(FileSource::open(Path::new("Cargo.toml")).is_ok());
    }
}
