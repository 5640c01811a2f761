//! Arithmetic on values. Follows NumberType and its subclasses in org.apache.cassandra.db.marshal: which type a result
//! has, that integers wrap around, and that division by zero is an error.

use num_bigint::BigInt;

use super::decimal::{self, Decimal, MAX_SCALE};
use crate::cql::Type;
use crate::error::{Error, Result};

/// A number out of its bytes.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Integer(i64),
    Big(BigInt),
    /// Unscaled value and scale.
    Decimal(BigInt, i32),
    Float(f64),
}

fn rank(ty: &Type) -> Option<u8> {
    Some(match ty {
        Type::TinyInt => 0,
        Type::SmallInt => 1,
        Type::Int => 2,
        Type::BigInt | Type::Counter => 3,
        Type::Varint => 4,
        Type::Float => 5,
        Type::Double => 6,
        Type::Decimal => 7,
        _ => return None,
    })
}

pub(super) fn is_number(ty: &Type) -> bool {
    rank(ty).is_some()
}

/// The type of a result: the wider of both.
pub(super) fn result_type(a: &Type, b: &Type) -> Option<Type> {
    let (low, high) = (rank(a)?.min(rank(b)?), rank(a)?.max(rank(b)?));
    Some(match (low, high) {
        (_, 7) | (4, 5 | 6) => Type::Decimal,
        (_, 6) | (3, 5) => Type::Double,
        (_, 5) => Type::Float,
        (_, 4) => Type::Varint,
        (_, 3) => Type::BigInt,
        (_, 2) => Type::Int,
        (_, 1) => Type::SmallInt,
        _ => Type::TinyInt,
    })
}

/// `None` for a value of no bytes.
pub(super) fn read(ty: &Type, bytes: &[u8]) -> Result<Option<Number>> {
    fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
        bytes.try_into().map_err(|_| Error::corrupt(format!("a number has {} bytes instead of {N}", bytes.len())))
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(match ty {
        Type::TinyInt => Number::Integer(i8::from_be_bytes(fixed(bytes)?).into()),
        Type::SmallInt => Number::Integer(i16::from_be_bytes(fixed(bytes)?).into()),
        Type::Int => Number::Integer(i32::from_be_bytes(fixed(bytes)?).into()),
        Type::Float => Number::Float(f32::from_be_bytes(fixed(bytes)?).into()),
        Type::Double => Number::Float(f64::from_be_bytes(fixed(bytes)?)),
        Type::Varint => Number::Big(BigInt::from_signed_bytes_be(bytes)),
        Type::Decimal => match bytes.split_first_chunk() {
            Some((scale, unscaled)) => {
                Number::Decimal(BigInt::from_signed_bytes_be(unscaled), i32::from_be_bytes(*scale))
            }
            None => return Err(Error::corrupt("a decimal is shorter than 4 bytes")),
        },
        _ => Number::Integer(i64::from_be_bytes(fixed(bytes)?)),
    }))
}

/// The bytes of a number in a type that is wide enough, or into which it is cut as Java does.
pub(super) fn write(number: &Number, ty: &Type) -> Result<Vec<u8>> {
    let integer = |number: &Number| match number {
        Number::Integer(n) => *n,
        Number::Float(f) => *f as i64,
        other => low_bits(&to_big(other)),
    };
    // What a floating-point number is cut into has 32 bits first, for the types that are smaller.
    let small = |number: &Number| match number {
        Number::Float(f) => *f as i32,
        other => integer(other) as i32,
    };
    Ok(match ty {
        Type::TinyInt => (small(number) as i8).to_be_bytes().into(),
        Type::SmallInt => (small(number) as i16).to_be_bytes().into(),
        Type::Int => small(number).to_be_bytes().into(),
        Type::Float => match number {
            Number::Integer(n) => (*n as f32).to_be_bytes().into(),
            other => (to_float(other) as f32).to_be_bytes().into(),
        },
        Type::Double => to_float(number).to_be_bytes().into(),
        Type::Varint => to_big(number).to_signed_bytes_be(),
        Type::Decimal => {
            let (unscaled, scale) = to_decimal(number)?;
            let mut bytes = scale.to_be_bytes().to_vec();
            bytes.extend(unscaled.to_signed_bytes_be());
            bytes
        }
        _ => integer(number).to_be_bytes().into(),
    })
}

fn low_bits(big: &BigInt) -> i64 {
    let bytes = big.to_signed_bytes_le();
    let fill = if bytes.last().is_some_and(|b| *b >= 0x80) { 0xff } else { 0 };
    let mut low = [fill; 8];
    for (to, from) in low.iter_mut().zip(bytes) {
        *to = from;
    }
    i64::from_le_bytes(low)
}

