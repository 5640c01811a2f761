//! Open files and folders by handle number.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::error::FsError;

/// Numbers are not used again, so that a late request can't reach another file's handle.
pub(super) struct Handles<T> {
    table: RwLock<(HashMap<u64, Arc<T>>, u64)>,
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Handles { table: RwLock::new((HashMap::new(), 0)) }
    }
}

impl<T> Handles<T> {
    pub(super) fn add(&self, value: T) -> u64 {
        let mut table = self.table.write();
        table.1 += 1;
        let handle = table.1;
        table.0.insert(handle, Arc::new(value));
        handle
    }

    pub(super) fn get(&self, handle: u64) -> Result<Arc<T>, FsError> {
        self.table.read().0.get(&handle).cloned().ok_or(FsError::BadHandle)
    }

    pub(super) fn remove(&self, handle: u64) -> Option<Arc<T>> {
        self.table.write().0.remove(&handle)
    }
}
