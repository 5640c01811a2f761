//! Values from the text of a CSV field: what COPY TO prints, and CQL literals. Follows cqlshlib's copyutil.py, but where that
//! reads back something else than what was written.
//!
//! ```text
//!   text          as it is; with backslash escapes when the file has cqlsh's
//!   list, vector  [1, 2]            set   {'a', 'b'}          tuple   (1, 'a')
//!   map           {'a': 1}          user type   {field: 1, other: }       where nothing is null
//! ```

use std::borrow::Cow;

use sstablefs::cql::{Type, names};
use sstablefs::rows::Span;

use super::nested::{Part, freeze, since};
use super::row::Source;
use super::scalar::{from_text, hex, is_nested, wrong};
use super::shown;

/// The text of a field that is not null, without the quotes and escapes of CSV.
#[derive(Debug, Clone, Copy)]
pub(super) struct CsvText<'a> {
    pub(super) text: &'a str,
    /// Whether texts have cqlsh's own escapes.
    pub(super) escapes: bool,
}

impl Source for CsvText<'_> {
    fn is_null(&self, _ty: &Type) -> bool {
        false
    }

    #[inline]
    fn bytes(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String> {
        match ty {
            Type::Text | Type::Ascii if self.escapes => from_text(ty, &unescape(self.text), out),
            Type::Text | Type::Ascii => from_text(ty, self.text, out),
            ty if is_nested(ty) => {
                let (start, from) = (out.len(), parts.len());
                self.parts(ty, out, parts)?;
                freeze(ty, start, out, parts, from)
            }
            ty => scalar(ty, unquoted(trim(self.text)), out),
        }
    }

    fn parts(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String> {
        let mut reader = Reader { text: self.text, at: 0, out, parts };
        reader.value(ty)?;
        reader.blank();
        if reader.at < self.text.len() {
            return Err(reader.wrong("the end of the value"));
        }
        Ok(())
    }
}

/// Without white space around.
#[inline]
fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Without the quotes of a CQL literal.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

/// What is no text and has no parts.
#[inline]
fn scalar(ty: &Type, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    match ty {
        Type::Blob | Type::Custom(_) => {
            let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
            let digits = digits.ok_or_else(|| format!("'{}' does not begin with 0x", shown(text)))?;
            hex(digits, out).ok_or_else(|| wrong(ty, text))
        }
        // COPY TO prints dates that Python does not have as days since 1970, CQL's numbers count from 2^31 days before.
        Type::Date => match text.parse::<i32>() {
            Ok(days) => {
                out.extend_from_slice(&((i64::from(days) + (1 << 31)) as u32).to_be_bytes());
                Ok(())
            }
            Err(_) => from_text(ty, text, out),
        },
        Type::Boolean if text.is_empty() => Err(wrong(ty, text)),
        Type::Float | Type::Double if !text.bytes().any(|b| b.is_ascii_digit()) => {
            let number = text.trim_start_matches(['+', '-']);
            let sign = if text.starts_with('-') { "-" } else { "" };
            let infinite = ["inf", "infinity"].iter().any(|name| number.eq_ignore_ascii_case(name));
            if infinite {
                from_text(ty, if sign.is_empty() { "Infinity" } else { "-Infinity" }, out)
            } else if number.eq_ignore_ascii_case("nan") {
                from_text(ty, "NaN", out)
            } else {
                from_text(ty, text, out)
            }
        }
        _ => from_text(ty, text, out),
    }
}

/// A text with the escapes that cqlsh prints. One that cqlsh did not print, since something else stands behind one of its
/// backslashes, is taken as it is.
#[inline]
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() { Cow::Borrowed(text) } else { unescape_all(text) }
}

fn unescape_all(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, length) = match rest.as_bytes().get(at + 1) {
            Some(b'\\') => ('\\', 2),
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'x') => match rest.get(at + 2..at + 4).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => (char::from(byte), 4),
                None => return Cow::Borrowed(text),
            },
            _ => return Cow::Borrowed(text),
        };
        out.push(c);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads a value with parts.
