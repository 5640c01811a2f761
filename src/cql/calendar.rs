//! Dates of the Gregorian calendar as days since 1970-01-01.

/// Days of 400 years.
const ERA: i64 = 146_097;

/// Year (proleptic, 0 is 1 BC), month and day of a number of days since 1970-01-01.
#[inline]
pub fn civil(days: i64) -> (i64, u8, u8) {
    // Years begin in March here, so that the leap day is the last one.
    let shifted = days + 719_468;
    match u32::try_from(shifted) {
        Ok(shifted) if shifted < 1 << 29 => civil_from_march(shifted),
        _ => {
            let (year, month, day) = civil_from_march(shifted.rem_euclid(ERA) as u32);
            (shifted.div_euclid(ERA) * 400 + year, month, day)
        }
    }
}

/// Of days since 0000-03-01. A multiplication stands for a division by the mean length of a year, or of a month (Neri and
/// Schneider, Euclidean affine functions and their application to calendar algorithms, 2022).
#[inline]
fn civil_from_march(days: u32) -> (i64, u8, u8) {
    let quarters = 4 * days + 3;
    let (century, rest) = (quarters / ERA as u32, (quarters % ERA as u32) | 3);
    let years = 2_939_745 * u64::from(rest);
    let (year, day_of_year) = ((years >> 32) as u32, years as u32 / 2_939_745 / 4);
    let months = 2141 * day_of_year + 197_913;
    let (month, day) = (months >> 16, (months & 0xffff) / 2141 + 1);
    let in_next = day_of_year >= 306;
    let month = if in_next { month - 12 } else { month };
    (i64::from(100 * century + year) + i64::from(in_next), month as u8, day as u8)
}

/// Days since 1970-01-01 of a date; the inverse of [`civil`].
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        let every_day = -1_500_000..4_000_000;
        let at_borders = [i64::from(i32::MIN), i64::from(i32::MAX), (1 << 29) - 719_468, u32::MAX.into(), 1 << 40];
        let around = at_borders.into_iter().flat_map(|day| day - 1000..day + 1000);
        let mut before = None;
        for day in every_day.chain(around) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days_from_civil(year, month.into(), of_month.into()), day, "{year}-{month}-{of_month}");
            assert!((1..=12).contains(&month) && (1..=31).contains(&of_month));
            if let Some((previous, date)) = before.replace((day, (year, month, of_month)))
                && previous + 1 == day
            {
                assert!(date < (year, month, of_month));
            }
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
    }
}
