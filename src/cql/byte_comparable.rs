//! Values, keys and clustering prefixes as bytes whose unsigned order is theirs: what BTI index tries hold.
//! Follows `asComparableBytes` of each type for version OSS50, ByteSource, ClusteringComparator and DecoratedKey.
//!
//! ```text
//!   sequence       { separator component }* terminator
//!     separator    40 value follows   3e null   in clusterings also: 3f empty, 41 empty and reversed
//!     terminator   38 end of a sequence or clustering row   20 before all that continue it   60 behind them
//!   bytes, text    as they are; a run of zeroes: 00, fe for each further one, ff behind it
//!                  at the end of the value 00, but behind a run that ends it fe instead of ff and 00
//!   fixed length   the bytes, sign bit flipped where the order is signed
//!   bigint         sign and length as leading bits of the first byte, shortest form
//!   varint         up to 6 bytes as a bigint, else 00|ff, length - 7, bytes
//!   decimal        sign and length of a base-100 exponent, the exponent, base-100 digits + 80, 00
//! ```
//! A value that is empty has no bytes of its own in most types: [`value`] says so by `false`.

use std::cmp::Ordering;

use crate::{Error, Result};

use super::decimal;
use super::elements;
use super::token::{KeyOrder, Ring, Token, order_preserving_token};
use super::types::Type;

/// Ends a sequence of components (ByteSource.TERMINATOR).
pub const TERMINATOR: u8 = 0x38;
/// Instead of [`TERMINATOR`], stands before whatever continues the sequence (ByteSource.LT_NEXT_COMPONENT).
pub const LESS_THAN_NEXT_COMPONENT: u8 = 0x20;
/// Instead of [`TERMINATOR`], stands behind whatever continues the sequence (ByteSource.GT_NEXT_COMPONENT).
pub const GREATER_THAN_NEXT_COMPONENT: u8 = 0x60;
/// Ends the static clustering, which has no components.
pub const EXCLUDED: u8 = 0x18;

const NEXT_COMPONENT: u8 = 0x40;
const NEXT_COMPONENT_EMPTY: u8 = 0x3f;
const NEXT_COMPONENT_EMPTY_REVERSED: u8 = 0x41;
const NEXT_COMPONENT_NULL: u8 = 0x3e;

/// Appends a value. `false`, and nothing appended, for a null and for an empty value of most types: what then stands
/// for it depends on the sequence it is in.
pub fn value(ty: &Type, reversed: bool, bytes: Option<&[u8]>, out: &mut Vec<u8>) -> Result<bool> {
    let start = out.len();
    let Some(bytes) = bytes else { return Ok(false) };
    let present = match forward(ty, bytes, out) {
        Ok(present) => present,
        Err(e) => {
            out.truncate(start);
            return Err(e.context("a value has no place in the order of its type"));
        }
    };
    if reversed {
        out.iter_mut().skip(start).for_each(|b| *b = !*b);
    }
    Ok(present)
}

/// Appends a clustering prefix: each value behind its separator, then `terminator` for the kind of prefix
/// ([`TERMINATOR`] for a row, [`LESS_THAN_NEXT_COMPONENT`] for an inclusive start or exclusive end,
/// [`GREATER_THAN_NEXT_COMPONENT`] for an exclusive start or inclusive end, [`EXCLUDED`] for the static row).
pub fn clustering<'v>(
    types: &[(Type, bool)],
    values: impl IntoIterator<Item = Option<&'v [u8]>>,
    terminator: u8,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut types = types.iter();
    for bytes in values {
        let (ty, reversed) = types.next().ok_or_else(|| Error::corrupt("a clustering has more values than columns"))?;
        let separator = out.len();
        out.push(NEXT_COMPONENT);
        if bytes.is_none() {
            out[separator] = NEXT_COMPONENT_NULL;
        } else if !value(ty, *reversed, bytes, out)? {
            out[separator] = if *reversed { NEXT_COMPONENT_EMPTY_REVERSED } else { NEXT_COMPONENT_EMPTY };
        }
    }
    out.push(terminator);
    Ok(())
}

