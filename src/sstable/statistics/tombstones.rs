//! When the tombstones of an SSTable can be dropped: at most a hundred times with their numbers. Follows
//! org.apache.cassandra.utils.streamhist.StreamingTombstoneHistogramBuilder.
//!
//! Times are rounded up to minutes and counted in a hash table; when that is full its entries go into the bins, of which
//! the nearest two are merged where there are too many. The order of the hash table decides which meet, so it is
//! Cassandra's.

const BINS: usize = 100;
const ROUND_SECONDS: i64 = 60;
/// Cell.MAX_DELETION_TIME
const LATEST: i64 = u32::MAX as i64 - 2;
/// The power of two above SSTable.TOMBSTONE_HISTOGRAM_SPOOL_SIZE.
const CAPACITY: usize = 1 << 17;
const SLOTS: usize = CAPACITY * 2;
const FREE: i64 = -1;
/// Slots that are tried for a time before the table counts as full.
const ATTEMPTS: usize = 100;

#[derive(Default)]
pub(super) struct TombstoneHistogram {
    /// Time and number, in the order of times.
    bins: Vec<(i64, i32)>,
    /// Made when the first tombstone is counted.
    slots: Vec<(i64, i32)>,
    used: usize,
}

impl TombstoneHistogram {
    /// Counts a tombstone or expiring cell by its local deletion time.
    #[inline]
    pub(super) fn add(&mut self, time: i64) {
        let time = round_up(time.clamp(0, LATEST));
        if !self.count(time) {
            self.flush();
            self.count(time);
        }
    }

    /// Times with their numbers, in order.
    pub(super) fn finish(mut self) -> Vec<(i64, i32)> {
        self.flush();
        self.bins
    }

    fn count(&mut self, time: i64) -> bool {
        if self.slots.is_empty() {
            self.slots = vec![(FREE, 0); SLOTS];
        }
        if self.used > CAPACITY {
            return false;
        }
        let first = (time.wrapping_mul(948_701_839) as usize) & (CAPACITY - 1);
        for i in first..first + ATTEMPTS {
            let slot = &mut self.slots[i % SLOTS];
            if slot.0 == FREE {
                *slot = (time, 1);
                self.used += 1;
                return true;
            }
            if slot.0 == time {
                slot.1 = slot.1.saturating_add(1);
                return true;
            }
        }
        false
    }

    fn flush(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        for slot in slots.iter_mut().filter(|slot| slot.0 != FREE) {
            self.add_to_bins(*slot);
            slot.0 = FREE;
        }
        self.slots = slots;
        self.used = 0;
    }

    fn add_to_bins(&mut self, (time, count): (i64, i32)) {
        match self.bins.binary_search_by_key(&time, |bin| bin.0) {
            Ok(i) => self.bins[i].1 = self.bins[i].1.saturating_add(count),
            Err(i) => self.bins.insert(i, (time, count)),
        }
        if self.bins.len() > BINS {
            self.merge_nearest();
        }
    }

    /// Replaces the two times that are nearest by their mean, weighed by their numbers.
    fn merge_nearest(&mut self) {
        let distance = |i: &usize| self.bins[i + 1].0 - self.bins[*i].0;
        let Some(i) = (0..self.bins.len() - 1).min_by_key(distance) else { return };
        let ((a, m), (b, n)) = (self.bins[i], self.bins[i + 1]);
        let sum = i64::from(m) + i64::from(n);
        let mean = a.saturating_mul(i64::from(m)).saturating_add(b.saturating_mul(i64::from(n))) / sum;
        let time = mean.min(LATEST).max((a + 1).min(LATEST)).min(b);
        self.bins[i] = (round_up(time), sum.min(i64::from(i32::MAX)) as i32);
        self.bins.remove(i + 1);
    }
}

#[inline]
fn round_up(time: i64) -> i64 {
    match time % ROUND_SECONDS {
        0 => time,
        over => (time + ROUND_SECONDS - over).min(LATEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bins that Cassandra's class makes of the same times: how many, the first, and the CRC32 of all.
    #[test]
    fn bins_are_those_of_cassandra() {
        for (count, step, first, sum) in [
            (1_000, 7, (1_700_000_100, 10), 0xa3a0_6981u32),
            (5_000, 977, (1_700_015_400, 36), 0x4988_d396),
            (400_000, 61, (1_700_024_820, 11), 0x16bd_aa51),
        ] {
            let mut histogram = TombstoneHistogram::default();
            let mut x = 1u64;
            for _ in 0..count {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                histogram.add(1_700_000_000 + ((x >> 40) % (count * step)) as i64);
            }
            let bins = histogram.finish();
            let mut crc = crc32fast::Hasher::new();
            for (time, number) in &bins {
                crc.update(&time.to_be_bytes());
                crc.update(&number.to_be_bytes());
            }
            assert_eq!((bins.len(), bins[0], crc.finalize()), (100, first, sum), "{count}");
        }
    }
}
