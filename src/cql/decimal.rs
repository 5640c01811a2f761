//! Order of numbers of any size. Follows IntegerType.compareIntegers and java.math.BigDecimal.compareTo.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

/// Big-endian two's complement, with or without needless sign bytes; no bytes are less than any number.
pub(super) fn compare_varints(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (trim(a), trim(b));
    let (Some(&first_a), Some(&first_b)) = (a.first(), b.first()) else {
        return a.len().cmp(&b.len());
    };
    let (negative_a, negative_b) = (first_a >= 0x80, first_b >= 0x80);
    negative_b.cmp(&negative_a).then_with(|| {
        let longer = a.len().cmp(&b.len());
        let longer = if negative_a { longer.reverse() } else { longer };
        longer.then_with(|| a.cmp(b))
    })
}

/// Without the leading bytes that only repeat the sign.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = value {
        value = &value[1..];
    }
    value
}

/// Splits a decimal: scale:i32, unscaled number of at least one byte.
pub(super) fn decimal_parts(value: &[u8]) -> Option<(i32, &[u8])> {
    let (scale, unscaled) = value.split_first_chunk()?;
    (!unscaled.is_empty()).then(|| (i32::from_be_bytes(*scale), trim(unscaled)))
}

/// By value: 1.0 equals 1.00.
pub(super) fn compare_decimals(a: &[u8], b: &[u8]) -> Ordering {
    let (Some((scale_a, a)), Some((scale_b, b))) = (decimal_parts(a), decimal_parts(b)) else {
        return a.cmp(b);
    };
    if scale_a == scale_b {
        return compare_varints(a, b);
    }
    let (a, b) = (BigInt::from_signed_bytes_be(a), BigInt::from_signed_bytes_be(b));
    let by_sign = a.sign().cmp(&b.sign());
    if by_sign.is_ne() || a.sign() == Sign::NoSign {
        return by_sign;
    }
    let order = compare_magnitudes(scale_a, a.magnitude(), scale_b, b.magnitude());
    if a.sign() == Sign::Minus { order.reverse() } else { order }
}

/// The numbers are brought to one scale only when their first digits stand in the same place, so that the power of ten
/// has no more digits than the longer number.
fn compare_magnitudes(scale_a: i32, a: &BigUint, scale_b: i32, b: &BigUint) -> Ordering {
    let place = |scale: i32, number: &BigUint| digits(number) - i64::from(scale);
    place(scale_a, a).cmp(&place(scale_b, b)).then_with(|| {
        let power = |from: i32, to: i32| BigUint::from(10u32).pow(to.abs_diff(from));
        match scale_a.cmp(&scale_b) {
            Ordering::Less => (a * power(scale_a, scale_b)).cmp(b),
            Ordering::Equal => a.cmp(b),
            Ordering::Greater => a.cmp(&(b * power(scale_b, scale_a))),
        }
    })
}

/// Number of decimal digits.
fn digits(number: &BigUint) -> i64 {
    match u64::try_from(number) {
        Ok(small) => i64::from(small.checked_ilog10().unwrap_or(0)) + 1,
        Err(_) => number.to_str_radix(10).len() as i64,
    }
}
