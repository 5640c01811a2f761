//! exp and logarithms of decimals, to 32 digits or as many as the argument has. The server has them of a library that
//! rounds to the last digit half to even; here they are worked out with more digits in fixed point, and rounded the same.

use num_bigint::{BigInt, BigUint, Sign};

use crate::error::{Error, Result};

/// DecimalType.MIN_SIGNIFICANT_DIGITS.
const DIGITS: u32 = 32;
/// More are not worked out: the time grows with their square.
const MAX_DIGITS: u32 = 1000;
/// Numbers further from 1 than this power of ten are refused.
const MAX_EXPONENT: i64 = 100_000;

fn ten(power: u32) -> BigInt {
    BigInt::from(10u8).pow(power)
}

/// Decimal digits of an unscaled value (BigDecimal.precision).
pub(super) fn precision(n: &BigInt) -> u32 {
    n.magnitude().to_string().len() as u32
}

/// `n / 10^scale` as a multiple of 10^-digits, cut.
fn fixed(n: &BigInt, scale: i32, digits: u32) -> Result<BigInt> {
    let shift = i64::from(digits) - i64::from(scale);
    if shift.abs() > 2 * MAX_EXPONENT {
        return Err(Error::invalid("the number is too large or too small for this function"));
    }
    Ok(if shift >= 0 { n * ten(shift as u32) } else { n / ten(shift.unsigned_abs() as u32) })
}

/// Rounds a multiple of 10^-digits to so many significant digits, half to even.
fn rounded(value: BigInt, digits: u32, wanted: u32) -> (BigInt, i32) {
    let have = precision(&value);
    if have <= wanted {
        return (value, digits as i32);
    }
    let unit = ten(have - wanted);
    let (sign, magnitude) = (value.sign(), value.magnitude());
    let unit = unit.magnitude();
    let (mut quotient, rest) = (magnitude / unit, magnitude % unit);
    let twice = rest * 2u8;
    if twice > *unit || twice == *unit && quotient.bit(0) {
        quotient += 1u8;
    }
    let scale = digits as i32 - (have - wanted) as i32;
    let result = BigInt::from_biguint(sign, quotient);
    // 9.99 became 10.0.
    if precision(&result) > wanted { (result / 10, scale - 1) } else { (result, scale) }
}

fn wanted(n: &BigInt) -> Result<u32> {
    let digits = precision(n).max(DIGITS);
    if digits > MAX_DIGITS {
        return Err(Error::invalid(format!("a number of more than {MAX_DIGITS} digits is too long for this function")));
    }
    Ok(digits)
}

/// ln of a positive value between 1/2 and 2, all as multiples of `one`: twice the series of artanh((v - 1) / (v + 1)).
fn ln_near_one(value: &BigInt, one: &BigInt) -> BigInt {
    let ratio = (value - one) * one / (value + one);
    let square = &ratio * &ratio / one;
    let (mut term, mut sum, mut n) = (ratio.clone(), ratio, 3u32);
    loop {
        term = term * &square / one;
        let part = &term / n;
        if part.sign() == Sign::NoSign {
            return sum * 2;
        }
        sum += part;
        n += 2;
    }
}

fn ln2(one: &BigInt) -> BigInt {
    ln_near_one(&(one * 2), one)
}

/// ln of a positive decimal, as a multiple of 10^-digits.
fn ln(n: &BigInt, scale: i32, digits: u32) -> Result<BigInt> {
    // n = m * 10^k with m between 0.1 and 1, then m * 2^j between 0.5 and 1.
    let length = precision(n);
    let mut m = fixed(n, length as i32, digits)?;
    let k = i64::from(length) - i64::from(scale);
    let one = ten(digits);
    let mut j = 0i64;
    while &m * 2 < one {
        m *= 2;
        j += 1;
    }
    let two = ln2(&one);
    // ln 10 = 3 ln 2 + ln 1.25
    let ln10 = &two * 3 + ln_near_one(&(&one * 5 / 4), &one);
    Ok(ln_near_one(&m, &one) - two * j + ln10 * k)
}

pub(super) fn log(n: &BigInt, scale: i32, base_ten: bool) -> Result<(BigInt, i32)> {
    let wanted = wanted(n)?;
    // Near 1 the result is small: digits for its leading zeros, too.
    let digits = wanted * 2 + 20 + scale.unsigned_abs().min(MAX_DIGITS);
    let ln = ln(n, scale, digits)?;
    if ln.magnitude() < ten(5).magnitude() {
        return Ok((BigInt::default(), 0));
    }
    if !base_ten {
        return Ok(rounded(ln, digits, wanted));
    }
    let one = ten(digits);
    let ln10 = ln2(&one) * 3 + ln_near_one(&(&one * 5 / 4), &one);
    Ok(rounded(ln * one / ln10, digits, wanted))
}

pub(super) fn exp(n: &BigInt, scale: i32) -> Result<(BigInt, i32)> {
    if n.sign() == Sign::NoSign {
        return Ok((BigInt::from(1), 0));
    }
    let wanted = wanted(n)?;
    let whole = fixed(n, scale, 0)?;
    if i32::try_from(&whole).is_err() {
        return Err(Error::invalid("exp: the exponent is too large"));
    }
    // exp(x) = 10^k * exp(x - k * ln 10), with k so that the rest is between 0 and ln 10.
    let digits = wanted + 20;
    let wide = ten(digits + 12);
    let ln10 = ln2(&wide) * 3 + ln_near_one(&(&wide * 5 / 4), &wide);
    let x = fixed(n, scale, digits + 12)?;
    let mut k = &x / &ln10;
    if &k * &ln10 > x {
        k -= 1;
    }
    let one = ten(digits);
    let x = (x - &k * ln10) / ten(12);
    let k = i32::try_from(&k).unwrap_or(0);
    // exp(x) = exp(x / 2^halvings) ^ 2^halvings, where the series is short.
    let halvings = 10u32;
    let guard = BigInt::from(BigUint::from(1u8) << (2 * halvings + 8));
    let one_wide = &one * &guard;
    let small = x * &guard / BigInt::from(BigUint::from(1u8) << halvings);
    let (mut term, mut sum, mut i) = (one_wide.clone(), one_wide.clone(), 1u32);
    loop {
        term = term * &small / &one_wide / i;
        if term.sign() == Sign::NoSign {
            break;
        }
        sum += &term;
        i += 1;
    }
    for _ in 0..halvings {
        sum = &sum * &sum / &one_wide;
    }
    let (n, scale) = rounded(sum / guard, digits, wanted);
    Ok((n, scale - k))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text((n, scale): (BigInt, i32)) -> String {
        format!("{n}e{}", -scale)
    }

    /// Constants to 32 digits, from a table.
    #[test]
    fn known_values() {
        assert_eq!(text(exp(&BigInt::from(1), 0).unwrap()), "27182818284590452353602874713527e-31");
        assert_eq!(text(log(&BigInt::from(2), 0, false).unwrap()), "69314718055994530941723212145818e-32");
        assert_eq!(text(log(&BigInt::from(2), 0, true).unwrap()), "30102999566398119521373889472449e-32");
        assert_eq!(text(exp(&BigInt::from(-15), 1).unwrap()), "22313016014842982893328047076401e-32");
        assert_eq!(text(log(&BigInt::from(1), 0, true).unwrap()), "0e0");
    }
}
