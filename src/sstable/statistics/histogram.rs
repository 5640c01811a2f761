//! Histograms of Statistics.db. Follows org.apache.cassandra.utils.EstimatedHistogram.
//!
//! ```text
//!   i32 buckets │ buckets * (i64 offset, i64 count)
//! ```
//!
//! Bucket `i` counts the values above `offsets[i - 1]` and up to `offsets[i]`, the last those above all offsets, which
//! Cassandra leaves out when it reads one. The first offset is written twice.

use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// How many values fall between which (EstimatedHistogram).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstimatedHistogram {
    /// Largest value of each bucket but the last, ascending.
    pub offsets: Vec<i64>,
    /// How many values in each: one bucket more than offsets, for what is larger than all.
    pub buckets: Vec<i64>,
}

impl EstimatedHistogram {
    /// Reads it at the cursor, which stands behind it then.
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<EstimatedHistogram> {
        let at = cursor.offset();
        let count = cursor.u32()? as usize;
        if count < 2 || count > cursor.remaining() / 16 {
            return Err(Error::corrupt(format!("a histogram of {count} buckets")).at(at));
        }
        let (mut offsets, mut buckets) = (Vec::with_capacity(count - 1), Vec::with_capacity(count));
        for i in 0..count {
            let offset = cursor.i64()?;
            if i > 0 {
                offsets.push(offset);
            }
            buckets.push(cursor.i64()?);
        }
        Ok(EstimatedHistogram { offsets, buckets })
    }

    /// An empty one whose offsets grow by a fifth (EstimatedHistogram.newOffsets).
    pub fn new(offsets: usize) -> EstimatedHistogram {
        let grow = |last: &i64| Some(((*last as f64 * 1.2).round() as i64).max(last + 1));
        let offsets: Vec<i64> = std::iter::successors(Some(1), grow).take(offsets).collect();
        EstimatedHistogram { buckets: vec![0; offsets.len() + 1], offsets }
    }

    /// Counts a value.
    pub fn add(&mut self, value: i64) {
        let bucket = self.offsets.partition_point(|offset| *offset < value);
        self.buckets[bucket] += 1;
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.buckets.len() as i32).to_be_bytes());
        let offsets = self.offsets.first().into_iter().chain(&self.offsets);
        for (offset, count) in offsets.zip(&self.buckets) {
            out.extend_from_slice(&offset.to_be_bytes());
            out.extend_from_slice(&count.to_be_bytes());
        }
    }

    /// Number of values counted, without those above the largest offset.
    pub fn count(&self) -> i64 {
        self.bounded().iter().fold(0, |sum, &n| sum.saturating_add(n))
    }

    fn bounded(&self) -> &[i64] {
        &self.buckets[..self.offsets.len().min(self.buckets.len())]
    }

    /// Lower end of the first bucket in use.
    pub fn min(&self) -> i64 {
        match self.bounded().iter().position(|&n| n > 0) {
            Some(0) | None => 0,
            Some(i) => self.offsets[i - 1].saturating_add(1),
        }
    }

    /// Upper end of the last bucket in use.
    pub fn max(&self) -> i64 {
        self.bounded().iter().rposition(|&n| n > 0).map_or(0, |i| self.offsets[i])
    }

    /// Upper end of the bucket in which the given part (0 to 1) of the values is reached.
    pub fn percentile(&self, part: f64) -> i64 {
        let wanted = (self.count() as f64 * part).ceil() as i64;
        if wanted == 0 {
            return 0;
        }
        let mut seen = 0i64;
        for (offset, &n) in self.offsets.iter().zip(&self.buckets) {
            seen = seen.saturating_add(n);
            if seen >= wanted {
                return *offset;
            }
        }
        0
    }

    /// Mean of the values, each taken for the upper end of its bucket.
    pub fn mean(&self) -> i64 {
        let count = self.count();
        let sum: f64 = self.offsets.iter().zip(self.bounded()).map(|(&o, &n)| o as f64 * n as f64).sum();
        if count == 0 { 0 } else { (sum / count as f64).ceil() as i64 }
    }
}
