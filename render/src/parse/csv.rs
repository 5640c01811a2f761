//! Rows from CSV with a header.
//!
//! ```text
//!   k,c,v                     names of columns, and [timestamp] and [ttl]
//!   1,"a ""b"" c",            RFC 4180: quotes within quotes are doubled, a backslash is a backslash
//!   1,"a \"b\" \\n",""        cqlsh: a backslash before quotes and backslashes, in all fields
//! ```
//! A field without a character is null, one of two quotes is empty. In a file whose header has quotes without need, as those
//! of programs that quote everything, `""` is null for all types but texts. The csv crate tells neither one from the other, nor
//! does it know escapes outside of quotes.

use memchr::{memchr, memchr2, memchr3};
use sstablefs::cql::Type;
use sstablefs::schema::Table;

use super::csv_value::CsvText;
use super::row::{RowBuilder, Target, unknown_column};
use super::window::Window;
use super::{Fault, InputOptions, Output, Stop, shown};
use crate::csv::CsvStyle;

pub(super) fn read(window: &mut Window<'_>, options: &InputOptions, out: &mut Output<'_>) -> Result<(), Stop> {
    let style = options.csv.unwrap_or_else(|| guess_style(window.bytes()));
    let mut records = Records {
        quoting: Quoting { style, sure: options.csv.is_some(), delimiter: options.delimiter },
        fields: Vec::new(),
    };
    let Some(length) = records.next(window, out)? else {
        out.error(1, 1, "there is no header: the first line must name the columns".into())?;
        return Ok(());
    };
    let Some(columns) = header(&records, window, options, out)? else { return Ok(()) };
    let quotes_all = records.fields.iter().all(|field| field.quoted);
    window.advance(length);
    let mut rows = Rows { options, columns, quotes_all, builder: RowBuilder::new(options), scratch: String::new() };
    while let Some(length) = records.next(window, out)? {
        rows.row(&records, window, length, out)?;
        window.advance(length);
    }
    Ok(())
}

/// Looks for what only one of the styles has.
fn guess_style(beginning: &[u8]) -> CsvStyle {
    let mut at = 0;
    while let Some(found) = beginning[at..].iter().position(|b| matches!(b, b'\\' | b'"')) {
        at += found;
        let before = at.checked_sub(1).map(|i| beginning[i]);
        match (beginning[at], beginning.get(at + 1)) {
            (b'\\', Some(b'\\' | b'"')) => at += 1,
            (b'\\', Some(_)) => return CsvStyle::Rfc4180,
            (b'"', Some(b'"')) => {
                let begins = matches!(before, None | Some(b',' | b';' | b'\t' | b'|' | b'\n' | b'\r'));
                if !begins || beginning.get(at + 2) == Some(&b'"') {
                    return CsvStyle::Rfc4180;
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    CsvStyle::Cqlsh
}

/// What each field of a row is.
struct ColumnTarget {
    target: Target,
    name: String,
    /// Whether `""` is a value of it.
    text: bool,
    empty: bool,
}

/// Reads the names of the columns; `None` when the rows can't be understood.
fn header(
    records: &Records,
    window: &Window<'_>,
    options: &InputOptions,
    out: &mut Output<'_>,
) -> Result<Option<Vec<ColumnTarget>>, Stop> {
    let table: &Table = &options.table;
    let all = Target::all(table);
    let mut columns: Vec<ColumnTarget> = Vec::new();
    let mut faults = Vec::new();
    let mut scratch = String::new();
    for field in &records.fields {
        let name = match records.text(window.bytes(), None, field, &mut scratch) {
            Ok(name) => name,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        match find(&all, name.trim()) {
            None => faults.push(Fault::new(field.start, unknown_column(table, name.trim()))),
            Some((name, target)) if columns.iter().any(|c| c.target == *target) => {
                faults.push(Fault::new(field.start, format!("the column {name} is there twice")));
            }
            Some((name, target)) => {
                let ty = match *target {
                    Target::Key(i) => &table.partition_key[i].ty,
                    Target::Clustering(i) => &table.clustering[i].ty,
                    Target::Static(i) => &table.statics[i].ty,
                    Target::Regular(i) => &table.regulars[i].ty,
                    Target::Timestamp | Target::Ttl => &Type::Boolean,
                };
                columns.push(ColumnTarget {
                    target: *target,
                    name: name.clone(),
                    text: matches!(ty, Type::Text | Type::Ascii),
                    empty: has_empty(ty),
                });
            }
        }
    }
    let missing = |target: Target| !columns.iter().any(|c| c.target == target);
    let first_missing = (0..table.partition_key.len()).map(Target::Key).find(|&t| missing(t)).or_else(|| {
        let only_statics = columns.iter().all(|c| !matches!(c.target, Target::Regular(_) | Target::Clustering(_)))
            && columns.iter().any(|c| matches!(c.target, Target::Static(_)));
        (0..table.clustering.len()).map(Target::Clustering).find(|&t| missing(t) && !only_statics)
    });
    if let (Some(target), true) = (first_missing, faults.is_empty()) {
        let name = all.iter().find(|(_, t)| *t == target).map_or("", |(name, _)| name);
        faults.push(Fault::new(0, format!("the header lacks the column {name} of the primary key")));
    }
    if faults.is_empty() {
        return Ok(Some(columns));
    }
    for fault in faults {
        window.fault(fault, out)?;
    }
    Ok(None)
}

/// A name as it is, in CQL's quotes, or in other letters.
fn find<'a>(all: &'a [(String, Target)], name: &str) -> Option<&'a (String, Target)> {
    let unquoted = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).map(|n| n.replace("\"\"", "\""));
    let lower = name.to_lowercase();
    let by = |wanted: &str| all.iter().find(|(name, _)| name == wanted);
    by(name).or_else(|| by(&unquoted?)).or_else(|| by(&lower))
}

/// Whether a value of no bytes is one that can be written as `""`.
fn has_empty(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Boolean
            | Type::Date
            | Type::Time
            | Type::List { .. }
            | Type::Set { .. }
            | Type::Map { .. }
            | Type::Tuple(_)
            | Type::User(_)
            | Type::Vector { .. }
    )
}

struct Rows<'o> {
    options: &'o InputOptions,
    columns: Vec<ColumnTarget>,
    quotes_all: bool,
    builder: RowBuilder<'o>,
    scratch: String,
}

