//! The grammar of values and of what is worked out of them. Follows `term` and `unaliasedSelector` of Cassandra's Parser.g.

use super::ast::{Literal, Term, TermKind};
use crate::cql::lexer::{Token, TokenKind};
use crate::cql::names;
use crate::cql::tokens::Tokens;
use crate::error::Result;

/// Deeper nesting is refused: it keeps the stack small.
pub(super) const MAX_DEPTH: usize = 64;

pub(super) fn term(tokens: &mut Tokens<'_>) -> Result<Term> {
    sum(tokens, 0)
}

/// The left side of a relation: a column, a part of one, a tuple of columns or a call.
pub(super) fn operand(tokens: &mut Tokens<'_>) -> Result<Term> {
    postfix(tokens, 0)
}

/// Whether the parenthesis that comes next holds a list of columns, not relations.
pub(super) fn is_column_tuple(tokens: &Tokens<'_>) -> bool {
    let mut at = 1;
    loop {
        if !matches!(tokens.peek_at(at).kind, TokenKind::Word | TokenKind::QuotedName) {
            return false;
        }
        if tokens.is_symbol(at + 1, ")") {
            return true;
        }
        if !tokens.is_symbol(at + 1, ",") {
            return false;
        }
        at += 2;
    }
}

fn sum(tokens: &mut Tokens<'_>, depth: usize) -> Result<Term> {
    binary(tokens, depth, b"+-", |tokens, depth| binary(tokens, depth, b"*/%", unary))
}

fn binary(
    tokens: &mut Tokens<'_>,
    depth: usize,
    operators: &[u8],
    part: impl Fn(&mut Tokens<'_>, usize) -> Result<Term>,
) -> Result<Term> {
    let mut left = part(tokens, depth)?;
    let mut count = 0;
    while let Some(&operator) =
        operators.iter().find(|&&o| tokens.is_symbol(0, std::str::from_utf8(&[o]).unwrap_or("")))
    {
        // A minus before a digit is its sign: `a -1` is no difference.
        let digit = matches!(tokens.peek_at(1).kind, TokenKind::Integer | TokenKind::Float | TokenKind::Duration);
        if operator == b'-' && digit && tokens.peek().end == tokens.peek_at(1).start {
            break;
        }
        let at = tokens.advance();
        count += 1;
        if count > MAX_DEPTH {
            return Err(tokens.error(at, "too many operators in a row"));
        }
        let right = part(tokens, depth)?;
        left = Term { at, kind: TermKind::Arithmetic(operator, Box::new(left), Box::new(right)) };
    }
    Ok(left)
}

fn unary(tokens: &mut Tokens<'_>, depth: usize) -> Result<Term> {
    let at = tokens.peek();
    if !tokens.symbol("-") {
        return postfix(tokens, depth);
    }
    if depth > MAX_DEPTH {
        return Err(tokens.error(at, "nested too deeply"));
    }
    let mut term = unary(tokens, depth + 1)?;
    match &mut term.kind {
        TermKind::Literal(Literal::Integer | Literal::Float | Literal::Duration, text) if !text.starts_with('-') => {
            text.insert(0, '-');
            term.at = at;
            Ok(term)
        }
        _ => Ok(Term { at, kind: TermKind::Negative(Box::new(term)) }),
    }
}

fn postfix(tokens: &mut Tokens<'_>, depth: usize) -> Result<Term> {
    let mut term = primary(tokens, depth)?;
    let mut count = 0;
    loop {
        let at = term.at;
        count += 1;
        if count > MAX_DEPTH {
            return Err(tokens.error(at, "nested too deeply"));
        }
        if tokens.symbol(".") {
            let field = tokens.name("a field")?;
            term = Term { at, kind: TermKind::Field(Box::new(term), field) };
        } else if tokens.symbol("[") {
            let from = if tokens.is_symbol(0, "..") { None } else { Some(Box::new(sum(tokens, depth + 1)?)) };
            let kind = if tokens.symbol("..") {
                let to = if from.is_some() && tokens.is_symbol(0, "]") {
                    None
                } else {
                    Some(Box::new(sum(tokens, depth + 1)?))
                };
                TermKind::Slice(Box::new(term), from, to)
            } else {
                match from {
                    Some(key) => TermKind::Element(Box::new(term), key),
                    None => return Err(tokens.expected("a key")),
                }
            };
            tokens.expect_symbol("]")?;
            term = Term { at, kind };
        } else {
            return Ok(term);
        }
    }
}

fn primary(tokens: &mut Tokens<'_>, depth: usize) -> Result<Term> {
    let at = tokens.peek();
    if depth > MAX_DEPTH {
        return Err(tokens.error(at, "nested too deeply"));
    }
    let literal = |tokens: &mut Tokens<'_>, literal: Literal| {
        let text = tokens.unquoted(at).into_owned();
        tokens.advance();
        Ok(Term { at, kind: TermKind::Literal(literal, text) })
    };
    match at.kind {
        TokenKind::String => literal(tokens, Literal::Text),
        TokenKind::Integer => literal(tokens, Literal::Integer),
        TokenKind::Float => literal(tokens, Literal::Float),
        TokenKind::Uuid => literal(tokens, Literal::Uuid),
        TokenKind::Blob => literal(tokens, Literal::Blob),
        TokenKind::Duration => literal(tokens, Literal::Duration),
        TokenKind::Word | TokenKind::QuotedName => word(tokens, at, depth),
        TokenKind::Symbol if tokens.symbol("[") => {
            let items = items(tokens, "]", depth)?;
            Ok(Term { at, kind: TermKind::List(items) })
        }
        TokenKind::Symbol if tokens.symbol("{") => braces(tokens, at, depth),
        TokenKind::Symbol if tokens.symbol("(") => parentheses(tokens, at, depth),
        _ => Err(tokens.expected("a column, a function or a value")),
    }
}

