//! Literals as the bytes of a type. Follows org.apache.cassandra.cql3.terms: which literals a type takes, and how
//! collections are put in order.

use super::ast::{Literal, Term, TermKind};
use crate::bytes::vint;
use crate::cql::{Comparator, Type, lexer, names, parse_text, validate};
use crate::error::{Error, Result};

/// The text of a statement, for errors that point at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a>(pub(super) &'a str);

impl Site<'_> {
    pub(super) fn error(&self, term: &Term, message: &str) -> Error {
        self.at(term.at.start, message)
    }

    pub(super) fn at(&self, offset: usize, message: &str) -> Error {
        lexer::error_at(self.0, offset, message)
    }

    fn mismatch(&self, term: &Term, ty: &Type) -> Error {
        self.error(term, &format!("expected a value of type {}, which this is not", names::cql_name(ty)))
    }
}

/// The bytes of a value that has no columns in it; `None` is null.
pub(super) fn encode(site: Site<'_>, term: &Term, ty: &Type) -> Result<Option<Vec<u8>>> {
    let bytes = match (&term.kind, ty) {
        (TermKind::Null, _) => return Ok(None),
        (TermKind::Typed(_, inner), _) => return encode(site, inner, ty),
        (TermKind::Literal(literal, text), ty) => scalar(*literal, text, ty).ok_or_else(|| site.mismatch(term, ty))?,
        (TermKind::List(items), Type::List { element, .. }) => collection(&elements(site, items, element)?, 1),
        (TermKind::List(items), Type::Vector { element, dimension }) => {
            if items.len() != usize::from(*dimension) {
                let message = format!("the vector has {dimension} elements, this has {}", items.len());
                return Err(site.error(term, &message));
            }
            vector(element, &elements(site, items, element)?)
        }
        (TermKind::Set(items), Type::Set { element, .. }) => {
            let mut values = elements(site, items, element)?;
            let order = Comparator::new(element, false);
            values.sort_by(|a, b| order.compare(a, b));
            values.dedup_by(|a, b| order.compare(a, b).is_eq());
            collection(&values, 1)
        }
        (TermKind::Set(items), Type::Map { .. }) if items.is_empty() => collection::<&[u8]>(&[], 2),
        (TermKind::Set(items), Type::User(_)) if items.is_empty() => Vec::new(),
        (TermKind::Map(entries), Type::Map { key, value, .. }) => map(site, entries, key, value)?,
        (TermKind::Map(entries), Type::User(user)) => {
            let mut values: Vec<Option<Vec<u8>>> = vec![None; user.fields.len()];
            for (name, value) in entries {
                let TermKind::Column(field) = &name.kind else {
                    return Err(site.error(name, "expected a field's name"));
                };
                let Some(i) = user.fields.iter().position(|(name, _)| name == field) else {
                    return Err(site.error(name, &format!("the type {} has no field {field}", user.name)));
                };
                values[i] = encode(site, value, &user.fields[i].1)?;
            }
            fields(&values)
        }
        (TermKind::Tuple(items), Type::Tuple(types)) => {
            if items.len() > types.len() {
                let message = format!("the tuple has {} elements, this has {}", types.len(), items.len());
                return Err(site.error(term, &message));
            }
            let values: Result<Vec<_>> = items.iter().zip(types).map(|(item, ty)| encode(site, item, ty)).collect();
            fields(&values?)
        }
        // Parentheses around one value.
        (TermKind::Tuple(items), ty) if items.len() == 1 => return encode(site, &items[0], ty),
        _ => return Err(site.mismatch(term, ty)),
    };
    validate(ty, &bytes).map_err(|e| site.error(term, e.message()))?;
    Ok(Some(bytes))
}

fn elements(site: Site<'_>, items: &[Term], ty: &Type) -> Result<Vec<Vec<u8>>> {
    let element = |item: &Term| {
        encode(site, item, ty)?.ok_or_else(|| site.error(item, "null can't be an element of a collection"))
    };
    items.iter().map(element).collect()
}

