//! Files whose content is the answer to a SELECT: those below `where`, and in `cql`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use sstablefs::cql::names;
use sstablefs::query::{Explanation, Query, ResultRows, Statement};
use sstablefs::table::{ScanRange, TokenSlices, View};
use sstablefs::{Error, Kind as ErrorKind, Result};
use sstablefs_render::{ResultForm, ResultText, explain_json};

use super::epoch::Moment;
use super::sliced::Counted;
use super::texts::pretty;
use super::{EngineTree, select};
use crate::content::{Producer, Source};
use crate::path::{Answer, Format, Request, TableName, decode};

/// What a path asks.
pub(super) struct Asked {
    /// As far as it could be made out.
    statement: String,
    pub(super) question: Result<Question>,
}

pub(super) struct Question {
    query: Arc<Query>,
    pub(super) moment: Moment,
}

impl Asked {
    /// Whether it has an answer, as far as is known before it is read: what can't be planned has none.
    pub(super) fn has_answer(&self) -> bool {
        let is_refused = |q: &Question| q.explain().is_err_and(|e| e.kind() == ErrorKind::Invalid);
        self.question.as_ref().is_ok_and(|q| !is_refused(q))
    }
}

impl Question {
    fn explain(&self) -> Result<Explanation> {
        self.query.explain(&self.moment.epoch.view, self.moment.now)
    }
}

impl EngineTree {
    /// What the file or folder of a query asks; `None` when its table is not there.
    pub(super) fn asked(&self, request: &Request) -> Result<Option<Asked>> {
        let refused = |statement: String, error| Ok(Some(Asked { statement, question: Err(error) }));
        let (table, steps, text) = match request {
            Request::Where(table, steps) | Request::Selected(table, steps, _) => (table.clone(), Some(steps), None),
            Request::Statement(name, _) => {
                let Some(text) = decode(name) else {
                    return refused(name.to_string(), Error::invalid("what the name stands for is not UTF-8"));
                };
                match self.find(&text) {
                    Ok(table) => (table, None, Some(text)),
                    Err(e) => return refused(text, e),
                }
            }
            _ => return Ok(None),
        };
        let Some(moment) = self.moment(&table)? else { return Ok(None) };
        let schema = moment.epoch.view.table();
        let text = match (text, steps) {
            (Some(text), _) => text,
            (None, steps) => {
                let to_count = matches!(request, Request::Selected(_, _, Answer::Count));
                match select::statement(schema, &steps.cloned().unwrap_or_default(), to_count) {
                    Ok(text) => text,
                    Err(e) => return refused(request.to_string(), e),
                }
            }
        };
        match Statement::parse(&text).and_then(|s| sstablefs_render::bind(&s, schema)) {
            Ok(query) => {
                let moment = if tells_the_time(&text) { moment.of_this_second() } else { moment };
                Ok(Some(Asked { statement: text, question: Ok(Question { query: Arc::new(query), moment }) }))
            }
            Err(e) => refused(text, e),
        }
    }

    /// The table that a statement is about.
    fn find(&self, text: &str) -> Result<TableName> {
        let statement = Statement::parse(text)?;
        let found = statement.find(&self.database).or_else(|_| {
            // Maybe it was created since.
            self.database.refresh()?;
            statement.find(&self.database)
        });
        found.map(|(keyspace, _)| TableName::new(&keyspace, statement.table()))
    }

    /// The table that an error of a file is about.
    pub(super) fn table_of(&self, request: &Request) -> Option<TableName> {
        match request {
            Request::Statement(name, _) => self.find(&decode(name)?).ok(),
            _ => request.table().cloned(),
        }
    }

    /// The question of a file that holds rows, or their number. A question that can't be answered has no file; what is no
    /// question is an error.
    pub(super) fn question(&self, request: &Request) -> Result<Option<Question>> {
        let Some(asked) = self.asked(request)? else { return Ok(None) };
        match asked.question {
            Ok(question) => Ok(Some(question)),
            Err(e) if e.kind() != ErrorKind::Invalid || is_other_statement(&asked.statement) => Err(e),
            Err(e) => {
                if self.refusals.may_log() {
                    tracing::warn!(path = %request, "{e}");
                }
                Ok(None)
            }
        }
    }

    /// What would be read for an answer, or why there is none.
    pub(super) fn explain(&self, request: &Request) -> Result<Option<String>> {
        let Some(Asked { statement, question }) = self.asked(request)? else { return Ok(None) };
        let mut object = match question.and_then(|q| q.explain()) {
            Ok(explanation) => serde_json::from_str(&explain_json(&explanation)).unwrap_or_else(|_| json!({})),
            Err(e) if e.kind() == ErrorKind::Invalid => json!({ "error": e.to_string() }),
            Err(e) => return Err(e),
        };
        if let Value::Object(object) = &mut object {
            object.insert("statement".to_owned(), statement.into());
        }
        Ok(Some(pretty(&object)))
    }

    pub(super) fn query_text(&self, question: &Question, answer: Answer) -> QueryText {
        let moment = &question.moment;
        QueryText {
            query: question.query.clone(),
            view: moment.epoch.view.clone(),
            now: moment.now,
            form: match answer {
                Answer::Rows(Format::Json) => Some(ResultForm::Json),
                Answer::Rows(Format::JsonLines) => Some(ResultForm::Jsonl),
                Answer::Rows(Format::Csv) => Some(ResultForm::Csv(self.options.csv)),
                Answer::Count | Answer::Explain => None,
            },
            part: None,
        }
    }
}

