//! The rows of a query in any of the forms, one behind the other: what the command prints and what a file holds.

use sstablefs::Result;
use sstablefs::cql::Type;
use sstablefs::query::Query;

use super::{JsonResult, TableResult};
use crate::csv::{CsvResult, CsvStyle};

/// The form in which the rows of a query are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultForm {
    /// An array, an object a line.
    Json,
    /// An object a line.
    Jsonl,
    /// With a header.
    Csv(CsvStyle),
    /// As cqlsh prints it.
    Table,
}

/// The order of calls: `begin` once, `row` for each row, `end` once. Nothing of the rows is kept, but for the first ones
/// of a table, which tell how wide its columns are.
pub struct ResultText {
    kind: Kind,
    /// Of a SELECT JSON: its only column.
    object: Option<JsonResult>,
}

enum Kind {
    Json { rows: JsonResult, lines: bool, count: u64 },
    Csv(CsvResult),
    Table(TableResult),
}

impl ResultText {
    /// For the columns of a query.
    pub fn new(query: &Query, form: ResultForm) -> Self {
        let columns = || query.columns().iter().map(|c| (c.name.as_str(), &c.ty));
        let is_object = query.is_json() && matches!(form, ResultForm::Csv(_) | ResultForm::Table);
        let object = is_object.then(|| JsonResult::new(columns()));
        let shown: Vec<(&str, &Type)> = if is_object { vec![("[json]", &Type::Text)] } else { columns().collect() };
        let shown = shown.into_iter();
        let kind = match form {
            ResultForm::Json | ResultForm::Jsonl => {
                Kind::Json { rows: JsonResult::new(shown), lines: form == ResultForm::Jsonl, count: 0 }
            }
            ResultForm::Csv(style) => Kind::Csv(CsvResult::new(shown, style)),
            ResultForm::Table => Kind::Table(TableResult::new(shown)),
        };
        ResultText { kind, object }
    }

    /// Appends what stands before the first row.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::Json { lines: false, .. } => out.push(b'['),
            Kind::Csv(rows) => rows.header(out),
            Kind::Json { .. } | Kind::Table(_) => {}
        }
    }

    /// Goes on behind rows that another one wrote.
    pub fn resume(&mut self) {
        if let Kind::Json { count, .. } = &mut self.kind {
            *count = 1;
        }
    }

    /// Appends a row, or keeps it until the widths of a table are settled.
    pub fn row(&mut self, values: &[Option<Vec<u8>>], out: &mut Vec<u8>) -> Result<()> {
        let object = match &self.object {
            Some(json) => {
                let mut text = Vec::new();
                json.row(values, &mut text)?;
                [Some(text)]
            }
            None => [None],
        };
        let values = if self.object.is_some() { &object[..] } else { values };
        match &mut self.kind {
            Kind::Json { rows, lines, count } => {
                if !*lines {
                    out.extend_from_slice(if *count > 0 { b",\n" } else { b"\n" });
                }
                *count += 1;
                rows.row(values, out)?;
                if *lines {
                    out.push(b'\n');
                }
                Ok(())
            }
            Kind::Csv(rows) => rows.row(values, out),
            Kind::Table(rows) => rows.row(values, out),
        }
    }

    /// Appends what stands behind the last row.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::Json { lines: false, count, .. } => out.extend_from_slice(if *count > 0 { b"\n]\n" } else { b"]\n" }),
            Kind::Table(rows) => rows.finish(out),
            Kind::Json { .. } | Kind::Csv(_) => {}
        }
    }
}
