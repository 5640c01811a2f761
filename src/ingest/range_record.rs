//! Deletions in a memtable.
//!
//! ```text
//!   i64 marked for delete at, i64 local deletion time                             of a partition
//!   the same | bound | bound                                                      of a range
//!   bound: u8 inclusive | u16 n | n values, each: u32 length, bytes; length 2^32-1: null
//! ```

use super::ranges::End;
use super::record::{Fields, put_values};
use crate::rows::{BoundKind, DeletionTime, Marker, RangeBound};

pub(super) fn write_deletion(deletion: DeletionTime, out: &mut Vec<u8>) {
    out.extend_from_slice(&deletion.marked_for_delete_at.to_le_bytes());
    out.extend_from_slice(&deletion.local_deletion_time.to_le_bytes());
}

pub(super) fn write(start: &RangeBound, end: &RangeBound, deletion: DeletionTime, out: &mut Vec<u8>) {
    write_deletion(deletion, out);
    for bound in [start, end] {
        out.push(u8::from(bound.inclusive));
        out.extend_from_slice(&(bound.prefix.len() as u16).to_le_bytes());
        put_values(bound.prefix.iter().map(Option::as_deref), out);
    }
}

pub(super) fn read_deletion(record: &[u8]) -> DeletionTime {
    Fields::new(record).deletion()
}

/// Both ends of a range.
pub(super) fn read(record: &[u8]) -> [End; 2] {
    let mut fields = Fields::new(record);
    let deletion = fields.deletion();
    [(BoundKind::InclusiveStart, BoundKind::ExclusiveStart), (BoundKind::InclusiveEnd, BoundKind::ExclusiveEnd)].map(
        |(inclusive, exclusive)| {
            let mut marker =
                Marker { kind: if fields.byte() != 0 { inclusive } else { exclusive }, ..Marker::default() };
            let values = fields.u16();
            marker.clustering = (0..values).map(|_| fields.value_span()).collect();
            marker.bytes.extend_from_slice(record);
            End { marker, deletion }
        },
    )
}
