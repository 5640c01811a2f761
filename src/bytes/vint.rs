//! Variable-length integers, as org.apache.cassandra.utils.vint.VIntCoding.
//!
//! ```text
//!   0xxxxxxx                      7 bits
//!   10xxxxxx xxxxxxxx            14 bits      the number of leading ones is the number of
//!   …                                         bytes that follow, big-endian
//!   11111111 x*64                64 bits
//! ```

/// Reads an unsigned vint; returns it and the bytes used, or `None` when the slice is too short.
#[inline]
pub fn read(data: &[u8]) -> Option<(u64, usize)> {
    let first = *data.first()?;
    if first < 0x80 {
        return Some((u64::from(first), 1));
    }
    let extra = first.leading_ones() as usize;
    if let Some(eight) = data.get(1..9) {
        // One load instead of a loop: take the eight bytes behind the first, drop what is not ours.
        let mut raw = [0; 8];
        raw.copy_from_slice(eight);
        let tail = u64::from_be_bytes(raw) >> (64 - 8 * extra);
        return Some((head(first, extra) | tail, extra + 1));
    }
    let tail = data.get(1..=extra)?;
    let value = tail.iter().fold(0u64, |value, &b| value << 8 | u64::from(b));
    Some((head(first, extra) | value, extra + 1))
}

#[inline]
fn head(first: u8, extra: usize) -> u64 {
    if extra >= 7 {
        return 0;
    }
    u64::from(first & (0xff >> (extra + 1))) << (8 * extra)
}

/// Number of bytes that [`write()`] uses.
pub fn len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    if bits > 56 { 9 } else { bits.div_ceil(7) }
}

/// Appends an unsigned vint in its shortest form.
#[inline]
pub fn write(value: u64, out: &mut Vec<u8>) {
    if value < 0x80 { out.push(value as u8) } else { write_long(value, out) }
}

fn write_long(value: u64, out: &mut Vec<u8>) {
    let n = len(value);
    if n == 9 {
        out.push(0xff);
        out.extend_from_slice(&value.to_be_bytes());
        return;
    }
    let marked = value | u64::from(!(0xffu8 >> (n - 1))) << (8 * (n - 1));
    out.extend_from_slice(&marked.to_be_bytes()[8 - n..]);
}

/// Signed vints are zigzag-coded unsigned ones.
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Signed as unsigned, small in either direction: 0, -1, 1, -2 … become 0, 1, 2, 3 … (VIntCoding.encodeZigZag64).
pub fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_round_trips_with_and_without_room_behind() {
        let mut values = vec![0u64, 1, 127, 128, u64::MAX];
        for bit in 0..64 {
            values.extend([(1u64 << bit) - 1, 1u64 << bit, (1u64 << bit) + 1]);
        }
        for value in values {
            let mut out = Vec::new();
            write(value, &mut out);
            assert_eq!(out.len(), len(value), "{value:#x}");
            assert_eq!(read(&out), Some((value, out.len())), "{value:#x}");
            for cut in 0..out.len() {
                assert_eq!(read(&out[..cut]), None);
            }
            let n = out.len();
            out.extend([0xa5; 9]);
            assert_eq!(read(&out), Some((value, n)));
            assert_eq!(unzigzag(zigzag(value as i64)), value as i64);
        }
    }

    #[test]
    fn bytes_are_those_of_vintcoding() {
        let mut out = Vec::new();
        for value in [0u64, 127, 128, 16383, 16384, 1 << 40] {
            write(value, &mut out);
        }
        assert_eq!(out, [0, 127, 0x80, 0x80, 0xbf, 0xff, 0xc0, 0x40, 0, 0xf9, 0, 0, 0, 0, 0]);
    }
}
