//! The functions of CQL that work on single values. Follows org.apache.cassandra.cql3.functions.

mod cast;
mod mask;
mod math;
mod time;
mod vector;

pub(super) use cast::{can_cast, cast};
pub(super) use time::{constant, shift};

use super::aggregate::{Aggregate, Kind, State};
use super::expr::{Current, Expr, Value};
use super::{literal, number};
use crate::cql::{Comparator, Type, elements, names, validate};
use crate::error::{Error, Result};
use math::Math;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Function {
    ToDate,
    ToTimestamp,
    ToUnixTimestamp,
    MinTimeUuid,
    MaxTimeUuid,
    Floor,
    /// The bytes stay, only the type changes: `…_as_blob`, `blob_as_…`.
    Bytes,
    ToJson,
    MapKeys,
    MapValues,
    CollectionCount,
    CollectionMin,
    CollectionMax,
    CollectionSum,
    CollectionAvg,
    Math(Math),
    MaskNull,
    MaskDefault,
    MaskReplace,
    MaskHash,
    MaskInner,
    MaskOuter,
    Similarity(vector::Similarity),
}

/// Names without underscores are those of old, where there were such.
fn canonical(name: &str) -> String {
    const OLD: [(&str, &str); 11] = [
        ("todate", "to_date"),
        ("totimestamp", "to_timestamp"),
        ("tounixtimestamp", "to_unix_timestamp"),
        ("mintimeuuid", "min_timeuuid"),
        ("maxtimeuuid", "max_timeuuid"),
        ("tojson", "to_json"),
        ("fromjson", "from_json"),
        ("currenttimeuuid", "current_timeuuid"),
        ("currenttimestamp", "current_timestamp"),
        ("currentdate", "current_date"),
        ("currenttime", "current_time"),
    ];
    OLD.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| *new).to_owned()
}

fn native(name: &str) -> Option<Type> {
    names::parse(name, &|_| None).ok().filter(|ty| !matches!(ty, Type::Blob | Type::User(_) | Type::Custom(_)))
}

/// The type that a blob conversion is about, and whether it makes a blob.
fn conversion(name: &str) -> Option<(Type, bool)> {
    if let Some(ty) = name.strip_suffix("_as_blob").or_else(|| name.strip_suffix("asblob")) {
        return Some((native(ty)?, true));
    }
    Some((native(name.strip_prefix("blob_as_").or_else(|| name.strip_prefix("blobas"))?)?, false))
}

/// What the literal at a place among the arguments is; `known` are the types of the others.
pub(super) fn argument_type(name: &str, place: usize, known: &[Option<Type>]) -> Option<Type> {
    let name = canonical(name);
    let first = known.first().cloned().flatten();
    match (name.as_str(), place) {
        ("min_timeuuid" | "max_timeuuid", 0) => Some(Type::Timestamp),
        ("floor", 1) => Some(Type::Duration),
        ("floor", 2) => Some(if first == Some(Type::Date) { Type::Date } else { Type::Timestamp }),
        ("mask_hash", 1) | ("mask_inner" | "mask_outer", 3) => Some(Type::Text),
        ("mask_inner" | "mask_outer", 1 | 2) => Some(Type::Int),
        ("mask_replace", 1) => first,
        ("similarity_cosine" | "similarity_euclidean" | "similarity_dot_product", _) => {
            known.iter().flatten().next().cloned()
        }
        _ => match conversion(&name)? {
            (_, false) => Some(Type::Blob),
            (ty, true) => Some(ty),
        },
    }
}

