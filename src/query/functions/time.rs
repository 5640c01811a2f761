//! Times and durations: conversions, floor, sums. Follows org.apache.cassandra.cql3.functions.TimeFcts and
//! org.apache.cassandra.cql3.Duration.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::bytes::vint;
use crate::cql::calendar::{civil, days_from_civil};
use crate::cql::{Type, names};
use crate::error::{Error, Result};

/// 100 ns between 1582-10-15 and 1970-01-01.
const UUID_EPOCH: i64 = 122_192_928_000_000_000;
const DAY_MS: i64 = 86_400_000;
/// Java's Calendar counts in the Julian calendar before this day, 1582-10-15.
const GREGORIAN_FROM: i64 = -141_427;

pub(super) fn is_time(ty: &Type) -> bool {
    matches!(ty, Type::Timestamp | Type::TimeUuid | Type::Date)
}

/// Functions without arguments: their value is the same for all rows of a statement.
pub(in crate::query) fn constant(name: &str) -> Option<(Type, Vec<u8>)> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let noise = crate::cql::murmur3_128(&since.as_nanos().to_be_bytes());
    Some(match name {
        "now" | "current_timeuuid" | "currenttimeuuid" => {
            let mut low = noise[0].to_be_bytes();
            low[0] = low[0] & 0x3f | 0x80;
            (Type::TimeUuid, time_uuid(ms, low))
        }
        "uuid" => {
            let mut bytes: Vec<u8> = noise.iter().flat_map(|n| n.to_be_bytes()).collect();
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            (Type::Uuid, bytes)
        }
        "current_timestamp" | "currenttimestamp" => (Type::Timestamp, ms.to_be_bytes().into()),
        "current_date" | "currentdate" => (Type::Date, date_of(ms)),
        "current_time" | "currenttime" => (Type::Time, (ms.rem_euclid(DAY_MS) * 1_000_000).to_be_bytes().into()),
        _ => return None,
    })
}

/// Java cuts whole seconds down to days: before 1970 that is the day behind, but at midnight.
pub(super) fn date_of(ms: i64) -> Vec<u8> {
    ((ms.div_euclid(1000) / 86_400 + (1 << 31)) as u32).to_be_bytes().into()
}

fn time_uuid(ms: i64, low: [u8; 8]) -> Vec<u8> {
    uuid_of_ticks(ms.wrapping_mul(10_000).wrapping_add(UUID_EPOCH) as u64, low)
}

fn uuid_of_ticks(ticks: u64, low: [u8; 8]) -> Vec<u8> {
    let mut bytes = (ticks as u32).to_be_bytes().to_vec();
    bytes.extend(((ticks >> 32) as u16).to_be_bytes());
    // A time too far away runs into the version, as it does in the server.
    bytes.extend(((ticks >> 48) as u16 | 0x1000).to_be_bytes());
    bytes.extend(low);
    bytes
}

/// The smallest and the largest time UUID of a millisecond.
pub(super) fn min_uuid(ms: i64) -> Vec<u8> {
    time_uuid(ms, [0x80; 8])
}

pub(super) fn max_uuid(ms: i64) -> Vec<u8> {
    let ticks = ms.wrapping_add(1).wrapping_mul(10_000).wrapping_add(UUID_EPOCH).wrapping_sub(1);
    uuid_of_ticks(ticks as u64, [0x7f; 8])
}

/// Milliseconds of a timeuuid, timestamp or date.
pub(super) fn milliseconds(ty: &Type, bytes: &[u8]) -> Result<i64> {
    let wrong = || Error::corrupt(format!("a {} has {} bytes", names::cql_name(ty), bytes.len()));
    Ok(match ty {
        Type::Date => {
            let days = u32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?);
            (i64::from(days) - (1 << 31)) * DAY_MS
        }
        Type::TimeUuid => match *bytes {
            [a, b, c, d, e, f, g, h, ..] => {
                let ticks = i64::from_be_bytes([g & 0x0f, h, e, f, a, b, c, d]);
                (ticks - UUID_EPOCH) / 10_000
            }
            _ => return Err(wrong()),
        },
        _ => i64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?),
    })
}

/// A moment as a value of a timestamp or a date.
pub(super) fn of_milliseconds(ty: &Type, ms: i64) -> Vec<u8> {
    if *ty == Type::Date { date_of(ms) } else { ms.to_be_bytes().into() }
}

#[derive(Debug, Clone, Copy)]
struct Duration {
    months: i64,
    days: i64,
    nanos: i64,
}

impl Duration {
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut at = 0;
        let mut next = || {
            let (value, n) = vint::read(&bytes[at..]).ok_or_else(|| Error::corrupt("a duration ends early"))?;
            at += n;
            Ok::<_, Error>(vint::unzigzag(value))
        };
        Ok(Duration { months: next()?, days: next()?, nanos: next()? })
    }

    fn is_negative(&self) -> bool {
        self.months < 0 || self.days < 0 || self.nanos < 0
    }

    /// Without its months.
    fn milliseconds(&self) -> i64 {
        self.days.wrapping_mul(DAY_MS).wrapping_add(self.nanos / 1_000_000)
    }
}

