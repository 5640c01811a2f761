//! What stands behind the inode numbers of files in staging folders.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::file::StagedFile;
use super::log::Log;
use super::{Attributes, Permissions};
use crate::path::TableName;

/// No other inode number and no other handle has it.
pub(super) const STAGED: u64 = 1 << 62;

/// Whether an inode number or a handle is one of a file in a staging folder.
pub fn is_staged(number: u64) -> bool {
    number & STAGED != 0
}

pub(super) enum Body {
    File(StagedFile),
    /// Made by sstablefs.
    Text(String),
    Log(Arc<Mutex<Log>>),
    /// Making it has flushed.
    Flush,
}

/// Where a file is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Under its name.
    Folder,
    /// Nowhere: it was taken up. Under its name again when what is written behind that is bad.
    Taken,
    Removed,
}

pub(super) struct Node {
    pub(super) ino: u64,
    /// In whose folder it is.
    pub(super) table: TableName,
    pub(super) body: Body,
    /// To be changed by who has the folder's names.
    pub(super) place: Mutex<(String, Place)>,
    permissions: Mutex<Option<Permissions>>,
    modified: Mutex<SystemTime>,
    pub(super) handles: AtomicU32,
    pub(super) writers: AtomicU32,
}

impl Node {
    pub(super) fn size(&self) -> u64 {
        match &self.body {
            Body::File(file) => file.size(),
            Body::Text(text) => text.len() as u64,
            Body::Log(log) => log.lock().text().len() as u64,
            Body::Flush => 0,
        }
    }

    pub(super) fn attributes(&self) -> Attributes {
        let (permissions, modified) = (self.permissions(), *self.modified.lock());
        Attributes { ino: self.ino, size: self.size(), permissions, modified }
    }

    pub(super) fn permissions(&self) -> Option<Permissions> {
        *self.permissions.lock()
    }

    pub(super) fn change_permissions(&self, change: impl FnOnce(&mut Permissions)) {
        if let Some(permissions) = &mut *self.permissions.lock() {
            change(permissions);
            permissions.mode &= 0o777;
        }
    }

    pub(super) fn set_modified(&self, modified: SystemTime) {
        *self.modified.lock() = modified;
    }

    pub(super) fn name(&self) -> (String, Place) {
        self.place.lock().clone()
    }
}

/// Numbers nodes, and finds those that the kernel knows.
pub(super) struct Nodes {
    next: AtomicU64,
    /// With how often the kernel was told of each.
    known: Mutex<HashMap<u64, (Arc<Node>, u64)>>,
}

impl Nodes {
    pub(super) fn new() -> Self {
        // Descriptors of two mounts must not be taken for each other's.
        let start = RandomState::new().hash_one(std::process::id()) & ((STAGED - 1) >> 1);
        Nodes { next: AtomicU64::new(start), known: Mutex::default() }
    }

    pub(super) fn make(
        &self,
        table: &TableName,
        name: &str,
        body: Body,
        permissions: Option<Permissions>,
    ) -> Arc<Node> {
        Arc::new(Node {
            ino: STAGED | self.next.fetch_add(1, Ordering::Relaxed) & (STAGED - 1),
            table: table.clone(),
            body,
            place: Mutex::new((name.to_owned(), Place::Folder)),
            permissions: Mutex::new(permissions),
            modified: Mutex::new(SystemTime::now()),
            handles: AtomicU32::new(0),
            writers: AtomicU32::new(0),
        })
    }

    pub(super) fn look_up(&self, node: &Arc<Node>) {
        self.known.lock().entry(node.ino).or_insert_with(|| (node.clone(), 0)).1 += 1;
    }

    pub(super) fn get(&self, ino: u64) -> Option<Arc<Node>> {
        self.known.lock().get(&ino).map(|known| known.0.clone())
    }

    pub(super) fn forget(&self, ino: u64, count: u64) {
        let known = &mut *self.known.lock();
        if let Some(node) = known.get_mut(&ino) {
            node.1 = node.1.saturating_sub(count);
            if node.1 == 0 {
                known.remove(&ino);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.lock().len()
    }
}