fn map(site: Site<'_>, entries: &[(Term, Term)], key: &Type, value: &Type) -> Result<Vec<u8>> {
    let mut pairs = Vec::with_capacity(entries.len());
    for (k, v) in entries {
        let no_null = |term: &Term| site.error(term, "null can't be in a map");
        let k_bytes = encode(site, k, key)?.ok_or_else(|| no_null(k))?;
        pairs.push((k_bytes, encode(site, v, value)?.ok_or_else(|| no_null(v))?));
    }
    let order = Comparator::new(key, false);
    // Of equal keys the last counts.
    pairs.reverse();
    pairs.sort_by(|a, b| order.compare(&a.0, &b.0));
    pairs.dedup_by(|a, b| order.compare(&a.0, &b.0).is_eq());
    Ok(collection(&pairs.into_iter().flat_map(|(k, v)| [k, v]).collect::<Vec<_>>(), 2))
}

/// A frozen collection of so many parts an element.
pub(super) fn collection<B: AsRef<[u8]>>(parts: &[B], per_element: usize) -> Vec<u8> {
    let mut bytes = ((parts.len() / per_element) as u32).to_be_bytes().to_vec();
    for part in parts {
        bytes.extend((part.as_ref().len() as u32).to_be_bytes());
        bytes.extend_from_slice(part.as_ref());
    }
    bytes
}

/// A tuple or a user type.
pub(super) fn fields<B: AsRef<[u8]>>(values: &[Option<B>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        match value {
            Some(value) => {
                bytes.extend((value.as_ref().len() as u32).to_be_bytes());
                bytes.extend_from_slice(value.as_ref());
            }
            None => bytes.extend((-1i32).to_be_bytes()),
        }
    }
    bytes
}

pub(super) fn vector(element: &Type, values: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        if element.fixed_length().is_none() {
            vint::write(value.len() as u64, &mut bytes);
        }
        bytes.extend_from_slice(value);
    }
    bytes
}

/// Constants.Literal.testAssignment says which literals a type takes.
fn scalar(literal: Literal, text: &str, ty: &Type) -> Option<Vec<u8>> {
    let takes = match literal {
        Literal::Text => matches!(
            ty,
            Type::Ascii | Type::Text | Type::Inet | Type::Date | Type::Time | Type::Timestamp | Type::LegacyTimestamp
        ),
        Literal::Integer => matches!(
            ty,
            Type::BigInt
                | Type::Counter
                | Type::Date
                | Type::Decimal
                | Type::Double
                | Type::Duration
                | Type::Float
                | Type::Int
                | Type::SmallInt
                | Type::Time
                | Type::Timestamp
                | Type::LegacyTimestamp
                | Type::TinyInt
                | Type::Varint
        ),
        Literal::Float => matches!(ty, Type::Decimal | Type::Double | Type::Float),
        Literal::Boolean => matches!(ty, Type::Boolean),
        Literal::Uuid => matches!(ty, Type::Uuid | Type::TimeUuid | Type::LexicalUuid | Type::LegacyTimeUuid),
        Literal::Blob => {
            let digits = text.get(2..)?;
            return match ty {
                Type::Blob => parse_text(ty, digits).ok(),
                Type::Custom(_) => parse_text(&Type::Blob, digits).ok(),
                _ => None,
            };
        }
        Literal::Duration => matches!(ty, Type::Duration),
    };
    if !takes {
        return None;
    }
    match ty {
        // A counter's context holds its value once it is read as a bigint.
        Type::Counter => parse_text(&Type::BigInt, text).ok(),
        Type::Duration => duration(text),
        Type::Date | Type::Time if text.is_empty() => None,
        _ => parse_text(ty, text).ok(),
    }
}

/// ISO forms (`P1Y2M3DT4H5M6S`, `P2W`) are written with units here.
fn duration(text: &str) -> Option<Vec<u8>> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let Some(iso) = rest.strip_prefix(['p', 'P']) else { return parse_text(&Type::Duration, text).ok() };
    let (date, time) = iso.split_once(['t', 'T']).unwrap_or((iso, ""));
    let date = date.to_ascii_lowercase().replace('m', "mo");
    parse_text(&Type::Duration, &format!("{sign}{date}{}", time.to_ascii_lowercase())).ok()
}
