//! Values from their text: AbstractType.fromString, for keys on command lines and in file names.
//!
//! An empty text is the value of no bytes for most types. Not every value comes back as it was: Cassandra's text of a
//! non-canonical one (a varint with leading zeros, a boolean of 5) reads as the canonical.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Type;
use super::calendar::{civil, days_from_civil};
use crate::bytes::vint;
use crate::{Error, Result};
use num_bigint::BigInt;

/// The bytes of the value that a text names (AbstractType.fromString): what `sstabledump -k` takes for a key.
/// [`Kind::Invalid`](crate::Kind::Invalid) where it names none.
pub fn parse_text(ty: &Type, text: &str) -> Result<Vec<u8>> {
    let wrong = || Error::invalid(format!("'{text}' is no value of type {}", name(ty)));
    if text.is_empty() {
        match ty {
            Type::Boolean => return Ok(vec![0]),
            Type::Date | Type::Time => return Err(wrong()),
            _ => return Ok(Vec::new()),
        }
    }
    Ok(match ty {
        Type::Text => text.as_bytes().to_vec(),
        Type::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()).ok_or_else(wrong)?,
        Type::Blob | Type::Custom(_) | Type::Counter => unhex(text).ok_or_else(wrong)?,
        Type::List { .. } | Type::Set { .. } | Type::Map { .. } | Type::Vector { .. } => {
            unhex(text).ok_or_else(wrong)?
        }
        Type::Boolean if text.eq_ignore_ascii_case("true") => vec![1],
        Type::Boolean if text.eq_ignore_ascii_case("false") => vec![0],
        Type::TinyInt => text.parse::<i8>().map_err(|_| wrong())?.to_be_bytes().into(),
        Type::SmallInt => text.parse::<i16>().map_err(|_| wrong())?.to_be_bytes().into(),
        Type::Int => text.parse::<i32>().map_err(|_| wrong())?.to_be_bytes().into(),
        Type::BigInt => text.parse::<i64>().map_err(|_| wrong())?.to_be_bytes().into(),
        Type::Varint => text.parse::<BigInt>().map_err(|_| wrong())?.to_signed_bytes_be(),
        Type::Decimal => decimal(text).ok_or_else(wrong)?,
        Type::Float => java_float(text).and_then(|t| t.parse::<f32>().ok()).ok_or_else(wrong)?.to_be_bytes().into(),
        Type::Double => java_float(text).and_then(|t| t.parse::<f64>().ok()).ok_or_else(wrong)?.to_be_bytes().into(),
        Type::Uuid | Type::TimeUuid | Type::LexicalUuid | Type::LegacyTimeUuid => uuid(text).ok_or_else(wrong)?,
        Type::Inet => inet(text).ok_or_else(wrong)?,
        Type::Timestamp | Type::LegacyTimestamp => timestamp(text).ok_or_else(wrong)?.to_be_bytes().into(),
        Type::Date => date(text).ok_or_else(wrong)?.to_be_bytes().into(),
        Type::Time => time(text).ok_or_else(wrong)?.to_be_bytes().into(),
        Type::Duration => duration(text).ok_or_else(wrong)?,
        Type::Tuple(types) => tuple(types.iter(), text)?,
        Type::User(user) => tuple(user.fields.iter().map(|(_, ty)| ty), text)?,
        Type::Composite(types) => composite(types, text)?,
        Type::Boolean | Type::Empty => return Err(wrong()),
    })
}

fn name(ty: &Type) -> String {
    format!("{ty:?}").to_lowercase()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Rust reads the numbers that Java prints; it would also take names that Java does not.
fn java_float(text: &str) -> Option<&str> {
    let digits = text.trim_start_matches(['+', '-']);
    let known = matches!(digits, "NaN" | "Infinity") || digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    known.then_some(text)
}

fn decimal(text: &str) -> Option<Vec<u8>> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let unscaled = format!("{whole}{fraction}").parse::<BigInt>().ok()?;
    let scale = i32::try_from((fraction.len() as i64).checked_sub(exponent)?).ok()?;
    let mut bytes = scale.to_be_bytes().to_vec();
    bytes.extend(unscaled.to_signed_bytes_be());
    Some(bytes)
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let dashes = [8, 13, 18, 23];
    if text.len() != 36 || dashes.iter().any(|&at| text.as_bytes()[at] != b'-') {
        return None;
    }
    unhex(&text.replace('-', "")).filter(|bytes| bytes.len() == 16)
}

fn inet(text: &str) -> Option<Vec<u8>> {
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some(v4.octets().to_vec());
    }
    let v6 = text.parse::<Ipv6Addr>().ok()?;
    Some(match v6.to_ipv4_mapped() {
        Some(v4) => v4.octets().to_vec(),
        None => v6.octets().to_vec(),
    })
}

/// A signed year, month and day; a day up to 31 that the month does not have is its last, or nothing where `strict`.
fn calendar_days(text: &str, strict: bool) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = digits.split('-');
    let mut number = |max: i64| parts.next()?.parse::<i64>().ok().filter(|n| (0..=max).contains(n));
    let (year, month, day) = (number(1_000_000_000)? * sign, number(12)?, number(31)?);
    if parts.next().is_some() || month == 0 || day == 0 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    match civil(days) == (year, month as u8, day as u8) {
        true => Some(days),
        false if strict => None,
        false => Some(days_from_civil(year + month / 12, month % 12 + 1, 1) - 1),
    }
}

