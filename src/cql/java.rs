//! Types as Java class names, the form in Statistics.db and in old schema tables.
//! Follows org.apache.cassandra.db.marshal.TypeParser and the `toString` of each type.
//!
//! ```text
//!   type    = class [ '(' type { ',' type } ')' ]       a class without a dot stands in org.apache.cassandra.db.marshal
//!   user    = UserType '(' keyspace ',' hex { ',' hex ':' type } ')'      names as hex of their UTF-8
//!   vector  = VectorType '(' type ' , ' dimension ')'
//! ```

use std::sync::Arc;

use crate::{Error, Result};

use super::types::{Type, UserType};

const PACKAGE: &str = "org.apache.cassandra.db.marshal.";

/// Deeper nesting than this is damage: it keeps the stack small.
const MAX_DEPTH: usize = 64;

const SIMPLE: [(&str, Type); 24] = [
    ("AsciiType", Type::Ascii),
    ("BooleanType", Type::Boolean),
    ("BytesType", Type::Blob),
    ("ByteType", Type::TinyInt),
    ("CounterColumnType", Type::Counter),
    ("DateType", Type::LegacyTimestamp),
    ("DecimalType", Type::Decimal),
    ("DoubleType", Type::Double),
    ("DurationType", Type::Duration),
    ("EmptyType", Type::Empty),
    ("FloatType", Type::Float),
    ("InetAddressType", Type::Inet),
    ("Int32Type", Type::Int),
    ("IntegerType", Type::Varint),
    ("LegacyTimeUUIDType", Type::LegacyTimeUuid),
    ("LexicalUUIDType", Type::LexicalUuid),
    ("LongType", Type::BigInt),
    ("ShortType", Type::SmallInt),
    ("SimpleDateType", Type::Date),
    ("TimestampType", Type::Timestamp),
    ("TimeType", Type::Time),
    ("TimeUUIDType", Type::TimeUuid),
    ("UTF8Type", Type::Text),
    ("UUIDType", Type::Uuid),
];

/// Parses a class name with its parameters. The flag tells whether it is a ReversedType, whose base type is returned.
pub fn parse(text: &str) -> Result<(Type, bool)> {
    let mut parser = Parser { text, at: 0 };
    let (ty, reversed) = parser.outer_type()?;
    parser.skip_blank();
    if parser.at < text.len() {
        return Err(parser.error("unexpected text behind the type"));
    }
    Ok((ty, reversed))
}

/// As `AbstractType.toString`.
pub fn name(ty: &Type, reversed: bool) -> String {
    let mut out = String::new();
    if reversed {
        out.push_str(PACKAGE);
        out.push_str("ReversedType(");
    }
    write(ty, false, &mut out);
    if reversed {
        out.push(')');
    }
    out
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, message: &str) -> Error {
        Error::corrupt(format!("Java type '{}': {message} at character {}", self.text, self.at + 1))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n')) {
            self.at += 1;
        }
    }

    fn identifier(&mut self) -> &'a str {
        let start = self.at;
        while matches!(self.peek(), Some(b) if b.is_ascii_alphanumeric() || b"-+._&".contains(&b)) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_blank();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.eat(byte) { Ok(()) } else { Err(self.error(&format!("expected '{}'", char::from(byte)))) }
    }

    /// Whether another parameter follows; steps over the comma before it or the parenthesis behind the last.
    fn more(&mut self) -> Result<bool> {
        if self.eat(b')') {
            return Ok(false);
        }
        self.eat(b',');
        self.skip_blank();
        if self.peek().is_none() { Err(self.error("expected ')'")) } else { Ok(true) }
    }

    fn outer_type(&mut self) -> Result<(Type, bool)> {
        self.skip_blank();
        let start = self.at;
        let class = self.identifier();
        if class.strip_prefix(PACKAGE).unwrap_or(class) == "ReversedType" {
            self.expect(b'(')?;
            let ty = self.inner_type(1)?;
            self.expect(b')')?;
            return Ok((ty, true));
        }
        self.at = start;
        Ok((self.inner_type(0)?, false))
    }

    fn inner_type(&mut self, depth: usize) -> Result<Type> {
        if depth > MAX_DEPTH {
            return Err(self.error("types nested too deeply"));
        }
        self.skip_blank();
        let start = self.at;
        let class = self.identifier();
        if class.is_empty() {
            return Err(self.error("expected a class name"));
        }
        let simple = class.strip_prefix(PACKAGE).or((!class.contains('.')).then_some(class)).unwrap_or_default();
        self.skip_blank();
        let has_parameters = self.peek() == Some(b'(');
        if !has_parameters {
            return match SIMPLE.iter().find(|(name, _)| *name == simple) {
                Some((_, ty)) => Ok(ty.clone()),
                None => Ok(Type::Custom(full_name(class))),
            };
        }
        match simple {
            "FrozenType" => Ok(self.exactly(depth, 1)?.remove(0).freeze()),
            "ListType" => {
                let element = Box::new(self.exactly(depth, 1)?.remove(0).freeze());
                Ok(Type::List { element, multi_cell: true })
            }
            "SetType" => {
                let element = Box::new(self.exactly(depth, 1)?.remove(0).freeze());
                Ok(Type::Set { element, multi_cell: true })
            }
            "MapType" => {
                let mut parts = self.exactly(depth, 2)?;
                let value = Box::new(parts.remove(1).freeze());
                Ok(Type::Map { key: Box::new(parts.remove(0).freeze()), value, multi_cell: true })
            }
            "TupleType" => Ok(Type::Tuple(self.parameters(depth)?.iter().map(Type::freeze).collect())),
            "CompositeType" => Ok(Type::Composite(self.parameters(depth)?)),
            "UserType" => self.user_type(depth),
            "VectorType" => self.vector(depth),
            "ReversedType" => Err(self.error("ReversedType inside another type is not supported")),
            _ => {
                self.skip_parentheses()?;
                Ok(Type::Custom(full_name(self.text.get(start..self.at).unwrap_or(class))))
            }
        }
    }

    fn parameters(&mut self, depth: usize) -> Result<Vec<Type>> {
        self.expect(b'(')?;
        let mut types = Vec::new();
        while self.more()? {
            types.push(self.inner_type(depth + 1)?);
        }
        Ok(types)
    }

    fn exactly(&mut self, depth: usize, count: usize) -> Result<Vec<Type>> {
        let types = self.parameters(depth)?;
        if types.len() != count {
            return Err(self.error(&format!("expected {count} parameters, found {}", types.len())));
        }
        Ok(types)
    }

    fn user_type(&mut self, depth: usize) -> Result<Type> {
        self.expect(b'(')?;
        self.skip_blank();
        let keyspace = self.identifier().to_owned();
        self.expect(b',')?;
        let name = self.hex_text()?;
        let mut fields = Vec::new();
        while self.more()? {
            let field = self.hex_text()?;
            self.expect(b':')?;
            fields.push((field, self.inner_type(depth + 1)?.freeze()));
        }
        Ok(Type::User(Arc::new(UserType { keyspace, name, fields, multi_cell: true })))
    }

    fn hex_text(&mut self) -> Result<String> {
        self.skip_blank();
        let hex = self.identifier();
        unhex(hex).and_then(|b| String::from_utf8(b).ok()).ok_or_else(|| self.error("expected a name in hex"))
    }

    fn vector(&mut self, depth: usize) -> Result<Type> {
        self.expect(b'(')?;
        let element = Box::new(self.inner_type(depth + 1)?.freeze());
        self.expect(b',')?;
        self.skip_blank();
        let dimension = self.identifier();
        // Cassandra allows up to 2^13 by default, and needs as many bytes a value.
        let dimension = dimension.parse().ok().filter(|&n: &u16| n > 0);
        let dimension = dimension.ok_or_else(|| self.error("expected a vector's dimension from 1 to 65535"))?;
        self.expect(b')')?;
        Ok(Type::Vector { element, dimension })
    }

    fn skip_parentheses(&mut self) -> Result<()> {
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' if open == 1 => return Ok(()),
                b')' => open -= 1,
                _ => {}
            }
        }
        Err(self.error("expected ')'"))
    }
}

