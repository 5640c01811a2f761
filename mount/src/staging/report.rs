//! The file of errors that stands beside a bad one.

use std::fmt::Write;

use super::InputError;

/// More than these are not listed.
const LISTED: usize = 100;

pub(super) fn report(name: &str, errors: &[InputError]) -> String {
    let count = match errors.len() {
        1 => "1 error".to_owned(),
        n if n >= LISTED => format!("the first {LISTED} errors"),
        n => format!("{n} errors"),
    };
    let mut out = format!("{name} was not taken up, nothing was written: {count}\n\n");
    for error in errors.iter().take(LISTED) {
        let _ = writeln!(out, "line {}, column {}: {}", error.line, error.column, error.reason);
    }
    out
}

/// What stands in the folder of a table that takes nothing up.
pub(super) fn refused(reason: &str) -> String {
    format!("Nothing can be written here: {reason}.\n")
}
