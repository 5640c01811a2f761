//! Percent-encoding of the text of queries in names.

use std::fmt::Write;

/// What a name stands for: `%2F` is a slash, a `%` without two hexadecimal digits behind it is itself. `None` when that is
/// no text.
pub fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |i: usize| char::from(*after.get(i)?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Appends a name that stands for `text`.
pub fn encode(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '/' | '%' | '\0'..='\x1f' | '\x7f' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        for text in ["", "a/b", "100%", "%2F", "ünï\n\0\x7f", "50%, 5%2"] {
            let mut name = String::new();
            encode(text, &mut name);
            assert!(!name.contains(['/', '\0']));
            assert_eq!(decode(&name).as_deref(), Some(text), "{name}");
        }
    }

    #[test]
    fn what_need_not_be_encoded_may_stay() {
        assert_eq!(decode("name like A%").as_deref(), Some("name like A%"));
        assert_eq!(decode("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(decode("%c3%BC").as_deref(), Some("ü"));
        assert_eq!(decode("%ff"), None);
    }
}