/// Year, month from 0 and day as Java's Calendar has them.
fn calendar(days: i64) -> (i64, i64, i64) {
    if days >= GREGORIAN_FROM {
        let (year, month, day) = civil(days);
        return (year, i64::from(month) - 1, i64::from(day));
    }
    // Years of 365.25 days that begin in March of the year -4800.
    let c = days + 2_440_588 + 32_082;
    let d = (4 * c + 3).div_euclid(1461);
    let e = c - (1461 * d).div_euclid(4);
    let m = (5 * e + 2) / 153;
    (d - 4800 + m / 10, (m + 2) % 12, e - (153 * m + 2) / 5 + 1)
}

fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let days = days_from_civil(year, month + 1, day);
    if days >= GREGORIAN_FROM {
        return days;
    }
    let a = (14 - (month + 1)) / 12;
    let (y, m) = (year + 4800 - a, month + 1 + 12 * a - 3);
    day + (153 * m + 2) / 5 + 365 * y + y.div_euclid(4) - 32_083 - 2_440_588
}

/// Calendar.add(MONTH): the day is cut to the length of the month.
fn add_months(ms: i64, months: i64) -> i64 {
    let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = calendar(days);
    let total = year.saturating_mul(12).saturating_add(month).saturating_add(months);
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12));
    let (next_year, next_month) = if month == 11 { (year + 1, 0) } else { (year, month + 1) };
    let length = days_of(next_year, next_month, 1) - days_of(year, month, 1);
    // October 1582 has 21 days, but its last is the 31st.
    let last = if length < 28 { 31 } else { length };
    days_of(year, month, day.min(last)).wrapping_mul(DAY_MS).wrapping_add(rest)
}

/// A moment and a duration: `+` or `-`.
pub(in crate::query) fn shift(operator: u8, ty: &Type, time: &[u8], duration: &[u8]) -> Result<Option<Vec<u8>>> {
    if time.is_empty() || duration.is_empty() {
        return Ok(None);
    }
    let mut duration = Duration::read(duration)?;
    let precise = if *ty == Type::Date { duration.nanos == 0 } else { duration.nanos % 1_000_000 == 0 };
    if !precise {
        let unit = if *ty == Type::Date { "days" } else { "milliseconds" };
        return Err(Error::invalid(format!("a {} takes durations of whole {unit}", names::cql_name(ty))));
    }
    if operator == b'-' {
        duration = Duration { months: -duration.months, days: -duration.days, nanos: -duration.nanos };
    }
    let ms = milliseconds(ty, time)?;
    let ms = match duration.months {
        0 => ms.wrapping_add(duration.milliseconds()),
        months => {
            let moved = add_months(ms, months).wrapping_add(duration.days.wrapping_mul(DAY_MS));
            moved.wrapping_add(i64::from((duration.nanos / 1_000_000) as i32))
        }
    };
    Ok(Some(of_milliseconds(ty, ms)))
}

/// The start of the stretch of time that a moment is in.
pub(super) fn floor(ty: &Type, time: &[u8], duration: &[u8], start: Option<&[u8]>) -> Result<Vec<u8>> {
    let duration = Duration::read(duration)?;
    if duration.is_negative() {
        return Err(Error::invalid("floor takes no negative durations"));
    }
    if *ty == Type::Time {
        let nanos = i64::from_be_bytes(time.try_into().map_err(|_| Error::corrupt("a time has not 8 bytes"))?);
        if duration.months != 0 || duration.days != 0 || duration.nanos > DAY_MS * 1_000_000 {
            return Err(Error::invalid("floor of a time takes durations shorter than a day"));
        }
        let step = duration.nanos;
        return Ok((if step == 0 { nanos } else { nanos - nanos % step }).to_be_bytes().into());
    }
    let precise = if *ty == Type::Date { duration.nanos == 0 } else { duration.nanos % 1_000_000 == 0 };
    if !precise {
        return Err(Error::invalid("the duration is finer than what floor works on"));
    }
    let result = if *ty == Type::Date { Type::Date } else { Type::Timestamp };
    let ms = milliseconds(ty, time)?;
    let start = start.map_or(Ok(0), |start| milliseconds(&result, start))?;
    if start > ms {
        return Err(Error::invalid("floor: the start is behind the moment"));
    }
    let step = duration.milliseconds();
    if duration.months == 0 {
        let floor = if step == 0 { ms } else { ms - (ms.wrapping_sub(start)) % step };
        return Ok(of_milliseconds(&result, floor));
    }
    let month = |ms: i64| {
        let (year, month, _) = calendar(ms.div_euclid(DAY_MS));
        year * 12 + month
    };
    let mut times = (month(ms) - month(start)) / duration.months;
    let mut floor = add_months(start, times * duration.months);
    if step > 0 {
        floor = floor.wrapping_add(times.wrapping_mul(step));
        // The days and hours may have led too far.
        let mut at = add_months(start, times * duration.months);
        while floor > ms && times > 0 {
            times -= 1;
            at = add_months(at, -duration.months);
            floor = at.wrapping_add(times.wrapping_mul(step));
        }
        floor = floor.max(start);
    }
    Ok(of_milliseconds(&result, floor))
}