fn items(tokens: &mut Tokens<'_>, close: &str, depth: usize) -> Result<Vec<Term>> {
    if tokens.symbol(close) { Ok(Vec::new()) } else { tokens.list(close, |tokens| sum(tokens, depth + 1)) }
}

fn braces(tokens: &mut Tokens<'_>, at: Token, depth: usize) -> Result<Term> {
    if tokens.symbol("}") {
        return Ok(Term { at, kind: TermKind::Set(Vec::new()) });
    }
    let first = sum(tokens, depth + 1)?;
    let kind = if tokens.symbol(":") {
        let mut entries = vec![(first, sum(tokens, depth + 1)?)];
        while tokens.symbol(",") {
            let key = sum(tokens, depth + 1)?;
            tokens.expect_symbol(":")?;
            entries.push((key, sum(tokens, depth + 1)?));
        }
        TermKind::Map(entries)
    } else {
        let mut items = vec![first];
        while tokens.symbol(",") {
            items.push(sum(tokens, depth + 1)?);
        }
        TermKind::Set(items)
    };
    if tokens.symbol("}") { Ok(Term { at, kind }) } else { Err(tokens.expected("',' or '}'")) }
}

/// A tuple, a type before a value, or an expression in parentheses.
fn parentheses(tokens: &mut Tokens<'_>, at: Token, depth: usize) -> Result<Term> {
    let mut ahead = tokens.clone();
    // The name of a Java class may stand there in quotes; before a word it is a text in parentheses.
    let quoted = ahead.peek().kind == TokenKind::String;
    if let Ok(ty) = names::parse_tokens(&mut ahead, &|_| None)
        && ahead.symbol(")")
        && begins_value(&ahead)
        && !(quoted && ahead.peek().kind == TokenKind::Word)
    {
        *tokens = ahead;
        let term = unary(tokens, depth + 1)?;
        return Ok(Term { at, kind: TermKind::Typed(ty, Box::new(term)) });
    }
    let items = items(tokens, ")", depth)?;
    Ok(Term { at, kind: TermKind::Tuple(items) })
}

