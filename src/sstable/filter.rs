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
use crate::storage::Buffered;

/// Says of a key that it is not in the SSTable, or that it may be.
pub struct BloomFilter {
    hashes: u32,
    bits: Box<[u8]>,
}

/// Makes a filter while keys are written.
pub struct FilterBuilder {
    filter: BloomFilter,
}

/// BloomCalculations never asks for more than 20; more would only mean a damaged file.
const MAX_HASHES: i32 = 64;

impl BloomFilter {
    /// `data` is the whole of Filter.db. The order of the bytes in its words depends on the version.
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
        self.indexes(key).all(|index| self.bits[(index >> 3) as usize] & 1 << (index & 7) != 0)
    }

    #[inline]
    fn indexes(&self, key: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let [step, mut base] = murmur3_128(key);
        let capacity = self.bits.len() as i64 * 8;
        (0..self.hashes).map(move |_| {
            let index = (base % capacity).unsigned_abs();
            base = base.wrapping_add(step);
            index
        })
    }

    /// One of the same size without a key.
    pub(super) fn emptied(&self) -> BloomFilter {
        BloomFilter { hashes: self.hashes, bits: vec![0; self.bits.len()].into() }
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        for index in self.indexes(key) {
            self.bits[(index >> 3) as usize] |= 1 << (index & 7);
        }
    }

    /// Whether both have the same bits.
    pub(super) fn is_same(&self, other: &BloomFilter) -> bool {
        self.bits == other.bits
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.bits.len()
    }
}

/// The rate of false positives for a number of bits a key (from 2 on) and of hashes (from 1 on), as in BloomCalculations.
const RATES: [&[f64]; 19] = [
    &[0.393, 0.400],
    &[0.283, 0.237, 0.253],
    &[0.221, 0.155, 0.147, 0.160],
    &[0.181, 0.109, 0.092, 0.092, 0.101],
    &[0.154, 0.0804, 0.0609, 0.0561, 0.0578, 0.0638],
    &[0.133, 0.0618, 0.0423, 0.0359, 0.0347, 0.0364],
    &[0.118, 0.0489, 0.0306, 0.024, 0.0217, 0.0216, 0.0229],
    &[0.105, 0.0397, 0.0228, 0.0166, 0.0141, 0.0133, 0.0135, 0.0145],
    &[0.0952, 0.0329, 0.0174, 0.0118, 0.00943, 0.00844, 0.00819, 0.00846],
    &[0.0869, 0.0276, 0.0136, 0.00864, 0.0065, 0.00552, 0.00513, 0.00509],
    &[0.08, 0.0236, 0.0108, 0.00646, 0.00459, 0.00371, 0.00329, 0.00314],
    &[0.074, 0.0203, 0.00875, 0.00492, 0.00332, 0.00255, 0.00217, 0.00199, 0.00194],
    &[0.0689, 0.0177, 0.00718, 0.00381, 0.00244, 0.00179, 0.00146, 0.00129, 0.00121, 0.0012],
    &[0.0645, 0.0156, 0.00596, 0.003, 0.00183, 0.00128, 0.001, 0.000852, 0.000775, 0.000744],
    &[0.0606, 0.0138, 0.005, 0.00239, 0.00139, 0.000935, 0.000702, 0.000574, 0.000505, 0.00047, 0.000459],
    &[0.0571, 0.0123, 0.00423, 0.00193, 0.00107, 0.000692, 0.000499, 0.000394, 0.000335, 0.000302, 0.000287, 0.000284],
    &[0.054, 0.0111, 0.00362, 0.00158, 0.000839, 0.000519, 0.00036, 0.000275, 0.000226, 0.000198, 0.000183, 0.000176],
    &[
        0.0513, 0.00998, 0.00312, 0.0013, 0.000663, 0.000394, 0.000264, 0.000194, 0.000155, 0.000132, 0.000118,
        0.000111, 0.000109,
    ],
    &[
        0.0488, 0.00906, 0.0027, 0.00108, 0.00053, 0.000303, 0.000196, 0.00014, 0.000108, 8.89e-05, 7.77e-05, 7.12e-05,
        6.79e-05, 6.71e-05,
    ],
];

/// Bits a key and hashes that keep the rate of false positives (BloomCalculations.computeBloomSpec).
fn bits_and_hashes(fp_chance: f64) -> Result<(u64, u32)> {
    let best = |rates: &[f64]| (0..rates.len()).min_by(|&a, &b| rates[a].total_cmp(&rates[b])).unwrap_or(0);
    if fp_chance >= RATES[0][0] {
        // BloomCalculations has the two in each other's places there.
        return Ok((1, 2));
    }
    let found = RATES.iter().enumerate().find(|(_, rates)| rates[best(rates)] <= fp_chance);
    let Some((row, rates)) = found else {
        return Err(Error::invalid(format!("bloom_filter_fp_chance can not be {fp_chance}: 0.0000671 at least")));
    };
    let mut column = best(rates);
    while column > 0 && rates[column - 1] <= fp_chance {
        column -= 1;
    }
    Ok((row as u64 + 2, column as u32 + 1))
}

impl FilterBuilder {
    /// For about `keys` keys; `None` for a chance of 1, with which a table has no filter.
    pub fn new(keys: u64, fp_chance: f64) -> Result<Option<FilterBuilder>> {
        if !(fp_chance > 0.0 && fp_chance <= 1.0) {
            return Err(Error::invalid(format!("bloom_filter_fp_chance can not be {fp_chance}")));
        }
        if fp_chance == 1.0 {
            return Ok(None);
        }
        let (bits_per_key, hashes) = bits_and_hashes(fp_chance)?;
        let words = keys.checked_mul(bits_per_key).map(|bits| (bits + 20 - 1) / 64 + 1);
        let words = words.and_then(|words| i32::try_from(words).ok()).ok_or_else(|| {
            Error::invalid(format!("a bloom filter for {keys} keys is too large: raise bloom_filter_fp_chance"))
        })?;
        let bits = vec![0; words as usize * 8].into_boxed_slice();
        Ok(Some(FilterBuilder { filter: BloomFilter { hashes, bits } }))
    }

    /// Bytes of memory.
    pub fn size(&self) -> usize {
        self.filter.size()
    }

    /// Takes in a serialized partition key.
    #[inline]
    pub fn add(&mut self, key: &[u8]) {
        for index in self.filter.indexes(key) {
            self.filter.bits[(index >> 3) as usize] |= 1 << (index & 7);
        }
    }

    /// The component, as from version na on.
    pub fn write(&self, out: &mut Buffered) -> Result<()> {
        let BloomFilter { hashes, bits } = &self.filter;
        out.append(&hashes.to_be_bytes())?;
        out.append(&((bits.len() / 8) as u32).to_be_bytes())?;
        bits.chunks(1 << 16).try_for_each(|part| out.append(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_cassandra() {
        // Values that BloomCalculations.computeBloomSpec gives.
        for (chance, expected) in [(0.01, (10, 5)), (0.1, (5, 3)), (0.5, (1, 2)), (0.0001, (20, 10)), (0.001, (15, 7))]
        {
            assert_eq!(bits_and_hashes(chance).unwrap(), expected, "{chance}");
        }
        assert!(bits_and_hashes(0.00006).is_err());
        assert!(FilterBuilder::new(10, 1.0).unwrap().is_none());
        assert!(FilterBuilder::new(u64::MAX / 4, 0.01).is_err() && FilterBuilder::new(1, f64::NAN).is_err());
    }
}
