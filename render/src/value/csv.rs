//! A value as `cqlsh COPY … TO` prints it, before the CSV writer quotes the field. Follows cqlshlib's formatting.py.
//!
//! Three things differ by intent: floats have their shortest digits, sets and maps stand in Cassandra's order, and
//! fields of user types keep names that are no Python identifiers.

use sstablefs::Result;
use sstablefs::cql::{Type, elements};

use super::elements::{counter_total, fixed, for_each};
use super::escape::{cqlsh_text, hex};
use super::json::separate;
use super::text::not_finite;
use super::{address, number, time};

/// Renders values of one type as the text of a CSV field.
#[derive(Debug, Clone)]
pub enum CsvValue {
    /// As it is.
    Text,
    /// `0x` and hexadecimal digits.
    Blob,
    /// `True` or `False`, as Python has them.
    Boolean,
    /// In decimal.
    TinyInt,
    /// In decimal.
    SmallInt,
    /// In decimal.
    Int,
    /// In decimal.
    BigInt,
    /// In decimal.
    Varint,
    /// With as many digits behind the point as its scale says.
    Decimal,
    /// The shortest digits that read back the same.
    Float,
    /// The shortest digits that read back the same.
    Double,
    /// Hexadecimal digits with hyphens.
    Uuid,
    /// IPv4 with points; IPv6 in its short form.
    Inet,
    /// `2024-01-31 12:00:00.000+0000`
    Timestamp,
    /// `2024-01-31`
    Date,
    /// `12:00:00.000000000`
    Time,
    /// `1mo2d3h`
    Duration,
    /// The sum of the shards.
    Counter,
    /// Nothing.
    Empty,
    /// In brackets.
    List(Box<CsvValue>),
    /// In braces.
    Set(Box<CsvValue>),
    /// In braces, each key with its value.
    Map(Box<CsvValue>, Box<CsvValue>),
    /// In parentheses.
    Tuple(Vec<CsvValue>),
    /// Each field with the text in front of its value: `{a: ` or `, b: `.
    User(Vec<(Vec<u8>, CsvValue)>),
    /// In brackets.
    Vector {
        /// How an element is printed.
        element: Box<CsvValue>,
        /// Of an element.
        ty: Type,
        /// How many elements.
        dimension: u16,
    },
}

impl CsvValue {
    /// For values of a type.
    pub fn new(ty: &Type) -> Self {
        let boxed = |ty: &Type| Box::new(Self::new(ty));
        match ty {
            Type::Ascii | Type::Text => Self::Text,
            Type::Blob | Type::Composite(_) | Type::Custom(_) => Self::Blob,
            Type::Boolean => Self::Boolean,
            Type::TinyInt => Self::TinyInt,
            Type::SmallInt => Self::SmallInt,
            Type::Int => Self::Int,
            Type::BigInt => Self::BigInt,
            Type::Varint => Self::Varint,
            Type::Decimal => Self::Decimal,
            Type::Float => Self::Float,
            Type::Double => Self::Double,
            Type::Uuid | Type::TimeUuid | Type::LexicalUuid | Type::LegacyTimeUuid => Self::Uuid,
            Type::Inet => Self::Inet,
            Type::Timestamp | Type::LegacyTimestamp => Self::Timestamp,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::Duration => Self::Duration,
            Type::Counter => Self::Counter,
            Type::Empty => Self::Empty,
            Type::List { element, .. } => Self::List(boxed(element)),
            Type::Set { element, .. } => Self::Set(boxed(element)),
            Type::Map { key, value, .. } => Self::Map(boxed(key), boxed(value)),
            Type::Tuple(types) => Self::Tuple(types.iter().map(Self::new).collect()),
            Type::User(user) => Self::User(
                user.fields.iter().enumerate().map(|(i, (name, ty))| (field_prefix(i, name), Self::new(ty))).collect(),
            ),
            Type::Vector { element, dimension } => {
                Self::Vector { element: boxed(element), ty: (**element).clone(), dimension: *dimension }
            }
        }
    }

