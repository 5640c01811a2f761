//! Integers, decimals and floats as Java prints them.

use num_bigint::{BigInt, Sign};
use sstablefs::{Error, Result};

/// Appends a whole number in decimal.
#[inline]
pub fn integer(value: i64, out: &mut Vec<u8>) {
    match value {
        0..10 => return out.push(b'0' + value as u8),
        10..100 => return out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]),
        _ => {}
    }
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A varint: two's complement, big-endian, any length (BigInteger).
pub(super) fn varint(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(small) = small(bytes) {
        integer(small, out);
    } else {
        out.extend_from_slice(BigInt::from_signed_bytes_be(bytes).to_str_radix(10).as_bytes());
    }
}

/// The value of up to eight bytes.
fn small(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let fill = if bytes.first().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
    let mut raw = [fill; 8];
    raw[8 - bytes.len()..].copy_from_slice(bytes);
    Some(i64::from_be_bytes(raw))
}

/// A decimal: scale i32, then the unscaled varint. Printed as BigDecimal.toString, and Python's Decimal, do.
pub(super) fn decimal(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Some((scale, unscaled)) = bytes.split_first_chunk::<4>() else {
        return Err(Error::corrupt(format!("a value of type decimal has only {} bytes", bytes.len())));
    };
    let scale = i64::from(i32::from_be_bytes(*scale));
    if unscaled.is_empty() {
        return Err(Error::corrupt("a value of type decimal has a scale and no digits"));
    }
    if let Some(small) = small(unscaled) {
        let mut buffer = itoa::Buffer::new();
        place_point(small < 0, buffer.format(small.unsigned_abs()).as_bytes(), scale, out);
    } else {
        let big = BigInt::from_signed_bytes_be(unscaled);
        place_point(big.sign() == Sign::Minus, big.magnitude().to_str_radix(10).as_bytes(), scale, out);
    }
    Ok(())
}

fn place_point(negative: bool, digits: &[u8], scale: i64, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    let exponent = digits.len() as i64 - 1 - scale;
    if scale == 0 {
        out.extend_from_slice(digits);
    } else if scale > 0 && exponent >= -6 {
        let before = digits.len() as i64 - scale;
        if before > 0 {
            out.extend_from_slice(&digits[..before as usize]);
            out.push(b'.');
            out.extend_from_slice(&digits[before as usize..]);
        } else {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', before.unsigned_abs() as usize));
            out.extend_from_slice(digits);
        }
    } else {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        if exponent != 0 {
            out.extend_from_slice(if exponent > 0 { b"E+" } else { b"E" });
            integer(exponent, out);
        }
    }
}

/// A finite double in Java's layout with the shortest digits that read back the same (JDK 19 and later).
pub fn double(value: f64, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        out.extend_from_slice(text.as_bytes());
    } else if magnitude < 1e-300 && digit_count(text) == 1 {
        // Java prints at least two digits and takes those that are nearest: 4.9E-324, not 5.0E-324.
        scientific(&format!("{value:.1e}"), out);
    } else {
        scientific(text, out);
    }
}

/// A finite float, likewise.
pub fn float(value: f32, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        out.extend_from_slice(text.as_bytes());
    } else if magnitude < 1e-37 && digit_count(text) == 1 {
        scientific(&format!("{value:.1e}"), out);
    } else {
        scientific(text, out);
    }
}

/// Significant digits of a number's text, which has none beyond the shortest.
fn digit_count(text: &str) -> usize {
    let mantissa = text.split('e').next().unwrap_or(text).trim_start_matches(['-', '0', '.']);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let trailing = mantissa.bytes().rev().take_while(|b| matches!(b, b'0' | b'.')).filter(u8::is_ascii_digit).count();
    digits - trailing
}

/// Lays out any decimal text as Java's computerized scientific notation: d.dddE-n.
fn scientific(text: &str, out: &mut Vec<u8>) {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [0u8; 64];
    let mut n = 0;
    for b in whole.bytes().chain(fraction.bytes()).take(digits.len()) {
        digits[n] = b;
        n += 1;
    }
    let leading = digits[..n].iter().take_while(|&&b| b == b'0').count();
    let trailing = digits[leading..n].iter().rev().take_while(|&&b| b == b'0').count();
    let significant = &digits[leading..n - trailing];
    let exponent = exponent.parse::<i64>().unwrap_or(0) + whole.len() as i64 - 1 - leading as i64;
    out.extend_from_slice(sign.as_bytes());
    out.push(significant.first().copied().unwrap_or(b'0'));
    out.push(b'.');
    out.extend_from_slice(significant.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(b"0"));
    out.push(b'E');
    integer(exponent, out);
}
