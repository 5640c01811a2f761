//! What is worked out for a row: columns, their parts, calls, arithmetic.

use std::borrow::Cow;

use super::functions::{self, Function};
use super::{Texts, cells, number};
use crate::cql::{Comparator, DecoratedKey, Token, Type, elements};
use crate::error::{Error, Result};
use crate::merge;
use crate::rows::{Cell, Row};

/// Where a column's value is found: an index among the table's columns of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Key(usize),
    Clustering(usize),
    Static(usize),
    Regular(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) ty: Type,
    pub(super) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(super) enum ExprKind {
    Column(Source, Type),
    Constant(Option<Vec<u8>>),
    Token,
    /// writetime, maxwritetime or ttl of a column, or a part of it.
    Cells(cells::What, Box<Expr>),
    Field(Box<Expr>, usize),
    Element(Box<Expr>, Box<Expr>),
    /// `m[a..b]`, with both ends; `None` where it has none.
    Slice(Box<Expr>, Option<Vec<u8>>, Option<Vec<u8>>),
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    Arithmetic(u8, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>),
    Call(Function, Vec<Expr>),
    /// The result of the aggregate with this number.
    Aggregate(usize),
}

/// A row with what surrounds it.
#[derive(Clone, Copy)]
pub(super) struct Current<'a> {
    pub(super) key: &'a DecoratedKey,
    pub(super) key_columns: usize,
    pub(super) static_row: &'a Row,
    /// `None` for the row of a partition that has only static values.
    pub(super) row: Option<&'a Row>,
    pub(super) now: i64,
    /// Results of the statement's aggregates, where they are known.
    pub(super) aggregates: &'a [Option<Vec<u8>>],
    pub(super) texts: &'a dyn Texts,
}

pub(super) type Value<'a> = Option<Cow<'a, [u8]>>;

/// A token as a value of the partitioner's type.
pub(super) fn token_bytes(token: Token, key: &[u8]) -> Vec<u8> {
    match token {
        Token::Murmur3(token) => token.to_be_bytes().to_vec(),
        Token::Random(token) => num_bigint::BigInt::from(token).to_signed_bytes_be(),
        Token::Key => key.to_vec(),
    }
}

/// The bytes of a partition key column.
pub(super) fn key_part(key: &[u8], columns: usize, i: usize) -> Result<Option<&[u8]>> {
    if columns == 1 {
        return Ok(Some(key));
    }
    elements::components(key).nth(i).transpose().map(|part| part.map(|(bytes, _)| bytes))
}

impl<'a> Current<'a> {
    pub(super) fn cells(&self, source: Source) -> Option<(&'a Row, &'a [Cell])> {
        let (row, i) = match source {
            Source::Static(i) => (self.static_row, i),
            Source::Regular(i) => (self.row?, i),
            Source::Key(_) | Source::Clustering(_) => return None,
        };
        Some((row, row.column_cells(i as u16))).filter(|(_, cells)| !cells.is_empty())
    }

    pub(super) fn column(&self, source: Source, ty: &Type) -> Result<Value<'a>> {
        match source {
            Source::Key(i) => Ok(key_part(&self.key.key, self.key_columns, i)?.map(Cow::Borrowed)),
            Source::Clustering(i) => Ok(self.row.and_then(|row| row.clustering_value(i)).map(Cow::Borrowed)),
            Source::Static(_) | Source::Regular(_) => {
                let Some((row, cells)) = self.cells(source) else { return Ok(None) };
                if ty.is_multi_cell() {
                    return frozen(row, cells, ty).map(|bytes| Some(Cow::Owned(bytes)));
                }
                let value = row.value(&cells[0]);
                Ok(Some(match ty {
                    Type::Counter => Cow::Owned(merge::total(value).to_be_bytes().to_vec()),
                    _ => Cow::Borrowed(value),
                }))
            }
        }
    }
}

/// The cells of a collection or user type put together into its frozen form.
fn frozen(row: &Row, cells: &[Cell], ty: &Type) -> Result<Vec<u8>> {
    use super::literal::{collection, fields};
    Ok(match ty {
        Type::Set { .. } => collection(&cells.iter().map(|c| row.path(c)).collect::<Vec<_>>(), 1),
        Type::Map { .. } => collection(&cells.iter().flat_map(|c| [row.path(c), row.value(c)]).collect::<Vec<_>>(), 2),
        Type::User(user) => {
            let mut values = vec![None; user.fields.len()];
            for cell in cells {
                let position = match row.path(cell) {
                    &[high, low] => usize::from(u16::from_be_bytes([high, low])),
                    _ => return Err(Error::corrupt("the path of a field of a user type has not 2 bytes")),
                };
                if let Some(value) = values.get_mut(position) {
                    *value = Some(row.value(cell));
                }
            }
            fields(&values)
        }
        _ => collection(&cells.iter().map(|c| row.value(c)).collect::<Vec<_>>(), 1),
    })
}

impl Expr {
    pub(super) fn constant(ty: Type, value: Option<Vec<u8>>) -> Self {
        Expr { ty, kind: ExprKind::Constant(value) }
    }

