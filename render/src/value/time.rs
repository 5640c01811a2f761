//! Dates, times and durations as text.

use sstablefs::bytes::{Cursor, vint};
use sstablefs::cql::calendar::civil;
use sstablefs::{Error, Result};

use super::number::integer;

const DAY_MS: i64 = 86_400_000;

/// The digits of 00 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

#[inline]
fn two(value: u8) -> [u8; 2] {
    PAIRS[usize::from(value % 100)]
}

/// `YYYY-MM-DD` of a day of the years 0 to 9999.
#[inline]
fn plain_date(year: u16, month: u8, day: u8) -> [u8; 10] {
    let ([c, d], [y, z]) = (two((year / 100) as u8), two((year % 100) as u8));
    let ([m, n], [e, f]) = (two(month), two(day));
    [c, d, y, z, b'-', m, n, b'-', e, f]
}

/// `HH:mm:ss` of the seconds of a day.
#[inline]
fn plain_clock(seconds: u32) -> [u8; 8] {
    let ([a, b], [c, d]) = (two((seconds / 3600) as u8), two((seconds / 60 % 60) as u8));
    let [e, f] = two((seconds % 60) as u8);
    [a, b, b':', c, d, b':', e, f]
}

/// Six digits.
#[inline]
fn six(value: u32) -> [u8; 6] {
    let ([a, b], [c, d]) = (two((value / 10_000) as u8), two((value / 100 % 100) as u8));
    let [e, f] = two((value % 100) as u8);
    [a, b, c, d, e, f]
}

/// Copies a part into a text that is laid out in place.
#[inline]
fn put<const N: usize>(text: &mut [u8; 32], at: usize, part: [u8; N]) {
    text[at..at + N].copy_from_slice(&part);
}

/// Appends the first `len` bytes: one copy of a fixed length costs less than one of a length that varies.
#[inline]
fn append(text: &[u8; 32], len: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(text);
    out.truncate(start + len);
}

/// `value` with at least `width` digits.
fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs());
    if value < 0 {
        out.push(b'-');
    }
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits.as_bytes());
}

/// A year of four digits; more have a plus sign (java.time's SignStyle.EXCEEDS_PAD).
#[inline]
fn java_year(year: i64, out: &mut Vec<u8>) {
    if (0..=9999).contains(&year) {
        out.extend_from_slice(&two((year / 100) as u8));
        out.extend_from_slice(&two((year % 100) as u8));
        return;
    }
    if year > 9999 {
        out.push(b'+');
    }
    padded(year, 4, out);
}

#[inline]
fn month_day(month: u8, day: u8, out: &mut Vec<u8>) {
    let (m, d) = (two(month), two(day));
    out.extend_from_slice(&[b'-', m[0], m[1], b'-', d[0], d[1]]);
}

/// Milliseconds since the epoch in TimestampSerializer's formats: `2024-01-31 12:00:00.000Z` with a space in JSON and a
/// T as a key. The year is that of its era: 1 BC prints as 0001.
#[inline]
fn timestamp(ms: i64, separator: u8, out: &mut Vec<u8>) {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    let year = if year > 0 { year } else { 1 - year };
    let clock = clock_ms(ms.rem_euclid(DAY_MS) as u32);
    let mut text = [0; 32];
    put(&mut text, 10, [separator]);
    put(&mut text, 11, clock);
    put(&mut text, 23, [b'Z']);
    if let Some(year) = plain_year(year) {
        put(&mut text, 0, plain_date(year, month, day));
        return append(&text, 24, out);
    }
    java_year(year, out);
    month_day(month, day, out);
    out.extend_from_slice(&text[10..24]);
}

/// `HH:mm:ss.SSS` of the milliseconds of a day.
#[inline]
fn clock_ms(ms: u32) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = plain_clock(ms / 1000);
    let rest = ms % 1000;
    let [y, z] = two((rest % 100) as u8);
    [a, b, c, d, e, f, g, h, b'.', b'0' + (rest / 100) as u8, y, z]
}

#[inline]
fn plain_year(year: i64) -> Option<u16> {
    if (0..=9999).contains(&year) { Some(year as u16) } else { None }
}

pub(super) fn json_timestamp(ms: i64, out: &mut Vec<u8>) {
    timestamp(ms, b' ', out);
}