impl KeyOrder {
    /// Appends the partition key as DecoratedKey.asComparableBytes: token, key, terminator.
    pub fn byte_comparable(&self, token: Token, key: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.push(NEXT_COMPONENT);
        match (&self.ring, token) {
            (_, Token::Murmur3(token)) => signed_fixed(&token.to_be_bytes(), out),
            (_, Token::Random(token)) => varint(&positive(token), out),
            (Ring::Strings, Token::Key) => escaped(order_preserving_token(key).as_bytes(), out),
            (Ring::Local(order), Token::Key) => {
                let separator = out.len() - 1;
                if !value(&order.0, false, Some(key), out)? {
                    out[separator] = NEXT_COMPONENT_NULL;
                }
            }
            (_, Token::Key) => escaped(key, out),
        }
        out.push(NEXT_COMPONENT);
        escaped(key, out);
        out.push(TERMINATOR);
        Ok(())
    }
}

/// The shortest two's complement of a number that is not negative.
fn positive(number: u128) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(number.to_be_bytes());
    decimal::trim(&bytes).to_vec()
}

fn forward(ty: &Type, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool> {
    match ty {
        // These have a form for the empty value too.
        Type::Ascii | Type::Text | Type::Blob | Type::Inet | Type::Duration | Type::Counter | Type::Custom(_) => {
            escaped(bytes, out);
            return Ok(true);
        }
        Type::Empty => return Ok(false),
        _ if bytes.is_empty() => return Ok(false),
        Type::Date | Type::Time | Type::LegacyTimestamp => out.extend_from_slice(bytes),
        Type::TinyInt | Type::SmallInt | Type::Int | Type::Timestamp => signed_fixed(bytes, out),
        Type::Float | Type::Double => float(bytes, out),
        Type::Boolean => out.push(u8::from(bytes != [0])),
        Type::BigInt => integer(i64::from_be_bytes(fixed(bytes)?), out),
        Type::Varint => varint(bytes, out),
        Type::Decimal => decimal(bytes, out)?,
        Type::Uuid => uuid(fixed(bytes)?, out),
        Type::TimeUuid | Type::LegacyTimeUuid => time_uuid(fixed(bytes)?, out),
        Type::LexicalUuid => {
            let flipped = u128::from_be_bytes(fixed(bytes)?) ^ 0x8000_0000_0000_0000_8000_0000_0000_0000;
            out.extend_from_slice(&flipped.to_be_bytes());
        }
        Type::List { element, .. } | Type::Set { element, .. } => {
            sequence(elements::list(bytes)?, std::iter::repeat(&**element), out)?;
        }
        Type::Map { key, value, .. } => {
            sequence(elements::map(bytes)?, [&**key, &**value].into_iter().cycle(), out)?;
        }
        Type::Vector { element, dimension } => {
            sequence(elements::vector(bytes, element, *dimension), std::iter::repeat(&**element), out)?;
        }
        Type::Tuple(types) => fields(bytes, types.len(), types.iter(), out)?,
        Type::User(user) => fields(bytes, user.fields.len(), user.fields.iter().map(|(_, ty)| ty), out)?,
        Type::Composite(types) => composite(bytes, types, out)?,
    }
    Ok(true)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| Error::corrupt(format!("expected a value of {N} bytes, found {}", bytes.len())))
}

fn component(ty: &Type, bytes: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
    let separator = out.len();
    out.push(NEXT_COMPONENT);
    if !value(ty, false, bytes, out)? {
        out[separator] = NEXT_COMPONENT_NULL;
    }
    Ok(())
}

