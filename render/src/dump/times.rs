//! How times are printed in a dump.

use std::cell::Cell;

use sstablefs::rows::DeletionTime;

use super::DumpOptions;
use super::layout::Layout;
use crate::value::{instant, integer};

/// Texts of times that were printed last: rows that were written together share theirs.
const REMEMBERED: usize = 8;

pub(super) struct Times {
    raw: bool,
    pub(super) now: i64,
    micros: Memo,
    seconds: Memo,
}

impl Times {
    pub(super) fn new(options: &DumpOptions) -> Self {
        Times { raw: options.raw_times, now: options.now, micros: Memo::new(), seconds: Memo::new() }
    }

    /// Appends a time in microseconds as JsonTransformer.dateString does: of times before 1970 the whole seconds are cut
    /// towards zero and the fraction is counted upwards, and nanoseconds that overflow a long stay at its limit.
    #[inline]
    pub(super) fn micros(&self, micros: i64, out: &mut Vec<u8>) {
        if self.raw {
            return integer(micros, out);
        }
        self.micros.write(micros, out, |out| {
            let nanos = micros.saturating_mul(1000).rem_euclid(1_000_000_000);
            instant(micros / 1_000_000, nanos as u32, out);
        });
    }

    #[inline]
    pub(super) fn seconds(&self, seconds: i64, out: &mut Vec<u8>) {
        if self.raw {
            return integer(seconds, out);
        }
        self.seconds.write(seconds, out, |out| {
            let nanos = seconds.saturating_mul(1_000_000_000).rem_euclid(1_000_000_000);
            instant(seconds, nanos as u32, out);
        });
    }

    /// The object of a deletion's two times.
    pub(super) fn deletion(&self, deletion: &DeletionTime, layout: &Layout, out: &mut Vec<u8>) {
        layout.marked_deleted.write(out);
        self.deletion_behind(deletion, layout, out);
    }

    /// As [`deletion`](Self::deletion), but what stands in front of the first time.
    pub(super) fn deletion_behind(&self, deletion: &DeletionTime, layout: &Layout, out: &mut Vec<u8>) {
        self.micros(deletion.marked_for_delete_at, out);
        layout.local_delete_time.write(out);
        self.seconds(deletion.local_deletion_time, out);
        layout.time_close.write(out);
    }

    /// `"ttl"` and what belongs to it, behind other fields.
    pub(super) fn expiry(&self, ttl: i32, time: i64, expired: bool, layout: &Layout, out: &mut Vec<u8>) {
        layout.ttl.write(out);
        integer(ttl.into(), out);
        layout.expires_at.write(out);
        self.seconds(time, out);
        out.push(b'"');
        layout.expired.write(out);
        out.extend_from_slice(if expired { b"true" } else { b"false" });
    }
}

/// The texts of some values, each in the slot of its last bits.
struct Memo([Cell<Entry>; REMEMBERED]);

#[derive(Clone, Copy)]
struct Entry {
    value: i64,
    /// 0: none.
    len: usize,
    text: [u8; 32],
}

impl Memo {
    fn new() -> Self {
        Memo([const { Cell::new(Entry { value: 0, len: 0, text: [0; 32] }) }; REMEMBERED])
    }

    #[inline]
    fn write(&self, value: i64, out: &mut Vec<u8>, make: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        let slot = &self.0[value as usize % REMEMBERED];
        let entry = slot.get();
        if entry.len > 0 && entry.value == value {
            out.extend_from_slice(&entry.text);
            out.truncate(start + entry.len);
            return;
        }
        make(out);
        let made = out.get(start..).unwrap_or_default();
        let mut text = [0; 32];
        if let Some(head) = text.get_mut(..made.len()) {
            head.copy_from_slice(made);
            slot.set(Entry { value, len: made.len(), text });
        }
    }
}
