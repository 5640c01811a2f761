//! Rows of a query as an aligned table.

use sstablefs::Result;
use sstablefs::cql::Type;

use crate::value::CsvValue;

/// Renders rows as cqlsh prints them: columns are as wide as the first rows need them.
pub struct TableResult {
    names: Vec<String>,
    renderers: Vec<CsvValue>,
    widths: Vec<usize>,
    /// The rows that decide the widths.
    first: Vec<Vec<String>>,
    started: bool,
    count: u64,
}

/// So many rows decide the widths.
const FIRST: usize = 1000;

impl TableResult {
    /// For columns of these names and types.
    pub fn new<'a>(columns: impl Iterator<Item = (&'a str, &'a Type)>) -> Self {
        let (names, renderers): (Vec<String>, Vec<CsvValue>) =
            columns.map(|(name, ty)| (name.to_owned(), CsvValue::new(ty))).unzip();
        let widths = names.iter().map(|n| n.chars().count()).collect();
        TableResult { names, renderers, widths, first: Vec::new(), started: false, count: 0 }
    }

    /// Takes a row, one value a column, and appends what can be printed: nothing until the widths are settled.
    pub fn row(&mut self, values: &[Option<Vec<u8>>], out: &mut Vec<u8>) -> Result<()> {
        let mut texts = Vec::with_capacity(values.len());
        for (renderer, value) in self.renderers.iter().zip(values) {
            let mut text = Vec::new();
            match value {
                Some(value) => renderer.write(value, false, &mut text)?,
                None => text.extend_from_slice(b"null"),
            }
            texts.push(String::from_utf8_lossy(&text).into_owned());
        }
        self.count += 1;
        if self.started {
            line(&texts, &self.widths, out);
            return Ok(());
        }
        self.first.push(texts);
        if self.first.len() == FIRST {
            self.start(out);
        }
        Ok(())
    }

    /// What stands behind the last row.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start(out);
        }
        out.extend_from_slice(format!("\n({} rows)\n", self.count).as_bytes());
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.started = true;
        for texts in &self.first {
            for (width, text) in self.widths.iter_mut().zip(texts) {
                *width = (*width).max(text.chars().count());
            }
        }
        let names: Vec<_> =
            self.names.iter().zip(&self.widths).map(|(name, &width)| format!("{name:<width$}")).collect();
        line(&names, &self.widths, out);
        let rules: Vec<_> = self.widths.iter().map(|width| "-".repeat(width + 2)).collect();
        out.extend_from_slice(rules.join("+").as_bytes());
        out.push(b'\n');
        for texts in std::mem::take(&mut self.first) {
            line(&texts, &self.widths, out);
        }
    }
}

fn line(texts: &[String], widths: &[usize], out: &mut Vec<u8>) {
    let padded: Vec<_> = texts.iter().zip(widths).map(|(text, &width)| format!("{text:>width$}")).collect();
    out.push(b' ');
    out.extend_from_slice(padded.join(" | ").as_bytes());
    out.push(b'\n');
}