fn full_name(text: &str) -> String {
    let class = text.split('(').next().unwrap_or(text);
    if class.contains('.') { text.to_owned() } else { format!("{PACKAGE}{text}") }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let pair = |p: &[u8; 2]| Some((digit(p[0])? << 4 | digit(p[1])?) as u8);
    match hex.as_bytes().as_chunks() {
        (pairs, []) => pairs.iter().map(pair).collect(),
        _ => None,
    }
}

/// `bare` inside a frozen type or a tuple, whose parts are frozen without saying so.
fn write(ty: &Type, bare: bool, out: &mut String) {
    match ty {
        Type::List { element, multi_cell } => collection("ListType", &[element], *multi_cell, bare, out),
        Type::Set { element, multi_cell } => collection("SetType", &[element], *multi_cell, bare, out),
        Type::Map { key, value, multi_cell } => collection("MapType", &[key, value], *multi_cell, bare, out),
        Type::Tuple(types) => class("TupleType", types.iter(), true, out),
        Type::Composite(types) => class("CompositeType", types.iter(), false, out),
        Type::Vector { element, dimension } => {
            out.push_str(PACKAGE);
            out.push_str("VectorType(");
            write(element, bare, out);
            out.push_str(&format!(" , {dimension})"));
        }
        Type::User(user) => frozen(user.multi_cell, bare, out, |out| {
            out.push_str(PACKAGE);
            out.push_str(&format!("UserType({},", user.keyspace));
            hex(&user.name, out);
            for (name, ty) in &user.fields {
                out.push(',');
                hex(name, out);
                out.push(':');
                write(ty, bare || !user.multi_cell, out);
            }
            out.push(')');
        }),
        Type::Custom(name) => out.push_str(name),
        simple => {
            out.push_str(PACKAGE);
            out.push_str(SIMPLE.iter().find(|(_, ty)| ty == simple).map_or("BytesType", |(name, _)| name));
        }
    }
}

fn frozen(multi_cell: bool, bare: bool, out: &mut String, inner: impl FnOnce(&mut String)) {
    if multi_cell || bare {
        return inner(out);
    }
    out.push_str(PACKAGE);
    out.push_str("FrozenType(");
    inner(out);
    out.push(')');
}

fn collection(name: &str, parts: &[&Type], multi_cell: bool, bare: bool, out: &mut String) {
    frozen(multi_cell, bare, out, |out| class(name, parts.iter().copied(), bare || !multi_cell, out));
}

fn class<'t>(name: &str, parts: impl Iterator<Item = &'t Type>, bare: bool, out: &mut String) {
    out.push_str(PACKAGE);
    out.push_str(name);
    out.push('(');
    for (i, part) in parts.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(part, bare, out);
    }
    out.push(')');
}

fn hex(text: &str, out: &mut String) {
    for byte in text.bytes() {
        out.push_str(&format!("{byte:02x}"));
    }
}
