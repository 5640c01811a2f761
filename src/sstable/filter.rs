//! Filter.db: the bloom filter over the partition keys. Follows org.apache.cassandra.utils.BloomFilter,
//! BloomFilterSerializer and OffHeapBitSet.
//!
//! ```text
//!   i32 hash count │ i32 words │ words * 8 bytes of bits
//! ```
//!
//! Bit `i` is bit `i % 8` of byte `i / 8`; before version na each word of eight bytes stands in reverse.

use super::version::Version;
use crate::bytes::Cursor;
use crate::cql::murmur3_128;
use crate::error::{Error, Result};

/// Says of a key that it is not in the SSTable, or that it may be.
pub struct BloomFilter {
    hashes: u32,
    bits: Box<[u8]>,
}

/// BloomCalculations never asks for more than 20; more would only mean a damaged file.
const MAX_HASHES: i32 = 64;

impl BloomFilter {
    pub fn parse(data: &[u8], version: Version) -> Result<BloomFilter> {
        let mut cursor = Cursor::new(data);
        let hashes = cursor.i32()?;
        if !(1..=MAX_HASHES).contains(&hashes) {
            return Err(Error::corrupt(format!("a bloom filter with {hashes} hashes")).at(0));
        }
        let words = cursor.i32()?;
        if words <= 0 || words as usize * 8 != cursor.remaining() {
            return Err(Error::corrupt(format!(
                "the bloom filter should have {words} words, but {} bytes follow",
                cursor.remaining()
            ))
            .at(4));
        }
        let mut bits: Box<[u8]> = cursor.rest().into();
        if version.has_old_bloom_filter() {
            bits.chunks_exact_mut(8).for_each(<[u8]>::reverse);
        }
        Ok(BloomFilter { hashes: hashes as u32, bits })
    }

    /// `false`: the key is not there. `key` is the whole partition key as serialized.
    #[inline]
    pub fn may_contain(&self, key: &[u8]) -> bool {
        let [step, mut base] = murmur3_128(key);
        let capacity = self.bits.len() as i64 * 8;
        for _ in 0..self.hashes {
            let index = (base % capacity).unsigned_abs();
            if self.bits[(index >> 3) as usize] & 1 << (index & 7) == 0 {
                return false;
            }
            base = base.wrapping_add(step);
        }
        true
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.bits.len()
    }
}
