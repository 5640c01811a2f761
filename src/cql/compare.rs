//! The order of values of a type. Follows `compareCustom` of each class in org.apache.cassandra.db.marshal.
//!
//! Cassandra throws on bytes that are no value of the type; here such bytes are ordered in some fixed way.

use std::cmp::Ordering;

use crate::Result;

use super::decimal;
use super::elements::{self, Elements};
use super::types::Type;

/// Compares values of one type: the way is chosen once.
#[derive(Debug, Clone)]
pub struct Comparator {
    order: Order,
    reversed: bool,
}

#[derive(Debug, Clone)]
enum Order {
    /// As unsigned bytes (ComparisonType.BYTE_ORDER).
    Bytes,
    Int,
    Long,
    /// Two's complement of any equal length.
    Signed,
    Boolean,
    Float,
    Double,
    Varint,
    Decimal,
    Uuid,
    TimeUuid,
    LexicalUuid,
    AllEqual,
    List(Box<Comparator>),
    Map(Box<(Comparator, Comparator)>),
    Tuple(Vec<Comparator>),
    Vector {
        element: Box<Comparator>,
        ty: Box<Type>,
        dimension: u16,
    },
    Composite(Vec<Comparator>),
}

impl Comparator {
    /// `reversed` for a clustering column in descending order (ReversedType).
    pub fn new(ty: &Type, reversed: bool) -> Self {
        let inner = |ty: &Type| Comparator::new(ty, false);
        let order = match ty {
            Type::Ascii
            | Type::Text
            | Type::Blob
            | Type::Inet
            | Type::Date
            | Type::Time
            | Type::Duration
            | Type::LegacyTimestamp
            // Cassandra compares no counters, and knows its own classes only.
            | Type::Counter
            | Type::Custom(_) => Order::Bytes,
            Type::Int => Order::Int,
            Type::BigInt | Type::Timestamp => Order::Long,
            Type::SmallInt | Type::TinyInt => Order::Signed,
            Type::Boolean => Order::Boolean,
            Type::Float => Order::Float,
            Type::Double => Order::Double,
            Type::Varint => Order::Varint,
            Type::Decimal => Order::Decimal,
            Type::Uuid => Order::Uuid,
            Type::TimeUuid | Type::LegacyTimeUuid => Order::TimeUuid,
            Type::LexicalUuid => Order::LexicalUuid,
            Type::Empty => Order::AllEqual,
            Type::List { element, .. } | Type::Set { element, .. } => Order::List(Box::new(inner(element))),
            Type::Map { key, value, .. } => Order::Map(Box::new((inner(key), inner(value)))),
            Type::Tuple(types) => Order::Tuple(types.iter().map(inner).collect()),
            Type::User(user) => Order::Tuple(user.fields.iter().map(|(_, ty)| inner(ty)).collect()),
            Type::Vector { element, dimension } => {
                Order::Vector { element: Box::new(inner(element)), ty: element.clone(), dimension: *dimension }
            }
            Type::Composite(types) => Order::Composite(types.iter().map(inner).collect()),
        };
        Comparator { order, reversed }
    }

    /// The order of two serialized values of the type (AbstractType.compare). Values that are not valid have some
    /// order, too.
    #[inline]
    pub fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.reversed { self.compare_forward(b, a) } else { self.compare_forward(a, b) }
    }

    #[inline]
    fn compare_forward(&self, a: &[u8], b: &[u8]) -> Ordering {
        match &self.order {
            Order::Bytes => a.cmp(b),
            Order::Int => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => i32::from_be_bytes(a).cmp(&i32::from_be_bytes(b)),
                _ => signed(a, b),
            },
            Order::Long => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => i64::from_be_bytes(a).cmp(&i64::from_be_bytes(b)),
                _ => signed(a, b),
            },
            Order::AllEqual => Ordering::Equal,
            // Of all types that are left an empty value is less than any other.
            _ if a.is_empty() || b.is_empty() => b.is_empty().cmp(&a.is_empty()),
            Order::Signed => signed(a, b),
            Order::Boolean => (a[0] != 0).cmp(&(b[0] != 0)),
            Order::Float => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => java_float_order(f32::from_be_bytes(a).into(), f32::from_be_bytes(b).into()),
                _ => a.cmp(b),
            },
            Order::Double => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => java_float_order(f64::from_be_bytes(a), f64::from_be_bytes(b)),
                _ => a.cmp(b),
            },
            Order::Varint => decimal::compare_varints(a, b),
            Order::Decimal => decimal::compare_decimals(a, b),
            Order::Uuid => pair(a, b, uuid),
            Order::TimeUuid => pair(a, b, time_uuid),
            Order::LexicalUuid => pair(a, b, |a, b| {
                let halves = |v: [u8; 16]| u128::from_be_bytes(v) ^ 0x8000_0000_0000_0000_8000_0000_0000_0000;
                halves(a).cmp(&halves(b))
            }),
            Order::List(element) => or_bytes(a, b, compare_lists(element, a, b)),
            Order::Map(parts) => or_bytes(a, b, compare_maps(parts, a, b)),
            Order::Tuple(types) => or_bytes(a, b, compare_tuples(types, a, b)),
            Order::Vector { element, ty, dimension } => or_bytes(a, b, compare_vectors(element, ty, *dimension, a, b)),
            Order::Composite(types) => or_bytes(a, b, compare_composites(types, a, b)),
        }
    }
}

