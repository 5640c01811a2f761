//! `sstablefs query`: the rows that a SELECT gives.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::Error;
use sstablefs::query::Statement;
use sstablefs::table::Database;
use sstablefs_render::csv::CsvStyle;
use sstablefs_render::{ResultForm, ResultText, bind, explain_json, explain_text};

use crate::args::{Csv, Query as Arguments, QueryOutput};
use crate::progress::Output;
use crate::time::now;
use crate::{Failure, options};

const BUFFER: usize = 1 << 16;

/// The data and the statement, which is the last word unless -e or -f has it.
fn asked(args: &Arguments) -> Result<(Vec<PathBuf>, String), Failure> {
    let mut words = args.words.clone();
    let statement = match (&args.execute, &args.file) {
        (Some(statement), _) => statement.clone(),
        (None, Some(path)) if path.as_os_str() == "-" => {
            io::read_to_string(io::stdin()).map_err(|e| Error::io(e, "the standard input"))?
        }
        (None, Some(path)) => fs::read_to_string(path).map_err(|e| Error::io(e, path))?,
        (None, None) => match words.pop() {
            Some(statement) if !words.is_empty() => {
                statement.into_string().map_err(|_| Error::invalid("the SELECT is not UTF-8"))?
            }
            _ => {
                let message = "a SELECT has to follow DATA, or be given with -e SELECT or -f FILE";
                return Err(Failure::Use { command: "query", message });
            }
        },
    };
    Ok((words.into_iter().map(PathBuf::from).collect(), statement))
}

pub(crate) fn run(args: &Arguments) -> Result<(), Failure> {
    let (data, statement) = asked(args)?;
    let statement = Statement::parse(&statement)?;
    let database = Database::open(&data, &options(&args.schema))?;
    let (_, store) = statement.find(&database)?;
    let view = store.view()?;
    let query = Arc::new(bind(&statement, view.table())?);
    for problem in store.problems().iter().map(ToString::to_string).collect::<BTreeSet<_>>() {
        eprintln!("sstablefs: {problem}");
    }
    let now = args.time.now.unwrap_or_else(now);
    if args.explain {
        let explanation = query.explain(&view, now)?;
        let as_text = matches!(args.output, QueryOutput::Table | QueryOutput::Csv);
        let text = if as_text { explain_text(&explanation) } else { explain_json(&explanation) };
        return Ok(io::stdout().lock().write_all(text.as_bytes())?);
    }
    let mut rows = query.run(&view, now)?;
    let style = if args.csv == Csv::Rfc4180 { CsvStyle::Rfc4180 } else { CsvStyle::Cqlsh };
    let form = match args.output {
        QueryOutput::Json => ResultForm::Json,
        QueryOutput::Jsonl => ResultForm::Jsonl,
        QueryOutput::Csv => ResultForm::Csv(style),
        QueryOutput::Table => ResultForm::Table,
    };
    let mut text = ResultText::new(&query, form);
    let mut out = Output::new();
    let mut buffer = Vec::with_capacity(BUFFER * 2);
    text.begin(&mut buffer);
    while let Some(row) = rows.next_row()? {
        text.row(&row, &mut buffer)?;
        if buffer.len() >= BUFFER {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    text.end(&mut buffer);
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(())
}
