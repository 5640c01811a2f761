//! Names and literals of a statement against the schema of its table: what was written becomes expressions with types.

use super::aggregate::{Aggregate, Kind};
use super::ast::{Literal, Term, TermKind};
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
            TermKind::Arithmetic(operator, left, right) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                let Some(ty) = number::result_type(&left.ty, &right.ty) else {
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
                let of = self.expr(of, None)?;
                if !functions::can_cast(&of.ty, ty) {
                    let message = format!("{} can't be cast to {}", names::cql_name(&of.ty), names::cql_name(ty));
                    return Err(self.site.error(term, &message));
                }
                Ok(Expr { ty: ty.clone(), kind: ExprKind::Cast(Box::new(of)) })
            }
            TermKind::CountRows => self.aggregate(term, Aggregate { kind: Kind::CountRows, of: None }),
            TermKind::Call(name, arguments) => self.call(term, name, arguments),
            _ => match wanted.cloned().or_else(|| natural_type(term)) {
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

    /// A part of a sum or product, where numbers have a type of their own.
    fn operand(&mut self, term: &Term) -> Result<Expr> {
        let ty = number_type(term);
        self.expr(term, ty.as_ref())
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
        let wanted = argument_type(name);
        let bound = arguments.iter().map(|a| self.expr(a, wanted.as_ref())).collect::<Result<Vec<_>>>()?;
        match functions::resolve(name, &bound) {
            Ok(Some((function, ty))) => Ok(Expr { ty, kind: ExprKind::Call(function, bound) }),
            Ok(None) => Err(self.site.error(term, &format!("there is no function {name} for these arguments"))),
            Err(e) => Err(self.site.error(term, e.message())),
        }
    }

    /// writetime, maxwritetime and ttl.
    fn metadata(&self, term: &Term, name: &str, arguments: &[Term]) -> Result<Option<Expr>> {
        if !matches!(name, "writetime" | "maxwritetime" | "ttl") {
            return Ok(None);
        }
        let [Term { kind: TermKind::Column(column), at }] = arguments else {
            return Err(self.site.error(term, &format!("{name} takes the name of a column")));
        };
        let (source, ty) = self.column(column, at.start)?;
        if matches!(source, Source::Key(_) | Source::Clustering(_)) {
            return Err(self.site.error(term, &format!("{name} is of columns that are not in the primary key")));
        }
        let many = ty.is_multi_cell();
        let (element, kind) = match name {
            "maxwritetime" => (Type::BigInt, ExprKind::MaxWriteTime(source)),
            "writetime" => (Type::BigInt, ExprKind::WriteTime(source, many)),
            _ => (Type::Int, ExprKind::Ttl(source, many)),
        };
        let ty = match many && name != "maxwritetime" {
            true => Type::List { element: Box::new(element), multi_cell: false },
            false => element,
        };
        Ok(Some(Expr { ty, kind }))
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

pub(super) fn token_type(partitioner: Partitioner) -> Type {
    match partitioner {
        Partitioner::Murmur3 => Type::BigInt,
        Partitioner::Random => Type::Varint,
        _ => Type::Blob,
    }
}

/// The type that a literal has where nothing asks for another.
fn natural_type(term: &Term) -> Option<Type> {
    match &term.kind {
        TermKind::Literal(Literal::Boolean, _) => Some(Type::Boolean),
        TermKind::Literal(Literal::Uuid, _) => Some(Type::Uuid),
        TermKind::Literal(Literal::Blob, _) => Some(Type::Blob),
        TermKind::Literal(Literal::Duration, _) => Some(Type::Duration),
        _ => None,
    }
}

/// Integers in arithmetic are ints if they fit, other numbers doubles.
fn number_type(term: &Term) -> Option<Type> {
    match &term.kind {
        TermKind::Literal(Literal::Integer, text) if text.parse::<i32>().is_ok() => Some(Type::Int),
        TermKind::Literal(Literal::Integer, text) if text.parse::<i64>().is_ok() => Some(Type::BigInt),
        TermKind::Literal(Literal::Integer, _) => Some(Type::Varint),
        TermKind::Literal(Literal::Float, _) => Some(Type::Double),
        _ => None,
    }
}

/// What the literals among a function's arguments are.
fn argument_type(name: &str) -> Option<Type> {
    let plain = name.replace('_', "");
    match plain.as_str() {
        "mintimeuuid" | "maxtimeuuid" => Some(Type::Timestamp),
        _ if plain.starts_with("blobas") => Some(Type::Blob),
        _ => names::parse(plain.strip_suffix("asblob")?, &|_| None).ok(),
    }
}
