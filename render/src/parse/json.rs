//! Rows from JSON objects, as SELECT JSON prints them and INSERT JSON takes them: in an array, or one behind the other.
//! Follows cql3.Json.

use std::collections::HashMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json_parts::{object_end, scalar_end, string_end};
use super::json_scan::fields;
use super::json_string::Key;
use super::json_value::{JsonText, column_name};
use super::row::{RowBuilder, Target, unknown_column};
use super::window::Window;
use super::{Fault, InputOptions, Output, Stop, shown};

pub(super) fn read(window: &mut Window<'_>, options: &InputOptions, out: &mut Output<'_>) -> Result<(), Stop> {
    let mut rows = Rows::new(options);
    match peek(window, out)? {
        Some(b'[') => window.advance(1),
        Some(b'{') => return lines(&mut rows, window, out),
        Some(_) => return window.fault(unexpected(window.bytes(), "a JSON object or an array of them"), out),
        None => return window.fault(Fault::new(0, "there is nothing in the file"), out),
    }
    elements(window, out, |window, length, out| rows.object(window, length, out))?;
    end(window, out)
}

/// Nothing but white space may follow.
pub(super) fn end(window: &mut Window<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    match peek(window, out)? {
        None => Ok(()),
        Some(_) => window.fault(Fault::new(0, "there is more behind the end of the array"), out),
    }
}

/// Objects without an array around them. One a line is usual: an error in one leaves the others readable.
fn lines(rows: &mut Rows<'_>, window: &mut Window<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    while let Some(first) = peek(window, out)? {
        let line = loop {
            match memchr::memchr(b'\n', window.bytes()) {
                Some(end) => break end,
                None if window.at_end() => break window.bytes().len(),
                None => {
                    window.more(out)?;
                }
            }
        };
        if first != b'{' {
            window.fault(unexpected(window.bytes(), "a JSON object"), out)?;
            window.advance(line);
            continue;
        }
        // An object that fills its line needs no look for its end.
        let whole = window.bytes()[..line].trim_ascii_end();
        if whole.ends_with(b"}") && rows.parse(whole) {
            let length = whole.len();
            rows.commit(window, out)?;
            window.advance(length);
            continue;
        }
        let mut length = object_end(&window.bytes()[..line]);
        if length.is_none() {
            // Perhaps one over several lines.
            length = object_end(window.bytes())
                .filter(|&n| serde_json::from_slice::<&RawValue>(&window.bytes()[..n]).is_ok());
        }
        let length = length.unwrap_or(line);
        rows.object(window, length, out)?;
        window.advance(length);
        let rest = &window.bytes()[..line.saturating_sub(length).min(window.bytes().len())];
        let next = rest.trim_ascii_start();
        if !next.is_empty() && !next.starts_with(b"{") {
            let offset = rest.len() - next.len();
            window.fault(Fault::new(offset, unexpected(next, "the next object or the end of the line").reason), out)?;
            let skipped = rest.len();
            window.advance(skipped);
        }
    }
    Ok(())
}

/// The elements of an array whose bracket has been passed; `each` gets the length of one.
pub(super) fn elements(
    window: &mut Window<'_>,
    out: &mut Output<'_>,
    mut each: impl FnMut(&mut Window<'_>, usize, &mut Output<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut first = true;
    loop {
        match peek(window, out)? {
            Some(b']') => {
                window.advance(1);
                return Ok(());
            }
            Some(b',') if !first => {
                window.advance(1);
                peek(window, out)?;
            }
            Some(_) if first => {}
            _ => return broken(window, out, "',' or ']'"),
        }
        first = false;
        match window.bytes().first() {
            Some(b'{') => {}
            _ => return broken(window, out, "a JSON object"),
        }
        let length = value_length(window, out)?;
        each(window, length, out)?;
        window.advance(length);
    }
}

/// Reports something that leaves the rest unreadable.
pub(super) fn broken(window: &Window<'_>, out: &mut Output<'_>, expected: &str) -> Result<(), Stop> {
    window.fault(unexpected(window.bytes(), expected), out)?;
    Err(Stop::Enough)
}

fn unexpected(found: &[u8], expected: &str) -> Fault {
    if found.is_empty() {
        return Fault::new(0, format!("expected {expected}, but the text ends"));
    }
    let found = String::from_utf8_lossy(&found[..found.len().min(80)]);
    let line = found.lines().next().unwrap_or_default();
    Fault::new(0, format!("expected {expected}, found '{}'", shown(line)))
}

/// Skips white space; the byte behind it, `None` at the end.
pub(super) fn peek(window: &mut Window<'_>, out: &mut Output<'_>) -> Result<Option<u8>, Stop> {
    loop {
        let bytes = window.bytes();
        let blank = bytes.len() - bytes.trim_ascii_start().len();
        window.advance(blank);
        if let Some(byte) = window.bytes().first() {
            return Ok(Some(*byte));
        }
        if !window.more(out)? {
            return Ok(None);
        }
    }
}

/// The length of the value that begins here; an error when it has no end.
pub(super) fn value_length(window: &mut Window<'_>, out: &mut Output<'_>) -> Result<usize, Stop> {
    loop {
        let bytes = window.bytes();
        let found = match bytes.first() {
            Some(b'{' | b'[') => object_end(bytes),
            Some(b'"') => string_end(bytes, 1),
            _ => scalar_end(bytes),
        };
        match found {
            Some(length) => return Ok(length),
            None if window.more(out)? => {}
            None => {
                // Shows where exactly it is broken.
                let error = serde_json::from_slice::<&RawValue>(window.bytes()).err();
                let fault = error.map_or(Fault::new(0, "this value has no end"), |e| syntax(&e, window.bytes()));
                window.fault(fault, out)?;
                return Err(Stop::Enough);
            }
        }
    }
}

/// A fault of the JSON itself. serde_json says line and column, of which the column counts bytes.
pub(super) fn syntax(error: &serde_json::Error, text: &[u8]) -> Fault {
    let line = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive(|&b| b == b'\n').take(line).map(<[u8]>::len).sum();
    let reason = error.to_string();
    let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
    Fault::new((start + error.column().saturating_sub(1)).min(text.len()), format!("this is no JSON: {reason}"))
}

/// The bytes as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|e| {
        let bad = bytes[e.valid_up_to()..].first().copied().unwrap_or(0);
        Fault::new(e.valid_up_to(), format!("byte 0x{bad:02x} is not UTF-8"))
    })
}