    /// Whether the text needs no look for characters that CSV must quote.
    pub fn is_plain(&self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::List(_)
                | Self::Set(_)
                | Self::Map(..)
                | Self::Tuple(_)
                | Self::User(_)
                | Self::Vector { .. }
        )
    }

    /// Appends the text of a value. `nested`: within a collection, where texts, timestamps and addresses are quoted.
    pub fn write(&self, value: &[u8], nested: bool, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Text => cqlsh_text(value, nested, out),
            Self::Blob => {
                out.extend_from_slice(b"0x");
                hex(value, out);
            }
            Self::List(element) => list(element, b"[]", value, out)?,
            Self::Set(element) => list(element, b"{}", value, out)?,
            Self::Map(key, val) => {
                out.push(b'{');
                for_each(elements::map(value)?, |i, v| {
                    if i % 2 == 0 {
                        separate(i, out);
                        key.write_nested(v, out)
                    } else {
                        out.extend_from_slice(b": ");
                        val.write_nested(v, out)
                    }
                })?;
                out.push(b'}');
            }
            Self::Tuple(types) => {
                out.push(b'(');
                for_each(elements::fields(value, types.len()), |i, v| {
                    separate(i, out);
                    types[i].write_nested(v, out)
                })?;
                out.push(b')');
            }
            Self::User(fields) => {
                if fields.is_empty() {
                    out.push(b'{');
                }
                for_each(elements::fields(value, fields.len()), |i, v| {
                    let (prefix, ty) = &fields[i];
                    out.extend_from_slice(prefix);
                    ty.write_nested(v, out)
                })?;
                out.push(b'}');
            }
            Self::Vector { element, ty, dimension } => {
                out.push(b'[');
                for_each(elements::vector(value, ty, *dimension), |i, v| {
                    separate(i, out);
                    element.write_nested(v, out)
                })?;
                out.push(b']');
            }
            _ if value.is_empty() => {}
            Self::Timestamp | Self::Inet if nested => {
                out.push(b'\'');
                self.write(value, false, out)?;
                out.push(b'\'');
            }
            Self::Empty => {}
            Self::Boolean => out.extend_from_slice(if value[0] != 0 { b"True" } else { b"False" }),
            Self::TinyInt => number::integer(i8::from_be_bytes(fixed(value, "tinyint")?).into(), out),
            Self::SmallInt => number::integer(i16::from_be_bytes(fixed(value, "smallint")?).into(), out),
            Self::Int => number::integer(i32::from_be_bytes(fixed(value, "int")?).into(), out),
            Self::BigInt => number::integer(i64::from_be_bytes(fixed(value, "bigint")?), out),
            Self::Counter => number::integer(counter_total(value)?, out),
            Self::Varint => number::varint(value, out),
            Self::Decimal => number::decimal(value, out)?,
            Self::Float => {
                let float = f32::from_be_bytes(fixed(value, "float")?);
                if float.is_finite() { number::float(float, out) } else { not_finite(float.into(), out) }
            }
            Self::Double => {
                let double = f64::from_be_bytes(fixed(value, "double")?);
                if double.is_finite() { number::double(double, out) } else { not_finite(double, out) }
            }
            Self::Uuid => address::uuid(&fixed(value, "uuid")?, out),
            Self::Inet => address::ntop(value, out)?,
            Self::Timestamp => time::cqlsh_timestamp(i64::from_be_bytes(fixed(value, "timestamp")?), out),
            Self::Date => time::cqlsh_date(time::date_days(fixed(value, "date")?), out),
            Self::Time => time::time(i64::from_be_bytes(fixed(value, "time")?), out)?,
            Self::Duration => time::duration(value, out)?,
        }
        Ok(())
    }

    /// Appends the text of an element of a collection. Texts and whole numbers, the most frequent ones, cost no call.
    #[inline]
    pub(crate) fn write_element(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match (self, value.first_chunk::<4>()) {
            (Self::Text, _) => cqlsh_text(value, true, out),
            (Self::Int, Some(int)) if value.len() == 4 => number::integer(i32::from_be_bytes(*int).into(), out),
            _ => return self.write(value, true, out),
        }
        Ok(())
    }

    /// A value within another one: null prints nothing.
    pub fn write_nested(&self, value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
        value.map_or(Ok(()), |value| self.write(value, true, out))
    }
}

fn list(element: &CsvValue, brackets: &[u8; 2], value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.push(brackets[0]);
    for_each(elements::list(value)?, |i, v| {
        separate(i, out);
        element.write_nested(v, out)
    })?;
    out.push(brackets[1]);
    Ok(())
}

fn field_prefix(i: usize, name: &str) -> Vec<u8> {
    let mut prefix = if i == 0 { b"{".to_vec() } else { b", ".to_vec() };
    cqlsh_text(name.as_bytes(), false, &mut prefix);
    prefix.extend_from_slice(b": ");
    prefix
}
