//! Where the parts of a JSON text stand, found in one pass. The memory is used again for the next text.
//!
//! ```text
//!   {"a":[1,2],"b":{}}      nodes as they begin; each says which one follows behind all of its parts
//!   0 1  2 3   4
//! ```

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json_parts::cut;
use super::json_scan::Scan;
use super::json_string::string;

/// Parts this deep are values whose own parts are of no interest here.
const LEVELS: usize = 4;

/// Offsets in the text.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    start: u32,
    end: u32,
}

impl Stretch {
    /// Of a text that is shorter than 4 GiB.
    fn new(start: usize, end: usize) -> Self {
        Stretch { start: start as u32, end: end as u32 }
    }

    fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// With its quotes; empty in an array.
    key: Stretch,
    value: Stretch,
    behind: u32,
    /// Its parts are among the nodes.
    has_parts: bool,
}

/// The parts of the text that was read last.
#[derive(Debug, Default)]
pub(super) struct Shape {
    nodes: Vec<Node>,
}

impl Shape {
    /// The value that is the whole text.
    pub(super) fn read<'a>(&'a mut self, text: &'a str) -> serde_json::Result<Value<'a>> {
        let whole = text.trim_ascii();
        // No record of an input is nearly as long.
        let fits = u32::try_from(text.len()).is_ok();
        if !fits || !self.find(whole, false) {
            serde_json::from_str::<&RawValue>(text)?;
            if !fits || !self.find(whole, true) {
                self.nodes.clear();
            }
        }
        Ok(Value { text: whole, nodes: &self.nodes, at: 0 })
    }

    /// `known`: the text is JSON. Whether all of it was found.
    fn find(&mut self, text: &str, known: bool) -> bool {
        self.nodes.clear();
        let mut finder = Finder { scan: Scan::new(text), nodes: &mut self.nodes, known };
        finder.value(Stretch::default(), 0).is_some() && finder.scan.at == text.len()
    }
}

struct Finder<'a, 'n> {
    scan: Scan<'a>,
    nodes: &'n mut Vec<Node>,
    known: bool,
}

impl Finder<'_, '_> {
    fn value(&mut self, key: Stretch, level: usize) -> Option<()> {
        let (start, node) = (self.scan.at, self.nodes.len());
        self.nodes.push(Node { key, value: Stretch::default(), behind: 0, has_parts: level < LEVELS });
        match self.scan.byte()? {
            bracket @ (b'[' | b'{') if level < LEVELS => self.parts(bracket, level)?,
            _ if self.known => {
                let (value, _) = cut(self.scan.text.get(start..)?)?;
                self.scan.at += value.len();
            }
            _ => self.scan.pass_value(level)?,
        }
        let behind = u32::try_from(self.nodes.len()).ok()?;
        let found = self.nodes.get_mut(node)?;
        (found.value, found.behind) = (Stretch::new(start, self.scan.at), behind);
        Some(())
    }

    fn parts(&mut self, bracket: u8, level: usize) -> Option<()> {
        self.scan.skip(bracket)?;
        let close = bracket + 2;
        if self.scan.byte()? != close {
            loop {
                let mut key = Stretch::default();
                if bracket == b'{' {
                    let start = self.scan.at;
                    if self.scan.byte()? != b'"' {
                        return None;
                    }
                    self.scan.any_string()?;
                    key = Stretch::new(start, self.scan.at);
                    self.scan.skip(b':')?;
                }
                self.value(key, level + 1)?;
                if self.scan.skip(b',').is_none() {
                    break;
                }
            }
        }
        if self.scan.byte()? != close {
            return None;
        }
        self.scan.at += 1;
        Some(())
    }
}

/// A value of a text, with its parts.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl<'a> Value<'a> {
    /// Its text.
    #[inline]
    pub(super) fn raw(&self) -> &'a str {
        self.nodes.get(self.at).map_or(self.text, |node| node.value.of(self.text))
    }

    #[inline]
    fn parts(&self, bracket: u8) -> Option<Parts<'a>> {
        let node = self.nodes.get(self.at)?;
        let is_it = node.has_parts && self.text.as_bytes().get(node.value.start as usize) == Some(&bracket);
        is_it.then_some(Parts { of: Value { at: self.at + 1, ..*self }, end: node.behind as usize })
    }

    /// What is in it, when it is an array that is not too deep.
    #[inline]
    pub(super) fn items(&self) -> Option<Items<'a>> {
        self.parts(b'[').map(Items)
    }

    /// Keys and values, when it is an object that is not too deep.
    #[inline]
    pub(super) fn fields(&self) -> Option<Fields<'a>> {
        self.parts(b'{').map(Fields)
    }
}

#[derive(Clone)]
struct Parts<'a> {
    /// The next one.
    of: Value<'a>,
    end: usize,
}

impl<'a> Parts<'a> {
    #[inline]
    fn next(&mut self) -> Option<(Stretch, Value<'a>)> {
        if self.of.at >= self.end {
            return None;
        }
        let (found, node) = (self.of, self.of.nodes.get(self.of.at)?);
        self.of.at = node.behind as usize;
        Some((node.key, found))
    }
}

/// The elements of an array.
#[derive(Clone)]
pub(super) struct Items<'a>(Parts<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.0.next().map(|(_, value)| value)
    }
}

/// The fields of an object.
#[derive(Clone)]
pub(super) struct Fields<'a>(Parts<'a>);

impl<'a> Fields<'a> {
    /// The first field of a name.
    #[inline]
    pub(super) fn find(&self, wanted: &str) -> Option<Value<'a>> {
        self.clone().find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.0.next()?;
        let key = key.of(value.text);
        // It was read before.
        let name = string(key).ok().flatten().unwrap_or(Cow::Borrowed(key));
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: Value<'_>, out: &mut String) {
        if let Some(fields) = value.fields() {
            out.push('{');
            for (name, value) in fields {
                out.push_str(&name);
                out.push('=');
                show(value, out);
                out.push(';');
            }
            out.push('}');
        } else if let Some(items) = value.items() {
            out.push('[');
            for value in items {
                show(value, out);
                out.push(';');
            }
            out.push(']');
        } else {
            out.push_str(value.raw());
        }
    }

    #[test]
    fn all_parts_are_found() {
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(60), "]".repeat(60));
        let at_last = format!("{}1{}", "[".repeat(59 - LEVELS + 2), "]".repeat(59 - LEVELS + 2));
        let shown = format!("{{a={}{at_last};{};b=2;}}", "[".repeat(LEVELS - 1), "];".repeat(LEVELS - 2) + "]");
        let cases = [
            (r#" { "a" : [1, {"b":"}]"}, []] , "c\u0041":{}, "":null } "#, r#"{a=[1;{b="}]";};[];];cA={};=null;}"#),
            ("[]", "[]"),
            ("7", "7"),
            (deep.as_str(), shown.as_str()),
        ];
        let mut shape = Shape::default();
        for (text, expected) in cases {
            let mut found = String::new();
            show(shape.read(text).unwrap(), &mut found);
            assert_eq!(found, expected, "{text}");
        }
        for text in ["", "{", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{\"a\":\"\\x\"}", "[]]", "{\"\\x\":1}"] {
            assert!(shape.read(text).is_err(), "{text}");
        }
    }
}
