//! Times on the command line and local time.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Seconds since the epoch from a number or an ISO 8601 time; one without a zone is local.
pub(crate) fn parse_now(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_second());
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    let zoned = local.and_then(|time| time.to_zoned(TimeZone::system()));
    zoned.map(|time| time.timestamp().as_second()).map_err(|_| {
        "is neither a number of seconds since the epoch nor a time such as 2024-01-31T12:00:00Z".to_owned()
    })
}

pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

pub(crate) fn now_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Seconds by which local time is ahead of UTC.
pub(crate) fn utc_offset(zone: &TimeZone, seconds: i64) -> i64 {
    // Times that no calendar reaches have no zone either.
    Timestamp::from_second(seconds).map_or(0, |time| i64::from(zone.to_offset(time).seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_a_number_or_a_time() {
        assert_eq!(parse_now("1700000000"), Ok(1_700_000_000));
        assert_eq!(parse_now("2023-11-14T22:13:20Z"), Ok(1_700_000_000));
        assert_eq!(parse_now("2023-11-14T23:13:20+01:00"), Ok(1_700_000_000));
        assert!(parse_now("2023-11-14").is_ok() && parse_now("2023-11-14 22:13").is_ok());
        assert!(parse_now("soon").is_err());
    }
}
