//! Printers of rows, kept from one partition to the next.

use parking_lot::Mutex;
use sstablefs_render::RowText;

use crate::path::Format;

/// What printed rows of a table before: to make it anew for a single partition costs as much as some rows.
#[derive(Default)]
pub(super) struct Printers(Mutex<Vec<(Format, Box<dyn RowText + Send>)>>);

const PRINTERS: usize = 8;

impl Printers {
    pub(super) fn take(&self, format: Format) -> Option<Box<dyn RowText + Send>> {
        let mut printers = self.0.lock();
        let at = printers.iter().position(|p| p.0 == format)?;
        Some(printers.swap_remove(at).1)
    }

    pub(super) fn give_back(&self, format: Format, printer: Box<dyn RowText + Send>) {
        let mut printers = self.0.lock();
        if printers.len() == PRINTERS {
            printers.remove(0);
        }
        printers.push((format, printer));
    }
}
