//! Types as CQL text, as system_schema.columns and DESCRIBE have them, and the quoting of CQL names.
//! Follows org.apache.cassandra.cql3.CQL3Type, ColumnIdentifier and schema.CQLTypeParser.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use crate::{Error, Result};

use super::java;
use super::lexer::TokenKind;
use super::tokens::Tokens;
use super::types::{Type, UserType};

/// Deeper nesting is refused: it keeps the stack small.
const MAX_DEPTH: usize = 64;

const NATIVE: [(&str, Type); 22] = [
    ("ascii", Type::Ascii),
    ("bigint", Type::BigInt),
    ("blob", Type::Blob),
    ("boolean", Type::Boolean),
    ("counter", Type::Counter),
    ("date", Type::Date),
    ("decimal", Type::Decimal),
    ("double", Type::Double),
    ("duration", Type::Duration),
    ("empty", Type::Empty),
    ("float", Type::Float),
    ("inet", Type::Inet),
    ("int", Type::Int),
    ("smallint", Type::SmallInt),
    ("text", Type::Text),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("timeuuid", Type::TimeUuid),
    ("tinyint", Type::TinyInt),
    ("uuid", Type::Uuid),
    ("varchar", Type::Text),
    ("varint", Type::Varint),
];

/// Keywords that can't be names without quotes.
const RESERVED: [&str; 57] = [
    "ADD",
    "ALLOW",
    "ALTER",
    "AND",
    "APPLY",
    "ASC",
    "AUTHORIZE",
    "BATCH",
    "BEGIN",
    "BY",
    "COLUMNFAMILY",
    "CREATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DROP",
    "ENTRIES",
    "EXECUTE",
    "FROM",
    "FULL",
    "GRANT",
    "IF",
    "IN",
    "INDEX",
    "INFINITY",
    "INSERT",
    "INTO",
    "IS",
    "KEYSPACE",
    "LIMIT",
    "MATERIALIZED",
    "MODIFY",
    "NAN",
    "NORECURSIVE",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "RENAME",
    "REVOKE",
    "SCHEMA",
    "SELECT",
    "SET",
    "TABLE",
    "TO",
    "TOKEN",
    "TRUNCATE",
    "UNLOGGED",
    "UPDATE",
    "USE",
    "USING",
    "VIEW",
    "WHERE",
    "WITH",
];

/// Whether a word, in any case, can't be a name unless it is quoted (ReservedKeywords).
pub fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// A name as CQL needs it: in double quotes unless it is lower case and no keyword.
pub fn identifier(name: &str) -> Cow<'_, str> {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !is_reserved(name);
    if plain { name.into() } else { format!("\"{}\"", name.replace('"', "\"\"")).into() }
}

/// Text as a CQL literal, in single quotes.
pub fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The type as CQL text.
pub fn cql_name(ty: &Type) -> String {
    let mut out = String::new();
    write(ty, &mut out);
    out
}

fn write(ty: &Type, out: &mut String) {
    match ty {
        Type::List { element, multi_cell } => generic("list", &[element], !multi_cell, out),
        Type::Set { element, multi_cell } => generic("set", &[element], !multi_cell, out),
        Type::Map { key, value, multi_cell } => generic("map", &[key, value], !multi_cell, out),
        Type::Tuple(types) => generic("tuple", &types.iter().collect::<Vec<_>>(), true, out),
        Type::User(user) if user.multi_cell => out.push_str(&identifier(&user.name)),
        Type::User(user) => {
            // Writing to a String can't fail.
            let _ = write!(out, "frozen<{}>", identifier(&user.name));
        }
        Type::Vector { element, dimension } => {
            out.push_str("vector<");
            write(element, out);
            let _ = write!(out, ", {dimension}>");
        }
        Type::LegacyTimestamp => out.push_str("timestamp"),
        Type::LegacyTimeUuid => out.push_str("timeuuid"),
        other => match NATIVE.iter().find(|(_, ty)| ty == other) {
            Some((name, _)) => out.push_str(name),
            None => {
                let _ = write!(out, "'{}'", java::name(other, false));
            }
        },
    }
}

fn generic(name: &str, parts: &[&Type], frozen: bool, out: &mut String) {
    out.push_str(if frozen { "frozen<" } else { "" });
    out.push_str(name);
    out.push('<');
    for (i, part) in parts.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        write(part, out);
    }
    out.push_str(if frozen { ">>" } else { ">" });
}

