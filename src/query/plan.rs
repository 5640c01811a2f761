//! What a statement needs to read: partitions by key, a range of tokens or all, and which rows of them.

use std::ops::Bound;

use super::ast::Operator;
use super::expr::{ExprKind, Source};
use super::filter::Condition;
use crate::cql::{Comparator, DecoratedKey, Token};
use crate::error::{Error, Result};
use crate::rows::{ClusteringOrder, Slice, SliceBound};
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

/// What is read, and which conditions that answers.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) access: Access,
    /// Stretches of a partition's rows, in their order; none where no row can match.
    pub(super) slices: Vec<Slice>,
    /// By index of the conditions: those that decide what is read; the others filter.
    pub(super) decided: Vec<bool>,
    pub(super) has_token_bounds: bool,
    /// Each slice is one row: all clustering columns are given.
    pub(super) single_rows: bool,
}

pub(super) fn plan(table: &Table, conditions: &[Condition]) -> Result<Plan> {
    let access = access(table, conditions)?;
    let mut decided: Vec<bool> = conditions.iter().map(|c| is_token(c) && c.operator != Operator::NotEq).collect();
    let has_token_bounds = decided.contains(&true) && matches!(access, Access::Range(_));
    if matches!(access, Access::Keys(_)) {
        for (condition, decided) in conditions.iter().zip(&mut decided) {
            *decided = matches!(condition.operator, Operator::Eq | Operator::In)
                && matches!(condition.left.as_slice(), [e] if matches!(e.kind, ExprKind::Column(Source::Key(_), _)));
        }
    }
    let (slices, single_rows) = slices(table, conditions, &mut decided);
    Ok(Plan { access, slices, decided, has_token_bounds, single_rows })
}

fn is_token(condition: &Condition) -> bool {
    matches!(condition.left.as_slice(), [e] if matches!(e.kind, ExprKind::Token))
}

/// The values that a column may have by `=` and `IN`, with the condition's index.
fn equal_values(conditions: &[Condition], source: Source) -> Option<(usize, Vec<&Vec<u8>>)> {
    let of = |c: &Condition| {
        matches!(c.operator, Operator::Eq | Operator::In)
            && matches!(c.left.as_slice(), [e] if matches!(&e.kind, ExprKind::Column(s, _) if *s == source))
    };
    let i = conditions.iter().position(of)?;
    Some((i, conditions[i].right.iter().filter_map(|right| right.first()).collect()))
}

/// Whether the partition key is given by `=` and `IN`.
pub(super) fn names_keys(table: &Table, conditions: &[Condition]) -> bool {
    (0..table.partition_key.len()).all(|i| equal_values(conditions, Source::Key(i)).is_some())
}

pub(super) fn has_equal(conditions: &[Condition], source: Source) -> bool {
    let one = equal_values(conditions, source).is_some_and(|(_, values)| values.len() == 1);
    one || conditions.iter().any(|c| c.operator == Operator::Eq && c.right.len() == 1 && multi(c, source).is_some())
}

/// Where a column stands in a relation of several.
fn multi(condition: &Condition, source: Source) -> Option<usize> {
    let is = |e: &super::expr::Expr| matches!(&e.kind, ExprKind::Column(s, _) if *s == source);
    if condition.left.len() < 2 { None } else { condition.left.iter().position(is) }
}

