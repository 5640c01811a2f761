//! A statement against a schema: checks what may stand together, and brings it into the form that is executed.
//! Follows org.apache.cassandra.cql3.statements.SelectStatement.RawStatement.prepare.

use std::sync::Arc;

use super::aggregate::Aggregate;
use super::ast::{Operator, Relation, Select, Term, TermKind};
use super::bind::{Binder, token_type};
use super::expr::{Expr, ExprKind, Source, token_bytes};
use super::filter::Condition;
use super::literal::{Site, encode};
use super::queried::Asked;
use super::texts::{NoTexts, Texts};
use super::{group, name, plan, queried};
use crate::cql::{KeyOrder, Type, names};
use crate::error::Result;
use crate::rows::Depth;
use crate::schema::{Column, Table};

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// As cqlsh shows it above the column: the selector's own text, or its alias.
    pub name: String,
    /// Of its values; text for SELECT JSON.
    pub ty: Type,
}

/// A statement that is ready to run on its table.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) table: Arc<Table>,
    pub(super) columns: Vec<ResultColumn>,
    pub(super) json: bool,
    pub(super) distinct: bool,
    pub(super) selected: Vec<Expr>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) conditions: Vec<Condition>,
    /// The conditions as text.
    pub(super) relations: Vec<String>,
    pub(super) group_by: Vec<Expr>,
    pub(super) asked: Arc<Asked>,
    pub(super) depth: Depth,
    pub(super) reversed: bool,
    /// Rows are sorted by these (clustering columns) when all are there: several partitions and ORDER BY.
    pub(super) sort_by: Vec<(Expr, bool)>,
    pub(super) limit: u64,
    pub(super) per_partition_limit: u64,
    /// A partition without rows shows its static values.
    pub(super) shows_static_rows: bool,
    pub(super) texts: Lent,
}

/// The texts of values that whoever prints results lends.
#[derive(Clone, Copy)]
pub(super) struct Lent(pub(super) &'static dyn Texts);

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts")
    }
}

impl Query {
    pub(super) fn bind(text: &str, select: &Select, table: &Arc<Table>) -> Result<Query> {
        let site = Site(text);
        let mut binder = Binder { site, table, aggregates: Some(Vec::new()) };
        let mut columns = Vec::new();
        let mut selected = Vec::new();
        if select.selectors.is_empty() {
            for column in all_columns(table) {
                let term = Term { at: select.at, kind: TermKind::Column(column.name.clone()) };
                let expr = binder.expr(&term, None)?;
                columns.push(ResultColumn { name: column.name.clone(), ty: expr.ty.clone() });
                selected.push(expr);
            }
        }
        for selector in &select.selectors {
            let expr = binder.expr(&selector.term, None)?;
            let name = match &selector.alias {
                Some(alias) => alias.clone(),
                None => name::of(&selector.term, &mut binder),
            };
            columns.push(ResultColumn { name, ty: expr.ty.clone() });
            selected.push(expr);
        }
        let aggregates = binder.aggregates.take().unwrap_or_default();
        let mut conditions = Vec::new();
        for relation in &select.relations {
            conditions.push(condition(&mut binder, relation)?);
        }
        check_repeated(site, select, &conditions)?;
        let group_by = group::columns(&mut binder, select, &conditions)?;
        let reversed = is_reversed(&binder, select, &conditions)?;
        let several = conditions
            .iter()
            .any(|c| c.operator == Operator::In && matches!(c.left[0].kind, ExprKind::Column(Source::Key(_), _)));
        let mut sort_by = Vec::new();
        if several {
            for ordering in &select.order_by {
                let column = binder.expr(&column_term(&ordering.column, ordering.at), None)?;
                sort_by.push((column, ordering.descending));
            }
        }
        if !aggregates.is_empty() && group_by.is_empty() && select.per_partition_limit.is_some() {
            return Err(site.at(select.at.start, "PER PARTITION LIMIT has no place where all rows come to one"));
        }
        if select.distinct {
            check_distinct(&binder, select, &selected, &conditions)?;
        }
        let restricts = |wanted: fn(&Source) -> bool| conditions.iter().flat_map(|c| &c.left).any(|e| uses(e, wanted));
        let only_static = selected.iter().any(|e| uses(e, |s| matches!(s, Source::Static(_))))
            && !selected.iter().any(|e| uses(e, |s| matches!(s, Source::Clustering(_) | Source::Regular(_))))
            && aggregates.is_empty();
        if only_static && restricts(|s| matches!(s, Source::Clustering(_))) {
            return Err(site.at(select.at.start, "WHERE can't be about rows where only static columns are selected"));
        }
        let shows_static_rows = !restricts(|s| matches!(s, Source::Clustering(_) | Source::Regular(_)));
        let operands: Vec<&Expr> = aggregates.iter().filter_map(|a| a.of.as_ref()).collect();
        let restricted = conditions.iter().flat_map(|c| &c.left);
        let asked = match select.selectors.is_empty() {
            true => queried::all(table),
            false => queried::of(table, selected.iter().chain(operands.iter().copied()), restricted),
        };
        let restricted = conditions.iter().flat_map(|c| &c.left);
        let depth = queried::depth(selected.iter().chain(operands), restricted);
        Ok(Query {
            table: table.clone(),
            columns,
            json: select.json,
            distinct: select.distinct,
            selected,
            aggregates,
            conditions,
            relations: select.relations.iter().map(name::of_relation).collect(),
            group_by,
            depth,
            asked: Arc::new(asked),
            reversed,
            sort_by,
            limit: select.limit.unwrap_or(u64::MAX),
            per_partition_limit: select.per_partition_limit.unwrap_or(u64::MAX),
            shows_static_rows,
            texts: Lent(&NoTexts),
        })
    }

