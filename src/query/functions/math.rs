//! abs, exp, log, log10 and round. Follows NumberType and its subclasses in org.apache.cassandra.db.marshal.

use num_bigint::{BigInt, Sign};

use crate::cql::Type;
use crate::error::{Error, Result};
use crate::query::number::{self, Number};
use crate::query::real;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) enum Math {
    Abs,
    Exp,
    Log,
    Log10,
    Round,
}

impl Math {
    pub(super) fn named(name: &str) -> Option<Math> {
        Some(match name {
            "abs" => Math::Abs,
            "exp" => Math::Exp,
            "log" => Math::Log,
            "log10" => Math::Log10,
            "round" => Math::Round,
            _ => return None,
        })
    }

    /// `None` for a value of no bytes.
    pub(super) fn call(self, ty: &Type, value: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(number) = number::read(ty, value)? else { return Ok(None) };
        let result = match number {
            Number::Integer(n) => self.of_integer(n),
            Number::Float(n) => self.of_float(n, *ty == Type::Float),
            Number::Big(n) => Number::Big(match self {
                Math::Abs => BigInt::from(n.magnitude().clone()),
                Math::Round => n,
                _ => {
                    let (unscaled, scale) = self.of_decimal(n, 0)?;
                    number::to_integer(&Number::Decimal(unscaled, scale))
                }
            }),
            Number::Decimal(n, scale) => {
                let (unscaled, scale) = self.of_decimal(n, scale)?;
                Number::Decimal(unscaled, scale)
            }
        };
        number::write(&result, ty).map(Some)
    }

    fn of_integer(self, n: i64) -> Number {
        let float = n as f64;
        match self {
            Math::Abs => Number::Integer(n.wrapping_abs()),
            Math::Round => Number::Integer(n),
            Math::Exp => Number::Float(float.exp()),
            Math::Log => Number::Float(float.ln()),
            Math::Log10 => Number::Float(float.log10()),
        }
    }

    fn of_float(self, n: f64, single: bool) -> Number {
        Number::Float(match self {
            Math::Abs => n.abs(),
            Math::Exp => n.exp(),
            Math::Log => n.ln(),
            Math::Log10 => n.log10(),
            Math::Round => {
                let below = n.floor();
                let rounded = if n - below >= 0.5 { below + 1.0 } else { below };
                // By way of an int or a long, as Java does.
                if single { f64::from(rounded as i32 as f32) } else { rounded as i64 as f64 }
            }
        })
    }

    fn of_decimal(self, n: BigInt, scale: i32) -> Result<(BigInt, i32)> {
        match self {
            Math::Abs => Ok((BigInt::from(n.magnitude().clone()), scale)),
            Math::Round => number::round_half_up(n, scale),
            Math::Exp => real::exp(&n, scale),
            Math::Log | Math::Log10 if n.sign() != Sign::Plus => {
                Err(Error::invalid("the logarithm of zero or less is not defined"))
            }
            Math::Log => real::log(&n, scale, false),
            Math::Log10 => real::log(&n, scale, true),
        }
    }
}
