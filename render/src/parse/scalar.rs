//! Values without parts from their text. Follows AbstractType.fromString; common forms are read without a detour.

use num_bigint::BigInt;
use sstablefs::bytes::vint;
use sstablefs::cql::calendar::{civil, days_from_civil};
use sstablefs::cql::{Type, names, parse_text};

use super::shown;

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
        Type::Timestamp | Type::LegacyTimestamp => match timestamp(text) {
            Some(ms) => out.extend_from_slice(&ms.to_be_bytes()),
            None => return other(ty, text, out),
        },
        Type::Time => match time(text) {
            Some(nanos) => out.extend_from_slice(&nanos.to_be_bytes()),
            None => return Err(wrong(ty, text)),
        },
        Type::Date => match date(text) {
            Some(days) => out.extend_from_slice(&days.to_be_bytes()),
            None => return Err(wrong(ty, text)),
        },
        Type::Duration if !text.is_empty() => match duration(text) {
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

/// The bytes of a decimal whose number has an integer's text.
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
        if text[at] == b'-' {
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

fn number(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Milliseconds of `2024-01-31 12:00:00.000` with a T or a space and Z or +0000, or of the bare number; the other forms
/// are left to [`parse_text`].
#[inline]
fn timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 {
        return text.parse::<i64>().ok().filter(|_| !text.starts_with('+'));
    }
    let (head, zone) = bytes.split_at(19);
    let &[_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':', _, _, b':', _, _] = head else { return None };
    let (ms, zone) = match zone {
        [b'.', a, b, c, zone @ ..] => (number(&[*a, *b, *c])?, zone),
        zone => (0, zone),
    };
    if !matches!(zone, b"Z" | b"+0000") {
        return None;
    }
    let (year, month, day) = (number(&head[..4])?, number(&head[5..7])?, number(&head[8..10])?);
    let (h, m, s) = (number(&head[11..13])?, number(&head[14..16])?, number(&head[17..19])?);
    let days = days_from_civil(year, month, day);
    let real = h < 24 && m < 60 && s < 60 && year > 0 && civil(days) == (year, month as u8, day as u8);
    real.then_some(((days * 24 + h) * 60 + m) * 60_000 + s * 1000 + ms)
}

/// Days since the epoch plus 2^31 of an ISO date, or that number. Follows SimpleDateSerializer.
fn date(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<i64>().ok().and_then(|days| u32::try_from(days).ok());
    }
    // A year of four digits, or of more with a sign.
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = rest.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let years = if text.starts_with('+') {
        5..=9
    } else if sign < 0 {
        4..=9
    } else {
        4..=4
    };
    if parts.next().is_some() || !years.contains(&year.len()) || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let year = number(year.as_bytes())? * sign;
    let (month, day) = (number(month.as_bytes())?, number(day.as_bytes())?);
    let days = days_from_civil(year, month, day);
    let real = civil(days) == (year, month as u8, day as u8);
    if real { u32::try_from(days + (1 << 31)).ok() } else { None }
}

/// Nanoseconds of the day: `h:m:s[.fffffffff]` or the number. Follows TimeSerializer.
fn time(text: &str) -> Option<i64> {
    const DAY: i64 = 86_400_000_000_000;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<i64>().ok().filter(|nanos| (0..DAY).contains(nanos));
    }
    let mut parts = text.trim_matches(|c: char| c <= ' ').splitn(3, ':');
    let mut part = || parts.next();
    let (hours, minutes, rest) = (part()?, part()?, part()?);
    let (seconds, nanos) = match rest.split_once('.') {
        Some((seconds, fraction)) if (1..=9).contains(&fraction.len()) => {
            (seconds, number(fraction.as_bytes())? * 10i64.pow(9 - fraction.len() as u32))
        }
        Some(_) => return None,
        None => (rest, 0),
    };
    let bounded = |text: &str, limit: i64| text.parse::<i64>().ok().filter(|n| (0..limit).contains(n));
    let (h, m, s) = (bounded(hours, 24)?, bounded(minutes, 60)?, bounded(seconds, 60)?);
    Some((h * 3600 + m * 60 + s) * 1_000_000_000 + nanos)
}

/// Months, days and nanoseconds of any form that cql3.Duration reads.
fn duration(text: &str) -> Option<[i64; 3]> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut total = [0i64; 3];
    match rest.strip_prefix('P') {
        None => units(rest, &STANDARD, &mut total)?,
        Some(iso) if iso.contains('-') => {
            let bytes = iso.as_bytes();
            let [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _] = bytes else { return None };
            let part = |from: usize, to: usize| number(&bytes[from..to]);
            total[0] = part(0, 4)? * 12 + part(5, 7)?;
            total[1] = part(8, 10)?;
            total[2] = (part(11, 13)? * 3600 + part(14, 16)? * 60 + part(17, 19)?) * 1_000_000_000;
        }
        Some(iso) => {
            let (date, time) = iso.split_once('T').map_or((iso, ""), |(date, time)| (date, time));
            let weeks = date.ends_with('W');
            if weeks && time.is_empty() && !iso.contains('T') {
                units(date, &ISO_WEEKS, &mut total)?;
            } else {
                ordered(date, &ISO_DATE, &mut total)?;
                ordered(time, &ISO_TIME, &mut total)?;
            }
        }
    }
    let fits = i32::try_from(total[0]).is_ok() && i32::try_from(total[1]).is_ok();
    if !fits {
        return None;
    }
    Some(if negative { total.map(|n| -n) } else { total })
}

/// Name of a unit, which part of a duration it counts in, and how much it is.
type Unit = (&'static str, usize, i64);
const STANDARD: [Unit; 11] = [
    ("mo", 0, 1),
    ("ms", 2, 1_000_000),
    ("us", 2, 1000),
    ("µs", 2, 1000),
    ("ns", 2, 1),
    ("y", 0, 12),
    ("w", 1, 7),
    ("d", 1, 1),
    ("h", 2, 3_600_000_000_000),
    ("s", 2, 1_000_000_000),
    ("m", 2, 60_000_000_000),
];
const ISO_WEEKS: [Unit; 1] = [("w", 1, 7)];
const ISO_DATE: [Unit; 3] = [("Y", 0, 12), ("M", 0, 1), ("D", 1, 1)];
const ISO_TIME: [Unit; 3] = [("H", 2, 3_600_000_000_000), ("M", 2, 60_000_000_000), ("S", 2, 1_000_000_000)];

/// Numbers, each with a unit; units stand from the largest down, each once (Duration.Builder).
fn units(mut text: &str, units: &[Unit], total: &mut [i64; 3]) -> Option<()> {
    let mut last = None;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let amount = text[..digits].parse::<i64>().ok()?;
        let rest = &text[digits..];
        let (name, part, size) = units.iter().find(|(name, ..)| {
            let start = rest.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        })?;
        let rank = (*part, -size);
        if last.is_some_and(|last| last >= rank) {
            return None;
        }
        last = Some(rank);
        total[*part] = total[*part].checked_add(amount.checked_mul(*size)?)?;
        text = &rest[name.len()..];
    }
    Some(())
}

/// As [`units`], where there may be none.
fn ordered(text: &str, names: &[Unit], total: &mut [i64; 3]) -> Option<()> {
    if text.is_empty() || text.bytes().any(|b| b.is_ascii_lowercase()) {
        return text.is_empty().then_some(());
    }
    units(text, names, total)
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
        let address = inner.parse::<Ipv6Addr>().ok()?;
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