/// Days since the epoch plus 2^31: an ISO date, or that number itself.
fn date(text: &str) -> Option<u32> {
    if let Ok(raw) = text.parse::<u32>() {
        return Some(raw);
    }
    u32::try_from(calendar_days(text, true)? + (1 << 31)).ok()
}

/// Nanoseconds of the day: `HH:mm:ss[.fffffffff]`, or the number.
fn time(text: &str) -> Option<i64> {
    const DAY: i64 = 86_400_000_000_000;
    if let Ok(raw) = text.parse::<i64>() {
        return (0..DAY).contains(&raw).then_some(raw);
    }
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = clock_seconds(clock).filter(|_| clock.matches(':').count() == 2)?;
    Some(seconds * 1_000_000_000 + fraction_nanos(fraction)?)
}

fn fraction_nanos(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse::<i64>().ok()? * 10i64.pow(9 - digits.len() as u32))
}

/// Seconds of `H:m[:s]`.
fn clock_seconds(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut part = |max: i64| parts.next().map(|p| p.parse::<i64>().ok().filter(|n| (0..max).contains(n)));
    let (hours, minutes) = (part(24)??, part(60)??);
    let seconds = match part(60) {
        Some(seconds) => seconds?,
        None => 0,
    };
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}

/// Milliseconds since the epoch: the number, or a date with an optional time and offset from UTC.
fn timestamp(text: &str) -> Option<i64> {
    if let Ok(raw) = text.parse::<i64>() {
        return Some(raw);
    }
    let text = text.trim_end_matches(" UTC").trim_end_matches(" GMT");
    let (date, rest) = match text.find(['T', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let day_ms = calendar_days(date, false)?.checked_mul(86_400_000)?;
    let (clock, offset_seconds) = match rest.find(['Z', '+', '-']) {
        Some(at) => (rest[..at].trim_end(), offset(&rest[at..])?),
        None => (rest, 0),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let seconds = if clock.is_empty() { 0 } else { clock_seconds(clock)? };
    day_ms.checked_add((seconds - offset_seconds) * 1000 + fraction_nanos(fraction)? / 1_000_000)
}

/// Seconds of `Z`, `+HH`, `+HHmm` or `+HH:mm`.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text[1..].replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<i64>().ok()?;
    let (hours, minutes) = if digits.len() == 2 { (number, 0) } else { (number / 100, number % 100) };
    Some(sign * (hours * 3600 + minutes * 60))
}

fn duration(text: &str) -> Option<Vec<u8>> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mut months, mut days, mut nanos) = (0i64, 0i64, 0i64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(|b| !b.is_ascii_digit()).count();
        let number = rest[..digits].parse::<i64>().ok()?;
        let unit = rest[digits..digits + letters].to_lowercase();
        let (total, size) = match unit.as_str() {
            "y" => (&mut months, 12),
            "mo" => (&mut months, 1),
            "w" => (&mut days, 7),
            "d" => (&mut days, 1),
            "h" => (&mut nanos, 3_600_000_000_000),
            "m" => (&mut nanos, 60_000_000_000),
            "s" => (&mut nanos, 1_000_000_000),
            "ms" => (&mut nanos, 1_000_000),
            "us" | "µs" => (&mut nanos, 1000),
            "ns" => (&mut nanos, 1),
            _ => return None,
        };
        *total = total.checked_add(number.checked_mul(size)?)?;
        rest = &rest[digits + letters..];
    }
    let mut bytes = Vec::new();
    for part in [months, days, nanos] {
        vint::write(vint::zigzag(if negative { -part } else { part }), &mut bytes);
    }
    Some(bytes)
}

/// Splits at each ':' without a backslash before it (AbstractCompositeType.split).
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, bytes) = (0, text.as_bytes());
    for at in 0..bytes.len() {
        if bytes[at] == b':' && (at == 0 || bytes[at - 1] != b'\\') {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn tuple<'a>(types: impl ExactSizeIterator<Item = &'a Type>, text: &str) -> Result<Vec<u8>> {
    let parts = split(text);
    if parts.len() > types.len() {
        return Err(Error::invalid(format!("'{text}' has {} parts, the type {} fields", parts.len(), types.len())));
    }
    let mut bytes = Vec::new();
    for (part, ty) in parts.into_iter().zip(types) {
        if part == "@" {
            bytes.extend((-1i32).to_be_bytes());
            continue;
        }
        let field = parse_text(ty, &part.replace("\\:", ":").replace("\\@", "@"))?;
        bytes.extend((field.len() as u32).to_be_bytes());
        bytes.extend(field);
    }
    Ok(bytes)
}

fn composite(types: &[Type], text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (i, part) in split(text).into_iter().enumerate() {
        if let ("!" | "_", Some(end)) = (part, bytes.last_mut()) {
            *end = if part == "!" { 1 } else { 0xff };
            break;
        }
        let Some(ty) = types.get(i) else {
            return Err(Error::invalid(format!("'{text}' has more than the {} parts of the key", types.len())));
        };
        let mut part = part.replace("\\:", ":");
        if part.ends_with('!') {
            part.pop();
        }
        let value = parse_text(ty, &part)?;
        let length = u16::try_from(value.len())
            .map_err(|_| Error::invalid("a part of the key is longer than 65535 bytes".to_string()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(value);
        bytes.push(0);
    }
    Ok(bytes)
}
