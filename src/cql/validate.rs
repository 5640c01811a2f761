//! Whether bytes are a value of a type. Follows `validate` of each serializer in org.apache.cassandra.serializers.

use crate::bytes::{Cursor, vint};
use crate::{Error, Result};

use super::elements::{self, Elements};
use super::types::Type;

/// Checks a value as AbstractType.validate does: an error says what is wrong with it.
pub fn validate(ty: &Type, value: &[u8]) -> Result<()> {
    match ty {
        Type::Blob | Type::Varint | Type::Custom(_) => Ok(()),
        Type::Ascii if value.is_ascii() => Ok(()),
        Type::Ascii => Err(Error::corrupt("text of type ascii has a byte above 127")),
        Type::Text => utf8(value),
        Type::Boolean if value.len() <= 1 => Ok(()),
        Type::Boolean => Err(length("boolean", "1 byte or none", value)),
        Type::TinyInt => exact("tinyint", 1, value),
        Type::SmallInt => exact("smallint", 2, value),
        Type::Date => exact("date", 4, value),
        Type::Time => exact("time", 8, value),
        Type::Int => exact_or_none("int", 4, value),
        Type::Float => exact_or_none("float", 4, value),
        Type::BigInt | Type::Counter => exact_or_none("bigint", 8, value),
        Type::Double => exact_or_none("double", 8, value),
        Type::Timestamp | Type::LegacyTimestamp => exact_or_none("timestamp", 8, value),
        Type::Uuid | Type::LexicalUuid | Type::LegacyTimeUuid => exact_or_none("uuid", 16, value),
        Type::TimeUuid => {
            exact_or_none("timeuuid", 16, value)?;
            match value.get(6) {
                Some(version) if version >> 4 != 1 => Err(Error::corrupt("a timeuuid is not of version 1")),
                _ => Ok(()),
            }
        }
        Type::Decimal if value.is_empty() || value.len() >= 4 => Ok(()),
        Type::Decimal => Err(length("decimal", "at least 4 bytes or none", value)),
        Type::Inet if matches!(value.len(), 0 | 4 | 16) => Ok(()),
        Type::Inet => Err(length("inet", "4 or 16 bytes or none", value)),
        Type::Empty if value.is_empty() => Ok(()),
        Type::Empty => Err(length("empty", "no bytes", value)),
        Type::Duration => duration(value),
        Type::List { element, .. } => collection(elements::list(value)?, &[element]),
        Type::Set { element, .. } => collection(elements::list(value)?, &[element]),
        Type::Map { key, value: ty, .. } => collection(elements::map(value)?, &[key, ty]),
        Type::Tuple(types) => fields(elements::fields(value, types.len()), types.iter()),
        Type::User(user) => fields(elements::fields(value, user.fields.len()), user.fields.iter().map(|(_, ty)| ty)),
        Type::Vector { .. } if value.is_empty() => Err(length("vector", "its elements", value)),
        Type::Vector { element, dimension } => collection(elements::vector(value, element, *dimension), &[element]),
        Type::Composite(types) => composite(types, value),
    }
}

fn length(name: &str, expected: &str, value: &[u8]) -> Error {
    Error::corrupt(format!("a value of type {name} has {} bytes; it must have {expected}", value.len()))
}

fn exact(name: &str, n: usize, value: &[u8]) -> Result<()> {
    if value.len() == n { Ok(()) } else { Err(length(name, &format!("{n} bytes"), value)) }
}

fn exact_or_none(name: &str, n: usize, value: &[u8]) -> Result<()> {
    if value.is_empty() || value.len() == n { Ok(()) } else { Err(length(name, &format!("{n} bytes or none"), value)) }
}

/// As Java's own and a little more: UTF8Serializer lets pass surrogates, the two-byte NUL, and some bytes that
/// continue nothing.
fn utf8(value: &[u8]) -> Result<()> {
    let Err(error) = std::str::from_utf8(value) else { return Ok(()) };
    let continues = |b: &u8| b & 0xc0 == 0x80;
    let mut rest = value;
    loop {
        let tail = match rest {
            [] => return Ok(()),
            [0x00..=0x7f, tail @ ..] | [0xc0, 0x80, tail @ ..] => Some(tail),
            [0xc2..=0xdf, b, tail @ ..] if continues(b) => Some(tail),
            [0xe0, b, c, tail @ ..] if b & 0xe0 != 0x80 && continues(c) => Some(tail),
            [0xe1..=0xef, b, c, tail @ ..] if continues(b) && continues(c) => Some(tail),
            [0xf0, b, c, d, tail @ ..] if b & 0x30 != 0 && continues(c) && continues(d) => Some(tail),
            [0xf1..=0xf7, b, c, d, tail @ ..] if continues(b) && continues(c) && continues(d) => Some(tail),
            _ => None,
        };
        let message = || Error::corrupt(format!("text is not UTF-8 behind its first {} bytes", error.valid_up_to()));
        rest = tail.ok_or_else(message)?;
    }
}

/// Months, days and nanoseconds as signed vints, all of one sign.
fn duration(value: &[u8]) -> Result<()> {
    if value.len() < 3 {
        return Err(length("duration", "at least 3 bytes", value));
    }
    let mut cursor = Cursor::new(value);
    let mut signed = || cursor.vint().map(vint::unzigzag);
    let (months, days, nanoseconds) = (signed()?, signed()?, signed()?);
    if i32::try_from(months).is_err() || i32::try_from(days).is_err() {
        return Err(Error::corrupt("months or days of a duration do not fit into 32 bits"));
    }
    let parts = [months, days, nanoseconds];
    if parts.iter().any(|&p| p < 0) && parts.iter().any(|&p| p > 0) {
        return Err(Error::corrupt("a duration has parts of different signs"));
    }
    Ok(())
}

/// No nulls, nothing behind the last element.
fn collection(mut values: Elements<'_>, types: &[&Type]) -> Result<()> {
    for ty in types.iter().cycle() {
        match values.next_element()? {
            Some(Some(value)) => validate(ty, value)?,
            Some(None) => return Err(Error::corrupt("a collection holds a null")),
            None => break,
        }
    }
    values.finish()
}

fn fields<'t>(mut values: Elements<'_>, types: impl Iterator<Item = &'t Type>) -> Result<()> {
    for ty in types {
        if let Some(Some(value)) = values.next_element()? {
            validate(ty, value)?;
        }
    }
    values.finish()
}

fn composite(types: &[Type], value: &[u8]) -> Result<()> {
    let mut components = elements::components(value);
    let mut types = types.iter();
    while let Some((component, end)) = components.next().transpose()? {
        let ty = types.next().ok_or_else(|| Error::corrupt("a composite has more components than its type"))?;
        validate(ty, component)?;
        if end != 0 && !components.is_empty() {
            return Err(Error::corrupt("a composite goes on behind its last component"));
        }
    }
    Ok(())
}
