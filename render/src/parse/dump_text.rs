//! Objects, arrays and times of a dump.

use std::borrow::Cow;

use sstablefs::cql::calendar::days_from_civil;

use super::json_shape::{Fields, Items, Value};
use super::json_string::string;
use super::time::digits;
use super::{Fault, shown};

/// Where values stand in the text of a record.
pub(super) struct Place {
    base: usize,
}

impl Place {
    pub(super) fn new(text: &str) -> Self {
        Place { base: text.as_ptr() as usize }
    }

    pub(super) fn fault(&self, at: &str, reason: impl Into<String>) -> Fault {
        Fault::new(self.offset(at), reason)
    }

    fn offset(&self, at: &str) -> usize {
        (at.as_ptr() as usize).saturating_sub(self.base)
    }
}

/// The two times of a deletion; a cell's has only the local one.
pub(super) struct Deletion {
    pub(super) marked: Option<i64>,
    pub(super) local: i64,
}

pub(super) fn deletion_info(value: Value<'_>, place: &Place) -> Result<Deletion, Fault> {
    let (mut marked, mut local) = (None, None);
    for (name, value) in object(value, place)? {
        match &*name {
            "marked_deleted" => marked = Some(micros(value.raw(), place)?),
            "local_delete_time" => local = Some(seconds(value.raw(), place)?),
            _ => {}
        }
    }
    match local {
        Some(local) => Ok(Deletion { marked, local }),
        None => Err(place.fault(value.raw(), "\"deletion_info\" lacks \"local_delete_time\"")),
    }
}

#[inline]
pub(super) fn object<'a>(value: Value<'a>, place: &Place) -> Result<Fields<'a>, Fault> {
    value.fields().ok_or_else(|| place.fault(value.raw(), "this must be an object"))
}

#[inline]
pub(super) fn array<'a>(value: Value<'a>, place: &Place) -> Result<Items<'a>, Fault> {
    value.items().ok_or_else(|| place.fault(value.raw(), "this must be an array"))
}

/// The elements of an array of strings, each to be read by itself.
pub(super) fn strings<'a>(
    value: Value<'a>,
    place: &Place,
) -> Result<impl Iterator<Item = Result<Cow<'a, str>, Fault>> + Clone, Fault> {
    let offset = place.offset(value.raw());
    let wrong = move || Fault::new(offset, "this must be an array of strings");
    let items = value.items().ok_or_else(wrong)?;
    Ok(items.map(move |item| string(item.raw()).ok().flatten().ok_or_else(wrong)))
}

/// A string, or the text of a number.
pub(super) fn text<'a>(raw: &'a str, place: &Place) -> Result<Cow<'a, str>, Fault> {
    let found = string(raw).map_err(|reason| place.fault(raw, reason))?;
    Ok(found.unwrap_or(Cow::Borrowed(raw)))
}

pub(super) fn int(raw: &str, place: &Place) -> Result<i32, Fault> {
    let positive = raw.parse().ok().filter(|ttl| *ttl > 0);
    positive.ok_or_else(|| place.fault(raw, "a TTL must be a positive number"))
}

/// A time in microseconds. Of times before 1970 a dump counts the fraction upwards from the whole seconds, which are cut
/// towards zero; of those that do not fit into nanoseconds the fraction is lost, but for the greatest and the least.
pub(super) fn micros(raw: &str, place: &Place) -> Result<i64, Fault> {
    let text = text(raw, place)?;
    let parsed = match text.parse::<i64>() {
        Ok(number) => Some(number),
        Err(_) => instant(&text).and_then(|(seconds, nanos)| {
            match seconds {
                _ if nanos % 1000 == 0 => {}
                s if s == i64::MAX / 1_000_000 => return Some(i64::MAX),
                s if s == i64::MIN / 1_000_000 => return Some(i64::MIN + 1),
                _ => {}
            }
            let whole = if seconds < 0 && nanos > 0 { seconds - 1 } else { seconds };
            whole.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
        }),
    };
    match parsed {
        Some(i64::MIN) | None => Err(place.fault(raw, format!("'{}' is no time", shown(&text)))),
        Some(micros) => Ok(micros),
    }
}

pub(super) fn seconds(raw: &str, place: &Place) -> Result<i64, Fault> {
    let text = text(raw, place)?;
    let parsed = text.parse::<i64>().ok().or_else(|| instant(&text).map(|(seconds, _)| seconds));
    parsed.ok_or_else(|| place.fault(raw, format!("'{}' is no time", shown(&text))))
}

/// Seconds and nanoseconds of what java.time.Instant prints.
fn instant(text: &str) -> Option<(i64, u32)> {
    if let [a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n, rest @ ..] = text.as_bytes()
        && let (Some(year), Some(month @ 1..=12), Some(day @ 1..=31)) =
            (digits([*a, *b, *c, *d]), digits([*e, *f]), digits([*g, *h]))
        && let (Some(hours @ 0..=23), Some(minutes @ 0..=59), Some(seconds @ 0..=59)) =
            (digits([*i, *j]), digits([*k, *l]), digits([*m, *n]))
    {
        // The usual form.
        let nanos = match rest {
            [b'Z'] => Some(0),
            [b'.', x, y, z, b'Z'] => digits([*x, *y, *z]).map(|n| n * 1_000_000),
            [b'.', u, v, w, x, y, z, b'Z'] => digits([*u, *v, *w, *x, *y, *z]).map(|n| n * 1000),
            _ => None,
        };
        if let Some(nanos) = nanos {
            let days = days_from_civil(year, month, day);
            return Some((days * 86_400 + hours * 3600 + minutes * 60 + seconds, nanos as u32));
        }
    }
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (sign, date) = match date.as_bytes().first()? {
        b'-' => (-1, &date[1..]),
        b'+' => (1, &date[1..]),
        _ => (1, date),
    };
    let number = |text: &str, limit: i64| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<i64>().ok().filter(|n| *n <= limit) } else { None }
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let days = days_from_civil(number(year, 1_000_000_000)? * sign, number(month, 12)?, number(day, 31)?);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 23)?, number(parts.next()?, 59)?);
    let seconds = number(parts.next().unwrap_or("0"), 59)?;
    let nanos = match fraction.len() {
        0 => 0,
        n @ 1..=9 => number(fraction, 999_999_999)? * 10i64.pow(9 - n as u32),
        _ => return None,
    };
    Some((days * 86_400 + hours * 3600 + minutes * 60 + seconds, nanos as u32))
}
