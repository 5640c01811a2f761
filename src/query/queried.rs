//! Which columns a statement asks for. Follows org.apache.cassandra.cql3.selection.ColumnFilterFactory.

use std::ops::Bound;
use std::sync::Arc;

use super::expr::{Expr, ExprKind, Source};
use crate::cql::Comparator;
use crate::merge::{Queried, QueriedColumn};
use crate::schema::Table;

struct Found {
    columns: Vec<QueriedColumn>,
    /// Any column beside those of the primary key.
    any: bool,
}

/// `None` when all columns are asked for. `whole` are expressions whose columns are needed as a whole, also where only an
/// element of them is looked at.
pub(super) fn queried<'a>(
    table: &Table,
    selected: impl Iterator<Item = &'a Expr>,
    whole: impl Iterator<Item = &'a Expr>,
) -> Option<Arc<Queried>> {
    let columns = table.regulars.iter().map(|c| QueriedColumn::Not { multi_cell: c.ty.is_multi_cell() }).collect();
    let mut found = Found { columns, any: false };
    selected.for_each(|expr| found.visit(expr, true));
    whole.for_each(|expr| found.visit(expr, false));
    let queried = Queried { columns: found.columns.into() };
    (found.any && !queried.is_whole()).then(|| Arc::new(queried))
}

impl Found {
    fn whole(&mut self, source: Source) {
        self.any |= matches!(source, Source::Static(_) | Source::Regular(_));
        if let Source::Regular(i) = source
            && let Some(column) = self.columns.get_mut(i)
        {
            *column = QueriedColumn::Whole;
        }
    }

    fn range(&mut self, i: usize, order: Comparator, range: (Bound<Vec<u8>>, Bound<Vec<u8>>)) {
        self.any = true;
        match self.columns.get_mut(i) {
            Some(column @ QueriedColumn::Not { .. }) => *column = QueriedColumn::Paths(order, vec![range]),
            Some(QueriedColumn::Paths(_, ranges)) => ranges.push(range),
            _ => {}
        }
    }

    fn visit(&mut self, expr: &Expr, by_element: bool) {
        match &expr.kind {
            ExprKind::Column(source, _) => self.whole(*source),
            ExprKind::Slice(of, from, to) => match &of.kind {
                ExprKind::Column(Source::Regular(i), ty) if by_element && ty.is_multi_cell() => {
                    let bound = |value: &Option<Vec<u8>>| value.clone().map_or(Bound::Unbounded, Bound::Included);
                    match ty.path_type() {
                        Some(path) => self.range(*i, Comparator::new(path, false), (bound(from), bound(to))),
                        None => self.whole(Source::Regular(*i)),
                    }
                }
                _ => self.visit(of, by_element),
            },
            ExprKind::Element(of, key) => match (&of.kind, &key.kind) {
                (ExprKind::Column(Source::Regular(i), ty), ExprKind::Constant(Some(key)))
                    if by_element && ty.is_multi_cell() =>
                {
                    let range = (Bound::Included(key.clone()), Bound::Included(key.clone()));
                    match ty.path_type() {
                        Some(path) => self.range(*i, Comparator::new(path, false), range),
                        None => self.whole(Source::Regular(*i)),
                    }
                }
                _ => {
                    self.visit(of, by_element);
                    self.visit(key, by_element);
                }
            },
            ExprKind::Field(of, _) | ExprKind::Cast(of) | ExprKind::Cells(_, of) => self.visit(of, by_element),
            ExprKind::Arithmetic(_, a, b) => {
                self.visit(a, by_element);
                self.visit(b, by_element);
            }
            ExprKind::Tuple(parts) | ExprKind::Call(_, parts) => {
                parts.iter().for_each(|part| self.visit(part, by_element));
            }
            ExprKind::Constant(_) | ExprKind::Token | ExprKind::Aggregate(_) => {}
        }
    }
}
