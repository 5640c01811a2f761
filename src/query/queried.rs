//! Which columns a statement asks for. Follows org.apache.cassandra.cql3.selection.ColumnFilterFactory.

use std::ops::Bound;
use std::sync::Arc;

use super::expr::{Expr, ExprKind, Source};
use crate::cql::Comparator;
use crate::merge::{Names, Queried, QueriedColumn};
use crate::rows::Depth;
use crate::schema::{Column, Table};

struct Found {
    columns: Vec<QueriedColumn>,
    statics: Vec<bool>,
    /// Any column beside those of the primary key.
    any: bool,
}

#[derive(Debug)]
pub(super) struct Asked {
    /// `None` when all columns are asked for.
    pub(super) queried: Option<Arc<Queried>>,
    /// `None` where several cells make a value, and all SSTables may have some of them.
    pub(super) names: Option<Arc<Names>>,
}

/// All columns of a table.
pub(super) fn all(table: &Table) -> Asked {
    Asked { queried: None, names: names(table, &vec![true; table.regulars.len()], &vec![true; table.statics.len()]) }
}

/// `whole` are expressions whose columns are needed as a whole, also where only an element of them is looked at.
pub(super) fn of<'a>(
    table: &Table,
    selected: impl Iterator<Item = &'a Expr>,
    whole: impl Iterator<Item = &'a Expr>,
) -> Asked {
    let columns = table.regulars.iter().map(|c| QueriedColumn::Not { multi_cell: c.ty.is_multi_cell() }).collect();
    let mut found = Found { columns, statics: vec![false; table.statics.len()], any: false };
    selected.for_each(|expr| found.visit(expr, true));
    whole.for_each(|expr| found.visit(expr, false));
    if !found.any {
        return all(table);
    }
    let asked: Vec<bool> = found.columns.iter().map(|c| !matches!(c, QueriedColumn::Not { .. })).collect();
    let names = names(table, &asked, &found.statics);
    let queried = Queried { columns: found.columns.into() };
    Asked { queried: (!queried.is_whole()).then(|| Arc::new(queried)), names }
}

/// How far rows have to be decoded to be looked at by conditions, and then to be shown.
pub(super) fn depth<'a>(shown: impl Iterator<Item = &'a Expr>, conditions: impl Iterator<Item = &'a Expr>) -> Depth {
    let mut shown_depth = 0;
    shown.for_each(|expr| deepen(expr, &mut shown_depth));
    let mut first = 0;
    conditions.for_each(|expr| deepen(expr, &mut first));
    let all = shown_depth.max(first);
    // Without a condition on them all that are shown are looked at.
    Depth { first: if first == 0 { all } else { first }, all }
}

fn deepen(expr: &Expr, depth: &mut usize) {
    expr.columns(&mut |source| {
        if let Source::Regular(i) = source {
            *depth = (*depth).max(i + 1);
        }
    });
}

fn names(table: &Table, regulars: &[bool], statics: &[bool]) -> Option<Arc<Names>> {
    let flags = table.flags;
    let compact = flags.is_super || flags.is_dense || !flags.is_compound;
    let asked = |columns: &[Column], asked: &[bool]| {
        let both = columns.iter().zip(asked).enumerate().filter(|(_, (_, asked))| **asked);
        both.map(|(i, (column, _))| (!column.ty.is_multi_cell()).then_some(i as u16)).collect::<Option<Vec<_>>>()
    };
    let names = Names { regulars: asked(&table.regulars, regulars)?, statics: asked(&table.statics, statics)? };
    (!compact && !table.is_counter()).then(|| Arc::new(names))
}

impl Found {
    fn whole(&mut self, source: Source) {
        self.any |= matches!(source, Source::Static(_) | Source::Regular(_));
        match source {
            Source::Regular(i) => self.columns.get_mut(i).into_iter().for_each(|c| *c = QueriedColumn::Whole),
            Source::Static(i) => self.statics.get_mut(i).into_iter().for_each(|s| *s = true),
            _ => {}
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
            ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Call(_, parts) => {
                parts.iter().for_each(|part| self.visit(part, by_element));
            }
            ExprKind::Constant(_) | ExprKind::Token | ExprKind::Aggregate(_) => {}
        }
    }
}
