//! The elements of arrays and the entries of objects, of a text that is known to be JSON.

use std::borrow::Cow;

use super::json_string::string;

/// Behind white space, and behind `byte` when that stands there.
fn behind(text: &str, byte: char) -> &str {
    let text = text.trim_ascii_start();
    text.strip_prefix(byte).unwrap_or(text).trim_ascii_start()
}

/// The value at the beginning, and what stands behind it.
pub(super) fn cut(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = match bytes.first()? {
        b'"' => string_end(bytes, 1)?,
        b'{' | b'[' => object_end(bytes)?,
        b']' | b'}' => return None,
        _ => scalar_end(bytes).unwrap_or(bytes.len()),
    };
    text.split_at_checked(end)
}

/// Where a number or a word ends, if it does.
pub(super) fn scalar_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
}

/// Where an object or array ends by its brackets.
pub(super) fn object_end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let found = bytes[at..].iter().position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))?;
        at += found + 1;
        match bytes[at - 1] {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => depth += 1,
            _ => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

/// Where a string ends whose first quote has been passed.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Calls `each` with the elements of an array.
pub(super) fn elements<'a>(array: &'a str, mut each: impl FnMut(&'a str) -> Result<(), String>) -> Result<(), String> {
    let mut rest = behind(array, '[');
    while let Some((value, after)) = cut(rest) {
        each(value)?;
        rest = behind(after, ',');
    }
    Ok(())
}

/// Calls `each` with the entries of an object: the text of the key, and the value.
pub(super) fn entries<'a>(
    object: &'a str,
    mut each: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), String>,
) -> Result<(), String> {
    let mut rest = behind(object, '{');
    while let Some((key, after)) = cut(rest) {
        let Some((value, after)) = cut(behind(after, ':')) else { break };
        each(string(key)?.unwrap_or(Cow::Borrowed(key)), value)?;
        rest = behind(after, ',');
    }
    Ok(())
}

#[test]
fn parts_of_json() {
    let of_array = |text| {
        let mut all = Vec::new();
        let each = |part: &str| {
            all.push(part.to_owned());
            Ok(())
        };
        elements(text, each).unwrap();
        all
    };
    let array = r#"[ 1 ,"a,]\"",[2,[]] , {"b":"}"},null]"#;
    assert_eq!(of_array(array), ["1", r#""a,]\"""#, "[2,[]]", r#"{"b":"}"}"#, "null"]);
    assert!(of_array("[ ]").is_empty());
    let mut all = String::new();
    let each = |key: Cow<'_, str>, value: &str| {
        all.push_str(&format!("{key}={value};"));
        Ok(())
    };
    entries(r#"{ "a" : 1,"b\"\u0041":[{"c":2}] , "":"\\" }"#, each).unwrap();
    assert_eq!(all, r#"a=1;b"A=[{"c":2}];="\\";"#);
}