    /// Lends the texts of values that to_json and casts to text need.
    #[must_use]
    pub fn with_texts(mut self, texts: &'static dyn Texts) -> Query {
        self.texts = Lent(texts);
        self
    }

    /// The table that it is bound to.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The columns of each row that it gives, in order.
    pub fn columns(&self) -> &[ResultColumn] {
        &self.columns
    }

    /// Whether it is a SELECT JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }
}

/// The columns of `*`, in their order.
fn all_columns(table: &Table) -> Vec<&Column> {
    let flags = table.flags;
    let static_compact = !flags.is_super && !flags.is_dense && !flags.is_compound;
    let empty_value = matches!(table.regulars.as_slice(), [only] if only.ty == Type::Empty);
    let statics = Table::select_order(&table.statics).into_iter().map(|i| &table.statics[i]);
    if static_compact && !table.statics.is_empty() {
        return table.partition_key.iter().chain(statics).collect();
    }
    let regulars = if empty_value { Vec::new() } else { Table::select_order(&table.regulars) };
    let regulars = regulars.into_iter().map(|i| &table.regulars[i]);
    table.partition_key.iter().chain(&table.clustering).chain(statics).chain(regulars).collect()
}

pub(super) fn column_term(name: &str, at: crate::cql::lexer::Token) -> Term {
    Term { at, kind: TermKind::Column(name.to_owned()) }
}

/// Whether an expression has to do with such a column.
fn uses(expr: &Expr, wanted: fn(&Source) -> bool) -> bool {
    let mut found = false;
    expr.columns(&mut |source| found |= wanted(&source));
    found
}

fn condition(binder: &mut Binder<'_>, relation: &Relation) -> Result<Condition> {
    let site = binder.site;
    if let TermKind::Tuple(columns) = &relation.left.kind {
        let left = columns.iter().map(|c| binder.expr(c, None)).collect::<Result<Vec<_>>>()?;
        let mut right = Vec::new();
        for value in &relation.right {
            let TermKind::Tuple(parts) = &value.kind else {
                return Err(site.error(value, "expected as many values in parentheses as there are columns"));
            };
            if parts.len() != left.len() {
                let message = format!("expected {} values, one a column; these are {}", left.len(), parts.len());
                return Err(site.error(value, &message));
            }
            let values = parts.iter().zip(&left).map(|(part, column)| value_of(site, part, &column.ty));
            right.push(values.collect::<Result<Vec<_>>>()?);
        }
        return Ok(Condition::new(left, relation.operator, right));
    }
    let left = binder.expr(&relation.left, None)?;
    let wrong = |what: &str| Err(site.error(&relation.left, what));
    let ty = match (relation.operator, &left.ty) {
        (Operator::Contains, Type::List { element, .. } | Type::Set { element, .. }) => (**element).clone(),
        (Operator::Contains, Type::Map { value, .. }) => (**value).clone(),
        (Operator::Contains, _) => return wrong("CONTAINS looks into collections, which this is not"),
        (Operator::ContainsKey, Type::Map { key, .. }) => (**key).clone(),
        (Operator::ContainsKey, _) => return wrong("CONTAINS KEY looks into maps, which this is not"),
        (Operator::Like, Type::Text | Type::Ascii) => left.ty.clone(),
        (Operator::Like, _) => return wrong("LIKE is for texts"),
        (Operator::Less | Operator::LessEq | Operator::Greater | Operator::GreaterEq, Type::Duration) => {
            return wrong("durations have no order");
        }
        (_, ty) => ty.clone(),
    };
    let mut right = Vec::new();
    for term in &relation.right {
        right.push(vec![match &term.kind {
            TermKind::Call(name, values) if name == "token" => token_of(binder, term, values, &ty)?,
            _ => value_of(site, term, &ty)?,
        }]);
    }
    Ok(Condition::new(vec![left], relation.operator, right))
}

