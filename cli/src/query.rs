//! `sstablefs query`: the rows that a SELECT gives.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use sstablefs::Error;
use sstablefs::query::{Query, ResultRows, Statement};
use sstablefs::table::{Database, TokenSlices, View};
use sstablefs_render::csv::CsvStyle;
use sstablefs_render::{ResultForm, ResultText, bind, explain_json, explain_text};

use crate::args::{Csv, Query as Arguments, QueryOutput};
use crate::in_order::{Joined, Spare, in_order};
use crate::progress::Output;
use crate::time::now;
use crate::{Failure, options, tell};

const BUFFER: usize = 1 << 16;
/// How much data a slice has, uncompressed.
const SLICE_DATA: u64 = 256 << 10;

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
        tell(&format!("sstablefs: {problem}"));
    }
    let now = args.time.now.unwrap_or_else(now);
    if args.explain {
        let explanation = query.explain(&view, now)?;
        let as_text = matches!(args.output, QueryOutput::Table | QueryOutput::Csv);
        let text = if as_text { explain_text(&explanation) } else { explain_json(&explanation) };
        return Ok(io::stdout().lock().write_all(text.as_bytes())?);
    }
    let style = if args.csv == Csv::Rfc4180 { CsvStyle::Rfc4180 } else { CsvStyle::Cqlsh };
    let form = match args.output {
        QueryOutput::Json => ResultForm::Json,
        QueryOutput::Jsonl => ResultForm::Jsonl,
        QueryOutput::Csv => ResultForm::Csv(style),
        QueryOutput::Table => ResultForm::Table,
    };
    let answer = Answer { query, view, now, form };
    // How wide the columns of a table are, its first rows tell.
    let slices = if form == ResultForm::Table { None } else { answer.query.slices(&answer.view, SLICE_DATA)? };
    match slices {
        Some(slices) => answer.print_slices(&slices),
        None => answer.print(),
    }
}

struct Answer {
    query: Arc<Query>,
    view: Arc<View>,
    now: i64,
    form: ResultForm,
}

impl Answer {
    fn print(&self) -> Result<(), Failure> {
        let mut rows = self.query.run(&self.view, self.now)?;
        let mut text = ResultText::new(&self.query, self.form);
        let mut out = Output::new();
        rows.watch(out.part().shared());
        let mut buffer = Vec::with_capacity(BUFFER * 2);
        text.begin(&mut buffer);
        loop {
            let more = fill(&mut rows, &mut text, &mut buffer)?;
            out.write_all(&buffer)?;
            buffer.clear();
            if !more {
                break;
            }
        }
        text.end(&mut buffer);
        out.write_all(&buffer)?;
        Ok(out.flush()?)
    }

    /// Prints an answer that is made on all cores.
    fn print_slices(&self, slices: &TokenSlices) -> Result<(), Failure> {
        let mut frame = ResultText::new(&self.query, self.form);
        let mut out = Output::new();
        let part = out.part();
        let mut buffer = Vec::new();
        frame.begin(&mut buffer);
        out.write_all(&buffer)?;
        let mut joined = Joined::new(&mut out, usize::from(self.form == ResultForm::Json));
        let spare = Spare::default();
        let text = || {
            let mut text = ResultText::new(&self.query, self.form);
            text.resume();
            text
        };
        let make = |text: &mut ResultText, slice, messages: &SyncSender<sstablefs::Result<Vec<u8>>>| {
            let mut rows = match self.query.run_slice(&self.view, &slices.range(slice), self.now) {
                Ok(rows) => rows,
                Err(e) => return drop(messages.send(Err(e))),
            };
            loop {
                let mut buffer = spare.take();
                let more = fill(&mut rows, text, &mut buffer);
                let sent = messages.send(Ok(buffer));
                match more {
                    Ok(true) if sent.is_ok() => {}
                    Ok(_) => return,
                    Err(e) => return drop(messages.send(Err(e))),
                }
            }
        };
        in_order(slices.count(), text, make, |slice, made| -> Result<(), Failure> {
            let made = made?;
            part.set(slice, slices.count());
            joined.write(&made)?;
            spare.give_back(made);
            Ok(())
        })?;
        if joined.wrote() {
            frame.resume();
        }
        buffer.clear();
        frame.end(&mut buffer);
        out.write_all(&buffer)?;
        Ok(out.flush()?)
    }
}

/// Appends rows until there is enough; `false` behind the last one.
fn fill(rows: &mut ResultRows, text: &mut ResultText, buffer: &mut Vec<u8>) -> sstablefs::Result<bool> {
    while buffer.len() < BUFFER {
        let Some(row) = rows.next_row()? else { return Ok(false) };
        let good = buffer.len();
        // A row that was written in part.
        text.row(&row, buffer).inspect_err(|_| buffer.truncate(good))?;
    }
    Ok(true)
}
