//! Whether a mount can stand where it was asked for, said before anything is mounted.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sstablefs::{Error, Result};

/// Checks the mount point and gives its full path. `data` are full paths.
pub(super) fn check(mountpoint: &Path, data: &[PathBuf]) -> Result<PathBuf> {
    let refuse = |text: String| Error::invalid(text).in_file(mountpoint);
    let metadata = fs::metadata(mountpoint).map_err(|e| match e.raw_os_error() {
        Some(libc::ENOENT) => refuse("the mount point does not exist: create the directory first".into()),
        Some(libc::ENOTCONN) => refuse(format!(
            "a mount stands here whose process has died: remove it with `fusermount3 -u {}`",
            mountpoint.display()
        )),
        Some(_) | None => Error::io(e, mountpoint).context("the mount point can't be used"),
    })?;
    if !metadata.is_dir() {
        return Err(refuse("the mount point is not a directory".into()));
    }
    let full = fs::canonicalize(mountpoint).map_err(|e| Error::io(e, mountpoint))?;
    if let Some(inside) = data.iter().find(|d| full.starts_with(d)) {
        return Err(refuse(format!("the mount point lies inside the data that it would show ({})", inside.display())));
    }
    if let Some(parent) = full.parent() {
        let parent = fs::metadata(parent).map_err(|e| Error::io(e, parent))?;
        if parent.dev() != metadata.dev() && is_fuse(&full) {
            return Err(refuse(format!(
                "something is mounted here already: remove it with `fusermount3 -u {}`",
                mountpoint.display()
            )));
        }
    }
    let mut entries = fs::read_dir(&full).map_err(|e| Error::io(e, &full))?;
    if entries.next().is_some() {
        return Err(refuse("the mount point is not empty: its files would be hidden".into()));
    }
    Ok(full)
}

/// Whether a FUSE file system stands exactly here. An empty volume of another kind is a good mount point.
fn is_fuse(full: &Path) -> bool {
    let mounts = fs::read("/proc/self/mounts").unwrap_or_default();
    mounts.split(|b| *b == b'\n').any(|line| {
        let mut fields = line.split(|b| *b == b' ');
        let at = fields.nth(1).map(unescape);
        let kind = fields.next().unwrap_or_default();
        kind.starts_with(b"fuse") && at.is_some_and(|at| at == full.as_os_str().as_encoded_bytes())
    })
}

/// Blanks and backslashes are written as three octal digits there.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, 8).ok());
        match (byte, octal) {
            (b'\\', Some(value)) => {
                out.push(value);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

/// What to do about a mount that the system refused.
pub(super) fn explain(error: io::Error, mountpoint: &Path) -> Error {
    let device = Path::new("/dev/fuse");
    match fs::OpenOptions::new().read(true).write(true).open(device) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let help = "FUSE is not available: load the module (`modprobe fuse`), or start the container with \
                        `--device /dev/fuse --cap-add SYS_ADMIN`";
            return Error::invalid(help).in_file(device);
        }
        Err(e) => {
            let help = "FUSE can't be used: give this user access to the device";
            return Error::io(e, device).context(help);
        }
        Ok(_) => {}
    }
    if error.kind() == io::ErrorKind::NotFound {
        let help = "mounting needs root, or the program fusermount3, which is not there: install the package fuse3";
        return Error::invalid(help).in_file(mountpoint);
    }
    Error::io(io::Error::other(error.to_string().trim().to_owned()), mountpoint).context("the mount was refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("empty")).unwrap();
        fs::create_dir_all(path("full/x")).unwrap();
        fs::write(path("file"), "").unwrap();
        let data = [fs::canonicalize(path("full")).unwrap()];
        assert_eq!(check(&path("empty"), &data).unwrap(), fs::canonicalize(path("empty")).unwrap());
        for (name, data, words) in [
            ("none", &data[..], "does not exist"),
            ("file", &data, "not a directory"),
            ("full/x", &data, "inside the data"),
            ("full", &[], "not empty"),
        ] {
            let e = check(&path(name), data).unwrap_err();
            assert!(e.message().contains(words), "{name}: {e}");
            assert!(e.file().is_some());
        }
    }

    #[test]
    fn paths_in_the_table_of_mounts() {
        assert_eq!(unescape(b"/a\\040b\\134c"), b"/a b\\c");
        assert_eq!(unescape(b"/a\\"), b"/a\\");
    }
}