/// A value on the right of a relation: a literal, or what is worked out without columns.
fn value_of(site: Site<'_>, term: &Term, ty: &Type) -> Result<Vec<u8>> {
    let computed = matches!(term.bare().kind, TermKind::Call(..) | TermKind::Arithmetic(..) | TermKind::Negative(_));
    let value = if computed { super::constant(site, term, ty)? } else { encode(site, term, ty)? };
    value.ok_or_else(|| site.error(term, "nothing compares to null"))
}

/// A column that has a value by `=` or IN takes no second relation, nor one that has a bound another on the same side.
fn check_repeated(site: Site<'_>, select: &Select, conditions: &[Condition]) -> Result<()> {
    let side = |operator| match operator {
        Operator::Less | Operator::LessEq => 1,
        Operator::Greater | Operator::GreaterEq => 2,
        Operator::Eq | Operator::In => 3,
        _ => 0,
    };
    for (i, condition) in conditions.iter().enumerate() {
        let [Expr { kind: ExprKind::Column(source, _), .. }] = condition.left.as_slice() else { continue };
        for earlier in &conditions[..i] {
            let same = matches!(earlier.left.as_slice(), [Expr { kind: ExprKind::Column(s, _), .. }] if s == source);
            let (a, b) = (side(earlier.operator), side(condition.operator));
            if same && a & b != 0 {
                return Err(site.error(&select.relations[i].left, "this column has such a relation already"));
            }
        }
    }
    Ok(())
}

/// The token of a partition key that is given by its values.
fn token_of(binder: &Binder<'_>, term: &Term, values: &[Term], ty: &Type) -> Result<Vec<u8>> {
    let table = binder.table;
    if values.len() != table.partition_key.len() || *ty != token_type(table.partitioner) {
        return Err(binder.site.error(term, "token() takes a value for each column of the partition key"));
    }
    let parts = values.iter().zip(&table.partition_key).map(|(value, c)| value_of(binder.site, value, &c.ty));
    let key = plan::key(&parts.collect::<Result<Vec<_>>>()?)?;
    Ok(token_bytes(KeyOrder::new(table.partitioner, &table.partition_key_type()).token(&key), &key))
}

fn is_reversed(binder: &Binder<'_>, select: &Select, conditions: &[Condition]) -> Result<bool> {
    let Some(first) = select.order_by.first() else { return Ok(false) };
    let table = binder.table;
    if !plan::names_keys(table, conditions) {
        let message = "ORDER BY needs the partition key given with = or IN";
        return Err(binder.site.at(first.at.start, message));
    }
    let mut reversed = None;
    let mut next = 0;
    for ordering in &select.order_by {
        let found = binder.column(&ordering.column, ordering.at.start)?.0;
        let Source::Clustering(i) = found else {
            let names: Vec<_> = table.clustering.iter().map(|c| names::identifier(&c.name)).collect();
            let message = format!("rows can be ordered by clustering columns only: {}", names.join(", "));
            return Err(binder.site.at(ordering.at.start, &message));
        };
        if i < next || (next..i).any(|i| !plan::has_equal(conditions, Source::Clustering(i))) {
            return Err(binder.site.at(ordering.at.start, "ORDER BY takes the clustering columns in their order"));
        }
        next = i + 1;
        let against = ordering.descending != table.clustering[i].reversed;
        if *reversed.get_or_insert(against) != against {
            let message = "ORDER BY takes all columns in the table's order, or all against it";
            return Err(binder.site.at(ordering.at.start, message));
        }
    }
    Ok(reversed == Some(true))
}

fn check_distinct(binder: &Binder<'_>, select: &Select, selected: &[Expr], conditions: &[Condition]) -> Result<()> {
    let at = select.selectors.first().map_or(select.at.start, |s| s.term.at.start);
    let rest = |s: &Source| matches!(s, Source::Clustering(_) | Source::Regular(_));
    if selected.iter().any(|e| uses(e, rest)) {
        return Err(binder.site.at(at, "SELECT DISTINCT takes the partition key and static columns only"));
    }
    if conditions.iter().flat_map(|c| &c.left).any(|e| uses(e, rest)) {
        return Err(binder.site.at(at, "with SELECT DISTINCT, WHERE takes the partition key and static columns only"));
    }
    let keys = |i: usize| selected.iter().any(|e| matches!(e.kind, ExprKind::Column(Source::Key(k), _) if k == i));
    if !(0..binder.table.partition_key.len()).all(keys) {
        return Err(binder.site.at(at, "SELECT DISTINCT needs all columns of the partition key"));
    }
    if select.per_partition_limit.is_some() {
        return Err(binder.site.at(at, "SELECT DISTINCT gives one row a partition: PER PARTITION LIMIT has no place"));
    }
    Ok(())
}
