//! One field of a CSV line: when it is quoted and what is escaped in it.

use sstablefs::Result;

use crate::value::{CsvValue, csv_escapes, csv_plain, csv_special};

/// How fields are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvStyle {
    /// As cqlsh COPY: a backslash before quotes and backslashes; line ends and other control characters in texts as
    /// `\n`, `\t`, `\x00`.
    #[default]
    Cqlsh,
    /// Quotes within a quoted field are doubled; a text stands as it is.
    Rfc4180,
}

/// Writes fields. A field that is null is left out; one that is empty and not null prints as `""`.
pub(super) struct FieldWriter {
    style: CsvStyle,
    scratch: Vec<u8>,
}

impl FieldWriter {
    pub(super) fn new(style: CsvStyle) -> Self {
        FieldWriter { style, scratch: Vec::new() }
    }

    /// Appends a value that is not null.
    #[inline]
    pub(super) fn value(&mut self, renderer: &CsvValue, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if matches!(renderer, CsvValue::Text) && !value.is_empty() && csv_plain(value) {
            out.extend_from_slice(value);
            return Ok(());
        }
        let start = out.len();
        match renderer {
            CsvValue::Text if self.style == CsvStyle::Rfc4180 => {
                out.extend_from_slice(String::from_utf8_lossy(value).as_bytes());
            }
            _ => renderer.write(value, false, out)?,
        }
        if renderer.is_plain() && out.len() > start {
            return Ok(());
        }
        self.finish(start, out);
        Ok(())
    }

    /// Appends a text as a field, with no escapes but those of CSV.
    pub(super) fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(text);
        self.finish(start, out);
    }

    /// Ends a field of which the opening quote was written at `start`, for there is a comma in it. `plain`: nothing in it
    /// has to be escaped.
    #[inline]
    pub(super) fn finish_quoted(&mut self, start: usize, plain: bool, out: &mut Vec<u8>) {
        if plain || !csv_escapes(&out[start + 1..]) {
            out.push(b'"');
        } else {
            out.remove(start);
            self.finish(start, out);
        }
    }

    /// Quotes and escapes what was appended since `start`, where it must be.
    pub(super) fn finish(&mut self, start: usize, out: &mut Vec<u8>) {
        let field = &out[start..];
        if field.is_empty() {
            out.extend_from_slice(b"\"\"");
            return;
        }
        let (mut quoted, escaped) = csv_special(field);
        if !escaped {
            if quoted {
                out.insert(start, b'"');
                out.push(b'"');
            }
            return;
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(field);
        out.truncate(start);
        let quote_escape = match self.style {
            CsvStyle::Cqlsh => b'\\',
            CsvStyle::Rfc4180 => {
                quoted |= self.scratch.contains(&b'"');
                b'"'
            }
        };
        if quoted {
            out.push(b'"');
        }
        for &b in &self.scratch {
            if b == b'"' || b == b'\\' && self.style == CsvStyle::Cqlsh {
                out.push(quote_escape);
            }
            out.push(b);
        }
        if quoted {
            out.push(b'"');
        }
    }
}
