//! Arithmetic of decimals: unscaled value and scale. Follows java.math.BigDecimal and
//! org.apache.cassandra.db.marshal.DecimalType.

use num_bigint::{BigInt, Sign};

use super::real::precision;
use crate::error::{Error, Result};

pub(super) type Decimal = (BigInt, i32);

/// More digits than that are not worked with: a decimal of few bytes can stand for a gigabyte of zeros.
pub(super) const MAX_SCALE: i64 = 100_000;

const MIN_SCALE: i64 = 32;
const LARGEST_QUOTIENT_SCALE: i64 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    HalfUp,
    HalfEven,
}

fn ten(power: i64) -> Result<BigInt> {
    match u32::try_from(power) {
        Ok(power) if i64::from(power) <= MAX_SCALE => Ok(BigInt::from(10u8).pow(power)),
        _ => Err(Error::invalid("the decimals are too far apart to be worked with")),
    }
}

fn scale(scale: i64) -> Result<i32> {
    i32::try_from(scale).map_err(|_| Error::invalid("the decimal is too large"))
}

/// Both with the larger scale.
fn same_scale(a: Decimal, b: Decimal) -> Result<(BigInt, BigInt, i32)> {
    let to = a.1.max(b.1);
    let widen = |(n, s): Decimal| Ok::<_, Error>(n * ten(i64::from(to) - i64::from(s))?);
    Ok((widen(a)?, widen(b)?, to))
}

/// `a / b` of integers, rounded to an integer.
fn divide_integers(a: &BigInt, b: &BigInt, rounding: Rounding) -> BigInt {
    let (quotient, rest) = (a.magnitude() / b.magnitude(), a.magnitude() % b.magnitude());
    let twice = rest * 2u8;
    let up = twice > *b.magnitude() || twice == *b.magnitude() && (rounding == Rounding::HalfUp || quotient.bit(0));
    let sign = if a.sign() == b.sign() { Sign::Plus } else { Sign::Minus };
    BigInt::from_biguint(sign, if up { quotient + 1u8 } else { quotient })
}

/// The quotient with a scale.
fn quotient(a: &Decimal, b: &Decimal, to: i64, rounding: Rounding) -> Result<BigInt> {
    if b.0.sign() == Sign::NoSign {
        return Err(Error::invalid("division by zero"));
    }
    let shift = to - i64::from(a.1) + i64::from(b.1);
    Ok(match shift {
        0.. => divide_integers(&(&a.0 * ten(shift)?), &b.0, rounding),
        _ => divide_integers(&a.0, &(&b.0 * ten(-shift)?), rounding),
    })
}

/// Takes zeros off the end, as long as the scale is larger than `down_to`.
fn strip(mut n: BigInt, mut s: i64, down_to: i64) -> (BigInt, i64) {
    let ten = BigInt::from(10u8);
    while s > down_to && &n % &ten == BigInt::default() && n.sign() != Sign::NoSign {
        n /= &ten;
        s -= 1;
    }
    (n, s)
}

pub(super) fn add(a: Decimal, b: Decimal) -> Result<Decimal> {
    let (a, b, scale) = same_scale(a, b)?;
    Ok((a + b, scale))
}

pub(super) fn subtract(a: Decimal, b: Decimal) -> Result<Decimal> {
    add(a, (-b.0, b.1))
}

pub(super) fn multiply(a: Decimal, b: Decimal) -> Result<Decimal> {
    Ok((a.0 * b.0, scale(i64::from(a.1) + i64::from(b.1))?))
}

pub(super) fn divide(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    let digits = |d: &Decimal| i64::from(precision(&d.0)) - i64::from(d.1);
    let to = (MIN_SCALE - (digits(a) - digits(b))).max(a.1.into()).max(b.1.into()).max(MIN_SCALE);
    let to = to.min(LARGEST_QUOTIENT_SCALE);
    let n = quotient(a, b, to, Rounding::HalfUp)?;
    if n.sign() == Sign::NoSign {
        return Ok((n, 0));
    }
    let (n, s) = strip(n, to, i64::from(i32::MIN));
    Ok((n, scale(s)?))
}

