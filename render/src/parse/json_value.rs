//! Values from JSON. Follows AbstractType.fromJSONObject of each class, but where that does not take back what SELECT JSON
//! prints: decimals keep all their digits, an empty varint is one. Also any number may be a timestamp.
//!
//! In a dump NaN and the infinities print as null, since JSON has no word for them: each null float of a dump is NaN.

use std::borrow::Cow;

use serde_json::value::RawValue;
use sstablefs::cql::{Type, names};
use sstablefs::rows::Span;

use super::json_parts::{elements, entries};
use super::json_string::string;
use super::nested::{Part, freeze, since};
use super::row::Source;
use super::scalar::{big_integer, from_text, hex, is_nested, wrong};
use super::shown;

/// The text of a JSON value, without white space around.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonText<'a> {
    pub(super) raw: &'a str,
    pub(super) in_dump: bool,
}

impl Source for JsonText<'_> {
    fn is_null(&self, _ty: &Type) -> bool {
        self.raw == "null"
    }

    #[inline]
    fn bytes(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String> {
        Out { out, parts, in_dump: self.in_dump }.value(ty, self.raw)
    }

    fn parts(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String> {
        Out { out, parts, in_dump: self.in_dump }.parts(ty, self.raw)
    }
}

/// What kind of value a JSON text is, for errors.
fn kind(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn expected(ty: &Type, what: &str, raw: &str) -> String {
    format!("a value of type {} is {what} in JSON, this is {}: {}", names::cql_name(ty), kind(raw), shown(raw))
}

/// Where the bytes of values go, and where their parts lie there.
struct Out<'o> {
    out: &'o mut Vec<u8>,
    parts: &'o mut Vec<Part>,
    in_dump: bool,
}

impl Out<'_> {
    #[inline]
    fn value(&mut self, ty: &Type, raw: &str) -> Result<(), String> {
        match raw.as_bytes().first() {
            Some(b'"') => {
                let text = string(raw)?.unwrap_or_default();
                self.string(ty, &text)
            }
            Some(b'{' | b'[') if is_nested(ty) => self.frozen(ty, raw),
            Some(b't' | b'f') if *ty == Type::Boolean => {
                self.out.push(u8::from(raw == "true"));
                Ok(())
            }
            Some(b'n') => match ty {
                Type::Float if self.in_dump => {
                    self.out.extend_from_slice(&f32::NAN.to_be_bytes());
                    Ok(())
                }
                Type::Double if self.in_dump => {
                    self.out.extend_from_slice(&f64::NAN.to_be_bytes());
                    Ok(())
                }
                _ => Err(NULL.into()),
            },
            Some(b'-' | b'0'..=b'9') => number(ty, raw, self.out),
            _ => Err(expected(ty, shape(ty), raw)),
        }
    }

    /// A string, or the key of a map, as a value.
    fn string(&mut self, ty: &Type, text: &str) -> Result<(), String> {
        match ty {
            Type::Text | Type::Int | Type::BigInt | Type::Uuid => from_text(ty, text, self.out),
            Type::Blob | Type::Custom(_) => {
                let digits =
                    text.strip_prefix("0x").ok_or_else(|| format!("'{}' does not begin with 0x", shown(text)))?;
                hex(digits, self.out).ok_or_else(|| wrong(ty, text))
            }
            Type::Float | Type::Double if self.in_dump && text == "null" => self.value(ty, text),
            // What Cassandra prints for a time of no bytes.
            Type::Time if self.in_dump && text == "null" => Ok(()),
            // And for one of no length: months, days and nanoseconds are 0.
            Type::Duration if self.in_dump && text.is_empty() => {
                self.out.extend_from_slice(&[0; 3]);
                Ok(())
            }
            ty if is_nested(ty) => self.frozen(ty, inner(ty, text)?.get()),
            _ => from_text(ty, text, self.out),
        }
    }

    /// A value with parts in one piece.
    fn frozen(&mut self, ty: &Type, raw: &str) -> Result<(), String> {
        let (start, from) = (self.out.len(), self.parts.len());
        self.parts(ty, raw)?;
        freeze(ty, start, self.out, self.parts, from)
    }

    fn part(&mut self, ty: &Type, raw: &str, what: &str) -> Result<Span, String> {
        let start = self.out.len();
        let null = |e: String| if e == NULL { format!("{what} can't be null") } else { e };
        self.value(ty, raw).map_err(null)?;
        Ok(since(start, self.out))
    }

    fn field(&mut self, ty: &Type, raw: &str) -> Result<Part, String> {
        if raw == "null" {
            return Ok(Part::NULL);
        }
        let start = self.out.len();
        self.value(ty, raw)?;
        Ok(Part::of(since(start, self.out)))
    }

    /// Appends the parts of a value.
    fn parts(&mut self, ty: &Type, raw: &str) -> Result<(), String> {
        if let Some(text) = string(raw)? {
            return self.parts(ty, inner(ty, &text)?.get());
        }
        match ty {
            Type::List { element, .. } | Type::Set { element, .. } | Type::Vector { element, .. } => {
                elements(array(ty, raw)?, |raw| {
                    let value = self.part(element, raw, "an element")?;
                    self.parts.push(Part::of(value));
                    Ok(())
                })
            }
            Type::Map { key, value, .. } => entries(object(ty, raw)?, |name, raw| {
                let start = self.out.len();
                self.string(key, &name)?;
                let key = since(start, self.out);
                let value = self.part(value, raw, "a value of a map")?;
                self.parts.push(Part { key, value });
                Ok(())
            }),
            Type::Tuple(types) => {
                let raw = array(ty, raw)?;
                let mut count = 0;
                elements(raw, |_| {
                    count += 1;
                    Ok(())
                })?;
                if count != types.len() {
                    return Err(format!("the tuple has {} elements, here are {count}", types.len()));
                }
                let mut types = types.iter();
                elements(raw, |raw| {
                    let Some(ty) = types.next() else { return Ok(()) };
                    let field = self.field(ty, raw)?;
                    self.parts.push(field);
                    Ok(())
                })
            }
            Type::User(user) => {
                let from = self.parts.len();
                self.parts.resize(from + user.fields.len(), Part::NULL);
                let mut seen = vec![false; user.fields.len()];
                entries(object(ty, raw)?, |name, raw| {
                    let wanted = column_name(&name);
                    let Some(i) = user.fields.iter().position(|(name, _)| *name == wanted) else {
                        return Err(format!("the type {} has no field {}", user.name, shown(&name)));
                    };
                    if std::mem::replace(&mut seen[i], true) {
                        return Err(format!("the field {} is there twice", shown(&name)));
                    }
                    let field = self.field(&user.fields[i].1, raw);
                    self.parts[from + i] = field.map_err(|e| format!("field {}: {e}", shown(&name)))?;
                    Ok(())
                })
            }
            _ => Err(expected(ty, shape(ty), raw)),
        }
    }
}

