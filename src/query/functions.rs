//! The functions of CQL that work on single values. Follows org.apache.cassandra.cql3.functions.

use std::time::{SystemTime, UNIX_EPOCH};

use super::expr::{Expr, Value};
use super::{literal, number};
use crate::cql::{Comparator, Type, elements, names};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    ToDate,
    ToTimestamp,
    ToUnixTimestamp,
    MinTimeUuid,
    MaxTimeUuid,
    /// The bytes stay, only the type changes: `…AsBlob`, `blobAs…`.
    Bytes,
    MapKeys,
    MapValues,
    CollectionCount,
    CollectionMin,
    CollectionMax,
    Abs,
}

/// 100 ns between 1582-10-15 and 1970-01-01.
const UUID_EPOCH: i64 = 122_192_928_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// What a call of `name` is, and of which type. An error says what it takes.
pub(super) fn resolve(name: &str, arguments: &[Expr]) -> Result<Option<(Function, Type)>> {
    let ty = arguments.first().map(|a| &a.ty);
    let plain = name.replace('_', "");
    if let Some(found) = blob_conversion(&plain, ty) {
        return found.map(Some);
    }
    let wrong = |takes: &str| Err(Error::invalid(format!("{name} takes {takes}")));
    let time = matches!(ty, Some(Type::Timestamp | Type::TimeUuid | Type::Date));
    let found = match (plain.as_str(), arguments) {
        ("todate", [_]) if time => (Function::ToDate, Type::Date),
        ("totimestamp", [_]) if time => (Function::ToTimestamp, Type::Timestamp),
        ("tounixtimestamp", [_]) if time => (Function::ToUnixTimestamp, Type::BigInt),
        ("todate" | "totimestamp" | "tounixtimestamp", _) => {
            return wrong("a timeuuid, a timestamp or a date");
        }
        ("mintimeuuid", [_]) if time => (Function::MinTimeUuid, Type::TimeUuid),
        ("maxtimeuuid", [_]) if time => (Function::MaxTimeUuid, Type::TimeUuid),
        ("mapkeys", [Expr { ty: Type::Map { key, .. }, .. }]) => {
            (Function::MapKeys, Type::Set { element: key.clone(), multi_cell: false })
        }
        ("mapvalues", [Expr { ty: Type::Map { value, .. }, .. }]) => {
            (Function::MapValues, Type::List { element: value.clone(), multi_cell: false })
        }
        ("mapkeys" | "mapvalues", _) => return wrong("a map"),
        ("collectioncount", [Expr { ty: Type::Map { .. } | Type::List { .. } | Type::Set { .. }, .. }]) => {
            (Function::CollectionCount, Type::Int)
        }
        ("collectionmin", [Expr { ty: Type::List { element, .. } | Type::Set { element, .. }, .. }]) => {
            (Function::CollectionMin, (**element).clone())
        }
        ("collectionmax", [Expr { ty: Type::List { element, .. } | Type::Set { element, .. }, .. }]) => {
            (Function::CollectionMax, (**element).clone())
        }
        ("collectioncount" | "collectionmin" | "collectionmax", _) => return wrong("a list or a set"),
        ("abs", [a]) if number::is_number(&a.ty) => (Function::Abs, a.ty.clone()),
        _ => return Ok(None),
    };
    Ok(Some(found))
}

fn blob_conversion(plain: &str, ty: Option<&Type>) -> Option<Result<(Function, Type)>> {
    let native = |name: &str| names::parse(name, &|_| None).ok();
    let (wanted, result) = if let Some(name) = plain.strip_suffix("asblob") {
        (native(name)?, Type::Blob)
    } else {
        (Type::Blob, native(plain.strip_prefix("blobas")?)?)
    };
    Some(if ty == Some(&wanted) {
        Ok((Function::Bytes, result))
    } else {
        Err(Error::invalid(format!("{plain} takes a value of type {}", names::cql_name(&wanted))))
    })
}

/// Functions without arguments: their value is the same for all rows of a statement.
pub(super) fn constant(name: &str) -> Option<(Type, Vec<u8>)> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Some(match name {
        "now" | "current_timeuuid" | "currenttimeuuid" => {
            (Type::TimeUuid, time_uuid(ms, [0x92, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1]))
        }
        "current_timestamp" | "currenttimestamp" => (Type::Timestamp, ms.to_be_bytes().into()),
        "current_date" | "currentdate" => (Type::Date, date_of(ms)),
        "current_time" | "currenttime" => (Type::Time, (ms.rem_euclid(DAY_MS) * 1_000_000).to_be_bytes().into()),
        _ => return None,
    })
}

fn date_of(ms: i64) -> Vec<u8> {
    ((ms.div_euclid(DAY_MS) + (1 << 31)) as u32).to_be_bytes().into()
}

