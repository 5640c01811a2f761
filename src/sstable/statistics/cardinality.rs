//! The estimated number of partition keys. Follows com.clearspring.analytics.stream.cardinality.HyperLogLogPlus, which
//! Cassandra serializes into the compaction metadata.
//!
//! ```text
//!   i32 -2 │ varint p │ varint sp │ varint 0 │ varint bytes │ registers of 5 bits, 6 in each i32, the first in the lowest
//!                                  │ varint 1 │ varint n     │ n * varint difference to the one before
//!   varint: 7 bits a byte, the lowest first, bit 0x80 when more follow
//! ```

use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// Registers of a sketch of Cassandra's precision of 13 bits; below this many keys counting empty ones is better.
const LINEAR_COUNTING_UP_TO: f64 = 6500.0;

/// How many different keys were counted; `None` when there is no sketch.
pub fn estimate(sketch: &[u8]) -> Result<Option<u64>> {
    if sketch.is_empty() {
        return Ok(None);
    }
    let mut cursor = Cursor::new(sketch);
    let version = cursor.i32()?;
    if version != -2 {
        return Err(Error::unsupported(format!("a cardinality sketch of version {}", -i64::from(version))));
    }
    let (p, sp) = (varint(&mut cursor)?, varint(&mut cursor)?);
    if !(4..=24).contains(&p) || sp > 32 {
        return Err(Error::corrupt(format!("a cardinality sketch of {p} and {sp} bits")));
    }
    let sparse = varint(&mut cursor)? == 1;
    let length = varint(&mut cursor)?;
    if sparse {
        let buckets = 2f64.powi(sp as i32);
        return Ok(Some(linear(buckets, buckets - f64::from(length))));
    }
    let count = 1usize << p;
    let mut registers = Vec::with_capacity(count);
    while registers.len() < count {
        let word = cursor.u32()?;
        registers.extend((0..6).map(|i| (word >> (5 * i) & 31) as u8));
    }
    registers.truncate(count);
    Ok(Some(dense(&registers, 64 - p)))
}

fn varint(cursor: &mut Cursor<'_>) -> Result<u32> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = cursor.u8()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error::corrupt("a number in a cardinality sketch is too long"))
}

fn linear(buckets: f64, empty: f64) -> u64 {
    (buckets * (buckets / empty.max(1.0)).ln()).round() as u64
}

fn dense(registers: &[u8], bits: u32) -> u64 {
    let m = registers.len() as f64;
    let empty = registers.iter().filter(|&&r| r == 0).count();
    if empty > 0 && m * (m / empty as f64).ln() <= LINEAR_COUNTING_UP_TO {
        return linear(m, empty as f64);
    }
    let sum: f64 = registers.iter().map(|&r| 2f64.powi(-i32::from(r))).sum();
    let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
    if raw > 5.0 * m { raw.round() as u64 } else { unbiased(registers, bits).round() as u64 }
}

/// Between the two, HyperLogLog++ subtracts a bias that was measured; this is Ertl's estimator, which has none.
fn unbiased(registers: &[u8], bits: u32) -> f64 {
    let m = registers.len() as f64;
    let mut counts = vec![0f64; 64];
    registers.iter().for_each(|&r| counts[usize::from(r.min(63))] += 1.0);
    let mut z = 0.0;
    for k in (1..=bits.min(62) as usize).rev() {
        z = 0.5 * (z + counts[k]);
    }
    z += m * sigma(counts[0] / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sketch of the numbers up to `n`, hashed well.
    fn registers(n: u64) -> Vec<u8> {
        let mut registers = vec![0u8; 1 << 13];
        for i in 0..n {
            let mut x = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^= x >> 31;
            let register = &mut registers[(x >> 51) as usize];
            *register = (*register).max(((x << 13) | 1 << 12).leading_zeros() as u8 + 1);
        }
        registers
    }

    #[test]
    fn estimates_are_near() {
        for n in [100, 5_000, 8_000, 20_000, 40_000, 60_000, 1_000_000] {
            let estimate = dense(&registers(n), 51) as f64;
            assert!((estimate / n as f64 - 1.0).abs() < 0.03, "{n}: {estimate}");
        }
    }

    #[test]
    fn damage_is_refused() {
        for sketch in [&[0, 0, 0, 1][..], &[255, 255, 255, 254], &[255, 255, 255, 254, 40, 25, 0, 0]] {
            assert!(estimate(sketch).is_err());
        }
        assert_eq!(estimate(&[]).unwrap(), None);
        // Three sparse entries.
        assert_eq!(estimate(&[255, 255, 255, 254, 13, 25, 1, 3, 5, 1, 1]).unwrap(), Some(3));
    }
}