struct Reader<'a, 'o> {
    text: &'a str,
    at: usize,
    out: &'o mut Vec<u8>,
    parts: &'o mut Vec<Part>,
}

impl<'a> Reader<'a, '_> {
    #[inline]
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips white space.
    #[inline]
    fn blank(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
        if !self.byte().is_none_or(|b| b.is_ascii_graphic()) {
            self.at = self.text.len() - self.rest().trim_start().len();
        }
    }

    /// Skips white space and the byte, if it is there.
    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        self.blank();
        let found = self.byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[cold]
    fn wrong(&self, expected: &str) -> String {
        let column = self.text[..self.at.min(self.text.len())].chars().count() + 1;
        match self.rest() {
            "" => format!("expected {expected}, but the value ends: '{}'", shown(self.text)),
            rest => format!("expected {expected} at character {column} of the value, found '{}'", shown(rest)),
        }
    }

    fn open(&mut self, ty: &Type, bracket: u8) -> Result<(), String> {
        if self.skip(bracket) {
            return Ok(());
        }
        Err(self.wrong(&format!("a value of type {}, which begins with {}", names::cql_name(ty), char::from(bracket))))
    }

    /// Reads parts up to the bracket; `each` reads one.
    fn sequence(&mut self, close: u8, mut each: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        if self.skip(close) {
            return Ok(());
        }
        loop {
            each(self)?;
            if self.skip(close) {
                return Ok(());
            }
            if !self.skip(b',') {
                return Err(self.wrong(&format!("',' or '{}'", char::from(close))));
            }
        }
    }

    /// Reads the parts of a value of the type.
    fn value(&mut self, ty: &Type) -> Result<(), String> {
        match ty {
            Type::List { element, .. } | Type::Set { element, .. } | Type::Vector { element, .. } => {
                let (open, close) = if matches!(ty, Type::Set { .. }) { (b'{', b'}') } else { (b'[', b']') };
                self.open(ty, open)?;
                self.sequence(close, |reader| {
                    let value = reader.part(element, close)?;
                    reader.parts.push(Part::of(value));
                    Ok(())
                })
            }
            Type::Map { key, value, .. } => {
                self.open(ty, b'{')?;
                self.sequence(b'}', |reader| {
                    let key = reader.part(key, b':')?;
                    if !reader.skip(b':') {
                        return Err(reader.wrong("':' behind a key"));
                    }
                    let value = reader.part(value, b'}')?;
                    reader.parts.push(Part { key, value });
                    Ok(())
                })
            }
            Type::Tuple(types) => {
                let from = self.parts.len();
                self.open(ty, b'(')?;
                self.sequence(b')', |reader| {
                    let Some(ty) = types.get(reader.parts.len() - from) else {
                        return Err(format!("the tuple has {} elements, here are more", types.len()));
                    };
                    let field = reader.field(ty, b')')?;
                    reader.parts.push(field);
                    Ok(())
                })?;
                let count = self.parts.len() - from;
                if count != types.len() {
                    return Err(format!("the tuple has {} elements, here are {count}", types.len()));
                }
                Ok(())
            }
            Type::User(user) => {
                let from = self.parts.len();
                self.parts.resize(from + user.fields.len(), Part::NULL);
                let mut seen = vec![false; user.fields.len()];
                self.open(ty, b'{')?;
                self.sequence(b'}', |reader| {
                    let i = reader.field_name(&user.fields).ok_or_else(|| {
                        let known: Vec<&str> = user.fields.iter().map(|(name, _)| name.as_str()).collect();
                        reader.wrong(&format!("a field of {} ({})", user.name, known.join(", ")))
                    })?;
                    if std::mem::replace(&mut seen[i], true) {
                        return Err(format!("the field {} is there twice", user.fields[i].0));
                    }
                    let (name, ty) = &user.fields[i];
                    let field = reader.field(ty, b'}').map_err(|e| format!("field {}: {e}", shown(name)))?;
                    reader.parts[from + i] = field;
                    Ok(())
                })
            }
            _ => Err(wrong(ty, self.rest())),
        }
    }

    /// The name of a field and the colon behind it: as it is, or in quotes as CQL has it. Of two that fit the longer one.
    fn field_name(&mut self, fields: &[(String, Type)]) -> Option<usize> {
        self.blank();
        let rest = self.rest();
        let behind = |name: &str| {
            let after = rest.strip_prefix(name)?.trim_start();
            after.starts_with(':').then(|| rest.len() - after.len() + 1)
        };
        let forms = |name: &str| {
            let escaped = name.replace('\\', "\\\\");
            [name.to_owned(), escaped, format!("\"{}\"", name.replace('"', "\"\"")), names::string_literal(name)]
        };
        let found = fields.iter().enumerate().filter_map(|(i, (name, _))| {
            let end = forms(name).iter().filter_map(|form| behind(form)).max()?;
            Some((end, i))
        });
        let (end, i) = found.max()?;
        self.at += end;
        Some(i)
    }

    /// A part that may be null: nothing, or the word.
    fn field(&mut self, ty: &Type, close: u8) -> Result<Part, String> {
        self.blank();
        let (bare, end) = self.bare(close);
        if bare.is_empty()
            || ["null", "none", "'none'"].iter().any(|null| bare.eq_ignore_ascii_case(null)) && close == b')'
            || bare.eq_ignore_ascii_case("null")
        {
            self.at = end;
            return Ok(Part::NULL);
        }
        self.part(ty, close).map(Part::of)
    }

    /// The bytes of a part, which ends before a comma or the given byte.
    fn part(&mut self, ty: &Type, close: u8) -> Result<Span, String> {
        let start = self.out.len();
        if is_nested(ty) {
            let from = self.parts.len();
            self.value(ty)?;
            freeze(ty, start, self.out, self.parts, from)?;
            return Ok(since(start, self.out));
        }
        self.blank();
        let is_text = matches!(ty, Type::Text | Type::Ascii);
        if self.byte() == Some(b'\'') {
            let text = self.quoted()?;
            if is_text {
                from_text(ty, &unescape(&text), self.out)?;
            } else {
                scalar(ty, &text, self.out)?;
            }
            return Ok(since(start, self.out));
        }
        let (bare, end) = self.bare(close);
        if is_text {
            from_text(ty, bare, self.out)?;
        } else {
            scalar(ty, bare, self.out)?;
        }
        self.at = end;
        Ok(since(start, self.out))
    }

    /// A text between single quotes, in which they are doubled.
    fn quoted(&mut self) -> Result<Cow<'a, str>, String> {
        let begin = self.at;
        let mut text = Cow::Borrowed("");
        self.at += 1;
        while let Some(length) = memchr::memchr(b'\'', self.rest().as_bytes()) {
            let piece = &self.rest()[..length];
            self.at += length + 1;
            let ends = self.byte() != Some(b'\'');
            if ends && text.is_empty() {
                return Ok(Cow::Borrowed(piece));
            }
            text.to_mut().push_str(piece);
            if ends {
                return Ok(text);
            }
            text.to_mut().push('\'');
            self.at += 1;
        }
        Err(format!("the quote of '{}' has no end", shown(&self.text[begin..])))
    }

    /// What stands without quotes before a comma or the given byte, and where it ends. A key ends at a colon: at the first
    /// with a space behind it, else at the last, since a time has colons of its own.
    fn bare(&self, close: u8) -> (&'a str, usize) {
        let rest = self.rest();
        let stop = rest.bytes().position(|b| matches!(b, b',' | b']' | b'}' | b')')).unwrap_or(rest.len());
        let end = match close {
            b':' => rest[..stop].find(": ").or_else(|| rest[..stop].rfind(':')).unwrap_or(stop),
            _ => stop,
        };
        (trim(&rest[..end]), self.at + end)
    }
}
