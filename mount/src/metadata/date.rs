//! Times as sstablemetadata prints them.

use sstablefs_render::value::iso_timestamp;

/// `MM/dd/yyyy HH:mm:ss` in local time.
pub(super) fn date(millis: i64, utc_offset: &dyn Fn(i64) -> i64) -> Option<String> {
    let offset = utc_offset(millis.div_euclid(1000)).saturating_mul(1000);
    let mut iso = Vec::new();
    iso_timestamp(millis.saturating_add(offset), &mut iso);
    let iso = String::from_utf8(iso).ok()?;
    let (day, clock) = iso.split_once('T')?;
    let (rest, day) = day.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    Some(format!("{month}/{day}/{} {}", year.trim_start_matches('+'), clock.get(..8)?))
}

/// A duration in words, such as `1 day 2 hours`, without what is 0 at its ends; nothing for 0.
pub(super) fn duration(seconds: i64) -> Option<String> {
    if seconds == 0 {
        return None;
    }
    if seconds == i64::from(i32::MAX) {
        return Some("never".to_owned());
    }
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let first = parts.iter().position(|(n, _)| *n != 0)?;
    let last = parts.iter().rposition(|(n, _)| *n != 0)?;
    let words: Vec<String> =
        parts[first..=last].iter().map(|(n, unit)| format!("{n} {unit}{}", if *n == 1 { "" } else { "s" })).collect();
    Some(words.join(" "))
}

/// The difference of two timestamps in microseconds.
pub(super) fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    format!("Days: {days} Hours: {hours} Minutes: {} Seconds: {}", seconds / 60 % 60, seconds % 60)
}

/// A size with a unit; nothing for 0.
pub(super) fn size(bytes: i64) -> Option<String> {
    if bytes == 0 {
        return None;
    }
    if bytes < 1024 {
        return Some(format!("{bytes} B"));
    }
    let exponent = ((bytes as f64).ln() / 1024f64.ln()) as i32;
    let unit = ["k", "M", "G", "T", "P", "E"].get(exponent as usize - 1)?;
    Some(format!("{:.1} {unit}B", bytes as f64 / 1024f64.powi(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_tool_prints_them() {
        // From the tool's own output.
        let utc = |_| 0;
        assert_eq!(date(1_795_719_728_528, &utc).as_deref(), Some("11/26/2026 19:02:08"));
        assert_eq!(date(1_795_719_728_528, &|_| 3600).as_deref(), Some("11/26/2026 20:02:08"));
        assert_eq!(duration(1_000_000).as_deref(), Some("11 days 13 hours 46 minutes 40 seconds"));
        assert_eq!(duration(86_400).as_deref(), Some("1 day"));
        assert_eq!(duration(3601).as_deref(), Some("1 hour 0 minutes 1 second"));
        assert_eq!(span(1_795_719_787_663_999), "Days: 20783 Hours: 19 Minutes: 3 Seconds: 7");
        assert_eq!(size(86).as_deref(), Some("86 B"));
        assert_eq!(size(9887).as_deref(), Some("9.7 kB"));
    }
}