fn access(table: &Table, conditions: &[Condition]) -> Result<Access> {
    let columns = table.partition_key.len();
    if !names_keys(table, conditions) {
        // Bounds that exclude each other leave no partition to look up.
        return Ok(range(conditions).map_or_else(|| Access::Keys(Vec::new()), Access::Range));
    }
    let mut keys: Vec<Vec<Vec<u8>>> = vec![Vec::new()];
    for i in 0..columns {
        let mut values = equal_values(conditions, Source::Key(i)).map(|(_, values)| values).unwrap_or_default();
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

/// IN lists that make more slices are taken as the one from their least to their greatest value.
const MAX_SLICES: usize = 1000;

/// Where the rows of a partition that are asked for begin and end, as far as the clustering columns tell in their order.
/// Rows within still pass the filter.
fn slices(table: &Table, conditions: &[Condition], decided: &mut [bool]) -> (Vec<Slice>, bool) {
    let order = ClusteringOrder::new(&table.clustering);
    let mut prefixes: Vec<Vec<Vec<u8>>> = vec![Vec::new()];
    while let Some(column) = table.clustering.get(prefixes[0].len()) {
        let width = prefixes[0].len();
        let source = Source::Clustering(width);
        let more: Vec<Vec<Vec<u8>>>;
        if let Some((at, mut values)) = equal_values(conditions, source) {
            let values_order = Comparator::new(&column.ty, column.reversed);
            values.sort_by(|a, b| values_order.compare(a, b));
            values.dedup_by(|a, b| values_order.compare(a, b).is_eq());
            if values.is_empty() {
                return (Vec::new(), false);
            }
            decided[at] = true;
            more = values.iter().map(|value| vec![(*value).clone()]).collect();
        } else if let Some(at) =
            conditions.iter().position(|c| is_equal(c) && multi(c, source) == Some(0) && follows(c, width))
        {
            decided[at] = true;
            let place = |values: &Vec<Vec<u8>>| SliceBound::new(prefixes[0].iter().chain(values).map(Some), 0);
            let mut values = conditions[at].right.clone();
            values.sort_by(|a, b| order.compare(place(a).place(), place(b).place()));
            values.dedup_by(|a, b| order.compare(place(a).place(), place(b).place()).is_eq());
            if values.is_empty() {
                return (Vec::new(), false);
            }
            more = values;
        } else {
            break;
        }
        if prefixes.len().saturating_mul(more.len()) > MAX_SLICES {
            let (first, last) = (&prefixes[0], &prefixes[prefixes.len() - 1]);
            let bound = |prefix: &[Vec<u8>], values: &[Vec<u8>], side| {
                Some(SliceBound::new(prefix.iter().chain(values).map(Some), side))
            };
            return (
                vec![Slice { start: bound(first, &more[0], -1), end: bound(last, &more[more.len() - 1], 1) }],
                false,
            );
        }
        prefixes = prefixes.iter().flat_map(|p| more.iter().map(move |m| [&p[..], &m[..]].concat())).collect();
    }
    let width = prefixes[0].len();
    let slices = prefixes.into_iter().map(|prefix| {
        let mut bounds = Bounds { order: order.clone(), slice: Slice::default() };
        if width > 0 {
            bounds.narrow(prefix.clone(), true, -1);
            bounds.narrow(prefix.clone(), false, 1);
        }
        for (at, condition) in conditions.iter().enumerate() {
            if width < table.clustering.len() && follows(condition, width) {
                decided[at] |= bounds.relation(table, condition, &prefix);
            }
        }
        bounds.slice
    });
    let slices: Vec<Slice> = slices.collect();
    (slices.into_iter().filter(|slice| !slice.is_empty(&order)).collect(), width == table.clustering.len())
}

fn is_equal(condition: &Condition) -> bool {
    matches!(condition.operator, Operator::Eq | Operator::In)
}

/// Whether a condition is about the clustering columns from the given one on, one behind the other.
fn follows(condition: &Condition, first: usize) -> bool {
    condition
        .left
        .iter()
        .enumerate()
        .all(|(n, left)| matches!(&left.kind, ExprKind::Column(Source::Clustering(i), _) if *i == first + n))
}

struct Bounds {
    order: ClusteringOrder,
    slice: Slice,
}

impl Bounds {
    /// Takes a bound that is tighter than the one that is there.
    fn narrow(&mut self, values: Vec<Vec<u8>>, start: bool, side: i8) {
        let bound = SliceBound::new(values.iter().map(Some), side);
        let here = if start { &mut self.slice.start } else { &mut self.slice.end };
        let tighter = here.as_ref().is_none_or(|old| {
            let ordering = self.order.compare(bound.place(), old.place());
            if start { ordering.is_gt() } else { ordering.is_lt() }
        });
        if tighter {
            *here = Some(bound);
        }
    }

    /// Narrows by a relation of the columns behind the prefix; `true` when nothing of it is left to be filtered.
    fn relation(&mut self, table: &Table, condition: &Condition, prefix: &[Vec<u8>]) -> bool {
        let columns = &table.clustering[prefix.len()..];
        let reversed = columns[0].reversed;
        let width = condition.left.len();
        // Columns in different orders: their first values are all that bounds a stretch of rows.
        let uniform = columns.iter().take(width).all(|c| c.reversed == reversed);
        let values = |right: &[Vec<u8>]| {
            let taken = if uniform { right.len() } else { 1 };
            [prefix, &right[..taken.min(right.len())]].concat()
        };
        let (greater, inclusive) = match condition.operator {
            Operator::Greater => (true, false),
            Operator::GreaterEq => (true, true),
            Operator::Less => (false, false),
            Operator::LessEq => (false, true),
            _ => return false,
        };
        let Some(right) = condition.right.first() else { return false };
        let start = greater != reversed;
        let within = if start { -1 } else { 1 };
        self.narrow(values(right), start, if inclusive || !uniform { within } else { -within });
        uniform
    }
}

/// The range of tokens between the bounds that `token()` has. A key without bytes stands before all others of its token.
fn range(conditions: &[Condition]) -> Option<ScanRange> {
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
    if first > last {
        return None;
    }
    let key = |token: i64| DecoratedKey { token: Token::Murmur3(token), key: Vec::new() };
    Some(ScanRange {
        start: if first == i64::MIN { Bound::Unbounded } else { Bound::Included(key(first)) },
        end: match last.checked_add(1) {
            Some(end) => Bound::Excluded(key(end)),
            None => Bound::Unbounded,
        },
    })
}
