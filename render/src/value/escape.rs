//! Escapes of JSON strings and of cqlsh's texts, and hexadecimal digits.

use std::borrow::Cow;

use super::scan::{self, Marks, Word};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends two lower-case digits a byte.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() * 2);
    for &b in bytes {
        out.extend_from_slice(&[HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
    }
}

/// The bytes of a text as UTF-8. Cassandra refuses other bytes when they are written, so that only a damaged or
/// foreign file has them: each shows as U+FFFD.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Appends the bytes of a text as the inside of a JSON string.
#[inline]
pub fn json_text(bytes: &[u8], out: &mut Vec<u8>) {
    if is_plain(bytes) { out.extend_from_slice(bytes) } else { json_escape(&utf8(bytes), out) }
}

/// What JSON escapes, and bytes that are not ASCII.
#[inline]
fn json_marks(word: Word) -> Marks {
    word.beyond_ascii() | word.below(0x20) | word.is(b'"') | word.is(b'\\')
}

/// Whether a text is ASCII that JSON shows as it is.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    !scan::any(bytes, json_marks)
}

/// Whether a byte of a JSON string needs an escape.
const fn json_special(b: u8) -> bool {
    b < 0x20 || b == b'"' || b == b'\\'
}

const JSON_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = json_special(b as u8);
        b += 1;
    }
    table
};

/// Appends text as the inside of a JSON string, with Jackson's escapes: quotes, backslash and control characters below
/// the space, those without a letter of their own as \u00XX.
pub fn json_escape(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some(at) = first_special(rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            8 => out.extend_from_slice(b"\\b"),
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            12 => out.extend_from_slice(b"\\f"),
            13 => out.extend_from_slice(b"\\r"),
            b => {
                out.extend_from_slice(b"\\u00");
                let digit = HEX[usize::from(b & 15)].to_ascii_uppercase();
                out.extend_from_slice(&[HEX[usize::from(b >> 4)], digit]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Position of the first byte that JSON must escape.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let plain = scan::unmarked(bytes, json_marks);
    bytes[plain..].iter().position(|&b| JSON_SPECIAL[usize::from(b)]).map(|i| plain + i)
}

/// Appends a JSON string.
pub fn json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    json_escape(text, out);
    out.push(b'"');
}

/// Whether a CSV field must be quoted, and whether something in it may have to be escaped.
#[inline]
pub(crate) fn csv_special(field: &[u8]) -> (bool, bool) {
    let quoted = |w: Word| w.is(b',') | w.is(b'\n') | w.is(b'\r');
    let escaped = |w: Word| w.is(b'"') | w.is(b'\\');
    if !scan::any(field, |w| quoted(w) | escaped(w)) {
        return (false, false);
    }
    (scan::any(field, quoted), scan::any(field, escaped))
}

/// Whether a text stands in a CSV field as it is, whatever the style: no control character, quote, comma or backslash.
#[inline]
pub(crate) fn csv_plain(text: &[u8]) -> bool {
    !scan::any(text, |w| w.beyond_ascii() | w.below(b' ') | w.is(0x7f) | w.is(b'\\') | w.is(b'"') | w.is(b','))
}

/// Whether something in a CSV field may have to be escaped.
#[inline]
pub(crate) fn csv_escapes(field: &[u8]) -> bool {
    scan::any(field, |w| w.is(b'"') | w.is(b'\\'))
}

/// Whether cqlsh shows a character by its number: C0 and C1 controls, DEL and the no-break space.
pub(crate) fn control(c: char) -> bool {
    c < ' ' || ('\u{7f}'..='\u{a0}').contains(&c)
}

/// Appends a text as cqlsh's format_value_text does: backslashes doubled, controls as Python's repr shows them; within
/// a collection between single quotes, its own doubled.
#[inline]
pub(super) fn cqlsh_text(bytes: &[u8], quoted: bool, out: &mut Vec<u8>) {
    let special = |w: Word| w.beyond_ascii() | w.below(b' ') | w.is(0x7f) | w.is(b'\\') | w.is(b'\'');
    out.reserve(bytes.len() + 2);
    if quoted {
        out.push(b'\'');
    }
    if !scan::any(bytes, special) {
        out.extend_from_slice(bytes);
    } else {
        cqlsh_escape(bytes, quoted, out);
    }
    if quoted {
        out.push(b'\'');
    }
}

/// A text in which something may have to be escaped.
fn cqlsh_escape(bytes: &[u8], quoted: bool, out: &mut Vec<u8>) {
    for c in utf8(bytes).chars() {
        match c {
            '\\' => out.extend_from_slice(b"\\\\"),
            '\'' if quoted => out.extend_from_slice(b"''"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if control(c) => {
                out.extend_from_slice(b"\\x");
                hex(&[c as u32 as u8], out);
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