/// What a call of `name` is, and of which type. `None`: there is no such function. An error says what it takes.
pub(super) fn resolve(name: &str, arguments: &[Expr]) -> Result<Option<(Function, Type)>> {
    let types: Vec<&Type> = arguments.iter().map(|a| &a.ty).collect();
    let name = canonical(name);
    let wrong = |takes: &str| Err(Error::invalid(format!("{name} takes {takes}")));
    if let Some((ty, to_blob)) = conversion(&name) {
        let (wanted, result) = if to_blob { (ty, Type::Blob) } else { (Type::Blob, ty) };
        let same = |given: &Type| *given == wanted || wanted == Type::Counter && *given == Type::BigInt;
        return match types[..] {
            [given] if same(given) => {
                let shown = if result == Type::Counter { Type::BigInt } else { result };
                Ok(Some((Function::Bytes, shown)))
            }
            _ => wrong(&format!("a value of type {}", names::cql_name(&wanted))),
        };
    }
    let similarity = vector::Similarity::named(&name);
    let is_number = |ty: &Type| number::is_number(ty);
    let found = match (name.as_str(), types.as_slice()) {
        ("to_date", [Type::TimeUuid | Type::Timestamp]) => (Function::ToDate, Type::Date),
        ("to_timestamp", [Type::TimeUuid | Type::Date]) => (Function::ToTimestamp, Type::Timestamp),
        ("to_unix_timestamp", [ty]) if time::is_time(ty) => (Function::ToUnixTimestamp, Type::BigInt),
        ("to_date", _) => return wrong("a timeuuid or a timestamp"),
        ("to_timestamp", _) => return wrong("a timeuuid or a date"),
        ("to_unix_timestamp", _) => return wrong("a timeuuid, a timestamp or a date"),
        ("min_timeuuid", [Type::Timestamp]) => (Function::MinTimeUuid, Type::TimeUuid),
        ("max_timeuuid", [Type::Timestamp]) => (Function::MaxTimeUuid, Type::TimeUuid),
        ("min_timeuuid" | "max_timeuuid", _) => return wrong("a timestamp"),
        ("floor", [ty @ (Type::Timestamp | Type::Date | Type::Time), Type::Duration]) => {
            (Function::Floor, (*ty).clone())
        }
        (
            "floor",
            [Type::TimeUuid, Type::Duration] | [Type::TimeUuid | Type::Timestamp, Type::Duration, Type::Timestamp],
        ) => (Function::Floor, Type::Timestamp),
        ("floor", [Type::Date, Type::Duration, Type::Date]) => (Function::Floor, Type::Date),
        ("floor", _) => {
            return wrong("a timestamp, a timeuuid, a date or a time, a duration, and a time to begin with");
        }
        ("to_json", [_]) => (Function::ToJson, Type::Text),
        ("to_json", _) => return wrong("one value"),
        ("map_keys", [Type::Map { key, .. }]) => {
            (Function::MapKeys, Type::Set { element: key.clone(), multi_cell: false })
        }
        ("map_values", [Type::Map { value, .. }]) => {
            (Function::MapValues, Type::List { element: value.clone(), multi_cell: false })
        }
        ("map_keys" | "map_values", _) => return wrong("a map"),
        ("collection_count", [Type::Map { .. } | Type::List { .. } | Type::Set { .. }]) => {
            (Function::CollectionCount, Type::Int)
        }
        ("collection_count", _) => return wrong("a collection"),
        ("collection_min", [Type::List { element, .. } | Type::Set { element, .. }]) => {
            (Function::CollectionMin, (**element).clone())
        }
        ("collection_max", [Type::List { element, .. } | Type::Set { element, .. }]) => {
            (Function::CollectionMax, (**element).clone())
        }
        ("collection_min" | "collection_max", _) => return wrong("a list or a set"),
        ("collection_sum", [Type::List { element, .. } | Type::Set { element, .. }]) if is_number(element) => {
            (Function::CollectionSum, (**element).clone())
        }
        ("collection_avg", [Type::List { element, .. } | Type::Set { element, .. }]) if is_number(element) => {
            (Function::CollectionAvg, (**element).clone())
        }
        ("collection_sum" | "collection_avg", _) => return wrong("a list or a set of numbers"),
        ("mask_null", [ty]) => (Function::MaskNull, (*ty).clone()),
        ("mask_default", [ty]) => (Function::MaskDefault, (*ty).clone()),
        ("mask_null" | "mask_default", _) => return wrong("one value"),
        ("mask_replace", [old, new]) if old == new => (Function::MaskReplace, (*new).clone()),
        ("mask_replace", _) => return wrong("two values of the same type"),
        ("mask_hash", [_] | [_, Type::Text]) => (Function::MaskHash, Type::Blob),
        ("mask_hash", _) => return wrong("a value and the name of an algorithm"),
        (mask @ ("mask_inner" | "mask_outer"), [ty @ (Type::Text | Type::Ascii), rest @ ..]) => {
            if !matches!(rest, [Type::Int, Type::Int] | [Type::Int, Type::Int, Type::Text]) {
                return wrong("a text, two numbers of characters, and a character");
            }
            (if mask == "mask_inner" { Function::MaskInner } else { Function::MaskOuter }, (*ty).clone())
        }
        ("mask_inner" | "mask_outer", _) => return wrong("a text, two numbers of characters, and a character"),
        (_, _) if similarity.is_some() => match (similarity, types.as_slice()) {
            (Some(kind), [Type::Vector { element: a, dimension: m }, Type::Vector { element: b, dimension: n }])
                if **a == Type::Float && **b == Type::Float && m == n =>
            {
                (Function::Similarity(kind), Type::Float)
            }
            _ => return wrong("two vectors of floats, of the same dimension"),
        },
        (name, [ty]) if is_number(ty) => match Math::named(name) {
            Some(math) => (Function::Math(math), (*ty).clone()),
            None => return Ok(None),
        },
        (other, _) if Math::named(other).is_some() => return wrong("a number"),
        _ => return Ok(None),
    };
    Ok(Some(found))
}

impl Function {
    /// Whether it has a value where its first argument is null.
    fn takes_null(&self) -> bool {
        matches!(self, Function::ToJson | Function::MaskDefault | Function::MaskReplace)
    }

