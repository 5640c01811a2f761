//! Which partitions a statement needs: single ones by key, a range of tokens, or all.

use std::cmp::Ordering;
use std::ops::Bound;

use super::ast::Operator;
use super::expr::{ExprKind, Source};
use super::filter::Condition;
use crate::cql::{Comparator, DecoratedKey, Token};
use crate::error::{Error, Result};
use crate::rows::Row;
use crate::schema::Table;
use crate::table::ScanRange;

/// More keys than that are refused: each costs a lookup.
const MAX_KEYS: usize = 100_000;

#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Each once, in the order of their values: that is how the server answers IN.
    Keys(Vec<Vec<u8>>),
    Range(ScanRange),
}

/// The values that a column may have by `=` and `IN`.
fn equal_values(conditions: &[Condition], source: Source) -> Option<Vec<&Vec<u8>>> {
    let of = |c: &&Condition| {
        matches!(c.operator, Operator::Eq | Operator::In)
            && matches!(c.left.as_slice(), [e] if matches!(&e.kind, ExprKind::Column(s, _) if *s == source))
    };
    let condition = conditions.iter().find(of)?;
    Some(condition.right.iter().filter_map(|right| right.first()).collect())
}

/// Whether the partition key is given by `=` and `IN`, and whether an IN is among them.
pub(super) fn names_keys(table: &Table, conditions: &[Condition]) -> bool {
    (0..table.partition_key.len()).all(|i| equal_values(conditions, Source::Key(i)).is_some())
}

pub(super) fn has_equal(conditions: &[Condition], source: Source) -> bool {
    equal_values(conditions, source).is_some_and(|values| values.len() == 1)
}

pub(super) fn access(table: &Table, conditions: &[Condition]) -> Result<Access> {
    let columns = table.partition_key.len();
    if !names_keys(table, conditions) {
        return Ok(Access::Range(range(conditions)));
    }
    let mut keys: Vec<Vec<Vec<u8>>> = vec![Vec::new()];
    for i in 0..columns {
        let mut values = equal_values(conditions, Source::Key(i)).unwrap_or_default();
        let order = Comparator::new(&table.partition_key[i].ty, false);
        values.sort_by(|a, b| order.compare(a, b));
        values.dedup();
        if keys.len().saturating_mul(values.len()) > MAX_KEYS {
            return Err(Error::invalid(format!("the IN lists name more than {MAX_KEYS} partitions")));
        }
        let longer = |parts: &Vec<Vec<u8>>| {
            let parts = parts.clone();
            values.iter().map(move |value| [parts.clone(), vec![(*value).clone()]].concat()).collect::<Vec<_>>()
        };
        keys = keys.iter().flat_map(longer).collect();
    }
    keys.iter().map(|parts| key(parts)).collect::<Result<_>>().map(Access::Keys)
}

/// The bytes of a partition key: those of its only column, or of the composite of several.
pub(super) fn key(parts: &[Vec<u8>]) -> Result<Vec<u8>> {
    if let [only] = parts {
        return Ok(only.clone());
    }
    let mut key = Vec::new();
    for part in parts {
        let length =
            u16::try_from(part.len()).map_err(|_| Error::invalid("a part of the key is longer than 65535 bytes"))?;
        key.extend(length.to_be_bytes());
        key.extend_from_slice(part);
        key.push(0);
    }
    Ok(key)
}

/// Where the rows of a partition that are asked for begin and end, as far as the clustering columns tell in their order.
/// Rows within still pass the filter.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// Values of the first clustering columns: no row before them is asked for.
    pub(super) start: Vec<Vec<u8>>,
    /// The same for the last rows.
    end: Vec<(Comparator, Vec<u8>)>,
}

impl Slice {
    pub(super) fn new(table: &Table, conditions: &[Condition]) -> Slice {
        let mut slice = Slice::default();
        for (i, column) in table.clustering.iter().enumerate() {
            let order = Comparator::new(&column.ty, column.reversed);
            let mut values = equal_values(conditions, Source::Clustering(i)).unwrap_or_default();
            values.sort_by(|a, b| order.compare(a, b));
            if let (Some(first), Some(last)) = (values.first(), values.last()) {
                slice.start.push((*first).clone());
                slice.end.push((order, (*last).clone()));
                if values.len() == 1 {
                    continue;
                }
                break;
            }
            for condition in conditions {
                let ([left], Some([value])) = (condition.left.as_slice(), condition.right.first().map(Vec::as_slice))
                else {
                    continue;
                };
                if !matches!(&left.kind, ExprKind::Column(s, _) if *s == Source::Clustering(i)) {
                    continue;
                }
                let from_below = match condition.operator {
                    Operator::Greater | Operator::GreaterEq => true,
                    Operator::Less | Operator::LessEq => false,
                    _ => continue,
                };
                if from_below != column.reversed {
                    slice.start.push(value.clone());
                } else {
                    slice.end.push((order.clone(), value.clone()));
                }
            }
            break;
        }
        slice
    }

    /// Whether a row and all behind it are past the end.
    pub(super) fn is_past(&self, row: &Row) -> bool {
        for (i, (order, value)) in self.end.iter().enumerate() {
            match row.clustering_value(i).map(|v| order.compare(v, value)) {
                Some(Ordering::Greater) => return true,
                Some(Ordering::Equal) => {}
                _ => return false,
            }
        }
        false
    }
}

/// The range of tokens between the bounds that `token()` has. A key without bytes stands before all others of its token.
fn range(conditions: &[Condition]) -> ScanRange {
    let (mut first, mut last) = (i64::MIN, i64::MAX);
    for condition in conditions {
        let [left] = condition.left.as_slice() else { continue };
        let value =
            condition.right.first().and_then(|r| r.first()).and_then(|v| <[u8; 8]>::try_from(v.as_slice()).ok());
        let (ExprKind::Token, Some(value)) = (&left.kind, value.map(i64::from_be_bytes)) else { continue };
        match condition.operator {
            Operator::Eq => (first, last) = (first.max(value), last.min(value)),
            Operator::Greater => first = first.max(value.saturating_add(1)),
            Operator::GreaterEq => first = first.max(value),
            Operator::Less => last = last.min(value.saturating_sub(1)),
            Operator::LessEq => last = last.min(value),
            _ => {}
        }
    }
    let key = |token: i64| DecoratedKey { token: Token::Murmur3(token), key: Vec::new() };
    ScanRange {
        start: if first == i64::MIN { Bound::Unbounded } else { Bound::Included(key(first)) },
        end: match last.checked_add(1) {
            Some(end) => Bound::Excluded(key(end)),
            None => Bound::Unbounded,
        },
    }
}