impl Rows<'_> {
    fn row(&mut self, records: &Records, window: &Window<'_>, length: usize, out: &mut Output<'_>) -> Result<(), Stop> {
        let record = &window.bytes()[..length];
        let fields = &records.fields;
        if fields.len() != self.columns.len() {
            let last = fields.get(self.columns.len()).map_or(0, |field| field.start);
            let reason = format!("the row has {} fields, the header {}", fields.len(), self.columns.len());
            return window.fault(Fault::new(last, reason), out);
        }
        self.builder.clear();
        let text = std::str::from_utf8(record).ok();
        let escapes = records.quoting.style == CsvStyle::Cqlsh;
        let mut good = true;
        for (column, field) in self.columns.iter().zip(fields) {
            let bytes = &record[field.start..field.end];
            let null = if field.quoted {
                bytes.is_empty() && (!column.empty || self.quotes_all && !column.text)
            } else {
                bytes == self.options.csv_null.as_bytes()
            };
            if null {
                if self.options.null_deletes || matches!(column.target, Target::Key(_) | Target::Clustering(_)) {
                    self.builder.set_null(column.target);
                }
                continue;
            }
            let result = match records.text(record, text, field, &mut self.scratch) {
                Ok(text) => self.builder.set(column.target, &CsvText { text, escapes }),
                Err(fault) => {
                    window.fault(fault, out)?;
                    good = false;
                    continue;
                }
            };
            if let Err(reason) = result {
                window.fault(Fault::new(field.start - usize::from(field.quoted), reason), out)?;
                good = false;
            }
        }
        if good && let Err(reason) = self.builder.finish(out)? {
            let offset = self.place_of(&reason, fields);
            let reason = if reason.ends_with("is null") {
                reason + ": a key column needs a value (an empty text is written as \"\")"
            } else {
                reason
            };
            window.fault(Fault::new(offset, reason), out)?;
        }
        Ok(())
    }

    /// The field that an error of the whole row is about, as far as there is one.
    fn place_of(&self, reason: &str, fields: &[Field]) -> usize {
        let key = |c: &ColumnTarget| matches!(c.target, Target::Key(_) | Target::Clustering(_));
        let named = |c: &ColumnTarget| reason.split([' ', ',', ':']).any(|word| word == c.name);
        self.columns.iter().zip(fields).find(|(c, _)| key(c) && named(c)).map_or(0, |(_, field)| field.start)
    }
}

struct Quoting {
    style: CsvStyle,
    /// Whether the style was said and not guessed.
    sure: bool,
    delimiter: u8,
}

/// A field of the record at hand, without its quotes.
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
    /// Whether there are escapes in it.
    escaped: bool,
}

/// The records of a text, one at a time.
struct Records {
    quoting: Quoting,
    fields: Vec<Field>,
}

/// What a look at the buffered bytes tells.
enum Split {
    /// The length of the record, its line end included.
    Record(usize),
    Incomplete,
    Bad(Fault),
}

impl Records {
    /// Finds the fields of the next record that is not a blank line; returns its length.
    fn next(&mut self, window: &mut Window<'_>, out: &mut Output<'_>) -> Result<Option<usize>, Stop> {
        loop {
            match self.split(window.bytes(), window.at_end()) {
                Split::Record(0) => return Ok(None),
                Split::Record(length) => {
                    let blank = matches!(self.fields.as_slice(), [only] if only.start == only.end && !only.quoted);
                    if !blank {
                        return Ok(Some(length));
                    }
                    window.advance(length);
                }
                Split::Incomplete => {
                    window.more(out)?;
                }
                Split::Bad(fault) => {
                    let offset = fault.offset;
                    window.fault(fault, out)?;
                    // Goes on with the next line.
                    let rest = &window.bytes()[offset..];
                    match rest.iter().position(|&b| b == b'\n') {
                        Some(end) => window.advance(offset + end + 1),
                        None => return Err(Stop::Enough),
                    }
                }
            }
        }
    }

