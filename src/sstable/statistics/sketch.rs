//! Counts the different partition keys of an SSTable, in the form that `cardinality.rs` shows. Follows
//! com.clearspring.analytics.stream.cardinality.HyperLogLogPlus with 13 and 25 bits.
//!
//! A few thousand keys are kept as the first 25 bits of their hashes; beyond, 8192 registers keep the longest run of
//! zeros that was seen.

/// Bits of a hash that choose its register.
const P: u32 = 13;
/// Bits of a hash that are kept of each key while there are few.
const SP: u32 = 25;
const REGISTERS: usize = 1 << P;
/// More keys than this become registers.
const MOST_SPARSE: usize = REGISTERS * 3 / 4;
/// New keys are merged with the others when they are more than this.
const MOST_NEW: usize = MOST_SPARSE / 4;

pub(super) struct Sketch(Form);

enum Form {
    /// Encoded keys: those of before, in the order of [`merge`], and new ones.
    Sparse {
        sorted: Vec<u32>,
        new: Vec<u32>,
    },
    Dense(Box<[u8; REGISTERS]>),
}

impl Default for Sketch {
    fn default() -> Self {
        Sketch(Form::Sparse { sorted: Vec::new(), new: Vec::with_capacity(MOST_NEW + 1) })
    }
}

impl Sketch {
    pub(super) fn add(&mut self, key: &[u8]) {
        let hash = murmur2_64(key);
        match &mut self.0 {
            Form::Dense(registers) => raise(&mut registers[(hash >> (64 - P)) as usize], run(hash)),
            Form::Sparse { sorted, new } => {
                new.push(encode(hash));
                if new.len() <= MOST_NEW {
                    return;
                }
                merge(sorted, new);
                if sorted.len() > MOST_SPARSE {
                    let mut registers = Box::new([0; REGISTERS]);
                    for key in sorted.iter() {
                        raise(&mut registers[(index(*key) >> (SP - P)) as usize], decode_run(*key));
                    }
                    self.0 = Form::Dense(registers);
                }
            }
        }
    }

    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(-2i32).to_be_bytes());
        varint(P, out);
        varint(SP, out);
        match &mut self.0 {
            Form::Dense(registers) => {
                varint(0, out);
                let words = registers.len().div_ceil(6);
                varint(words as u32 * 4, out);
                for registers in registers.chunks(6) {
                    let word = registers.iter().rev().fold(0u32, |word, r| word << 5 | u32::from(*r));
                    out.extend_from_slice(&word.to_be_bytes());
                }
            }
            Form::Sparse { sorted, new } => {
                merge(sorted, new);
                varint(1, out);
                varint(sorted.len() as u32, out);
                let mut last = 0u32;
                for key in sorted.iter() {
                    varint(key.wrapping_sub(last), out);
                    last = *key;
                }
            }
        }
    }
}

fn raise(register: &mut u8, run: u32) {
    // A register has five bits.
    *register = (*register).max(run.min(31) as u8);
}

/// One more than the zeros behind the first P bits.
fn run(hash: u64) -> u32 {
    (hash << P | 1 << (P - 1)).leading_zeros() + 1
}

/// The first SP bits, and the run where they do not tell it.
fn encode(hash: u64) -> u32 {
    let index = (hash >> (64 - SP)) as u32;
    if index << (32 - SP + P) == 0 { (index << 6 | (run(hash) ^ 63)) << 1 | 1 } else { index << 1 }
}

fn decode_run(key: u32) -> u32 {
    if key & 1 == 1 { (key >> 1 & 63) ^ 63 } else { (key << (P + 31 - SP)).leading_zeros() + 1 }
}

fn index(key: u32) -> u32 {
    if key & 1 == 1 { key >> 7 } else { key >> 1 }
}

/// Adds new keys to those of before. Of keys with the same index the one with the longest run stays: the smallest number.
/// The library compares different ones as numbers although each list is in the order of indexes, so that what it writes
/// is not quite in order.
fn merge(sorted: &mut Vec<u32>, new: &mut Vec<u32>) {
    new.sort_unstable_by_key(|key| (index(*key), *key));
    new.dedup_by_key(|key| index(*key));
    let mut merged = Vec::with_capacity(sorted.len() + new.len());
    let (mut a, mut b) = (sorted.iter().copied().peekable(), new.drain(..).peekable());
    while let (Some(&x), Some(&y)) = (a.peek(), b.peek()) {
        let same = index(x) == index(y);
        let first = if same { (x as i32).min(y as i32) == x as i32 } else { (x as i32) < y as i32 };
        merged.push(if first { x } else { y });
        if same || first {
            a.next();
        }
        if same || !first {
            b.next();
        }
    }
    merged.extend(a);
    merged.extend(b);
    *sorted = merged;
}

fn varint(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// org.apache.cassandra.utils.MurmurHash.hash2_64 with seed 0: MurmurHash2, but that bytes of the tail are signed.
fn murmur2_64(key: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = M.wrapping_mul(key.len() as u64);
    let (words, tail) = key.as_chunks::<8>();
    for word in words {
        let mut k = u64::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 47;
        hash = (hash ^ k.wrapping_mul(M)).wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            hash ^= (i64::from(*byte as i8) as u64) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 47;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 47
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length and CRC32 of what Cassandra's library writes for the same keys: sparse, about to become registers, registers.
    #[test]
    fn sketches_are_those_of_cassandra() {
        for (keys, length, sum) in [
            (0, 8, 0x3a19_a72cu32),
            (1, 12, 0x1243_f325),
            (1_537, 4_129, 0xfb2f_f463),
            (6_144, 15_236, 0xcbf5_398f),
            (6_145, 15_239, 0xf689_0c8f),
            (7_000, 5_473, 0xa28c_5cc7),
            (9_000, 5_473, 0x01e0_695a),
            (50_000, 5_473, 0xc8de_81b3),
        ] {
            let mut sketch = Sketch::default();
            for i in 0..keys {
                sketch.add(format!("key{}", i * 2_654_435_761i64).as_bytes());
            }
            let mut out = Vec::new();
            sketch.write(&mut out);
            assert_eq!((out.len(), crc32fast::hash(&out)), (length, sum), "{keys}");
        }
    }
}
