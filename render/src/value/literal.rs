//! A value as a CQL literal: CQL3Type.toCQLLiteral.

use sstablefs::Result;
use sstablefs::bytes::Cursor;
use sstablefs::cql::{Type, elements, names};

use super::elements::for_each;
use super::escape::{hex, utf8};
use super::json::separate;
use super::text::TextValue;

/// Renders values of one type as CQL literals.
#[derive(Debug, Clone)]
pub enum CqlLiteral {
    /// Between single quotes, which are doubled inside.
    Text,
    /// `0x` and hexadecimal digits.
    Blob,
    /// The text of the value between single quotes.
    Quoted(TextValue),
    /// The text of the value as it is.
    Plain(TextValue),
    /// In brackets.
    List(Box<CqlLiteral>),
    /// In braces.
    Set(Box<CqlLiteral>),
    /// In braces, each key with its value.
    Map(Box<CqlLiteral>, Box<CqlLiteral>),
    /// In parentheses.
    Tuple(Vec<CqlLiteral>),
    /// Each field with its name and a colon.
    User(Vec<(String, CqlLiteral)>),
    /// In brackets.
    Vector {
        /// How an element is printed.
        element: Box<CqlLiteral>,
        /// Of an element.
        ty: Type,
        /// How many elements.
        dimension: u16,
    },
}

impl CqlLiteral {
    /// For values of a type.
    pub fn new(ty: &Type) -> Self {
        let boxed = |ty: &Type| Box::new(Self::new(ty));
        match ty {
            Type::Ascii | Type::Text => Self::Text,
            Type::Blob | Type::Composite(_) | Type::Custom(_) | Type::LexicalUuid => Self::Blob,
            Type::Inet | Type::Timestamp | Type::LegacyTimestamp | Type::Date | Type::Time => {
                Self::Quoted(TextValue::new(ty))
            }
            Type::List { element, .. } => Self::List(boxed(element)),
            Type::Set { element, .. } => Self::Set(boxed(element)),
            Type::Map { key, value, .. } => Self::Map(boxed(key), boxed(value)),
            Type::Tuple(types) => Self::Tuple(types.iter().map(Self::new).collect()),
            Type::User(user) => Self::User(
                user.fields
                    .iter()
                    .map(|(name, ty)| (format!("{}: ", names::identifier(name)), Self::new(ty)))
                    .collect(),
            ),
            Type::Vector { element, dimension } => {
                Self::Vector { element: boxed(element), ty: (**element).clone(), dimension: *dimension }
            }
            other => Self::Plain(TextValue::new(other)),
        }
    }

    /// Appends the literal of a value. Of most types, a value of no bytes is null.
    pub fn write(&self, value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
        let Some(value) = value else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        match self {
            Self::Text => out.extend_from_slice(names::string_literal(&utf8(value)).as_bytes()),
            Self::Blob => {
                out.extend_from_slice(b"0x");
                hex(value, out);
            }
            Self::Quoted(_) | Self::Plain(_) if value.is_empty() => out.extend_from_slice(b"null"),
            Self::Plain(text) => text.write(value, out)?,
            Self::Quoted(text) => {
                out.push(b'\'');
                text.write(value, out)?;
                out.push(b'\'');
            }
            Self::List(element) => list(element, b"[]", elements::list(value)?, out)?,
            Self::Set(element) => list(element, b"{}", elements::list(value)?, out)?,
            Self::Vector { element, ty, dimension } => {
                list(element, b"[]", elements::vector(value, ty, *dimension), out)?;
            }
            Self::Map(key, val) => {
                out.push(b'{');
                for_each(elements::map(value)?, |i, v| {
                    if i % 2 == 0 {
                        separate(i, out);
                        return key.write(v, out);
                    }
                    out.extend_from_slice(b": ");
                    val.write(v, out)
                })?;
                out.push(b'}');
            }
            Self::Tuple(types) => {
                out.push(b'(');
                let mut cursor = Cursor::new(value);
                for (i, ty) in types.iter().enumerate() {
                    if cursor.is_empty() {
                        break;
                    }
                    separate(i, out);
                    ty.write(cursor.int_bytes()?, out)?;
                }
                out.push(b')');
            }
            Self::User(fields) => {
                out.push(b'{');
                let mut cursor = Cursor::new(value);
                for (i, (name, ty)) in fields.iter().enumerate() {
                    if cursor.is_empty() {
                        break;
                    }
                    separate(i, out);
                    out.extend_from_slice(name.as_bytes());
                    ty.write(cursor.int_bytes()?, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

fn list(element: &CqlLiteral, brackets: &[u8; 2], all: elements::Elements<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.push(brackets[0]);
    for_each(all, |i, v| {
        separate(i, out);
        element.write(v, out)
    })?;
    out.push(brackets[1]);
    Ok(())
}
