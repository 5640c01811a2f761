//! The fields of JSON objects in their usual form, faster than serde_json finds them. What this does not take may still be
//! JSON; what it takes is.

use serde_json::value::RawValue;

use super::json_parts::string_end;

/// Deeper ones are left to serde_json.
const DEPTH: usize = 32;

pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    /// Where in it.
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scan { text, at: 0 }
    }

    #[inline]
    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn blank(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips white space, the byte, and white space.
    #[inline]
    pub(super) fn skip(&mut self, byte: u8) -> Option<()> {
        self.blank();
        if self.byte() != Some(byte) {
            return None;
        }
        self.at += 1;
        self.blank();
        Some(())
    }

    /// Goes on at `end`; what was passed.
    #[inline]
    fn pass(&mut self, end: usize) -> Option<&'a str> {
        let passed = self.text.get(self.at..end)?;
        self.at = end;
        Some(passed)
    }

    /// A string with its quotes; `None` where it has escapes or control characters.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let end = start + memchr::memchr2(b'"', b'\\', bytes.get(start..)?)?;
        let is_plain = bytes[end] == b'"' && !bytes[start..end].iter().any(|b| *b < b' ');
        if is_plain { self.pass(end + 1) } else { None }
    }

    /// A string that may have escapes.
    pub(super) fn any_string(&mut self) -> Option<()> {
        if self.string().is_none() {
            let end = string_end(self.text.as_bytes(), self.at + 1)?;
            let raw = self.pass(end)?;
            serde_json::from_str::<&RawValue>(raw).ok()?;
        }
        Some(())
    }

    #[inline]
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.pass_value(0)?;
        self.text.get(start..self.at)
    }

    pub(super) fn pass_value(&mut self, depth: usize) -> Option<()> {
        match self.byte()? {
            b'"' => self.any_string(),
            b'-' | b'0'..=b'9' => self.number(),
            bracket @ (b'[' | b'{') if depth < DEPTH => {
                self.skip(bracket)?;
                let close = bracket + 2;
                if self.byte()? != close {
                    self.pass_parts(bracket == b'{', depth)?;
                }
                if self.byte()? != close {
                    return None;
                }
                self.at += 1;
                Some(())
            }
            _ => {
                let rest = self.text.get(self.at..)?;
                let word = ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word))?;
                self.at += word.len();
                Some(())
            }
        }
    }

    fn pass_parts(&mut self, has_keys: bool, depth: usize) -> Option<()> {
        loop {
            if has_keys {
                if self.byte()? != b'"' {
                    return None;
                }
                self.any_string()?;
                self.skip(b':')?;
            }
            self.pass_value(depth + 1)?;
            if self.skip(b',').is_none() {
                return Some(());
            }
        }
    }

    #[inline]
    fn digits(&self, mut at: usize) -> usize {
        while matches!(self.text.as_bytes().get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        at
    }

    #[inline]
    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let start = self.at + usize::from(bytes[self.at] == b'-');
        let mut end = self.digits(start);
        if end == start || bytes[start] == b'0' && end > start + 1 {
            return None;
        }
        if bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = self.digits(fraction);
            if end == fraction {
                return None;
            }
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let exponent = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = self.digits(exponent);
            if end == exponent {
                return None;
            }
        }
        self.at = end;
        Some(())
    }
}

/// Calls `each` with the key and the value of each field of an object that is the whole text. `None`: serde_json is to
/// be asked, and what was found until then is not to be used.
#[inline]
pub(super) fn fields<'a>(text: &'a str, mut each: impl FnMut(&'a str, &'a str)) -> Option<()> {
    let mut scan = Scan::new(text);
    scan.skip(b'{')?;
    if scan.byte() != Some(b'}') {
        loop {
            let key = match scan.byte() {
                Some(b'"') => scan.string()?,
                _ => return None,
            };
            scan.skip(b':')?;
            let value = scan.value()?;
            each(key.get(1..key.len() - 1)?, value);
            if scan.skip(b',').is_none() {
                break;
            }
        }
    }
    scan.skip(b'}')?;
    (scan.at == text.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken is what serde_json takes.
    #[test]
    fn takes_only_json() {
        let values = [
            "1",
            "-1",
            "0",
            "-0",
            "01",
            "-",
            "1.",
            "1.5",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "1e-",
            "1.0e-10",
            "+1",
            "00",
            "-01",
            "null",
            "nul",
            "true",
            "false",
            "True",
            "nulls",
            "\"\"",
            "\"a\"",
            "\"a",
            "\"\\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "\"\t\"",
            "[]",
            "[1,]",
            "[1,2]",
            "{}",
            "{\"a\":1}",
            "{a:1}",
            "[\"]\"]",
            "[1 2]",
            "",
            "[[[]]]",
            "[[]",
            "NaN",
            "Infinity",
            "1 2",
            "\"é\"",
            "\"\u{7f}\"",
            "'a'",
            "/**/1",
            "0x10",
        ];
        for value in values {
            for text in [
                format!("{{\"a\":{value}}}"),
                format!(" {{ \"a\" : {value} , \"b\":{value}}} "),
                format!("{{\"a\":{value},}}"),
                format!("{{\"a\":{value}}}}}"),
                format!("{{\"a\" {value}}}"),
                format!("{{,\"a\":{value}}}"),
                format!("{{{value}:1}}"),
            ] {
                let mut found = Vec::new();
                let taken = fields(&text, |key, value| found.push((key.to_owned(), value.to_owned()))).is_some();
                let json = serde_json::from_str::<std::collections::BTreeMap<String, Box<RawValue>>>(&text);
                let Ok(json) = json else {
                    assert!(!taken, "{text}");
                    continue;
                };
                let escapes = text.contains("\\\":") || text.contains("\\n\":");
                assert!(taken || escapes, "{text}");
                if taken {
                    let json: Vec<_> = json.into_iter().map(|(k, v)| (k, v.get().to_owned())).collect();
                    assert_eq!(found, json, "{text}");
                }
            }
        }
        assert!(fields("{}", |_, _| ()).is_some() && fields(" { } \n", |_, _| ()).is_some());
        assert!(
            fields("", |_, _| ()).is_none() && fields("{", |_, _| ()).is_none() && fields("[]", |_, _| ()).is_none()
        );
    }
}
