//! Names and literals of a statement against the schema of its table: what was written becomes expressions with types.

use super::aggregate::{Aggregate, Kind};
use super::ast::{Literal, Term, TermKind};
use super::cells::What;
use super::expr::{Expr, ExprKind, Source};
use super::functions;
use super::literal::{Site, encode};
use super::number;
use crate::cql::{Partitioner, Type, names};
use crate::error::{Error, Result};
use crate::schema::{Column, Table};

pub(super) struct Binder<'a> {
    pub(super) site: Site<'a>,
    pub(super) table: &'a Table,
    /// The aggregates that were met; `None` where there may be none.
    pub(super) aggregates: Option<Vec<Aggregate>>,
}

impl Binder<'_> {
    /// Where a column is found, and its type.
    pub(super) fn column(&self, name: &str, at: usize) -> Result<(Source, &Type)> {
        let table = self.table;
        let find = |columns: &'_ [Column]| columns.iter().position(|c| c.name == name);
        if let Some(i) = find(&table.partition_key) {
            return Ok((Source::Key(i), &table.partition_key[i].ty));
        }
        if let Some(i) = find(&table.clustering) {
            return Ok((Source::Clustering(i), &table.clustering[i].ty));
        }
        if let Some(i) = find(&table.statics) {
            return Ok((Source::Static(i), &table.statics[i].ty));
        }
        if let Some(i) = find(&table.regulars) {
            return Ok((Source::Regular(i), &table.regulars[i].ty));
        }
        let known: Vec<_> = table.all_columns().map(|c| names::identifier(&c.name)).collect();
        let message = format!("{}.{} has no column {name}; it has {}", table.keyspace, table.name, known.join(", "));
        Err(self.site.at(at, &message))
    }

    fn column_expr(&self, name: &str, at: usize) -> Result<Expr> {
        let (source, ty) = self.column(name, at)?;
        let shown = if *ty == Type::Counter { Type::BigInt } else { ty.freeze() };
        Ok(Expr { ty: shown, kind: ExprKind::Column(source, ty.clone()) })
    }

    /// An expression; `wanted` is the type that a literal shall have.
    pub(super) fn expr(&mut self, term: &Term, wanted: Option<&Type>) -> Result<Expr> {
        let located = |e: Error| self.site.error(term, e.message());
        match &term.kind {
            TermKind::Column(name) => self.column_expr(name, term.at.start),
            TermKind::Typed(ty, inner) => Ok(Expr::constant(ty.clone(), encode(self.site, inner, ty)?)),
            TermKind::Tuple(items) if items.len() == 1 && wanted.is_some() => self.expr(&items[0], wanted),
            TermKind::Tuple(items) if items.len() == 1 => {
                Err(self.site.error(term, "parentheses around one value may be a tuple: leave them out"))
            }
            TermKind::List(items) if !is_literal(term) => {
                let (ty, parts) = self.alike(term, items)?;
                let ty = Type::List { element: Box::new(ty), multi_cell: false };
                Ok(Expr { ty, kind: ExprKind::List(parts) })
            }
            TermKind::Tuple(items) if wanted.is_none() => {
                let parts = items.iter().map(|item| self.expr(item, None)).collect::<Result<Vec<_>>>()?;
                let ty = Type::Tuple(parts.iter().map(|p| p.ty.clone()).collect());
                Ok(Expr { ty, kind: ExprKind::Tuple(parts) })
            }
            TermKind::Field(of, name) => {
                let of = self.expr(of, None)?;
                let Type::User(user) = &of.ty else {
                    return Err(self.site.error(term, "only user types have fields"));
                };
                let Some(i) = user.fields.iter().position(|(field, _)| field == name) else {
                    return Err(self.site.error(term, &format!("the type {} has no field {name}", user.name)));
                };
                Ok(Expr { ty: user.fields[i].1.clone(), kind: ExprKind::Field(Box::new(of), i) })
            }
            TermKind::Element(of, key) => {
                let of = self.expr(of, None)?;
                let (key_type, ty) = match &of.ty {
                    Type::Map { key, value, .. } => ((**key).clone(), (**value).clone()),
                    Type::Set { element, .. } => ((**element).clone(), (**element).clone()),
                    // The server takes l[0] in WHERE only.
                    Type::List { element, .. } if self.aggregates.is_none() => (Type::Int, (**element).clone()),
                    _ => return Err(self.site.error(term, "only maps and sets have elements to select")),
                };
                let key = Expr::constant(key_type.clone(), encode(self.site, key, &key_type)?);
                Ok(Expr { ty, kind: ExprKind::Element(Box::new(of), Box::new(key)) })
            }
            TermKind::Slice(of, from, to) => {
                let of = self.expr(of, None)?;
                let (Type::Map { key, .. } | Type::Set { element: key, .. }) = &of.ty else {
                    return Err(self.site.error(term, "only maps and sets have slices to select"));
                };
                let end = |end: &Option<Box<Term>>| match end {
                    Some(end) => match encode(self.site, end, key)? {
                        None => Err(self.site.error(end, "null is no end of a slice")),
                        value => Ok(value),
                    },
                    None => Ok(None),
                };
                let (from, to) = (end(from)?, end(to)?);
                Ok(Expr { ty: of.ty.clone(), kind: ExprKind::Slice(Box::new(of), from, to) })
            }
            TermKind::Arithmetic(operator, left, right) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                let Some(ty) = result_type(*operator, &left.ty, &right.ty) else {
                    return Err(self
                        .site
                        .error(term, &format!("{} works on numbers, not on these values", char::from(*operator))));
                };
                Ok(Expr { ty, kind: ExprKind::Arithmetic(*operator, Box::new(left), Box::new(right)) })
            }
            TermKind::Negative(of) => {
                let of = self.operand(of)?;
                if !number::is_number(&of.ty) {
                    return Err(self.site.error(term, "- works on numbers"));
                }
                let zero = Expr::constant(Type::TinyInt, Some(vec![0]));
                Ok(Expr { ty: of.ty.clone(), kind: ExprKind::Arithmetic(b'-', Box::new(zero), Box::new(of)) })
            }
            TermKind::Cast(of, ty) => {
                let of = self.expr(of.bare(), None)?;
                if of.ty == *ty {
                    return Ok(of);
                }
                if !functions::can_cast(&of.ty, ty) {
                    let message = format!("{} can't be cast to {}", names::cql_name(&of.ty), names::cql_name(ty));
                    return Err(self.site.error(term, &message));
                }
                Ok(Expr { ty: ty.clone(), kind: ExprKind::Cast(Box::new(of)) })
            }
            TermKind::CountRows => self.aggregate(term, Aggregate { kind: Kind::CountRows, of: None }),
            TermKind::Call(name, arguments) => self.call(term, name, arguments),
            _ => match wanted.cloned() {
                Some(ty) => {
                    let value = encode(self.site, term, &ty).map_err(|e| match e.message().is_empty() {
                        true => located(e),
                        false => e,
                    })?;
                    Ok(Expr::constant(ty, value))
                }
                None => Err(self.site.error(term, "this value's type is not clear: write (type) before it")),
            },
        }
    }

    /// Parts of a list, which have one type.
    fn alike(&mut self, term: &Term, items: &[Term]) -> Result<(Type, Vec<Expr>)> {
        let known = items.iter().find(|item| !is_literal(item));
        let ty = known.map(|item| self.expr(item, None)).transpose()?.map(|e| e.ty);
        let parts = items.iter().map(|item| self.expr(item, ty.as_ref())).collect::<Result<Vec<_>>>()?;
        match ty {
            Some(ty) if parts.iter().all(|part| part.ty == ty) => Ok((ty, parts)),
            _ => Err(self.site.error(term, "the parts of a list have to be of one type")),
        }
    }

    /// A part of a sum or product, where numbers have a type of their own.
    fn operand(&mut self, term: &Term) -> Result<Expr> {
        let ty = number_type(term.bare());
        self.expr(term.bare(), ty.as_ref())
    }

    fn aggregate(&mut self, term: &Term, aggregate: Aggregate) -> Result<Expr> {
        let ty = aggregate.ty();
        let Some(aggregates) = &mut self.aggregates else {
            return Err(self.site.error(term, "an aggregate can't stand here"));
        };
        aggregates.push(aggregate);
        Ok(Expr { ty, kind: ExprKind::Aggregate(aggregates.len() - 1) })
    }

    fn call(&mut self, term: &Term, name: &str, arguments: &[Term]) -> Result<Expr> {
        if let Some(expr) = self.metadata(term, name, arguments)? {
            return Ok(expr);
        }
        if let (Some(kind), [of]) = (Kind::named(name), arguments) {
            let outer = self.aggregates.take();
            let of = self.expr(of, None);
            self.aggregates = outer;
            let of = of?;
            if matches!(kind, Kind::Sum | Kind::Avg) && !number::is_number(&of.ty) {
                return Err(self.site.error(term, &format!("{name} takes numbers")));
            }
            return self.aggregate(term, Aggregate { kind, of: Some(of) });
        }
        if arguments.is_empty()
            && let Some((ty, value)) = functions::constant(name)
        {
            return Ok(Expr::constant(ty, Some(value)));
        }
        if name == "token" {
            return self.token(term, arguments);
        }
        // Columns and calls have a type; it may tell that of the literals.
        let mut found: Vec<Option<Expr>> = Vec::with_capacity(arguments.len());
        let arguments: Vec<&Term> = arguments.iter().map(Term::bare).collect();
        for &argument in &arguments {
            found.push(if is_literal(argument) { None } else { Some(self.expr(argument, None)?) });
        }
        let known: Vec<Option<Type>> = found.iter().map(|e| e.as_ref().map(|e| e.ty.clone())).collect();
        let mut bound = Vec::with_capacity(arguments.len());
        for (place, (argument, expr)) in arguments.iter().zip(found).enumerate() {
            bound.push(match expr {
                Some(expr) => expr,
                None => {
                    let wanted = functions::argument_type(name, place, &known);
                    self.expr(argument, wanted.as_ref())?
                }
            });
        }
        match functions::resolve(name, &bound) {
            Ok(Some((function, ty))) => Ok(Expr { ty, kind: ExprKind::Call(function, bound) }),
            Ok(None) => Err(self.site.error(term, &format!("there is no function {name} for these arguments"))),
            Err(e) => Err(self.site.error(term, e.message())),
        }
    }

    /// writetime, maxwritetime and ttl.
    fn metadata(&mut self, term: &Term, name: &str, arguments: &[Term]) -> Result<Option<Expr>> {
        let what = match name {
            "writetime" => What::WriteTime,
            "maxwritetime" => What::MaxWriteTime,
            "ttl" => What::Ttl,
            _ => return Ok(None),
        };
        let wrong = |what: &str| Err(self.site.error(term, &format!("{name} {what}")));
        let [argument] = arguments else { return wrong("takes one column") };
        let column = match &argument.kind {
            TermKind::Field(of, _) | TermKind::Element(of, _) | TermKind::Slice(of, ..) => of,
            _ => argument,
        };
        let TermKind::Column(column) = &column.kind else {
            return wrong("takes a column, an element, a slice or a field of one");
        };
        let (source, ty) = self.column(column, argument.at.start)?;
        if matches!(source, Source::Key(_) | Source::Clustering(_)) {
            return wrong("is of columns that are not in the primary key");
        }
        let whole = matches!(argument.kind, TermKind::Column(_) | TermKind::Slice(..));
        let many = ty.is_multi_cell() && whole && what != What::MaxWriteTime;
        let of = self.expr(argument, None)?;
        let time = if what == What::Ttl { Type::Int } else { Type::BigInt };
        let ty = if many { Type::List { element: Box::new(time), multi_cell: false } } else { time };
        Ok(Some(Expr { ty, kind: ExprKind::Cells(what, Box::new(of)) }))
    }

    fn token(&self, term: &Term, arguments: &[Term]) -> Result<Expr> {
        let key = &self.table.partition_key;
        let same = arguments.len() == key.len()
            && arguments.iter().zip(key).all(|(a, c)| matches!(&a.kind, TermKind::Column(name) if *name == c.name));
        if !same {
            let columns: Vec<_> = key.iter().map(|c| names::identifier(&c.name)).collect();
            return Err(self
                .site
                .error(term, &format!("token takes the partition key: token({})", columns.join(", "))));
        }
        Ok(Expr { ty: token_type(self.table.partitioner), kind: ExprKind::Token })
    }
}

