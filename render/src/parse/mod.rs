//! Text as changes to a table: what is copied into a staging folder or imported.
//!
//! ```text
//!   bytes -> Window (what is buffered, line and column) -> one record at a time -> value by value -> rows::Sink
//! ```
//! A record is a line of CSV, a JSON object, or within a dump a row or a range tombstone bound. Whatever the size of the
//! input, one record is in memory. Rows mean what INSERT and INSERT JSON make of them, a dump what it says.

mod csv;
mod csv_value;
mod detect;
mod dump;
mod dump_row;
mod dump_text;
mod json;
mod json_parts;
mod json_scan;
mod json_shape;
mod json_string;
mod json_value;
mod nested;
mod row;
mod scalar;
mod time;
mod window;

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use sstablefs::rows::Sink;
use sstablefs::schema::Table;

pub use self::detect::detect;
use self::window::Window;
use crate::csv::CsvStyle;

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// With a header.
    Csv,
    /// Objects as SELECT JSON prints them, in an array or one after the other.
    Json,
    /// What sstabledump prints, with or without `-l` and `-t`.
    Dump,
}

/// How text is to be understood.
#[derive(Debug, Clone)]
pub struct InputOptions {
    /// The table that the rows are of.
    pub table: Arc<Table>,
    /// Of rows without `[timestamp]`: microseconds since the epoch.
    pub timestamp: i64,
    /// Seconds since the epoch: tombstones are written now, a TTL counts from now.
    pub now: i64,
    /// Seconds, of rows without `[ttl]`; 0 for none.
    pub default_ttl: i32,
    /// What no expiration may be behind: [`MAX_DELETION_TIME`] or, before oa, [`MAX_DELETION_TIME_2038`].
    pub max_deletion_time: i64,
    /// An empty CSV field deletes what is there instead of leaving it alone.
    pub null_deletes: bool,
    /// How CSV is quoted; found out from the beginning of the text when not said.
    pub csv: Option<CsvStyle>,
    /// What separates the fields of CSV.
    pub delimiter: u8,
    /// What stands for null in CSV without quotes.
    pub csv_null: String,
    /// The reader stops at so many errors.
    pub max_errors: usize,
}

/// Cell.MAX_DELETION_TIME: in 2106.
pub const MAX_DELETION_TIME: i64 = u32::MAX as i64 - 2;
/// Cell.MAX_DELETION_TIME_2038_LEGACY_CAP: of formats before oa.
pub const MAX_DELETION_TIME_2038: i64 = i32::MAX as i64 - 1;

