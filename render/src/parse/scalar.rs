//! Values without parts from their text. Follows AbstractType.fromString; common forms are read without a detour.

use num_bigint::BigInt;
use sstablefs::bytes::vint;
use sstablefs::cql::{Type, names, parse_text};

use super::{shown, time};

/// Whether values of the type have parts.
pub(super) fn is_nested(ty: &Type) -> bool {
    matches!(
        ty,
        Type::List { .. } | Type::Set { .. } | Type::Map { .. } | Type::Tuple(_) | Type::User(_) | Type::Vector { .. }
    )
}

pub(super) fn wrong(ty: &Type, text: &str) -> String {
    format!("'{}' is not a value of type {}", shown(text), names::cql_name(ty))
}

/// Appends the bytes of the value that a text names.
#[inline]
pub(super) fn from_text(ty: &Type, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    match ty {
        Type::Text => out.extend_from_slice(text.as_bytes()),
        Type::Ascii if text.is_ascii() => out.extend_from_slice(text.as_bytes()),
        Type::Int => match text.parse::<i32>() {
            Ok(value) => out.extend_from_slice(&value.to_be_bytes()),
            Err(_) => return other(ty, text, out),
        },
        Type::BigInt => match text.parse::<i64>() {
            Ok(value) => out.extend_from_slice(&value.to_be_bytes()),
            Err(_) => return other(ty, text, out),
        },
        Type::Uuid | Type::TimeUuid | Type::LexicalUuid | Type::LegacyTimeUuid => match uuid(text) {
            Some(bytes) if *ty == Type::TimeUuid && bytes[6] >> 4 != 1 => {
                return Err(format!("'{text}' is a UUID of version {}, a timeuuid has version 1", bytes[6] >> 4));
            }
            Some(bytes) => out.extend_from_slice(&bytes),
            None => return other(ty, text, out),
        },
        Type::Double => match java_float(text).and_then(|text| text.parse::<f64>().ok()) {
            Some(value) => out.extend_from_slice(&value.to_be_bytes()),
            None => return other(ty, text, out),
        },
        Type::Float => match java_float(text).and_then(|text| text.parse::<f32>().ok()) {
            Some(value) => out.extend_from_slice(&value.to_be_bytes()),
            None => return other(ty, text, out),
        },
        Type::Timestamp | Type::LegacyTimestamp if !text.is_empty() => match time::timestamp(text) {
            Some(ms) => out.extend_from_slice(&ms.to_be_bytes()),
            None => return Err(wrong(ty, text)),
        },
        Type::Decimal if !exponent_fits(text) => return Err(wrong(ty, text)),
        Type::Time => match time::time(text) {
            Some(nanos) => out.extend_from_slice(&nanos.to_be_bytes()),
            None => return Err(wrong(ty, text)),
        },
        Type::Date => match time::date(text) {
            Some(days) => out.extend_from_slice(&days.to_be_bytes()),
            None => return Err(wrong(ty, text)),
        },
        Type::Duration if !text.is_empty() => match time::duration(text) {
            Some([months, days, nanos]) => {
                [months, days, nanos].iter().for_each(|&n| vint::write(vint::zigzag(n), out))
            }
            None => return Err(wrong(ty, text)),
        },
        Type::Inet if !text.is_empty() => match inet(text) {
            Some(Address::V4(bytes)) => out.extend_from_slice(&bytes),
            Some(Address::V6(bytes)) => out.extend_from_slice(&bytes),
            None => return Err(wrong(ty, text)),
        },
        Type::Varint => match text.parse::<i64>() {
            Ok(value) => varint(value, out),
            Err(_) => return other(ty, text, out),
        },
        Type::Blob => return hex(text, out).ok_or_else(|| wrong(ty, text)),
        _ => return other(ty, text, out),
    }
    Ok(())
}

fn other(ty: &Type, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    if *ty == Type::Empty && text.is_empty() {
        return Ok(());
    }
    out.extend(parse_text(ty, text).map_err(|_| wrong(ty, text))?);
    Ok(())
}

/// The shortest two's complement bytes, as BigInteger.toByteArray.
fn varint(value: i64, out: &mut Vec<u8>) {
    let redundant = (if value < 0 { value.leading_ones() } else { value.leading_zeros() } - 1) / 8;
    out.extend_from_slice(&value.to_be_bytes()[redundant as usize..]);
}

/// BigDecimal's exponent has 32 bits.
fn exponent_fits(text: &str) -> bool {
    text.split_once(['e', 'E']).is_none_or(|(_, exponent)| exponent.parse::<i32>().is_ok())
}

/// The bytes of a varint.
pub(super) fn big_integer(text: &str, out: &mut Vec<u8>) -> Option<()> {
    match text.parse::<i64>() {
        Ok(value) => varint(value, out),
        Err(_) => out.extend(text.parse::<BigInt>().ok()?.to_signed_bytes_be()),
    }
    Some(())
}

pub(super) fn hex(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let start = out.len();
    out.reserve(pairs.len());
    for [high, low] in pairs {
        match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => out.push(high << 4 | low),
            _ => {
                out.truncate(start);
                return None;
            }
        }
    }
    Some(())
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[inline]
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
        return None;
    }
    let mut bytes = [0; 16];
    let mut at = 0;
    for byte in &mut bytes {
        if matches!(at, 8 | 13 | 18 | 23) {
            at += 1;
        }
        *byte = digit(text[at])? << 4 | digit(text[at + 1])?;
        at += 2;
    }
    Some(bytes)
}

/// What Double.valueOf takes, without its hexadecimal numbers: white space around, a suffix f or d.
fn java_float(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 {
        return None;
    }
    if matches!(digits, "NaN" | "Infinity") {
        return Some(text);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    Some(text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text))
}

enum Address {
    V4([u8; 4]),
    V6([u8; 16]),
}

/// Numeric addresses as InetAddress.getByName reads them, which would ask the network for a name: `1.2` is 1.0.0.2.
fn inet(text: &str) -> Option<Address> {
    use std::net::Ipv6Addr;
    if text.contains(':') {
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        // The number of a network interface is not kept.
        let address = match inner.split_once('%') {
            Some((address, scope)) if !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_digit()) => address,
            Some(_) => return None,
            None => inner,
        };
        let address = address.parse::<Ipv6Addr>().ok()?;
        return Some(match address.to_ipv4_mapped() {
            Some(v4) => Address::V4(v4.octets()),
            None => Address::V6(address.octets()),
        });
    }
    let parts: Vec<&str> = text.split('.').collect();
    let (last, firsts) = parts.split_last()?;
    if firsts.len() > 3 {
        return None;
    }
    let digits = |part: &str| {
        let fits = !part.is_empty() && part.len() <= 10 && part.bytes().all(|b| b.is_ascii_digit());
        if fits { part.parse::<u64>().ok() } else { None }
    };
    let mut address = 0u64;
    for (i, part) in firsts.iter().enumerate() {
        address |= digits(part).filter(|&n| n < 256)? << (24 - 8 * i);
    }
    let last = digits(last).filter(|&n| n < 1 << (32 - 8 * firsts.len()))?;
    Some(Address::V4(((address | last) as u32).to_be_bytes()))
}
