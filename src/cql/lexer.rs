//! The tokens of CQL text, with their places. Follows the lexer rules of Cassandra's CQL grammar.
//!
//! Differences: a minus is always a token of its own, and `P1Y2M…` durations are identifiers, so that they can be names too;
//! whoever parses values puts both together.

use crate::{Error, Result};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or keyword without quotes.
    Word,
    /// `"Name"`
    QuotedName,
    /// `'text'` or `$$text$$`
    String,
    /// Digits without a sign.
    Integer,
    /// Digits with a point or an exponent, without a sign.
    Float,
    /// `0x…`
    Blob,
    /// 32 hexadecimal digits with hyphens, without quotes.
    Uuid,
    /// `1h30m`
    Duration,
    /// An operator or a punctuation mark of one or two characters.
    Symbol,
    /// Behind the last token.
    End,
}

/// A token: `text[start..end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte in the text.
    pub start: usize,
    /// The byte behind its last one.
    pub end: usize,
}

/// Symbols of two characters; any other is a single ASCII character.
const LONG_SYMBOLS: [&str; 7] = ["<=", ">=", "!=", "<>", "+=", "-=", ".."];
const SYMBOLS: &[u8] = b";()[]{}<>=,.:+-*/%?!@&|";

/// All tokens, with one of [`TokenKind::End`] behind them. White space and comments are left out.
pub fn tokenize(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blank(text, at)?;
        let rest = &text.as_bytes()[at..];
        let (kind, length) = match rest {
            [] => {
                tokens.push(Token { kind: TokenKind::End, start: at, end: at });
                return Ok(tokens);
            }
            [b'\'', ..] => (TokenKind::String, quoted(text, at, b'\'')?),
            [b'"', ..] => (TokenKind::QuotedName, quoted(text, at, b'"')?),
            [b'$', b'$', ..] => match text[at + 2..].find("$$") {
                Some(length) => (TokenKind::String, length + 4),
                None => return Err(error_at(text, at, "this $$ has no end")),
            },
            [b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z', ..] => word_or_number(rest),
            [symbol, ..] if SYMBOLS.contains(symbol) => {
                let long = LONG_SYMBOLS.iter().any(|s| rest.starts_with(s.as_bytes()));
                (TokenKind::Symbol, if long { 2 } else { 1 })
            }
            _ => {
                let found = text[at..].chars().next().unwrap_or_default();
                return Err(error_at(text, at, &format!("unexpected character '{}'", found.escape_debug())));
            }
        };
        tokens.push(Token { kind, start: at, end: at + length });
        at += length;
    }
}

fn skip_blank(text: &str, mut at: usize) -> Result<usize> {
    let bytes = text.as_bytes();
    loop {
        at += bytes[at..].iter().take_while(|b| b" \t\r\n\x0b\x0c".contains(b)).count();
        let rest = &text[at..];
        if rest.starts_with("--") || rest.starts_with("//") {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").ok_or_else(|| error_at(text, at, "this comment has no end: */ is missing"))?;
            at += length + 2;
        } else if let Some(after) = rest.strip_prefix('\u{feff}') {
            at = text.len() - after.len();
        } else {
            return Ok(at);
        }
    }
}

/// Length of a token in quotes, which it holds doubled.
fn quoted(text: &str, at: usize, quote: u8) -> Result<usize> {
    let bytes = &text.as_bytes()[at..];
    let mut i = 1;
    while let Some(&byte) = bytes.get(i) {
        i += 1;
        if byte == quote {
            if bytes.get(i) != Some(&quote) {
                return Ok(i);
            }
            i += 1;
        }
    }
    Err(error_at(text, at, &format!("this {} has no end", char::from(quote))))
}

fn run(bytes: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    at + bytes.get(at..).unwrap_or_default().iter().take_while(|&&b| wanted(b)).count()
}

fn word_or_number(bytes: &[u8]) -> (TokenKind, usize) {
    if let Some(length) = uuid(bytes) {
        return (TokenKind::Uuid, length);
    }
    if bytes[0].is_ascii_alphabetic() {
        return (TokenKind::Word, run(bytes, 0, |b| b.is_ascii_alphanumeric() || b == b'_'));
    }
    if let [b'0', b'x' | b'X', ..] = bytes {
        return (TokenKind::Blob, run(bytes, 2, |b| b.is_ascii_hexdigit()));
    }
    if let Some(length) = duration(bytes) {
        return (TokenKind::Duration, length);
    }
    let mut end = run(bytes, 0, |b| b.is_ascii_digit());
    let mut kind = TokenKind::Integer;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        kind = TokenKind::Float;
        end = run(bytes, end + 1, |b| b.is_ascii_digit());
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let digits = run(bytes, end + 1 + sign, |b| b.is_ascii_digit());
        if digits > end + 1 + sign {
            return (TokenKind::Float, digits);
        }
    }
    (kind, end)
}

fn uuid(bytes: &[u8]) -> Option<usize> {
    let candidate = bytes.get(..36)?;
    let fits = |(i, &b): (usize, &u8)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() };
    candidate.iter().enumerate().all(fits).then_some(36)
}

/// Digits and a unit, one or more times.
fn duration(bytes: &[u8]) -> Option<usize> {
    const UNITS: [&str; 11] = ["mo", "ms", "us", "\u{b5}s", "ns", "y", "w", "d", "h", "m", "s"];
    let mut end = 0;
    loop {
        let digits = run(bytes, end, |b| b.is_ascii_digit());
        if digits == end {
            break;
        }
        let rest = &bytes[digits..];
        let unit = |u: &&&str| rest.get(..u.len()).is_some_and(|r| r.eq_ignore_ascii_case(u.as_bytes()));
        end = digits + UNITS.iter().find(unit)?.len();
    }
    let word_goes_on = bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    (end > 0 && !word_goes_on).then_some(end)
}

/// Line and column, both from 1; the column counts characters.
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// An error with line and column, and below it the line with a mark under the place.
pub fn error_at(text: &str, offset: usize, message: &str) -> Error {
    const WIDTH: usize = 100;
    let (line, column) = position(text, offset);
    let content = text.lines().nth(line - 1).unwrap_or_default();
    // Of a long line only the part around the place.
    let skipped = (column - 1).saturating_sub(WIDTH * 2 / 3);
    let shown: String = content.chars().skip(skipped).take(WIDTH).collect();
    let indent: String = shown.chars().take(column - 1 - skipped).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    Error::invalid(format!("line {line}, column {column}: {message}\n    {shown}\n    {indent}^"))
}