fn sequence<'t>(
    mut values: elements::Elements<'_>,
    types: impl Iterator<Item = &'t Type>,
    out: &mut Vec<u8>,
) -> Result<()> {
    for ty in types {
        let Some(bytes) = values.next_element()? else { break };
        component(ty, bytes, out)?;
    }
    out.push(TERMINATOR);
    Ok(())
}

/// Nulls at the end leave no trace, so that a value keeps its place when its type gets a field.
fn fields<'t>(bytes: &[u8], count: usize, types: impl Iterator<Item = &'t Type>, out: &mut Vec<u8>) -> Result<()> {
    let mut values = elements::fields(bytes, count);
    let mut end = out.len();
    for ty in types {
        let Some(bytes) = values.next_element()? else { break };
        component(ty, bytes, out)?;
        if bytes.is_some() {
            end = out.len();
        }
    }
    values.finish()?;
    out.truncate(end);
    out.push(TERMINATOR);
    Ok(())
}

fn composite(bytes: &[u8], types: &[Type], out: &mut Vec<u8>) -> Result<()> {
    let mut components = elements::components(bytes);
    out.push(if components.is_static() { NEXT_COMPONENT_NULL } else { NEXT_COMPONENT });
    for ty in types {
        let Some((bytes, end_of_component)) = components.next().transpose()? else { break };
        component(ty, Some(bytes), out)?;
        out.extend_from_slice(&[NEXT_COMPONENT, end_of_component as u8 ^ 0x80]);
    }
    if !components.is_empty() {
        return Err(Error::corrupt("a composite value has more components than its type"));
    }
    out.push(TERMINATOR);
    Ok(())
}

/// Zeroes must not end a value early: see the picture above.
fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 1);
    let mut in_run = false;
    for &byte in bytes {
        match (in_run, byte) {
            (false, 0) => out.push(0),
            (true, 0) => out.push(0xfe),
            (true, _) => out.extend_from_slice(&[0xff, byte]),
            (false, _) => out.push(byte),
        }
        in_run = byte == 0;
    }
    out.push(if in_run { 0xfe } else { 0 });
}

fn signed_fixed(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(bytes);
    if let Some(first) = out.get_mut(start) {
        *first ^= 0x80;
    }
}

/// Negative numbers inverted, others with the sign bit set.
fn float(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(bytes);
    if bytes.first().is_some_and(|&b| b >= 0x80) {
        out.iter_mut().skip(start).for_each(|b| *b = !*b);
    } else if let Some(first) = out.get_mut(start) {
        *first |= 0x80;
    }
}

/// ByteSource.VariableLengthInteger: as many leading bits equal the inverted sign as there are bytes.
fn integer(value: i64, out: &mut Vec<u8>) {
    let sign = value >> 63;
    let magnitude = (value ^ sign) as u64;
    let bits = 64 - (magnitude | 1).leading_zeros() as usize;
    let length = bits / 7 + 1;
    let sign = sign as u64;
    if length >= 9 {
        out.push(!sign as u8);
        out.extend_from_slice(&((magnitude | 1 << 63) ^ sign).to_be_bytes());
        return;
    }
    let marker = u64::from((0xff00u16 >> length) as u8) << (8 * (length - 1));
    let coded = ((magnitude | marker) ^ sign).to_be_bytes();
    out.extend_from_slice(&coded[8 - length..]);
}

/// IntegerType: from 7 bytes on, not counting all leading sign bytes, with an explicit length.
fn varint(bytes: &[u8], out: &mut Vec<u8>) {
    let negative = bytes.first().is_some_and(|&b| b >= 0x80);
    let sign_byte = if negative { 0xff } else { 0 };
    let significant = match bytes.iter().position(|&b| b != sign_byte) {
        Some(at) => &bytes[at..],
        None => &[],
    };
    if significant.len() < 7 {
        let mut number = if negative { [0xff; 8] } else { [0; 8] };
        number[8 - significant.len()..].copy_from_slice(significant);
        return integer(i64::from_be_bytes(number), out);
    }
    out.push(!sign_byte);
    let start = out.len();
    unsigned((significant.len() - 7) as u64, out);
    out.iter_mut().skip(start).for_each(|b| *b ^= sign_byte);
    out.extend_from_slice(significant);
}

