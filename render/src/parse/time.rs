//! Times, dates and durations from their text, as Cassandra reads them.

use sstablefs::cql::calendar::{civil, days_from_civil};

/// The number of some digits; so many that they fit.
fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// The number that so many digits are.
#[inline]
pub(super) fn digits<const N: usize>(text: [u8; N]) -> Option<i64> {
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Milliseconds since the epoch. Follows TimestampSerializer: a number, or a date with a time and an offset from UTC. A day
/// that the month does not have is its last; 24:00 is the next day. Of times without an offset the zone is UTC.
#[inline]
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if let Some(&[_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':', _, _, b':', _, _]) = bytes.get(..19) {
        // The usual form.
        let (ms, zone) = match &bytes[19..] {
            [b'.', a, b, c, zone @ ..] => (digits([*a, *b, *c]), zone),
            zone => (Some(0), zone),
        };
        let part = |at: usize| digits([bytes[at], bytes[at + 1]]);
        let year = digits([bytes[0], bytes[1], bytes[2], bytes[3]]).filter(|year| *year > 0)?;
        let date = (year, part(5)?, part(8)?);
        let clock = (part(11)?, part(14)?, part(17)?);
        if let (Some(ms), b"Z" | b"+0000" | b"") = (ms, zone) {
            return milliseconds(date, clock, ms);
        }
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    other_timestamp(text)
}

fn other_timestamp(text: &str) -> Option<i64> {
    // What SELECT prints of years with five digits has a sign, though Cassandra does not take it back.
    let signed = text.strip_prefix('+');
    let negative = text.strip_prefix('-');
    let rest = signed.or(negative).unwrap_or(text);
    let (year, rest) = rest.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let day_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(day_digits);
    let sign = if negative.is_some() { -1 } else { 1 };
    let date = (sign * number(year.as_bytes())?, number(month.as_bytes())?, number(day.as_bytes())?);
    let with_time = rest
        .strip_prefix('T')
        .or_else(|| rest.strip_prefix(' '))
        .filter(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    let Some(rest) = with_time else {
        // A date alone has two digits for month and day, and a sign when its year has more than four.
        let years = if signed.is_some() { 5..=9 } else { 4..=4 };
        if !years.contains(&year.len()) || month.len() != 2 || day.len() != 2 {
            return None;
        }
        return milliseconds(date, (0, 0, 0), 0)?.checked_sub(offset(rest)? * 1000);
    };
    if date.0 < 1 {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(rest.len());
    let (clock, rest) = rest.split_at(end);
    let mut parts = clock.split(':').map(|part| number(part.as_bytes()));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() {
        return None;
    }
    let (ms, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let ms = match digits {
                0 => 0,
                1..=9 => number(&rest.as_bytes()[..digits])? * 10i64.pow(9 - digits as u32) / 1_000_000,
                _ => return None,
            };
            (ms, &rest[digits..])
        }
        None => (0, rest),
    };
    milliseconds(date, (hours, minutes, seconds), ms)?.checked_sub(offset(rest)? * 1000)
}

fn milliseconds(date: (i64, i64, i64), clock: (i64, i64, i64), ms: i64) -> Option<i64> {
    let ((year, month, day), (h, m, s)) = (date, clock);
    if !(-999_999_999..=999_999_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if (h > 23 || m > 59 || s > 59) && (h, m, s, ms) != (24, 0, 0, 0) {
        return None;
    }
    let days = days_from_civil(year, month, day.min(days_in_month(year, month)));
    (((days * 24 + h) * 60 + m) * 60 + s).checked_mul(1000)?.checked_add(ms)
}

/// Seconds of what stands behind a time: nothing, `Z`, `+HH`, `+HHmm`, `+HH:mm` with or without a space, or a name of UTC.
fn offset(text: &str) -> Option<i64> {
    let text = match text.strip_prefix(' ') {
        Some("UTC" | "GMT") => return Some(0),
        Some("") => return None,
        Some(rest) => rest,
        None => text,
    };
    let (sign, digits) = match text.as_bytes() {
        [] | [b'Z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [a, b] => (number(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (number(&[*a, *b])?, number(&[*c, *d])?),
        _ => return None,
    };
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= 18 * 3600).then_some(sign * seconds)
}

/// Days since the epoch plus 2^31 of an ISO date, or that number. Follows SimpleDateSerializer.
pub(super) fn date(text: &str) -> Option<u32> {
    if let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() {
        let (year, month, day) = (digits([a, b, c, d])?, digits([e, f])?, digits([g, h])?);
        let real = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        return if real { u32::try_from(days_from_civil(year, month, day) + (1 << 31)).ok() } else { None };
    }
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
pub(super) fn time(text: &str) -> Option<i64> {
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
pub(super) fn duration(text: &str) -> Option<[i64; 3]> {
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
