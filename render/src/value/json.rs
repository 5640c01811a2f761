//! A value as SELECT JSON and sstabledump print it: AbstractType.toJSONString of each class.

use sstablefs::Result;
use sstablefs::cql::{Type, elements};

use super::elements::{counter_total, fixed, for_each};
use super::escape::{hex, json_string, json_text};
use super::{address, number, time};

/// The name of a column or field as a JSON key: one that is not lower case stands between quotes of its own.
pub(crate) fn json_name(name: &str, out: &mut Vec<u8>) {
    if name == name.to_lowercase() {
        json_string(name, out);
    } else {
        json_string(&format!("\"{name}\""), out);
    }
}

/// Renders values of one type as JSON.
#[derive(Debug, Clone)]
pub enum JsonValue {
    /// A string.
    Text,
    /// A string of `0x` and hexadecimal digits.
    Blob,
    /// `true` or `false`.
    Boolean,
    /// A number.
    TinyInt,
    /// A number.
    SmallInt,
    /// A number.
    Int,
    /// A number.
    BigInt,
    /// A number, however long.
    Varint,
    /// A number with all its digits.
    Decimal,
    /// A number with the shortest digits that read back the same; `null` where JSON has none.
    Float,
    /// A number with the shortest digits that read back the same; `null` where JSON has none.
    Double,
    /// A string.
    Uuid,
    /// A string; IPv6 with all its groups.
    Inet,
    /// A string: `2024-01-31 12:00:00.000Z`.
    Timestamp,
    /// A string: `2024-01-31`.
    Date,
    /// A string: `12:00:00.000000000`.
    Time,
    /// A string: `1mo2d3h`.
    Duration,
    /// A counter's context as SELECT sees it: the sum of its shards.
    Counter,
    /// An empty string.
    Empty,
    /// List or set.
    List(Box<JsonValue>),
    /// An object whose keys are strings.
    Map(Box<JsonValue>, Box<JsonValue>),
    /// An array.
    Tuple(Vec<JsonValue>),
    /// Each field with the text in front of its value: `{"a": ` or `, "b": `.
    User(Vec<(Vec<u8>, JsonValue)>),
    /// An array.
    Vector {
        /// How an element is printed.
        element: Box<JsonValue>,
        /// Of an element.
        ty: Type,
        /// How many elements.
        dimension: u16,
    },
}

impl JsonValue {
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
            Type::List { element, .. } | Type::Set { element, .. } => Self::List(boxed(element)),
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

