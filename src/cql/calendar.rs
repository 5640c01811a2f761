//! Dates of the Gregorian calendar as days since 1970-01-01.

/// Year (proleptic, 0 is 1 BC), month and day of a number of days since 1970-01-01.
#[inline]
pub fn civil(days: i64) -> (i64, u8, u8) {
    // Years begin in March here, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = match u32::try_from(shifted) {
        Ok(shifted) => (i64::from(shifted / 146_097), shifted % 146_097),
        Err(_) => (shifted.div_euclid(146_097), shifted.rem_euclid(146_097) as u32),
    };
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + i64::from(year_of_era) + i64::from(month <= 2), month as u8, day as u8)
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