/// When a question without an answer was logged last: who looks at names at random must not fill the log.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Option<Instant>>);

impl Refusals {
    fn may_log(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock();
        let may = last.is_none_or(|last| now - last > Duration::from_millis(100));
        if may {
            *last = Some(now);
        }
        may
    }
}

/// Whether it changes something, or is about something else than rows.
fn is_other_statement(statement: &str) -> bool {
    let word = statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    !word.eq_ignore_ascii_case("SELECT") && names::is_reserved(word)
}

/// Whether the result may be another a second later although the data is the same.
fn tells_the_time(statement: &str) -> bool {
    let text = statement.to_ascii_lowercase();
    text.contains("now") || text.contains("current")
}

/// The answer to a query as text.
#[derive(Clone)]
pub(super) struct QueryText {
    query: Arc<Query>,
    view: Arc<View>,
    now: i64,
    /// `None`: only the number of rows.
    form: Option<ResultForm>,
    /// Only the rows of these tokens, to be put between others: each as one behind another, and nothing around them.
    part: Option<ScanRange>,
}

impl QueryText {
    /// About how many bytes of data files have to be read.
    pub(super) fn cost(&self) -> Result<u64> {
        Ok(self.query.explain(&self.view, self.now)?.total().bytes)
    }

    /// The tokens that it can be cut into; `None` where it has to be made as a whole.
    pub(super) fn slices(&self, slice_data: u64) -> Result<Option<TokenSlices>> {
        self.query.slices(&self.view, slice_data)
    }

    /// The part of it that has these tokens.
    pub(super) fn part(&self, tokens: ScanRange) -> Self {
        QueryText { part: Some(tokens), ..self.clone() }
    }

    /// Appends what stands before the first row.
    pub(super) fn open(&self, out: &mut Vec<u8>) {
        if let Some(mut text) = self.text() {
            text.begin(out);
        }
    }

    /// Appends what stands behind the last row, when there were so many.
    pub(super) fn close(&self, rows: u64, out: &mut Vec<u8>) {
        match self.text() {
            Some(mut text) => {
                if rows > 0 {
                    text.resume();
                }
                text.end(out);
            }
            None => out.extend_from_slice(format!("{rows}\n").as_bytes()),
        }
    }

    /// How many bytes separate a row from one before it, beside the end of a line.
    pub(super) fn separator(&self) -> usize {
        usize::from(self.form == Some(ResultForm::Json))
    }

    fn text(&self) -> Option<ResultText> {
        self.form.map(|form| ResultText::new(&self.query, form))
    }

    fn rows(&self) -> Result<ResultRows> {
        match &self.part {
            Some(tokens) => self.query.run_slice(&self.view, tokens, self.now),
            None => self.query.run(&self.view, self.now),
        }
    }
}

pub(super) struct QueryRows {
    rows: ResultRows,
    text: Option<ResultText>,
    opened: bool,
    count: u64,
    is_part: bool,
}

impl Source for QueryText {
    /// The number of rows that were written: they are passed over.
    type Checkpoint = u64;
    type Producer = QueryRows;

    fn start(&self, from: Option<&u64>) -> Result<QueryRows> {
        let mut rows =
            QueryRows { rows: self.rows()?, text: self.text(), opened: false, count: 0, is_part: self.part.is_some() };
        if let Some(&written) = from {
            let mut passed = Vec::new();
            rows.open(&mut passed);
            while rows.count < written
                && let Some(row) = rows.rows.next_row()?
            {
                rows.count += 1;
                // What is written between rows depends on there being one before.
                if let Some(text) = rows.text.as_mut().filter(|_| rows.count == written) {
                    text.row(&row, &mut passed)?;
                }
            }
        }
        Ok(rows)
    }

    /// Many rows may be read until one is found.
    fn may_take_long(&self) -> bool {
        true
    }
}

impl QueryRows {
    fn open(&mut self, out: &mut Vec<u8>) {
        self.opened = true;
        match &mut self.text {
            Some(text) if self.is_part => text.resume(),
            Some(text) => text.begin(out),
            None => {}
        }
    }
}

impl Counted for QueryRows {
    fn rows(&self) -> u64 {
        self.count
    }
}

impl Producer for QueryRows {
    type Checkpoint = u64;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        if !self.opened {
            self.open(out);
        }
        while out.len() < target {
            let Some(row) = self.rows.next_row()? else {
                // What stands around a part is told by the whole.
                match &mut self.text {
                    _ if self.is_part => {}
                    Some(text) => text.end(out),
                    None => out.extend_from_slice(format!("{}\n", self.count).as_bytes()),
                }
                return Ok(false);
            };
            self.count += 1;
            if let Some(text) = &mut self.text {
                let good = out.len();
                // A row that was written in part.
                text.row(&row, out).inspect_err(|_| out.truncate(good))?;
            }
        }
        Ok(true)
    }

    fn checkpoint(&self) -> u64 {
        self.count
    }
}