    /// Appends the JSON of a value as serialized: what SELECT JSON prints (AbstractType.toJSONString). `Kind::Corrupt` where the
    /// bytes are no value of the type.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Text => quoted_text(value, out),
            Self::Blob => {
                out.extend_from_slice(b"\"0x");
                hex(value, out);
                out.push(b'"');
            }
            Self::Time if value.is_empty() => out.extend_from_slice(b"\"null\""),
            Self::List(element) => {
                out.push(b'[');
                for_each(elements::list(value)?, |i, v| {
                    separate(i, out);
                    element.write_or_null(v, out)
                })?;
                out.push(b']');
            }
            Self::Map(key, val) => {
                out.push(b'{');
                for_each(elements::map(value)?, |i, v| {
                    if i % 2 == 0 {
                        separate(i, out);
                        key.write_key(v.unwrap_or_default(), out)
                    } else {
                        out.extend_from_slice(b": ");
                        val.write_or_null(v, out)
                    }
                })?;
                out.push(b'}');
            }
            Self::Tuple(types) => {
                out.push(b'[');
                for_each(elements::fields(value, types.len()), |i, v| {
                    separate(i, out);
                    types[i].write_or_null(v, out)
                })?;
                out.push(b']');
            }
            Self::User(fields) => {
                if fields.is_empty() {
                    out.push(b'{');
                }
                for_each(elements::fields(value, fields.len()), |i, v| {
                    let (prefix, ty) = &fields[i];
                    out.extend_from_slice(prefix);
                    ty.write_or_null(v, out)
                })?;
                out.push(b'}');
            }
            Self::Vector { element, ty, dimension } => {
                out.push(b'[');
                for_each(elements::vector(value, ty, *dimension), |i, v| {
                    separate(i, out);
                    element.write_or_null(v, out)
                })?;
                out.push(b']');
            }
            // Every other type shows a value of no bytes as an empty string.
            _ if value.is_empty() => out.extend_from_slice(b"\"\""),
            Self::Boolean => out.extend_from_slice(if value[0] != 0 { b"true" } else { b"false" }),
            Self::TinyInt => number::integer(i8::from_be_bytes(fixed(value, "tinyint")?).into(), out),
            Self::SmallInt => number::integer(i16::from_be_bytes(fixed(value, "smallint")?).into(), out),
            Self::Int => number::integer(i32::from_be_bytes(fixed(value, "int")?).into(), out),
            Self::BigInt => number::integer(i64::from_be_bytes(fixed(value, "bigint")?), out),
            Self::Counter => number::integer(counter_total(value)?, out),
            Self::Varint => number::varint(value, out),
            Self::Decimal => number::decimal(value, out)?,
            Self::Float => {
                let float = f32::from_be_bytes(fixed(value, "float")?);
                if float.is_finite() { number::float(float, out) } else { out.extend_from_slice(b"null") }
            }
            Self::Double => {
                let double = f64::from_be_bytes(fixed(value, "double")?);
                if double.is_finite() { number::double(double, out) } else { out.extend_from_slice(b"null") }
            }
            _ => {
                out.push(b'"');
                self.write_quoted(value, out)?;
                out.push(b'"');
            }
        }
        Ok(())
    }

    /// Appends the JSON of an element of a collection. Texts and whole numbers, the most frequent ones, cost no call.
    #[inline]
    pub(crate) fn write_element(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match (self, value.first_chunk::<4>()) {
            (Self::Text, _) => quoted_text(value, out),
            (Self::Int, Some(int)) if value.len() == 4 => number::integer(i32::from_be_bytes(*int).into(), out),
            _ => return self.write(value, out),
        }
        Ok(())
    }

    /// The types whose text stands between quotes and never needs an escape.
    fn write_quoted(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Uuid => address::uuid(&fixed(value, "uuid")?, out),
            Self::Inet => address::java_inet(value, out)?,
            Self::Timestamp => time::json_timestamp(i64::from_be_bytes(fixed(value, "timestamp")?), out),
            Self::Date => time::java_date(time::date_days(fixed(value, "date")?), out),
            Self::Time => time::time(i64::from_be_bytes(fixed(value, "time")?), out)?,
            Self::Duration => time::duration(value, out)?,
            _ => {}
        }
        Ok(())
    }

    /// Appends the JSON of a value; `null` for `None`.
    pub fn write_or_null(&self, value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
        match value {
            Some(value) => self.write(value, out),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    }

    /// A value as the key of a JSON object: what is no string becomes one.
    #[inline]
    pub fn write_key(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if matches!(self, Self::Text) {
            quoted_text(value, out);
            return Ok(());
        }
        self.write_as_string(value, out)
    }

    fn write_as_string(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.push(b'"');
        self.write(value, out)?;
        match out.get(start + 1) {
            Some(b'"') => drop(out.remove(start)),
            Some(b'[' | b'{') => {
                let bare = out.split_off(start + 1);
                json_text(&bare, out);
                out.push(b'"');
            }
            _ => out.push(b'"'),
        }
        Ok(())
    }
}

#[inline]
fn quoted_text(value: &[u8], out: &mut Vec<u8>) {
    out.reserve(value.len() + 2);
    out.push(b'"');
    json_text(value, out);
    out.push(b'"');
}

fn field_prefix(i: usize, name: &str) -> Vec<u8> {
    let mut prefix = if i == 0 { b"{".to_vec() } else { b", ".to_vec() };
    json_name(name, &mut prefix);
    prefix.extend_from_slice(b": ");
    prefix
}

/// The comma before every element but the first.
#[inline]
pub(crate) fn separate(i: usize, out: &mut Vec<u8>) {
    if i > 0 {
        out.extend_from_slice(b", ");
    }
}