    /// Its value where there was no row: only aggregates have one.
    pub(super) fn of_nothing(&self, aggregates: &[Option<Vec<u8>>]) -> Option<Vec<u8>> {
        match &self.kind {
            ExprKind::Aggregate(i) => aggregates.get(*i).cloned().flatten(),
            _ => None,
        }
    }

    /// Calls `each` with every column that it looks at.
    pub(super) fn columns(&self, each: &mut dyn FnMut(Source)) {
        match &self.kind {
            ExprKind::Column(source, _) => each(*source),
            ExprKind::Field(of, _) | ExprKind::Cast(of) | ExprKind::Cells(_, of) | ExprKind::Slice(of, ..) => {
                of.columns(each);
            }
            ExprKind::Element(a, b) | ExprKind::Arithmetic(_, a, b) => {
                a.columns(each);
                b.columns(each);
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) | ExprKind::Call(_, parts) => {
                parts.iter().for_each(|part| part.columns(each));
            }
            ExprKind::Constant(_) | ExprKind::Token | ExprKind::Aggregate(_) => {}
        }
    }

    pub(super) fn eval<'a>(&'a self, row: &Current<'a>) -> Result<Value<'a>> {
        match &self.kind {
            ExprKind::Column(source, ty) => row.column(*source, ty),
            ExprKind::Constant(value) => Ok(value.as_deref().map(Cow::Borrowed)),
            ExprKind::Token => Ok(Some(Cow::Owned(token_bytes(row.key.token, &row.key.key)))),
            ExprKind::Cells(what, of) => cells::evaluate(*what, of, row),
            ExprKind::Field(of, i) => {
                let Some(value) = of.eval(row)? else { return Ok(None) };
                let mut parts = elements::fields(&value, i + 1);
                Ok(parts.nth(*i).transpose()?.flatten().map(|bytes| Cow::Owned(bytes.to_vec())))
            }
            ExprKind::Element(of, key) => {
                let (Some(value), Some(key)) = (of.eval(row)?, key.eval(row)?) else { return Ok(None) };
                element(&of.ty, &value, &key)
            }
            ExprKind::Slice(of, from, to) => {
                let Some(value) = of.eval(row)? else { return Ok(None) };
                cells::slice(of, &value, from.as_deref(), to.as_deref())
            }
            ExprKind::Tuple(parts) => {
                let values = parts.iter().map(|part| part.eval(row)).collect::<Result<Vec<_>>>()?;
                Ok(Some(Cow::Owned(super::literal::fields(&values))))
            }
            ExprKind::List(parts) => {
                let mut values = Vec::with_capacity(parts.len());
                for part in parts {
                    // A null among them is left out of what the server packs.
                    values.push(part.eval(row)?.unwrap_or_default());
                }
                Ok(Some(Cow::Owned(super::literal::collection(&values, 1))))
            }
            ExprKind::Arithmetic(operator, left, right) => {
                let (Some(a), Some(b)) = (left.eval(row)?, right.eval(row)?) else { return Ok(None) };
                let result = match (&self.ty, &right.ty) {
                    (Type::Timestamp | Type::Date, Type::Duration) => functions::shift(*operator, &left.ty, &a, &b)?,
                    (Type::Text | Type::Ascii, _) => Some([&*a, &*b].concat()),
                    _ => number::arithmetic(*operator, (&left.ty, &a), (&right.ty, &b), &self.ty)?,
                };
                Ok(result.map(Cow::Owned))
            }
            ExprKind::Cast(of) => match of.eval(row)? {
                Some(value) => Ok(functions::cast(&of.ty, &value, &self.ty, row.texts)?.map(Cow::Owned)),
                None => Ok(None),
            },
            ExprKind::Call(function, arguments) => {
                let values = arguments.iter().map(|a| a.eval(row)).collect::<Result<Vec<_>>>()?;
                Ok(function.call(arguments, &values, &self.ty, row)?.map(Cow::Owned))
            }
            ExprKind::Aggregate(i) => Ok(row.aggregates.get(*i).and_then(|v| v.as_deref()).map(Cow::Borrowed)),
        }
    }
}

/// The value of a map for a key, or an element of a set.
fn element<'a>(ty: &Type, value: &[u8], key: &[u8]) -> Result<Value<'a>> {
    let found = match ty {
        Type::Map { key: key_type, .. } => {
            let order = Comparator::new(key_type, false);
            let mut parts = elements::map(value)?;
            let mut found = None;
            while let (Some(k), Some(v)) = (parts.next_element()?, parts.next_element()?) {
                if k.is_some_and(|k| order.compare(k, key).is_eq()) {
                    found = v;
                    break;
                }
            }
            found
        }
        Type::Set { element, .. } => {
            let order = Comparator::new(element, false);
            let mut found = None;
            for part in elements::list(value)? {
                if let Some(part) = part?.filter(|part| order.compare(part, key).is_eq()) {
                    found = Some(part);
                }
            }
            found
        }
        Type::List { .. } => match <[u8; 4]>::try_from(key).map(i32::from_be_bytes) {
            Ok(i) if i >= 0 => elements::list(value)?.nth(i as usize).transpose()?.flatten(),
            _ => None,
        },
        _ => None,
    };
    Ok(found.map(|bytes| Cow::Owned(bytes.to_vec())))
}
