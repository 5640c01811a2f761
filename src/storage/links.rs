//! Opens what a path names without following a symbolic link, so that nothing that is put into a directory leads out of it.
//!
//! Absolute paths are those of DATA, which were made free of links when they were given: what is a link in one now was put
//! there since. A relative path is the user's own way to a file; only its end is looked at.

use std::path::{Component, Path};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// What is said of a link that is not followed.
pub const REFUSED: &str = "is a symbolic link, and none is followed: name what it leads to as DATA, too";

pub(super) fn open(path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    try_open(path, flags | OFlags::CLOEXEC, mode).map_err(|e| explain(e, path))
}

pub(super) fn open_folder(path: &Path) -> Result<OwnedFd> {
    open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

/// In a folder that is open.
pub(super) fn open_in(folder: &OwnedFd, name: &str, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    openat(folder, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode)
}

fn try_open(path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    if path.is_relative() {
        return openat(CWD, path, flags | OFlags::NOFOLLOW, mode);
    }
    loop {
        match openat2(CWD, path, flags, mode, ResolveFlags::NO_SYMLINKS) {
            Err(Errno::INTR) => {}
            // Older than Linux 5.6, or hidden from a container.
            Err(Errno::NOSYS | Errno::PERM) => return walk(path, flags, mode),
            result => return result,
        }
    }
}

/// Component by component.
fn walk(path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    let way = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = openat(CWD, "/", way, Mode::empty())?;
    let mut components = path.components().filter(|c| !matches!(c, Component::RootDir | Component::CurDir)).peekable();
    while let Some(component) = components.next() {
        if components.peek().is_none() {
            return openat(&at, component.as_os_str(), flags | OFlags::NOFOLLOW, mode);
        }
        at = openat(&at, component.as_os_str(), way, Mode::empty())?;
    }
    openat(CWD, "/", flags, mode)
}

fn explain(errno: Errno, path: &Path) -> Error {
    // A link in the place of a folder is no folder.
    let leads = || path.ancestors().any(|p| p.symlink_metadata().is_ok_and(|m| m.is_symlink()));
    match errno {
        Errno::LOOP => Error::unsupported(REFUSED).in_file(path),
        Errno::NOTDIR if leads() => Error::unsupported(REFUSED).in_file(path),
        _ => Error::io(errno.into(), path),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_is_followed_whatever_the_kernel_can() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/table")).unwrap();
        fs::create_dir(root.join("outside")).unwrap();
        fs::write(root.join("data/table/a"), "inside").unwrap();
        fs::write(root.join("outside/a"), "outside").unwrap();
        symlink(root.join("outside"), root.join("data/link")).unwrap();
        symlink(root.join("data/table"), root.join("data/within")).unwrap();
        symlink("a", root.join("data/table/b")).unwrap();
        symlink("../../outside/a", root.join("data/table/c")).unwrap();
        let openers = [try_open, walk];
        for (way, open) in openers.into_iter().enumerate() {
            let read = |path: &str| {
                let opened = open(&root.join(path), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
                let mut text = String::new();
                opened
                    .map(|fd| fs::File::from(fd).read_to_string(&mut text))
                    .map(|_| text)
                    .map_err(|e| explain(e, &root.join(path)))
            };
            assert_eq!(read("data/table/a").unwrap(), "inside");
            for path in ["data/link/a", "data/within/a", "data/table/b", "data/table/c", "data/link", "data/link/"] {
                let error = read(path).unwrap_err();
                assert!(error.message() == REFUSED, "{path} in way {way}: {error}");
            }
            assert_eq!(read("data/none").unwrap_err().kind(), crate::Kind::NotFound);
        }
    }
}