/// Why null is refused where it is found.
const NULL: &str = "null can't be here";

fn array<'a>(ty: &Type, raw: &'a str) -> Result<&'a str, String> {
    if raw.starts_with('[') { Ok(raw) } else { Err(expected(ty, "an array", raw)) }
}

fn object<'a>(ty: &Type, raw: &'a str) -> Result<&'a str, String> {
    if raw.starts_with('{') { Ok(raw) } else { Err(expected(ty, "an object", raw)) }
}

/// What JSON has for values of a type.
fn shape(ty: &Type) -> &'static str {
    match ty {
        Type::List { .. } | Type::Set { .. } | Type::Tuple(_) | Type::Vector { .. } => "an array",
        Type::Map { .. } | Type::User(_) => "an object",
        Type::Boolean => "true or false",
        Type::TinyInt
        | Type::SmallInt
        | Type::Int
        | Type::BigInt
        | Type::Varint
        | Type::Decimal
        | Type::Float
        | Type::Double => "a number",
        Type::Blob | Type::Custom(_) => "a string that begins with 0x",
        _ => "a string",
    }
}

#[inline]
fn number(ty: &Type, raw: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let integer = !raw.contains(['.', 'e', 'E']);
    // An integer has no negative zero.
    let raw = if raw == "-0" { "0" } else { raw };
    match ty {
        Type::Int | Type::BigInt | Type::TinyInt | Type::SmallInt if integer => from_text(ty, raw, out),
        Type::Timestamp | Type::LegacyTimestamp if integer => from_text(ty, raw, out),
        Type::Varint if integer => big_integer(raw, out).ok_or_else(|| wrong(ty, raw)),
        Type::Decimal | Type::Double => from_text(ty, raw, out),
        Type::Float if integer => from_text(ty, raw, out),
        // Jackson makes a double of it first.
        Type::Float => {
            let double = raw.parse::<f64>().map_err(|_| wrong(ty, raw))?;
            out.extend_from_slice(&(double as f32).to_be_bytes());
            Ok(())
        }
        Type::Int | Type::BigInt | Type::TinyInt | Type::SmallInt | Type::Varint => Err(wrong(ty, raw)),
        _ => Err(expected(ty, shape(ty), raw)),
    }
}

/// The JSON within a string, which may be no string again.
fn inner<'a>(ty: &Type, text: &'a str) -> Result<&'a RawValue, String> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(inner) if !inner.get().starts_with('"') => Ok(inner),
        _ => Err(format!("'{}' is not JSON of a value of type {}", shown(text), names::cql_name(ty))),
    }
}

/// The name that a key stands for: what is in quotes as it is, everything else in lower case
/// (JsonUtils.handleCaseSensitivity).
pub(super) fn column_name(key: &str) -> Cow<'_, str> {
    if key.len() >= 2 && key.starts_with('"') && key.ends_with('"') {
        return Cow::Borrowed(&key[1..key.len() - 1]);
    }
    if key.chars().any(char::is_uppercase) { Cow::Owned(key.to_lowercase()) } else { Cow::Borrowed(key) }
}
