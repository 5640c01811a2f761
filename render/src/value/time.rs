//! Dates, times and durations as text.

use sstablefs::bytes::{Cursor, vint};
use sstablefs::cql::calendar::civil;
use sstablefs::{Error, Result};

use super::number::integer;

const DAY_MS: i64 = 86_400_000;

#[inline]
fn two(value: u8) -> [u8; 2] {
    [b'0' + value / 10 % 10, b'0' + value % 10]
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

/// `HH:mm:ss.SSS` of the milliseconds of a day.
#[inline]
fn clock_ms(ms: i64, out: &mut Vec<u8>) {
    clock(ms / 1000, out);
    let ms = (ms % 1000) as u16;
    let low = two((ms % 100) as u8);
    out.extend_from_slice(&[b'.', b'0' + (ms / 100) as u8, low[0], low[1]]);
}

#[inline]
fn clock(seconds: i64, out: &mut Vec<u8>) {
    let (h, m, s) = (two((seconds / 3600) as u8), two((seconds / 60 % 60) as u8), two((seconds % 60) as u8));
    out.extend_from_slice(&[h[0], h[1], b':', m[0], m[1], b':', s[0], s[1]]);
}

/// Milliseconds since the epoch in TimestampSerializer's formats: `2024-01-31 12:00:00.000Z` with a space in JSON and a
/// T as a key. The year is that of its era: 1 BC prints as 0001.
#[inline]
fn timestamp(ms: i64, separator: u8, out: &mut Vec<u8>) {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    java_year(if year > 0 { year } else { 1 - year }, out);
    month_day(month, day, out);
    out.push(separator);
    clock_ms(ms.rem_euclid(DAY_MS), out);
    out.push(b'Z');
}

pub(super) fn json_timestamp(ms: i64, out: &mut Vec<u8>) {
    timestamp(ms, b' ', out);
}

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
    integer(year, out);
    month_day(month, day, out);
    out.push(b' ');
    clock_ms(ms.rem_euclid(DAY_MS), out);
    out.extend_from_slice(b"+0000");
}

/// Seconds and nanoseconds as java.time.Instant.toString: the fraction has 0, 3, 6 or 9 digits.
pub fn instant(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    java_year(year, out);
    month_day(month, day, out);
    out.push(b'T');
    clock(seconds.rem_euclid(86_400), out);
    if nanos != 0 {
        out.push(b'.');
        if nanos.is_multiple_of(1_000_000) {
            padded(i64::from(nanos / 1_000_000), 3, out);
        } else if nanos.is_multiple_of(1000) {
            padded(i64::from(nanos / 1000), 6, out);
        } else {
            padded(i64::from(nanos), 9, out);
        }
    }
    out.push(b'Z');
}

/// Days since the epoch of a date's four bytes.
pub(super) fn date_days(raw: [u8; 4]) -> i64 {
    i64::from(u32::from_be_bytes(raw)) - (1 << 31)
}

/// ISO date of days since the epoch (SimpleDateSerializer).
pub(super) fn java_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
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
    clock(nanos / 1_000_000_000, out);
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