/// ByteSource.VariableLengthUnsignedInteger: leading ones count the bytes behind the first.
fn unsigned(value: u64, out: &mut Vec<u8>) {
    crate::bytes::vint::write(value, out);
}

/// The number as 0.d1 d2 d3… × 100^exponent, digits in base 100; a negative one as its complement, whose digits
/// round towards minus infinity.
fn decimal(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let (scale, unscaled) =
        decimal::decimal_parts(bytes).ok_or_else(|| Error::corrupt("a decimal is shorter than its scale"))?;
    let number = num_bigint::BigInt::from_signed_bytes_be(unscaled);
    let negative = match number.sign().cmp(&num_bigint::Sign::NoSign) {
        Ordering::Equal => {
            out.push(0x80);
            return Ok(());
        }
        order => order.is_lt(),
    };
    let digits = number.magnitude().to_str_radix(10).into_bytes();
    let scale = i64::from(scale) - digits.len() as i64;
    // Of the two digits of a base-100 digit the first is a zero when the exponent is odd.
    let exponent = -(scale & !1) >> 1;
    let odd = scale & 1 != 0;
    let signed_exponent = if negative { -exponent } else { exponent } as i32;
    let exponent_bytes = signed_exponent.unsigned_abs().to_be_bytes();
    let skip = exponent_bytes.iter().take_while(|&&b| b == 0).count();
    let length = (4 - skip) as i8;
    let length = if signed_exponent < 0 { -length } else { length };
    let sign = if negative { 0x00 } else { 0x80u8 };
    out.push((0x40 + length) as u8 + sign);
    out.extend_from_slice(&signed_exponent.to_be_bytes()[skip..]);

    let mut pairs: Vec<u8> = Vec::with_capacity(digits.len() / 2 + 1);
    let mut rest = digits.iter().map(|d| d - b'0');
    if odd {
        pairs.extend(rest.next());
    }
    while let Some(first) = rest.next() {
        pairs.push(first * 10 + rest.next().unwrap_or(0));
    }
    while pairs.last() == Some(&0) {
        pairs.pop();
    }
    if negative {
        // Each digit but the last is rounded down, below zero: -(d + 1), and the rest is what is missing to one.
        let last = pairs.len().saturating_sub(1);
        let complement = |(i, d): (usize, u8)| {
            let digit = match (i, last) {
                (0, 0) => -i16::from(d),
                (0, _) => -i16::from(d) - 1,
                (i, last) if i == last => 100 - i16::from(d),
                _ => 99 - i16::from(d),
            };
            (digit + 0x80) as u8
        };
        out.extend(pairs.into_iter().enumerate().map(complement));
    } else {
        out.extend(pairs.into_iter().map(|d| d + 0x80));
    }
    out.push(0);
    Ok(())
}

/// The version first, then for version 1 the time from its most significant bits.
fn uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    let uuid = u128::from_be_bytes(bytes);
    let high = (uuid >> 64) as u64;
    let version = high >> 12 & 0xf;
    let high = if version == 1 {
        super::compare::reorder_time(uuid)
    } else {
        version << 60 | high >> 4 & 0x0fff_ffff_ffff_f000 | high & 0xfff
    };
    out.extend_from_slice(&high.to_be_bytes());
    out.extend_from_slice(&(uuid as u64).to_be_bytes());
}

fn time_uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    let uuid = u128::from_be_bytes(bytes);
    out.extend_from_slice(&super::compare::reorder_time(uuid).to_be_bytes());
    out.extend_from_slice(&(uuid as u64 ^ 0x8080_8080_8080_8080).to_be_bytes());
}
