//! Deletion times as files have them outside of rows. Follows org.apache.cassandra.db.DeletionTime's serializers.
//!
//! ```text
//!   before oa   i32 local deletion time │ i64 marked for delete at      live: 7fffffff 8000000000000000
//!   oa, da      80                                                      live
//!               i64 marked for delete at, not negative │ u32 local deletion time
//! ```

use super::version::Version;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::rows::{DeletionTime, NO_DELETION_TIME};

/// The longest form.
pub const LONGEST_DELETION_TIME: usize = 12;

/// `Ok(None)`: the bytes end before it does.
pub fn read_deletion_time(cursor: &mut Cursor<'_>, version: Version) -> Result<Option<DeletionTime>> {
    let start = *cursor;
    match read(cursor, version) {
        Ok(Some(time)) => Ok(Some(time)),
        Ok(None) => Err(Error::corrupt("the flags of a deletion time are not valid").at(start.offset())),
        Err(_) => {
            *cursor = start;
            Ok(None)
        }
    }
}

fn read(cursor: &mut Cursor<'_>, version: Version) -> Result<Option<DeletionTime>, crate::bytes::Truncated> {
    if !version.has_uint_deletion_time() {
        let local = cursor.i32()?;
        let marked_for_delete_at = cursor.i64()?;
        let live = local == i32::MAX && marked_for_delete_at == i64::MIN;
        let local_deletion_time = match local {
            _ if live => NO_DELETION_TIME,
            // Cell.INVALID_DELETION_TIME: what overflowed counts as the latest of all.
            ..0 => i64::from(u32::MAX) - 1,
            _ => i64::from(local),
        };
        return Ok(Some(DeletionTime { marked_for_delete_at, local_deletion_time }));
    }
    match cursor.rest().first() {
        Some(0x80) => cursor.skip(1).map(|()| Some(DeletionTime::LIVE)),
        Some(0x81..) => Ok(None),
        _ => {
            let marked_for_delete_at = cursor.i64()?;
            let local = cursor.u32()?;
            let local_deletion_time = if local == u32::MAX { NO_DELETION_TIME } else { i64::from(local) };
            Ok(Some(DeletionTime { marked_for_delete_at, local_deletion_time }))
        }
    }
}
