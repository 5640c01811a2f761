//! A value as AbstractType.getString prints it: keys on command lines, in sstabledump and in file names.

use sstablefs::Result;
use sstablefs::bytes::Cursor;
use sstablefs::cql::Type;

use super::elements::fixed;
use super::escape::{hex, json_text, utf8};
use super::{address, number, time};

/// Renders values of one type as plain text.
#[derive(Debug, Clone)]
pub enum TextValue {
    /// As it is.
    Text,
    /// Blobs, frozen collections and vectors: hexadecimal digits.
    Hex,
    /// `true` or `false`.
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
    /// With all its digits, and an exponent where Java's BigDecimal has one.
    Decimal,
    /// The shortest digits that read back the same.
    Float,
    /// The shortest digits that read back the same.
    Double,
    /// Hexadecimal digits with hyphens.
    Uuid,
    /// IPv6 with all its groups.
    Inet,
    /// `2024-01-31T12:00:00.000Z`
    Timestamp,
    /// `2024-01-31`
    Date,
    /// `12:00:00.000000000`
    Time,
    /// `1mo2d3h`
    Duration,
    /// Nothing.
    Empty,
    /// Tuple or user type.
    Tuple(Vec<TextValue>),
    /// A partition key of several columns: the texts of the parts with `:` between them.
    Composite(Vec<TextValue>),
}

impl TextValue {
    /// For values of a type.
    pub fn new(ty: &Type) -> Self {
        match ty {
            Type::Ascii | Type::Text => Self::Text,
            Type::Blob | Type::Custom(_) | Type::Counter => Self::Hex,
            Type::List { .. } | Type::Set { .. } | Type::Map { .. } | Type::Vector { .. } => Self::Hex,
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
            Type::Empty => Self::Empty,
            Type::Tuple(types) => Self::Tuple(types.iter().map(Self::new).collect()),
            Type::User(user) => Self::Tuple(user.fields.iter().map(|(_, ty)| Self::new(ty)).collect()),
            Type::Composite(types) => Self::Composite(types.iter().map(Self::new).collect()),
        }
    }

    /// Appends the text of a value as serialized (AbstractType.getString). `Kind::Corrupt` where the bytes are no value of the
    /// type.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Text => out.extend_from_slice(utf8(value).as_bytes()),
            Self::Hex => hex(value, out),
            Self::Tuple(types) => tuple(types, value, out)?,
            Self::Composite(types) => composite(types, value, out)?,
            _ if value.is_empty() => {}
            Self::Empty => {}
            Self::Boolean => out.extend_from_slice(if value[0] != 0 { b"true" } else { b"false" }),
            Self::TinyInt => number::integer(i8::from_be_bytes(fixed(value, "tinyint")?).into(), out),
            Self::SmallInt => number::integer(i16::from_be_bytes(fixed(value, "smallint")?).into(), out),
            Self::Int => number::integer(i32::from_be_bytes(fixed(value, "int")?).into(), out),
            Self::BigInt => number::integer(i64::from_be_bytes(fixed(value, "bigint")?), out),
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
            Self::Inet => address::java_inet(value, out)?,
            Self::Timestamp => time::iso_timestamp(i64::from_be_bytes(fixed(value, "timestamp")?), out),
            Self::Date => time::java_date(time::date_days(fixed(value, "date")?), out),
            Self::Time => time::time(i64::from_be_bytes(fixed(value, "time")?), out)?,
            Self::Duration => time::duration(value, out)?,
        }
        Ok(())
    }
}

impl TextValue {
    /// Appends the text of a value as the inside of a JSON string.
    #[inline]
    pub(crate) fn write_in_json(&self, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Text => json_text(value, out),
            Self::Tuple(_) | Self::Composite(_) => {
                let mut text = Vec::new();
                self.write(value, &mut text)?;
                json_text(&text, out);
            }
            // Digits, names and the like: nothing to escape.
            _ => self.write(value, out)?,
        }
        Ok(())
    }
}

/// NaN and the infinities as Java names them.
pub(super) fn not_finite(value: f64, out: &mut Vec<u8>) {
    let name: &[u8] = match value {
        v if v.is_nan() => b"NaN",
        v if v > 0.0 => b"Infinity",
        _ => b"-Infinity",
    };
    out.extend_from_slice(name);
}

/// Fields joined by ':'; null is '@'; both are escaped within a field (TupleType.getString). Absent fields at the end
/// print nothing, not even their ':'.
fn tuple(types: &[TextValue], value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut cursor = Cursor::new(value);
    for (i, ty) in types.iter().enumerate() {
        if cursor.is_empty() {
            break;
        }
        if i > 0 {
            out.push(b':');
        }
        match cursor.int_bytes()? {
            None => out.push(b'@'),
            Some(field) => {
                let start = out.len();
                ty.write(field, out)?;
                escape(start, b":@", out);
            }
        }
    }
    Ok(())
}

/// The parts of a CompositeType, each `length u16, bytes, end-of-component byte` (AbstractCompositeType.getString).
fn composite(types: &[TextValue], value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut cursor = Cursor::new(value);
    if value.starts_with(&[0xff, 0xff]) {
        cursor.skip(2)?;
    }
    for (i, ty) in types.iter().enumerate() {
        if cursor.is_empty() {
            break;
        }
        if i > 0 {
            out.push(b':');
        }
        let part = cursor.short_bytes()?;
        let start = out.len();
        ty.write(part, out)?;
        escape(start, b":", out);
        if out.len() > start && matches!(out.last(), Some(b'\\' | b'!')) {
            out.push(b'!');
        }
        let end = cursor.u8()? as i8;
        if end != 0 {
            out.extend_from_slice(if end < 0 { b":_" } else { b":!" });
            break;
        }
    }
    Ok(())
}

/// Puts a backslash before each of the given bytes from `start` on.
fn escape(start: usize, special: &[u8], out: &mut Vec<u8>) {
    let mut at = start;
    while let Some(found) = out[at..].iter().position(|b| special.contains(b)) {
        out.insert(at + found, b'\\');
        at += found + 2;
    }
}