/// BigDecimal.remainder.
pub(super) fn remainder(a: &Decimal, b: &Decimal) -> Result<Decimal> {
    if b.0.sign() == Sign::NoSign {
        return Err(Error::invalid("division by zero"));
    }
    let (x, y, common) = same_scale(a.clone(), b.clone())?;
    let whole = &x / &y;
    let preferred = i64::from(a.1) - i64::from(b.1);
    let (_, whole_scale) =
        if whole.sign() == Sign::NoSign { (whole, preferred) } else { strip(whole, 0, preferred.min(0)) };
    let to = i64::from(a.1).max(whole_scale.max(preferred) + i64::from(b.1));
    let rest = x % y;
    // The scale is never larger than the common one: what is cut off are zeros.
    let cut = i64::from(common) - to;
    Ok((if cut > 0 { rest / ten(cut)? } else { rest * ten(-cut)? }, scale(to)?))
}

/// BigDecimal.divide(count) with the scale of the dividend.
pub(super) fn divide_by_count(a: &Decimal, count: i64) -> Result<Decimal> {
    Ok((quotient(a, &(count.into(), 0), a.1.into(), Rounding::HalfEven)?, a.1))
}

/// BigDecimal.setScale(0, HALF_UP).
pub(super) fn round_half_up(n: BigInt, s: i32) -> Result<Decimal> {
    if i64::from(s) > MAX_SCALE {
        return Ok((BigInt::default(), 0));
    }
    Ok((quotient(&(n, s), &(1.into(), 0), 0, Rounding::HalfUp)?, 0))
}

/// A floating-point number by the digits that Java prints for it (BigDecimal.valueOf); `single`: one of 32 bits.
pub(super) fn of_float(float: f64, single: bool) -> Result<Decimal> {
    if !float.is_finite() {
        return Err(Error::invalid("NaN and Infinity are no decimals"));
    }
    let text = if single { format!("{:e}", float as f32) } else { format!("{float:e}") };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i64);
    let n: BigInt = digits.replace('.', "").parse().unwrap_or_default();
    // At least one digit stands behind the point: 1.0E10, or 12300.0 where there is no exponent.
    let plain = (-3..7).contains(&exponent) || float == 0.0;
    let shown = if plain { (fraction - exponent).max(1) } else { fraction.max(1) };
    let (have, to) = (fraction - exponent, if plain { shown } else { shown - exponent });
    Ok((n * ten(to - have)?, scale(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        let (n, scale) = text.split_once('/').unwrap();
        (n.parse().unwrap(), scale.parse().unwrap())
    }

    fn shown((n, scale): Decimal) -> String {
        format!("{n}/{scale}")
    }

    /// What jshell says to BigDecimal.valueOf and new BigDecimal(Float.toString).
    #[test]
    fn floats_have_the_digits_of_java() {
        for (float, expected) in [
            (0.0, "0/1"),
            (1.0, "10/1"),
            (12300.0, "123000/1"),
            (1e7, "10/-6"),
            (1.25e-5, "125/7"),
            (0.001, "1/3"),
            (1.5e300, "15/-299"),
        ] {
            assert_eq!(shown(of_float(float, false).unwrap()), expected, "{float}");
        }
        assert_eq!(shown(of_float(f64::from(0.1f32), true).unwrap()), "1/1");
    }

    #[test]
    fn quotients_and_rests() {
        assert_eq!(shown(divide(&decimal("10/0"), &decimal("4/0")).unwrap()), "25/1");
        assert_eq!(shown(divide(&decimal("1/0"), &decimal("3/0")).unwrap()), "33333333333333333333333333333333/32");
        assert_eq!(shown(divide(&decimal("-600/0"), &decimal("3/0")).unwrap()), "-2/-2");
        assert_eq!(shown(remainder(&decimal("75/1"), &decimal("2/0")).unwrap()), "15/1");
        assert_eq!(shown(remainder(&decimal("-7/0"), &decimal("200/2")).unwrap()), "-100/2");
        assert!(divide(&decimal("1/0"), &decimal("0/3")).is_err());
    }
}
