//! Whether a Cassandra server has a folder open: files must not be put under its feet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::{Error, Result};

/// What is known of the servers on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// No server has the folder open.
    None,
    /// The process has files of the folder open.
    Has(u32),
    /// A process that is a server, of whose files nothing can be known.
    Hidden(u32),
}

/// What a server's command line names.
const CLASS: &[u8] = b"org.apache.cassandra.service.CassandraDaemon";

/// Looks for a server that has something below `folder` open or mapped. `folder` is absolute and without links.
/// Servers in other containers or on other machines are not seen. An error where there are too few descriptors to look.
pub fn cassandra_of(folder: &Path) -> Result<Server> {
    servers_below(Path::new("/proc"), folder)
}

fn servers_below(proc: &Path, folder: &Path) -> Result<Server> {
    let mut hidden = Server::None;
    let Some(processes) = looked(fs::read_dir(proc), proc)? else { return Ok(hidden) };
    for process in processes.flatten() {
        let Some(id) = process.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        let path = process.path();
        let line = path.join("cmdline");
        let line = looked(fs::read(&line), &line)?.unwrap_or_default();
        if !line.split(|&b| b == 0).any(|argument| argument == CLASS) {
            continue;
        }
        match has_open(&path, folder)? {
            Some(true) => return Ok(Server::Has(id)),
            Some(false) => {}
            // It may also have ended since.
            None if path.exists() => hidden = Server::Hidden(id),
            None => {}
        }
    }
    Ok(hidden)
}

/// `None` when a process has ended or does not let us look. What is lacking on our side must not count as that.
fn looked<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(e) => match Errno::from_io_error(&e) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => {
                Err(Error::io(e, path).context("looking for a Cassandra that runs here"))
            }
            _ => Ok(None),
        },
    }
}

fn has_open(process: &Path, folder: &Path) -> Result<Option<bool>> {
    let (files, maps) = (process.join("fd"), process.join("maps"));
    let Some(files) = looked(fs::read_dir(&files), &files)? else { return Ok(None) };
    let Some(maps) = looked(fs::read(&maps), &maps)? else { return Ok(None) };
    let open = files.flatten().filter_map(|f| fs::read_link(f.path()).ok()).any(|f| f.starts_with(folder));
    Ok(Some(open || maps.split(|&b| b == b'\n').filter_map(mapped_file).any(|f| f.starts_with(folder))))
}

/// The file of a line `start-end mode offset device inode   path`.
fn mapped_file(line: &[u8]) -> Option<PathBuf> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let start = line.iter().position(|&b| b == b'/')?;
    Some(PathBuf::from(OsStr::from_bytes(&line[start..])))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder that looks like /proc, with one process.
    fn process(line: &[u8], open: &str, maps: &str) -> tempfile::TempDir {
        let proc = tempfile::tempdir().unwrap();
        let process = proc.path().join("4711");
        fs::create_dir_all(process.join("fd")).unwrap();
        fs::write(process.join("cmdline"), line).unwrap();
        fs::write(process.join("maps"), maps).unwrap();
        symlink(open, process.join("fd/7")).unwrap();
        proc
    }

    #[test]
    fn a_server_is_known_by_what_it_has_open() {
        let folder = Path::new("/var/lib/cassandra/data");
        let java = [b"java\0-Xmx1G\0", CLASS, b"\0"].concat();
        let file = "/var/lib/cassandra/data/system/local-1/nb-1-big-Data.db";
        let map = format!("7f00-7f01 r--s 00000000 fd:00 1234    {file}\n");
        let look = |proc: tempfile::TempDir| servers_below(proc.path(), folder).unwrap();
        assert_eq!(look(process(&java, file, "")), Server::Has(4711));
        assert_eq!(look(process(&java, "/dev/null", &map)), Server::Has(4711));
        assert_eq!(look(process(&java, "/var/lib/cassandra/data2/x", "7f00-7f01 r-xp 0 0:0 0\n")), Server::None);
        assert_eq!(look(process(b"less\0file\0", file, &map)), Server::None);
        let blind = process(&java, file, &map);
        fs::remove_dir_all(blind.path().join("4711/fd")).unwrap();
        assert_eq!(look(blind), Server::Hidden(4711));
    }
}