fn begins_value(tokens: &Tokens<'_>) -> bool {
    let next = tokens.peek();
    match next.kind {
        TokenKind::End => false,
        TokenKind::Symbol => matches!(tokens.source(next), "(" | "[" | "{" | "-"),
        TokenKind::Word => {
            ["NULL", "TRUE", "FALSE", "NAN", "INFINITY"].iter().any(|k| tokens.is_keyword(0, k))
                || tokens.clone().name("").is_ok()
        }
        _ => true,
    }
}

fn word(tokens: &mut Tokens<'_>, at: Token, depth: usize) -> Result<Term> {
    let plain = at.kind == TokenKind::Word;
    let source = tokens.source(at).to_ascii_lowercase();
    let literal = |kind: Literal, text: &str| Ok(Term { at, kind: TermKind::Literal(kind, text.to_owned()) });
    if plain && !tokens.is_symbol(1, "(") {
        match source.as_str() {
            "null" => {
                tokens.advance();
                return Ok(Term { at, kind: TermKind::Null });
            }
            "true" | "false" => {
                tokens.advance();
                return literal(Literal::Boolean, &source);
            }
            "nan" => {
                tokens.advance();
                return literal(Literal::Float, "NaN");
            }
            "infinity" => {
                tokens.advance();
                return literal(Literal::Float, "Infinity");
            }
            // ISO 8601 durations look like names.
            _ if is_iso_duration(&source) => {
                let written = tokens.source(at).to_owned();
                tokens.advance();
                return literal(Literal::Duration, &written);
            }
            _ => {}
        }
    }
    if plain && tokens.is_symbol(1, "(") {
        return call(tokens, at, source, depth);
    }
    // system.now(): functions of the system keyspace may be qualified.
    if plain && source == "system" && tokens.is_symbol(1, ".") && tokens.is_symbol(3, "(") {
        tokens.advance();
        tokens.advance();
        let name = tokens.peek();
        let source = tokens.source(name).to_ascii_lowercase();
        return call(tokens, name, source, depth);
    }
    Ok(Term { at, kind: TermKind::Column(tokens.name("a column")?) })
}

/// Whether the word that comes next is a duration, not a name.
pub(super) fn is_duration(tokens: &Tokens<'_>) -> bool {
    let next = tokens.peek();
    next.kind == TokenKind::Word && is_iso_duration(&tokens.source(next).to_ascii_lowercase())
}

/// `PT5M`, `P1Y2M`: a P, then digits with units.
fn is_iso_duration(word: &str) -> bool {
    word.strip_prefix('p').is_some_and(|rest| {
        let rest = rest.strip_prefix('t').unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.ends_with(['y', 'm', 'w', 'd', 'h', 's'])
            && rest.bytes().all(|b| b.is_ascii_digit() || b"ymwdhst".contains(&b))
    })
}

fn call(tokens: &mut Tokens<'_>, at: Token, name: String, depth: usize) -> Result<Term> {
    tokens.advance();
    tokens.expect_symbol("(")?;
    if name == "count" && (tokens.is_symbol(0, "*") || tokens.source(tokens.peek()) == "1") && tokens.is_symbol(1, ")")
    {
        tokens.advance();
        tokens.advance();
        return Ok(Term { at, kind: TermKind::CountRows });
    }
    if name == "cast" {
        let term = sum(tokens, depth + 1)?;
        tokens.expect_keyword("AS")?;
        let ty = names::parse_tokens(tokens, &|_| None)?;
        tokens.expect_symbol(")")?;
        return Ok(Term { at, kind: TermKind::Cast(Box::new(term), ty) });
    }
    let arguments = items(tokens, ")", depth)?;
    Ok(Term { at, kind: TermKind::Call(name, arguments) })
}
