//! What WHERE asks of a row. Follows org.apache.cassandra.cql3.Operator: null fulfills nothing, equality is that of the
//! type's order.

use super::ast::Operator;
use super::expr::{Current, Expr};
use crate::cql::{Comparator, Type, elements};
use crate::error::Result;

/// One relation, with its values as bytes.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// Several for `(a, b) > (1, 2)`.
    pub(super) left: Vec<Expr>,
    pub(super) operator: Operator,
    /// For IN the values in its list, else one; each has a part for each expression on the left.
    pub(super) right: Vec<Vec<Vec<u8>>>,
    comparators: Vec<Comparator>,
}

impl Condition {
    pub(super) fn new(left: Vec<Expr>, operator: Operator, right: Vec<Vec<Vec<u8>>>) -> Self {
        let element = |ty: &Type| match (operator, ty) {
            (Operator::Contains, Type::List { element, .. } | Type::Set { element, .. }) => (**element).clone(),
            (Operator::Contains, Type::Map { value, .. }) => (**value).clone(),
            (Operator::ContainsKey, Type::Map { key, .. }) => (**key).clone(),
            _ => ty.clone(),
        };
        let comparators = left.iter().map(|e| Comparator::new(&element(&e.ty), false)).collect();
        Condition { left, operator, right, comparators }
    }

    pub(super) fn accepts(&self, row: &Current<'_>) -> Result<bool> {
        if let [left] = self.left.as_slice() {
            let Some(value) = left.eval(row)? else { return Ok(false) };
            return self.accepts_value(&left.ty, &value);
        }
        let mut values = Vec::with_capacity(self.left.len());
        for left in &self.left {
            let Some(value) = left.eval(row)? else { return Ok(false) };
            values.push(value);
        }
        let ordering = |right: &[Vec<u8>]| {
            let parts = values.iter().zip(right).zip(&self.comparators);
            parts.map(|((a, b), order)| order.compare(a, b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        };
        Ok(self.right.iter().any(|right| holds(self.operator, ordering(right))))
    }

    fn accepts_value(&self, ty: &Type, value: &[u8]) -> Result<bool> {
        let order = &self.comparators[0];
        let mut rights = self.right.iter().filter_map(|right| right.first());
        Ok(match self.operator {
            Operator::IsNotNull => true,
            Operator::Contains | Operator::ContainsKey => {
                let Some(wanted) = rights.next() else { return Ok(false) };
                // Of a map the keys are the even parts, the values the odd ones.
                let keys = self.operator == Operator::ContainsKey;
                let is_map = matches!(ty, Type::Map { .. });
                let Some(parts) = elements::of(ty, value)? else { return Ok(false) };
                for (i, part) in parts.enumerate() {
                    let looked_at = !is_map || (i % 2 == 0) == keys;
                    if let Some(part) = part?.filter(|_| looked_at)
                        && order.compare(part, wanted).is_eq()
                    {
                        return Ok(true);
                    }
                }
                false
            }
            Operator::Like => rights.next().is_some_and(|pattern| like(value, pattern)),
            operator => rights.any(|right| holds(operator, order.compare(value, right))),
        })
    }
}

fn holds(operator: Operator, ordering: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Eq | Operator::In => ordering.is_eq(),
        Operator::NotEq => ordering.is_ne(),
        Operator::Less => ordering.is_lt(),
        Operator::LessEq => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterEq => ordering.is_ge(),
        Operator::Contains | Operator::ContainsKey | Operator::Like | Operator::IsNotNull => false,
    }
}

/// A `%` at the pattern's begin or end stands for any bytes.
fn like(value: &[u8], pattern: &[u8]) -> bool {
    match pattern {
        [b'%', inner @ .., b'%'] => inner.is_empty() || value.windows(inner.len()).any(|w| w == inner),
        [b'%', end @ ..] => value.ends_with(end),
        [begin @ .., b'%'] => value.starts_with(begin),
        exact => value == exact,
    }
}