struct Rows<'o> {
    options: &'o InputOptions,
    names: HashMap<String, usize>,
    targets: Vec<Target>,
    /// Keys as they were met, in their order, with what they are: what the next object probably has.
    known: Vec<(String, usize)>,
    seen: Vec<bool>,
    builder: RowBuilder<'o>,
    faults: Vec<Fault>,
}

impl<'o> Rows<'o> {
    fn new(options: &'o InputOptions) -> Self {
        let all = Target::all(&options.table);
        let targets: Vec<Target> = all.iter().map(|(_, target)| *target).collect();
        Rows {
            options,
            names: all.into_iter().enumerate().map(|(i, (name, _))| (name, i)).collect(),
            seen: vec![false; targets.len()],
            targets,
            known: Vec::new(),
            builder: RowBuilder::new(options),
            faults: Vec::new(),
        }
    }

    /// Reads the object in the first `length` bytes.
    fn object(&mut self, window: &Window<'_>, length: usize, out: &mut Output<'_>) -> Result<(), Stop> {
        self.parse(&window.bytes()[..length]);
        self.commit(window, out)
    }

    fn clear(&mut self) {
        self.builder.clear();
        self.faults.clear();
        self.seen.fill(false);
    }

    /// Takes the fields of an object; `false` when it is no JSON. What is wrong is kept for [`Rows::commit`].
    fn parse(&mut self, bytes: &[u8]) -> bool {
        self.clear();
        let text = match utf8(bytes) {
            Ok(text) => text,
            Err(fault) => {
                self.faults.push(fault);
                return false;
            }
        };
        let base = text.as_ptr() as usize;
        let mut position = 0;
        let usual = fields(text, |key, raw| {
            self.field(position, key, raw, (raw.as_ptr() as usize).saturating_sub(base));
            position += 1;
        });
        if usual.is_some() {
            return true;
        }
        self.clear();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let fields = Fields { rows: self, base };
        if let Err(error) = fields.deserialize(&mut deserializer).and_then(|()| deserializer.end()) {
            self.faults.push(syntax(&error, bytes));
            return false;
        }
        true
    }

    /// Gives the row at hand to the sink, or reports what is wrong with it.
    fn commit(&mut self, window: &Window<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
        if self.faults.is_empty()
            && let Err(reason) = self.builder.finish(out)?
        {
            self.faults.push(Fault::new(0, reason));
        }
        for fault in self.faults.drain(..) {
            window.fault(fault, out)?;
        }
        Ok(())
    }

    /// What a key is, of which `position` others stood before.
    #[inline]
    fn column(&mut self, position: usize, key: &str) -> Option<usize> {
        if let Some((known, i)) = self.known.get(position)
            && known == key
        {
            return Some(*i);
        }
        let i = *self.names.get(&*column_name(key))?;
        if position == self.known.len() && position < self.targets.len() {
            self.known.push((key.to_owned(), i));
        }
        Some(i)
    }

    #[inline]
    fn field(&mut self, position: usize, key: &str, raw: &str, offset: usize) {
        let Some(i) = self.column(position, key) else {
            self.faults.push(Fault::new(offset, unknown_column(&self.options.table, &column_name(key))));
            return;
        };
        if std::mem::replace(&mut self.seen[i], true) {
            self.faults.push(Fault::new(offset, format!("the column '{}' is there twice", shown(key))));
            return;
        }
        if let Err(reason) = self.builder.set(self.targets[i], &JsonText { raw, in_dump: false }) {
            self.faults.push(Fault::new(offset, reason));
        }
    }
}

/// Takes the fields of an object straight from the deserializer.
struct Fields<'a, 'o> {
    rows: &'a mut Rows<'o>,
    /// Where the text of the record begins in memory, to know the place of a value in it.
    base: usize,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut position = 0;
        while let Some(Key(key)) = map.next_key()? {
            let raw: &RawValue = map.next_value()?;
            let offset = (raw.get().as_ptr() as usize).saturating_sub(self.base);
            self.rows.field(position, &key, raw.get(), offset);
            position += 1;
        }
        Ok(())
    }
}