/// Looks up a user type by its name.
pub type UserTypes<'a> = &'a dyn Fn(&str) -> Option<Arc<UserType>>;

/// Parses a type, such as `map<text, frozen<list<int>>>`. What is inside another type is frozen, also the fields of user types.
pub fn parse(text: &str, user_types: UserTypes<'_>) -> Result<Type> {
    let mut tokens = Tokens::new(text)?;
    let ty = parse_tokens(&mut tokens, user_types)?;
    if !tokens.is_at_end() {
        return Err(tokens.expected("nothing behind the type"));
    }
    Ok(ty)
}

/// Parses the type that comes next.
pub fn parse_tokens(tokens: &mut Tokens<'_>, user_types: UserTypes<'_>) -> Result<Type> {
    parse_type(tokens, user_types, 0)
}

fn parse_type(tokens: &mut Tokens<'_>, user_types: UserTypes<'_>, depth: usize) -> Result<Type> {
    let token = tokens.peek();
    if depth > MAX_DEPTH {
        return Err(tokens.error(token, "types are nested too deeply"));
    }
    if token.kind == TokenKind::String {
        tokens.advance();
        let (ty, reversed) = java::parse(&tokens.unquoted(token)).map_err(|e| tokens.error(token, e.message()))?;
        return if reversed { Err(tokens.error(token, "a type can't be reversed here")) } else { Ok(ty) };
    }
    if token.kind == TokenKind::Word && tokens.is_symbol(1, "<") {
        let name = tokens.source(token).to_ascii_lowercase();
        tokens.advance();
        tokens.advance();
        return parameters(tokens, &name, token, user_types, depth + 1);
    }
    if token.kind == TokenKind::Word && !tokens.is_symbol(1, ".") {
        let word = tokens.source(token);
        if let Some((_, ty)) = NATIVE.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            tokens.advance();
            return Ok(ty.clone());
        }
    }
    let (_, name) = tokens.qualified_name("a type")?;
    match user_types(&name) {
        Some(user) => Ok(Type::User(Arc::new(deep_frozen(&user, true)))),
        None => Err(tokens.error(token, &format!("unknown type {name}"))),
    }
}

/// Parameters of a generic type, behind its '<'.
fn parameters(
    tokens: &mut Tokens<'_>,
    name: &str,
    at: super::lexer::Token,
    user_types: UserTypes<'_>,
    depth: usize,
) -> Result<Type> {
    let inner = |tokens: &mut Tokens<'_>| parse_type(tokens, user_types, depth);
    let frozen = |tokens: &mut Tokens<'_>| inner(tokens).map(|ty| Box::new(ty.freeze()));
    let ty = match name {
        "frozen" => inner(tokens)?.freeze(),
        "list" => Type::List { element: frozen(tokens)?, multi_cell: true },
        "set" => Type::Set { element: frozen(tokens)?, multi_cell: true },
        "map" => {
            let key = frozen(tokens)?;
            tokens.expect_symbol(",")?;
            Type::Map { key, value: frozen(tokens)?, multi_cell: true }
        }
        "tuple" => return Ok(Type::Tuple(tokens.list(">", |tokens| inner(tokens).map(|ty| ty.freeze()))?)),
        "vector" => {
            let element = frozen(tokens)?;
            tokens.expect_symbol(",")?;
            let number = tokens.peek();
            let dimension = tokens.source(number).parse().ok().filter(|&n: &u16| n > 0);
            let dimension = dimension.ok_or_else(|| tokens.expected("a dimension from 1 to 65535"))?;
            tokens.advance();
            Type::Vector { element, dimension }
        }
        _ => return Err(unknown_generic(tokens, name, at)),
    };
    tokens.expect_symbol(">")?;
    Ok(ty)
}

fn unknown_generic(tokens: &Tokens<'_>, name: &str, at: super::lexer::Token) -> Error {
    tokens.error(at, &format!("{name} takes no parameters; list, set, map, tuple, vector and frozen do"))
}

/// A user type with all its fields frozen, as it is where a column uses it.
fn deep_frozen(user: &UserType, multi_cell: bool) -> UserType {
    let freeze = |ty: &Type| match ty {
        Type::User(inner) => Type::User(Arc::new(deep_frozen(inner, false))),
        other => other.freeze(),
    };
    let fields = user.fields.iter().map(|(name, ty)| (name.clone(), freeze(ty))).collect();
    UserType { keyspace: user.keyspace.clone(), name: user.name.clone(), fields, multi_cell }
}