    fn split(&mut self, bytes: &[u8], at_end: bool) -> Split {
        self.fields.clear();
        let delimiter = self.quoting.delimiter;
        let cqlsh = self.quoting.style == CsvStyle::Cqlsh;
        let mut at = 0;
        if bytes.is_empty() {
            return if at_end { Split::Record(0) } else { Split::Incomplete };
        }
        loop {
            let start = at;
            let mut escaped = false;
            if bytes.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let rest = &bytes[at..];
                    let found = if cqlsh { memchr2(b'"', b'\\', rest) } else { memchr(b'"', rest) };
                    let Some(found) = found else {
                        return if at_end { no_end(start) } else { Split::Incomplete };
                    };
                    at += found;
                    match (bytes[at], bytes.get(at + 1)) {
                        (_, None) if !at_end => return Split::Incomplete,
                        (b'"', Some(b'"')) => escaped = true,
                        (b'"', _) => break,
                        (_, None) => return no_end(start),
                        (_, Some(next)) => {
                            escaped = true;
                            if let Some(bad) = self.lone_backslash(*next, at) {
                                return bad;
                            }
                        }
                    }
                    at += 2;
                }
                self.fields.push(Field { start: start + 1, end: at, quoted: true, escaped });
                at += 1;
            } else {
                loop {
                    let rest = &bytes[at..];
                    let found =
                        if cqlsh { memchr3(delimiter, b'\n', b'\\', rest) } else { memchr2(delimiter, b'\n', rest) };
                    match found {
                        Some(found) => at += found,
                        None if at_end => at = bytes.len(),
                        None => return Split::Incomplete,
                    }
                    if bytes.get(at) != Some(&b'\\') || !cqlsh {
                        break;
                    }
                    match bytes.get(at + 1) {
                        Some(next) => {
                            if let Some(bad) = self.lone_backslash(*next, at) {
                                return bad;
                            }
                        }
                        None if at_end => return Split::Bad(Fault::new(at, "nothing stands behind this backslash")),
                        None => return Split::Incomplete,
                    }
                    escaped = true;
                    at += 2;
                }
                let mut end = at;
                if bytes.get(at) != Some(&delimiter) && end > start && bytes[end - 1] == b'\r' {
                    end -= 1;
                }
                self.fields.push(Field { start, end, quoted: false, escaped });
            }
            match bytes.get(at..).unwrap_or_default() {
                [] if at_end => return Split::Record(at.max(1)),
                [] | [b'\r'] if !at_end => return Split::Incomplete,
                [b'\n', ..] => return Split::Record(at + 1),
                [b'\r', b'\n', ..] => return Split::Record(at + 2),
                [b'\r'] => return Split::Record(at + 1),
                [found, ..] if *found == delimiter => at += 1,
                _ => {
                    let reason = "behind the quote that ends a field must be the next field or the end of the line";
                    return Split::Bad(Fault::new(at, reason));
                }
            }
        }
    }

    /// A backslash that cqlsh does not write, where the style is only guessed.
    fn lone_backslash(&self, next: u8, at: usize) -> Option<Split> {
        if self.quoting.sure || matches!(next, b'\\' | b'"') {
            return None;
        }
        let reason = "a backslash stands before something else than a quote or a backslash, which cqlsh does not write: \
                      say which style the file has (--csv cqlsh or --csv rfc4180)";
        Some(Split::Bad(Fault::new(at, reason)))
    }

    /// The text of a field of the record, which is `text` if that is UTF-8.
    #[inline]
    fn text<'a>(
        &self,
        record: &'a [u8],
        text: Option<&'a str>,
        field: &Field,
        scratch: &'a mut String,
    ) -> Result<&'a str, Fault> {
        let text = match text.and_then(|text| text.get(field.start..field.end)) {
            Some(text) => text,
            None => utf8(record, field)?,
        };
        if !field.escaped {
            return Ok(text);
        }
        scratch.clear();
        let cqlsh = self.quoting.style == CsvStyle::Cqlsh;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let escape = c == '\\' && cqlsh || c == '"' && field.quoted;
            scratch.extend(if escape { chars.next() } else { Some(c) });
        }
        Ok(scratch)
    }
}

fn utf8<'a>(record: &'a [u8], field: &Field) -> Result<&'a str, Fault> {
    let bytes = &record[field.start..field.end];
    std::str::from_utf8(bytes).map_err(|e| {
        let bad = &bytes[e.valid_up_to()..];
        let reason = format!("byte 0x{:02x} is not UTF-8", bad.first().copied().unwrap_or(0));
        Fault::new(field.start + e.valid_up_to(), reason)
    })
}

fn no_end(start: usize) -> Split {
    Split::Bad(Fault::new(start, "the quote that begins here has no end"))
}

impl std::fmt::Debug for ColumnTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", shown(&self.name), self.target)
    }
}
