//! CAST. Follows org.apache.cassandra.cql3.functions.CastFcts.

use super::{is_meaningless_when_empty, time};
use crate::cql::Type;
use crate::error::Result;
use crate::query::Texts;
use crate::query::number::{self, Number};

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Ascii)
}

/// Whether there is a cast from one type to another.
pub(in crate::query) fn can_cast(from: &Type, to: &Type) -> bool {
    let times = matches!(
        (from, to),
        (Type::TimeUuid, Type::Timestamp | Type::Date) | (Type::Timestamp, Type::Date) | (Type::Date, Type::Timestamp)
    );
    let texts = is_text(to)
        && (number::is_number(from)
            || matches!(
                from,
                Type::Boolean | Type::Uuid | Type::TimeUuid | Type::Inet | Type::Timestamp | Type::Date | Type::Time
            ));
    from == to
        || (from == &Type::Ascii && to == &Type::Text)
        || number::is_number(from) && number::is_number(to) && *to != Type::Counter
        || times
        || texts
}

pub(in crate::query) fn cast(from: &Type, value: &[u8], to: &Type, texts: &dyn Texts) -> Result<Option<Vec<u8>>> {
    if from == to || is_text(from) && is_text(to) {
        return Ok(Some(value.to_vec()));
    }
    if is_text(to) {
        if value.is_empty() && is_meaningless_when_empty(from) {
            return Ok(None);
        }
        let mut text = Vec::new();
        texts.plain(from, value, &mut text)?;
        return Ok(Some(text));
    }
    if value.is_empty() {
        return Ok(None);
    }
    Ok(match to {
        Type::Timestamp => Some(time::milliseconds(from, value)?.to_be_bytes().into()),
        Type::Date => Some(time::date_of(time::milliseconds(from, value)?)),
        _ => match number::read(from, value)? {
            None => None,
            // By way of a long, whatever the number is.
            Some(number) if *to == Type::Varint => Some(number::write(&Number::Integer(number::to_long(&number)), to)?),
            Some(Number::Float(float)) if *to == Type::Decimal => {
                let (unscaled, scale) = number::decimal_of(float, *from == Type::Float)?;
                Some(number::write(&Number::Decimal(unscaled, scale), to)?)
            }
            Some(number) => Some(number::write(&number, to)?),
        },
    })
}