/// Malformed values are ordered by their bytes.
fn or_bytes(a: &[u8], b: &[u8], result: Result<Ordering>) -> Ordering {
    result.unwrap_or_else(|_| a.cmp(b))
}

/// The first byte is compared as signed, the others as unsigned.
fn signed(a: &[u8], b: &[u8]) -> Ordering {
    let first = |v: &[u8]| v.first().map(|&b| b as i8);
    first(a).cmp(&first(b)).then_with(|| a.cmp(b))
}

/// Double.compareTo: -0.0 is less than 0.0, and NaNs are equal and greater than all else.
fn java_float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).filter(|o| o.is_ne()).unwrap_or_else(|| match (a.is_nan(), b.is_nan()) {
        (false, false) => b.is_sign_negative().cmp(&a.is_sign_negative()),
        (a, b) => a.cmp(&b),
    })
}

fn pair(a: &[u8], b: &[u8], compare: impl Fn([u8; 16], [u8; 16]) -> Ordering) -> Ordering {
    match (a.try_into(), b.try_into()) {
        (Ok(a), Ok(b)) => compare(a, b),
        _ => (a.len() == 16).cmp(&(b.len() == 16)).then_with(|| a.cmp(b)),
    }
}

/// The time in the high half of a version 1 UUID, with the version left on top.
pub(super) fn reorder_time(uuid: u128) -> u64 {
    let high = (uuid >> 64) as u64;
    high << 48 | high << 16 & 0xffff_0000_0000 | high >> 32
}

/// By version; version 1 by time, others by their bytes; then the low half unsigned.
fn uuid(a: [u8; 16], b: [u8; 16]) -> Ordering {
    let (version_a, version_b) = (a[6] >> 4, b[6] >> 4);
    let (a, b) = (u128::from_be_bytes(a), u128::from_be_bytes(b));
    version_a.cmp(&version_b).then_with(|| match version_a {
        1 => reorder_time(a).cmp(&reorder_time(b)).then_with(|| (a as u64).cmp(&(b as u64))),
        _ => a.cmp(&b),
    })
}

/// By time, then the low half byte by byte as signed.
fn time_uuid(a: [u8; 16], b: [u8; 16]) -> Ordering {
    let key = |v: [u8; 16]| {
        let v = u128::from_be_bytes(v);
        (reorder_time(v) as i64, v as u64 ^ 0x8080_8080_8080_8080)
    };
    key(a).cmp(&key(b))
}

/// A null is less than any value.
fn nullable(by: &Comparator, a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => by.compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn compare_lists(by: &Comparator, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (mut a, mut b) = (elements::list(a)?, elements::list(b)?);
    let sizes = a.remaining().cmp(&b.remaining());
    while let (Some(a), Some(b)) = (a.next_element()?, b.next_element()?) {
        let order = nullable(by, a, b);
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(sizes)
}

fn compare_maps(by: &(Comparator, Comparator), a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (mut a, mut b) = (elements::map(a)?, elements::map(b)?);
    let sizes = a.remaining().cmp(&b.remaining());
    let mut is_key = true;
    while let (Some(a), Some(b)) = (a.next_element()?, b.next_element()?) {
        let order = nullable(if is_key { &by.0 } else { &by.1 }, a, b);
        if order.is_ne() {
            return Ok(order);
        }
        is_key = !is_key;
    }
    Ok(sizes)
}

/// Missing fields at the end equal nulls.
fn compare_tuples(types: &[Comparator], a: &[u8], b: &[u8]) -> Result<Ordering> {
    let whole = (a, b);
    let (mut a, mut b) = (elements::fields(a, usize::MAX), elements::fields(b, usize::MAX));
    let mut types = types.iter();
    while a.has_bytes() && b.has_bytes() {
        let Some(by) = types.next() else { break };
        if let (Some(a), Some(b)) = (a.next_element()?, b.next_element()?) {
            let order = nullable(by, a, b);
            if order.is_ne() {
                return Ok(order);
            }
        }
    }
    let a_at_end = !a.has_bytes();
    Ok(match (only_nulls(&mut a)?, only_nulls(&mut b)?) {
        (true, true) => Ordering::Equal,
        (true, false) if a_at_end => Ordering::Less,
        (true, false) => Ordering::Equal,
        (false, true) => Ordering::Greater,
        // More fields than the type has, on both sides: no values.
        (false, false) => whole.0.cmp(whole.1),
    })
}

fn only_nulls(fields: &mut Elements<'_>) -> Result<bool> {
    while fields.has_bytes() {
        if let Some(Some(_)) = fields.next_element()? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare_vectors(by: &Comparator, element: &Type, dimension: u16, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let mut a = elements::vector(a, element, dimension);
    let mut b = elements::vector(b, element, dimension);
    while let (Some(a), Some(b)) = (a.next_element()?, b.next_element()?) {
        let order = nullable(by, a, b);
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

/// Static before all else; then component by component, each followed by its end-of-component byte.
fn compare_composites(types: &[Comparator], a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (mut a, mut b) = (elements::components(a), elements::components(b));
    if a.is_static() != b.is_static() {
        return Ok(b.is_static().cmp(&a.is_static()));
    }
    let mut types = types.iter();
    while !a.is_empty() && !b.is_empty() {
        let (Some(a), Some(b)) = (a.next().transpose()?, b.next().transpose()?) else { break };
        let by_value = match types.next() {
            Some(by) => by.compare(a.0, b.0),
            None => a.0.cmp(b.0),
        };
        let order = by_value.then(a.1.cmp(&b.1));
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(b.is_empty().cmp(&a.is_empty()))
}