impl InputOptions {
    /// The usual way, with the table's own default TTL.
    pub fn new(table: Arc<Table>, timestamp: i64) -> Self {
        let default_ttl = table.options.get("default_time_to_live").and_then(|ttl| ttl.parse().ok()).unwrap_or(0);
        InputOptions {
            table,
            timestamp,
            now: timestamp.div_euclid(1_000_000),
            default_ttl,
            max_deletion_time: MAX_DELETION_TIME,
            null_deletes: false,
            csv: None,
            delimiter: b',',
            csv_null: String::new(),
            max_errors: 100,
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of the input; a static row of a dump is one.
    pub rows: u64,
    /// Deletions of partitions and ranges.
    pub deletions: u64,
    /// Bytes of the text, all that was read.
    pub bytes: u64,
}

/// What is wrong with the text, and where. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// From 1 on.
    pub line: u64,
    /// In characters, from 1 on.
    pub column: u64,
    /// What is wrong, as a sentence without the place.
    pub reason: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

/// Why an input was not taken.
#[derive(Debug)]
pub enum Failure {
    /// The text is wrong: all errors up to the limit.
    Input(Vec<InputError>),
    /// The text could not be read.
    Read(std::io::Error),
    /// The sink refused a change.
    Sink(sstablefs::Error),
}

/// Reads all of `input` and gives its rows to the sink. Behind the first error the sink gets nothing more, while the rest
/// is still checked. `progress` is told how many bytes have been read.
///
/// To make an SSTable of the text, the sink is a [`Loader`](sstablefs::ingest::Loader).
///
/// ```
/// use sstablefs::ingest::Memtable;
/// use sstablefs::schema::ddl;
/// use sstablefs_render::parse::{Failure, InputFormat, InputOptions, read};
///
/// # fn main() -> sstablefs::Result<()> {
/// let keyspaces = ddl::parse("CREATE TABLE ks.t (k int, c int, v text, PRIMARY KEY (k, c));", None)?;
/// let table = &keyspaces["ks"].tables["t"];
/// let options = InputOptions::new(table.clone(), 1_700_000_000_000_000); // microseconds
/// let mut changes = Memtable::new(table);
///
/// let csv = "k,c,v\n1,2,two\n1,3,three\n";
/// let summary = read(&mut csv.as_bytes(), InputFormat::Csv, &options, &mut |_| (), &mut changes).expect("rows");
/// assert_eq!(summary.rows, 2);
///
/// let csv = "k,c,v\n1,two,2\n";
/// match read(&mut csv.as_bytes(), InputFormat::Csv, &options, &mut |_| (), &mut changes) {
///     Err(Failure::Input(errors)) => assert_eq!((errors[0].line, errors[0].column), (2, 3)),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
pub fn read(
    input: &mut dyn Read,
    format: InputFormat,
    options: &InputOptions,
    progress: &mut dyn FnMut(u64),
    sink: &mut dyn Sink,
) -> Result<Summary, Failure> {
    let mut out =
        Output { sink, errors: Vec::new(), max_errors: options.max_errors.max(1), summary: Summary::default() };
    let mut window = Window::new(input, progress);
    let result =
        check_table(options, format, &mut out).and_then(|()| window.begin(&mut out)).and_then(|()| match format {
            InputFormat::Csv => csv::read(&mut window, options, &mut out),
            InputFormat::Json => json::read(&mut window, options, &mut out),
            InputFormat::Dump => dump::read(&mut window, options, &mut out),
        });
    match result {
        Err(Stop::Read(error)) => return Err(Failure::Read(error)),
        Err(Stop::Sink(error)) => return Err(Failure::Sink(error)),
        Ok(()) | Err(Stop::Enough) => {}
    }
    if !out.errors.is_empty() {
        return Err(Failure::Input(out.errors));
    }
    Ok(Summary { bytes: window.consumed(), ..out.summary })
}

/// Tables whose rows can't be given as text.
fn check_table(options: &InputOptions, format: InputFormat, out: &mut Output<'_>) -> Result<(), Stop> {
    let table = &options.table;
    let reason = if table.is_counter() {
        "counters can't be written from a file: their cells hold the counts of each node, which only a server can add to"
    } else if table.view.is_some() && format != InputFormat::Dump {
        "this is a materialized view: write to its base table"
    } else {
        return Ok(());
    };
    out.error(1, 1, format!("{}.{}: {reason}", table.keyspace, table.name))?;
    Err(Stop::Enough)
}

/// Why reading ends early.
enum Stop {
    Read(std::io::Error),
    Sink(sstablefs::Error),
    /// The errors at hand are all that are wanted.
    Enough,
}

impl From<sstablefs::Error> for Stop {
    fn from(error: sstablefs::Error) -> Self {
        Stop::Sink(error)
    }
}

/// What is wrong in a record, at a byte of it.
#[derive(Debug)]
struct Fault {
    offset: usize,
    reason: String,
}

impl Fault {
    fn new(offset: usize, reason: impl Into<String>) -> Self {
        Fault { offset, reason: reason.into() }
    }
}

/// Where rows and errors go.
struct Output<'s> {
    sink: &'s mut dyn Sink,
    errors: Vec<InputError>,
    max_errors: usize,
    summary: Summary,
}

impl Output<'_> {
    fn error(&mut self, line: u64, column: u64, reason: String) -> Result<(), Stop> {
        self.errors.push(InputError { line, column, reason });
        if self.errors.len() >= self.max_errors { Err(Stop::Enough) } else { Ok(()) }
    }

    /// The sink, until there was an error.
    fn sink(&mut self) -> Option<&mut dyn Sink> {
        if self.errors.is_empty() { Some(&mut *self.sink) } else { None }
    }
}

/// A text for an error: not too long, and on one line.
fn shown(text: &str) -> String {
    const LIMIT: usize = 60;
    let mut start: String = text.chars().take(LIMIT).flat_map(char::escape_debug).collect();
    if text.chars().nth(LIMIT).is_some() {
        start.push('…');
    }
    start
}
