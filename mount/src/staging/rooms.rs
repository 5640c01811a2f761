//! All staging folders of a mount: what the kernel asks for by inode numbers and handles.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::closing::Closing;
use super::folder::{Changed, Folder, Shared};
use super::nodes::{Body, Node, Nodes, STAGED};
use super::{Attributes, Intakes, Permissions, StagingError, descriptors, flusher};
use crate::path::TableName;

/// What is to be set of a file's attributes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Set {
    /// Bytes: longer files are cut, shorter ones get zeros.
    pub size: Option<u64>,
    /// Permissions.
    pub mode: Option<u16>,
    /// The owner.
    pub uid: Option<u32>,
    /// The group.
    pub gid: Option<u32>,
    /// When it was last written.
    pub modified: Option<SystemTime>,
}

struct Handle {
    node: Arc<Node>,
    write: bool,
    /// What a file that sstablefs makes showed when it was opened.
    text: Option<String>,
}

/// The staging folders of all tables: what is in them, and who has it open.
pub struct Staging {
    shared: Arc<Shared>,
    folders: Mutex<HashMap<TableName, Arc<Folder>>>,
    handles: Mutex<HashMap<u64, Arc<Handle>>>,
    next_handle: AtomicU64,
    finishing: Mutex<()>,
}

impl Staging {
    /// Empty folders in front of what takes up.
    pub fn new(intakes: Arc<dyn Intakes>) -> Arc<Self> {
        let shared = Arc::new(Shared { intakes, nodes: Nodes::new(), changed: OnceLock::new() });
        let staging = Arc::new(Staging {
            shared,
            folders: Mutex::default(),
            handles: Mutex::default(),
            next_handle: AtomicU64::new(STAGED),
            finishing: Mutex::default(),
        });
        flusher::start(Arc::downgrade(&staging));
        staging
    }

    /// `changed` is told when what a table holds is different.
    pub fn connect(&self, changed: Changed) {
        self.shared.changed.get_or_init(|| changed);
    }

    /// Takes over what was taken up by an earlier process and is not in SSTables yet.
    pub fn recover(&self) {
        for table in self.shared.intakes.unfinished() {
            // Why not is in the log.
            let _ = self.folder(&table).intake_within(Duration::ZERO);
        }
    }

    /// Makes SSTables of all that was taken up, and takes nothing up any more. Returns when it is done, also when somebody
    /// else does it.
    pub fn finish(&self) {
        let _one = self.finishing.lock();
        let folders: Vec<_> = self.folders.lock().values().cloned().collect();
        folders.iter().for_each(|folder| folder.finish());
    }

    pub(super) fn flush_quiet(&self) {
        let folders: Vec<_> = self.folders.lock().values().cloned().collect();
        for folder in folders.iter().filter(|f| f.active.lock().elapsed() >= flusher::QUIET) {
            // Why not is in the log.
            let _ = folder.flush();
        }
    }

    fn folder(&self, table: &TableName) -> Arc<Folder> {
        let make = || Folder::new(table, &self.shared);
        self.folders.lock().entry(table.clone()).or_insert_with(make).clone()
    }

    fn node(&self, ino: u64) -> Result<Arc<Node>, StagingError> {
        self.shared.nodes.get(ino).ok_or(StagingError::NoEntry)
    }

    fn handle(&self, handle: u64) -> Result<Arc<Handle>, StagingError> {
        self.handles.lock().get(&handle).cloned().ok_or(StagingError::BadHandle)
    }

    /// The folder of the table itself, which decides who may write and how much room there is.
    pub fn table_folder(&self, table: &TableName) -> Option<PathBuf> {
        self.shared.intakes.folder(table)
    }

    /// What a name is; the kernel knows its inode from now on.
    pub fn lookup(&self, table: &TableName, name: &str) -> Result<Attributes, StagingError> {
        let node = self.folder(table).find(name).ok_or(StagingError::NoEntry)?;
        self.shared.nodes.look_up(&node);
        Ok(node.attributes())
    }

    /// The kernel drops `count` of the times that it looked the inode up.
    pub fn forget(&self, ino: u64, count: u64) {
        self.shared.nodes.forget(ino, count);
    }

    /// What stat shows of a file.
    pub fn attributes(&self, ino: u64) -> Result<Attributes, StagingError> {
        Ok(self.node(ino)?.attributes())
    }

    /// Names with their inode numbers.
    pub fn list(&self, table: &TableName) -> Vec<(String, u64)> {
        self.folder(table).list()
    }

    /// The inode of a name.
    pub fn number(&self, table: &TableName, name: &str) -> Option<u64> {
        Some(self.folder(table).find(name)?.ino)
    }

    /// The table in whose folder a file is.
    pub fn table_of(&self, ino: u64) -> Option<TableName> {
        Some(self.node(ino).ok()?.table.clone())
    }

    /// A new file, open for writing.
    pub fn create(
        &self,
        table: &TableName,
        name: &str,
        new: Permissions,
        exclusive: bool,
    ) -> Result<(Attributes, u64), StagingError> {
        let new = Permissions { mode: new.mode & 0o777, ..new };
        let node = self.folder(table).create(name, new, exclusive)?;
        if matches!(node.body, Body::Text(_) | Body::Log(_)) {
            return Err(StagingError::NoAccess);
        }
        self.shared.nodes.look_up(&node);
        Ok((node.attributes(), self.add_handle(node, true)))
    }