/// Appends a time in UTC as `2024-01-31T12:00:00.000Z`; `ms` are milliseconds since the epoch.
pub fn iso_timestamp(ms: i64, out: &mut Vec<u8>) {
    timestamp(ms, b'T', out);
}

/// As COPY TO prints a timestamp: Python's strftime with milliseconds; the bare number where Python has no date.
pub(super) fn cqlsh_timestamp(ms: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    if !(1..=9999).contains(&year) {
        integer(ms, out);
        return;
    }
    let mut text = [0; 32];
    put(&mut text, 10, [b' ']);
    put(&mut text, 11, clock_ms(ms.rem_euclid(DAY_MS) as u32));
    put(&mut text, 23, *b"+0000");
    if year >= 1000 {
        put(&mut text, 0, plain_date(year as u16, month, day));
        return append(&text, 28, out);
    }
    integer(year, out);
    month_day(month, day, out);
    out.extend_from_slice(&text[10..28]);
}

/// Seconds and nanoseconds as java.time.Instant.toString: the fraction has 0, 3, 6 or 9 digits.
#[inline]
pub fn instant(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let mut text = [0; 32];
    put(&mut text, 10, [b'T']);
    put(&mut text, 11, plain_clock(seconds.rem_euclid(86_400) as u32));
    let mut len = 19;
    if nanos != 0 {
        let (micros, rest) = (nanos / 1000, nanos % 1000);
        put(&mut text, 19, [b'.']);
        put(&mut text, 20, six(micros % 1_000_000));
        len = if rest != 0 {
            let [y, z] = two((rest % 100) as u8);
            put(&mut text, 26, [b'0' + (rest / 100) as u8, y, z]);
            29
        } else if micros % 1000 == 0 {
            23
        } else {
            26
        };
    }
    put(&mut text, len, [b'Z']);
    if let Some(year) = plain_year(year) {
        put(&mut text, 0, plain_date(year, month, day));
        return append(&text, len + 1, out);
    }
    java_year(year, out);
    month_day(month, day, out);
    out.extend_from_slice(&text[10..len + 1]);
}

/// Days since the epoch of a date's four bytes.
pub(super) fn date_days(raw: [u8; 4]) -> i64 {
    i64::from(u32::from_be_bytes(raw)) - (1 << 31)
}

/// ISO date of days since the epoch (SimpleDateSerializer).
pub(super) fn java_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    if let Some(year) = plain_year(year) {
        return out.extend_from_slice(&plain_date(year, month, day));
    }
    java_year(year, out);
    month_day(month, day, out);
}

/// As cqlsh prints a date: outside of the years 1 to 9999 the days since the epoch.
pub(super) fn cqlsh_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    if (1..=9999).contains(&year) {
        java_year(year, out);
        month_day(month, day, out);
    } else {
        integer(days, out);
    }
}

/// Nanoseconds of a day with nine digits (TimeSerializer).
pub(super) fn time(nanos: i64, out: &mut Vec<u8>) -> Result<()> {
    if !(0..86_400_000_000_000).contains(&nanos) {
        return Err(Error::corrupt(format!("a value of type time is not within a day: {nanos} ns")));
    }
    out.extend_from_slice(&plain_clock((nanos / 1_000_000_000) as u32));
    out.push(b'.');
    padded(nanos % 1_000_000_000, 9, out);
    Ok(())
}

/// A duration: months, days and nanoseconds as zigzag vints; printed as `1y2mo3d4h5m6s7ms8us9ns`.
pub(super) fn duration(value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut cursor = Cursor::new(value);
    let mut parts = [0i64; 3];
    for part in &mut parts {
        *part = vint::unzigzag(cursor.vint()?);
    }
    if parts.iter().any(|&p| p < 0) {
        out.push(b'-');
    }
    let [months, days, nanos] = parts.map(i64::unsigned_abs);
    units(months, &[(12, "y"), (1, "mo")], out);
    units(days, &[(1, "d")], out);
    const NANO_UNITS: [(u64, &str); 6] = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1000, "us"),
        (1, "ns"),
    ];
    units(nanos, &NANO_UNITS, out);
    Ok(())
}

fn units(mut value: u64, units: &[(u64, &str)], out: &mut Vec<u8>) {
    for (size, name) in units {
        if value >= *size {
            out.extend_from_slice(itoa::Buffer::new().format(value / size).as_bytes());
            out.extend_from_slice(name.as_bytes());
            value %= size;
        }
    }
}
