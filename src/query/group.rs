//! GROUP BY. Follows SelectStatement.getAggregationSpecFactory.

use super::ast::{Select, Term, TermKind};
use super::bind::Binder;
use super::expr::{Expr, ExprKind, Source};
use super::filter::Condition;
use super::plan;
use crate::error::Result;

/// Functions whose value never goes down where that of their column does not.
const MONOTONIC: [&str; 7] =
    ["floor", "to_date", "todate", "to_timestamp", "totimestamp", "to_unix_timestamp", "tounixtimestamp"];

const ORDER: &str = "GROUP BY takes columns of the primary key, in their order";

pub(super) fn columns(binder: &mut Binder<'_>, select: &Select, conditions: &[Condition]) -> Result<Vec<Expr>> {
    let table = binder.table;
    let site = binder.site;
    let mut keys = table.partition_key.iter().chain(&table.clustering).enumerate();
    let mut found = Vec::new();
    for (n, term) in select.group_by.iter().enumerate() {
        let column = column_of(binder, term, n + 1 == select.group_by.len())?;
        binder.column(column, term.at.start)?;
        loop {
            let Some((i, key)) = keys.next() else { return Err(site.error(term, ORDER)) };
            if key.name == *column {
                break;
            }
            // Columns that have one value may be left out.
            let source = match i.checked_sub(table.partition_key.len()) {
                Some(i) => Source::Clustering(i),
                None => Source::Key(i),
            };
            if !plan::has_equal(conditions, source) {
                return Err(site.error(term, ORDER));
            }
        }
        found.push(binder.expr(term, None)?);
    }
    if let (Some(last), Some((i, _))) = (select.group_by.last(), keys.next())
        && i < table.partition_key.len()
    {
        return Err(site.error(last, "GROUP BY takes the whole partition key"));
    }
    let by_key = found.iter().any(|e| matches!(e.kind, ExprKind::Column(Source::Key(_), _)));
    let fixed = (0..table.partition_key.len()).all(|i| plan::has_equal(conditions, Source::Key(i)));
    match select.group_by.first() {
        Some(first) if !by_key && !fixed => Err(site.error(first, "GROUP BY begins with the partition key")),
        _ => Ok(found),
    }
}

/// The column that is grouped by, itself or by a function of it.
fn column_of<'t>(binder: &Binder<'_>, term: &'t Term, is_last: bool) -> Result<&'t str> {
    let wrong = |what: &str| Err(binder.site.error(term, what));
    match &term.kind {
        TermKind::Column(name) => Ok(name),
        TermKind::Call(..) if !is_last => wrong("only the last part of GROUP BY may be a function"),
        TermKind::Call(name, arguments) if MONOTONIC.contains(&name.as_str()) => {
            let mut columns = arguments.iter().filter_map(|a| match &a.kind {
                TermKind::Column(column) => Some(column),
                _ => None,
            });
            match (columns.next(), columns.next()) {
                (Some(column), None) if binder.table.clustering.iter().any(|c| c.name == *column) => Ok(column),
                _ => wrong("a function in GROUP BY takes one clustering column"),
            }
        }
        TermKind::Call(..) => wrong("GROUP BY takes functions that keep the order: floor, to_date, to_timestamp"),
        _ => wrong("GROUP BY takes columns, and a function of the last"),
    }
}