fn to_big(number: &Number) -> BigInt {
    match number {
        Number::Integer(n) => (*n).into(),
        Number::Big(n) => n.clone(),
        Number::Float(f) => format!("{:.0}", f.trunc()).parse().unwrap_or_default(),
        Number::Decimal(n, scale) if i64::from(scale.unsigned_abs()) > MAX_SCALE => {
            if *scale > 0 {
                BigInt::default()
            } else {
                n.clone()
            }
        }
        Number::Decimal(n, scale) if *scale >= 0 => n / BigInt::from(10).pow(scale.unsigned_abs()),
        Number::Decimal(n, scale) => n * BigInt::from(10).pow(scale.unsigned_abs()),
    }
}

fn to_float(number: &Number) -> f64 {
    match number {
        Number::Integer(n) => *n as f64,
        Number::Float(f) => *f,
        Number::Big(n) => n.to_string().parse().unwrap_or(f64::NAN),
        Number::Decimal(n, scale) => format!("{n}e{}", -i64::from(*scale)).parse().unwrap_or(f64::NAN),
    }
}

fn to_decimal(number: &Number) -> Result<Decimal> {
    Ok(match number {
        Number::Integer(n) => ((*n).into(), 0),
        Number::Big(n) => (n.clone(), 0),
        Number::Decimal(n, scale) => (n.clone(), *scale),
        Number::Float(f) => decimal::of_float(*f, false)?,
    })
}

pub(super) use decimal::{of_float as decimal_of, round_half_up};

/// Number.longValue.
pub(super) fn to_long(number: &Number) -> i64 {
    match number {
        Number::Integer(n) => *n,
        Number::Float(f) => *f as i64,
        other => low_bits(&to_big(other)),
    }
}

/// `None` when one of the values has no bytes.
pub(super) fn arithmetic(operator: u8, a: (&Type, &[u8]), b: (&Type, &[u8]), ty: &Type) -> Result<Option<Vec<u8>>> {
    let (Some(a), Some(b)) = (read(a.0, a.1)?, read(b.0, b.1)?) else { return Ok(None) };
    // The server brings integers to decimals by way of a double: 2 becomes 2.0.
    let wide = |number| match number {
        Number::Integer(n) if *ty == Type::Decimal => Number::Float(n as f64),
        other => other,
    };
    let (a, b) = (wide(a), wide(b));
    calculate(operator, &a, &b, ty).and_then(|number| write(&number, ty)).map(Some)
}

pub(super) fn calculate(operator: u8, a: &Number, b: &Number, ty: &Type) -> Result<Number> {
    let by_zero = || Error::invalid("division by zero");
    Ok(match ty {
        Type::Float | Type::Double => {
            let (a, b) = (to_float(a), to_float(b));
            let single = *ty == Type::Float;
            let result = match operator {
                b'+' => a + b,
                b'-' => a - b,
                b'*' => a * b,
                b'/' => a / b,
                _ => a % b,
            };
            Number::Float(if single { f64::from(result as f32) } else { result })
        }
        Type::Decimal => {
            let (a, b) = (to_decimal(a)?, to_decimal(b)?);
            let (n, scale) = match operator {
                b'*' => decimal::multiply(a, b)?,
                b'+' => decimal::add(a, b)?,
                b'-' => decimal::subtract(a, b)?,
                b'/' => decimal::divide(&a, &b)?,
                _ => decimal::remainder(&a, &b)?,
            };
            Number::Decimal(n, scale)
        }
        Type::Varint => {
            let (a, b) = (to_big(a), to_big(b));
            match operator {
                b'+' => Number::Big(a + b),
                b'-' => Number::Big(a - b),
                b'*' => Number::Big(a * b),
                _ if b == BigInt::default() => return Err(by_zero()),
                b'/' => Number::Big(a / b),
                _ => Number::Big(a % b),
            }
        }
        _ => {
            let (Number::Integer(a), Number::Integer(b)) = (a, b) else {
                return Err(Error::invalid("the values are no integers"));
            };
            Number::Integer(match operator {
                b'+' => a.wrapping_add(*b),
                b'-' => a.wrapping_sub(*b),
                b'*' => a.wrapping_mul(*b),
                _ if *b == 0 => return Err(by_zero()),
                b'/' => a.wrapping_div(*b),
                _ => a.wrapping_rem(*b),
            })
        }
    })
}

pub(super) fn to_integer(number: &Number) -> BigInt {
    to_big(number)
}