impl super::name::Casts for Binder<'_> {
    fn is_cast(&mut self, of: &Term, ty: &Type) -> bool {
        let met = self.aggregates.clone();
        // The type of a column in descending order is another one to the server, and a counter is no bigint.
        let other_type = matches!(&of.kind, TermKind::Column(name)
            if self.table.all_columns().any(|c| c.name == *name && (c.reversed || c.ty == Type::Counter)));
        let is_cast = other_type || self.expr(of, None).is_ok_and(|of| of.ty != *ty);
        self.aggregates = met;
        is_cast
    }
}

pub(super) fn token_type(partitioner: Partitioner) -> Type {
    match partitioner {
        Partitioner::Murmur3 => Type::BigInt,
        Partitioner::Random => Type::Varint,
        _ => Type::Blob,
    }
}

/// The type of a sum or a product; of times and durations, and texts that are put together, too.
fn result_type(operator: u8, left: &Type, right: &Type) -> Option<Type> {
    match (operator, left, right) {
        (b'+' | b'-', Type::Timestamp | Type::Date, Type::Duration) => Some(left.clone()),
        (b'+', Type::Text, Type::Text | Type::Ascii) | (b'+', Type::Ascii, Type::Text) => Some(Type::Text),
        (b'+', Type::Ascii, Type::Ascii) => Some(Type::Ascii),
        _ => number::result_type(left, right),
    }
}

/// Whether only what surrounds a term tells its type.
fn is_literal(term: &Term) -> bool {
    match &term.kind {
        TermKind::Null | TermKind::Literal(..) => true,
        TermKind::List(items) | TermKind::Set(items) => items.iter().all(is_literal),
        TermKind::Tuple(items) => items.iter().all(is_literal),
        TermKind::Map(entries) => entries.iter().all(|(_, value)| is_literal(value)),
        TermKind::Negative(of) => is_literal(of),
        _ => false,
    }
}

/// Integers in arithmetic are ints if they fit, other numbers doubles.
fn number_type(term: &Term) -> Option<Type> {
    match &term.kind {
        TermKind::Literal(Literal::Integer, text) if text.parse::<i32>().is_ok() => Some(Type::Int),
        TermKind::Literal(Literal::Integer, text) if text.parse::<i64>().is_ok() => Some(Type::BigInt),
        TermKind::Literal(Literal::Integer, _) => Some(Type::Varint),
        TermKind::Literal(Literal::Float, _) => Some(Type::Double),
        TermKind::Literal(Literal::Duration, _) => Some(Type::Duration),
        TermKind::Literal(Literal::Text, _) => Some(Type::Text),
        _ => None,
    }
}
