//! count, min, max, sum and avg over the rows of a group. Follows org.apache.cassandra.cql3.functions.AggregateFcts.

use num_bigint::BigInt;

use super::decimal;
use super::expr::{Current, Expr};
use super::number::{self, Number};
use crate::cql::{Comparator, Type};
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    CountRows,
    Count,
    Min,
    Max,
    Sum,
    Avg,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Kind::Count,
            "min" => Kind::Min,
            "max" => Kind::Max,
            "sum" => Kind::Sum,
            "avg" => Kind::Avg,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    pub(super) kind: Kind,
    pub(super) of: Option<Expr>,
}

/// What an aggregate has seen of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    count: i64,
    best: Option<Vec<u8>>,
    sum: Option<Number>,
    float: FloatSum,
}

/// A sum of floating-point numbers with Kahan's compensation, as the server adds them.
#[derive(Debug, Clone, Copy, Default)]
struct FloatSum {
    sum: f64,
    compensation: f64,
    simple: f64,
}

impl FloatSum {
    fn add(&mut self, value: f64) {
        self.simple += value;
        let corrected = value - self.compensation;
        let rounded = self.sum + corrected;
        self.compensation = (rounded - self.sum) - corrected;
        self.sum = rounded;
    }

    fn total(&self) -> f64 {
        let total = self.sum + self.compensation;
        if total.is_nan() && self.simple.is_infinite() { self.simple } else { total }
    }
}

impl Aggregate {
    /// The type of the result.
    pub(super) fn ty(&self) -> Type {
        match (self.kind, &self.of) {
            (Kind::CountRows | Kind::Count, _) | (_, None) => Type::BigInt,
            (_, Some(of)) => of.ty.freeze(),
        }
    }

    pub(super) fn add(&self, state: &mut State, row: &Current<'_>) -> Result<()> {
        let Some(of) = &self.of else {
            state.count += 1;
            return Ok(());
        };
        let Some(value) = of.eval(row)? else { return Ok(()) };
        match self.kind {
            Kind::CountRows | Kind::Count => state.count += 1,
            Kind::Min | Kind::Max => {
                let order = Comparator::new(&of.ty, false);
                let better = state.best.as_ref().is_none_or(|best| {
                    let ordering = order.compare(&value, best);
                    if self.kind == Kind::Min { ordering.is_lt() } else { ordering.is_gt() }
                });
                if better {
                    state.best = Some(value.into_owned());
                }
            }
            Kind::Sum | Kind::Avg => return self.add_value(state, &of.ty, &value),
        }
        Ok(())
    }

    /// Adds a number to a sum or an average.
    pub(super) fn add_value(&self, state: &mut State, ty: &Type, value: &[u8]) -> Result<()> {
        let Some(number) = number::read(ty, value)? else { return Ok(()) };
        state.count += 1;
        match number {
            Number::Float(value) => state.float.add(value),
            Number::Decimal(n, scale) => {
                let before = match state.sum.take() {
                    Some(Number::Decimal(n, scale)) => (n, scale),
                    _ => (BigInt::default(), 0),
                };
                let (n, scale) = match self.kind {
                    // The average moves with each number, and is rounded each time.
                    Kind::Avg => {
                        let step = decimal::subtract((n, scale), before.clone())?;
                        decimal::add(before, decimal::divide_by_count(&step, state.count)?)?
                    }
                    _ => decimal::add(before, (n, scale))?,
                };
                state.sum = Some(Number::Decimal(n, scale));
            }
            // Sums are cut to their type at the end: an average must not wrap around.
            number => {
                state.sum = Some(match state.sum.take() {
                    None => self.widened(number),
                    Some(sum) => number::calculate(b'+', &sum, &number, &Type::Varint)?,
                });
            }
        }
        Ok(())
    }

    fn widened(&self, number: Number) -> Number {
        match number {
            Number::Integer(n) => Number::Big(BigInt::from(n)),
            other => other,
        }
    }

    pub(super) fn result(&self, state: &State) -> Result<Option<Vec<u8>>> {
        let ty = self.ty();
        Ok(match self.kind {
            Kind::CountRows | Kind::Count => Some(state.count.to_be_bytes().into()),
            Kind::Min | Kind::Max => state.best.clone(),
            Kind::Sum | Kind::Avg if matches!(ty, Type::Float | Type::Double) => {
                let total = state.float.total();
                let divisor = if self.kind == Kind::Avg { state.count.max(1) as f64 } else { 1.0 };
                Some(number::write(&Number::Float(total / divisor), &ty)?)
            }
            Kind::Sum => Some(number::write(state.sum.as_ref().unwrap_or(&Number::Integer(0)), &ty)?),
            Kind::Avg => {
                let zero = Number::Integer(0);
                let sum = state.sum.as_ref().unwrap_or(&zero);
                if state.count == 0 {
                    return number::write(&zero, &ty).map(Some);
                }
                if ty == Type::Decimal {
                    return number::write(sum, &ty).map(Some);
                }
                let divisor = Number::Integer(state.count);
                Some(number::write(&number::calculate(b'/', sum, &divisor, &Type::Varint)?, &ty)?)
            }
        })
    }
}