    pub(super) fn call(
        &self,
        arguments: &[Expr],
        values: &[Value<'_>],
        result: &Type,
        row: &Current<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let Some(argument) = arguments.first() else { return Ok(None) };
        let ty = &argument.ty;
        let value = |i: usize| values.get(i).and_then(|v| v.as_deref());
        if self.takes_null() {
            return match self {
                Function::MaskDefault => Ok(Some(mask::default_value(ty))),
                Function::MaskReplace => Ok(value(1).map(<[u8]>::to_vec)),
                _ => match value(0).filter(|v| !v.is_empty() || !is_meaningless_when_empty(ty)) {
                    Some(bytes) => {
                        let mut text = Vec::new();
                        row.texts.json(ty, bytes, &mut text)?;
                        Ok(Some(text))
                    }
                    None => Ok(Some(b"null".to_vec())),
                },
            };
        }
        let Some(first) = value(0) else { return Ok(None) };
        match self {
            Function::Bytes => {
                if *ty == Type::Blob {
                    validate(result, first).map_err(|e| Error::invalid(e.message().to_owned()))?;
                }
                return Ok(Some(first.to_vec()));
            }
            Function::MaskNull => return Ok(None),
            Function::MaskHash => return mask::hash(first, value(1)).map(Some),
            Function::MaskInner | Function::MaskOuter => {
                let count = |i| value(i).and_then(|v| v.try_into().ok()).map_or(0, i32::from_be_bytes);
                let padding = value(3).filter(|_| arguments.len() == 4);
                return mask::partial(*self == Function::MaskInner, first, count(1), count(2), padding).map(Some);
            }
            _ => {}
        }
        let collection = matches!(ty, Type::List { .. } | Type::Set { .. } | Type::Map { .. });
        if first.is_empty() && !collection {
            return Ok(None);
        }
        let ms = || time::milliseconds(ty, first);
        Ok(Some(match self {
            Function::ToDate => time::date_of(ms()?),
            Function::ToTimestamp | Function::ToUnixTimestamp => ms()?.to_be_bytes().into(),
            Function::MinTimeUuid => time::min_uuid(ms()?),
            Function::MaxTimeUuid => time::max_uuid(ms()?),
            Function::Floor => {
                let Some(duration) = value(1).filter(|v| !v.is_empty()) else { return Ok(None) };
                if arguments.len() == 3 && value(2).is_none() {
                    return Ok(None);
                }
                time::floor(ty, first, duration, value(2))?
            }
            Function::MapKeys | Function::MapValues => {
                let skip = usize::from(*self == Function::MapValues);
                let parts = elements::map(first)?.collect::<Result<Vec<_>>>()?;
                let half: Vec<&[u8]> = parts.iter().skip(skip).step_by(2).map(|p| p.unwrap_or_default()).collect();
                literal::collection(&half, 1)
            }
            Function::CollectionCount => {
                let parts = elements::of(ty, first)?.map_or(0, |e| e.remaining());
                let per = if matches!(ty, Type::Map { .. }) { 2 } else { 1 };
                ((parts / per) as u32).to_be_bytes().into()
            }
            Function::CollectionMin | Function::CollectionMax => {
                let (Type::List { element, .. } | Type::Set { element, .. }) = ty else { return Ok(None) };
                let order = Comparator::new(element, false);
                let mut best: Option<&[u8]> = None;
                for part in elements::list(first)? {
                    let Some(part) = part? else { continue };
                    let better = best.is_none_or(|best| match self {
                        Function::CollectionMin => order.compare(part, best).is_lt(),
                        _ => order.compare(part, best).is_gt(),
                    });
                    if better {
                        best = Some(part);
                    }
                }
                return Ok(best.map(<[u8]>::to_vec));
            }
            Function::CollectionSum | Function::CollectionAvg => {
                let kind = if *self == Function::CollectionSum { Kind::Sum } else { Kind::Avg };
                let aggregate = Aggregate { kind, of: Some(Expr::constant(result.clone(), None)) };
                let mut state = State::default();
                for part in elements::list(first)? {
                    if let Some(part) = part? {
                        aggregate.add_value(&mut state, result, part)?;
                    }
                }
                return aggregate.result(&state);
            }
            Function::Math(math) => return math.call(ty, first),
            Function::Similarity(kind) => {
                let Some(second) = value(1) else { return Ok(None) };
                kind.compare(first, second)?.to_be_bytes().into()
            }
            Function::Bytes
            | Function::ToJson
            | Function::MaskNull
            | Function::MaskDefault
            | Function::MaskReplace
            | Function::MaskHash
            | Function::MaskInner
            | Function::MaskOuter => return Ok(None),
        }))
    }
}

/// Types whose value of no bytes is no value (AbstractType.isEmptyValueMeaningless).
fn is_meaningless_when_empty(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Ascii
            | Type::Text
            | Type::Blob
            | Type::TinyInt
            | Type::SmallInt
            | Type::Date
            | Type::Time
            | Type::Duration
            | Type::Empty
            | Type::Composite(_)
            | Type::Custom(_)
            | Type::List { .. }
            | Type::Set { .. }
            | Type::Map { .. }
            | Type::Tuple(_)
            | Type::User(_)
            | Type::Vector { .. }
    )
}
