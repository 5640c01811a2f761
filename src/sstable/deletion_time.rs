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

/// Appends the form that [`read_deletion_time`] reads. A negative `marked_for_delete_at` has none from oa on: it has to be
/// refused before.
pub fn write_deletion_time(time: &DeletionTime, version: Version, out: &mut Vec<u8>) {
    let local = time.local_deletion_time;
    if !version.has_uint_deletion_time() {
        let latest = i64::from(i32::MAX) - 1;
        let local = if local == NO_DELETION_TIME { i32::MAX } else { local.clamp(0, latest) as i32 };
        out.extend_from_slice(&local.to_be_bytes());
        out.extend_from_slice(&time.marked_for_delete_at.to_be_bytes());
    } else if time.is_live() {
        out.push(0x80);
    } else {
        let local = if local == NO_DELETION_TIME { u32::MAX } else { local.clamp(0, i64::from(u32::MAX) - 1) as u32 };
        out.extend_from_slice(&time.marked_for_delete_at.to_be_bytes());
        out.extend_from_slice(&local.to_be_bytes());
    }
}

/// Bytes that [`write_deletion_time`] appends.
pub(super) fn deletion_time_len(time: &DeletionTime, version: Version) -> usize {
    if version.has_uint_deletion_time() && time.is_live() { 1 } else { LONGEST_DELETION_TIME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let times = [(i64::MIN, NO_DELETION_TIME), (0, 0), (1, i64::from(i32::MAX) - 1), (i64::MAX, 5)];
        for (marked_for_delete_at, local_deletion_time) in times {
            let time = DeletionTime { marked_for_delete_at, local_deletion_time };
            for version in [Version::NB, Version::OA, Version::DA] {
                let mut out = Vec::new();
                write_deletion_time(&time, version, &mut out);
                let short = version != Version::NB && time.is_live();
                assert_eq!(out.len(), deletion_time_len(&time, version));
                assert_eq!(out.len(), if short { 1 } else { LONGEST_DELETION_TIME });
                let mut cursor = Cursor::new(&out);
                assert_eq!(read_deletion_time(&mut cursor, version).unwrap(), Some(time));
                assert!(cursor.is_empty());
            }
        }
    }
}