    /// Opens a file, for [`Self::release`] to close.
    pub fn open(&self, ino: u64, write: bool) -> Result<u64, StagingError> {
        let node = self.node(ino)?;
        match node.body {
            Body::Text(_) | Body::Log(_) if write => return Err(StagingError::NoAccess),
            Body::File(_) | Body::Text(_) | Body::Log(_) | Body::Flush => {}
        }
        Ok(self.add_handle(node, write))
    }

    fn add_handle(&self, node: Arc<Node>, write: bool) -> u64 {
        node.handles.fetch_add(1, Ordering::AcqRel);
        node.writers.fetch_add(u32::from(write), Ordering::AcqRel);
        let text = match &node.body {
            Body::Text(text) => Some(text.clone()),
            Body::Log(log) => Some(log.lock().text()),
            Body::File(_) | Body::Flush => None,
        };
        let handle = self.next_handle.fetch_add(1, Ordering::Relaxed);
        self.handles.lock().insert(handle, Arc::new(Handle { node, write, text }));
        handle
    }

    /// Hands up to `size` bytes from `offset` on to `sink`; fewer only at the end.
    pub fn read(&self, handle: u64, offset: u64, size: u32, sink: &mut dyn FnMut(&[u8])) -> Result<(), StagingError> {
        let handle = self.handle(handle)?;
        match (&handle.node.body, &handle.text) {
            (Body::File(file), _) => {
                let mut out = Vec::new();
                file.read(offset, size as usize, &mut out)?;
                sink(&out);
            }
            (_, Some(text)) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
                let end = start.saturating_add(size as usize).min(text.len());
                sink(&text.as_bytes()[start..end]);
            }
            (_, None) => sink(&[]),
        }
        Ok(())
    }

    /// Writes at `offset`, or at the end.
    pub fn write(&self, handle: u64, offset: Option<u64>, data: &[u8], owner: Option<u64>) -> Result<(), StagingError> {
        let handle = self.handle(handle)?;
        match &handle.node.body {
            Body::File(file) if handle.write => {
                file.write(offset, data, owner)?;
                handle.node.set_modified(SystemTime::now());
                Ok(())
            }
            Body::File(_) | Body::Text(_) | Body::Log(_) | Body::Flush => Err(StagingError::BadHandle),
        }
    }

    /// Changes attributes, and tells what they are then.
    pub fn set(&self, ino: u64, set: &Set) -> Result<Attributes, StagingError> {
        let node = self.node(ino)?;
        match &node.body {
            Body::File(file) => {
                if let Some(size) = set.size {
                    file.truncate(size, None)?;
                    node.set_modified(SystemTime::now());
                    if size == 0 {
                        self.folder(&node.table).was_emptied(&node);
                    }
                }
                node.change_permissions(|now| {
                    now.mode = set.mode.unwrap_or(now.mode);
                    (now.uid, now.gid) = (set.uid.unwrap_or(now.uid), set.gid.unwrap_or(now.gid));
                });
                if let Some(modified) = set.modified {
                    node.set_modified(modified);
                }
            }
            Body::Flush => {}
            Body::Text(_) | Body::Log(_) => return Err(StagingError::NoAccess),
        }
        Ok(node.attributes())
    }

    /// Whether [`Self::flush`] may take long.
    pub fn has_work(&self, handle: u64) -> bool {
        self.handle(handle).is_ok_and(|handle| handle.write && Folder::has_work(&handle.node))
    }

    /// A descriptor of `process` was closed. `owner`: the table of descriptors that it was in.
    pub fn flush(&self, handle: u64, owner: Option<u64>, process: u32) -> Result<(), StagingError> {
        let handle = self.handle(handle)?;
        if !handle.write {
            return Ok(());
        }
        let ino = handle.node.ino;
        let closing = Closing {
            owner,
            is_open_elsewhere: &|| descriptors::is_open_elsewhere(process, ino),
            is_killed: &|| descriptors::is_killed(process),
        };
        self.folder(&handle.node.table).at_flush(&handle.node, &closing)
    }

    /// Returns when what was taken up for the table is in SSTables.
    pub fn sync(&self, handle: u64) -> Result<(), StagingError> {
        let handle = self.handle(handle)?;
        self.folder(&handle.node.table).sync(&handle.node)
    }

    /// A file that was opened is closed: who still had it for writing has it taken up.
    pub fn release(&self, handle: u64) {
        let Some(handle) = self.handles.lock().remove(&handle) else { return };
        handle.node.handles.fetch_sub(1, Ordering::AcqRel);
        handle.node.writers.fetch_sub(u32::from(handle.write), Ordering::AcqRel);
        self.folder(&handle.node.table).at_release(&handle.node);
    }

    /// Renames within a folder. `replace`: there may be one of the new name.
    pub fn rename(&self, table: &TableName, from: &str, to: &str, replace: bool) -> Result<(), StagingError> {
        self.folder(table).rename(from, to, replace)
    }

    /// Removes a file that was not taken up.
    pub fn unlink(&self, table: &TableName, name: &str) -> Result<(), StagingError> {
        self.folder(table).unlink(name)
    }

    #[cfg(test)]
    pub(super) fn known_nodes(&self) -> usize {
        self.shared.nodes.len()
    }
}