fn time_uuid(ms: i64, low: [u8; 8]) -> Vec<u8> {
    let ticks = ms.wrapping_mul(10_000).wrapping_add(UUID_EPOCH) as u64;
    let mut bytes = (ticks as u32).to_be_bytes().to_vec();
    bytes.extend(((ticks >> 32) as u16).to_be_bytes());
    bytes.extend(((ticks >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
    bytes.extend(low);
    bytes
}

/// Milliseconds of a timeuuid, timestamp or date.
fn milliseconds(ty: &Type, bytes: &[u8]) -> Result<i64> {
    let wrong = || Error::corrupt(format!("a {} has {} bytes", names::cql_name(ty), bytes.len()));
    Ok(match ty {
        Type::Date => {
            let days = u32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?);
            (i64::from(days) - (1 << 31)) * DAY_MS
        }
        Type::TimeUuid => match *bytes {
            [a, b, c, d, e, f, g, h, ..] => {
                let ticks = i64::from_be_bytes([g & 0x0f, h, e, f, a, b, c, d]);
                (ticks - UUID_EPOCH).div_euclid(10_000)
            }
            _ => return Err(wrong()),
        },
        _ => i64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?),
    })
}

impl Function {
    pub(super) fn call(self, arguments: &[Expr], values: &[Value<'_>], _ty: &Type) -> Result<Option<Vec<u8>>> {
        let (Some(argument), Some(value)) = (arguments.first(), values.first()) else { return Ok(None) };
        let collection = matches!(argument.ty, Type::List { .. } | Type::Set { .. } | Type::Map { .. });
        let Some(value) = value else {
            return Ok(None);
        };
        if value.is_empty() && self != Function::Bytes && !collection {
            return Ok(None);
        }
        let ms = || milliseconds(&argument.ty, value);
        Ok(Some(match self {
            Function::Bytes => value.to_vec(),
            Function::ToDate => date_of(ms()?),
            Function::ToTimestamp | Function::ToUnixTimestamp => ms()?.to_be_bytes().into(),
            Function::MinTimeUuid => time_uuid(ms()?, [0x80; 8]),
            Function::MaxTimeUuid => {
                let mut uuid = time_uuid(ms()?.saturating_add(1), [0x7f; 8]);
                // The last tick before the next millisecond.
                let ticks = u32::from_be_bytes([uuid[0], uuid[1], uuid[2], uuid[3]]);
                let borrowed = ticks == 0;
                uuid[..4].copy_from_slice(&ticks.wrapping_sub(1).to_be_bytes());
                if borrowed { time_uuid(ms()?, [0x7f; 8]) } else { uuid }
            }
            Function::MapKeys | Function::MapValues => {
                let first = usize::from(self == Function::MapValues);
                let parts = elements::map(value)?.collect::<Result<Vec<_>>>()?;
                let half: Vec<&[u8]> = parts.iter().skip(first).step_by(2).map(|p| p.unwrap_or_default()).collect();
                literal::collection(&half, 1)
            }
            Function::CollectionCount => {
                let parts = elements::of(&argument.ty, value)?.map_or(0, |e| e.remaining());
                let per = if matches!(argument.ty, Type::Map { .. }) { 2 } else { 1 };
                ((parts / per) as u32).to_be_bytes().into()
            }
            Function::CollectionMin | Function::CollectionMax => {
                let (Type::List { element, .. } | Type::Set { element, .. }) = &argument.ty else { return Ok(None) };
                let order = Comparator::new(element, false);
                let parts = elements::list(value)?.collect::<Result<Vec<_>>>()?;
                let parts = parts.into_iter().flatten();
                let found = match self {
                    Function::CollectionMin => parts.min_by(|a, b| order.compare(a, b)),
                    _ => parts.max_by(|a, b| order.compare(a, b)),
                };
                return Ok(found.map(<[u8]>::to_vec));
            }
            Function::Abs => match number::read(&argument.ty, value)? {
                Some(number::Number::Integer(n)) => {
                    number::write(&number::Number::Integer(n.wrapping_abs()), &argument.ty)?
                }
                Some(number::Number::Float(n)) => number::write(&number::Number::Float(n.abs()), &argument.ty)?,
                Some(number) => {
                    let zero = number::Number::Integer(0);
                    let negative = match &number {
                        number::Number::Big(n) | number::Number::Decimal(n, _) => n.sign() == num_bigint::Sign::Minus,
                        _ => false,
                    };
                    let number = if negative { number::calculate(b'-', &zero, &number, &argument.ty)? } else { number };
                    number::write(&number, &argument.ty)?
                }
                None => return Ok(None),
            },
        }))
    }
}

/// Whether CastFcts has a cast from one type to another.
pub(super) fn can_cast(from: &Type, to: &Type) -> bool {
    let times = matches!(
        (from, to),
        (Type::TimeUuid, Type::Timestamp | Type::Date) | (Type::Timestamp, Type::Date) | (Type::Date, Type::Timestamp)
    );
    let text = matches!(to, Type::Text | Type::Ascii)
        && (matches!(from, Type::Text | Type::Ascii | Type::Boolean | Type::Uuid | Type::TimeUuid)
            || number::is_number(from) && !matches!(from, Type::Float | Type::Double | Type::Decimal));
    from == to || number::is_number(from) && number::is_number(to) || times || text
}

pub(super) fn cast(from: &Type, value: &[u8], to: &Type) -> Result<Option<Vec<u8>>> {
    if from == to || matches!((from, to), (Type::Text | Type::Ascii, Type::Text | Type::Ascii)) {
        return Ok(Some(value.to_vec()));
    }
    if value.is_empty() {
        return Ok(None);
    }
    Ok(match (from, to) {
        (_, Type::Timestamp) => Some(milliseconds(from, value)?.to_be_bytes().into()),
        (_, Type::Date) => Some(date_of(milliseconds(from, value)?)),
        (Type::Boolean, Type::Text | Type::Ascii) => {
            Some(if value[0] != 0 { b"true".to_vec() } else { b"false".to_vec() })
        }
        (Type::Uuid | Type::TimeUuid, Type::Text | Type::Ascii) => {
            let mut text: String = value.iter().map(|b| format!("{b:02x}")).collect();
            for at in [20, 16, 12, 8] {
                if at <= text.len() {
                    text.insert(at, '-');
                }
            }
            Some(text.into_bytes())
        }
        (_, Type::Text | Type::Ascii) => {
            number::read(from, value)?.map(|n| number::to_integer(&n).to_string().into_bytes())
        }
        _ => number::read(from, value)?.map(|n| number::write(&n, to)).transpose()?,
    })
}
