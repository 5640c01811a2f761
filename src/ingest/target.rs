//! Where a table's new SSTables go, in which version, and what they are called.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::sstable::{Descriptor, SstableId, Version};
use crate::storage::directory;
use crate::storage::processes::{self, Server};
use crate::table::TableStore;

/// What the user says of it.
#[derive(Debug, Clone, Default)]
pub struct TargetOptions {
    /// A folder in which KEYSPACE/TABLE is made, instead of the table's own.
    pub out: Option<PathBuf>,
    /// Instead of the version of the table's newest SSTable.
    pub version: Option<Version>,
}

/// A folder for new SSTables of a table.
#[derive(Debug)]
pub struct Target {
    folder: PathBuf,
    version: Version,
    /// Folders whose ids are taken.
    taken: Vec<PathBuf>,
    last: Option<SstableId>,
}

impl Target {
    /// Where new SSTables of a table go. [`Kind::Invalid`](crate::Kind::Invalid) where nothing may be written without
    /// `options.out`: a server has the data directory open, or it is a snapshot, a backup or a single SSTable.
    pub fn of(store: &TableStore, options: &TargetOptions) -> Result<Target> {
        let dirs = &store.dirs().dirs;
        let mut taken: Vec<PathBuf> = dirs.iter().map(|d| d.path.clone()).collect();
        let newest = store.view()?.sstables().iter().map(|s| s.descriptor().clone()).max_by_key(|d| d.id);
        let version = options.version.unwrap_or_else(|| writable(newest.map(|d| d.version)));
        let folder = match &options.out {
            Some(out) => {
                let folder = out.join(store.keyspace()).join(store.name());
                fs::create_dir_all(&folder).map_err(|e| Error::io(e, &folder))?;
                let (folder, out) = (directory::canonical(&folder)?, directory::canonical(out)?);
                if !folder.starts_with(&out) {
                    return Err(
                        Error::invalid(format!("a symbolic link leads out of {}", out.display())).in_file(folder)
                    );
                }
                taken.push(folder.clone());
                folder
            }
            None => {
                let Some(own) = dirs.iter().find(|d| !d.copy && d.only.is_none()) else {
                    return Err(Error::invalid(
                        "what is shown of the table is a snapshot, a backup or a single SSTable, to which nothing is \
                         added: say with --out where new SSTables are to go",
                    ));
                };
                for dir in dirs {
                    refuse_server(dir.data_dir.as_deref().unwrap_or(&dir.path))?;
                }
                own.path.clone()
            }
        };
        Ok(Target { folder, version, taken, last: None })
    }

    /// The folder that the SSTables get their names in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version that is written.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The name of the next SSTable: no file in the table's folders has its id.
    pub fn next_descriptor(&mut self) -> Result<Descriptor> {
        let (mut largest, mut uuids) = (0, false);
        for folder in &self.taken {
            for entry in directory::list(folder)? {
                // Temporary files and transaction logs hold ids, too.
                for part in entry.name.split(['-', '_', '.', '~']) {
                    if let Ok(number) = part.parse::<u32>() {
                        largest = largest.max(number.min(i32::MAX as u32));
                    }
                }
                let id = entry.name.split('-').nth(1).and_then(SstableId::parse);
                uuids |= entry.name.ends_with(".db") && matches!(id, Some(SstableId::Uuid { .. }));
            }
        }
        let id = match (uuids, self.last) {
            (true, last) => new_uuid(last),
            (false, Some(SstableId::Sequence(last))) => SstableId::Sequence(largest.max(last) + 1),
            (false, _) => SstableId::Sequence(largest + 1),
        };
        if matches!(id, SstableId::Sequence(n) if n > i32::MAX as u32) {
            return Err(Error::invalid("the numbers for SSTables of this table are used up").in_file(&self.folder));
        }
        self.last = Some(id);
        Ok(Descriptor { dir: self.folder.clone(), version: self.version, id })
    }
}

/// The version to write beside SSTables of `newest`.
fn writable(newest: Option<Version>) -> Version {
    match newest {
        None => Version::OA,
        Some(version) if version.is_bti() => Version::DA,
        Some(version) if version.has_uint_deletion_time() => Version::OA,
        Some(_) => Version::NB,
    }
}

fn refuse_server(data: &Path) -> Result<()> {
    let what = match processes::cassandra_of(data)? {
        Server::None => return Ok(()),
        Server::Has(id) => format!("Cassandra (process {id}) has this directory open"),
        Server::Hidden(id) => {
            format!("Cassandra runs (process {id}), and it can't be seen whether it has this directory open")
        }
    };
    Err(Error::invalid(format!(
        "{what}: say with --out where new SSTables are to go, and load them with nodetool import"
    ))
    .in_file(data))
}

/// From 1582-10-15 to 1970-01-01, in steps of 100 ns.
const GREGORIAN: u64 = 0x01B2_1DD2_1381_4000;

/// A time UUID (version 1) of now, behind `last`.
fn new_uuid(last: Option<SstableId>) -> SstableId {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let mut timestamp = (now.as_nanos() / 100) as u64 + GREGORIAN;
    if let Some(SstableId::Uuid { timestamp: before, .. }) = last {
        timestamp = timestamp.max(before + 1);
    }
    // The variant's two bits, then a random clock sequence and node with the multicast bit, as RFC 4122 says for those.
    let random = u64::from_ne_bytes(random());
    let low = 1 << 63 | (random & 0x3fff_ffff_ffff_ffff) | 0x0000_0100_0000_0000;
    SstableId::Uuid { timestamp: timestamp & 0x0fff_ffff_ffff_ffff, low }
}

fn random() -> [u8; 8] {
    use std::hash::{BuildHasher, RandomState};
    // Keys of the hasher are from the system's random source.
    RandomState::new().hash_one(std::process::id()).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(folder: &Path) -> Target {
        Target { folder: folder.to_owned(), version: Version::OA, taken: vec![folder.to_owned()], last: None }
    }

    #[test]
    fn ids_are_of_the_kind_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut target = target(dir.path());
        assert_eq!(target.next_descriptor().unwrap().to_string(), "oa-1-big");
        assert_eq!(target.next_descriptor().unwrap().to_string(), "oa-2-big");
        fs::write(dir.path().join("nb-7-big-Data.db"), "").unwrap();
        fs::write(dir.path().join("nb-9-big-Index.db.tmp"), "").unwrap();
        assert_eq!(target.next_descriptor().unwrap().to_string(), "oa-10-big");
        fs::write(dir.path().join("oa-3gv1_1fwu_0bqk02cqmpo85tyrtm-big-Data.db"), "").unwrap();
        let (a, b) = (target.next_descriptor().unwrap(), target.next_descriptor().unwrap());
        assert!(matches!((a.id, b.id), (SstableId::Uuid { .. }, SstableId::Uuid { .. })) && a.id < b.id);
        assert_eq!(SstableId::parse(&a.id.to_string()), Some(a.id));
        let SstableId::Uuid { timestamp, .. } = a.id else { unreachable!() };
        let seconds = (timestamp - GREGORIAN) / 10_000_000;
        assert!(seconds > 1_700_000_000, "{seconds}");
    }
}
